-- A second factor: codes of an authenticator app (RFC 6238), and codes to recover with.

CREATE TABLE totp_factors (
    person          uuid CONSTRAINT totp_factors_pkey PRIMARY KEY
                    CONSTRAINT totp_factors_person_fkey REFERENCES people ON DELETE CASCADE,
    -- A form, the key's id, a nonce, the secret of 20 bytes encrypted, and its tag: never the secret itself.
    sealed_secret   bytea NOT NULL CONSTRAINT totp_factors_secret_is_sealed CHECK (octet_length(sealed_secret) = 53),
    begun_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- NULL: shown once and not confirmed by a code yet; it proves nothing until then.
    confirmed_at    timestamptz,
    -- The 30 seconds whose code was taken last: a code works once, and no older one after it.
    last_step       bigint NOT NULL DEFAULT 0
);

CREATE TABLE recovery_codes (
    person      uuid NOT NULL CONSTRAINT recovery_codes_person_fkey REFERENCES people ON DELETE CASCADE,
    code_hash   bytea NOT NULL CONSTRAINT recovery_codes_code_is_hashed CHECK (octet_length(code_hash) = 32),
    used_at     timestamptz,
    CONSTRAINT recovery_codes_pkey PRIMARY KEY (person, code_hash)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON totp_factors, recovery_codes TO holdfast_app;
