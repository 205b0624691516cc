-- What the collector saw. Rows go with their resource.

CREATE TABLE observations (
    application name_text NOT NULL,
    resource    name_text NOT NULL,
    region      region_code NOT NULL,
    seen_at     timestamptz,
    facts       jsonb,
    failed_at   timestamptz,
    reason      text,
    CONSTRAINT observations_pkey PRIMARY KEY (application, resource, region),
    CONSTRAINT observations_resource_fkey FOREIGN KEY (application, resource) REFERENCES resources ON DELETE CASCADE,
    CONSTRAINT observations_facts_with_time CHECK ((seen_at IS NULL) = (facts IS NULL)),
    CONSTRAINT observations_reason_with_time CHECK ((failed_at IS NULL) = (reason IS NULL)),
    CONSTRAINT observations_say_something CHECK (seen_at IS NOT NULL OR failed_at IS NOT NULL)
);

-- For the sparklines: small, pruned by age.
CREATE TABLE lag_history (
    application     name_text NOT NULL,
    resource        name_text NOT NULL,
    region          region_code NOT NULL,
    at              timestamptz NOT NULL,
    milliseconds    double precision NOT NULL CONSTRAINT lag_history_not_negative
                    CHECK (milliseconds >= 0 AND milliseconds < 'infinity'),
    CONSTRAINT lag_history_pkey PRIMARY KEY (application, resource, region, at),
    CONSTRAINT lag_history_resource_fkey FOREIGN KEY (application, resource) REFERENCES resources ON DELETE CASCADE
);
CREATE INDEX lag_history_at ON lag_history (at);

CREATE TABLE account_probes (
    account         text NOT NULL CONSTRAINT account_probes_account_fkey REFERENCES accounts ON DELETE CASCADE,
    role            text NOT NULL CONSTRAINT account_probes_role_known CHECK (role IN ('read', 'act')),
    at              timestamptz NOT NULL,
    identity_arn    text,
    reason          text,
    CONSTRAINT account_probes_pkey PRIMARY KEY (account, role),
    CONSTRAINT account_probes_answer_or_reason CHECK ((identity_arn IS NULL) <> (reason IS NULL))
);

-- One row: when the last sweep over everything began and ended, and whose it was.
CREATE TABLE sweeps (
    id          boolean NOT NULL DEFAULT true CONSTRAINT sweeps_pkey PRIMARY KEY CONSTRAINT sweeps_one_row CHECK (id),
    worker      text,
    started_at  timestamptz,
    finished_at timestamptz
);
INSERT INTO sweeps DEFAULT VALUES;

-- Applications that somebody asked to be looked at now.
CREATE TABLE refresh_requests (
    application     name_text CONSTRAINT refresh_requests_pkey PRIMARY KEY
                    CONSTRAINT refresh_requests_application_fkey REFERENCES applications ON DELETE CASCADE,
    requested_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);

GRANT SELECT, INSERT, UPDATE, DELETE ON observations, lag_history, account_probes, refresh_requests TO holdfast_app;
GRANT SELECT, UPDATE ON sweeps TO holdfast_app;
