-- Runs: the journal, who drives which run, and what ended runs measured.

CREATE SEQUENCE worker_epochs;

-- One lease per worker. An epoch is given once, whoever gets it.
CREATE TABLE workers (
    id          text COLLATE "C" CONSTRAINT workers_pkey PRIMARY KEY CONSTRAINT workers_id_shape CHECK (id ~ '^[A-Za-z0-9._-]{1,64}$'),
    epoch       bigint NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at  timestamptz NOT NULL
);

CREATE TABLE runs (
    id              uuid CONSTRAINT runs_pkey PRIMARY KEY,
    application     name_text NOT NULL CONSTRAINT runs_application_fkey REFERENCES applications,
    state           text NOT NULL CONSTRAINT runs_state_known CHECK (state IN (
                        'awaiting_approval', 'running', 'paused', 'needs_person', 'undoing', 'awaiting_commit', 'completed',
                        'completed_with_exceptions', 'rolled_back', 'cancelled', 'denied', 'expired', 'failed')),
    digest          text NOT NULL CONSTRAINT runs_digest_shape CHECK (digest ~ '^[0-9a-f]{64}$'),
    intent          text NOT NULL CONSTRAINT runs_intent_known CHECK (intent IN ('failover', 'failback', 'drill')),
    mode            text NOT NULL CONSTRAINT runs_mode_known CHECK (mode IN ('planned', 'emergency')),
    from_region     region_code NOT NULL,
    to_region       region_code NOT NULL,
    dry_run         boolean NOT NULL,
    requested_by    uuid NOT NULL,
    requested_email text NOT NULL,
    reason          text NOT NULL,
    requested_at    timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    -- Number of the journal's last entry.
    seq             bigint NOT NULL CONSTRAINT runs_seq_positive CHECK (seq >= 1),
    owner_worker    text COLLATE "C",
    epoch           bigint,
    ended_at        timestamptz,
    -- What lists show beside the columns; the journal is the truth.
    summary         jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT runs_region_changes CHECK (from_region <> to_region),
    CONSTRAINT runs_expire_later CHECK (expires_at > requested_at),
    CONSTRAINT runs_owner_with_epoch CHECK ((owner_worker IS NULL) = (epoch IS NULL)),
    CONSTRAINT runs_end_with_their_state CHECK ((ended_at IS NOT NULL) = (state IN (
        'completed', 'completed_with_exceptions', 'rolled_back', 'cancelled', 'denied', 'expired', 'failed')))
);
-- A run holds its application from request to end. A dry run changes nothing and holds nothing.
CREATE UNIQUE INDEX runs_one_live_per_application ON runs (application) WHERE ended_at IS NULL AND NOT dry_run;
CREATE INDEX runs_application ON runs (application, id DESC);
CREATE INDEX runs_live ON runs (id DESC) WHERE ended_at IS NULL;
CREATE INDEX runs_state ON runs (state, id DESC);
CREATE INDEX runs_owner ON runs (owner_worker) WHERE ended_at IS NULL;

CREATE TABLE run_events (
    run     uuid NOT NULL CONSTRAINT run_events_run_fkey REFERENCES runs,
    seq     bigint NOT NULL CONSTRAINT run_events_seq_positive CHECK (seq >= 1),
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind    text NOT NULL,
    person  text,
    step    text,
    reason  text,
    body    jsonb NOT NULL CONSTRAINT run_events_body_is_of_kind CHECK (body ->> 'kind' IS NOT DISTINCT FROM kind),
    CONSTRAINT run_events_pkey PRIMARY KEY (run, seq)
);
CREATE TRIGGER run_events_insert_only BEFORE UPDATE OR DELETE ON run_events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER run_events_no_truncate BEFORE TRUNCATE ON run_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE measured (
    run             uuid CONSTRAINT measured_pkey PRIMARY KEY CONSTRAINT measured_run_fkey REFERENCES runs,
    at              timestamptz NOT NULL DEFAULT clock_timestamp(),
    rto             jsonb NOT NULL,
    stores          jsonb NOT NULL
);

GRANT USAGE ON SEQUENCE worker_epochs TO holdfast_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON workers TO holdfast_app;
-- What was asked for never changes; only how far it is.
GRANT SELECT, INSERT, UPDATE (state, seq, owner_worker, epoch, ended_at, summary) ON runs TO holdfast_app;
GRANT SELECT, INSERT ON run_events, measured TO holdfast_app;
