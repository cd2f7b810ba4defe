CREATE FUNCTION public.set_updated_at() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at = now();
    RETURN NEW;
END;
$$;

-- One row a Cognito user, written by the user-sync Lambda. The key is the user's `sub`, the value of x-hasura-user-id.
-- Neither username nor email is unique: a user deleted in Cognito and made anew, or one who comes back through a social
-- login, has another sub and must not fail to sign in here.
CREATE TABLE public.users (
    id text PRIMARY KEY CONSTRAINT users_id_not_empty CHECK (id <> ''),
    username text NOT NULL,
    email text,
    email_verified boolean NOT NULL DEFAULT false,
    display_name text
        CONSTRAINT users_display_name_length CHECK (char_length(btrim(display_name)) BETWEEN 1 AND 80),
    avatar_url text
        CONSTRAINT users_avatar_url_length CHECK (char_length(avatar_url) <= 2048)
        CONSTRAINT users_avatar_url_scheme CHECK (avatar_url ~ '^https?://'),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    last_sign_in_at timestamptz,
    synced_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);

CREATE INDEX users_email_idx ON public.users (lower(email));

CREATE TRIGGER users_set_updated_at
    BEFORE UPDATE ON public.users
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION public.set_updated_at();

-- What everybody may see. A user appears here after choosing a display name; the username may be an e-mail address.
CREATE VIEW public.public_profiles AS
SELECT id, display_name, avatar_url
FROM public.users
WHERE display_name IS NOT NULL AND deleted_at IS NULL;

COMMENT ON TABLE public.users IS 'One row a Cognito user; id is the sub of the user pool.';
COMMENT ON COLUMN public.users.synced_at IS 'When Cognito was last known to be as the row says.';
COMMENT ON COLUMN public.users.deleted_at IS 'When the user was found to be gone from the user pool.';
COMMENT ON VIEW public.public_profiles IS 'What anyone may see of the users who chose a display name.';
