-- Which accounts are known as one person's, and what applications stood under before somebody changed who must approve.

-- The first of them; NULL: it is the first itself, or the only one.
ALTER TABLE people
    ADD COLUMN one_with uuid CONSTRAINT people_one_with_fkey REFERENCES people,
    ADD CONSTRAINT people_one_with_another CHECK (one_with <> id);
CREATE INDEX people_as_one ON people (coalesce(one_with, id));

-- Only ever added to.
CREATE TABLE approval_rules_left (
    id                      uuid CONSTRAINT approval_rules_left_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
    -- Of no table: it may have been taken out, and come back.
    application             name_text NOT NULL,
    policy                  name_text NOT NULL,
    rules                   jsonb NOT NULL CONSTRAINT approval_rules_left_rules_listed CHECK (jsonb_typeof(rules) = 'array'),
    expires_after_seconds   bigint NOT NULL CONSTRAINT approval_rules_left_expiry_positive CHECK (expires_after_seconds > 0),
    -- What it was made of in AWS: whoever holds that next is asked too.
    holds                   text[] COLLATE "C" NOT NULL DEFAULT '{}',
    -- NULL: whoever administers the machine.
    changed_by              uuid CONSTRAINT approval_rules_left_changed_by_fkey REFERENCES people,
    changed_by_email        text COLLATE "C" NOT NULL,
    changed_at              timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX approval_rules_left_of ON approval_rules_left (application, changed_at);
CREATE INDEX approval_rules_left_holds ON approval_rules_left USING gin (holds);

GRANT SELECT, INSERT (application, policy, rules, expires_after_seconds, holds, changed_by, changed_by_email) ON approval_rules_left TO holdfast_app;
