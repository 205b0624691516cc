-- What an account tells about itself, asked now and then: what its roles may do, and which other accounts its
-- organization has. Rows go with the account that told.

CREATE TABLE account_surveys (
    account     text CONSTRAINT account_surveys_pkey PRIMARY KEY
                CONSTRAINT account_surveys_account_fkey REFERENCES accounts ON DELETE CASCADE,
    begun_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE role_permissions (
    account     text NOT NULL CONSTRAINT role_permissions_account_fkey REFERENCES accounts ON DELETE CASCADE,
    role        text NOT NULL CONSTRAINT role_permissions_role_known CHECK (role IN ('read', 'act')),
    at          timestamptz NOT NULL,
    missing     text[],
    reason      text,
    CONSTRAINT role_permissions_pkey PRIMARY KEY (account, role),
    CONSTRAINT role_permissions_answer_or_reason CHECK ((missing IS NULL) <> (reason IS NULL))
);

CREATE TABLE organization_accounts (
    id          text NOT NULL CONSTRAINT organization_accounts_id CHECK (id ~ '^[0-9]{12}$'),
    told_by     text NOT NULL CONSTRAINT organization_accounts_told_by_fkey REFERENCES accounts ON DELETE CASCADE,
    name        text NOT NULL,
    status      text NOT NULL,
    seen_at     timestamptz NOT NULL,
    CONSTRAINT organization_accounts_pkey PRIMARY KEY (told_by, id)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON account_surveys, role_permissions, organization_accounts TO holdfast_app;
