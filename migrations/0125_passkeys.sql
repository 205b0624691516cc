-- Passkeys and security keys (WebAuthn): what a person's keys are checked against, and the challenges that wait for an answer.

CREATE TABLE passkeys (
    id              uuid CONSTRAINT passkeys_pkey PRIMARY KEY,
    person          uuid NOT NULL CONSTRAINT passkeys_person_fkey REFERENCES people ON DELETE CASCADE,
    -- As its owner calls it.
    name            text NOT NULL CONSTRAINT passkeys_name_length CHECK (length(name) BETWEEN 1 AND 100),
    -- By which the key knows itself: one key is one person's.
    credential_id   bytea NOT NULL CONSTRAINT passkeys_credential_key UNIQUE
                    CONSTRAINT passkeys_credential_id_length CHECK (octet_length(credential_id) BETWEEN 1 AND 1023),
    -- Public key and what was said of it when it was registered: nothing secret.
    credential      jsonb NOT NULL,
    -- How often the key says that it has signed; 0 of one that does not count.
    counter         bigint NOT NULL CONSTRAINT passkeys_counter_range CHECK (counter BETWEEN 0 AND 4294967295),
    -- Whether it is kept in a copy elsewhere too, as it said last.
    backed_up       boolean NOT NULL,
    added_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_used_at    timestamptz
);
CREATE INDEX passkeys_person ON passkeys (person, added_at);

-- A count that goes back is that of a copy.
CREATE FUNCTION passkey_counts_on() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF NEW.counter < OLD.counter THEN
        RAISE EXCEPTION 'the count of a key does not go back'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'passkeys_count_on';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER passkeys_count_on BEFORE UPDATE OF counter ON passkeys
    FOR EACH ROW EXECUTE FUNCTION passkey_counts_on();

CREATE TABLE passkey_challenges (
    -- Which asked, as its owner is shown it: the beginning of its hash.
    session         text NOT NULL CONSTRAINT passkey_challenges_session_length CHECK (length(session) BETWEEN 1 AND 64),
    purpose         text NOT NULL CONSTRAINT passkey_challenges_purpose_known
                    CHECK (purpose IN ('register', 'sign_in', 'prove')),
    person          uuid NOT NULL CONSTRAINT passkey_challenges_person_fkey REFERENCES people ON DELETE CASCADE,
    -- What the proof is for.
    act             jsonb,
    -- The challenge, and what its answer is held against.
    state           jsonb NOT NULL,
    expires_at      timestamptz NOT NULL,
    -- A later one takes the place of an earlier one.
    CONSTRAINT passkey_challenges_pkey PRIMARY KEY (session, purpose)
);
CREATE INDEX passkey_challenges_expires_at ON passkey_challenges (expires_at);

GRANT SELECT, INSERT (id, person, name, credential_id, credential, counter, backed_up),
    UPDATE (name, credential, counter, backed_up, last_used_at), DELETE ON passkeys TO holdfast_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON passkey_challenges TO holdfast_app;
