INSERT INTO public.users (id, username, email, email_verified, display_name, avatar_url)
VALUES
    ('00000000-0000-4000-8000-000000000001', 'ada', 'ada@example.com', true, 'Ada Lovelace', NULL),
    ('00000000-0000-4000-8000-000000000002', 'grace', 'grace@example.com', true, 'Grace Hopper', NULL),
    ('00000000-0000-4000-8000-000000000003', 'private', 'private@example.com', true, NULL, NULL)
ON CONFLICT (id) DO NOTHING;
