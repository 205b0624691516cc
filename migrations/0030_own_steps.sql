-- Steps of one's own in applications' plans, and what their webhooks are signed with.

CREATE TABLE own_plans (
    application name_text CONSTRAINT own_plans_pkey PRIMARY KEY
                CONSTRAINT own_plans_application_fkey REFERENCES applications ON DELETE CASCADE,
    steps       jsonb NOT NULL CONSTRAINT own_plans_steps_listed CHECK (jsonb_typeof(steps) = 'array' AND steps <> '[]')
);

-- The signing key of a symmetric scheme must be readable to sign with: it stands here in clear, so a dump holds it.
-- A new one takes the place of one that got out.
CREATE TABLE webhook_secrets (
    application name_text NOT NULL CONSTRAINT webhook_secrets_application_fkey REFERENCES applications ON DELETE CASCADE,
    step        name_text NOT NULL,
    secret      text NOT NULL CONSTRAINT webhook_secrets_secret_shape CHECK (secret ~ '^whsec_[A-Za-z0-9+/]{43}=$'),
    made_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT webhook_secrets_pkey PRIMARY KEY (application, step)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON own_plans, webhook_secrets TO holdfast_app;
