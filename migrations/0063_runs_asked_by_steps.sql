-- Runs that a step of another application's run has asked for.

-- One run for one asking: a worker that asks again, or another that takes over, means the run that is there. A person
-- who has the step tried again asks for another one (`retries`).
CREATE TABLE runs_asked_by_steps (
    run     uuid CONSTRAINT runs_asked_by_steps_pkey PRIMARY KEY CONSTRAINT runs_asked_by_steps_run_fkey REFERENCES runs,
    parent  uuid NOT NULL CONSTRAINT runs_asked_by_steps_parent_fkey REFERENCES runs,
    step    text NOT NULL,
    retries integer NOT NULL CONSTRAINT runs_asked_by_steps_retries_count CHECK (retries >= 0),
    CONSTRAINT runs_asked_by_steps_once UNIQUE (parent, step, retries),
    CONSTRAINT runs_asked_by_steps_other CHECK (run <> parent)
);

GRANT SELECT, INSERT ON runs_asked_by_steps TO holdfast_app;
