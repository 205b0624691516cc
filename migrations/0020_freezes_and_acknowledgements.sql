-- Declared times in which nothing is to change, and who has acknowledged a run that did not end well.

CREATE TABLE change_freezes (
    id              uuid CONSTRAINT change_freezes_pkey PRIMARY KEY,
    -- Null: every application.
    application     name_text CONSTRAINT change_freezes_application_fkey REFERENCES applications,
    reason          text NOT NULL CONSTRAINT change_freezes_reason_length CHECK (length(reason) BETWEEN 1 AND 2000),
    starts_at       timestamptz NOT NULL,
    ends_at         timestamptz NOT NULL,
    declared_by     text NOT NULL,
    declared_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Ended before its time.
    lifted_by       text,
    lifted_at       timestamptz,
    CONSTRAINT change_freezes_end_later CHECK (ends_at > starts_at),
    CONSTRAINT change_freezes_lifted_by_somebody CHECK ((lifted_by IS NULL) = (lifted_at IS NULL))
);
CREATE INDEX change_freezes_to_come ON change_freezes (ends_at) WHERE lifted_at IS NULL;

ALTER TABLE runs ADD COLUMN acknowledged_by text;
ALTER TABLE runs ADD COLUMN acknowledged_at timestamptz;
ALTER TABLE runs ADD CONSTRAINT runs_acknowledged_by_somebody
    CHECK ((acknowledged_by IS NULL) = (acknowledged_at IS NULL));
ALTER TABLE runs ADD CONSTRAINT runs_acknowledged_once_over CHECK (acknowledged_at IS NULL OR ended_at IS NOT NULL);

GRANT SELECT, INSERT, UPDATE (lifted_by, lifted_at) ON change_freezes TO holdfast_app;
GRANT UPDATE (acknowledged_by, acknowledged_at) ON runs TO holdfast_app;
