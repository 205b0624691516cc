-- One external id for two accounts would make each team the other's deputy. Those that share one already keep it, since it
-- never changes; no further account gets it.
ALTER TABLE accounts ADD COLUMN external_id_shared boolean NOT NULL DEFAULT false;
UPDATE accounts a SET external_id_shared = true
    WHERE EXISTS (SELECT FROM accounts b WHERE b.external_id = a.external_id AND b.id < a.id);
CREATE UNIQUE INDEX accounts_external_id_key ON accounts (external_id) WHERE NOT external_id_shared;

-- Whether each role could be assumed by whoever knows its ARN but not its external id. Asked beside the surveys; no row
-- until AWS has answered.

CREATE TABLE account_trust (
    account     text NOT NULL CONSTRAINT account_trust_account_fkey REFERENCES accounts ON DELETE CASCADE,
    role        text NOT NULL CONSTRAINT account_trust_role_known CHECK (role IN ('read', 'act')),
    -- When it was first found to be as it is now, and when it was last asked.
    since       timestamptz NOT NULL,
    at          timestamptz NOT NULL,
    demands_external_id boolean NOT NULL,
    CONSTRAINT account_trust_pkey PRIMARY KEY (account, role)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON account_trust TO holdfast_app;
