-- Runs that their workers crash on. Counted here, so that it is one count whichever process dies of the run; at the third
-- the run is set aside: no worker claims it until somebody has it tried again. A step that succeeds begins the count anew.
ALTER TABLE runs
    ADD COLUMN crashes integer NOT NULL DEFAULT 0 CONSTRAINT runs_crashes_counted CHECK (crashes >= 0),
    -- What the last of them said.
    ADD COLUMN crash text,
    ADD COLUMN set_aside_at timestamptz;
ALTER TABLE runs ADD CONSTRAINT runs_set_aside_for_a_reason CHECK (set_aside_at IS NULL OR crash IS NOT NULL);
CREATE INDEX runs_set_aside ON runs (id DESC) WHERE set_aside_at IS NOT NULL AND ended_at IS NULL;

GRANT UPDATE (crashes, crash, set_aside_at) ON runs TO holdfast_app;
