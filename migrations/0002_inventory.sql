-- The inventory: accounts, declared Regions, groups, approval policies, applications and their parts.
-- `position` keeps the order in which a list was written.

CREATE TABLE accounts (
    id              text COLLATE "C" CONSTRAINT accounts_pkey PRIMARY KEY
                    CONSTRAINT accounts_id_shape CHECK (id ~ '^[0-9]{12}$'),
    name            name_text NOT NULL CONSTRAINT accounts_name_key UNIQUE,
    read_role_arn   text NOT NULL,
    act_role_arn    text NOT NULL,
    external_id     text NOT NULL
                    CONSTRAINT accounts_external_id_shape CHECK (external_id ~ '^[A-Za-z0-9+=,.@:/_-]+$' AND length(external_id) BETWEEN 2 AND 1224),
    registered_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    archived_at     timestamptz,
    CONSTRAINT accounts_read_role_of_account CHECK (read_role_arn ~ ('^arn:aws[a-z-]*:iam::' || id || ':role/.+$')),
    CONSTRAINT accounts_act_role_of_account CHECK (act_role_arn ~ ('^arn:aws[a-z-]*:iam::' || id || ':role/.+$')),
    CONSTRAINT accounts_two_roles CHECK (read_role_arn <> act_role_arn)
);

CREATE FUNCTION keep_external_id() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'the external id of account % cannot change', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'accounts_external_id_immutable', TABLE = 'accounts';
END
$$;
CREATE TRIGGER accounts_external_id_immutable BEFORE UPDATE ON accounts
    FOR EACH ROW WHEN (OLD.external_id IS DISTINCT FROM NEW.external_id) EXECUTE FUNCTION keep_external_id();

CREATE TABLE declared_regions (
    code        region_code CONSTRAINT declared_regions_pkey PRIMARY KEY,
    declared    text NOT NULL CONSTRAINT declared_regions_declared_known
                CHECK (declared IN ('normal', 'impaired', 'evacuating', 'evacuated')),
    reason      text,
    changed_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE groups (
    name        name_text CONSTRAINT groups_pkey PRIMARY KEY,
    description text,
    archived_at timestamptz
);

CREATE TABLE approval_policies (
    name                    name_text CONSTRAINT approval_policies_pkey PRIMARY KEY,
    expires_after_seconds   bigint NOT NULL CONSTRAINT approval_policies_expiry_positive
                            CHECK (expires_after_seconds BETWEEN 1 AND 4294967295),
    archived_at             timestamptz
);

-- A policy without rules asks nobody.
CREATE TABLE approval_rules (
    policy      name_text NOT NULL CONSTRAINT approval_rules_policy_fkey REFERENCES approval_policies ON DELETE CASCADE,
    position    integer NOT NULL,
    group_name  name_text NOT NULL CONSTRAINT approval_rules_group_fkey REFERENCES groups,
    approvals   smallint NOT NULL CONSTRAINT approval_rules_approvals_positive CHECK (approvals BETWEEN 1 AND 255),
    CONSTRAINT approval_rules_pkey PRIMARY KEY (policy, position)
);
CREATE INDEX approval_rules_group ON approval_rules (group_name);

CREATE TABLE applications (
    name                name_text CONSTRAINT applications_pkey PRIMARY KEY,
    owner               name_text NOT NULL,
    tier                smallint NOT NULL CONSTRAINT applications_tier_known CHECK (tier BETWEEN 1 AND 4),
    strategy            text NOT NULL CONSTRAINT applications_strategy_known
                        CHECK (strategy IN ('backup_restore', 'pilot_light', 'warm_standby', 'active_active')),
    home_region         region_code NOT NULL,
    recovery_regions    region_code[] NOT NULL,
    rto_seconds         bigint NOT NULL CONSTRAINT applications_rto_not_negative CHECK (rto_seconds BETWEEN 0 AND 4294967295),
    rpo_seconds         bigint NOT NULL CONSTRAINT applications_rpo_not_negative CHECK (rpo_seconds BETWEEN 0 AND 4294967295),
    data_residency      region_code[] NOT NULL DEFAULT '{}',
    approval_policy     name_text NOT NULL CONSTRAINT applications_approval_policy_fkey REFERENCES approval_policies,
    registered_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    archived_at         timestamptz,
    CONSTRAINT applications_recovery_present CHECK (cardinality(recovery_regions) >= 1),
    CONSTRAINT applications_home_not_in_recovery CHECK (NOT home_region = ANY (recovery_regions)),
    CONSTRAINT applications_recovery_different CHECK (all_different(recovery_regions::text[])),
    CONSTRAINT applications_residency_different CHECK (all_different(data_residency::text[]))
);
CREATE INDEX applications_approval_policy ON applications (approval_policy);

CREATE TABLE application_dependencies (
    application name_text NOT NULL CONSTRAINT application_dependencies_application_fkey REFERENCES applications ON DELETE CASCADE,
    depends_on  name_text NOT NULL CONSTRAINT application_dependencies_depends_on_fkey REFERENCES applications,
    position    integer NOT NULL,
    CONSTRAINT application_dependencies_pkey PRIMARY KEY (application, depends_on),
    CONSTRAINT application_dependencies_not_on_itself CHECK (application <> depends_on)
);
CREATE INDEX application_dependencies_depends_on ON application_dependencies (depends_on);

CREATE TABLE resources (
    application name_text NOT NULL CONSTRAINT resources_application_fkey REFERENCES applications ON DELETE CASCADE,
    name        name_text NOT NULL,
    kind        text NOT NULL CONSTRAINT resources_kind_known CHECK (kind IN (
                    'route53_records', 'route53_health_check', 'global_accelerator', 'cloudfront_distribution',
                    'arc_routing_control', 'arc_region_switch_plan', 's3_replication', 's3_multi_region_access_point',
                    'aurora_global_database', 'rds_read_replica', 'dynamodb_global_table', 'elasticache_global_datastore',
                    'ecs_service', 'auto_scaling_group', 'eks_node_group', 'lambda_function', 'ecr_repository',
                    'backup_vault', 'secret', 'ssm_parameter', 'kms_key', 'cloudwatch_alarm', 'service_quota',
                    'transit_gateway', 'config_recorder', 'security_hub', 'cloudformation_stack', 'endpoint_setting',
                    'probe')),
    account     name_text NOT NULL CONSTRAINT resources_account_fkey REFERENCES accounts (name) ON UPDATE CASCADE,
    -- The keys of the kind, `kind` among them.
    spec        jsonb NOT NULL,
    position    integer NOT NULL,
    CONSTRAINT resources_pkey PRIMARY KEY (application, name),
    CONSTRAINT resources_spec_is_of_kind CHECK (jsonb_typeof(spec) = 'object' AND spec ->> 'kind' IS NOT DISTINCT FROM kind)
);
CREATE INDEX resources_account ON resources (account);

CREATE TABLE waivers (
    application name_text NOT NULL CONSTRAINT waivers_application_fkey REFERENCES applications ON DELETE CASCADE,
    step        name_text NOT NULL,
    plane       text NOT NULL CONSTRAINT waivers_plane_shape CHECK (plane ~ '^[a-z0-9-]+@[a-z0-9-]+$'),
    by_whom     text NOT NULL CONSTRAINT waivers_by_named CHECK (btrim(by_whom) <> ''),
    reason      text NOT NULL CONSTRAINT waivers_reason_given CHECK (btrim(reason) <> ''),
    review_on   date NOT NULL,
    position    integer NOT NULL,
    CONSTRAINT waivers_pkey PRIMARY KEY (application, step, plane)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON
    accounts, declared_regions, groups, approval_policies, approval_rules, applications, application_dependencies,
    resources, waivers
    TO holdfast_app;
