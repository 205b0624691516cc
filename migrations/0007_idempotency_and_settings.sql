-- Answers kept for repeated requests, and the switches of the whole installation.

CREATE TABLE idempotency_keys (
    principal   text COLLATE "C" NOT NULL,
    key         text COLLATE "C" NOT NULL CONSTRAINT idempotency_keys_key_length CHECK (length(key) BETWEEN 1 AND 255),
    route       text NOT NULL,
    body_hash   bytea NOT NULL CONSTRAINT idempotency_keys_body_is_hashed CHECK (octet_length(body_hash) = 32),
    -- Of the answer; null only within the transaction that makes it.
    status      smallint,
    response    jsonb,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (principal, key)
);
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);

CREATE TABLE settings (
    name        text COLLATE "C" CONSTRAINT settings_pkey PRIMARY KEY,
    value       jsonb NOT NULL,
    changed_by  text NOT NULL,
    changed_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO holdfast_app;
GRANT SELECT, INSERT, UPDATE ON settings TO holdfast_app;
