-- The bundle from which an operator carries out a plan where no server is: who may open it, where copies of it are, and what
-- comes back.

-- A person's own code, known to them alone. What it is turned into opens bundles; it is sealed by a key that the database
-- does not have. One that was ended still vouches for the journals that were begun with it.
CREATE TABLE offline_codes (
    id          uuid CONSTRAINT offline_codes_pkey PRIMARY KEY,
    person      uuid NOT NULL CONSTRAINT offline_codes_person_fkey REFERENCES people,
    salt        bytea NOT NULL CONSTRAINT offline_codes_salt_length CHECK (octet_length(salt) = 16),
    -- A form, the key's id, a nonce, 32 bytes encrypted, and a tag.
    sealed_key  bytea NOT NULL CONSTRAINT offline_codes_key_is_sealed CHECK (octet_length(sealed_key) = 65),
    made_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at    timestamptz,
    ended_by    text,
    CONSTRAINT offline_codes_ended_by_somebody CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE UNIQUE INDEX offline_codes_one_of_each ON offline_codes (person) WHERE ended_at IS NULL;
CREATE TRIGGER offline_codes_no_delete BEFORE DELETE ON offline_codes
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The newest one, for whoever asks a server for a copy.
CREATE TABLE bundles (
    newest      boolean CONSTRAINT bundles_pkey PRIMARY KEY DEFAULT true CONSTRAINT bundles_one CHECK (newest),
    id          uuid NOT NULL,
    made_at     timestamptz NOT NULL,
    applications integer NOT NULL,
    plans       integer NOT NULL,
    content     text NOT NULL
);

CREATE TABLE bundle_places (
    name        text CONSTRAINT bundle_places_pkey PRIMARY KEY,
    -- What it got last; none yet where both are missing.
    bundle      uuid,
    made_at     timestamptz,
    tried_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Why the last try failed.
    error       text,
    CONSTRAINT bundle_places_got_one CHECK ((bundle IS NULL) = (made_at IS NULL))
);

GRANT SELECT, INSERT (id, person, salt, sealed_key), UPDATE (ended_at, ended_by) ON offline_codes TO holdfast_app;
GRANT SELECT, INSERT, UPDATE ON bundles, bundle_places TO holdfast_app;
