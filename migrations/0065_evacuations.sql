-- Evacuations of a Region: a lot of runs that are asked for, approved and started together, with a journal of its own.

CREATE TABLE evacuations (
    id              uuid CONSTRAINT evacuations_pkey PRIMARY KEY,
    region          region_code NOT NULL,
    digest          text NOT NULL CONSTRAINT evacuations_digest_shape CHECK (digest ~ '^[0-9a-f]{64}$'),
    requested_at    timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    -- Number of the journal's last entry.
    seq             bigint NOT NULL CONSTRAINT evacuations_seq_positive CHECK (seq >= 1),
    ended_at        timestamptz,
    CONSTRAINT evacuations_expire_later CHECK (expires_at > requested_at)
);
CREATE INDEX evacuations_live ON evacuations (id DESC) WHERE ended_at IS NULL;

CREATE TABLE evacuation_events (
    evacuation  uuid NOT NULL CONSTRAINT evacuation_events_evacuation_fkey REFERENCES evacuations,
    seq         bigint NOT NULL CONSTRAINT evacuation_events_seq_positive CHECK (seq >= 1),
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind        text NOT NULL,
    body        jsonb NOT NULL CONSTRAINT evacuation_events_body_is_of_kind CHECK (body ->> 'kind' IS NOT DISTINCT FROM kind),
    CONSTRAINT evacuation_events_pkey PRIMARY KEY (evacuation, seq)
);
CREATE TRIGGER evacuation_events_insert_only BEFORE UPDATE OR DELETE ON evacuation_events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER evacuation_events_no_truncate BEFORE TRUNCATE ON evacuation_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Null: asked for by itself.
ALTER TABLE runs ADD COLUMN evacuation uuid CONSTRAINT runs_evacuation_fkey REFERENCES evacuations;
CREATE INDEX runs_evacuation ON runs (evacuation) WHERE evacuation IS NOT NULL;

-- What was asked for never changes; only how far it is.
GRANT SELECT, INSERT, UPDATE (seq, ended_at) ON evacuations TO holdfast_app;
GRANT SELECT, INSERT ON evacuation_events TO holdfast_app;
