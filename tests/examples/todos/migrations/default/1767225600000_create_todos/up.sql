CREATE TABLE users (
    id text PRIMARY KEY,
    email text NOT NULL
);

CREATE TABLE lists (
    id serial PRIMARY KEY,
    owner_id text NOT NULL REFERENCES users ON DELETE CASCADE,
    title text NOT NULL CHECK (title <> '')
);

CREATE TABLE todos (
    id serial PRIMARY KEY,
    list_id integer NOT NULL REFERENCES lists ON DELETE CASCADE,
    priority text NOT NULL DEFAULT 'normal',
    title text NOT NULL CHECK (title <> ''),
    done boolean NOT NULL DEFAULT false
);

CREATE TABLE priorities (
    name text PRIMARY KEY,
    position integer NOT NULL UNIQUE
);

INSERT INTO priorities VALUES ('urgent', 1), ('normal', 2), ('some day', 3);

ALTER TABLE todos ADD FOREIGN KEY (priority) REFERENCES priorities;
