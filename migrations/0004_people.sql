-- People, their groups, and how they prove who they are. Secrets lie here as hashes only.

CREATE TABLE people (
    id              uuid CONSTRAINT people_pkey PRIMARY KEY,
    email           text COLLATE "C" NOT NULL CONSTRAINT people_email_key UNIQUE,
    display_name    text NOT NULL CONSTRAINT people_display_name_given CHECK (btrim(display_name) <> ''),
    password_hash   text CONSTRAINT people_password_is_hashed CHECK (password_hash LIKE '$argon2id$%'),
    roles           text[] NOT NULL CONSTRAINT people_roles_known
                    CHECK (roles <@ ARRAY['viewer', 'operator', 'approver', 'admin']),
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    disabled_at     timestamptz,
    CONSTRAINT people_email_shape CHECK (email ~ '^[^@[:space:]]+@[^@[:space:]]+$' AND length(email) <= 254),
    CONSTRAINT people_email_lower_case CHECK (email = lower(email)),
    CONSTRAINT people_roles_different CHECK (all_different(roles))
);

CREATE TABLE person_groups (
    person      uuid NOT NULL CONSTRAINT person_groups_person_fkey REFERENCES people ON DELETE CASCADE,
    group_name  name_text NOT NULL CONSTRAINT person_groups_group_fkey REFERENCES groups ON DELETE CASCADE,
    CONSTRAINT person_groups_pkey PRIMARY KEY (person, group_name)
);
CREATE INDEX person_groups_group ON person_groups (group_name);

-- Sign-ins that were begun and have not succeeded, whether or not the address is somebody's.
CREATE TABLE login_attempts (
    id      bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT login_attempts_pkey PRIMARY KEY,
    email   text COLLATE "C" NOT NULL,
    address text NOT NULL,
    at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX login_attempts_email ON login_attempts (email, at);
CREATE INDEX login_attempts_address ON login_attempts (address, at);
CREATE INDEX login_attempts_at ON login_attempts (at);

CREATE TABLE sessions (
    -- SHA-256 of the cookie's value.
    id_hash             bytea CONSTRAINT sessions_pkey PRIMARY KEY CONSTRAINT sessions_id_is_hashed CHECK (octet_length(id_hash) = 32),
    person              uuid CONSTRAINT sessions_person_fkey REFERENCES people ON DELETE CASCADE,
    data                jsonb NOT NULL,
    created_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Moves with use.
    expires_at          timestamptz NOT NULL,
    -- Does not.
    ends_at             timestamptz NOT NULL
);
CREATE INDEX sessions_person ON sessions (person);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

CREATE TABLE api_tokens (
    id              uuid CONSTRAINT api_tokens_pkey PRIMARY KEY,
    person          uuid NOT NULL CONSTRAINT api_tokens_person_fkey REFERENCES people ON DELETE CASCADE,
    label           text NOT NULL,
    secret_hash     bytea NOT NULL CONSTRAINT api_tokens_secret_hash_key UNIQUE
                    CONSTRAINT api_tokens_secret_is_hashed CHECK (octet_length(secret_hash) = 32),
    scopes          text[] NOT NULL CONSTRAINT api_tokens_scopes_known CHECK (scopes <@ ARRAY[
                        'inventory:read', 'inventory:write', 'status:read', 'runs:read', 'runs:request', 'audit:read']),
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at      timestamptz NOT NULL,
    revoked_at      timestamptz,
    last_used_at    timestamptz,
    CONSTRAINT api_tokens_scopes_given CHECK (cardinality(scopes) >= 1 AND all_different(scopes)),
    CONSTRAINT api_tokens_at_most_90_days CHECK (expires_at > created_at AND expires_at <= created_at + interval '90 days')
);
CREATE INDEX api_tokens_person ON api_tokens (person);

GRANT SELECT, INSERT, UPDATE ON people, api_tokens TO holdfast_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON person_groups, login_attempts, sessions TO holdfast_app;
