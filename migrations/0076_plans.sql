-- Plans as they are kept: every version of each way in which an application can be moved, and when each application's
-- plans were last looked over.

CREATE TABLE plan_versions (
    application name_text NOT NULL CONSTRAINT plan_versions_application_fkey REFERENCES applications ON DELETE CASCADE,
    -- From 1 without gaps, over all plans of the application.
    version     integer NOT NULL CONSTRAINT plan_versions_version_positive CHECK (version >= 1),
    intent      text NOT NULL CONSTRAINT plan_versions_intent_known CHECK (intent IN ('failover', 'failback', 'drill')),
    from_region region_code NOT NULL,
    to_region   region_code NOT NULL,
    digest      text NOT NULL CONSTRAINT plan_versions_digest_shape CHECK (digest ~ '^[0-9a-f]{64}$'),
    -- Of what people decide: the inventory's part in it, and the edits. Versions of one basis differ by what was seen.
    basis       text NOT NULL CONSTRAINT plan_versions_basis_shape CHECK (basis ~ '^[0-9a-f]{64}$'),
    cause       text NOT NULL CONSTRAINT plan_versions_cause_known CHECK (cause IN ('first', 'inventory', 'edited', 'seen')),
    -- An e-mail address, or `holdfast`.
    made_by     text NOT NULL,
    person      uuid,
    reason      text,
    edits       jsonb NOT NULL CONSTRAINT plan_versions_edits_listed CHECK (jsonb_typeof(edits) = 'array'),
    sheet       jsonb NOT NULL CONSTRAINT plan_versions_sheet_there CHECK (jsonb_typeof(sheet) = 'object'),
    -- Edits that do not fit what is generated.
    misfits     jsonb NOT NULL CONSTRAINT plan_versions_misfits_listed CHECK (jsonb_typeof(misfits) = 'array'),
    made_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT plan_versions_pkey PRIMARY KEY (application, version),
    CONSTRAINT plan_versions_region_changes CHECK (from_region <> to_region)
);
CREATE INDEX plan_versions_of_plan ON plan_versions (application, intent, from_region, to_region, version DESC);

-- One row per application: the lock under which its versions are made, whose turn it is, and what was found last.
CREATE TABLE plan_care (
    application name_text CONSTRAINT plan_care_pkey PRIMARY KEY
                CONSTRAINT plan_care_application_fkey REFERENCES applications ON DELETE CASCADE,
    due_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Who changed the inventory since the last version, and when; null: nobody.
    changed     jsonb,
    evaluated_at timestamptz,
    evaluation  jsonb,
    CONSTRAINT plan_care_evaluated_with_its_result CHECK ((evaluated_at IS NULL) = (evaluation IS NULL))
);
CREATE INDEX plan_care_due ON plan_care (due_at);

-- A version is never changed, and goes only with its application.
GRANT SELECT, INSERT ON plan_versions TO holdfast_app;
GRANT SELECT, INSERT, UPDATE ON plan_care TO holdfast_app;
