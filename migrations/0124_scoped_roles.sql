-- Roles over some applications only: those for which everything that is given here holds. Roles over everything stay in
-- `people.roles`; whoever has none there and none here may do nothing.

CREATE TABLE scoped_roles (
    person      uuid NOT NULL CONSTRAINT scoped_roles_person_fkey REFERENCES people ON DELETE CASCADE,
    role        text NOT NULL CONSTRAINT scoped_roles_role_known CHECK (role IN ('viewer', 'operator', 'approver', 'admin')),
    -- Names of what need not be there (yet): a scope that nothing is in reaches nothing.
    application name_text,
    tier        smallint CONSTRAINT scoped_roles_tier_known CHECK (tier BETWEEN 1 AND 4),
    team        name_text,
    environment name_text,
    CONSTRAINT scoped_roles_are_limited CHECK (num_nonnulls(application, tier, team, environment) >= 1)
);
CREATE UNIQUE INDEX scoped_roles_different ON scoped_roles (
    person, role, coalesce(application::text, ''), coalesce(tier, 0), coalesce(team::text, ''), coalesce(environment::text, '')
);

GRANT SELECT, INSERT, DELETE ON scoped_roles TO holdfast_app;

-- What a token is limited to, beside what its person is; all absent: to nothing more.
ALTER TABLE api_tokens
    ADD COLUMN application name_text,
    ADD COLUMN tier smallint CONSTRAINT api_tokens_tier_known CHECK (tier BETWEEN 1 AND 4),
    ADD COLUMN team name_text,
    ADD COLUMN environment name_text;
