//! Writing the inventory: sections that are present become exactly what they say. What vanished from one
//! goes, or is archived where runs, audit entries or other rows still speak of it.

use crate::Result;
use crate::change::Change;
use crate::wire::word;
use holdfast_domain::{
    Account, Application, ApprovalPolicy, Declaration, DeclaredRegion, Group, Inventory, RegionCode,
};
use serde_json::{Value, json};

impl Change {
    /// Absent sections are left alone. An account without an external id keeps the one that it has, or is
    /// given one; observations of a resource whose entry changed are forgotten, since they are of something else, and so
    /// are the answers about an account's roles when it is given others.
    ///
    /// # Errors
    /// `Conflict` with the constraint that the inventory breaks.
    pub async fn replace_inventory(&mut self, inventory: &Inventory) -> Result<()> {
        if let Some(groups) = &inventory.groups {
            self.put_groups(groups).await?;
        }
        if let Some(policies) = &inventory.approval_policies {
            self.put_policies(policies).await?;
        }
        if let Some(accounts) = &inventory.accounts {
            self.put_accounts(accounts).await?;
        }
        if let Some(regions) = &inventory.regions {
            self.put_regions(regions).await?;
        }
        if let Some(applications) = &inventory.applications {
            self.put_applications(applications).await?;
        }
        if let Some(plans) = &inventory.plans {
            self.put_own_plans(plans).await?;
        }
        // From what refers to what is referred to.
        if let Some(applications) = &inventory.applications {
            self.drop_applications_but(applications).await?;
        }
        if let Some(accounts) = &inventory.accounts {
            self.drop_accounts_but(accounts).await?;
        }
        if let Some(policies) = &inventory.approval_policies {
            self.drop_policies_but(policies).await?;
        }
        if let Some(groups) = &inventory.groups {
            self.drop_groups_but(groups).await?;
        }
        self.notify("inventory").await
    }

    /// What an operator says of one Region.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn declare_region(
        &mut self,
        code: &RegionCode,
        declared: Declaration,
        reason: Option<&str>,
    ) -> Result<()> {
        let region = DeclaredRegion { code: code.clone(), declared, reason: reason.map(str::to_owned) };
        self.upsert_regions(&[region]).await?;
        self.notify("inventory").await
    }

    async fn execute(&mut self, sql: &'static str, rows: Value) -> Result<()> {
        sqlx::query(sql).bind(rows).execute(self.connection()).await?;
        Ok(())
    }

    async fn put_groups(&mut self, groups: &[Group]) -> Result<()> {
        self.execute(
            "INSERT INTO groups (name, description)
             SELECT name, description FROM jsonb_to_recordset($1) AS g(name text, description text)
             ON CONFLICT (name) DO UPDATE SET description = excluded.description, archived_at = NULL
             WHERE groups.description IS DISTINCT FROM excluded.description OR groups.archived_at IS NOT NULL",
            json!(groups),
        )
        .await
    }

    /// Groups that are named and do not exist are made, empty.
    pub(crate) async fn make_missing_groups(&mut self, names: Vec<String>) -> Result<()> {
        self.execute(
            "INSERT INTO groups (name) SELECT DISTINCT value FROM jsonb_array_elements_text($1) AS named(value)
             ON CONFLICT (name) DO UPDATE SET archived_at = NULL WHERE groups.archived_at IS NOT NULL",
            json!(names),
        )
        .await
    }

    async fn put_policies(&mut self, policies: &[ApprovalPolicy]) -> Result<()> {
        let named = policies.iter().flat_map(|p| p.rules.iter().map(|r| r.group.to_string())).collect();
        self.make_missing_groups(named).await?;
        let rows: Vec<Value> = policies
            .iter()
            .map(|p| json!({"name": p.name, "expires_after_seconds": p.expires_after.get()}))
            .collect();
        self.execute(
            "INSERT INTO approval_policies (name, expires_after_seconds)
             SELECT name, expires_after_seconds FROM jsonb_to_recordset($1) AS p(name text, expires_after_seconds bigint)
             ON CONFLICT (name) DO UPDATE SET expires_after_seconds = excluded.expires_after_seconds, archived_at = NULL
             WHERE approval_policies.expires_after_seconds <> excluded.expires_after_seconds
                OR approval_policies.archived_at IS NOT NULL",
            json!(rows),
        )
        .await?;
        let rules: Vec<Value> = policies
            .iter()
            .map(|p| {
                let rules: Vec<Value> =
                    p.rules.iter().map(|r| json!({"group": r.group, "approvals": r.approvals})).collect();
                json!({"policy": p.name, "rules": rules})
            })
            .collect();
        let rules = json!(rules);
        self.execute(
            "DELETE FROM approval_rules WHERE policy IN (SELECT p.policy FROM jsonb_to_recordset($1) AS p(policy text))",
            rules.clone(),
        )
        .await?;
        self.execute(
            "INSERT INTO approval_rules (policy, position, group_name, approvals)
             SELECT p.policy, r.position, r.rule ->> 'group', (r.rule ->> 'approvals')::smallint
             FROM jsonb_to_recordset($1) AS p(policy text, rules jsonb),
                  jsonb_array_elements(p.rules) WITH ORDINALITY AS r(rule, position)",
            rules,
        )
        .await
    }

    async fn put_accounts(&mut self, accounts: &[Account]) -> Result<()> {
        // Two accounts may swap names: each is first moved out of the other's way.
        self.execute(
            "UPDATE accounts SET name = 'renamed-' || accounts.id
             FROM jsonb_to_recordset($1) AS a(id text, name text)
             WHERE accounts.id = a.id AND accounts.name <> a.name",
            json!(accounts),
        )
        .await?;
        // What was told of another role is not about this one.
        self.execute(
            "WITH changed AS (
                 SELECT old.id, old.read_role_arn <> a.read_role_arn AS read, old.act_role_arn <> a.act_role_arn AS act
                 FROM jsonb_to_recordset($1) AS a(id text, read_role_arn text, act_role_arn text)
                 JOIN accounts old ON old.id = a.id
                 WHERE old.read_role_arn <> a.read_role_arn OR old.act_role_arn <> a.act_role_arn),
             surveyed AS (DELETE FROM account_surveys s USING changed c WHERE s.account = c.id),
             told AS (DELETE FROM role_permissions p USING changed c WHERE p.account = c.id),
             trusted AS (DELETE FROM account_trust t USING changed c
                 WHERE t.account = c.id AND (t.role = 'read' AND c.read OR t.role = 'act' AND c.act))
             DELETE FROM account_probes p USING changed c
             WHERE p.account = c.id AND (p.role = 'read' AND c.read OR p.role = 'act' AND c.act)",
            json!(accounts),
        )
        .await?;
        self.execute(
            "INSERT INTO accounts (id, name, read_role_arn, act_role_arn, external_id)
             SELECT a.id, a.name, a.read_role_arn, a.act_role_arn,
                    coalesce(a.external_id, (SELECT old.external_id FROM accounts old WHERE old.id = a.id),
                             'holdfast-' || gen_random_uuid())
             FROM jsonb_to_recordset($1)
                AS a(id text, name text, read_role_arn text, act_role_arn text, external_id text)
             ON CONFLICT (id) DO UPDATE
             SET name = excluded.name, read_role_arn = excluded.read_role_arn, act_role_arn = excluded.act_role_arn,
                 external_id = excluded.external_id, archived_at = NULL
             WHERE (accounts.name, accounts.read_role_arn, accounts.act_role_arn, accounts.external_id)
                   IS DISTINCT FROM (excluded.name, excluded.read_role_arn, excluded.act_role_arn, excluded.external_id)
                OR accounts.archived_at IS NOT NULL",
            json!(accounts),
        )
        .await
    }

    async fn put_regions(&mut self, regions: &[DeclaredRegion]) -> Result<()> {
        self.execute(
            "DELETE FROM declared_regions
             WHERE code NOT IN (SELECT r.code FROM jsonb_to_recordset($1) AS r(code text))",
            json!(regions),
        )
        .await?;
        self.upsert_regions(regions).await
    }

    async fn upsert_regions(&mut self, regions: &[DeclaredRegion]) -> Result<()> {
        self.execute(
            "INSERT INTO declared_regions (code, declared, reason)
             SELECT code, declared, reason FROM jsonb_to_recordset($1) AS r(code text, declared text, reason text)
             ON CONFLICT (code) DO UPDATE
             SET declared = excluded.declared, reason = excluded.reason, changed_at = clock_timestamp()
             WHERE (declared_regions.declared, declared_regions.reason) IS DISTINCT FROM (excluded.declared, excluded.reason)",
            json!(regions),
        )
        .await
    }

    async fn put_applications(&mut self, applications: &[Application]) -> Result<()> {
        let rows = json!(applications.iter().map(application_row).collect::<Vec<_>>());
        self.execute(
            "INSERT INTO applications (name, owner, tier, strategy, home_region, recovery_regions, rto_seconds, rpo_seconds,
                                       data_residency, load_split, approval_policy, environment)
             SELECT name, owner, tier, strategy, home_region, recovery_regions::region_code[], rto_seconds, rpo_seconds,
                    data_residency::region_code[], load_split, approval_policy, environment
             FROM jsonb_to_recordset($1) AS a(name text, owner text, tier smallint, strategy text, home_region text,
                  recovery_regions text[], rto_seconds bigint, rpo_seconds bigint, data_residency text[],
                  load_split jsonb, approval_policy text, environment text)
             ON CONFLICT (name) DO UPDATE
             SET owner = excluded.owner, tier = excluded.tier, strategy = excluded.strategy,
                 home_region = excluded.home_region, recovery_regions = excluded.recovery_regions,
                 rto_seconds = excluded.rto_seconds, rpo_seconds = excluded.rpo_seconds,
                 data_residency = excluded.data_residency, load_split = excluded.load_split,
                 approval_policy = excluded.approval_policy, environment = excluded.environment,
                 changed_at = clock_timestamp(), archived_at = NULL
             WHERE (applications.owner, applications.tier, applications.strategy, applications.home_region,
                    applications.recovery_regions, applications.rto_seconds, applications.rpo_seconds,
                    applications.data_residency, applications.load_split, applications.approval_policy,
                    applications.environment)
                   IS DISTINCT FROM (excluded.owner, excluded.tier, excluded.strategy, excluded.home_region,
                    excluded.recovery_regions, excluded.rto_seconds, excluded.rpo_seconds,
                    excluded.data_residency, excluded.load_split, excluded.approval_policy, excluded.environment)
                OR applications.archived_at IS NOT NULL",
            rows.clone(),
        )
        .await?;
        for sql in [
            "DELETE FROM application_dependencies
             WHERE application IN (SELECT a.name FROM jsonb_to_recordset($1) AS a(name text))",
            "INSERT INTO application_dependencies (application, depends_on, position)
             SELECT a.name, d.depends_on, d.position FROM jsonb_to_recordset($1) AS a(name text, depends_on jsonb),
                  jsonb_array_elements_text(a.depends_on) WITH ORDINALITY AS d(depends_on, position)",
            "DELETE FROM waivers WHERE application IN (SELECT a.name FROM jsonb_to_recordset($1) AS a(name text))",
            "INSERT INTO waivers (application, step, plane, by_whom, reason, review_on, position)
             SELECT a.name, w.waiver ->> 'step', w.waiver ->> 'plane', w.waiver ->> 'by', w.waiver ->> 'reason',
                    (w.waiver ->> 'review_on')::date, w.position
             FROM jsonb_to_recordset($1) AS a(name text, waivers jsonb),
                  jsonb_array_elements(a.waivers) WITH ORDINALITY AS w(waiver, position)",
            // Gone, or another thing under the same name: its observations go with it.
            "DELETE FROM resources r USING jsonb_to_recordset($1) AS a(name text, resources jsonb)
             WHERE r.application = a.name
               AND NOT EXISTS (SELECT FROM jsonb_array_elements(a.resources) AS n(new)
                               WHERE n.new ->> 'name' = r.name AND n.new ->> 'account' = r.account
                                 AND n.new -> 'spec' = r.spec)",
            "INSERT INTO resources (application, name, kind, account, spec, position)
             SELECT a.name, n.new ->> 'name', n.new -> 'spec' ->> 'kind', n.new ->> 'account', n.new -> 'spec', n.position
             FROM jsonb_to_recordset($1) AS a(name text, resources jsonb),
                  jsonb_array_elements(a.resources) WITH ORDINALITY AS n(new, position)
             ON CONFLICT (application, name) DO UPDATE SET position = excluded.position
             WHERE resources.position <> excluded.position",
        ] {
            self.execute(sql, rows.clone()).await?;
        }
        Ok(())
    }

    async fn drop_applications_but(&mut self, kept: &[Application]) -> Result<()> {
        let kept = json!(kept.iter().map(|a| &a.name).collect::<Vec<_>>());
        self.execute(
            "WITH vanished AS (
                 SELECT name FROM applications
                 WHERE archived_at IS NULL AND name NOT IN (SELECT jsonb_array_elements_text($1))),
             archived AS (
                 UPDATE applications SET archived_at = clock_timestamp() WHERE name IN (
                     SELECT v.name FROM vanished v
                     WHERE EXISTS (SELECT FROM runs WHERE application = v.name)
                        OR EXISTS (SELECT FROM audit_entries WHERE application = v.name)
                        OR EXISTS (SELECT FROM change_freezes WHERE application = v.name)
                        OR EXISTS (SELECT FROM application_dependencies d WHERE d.depends_on = v.name))
                 RETURNING name)
             DELETE FROM applications WHERE name IN (SELECT name FROM vanished EXCEPT SELECT name FROM archived)",
            kept,
        )
        .await
    }

    async fn drop_accounts_but(&mut self, kept: &[Account]) -> Result<()> {
        let kept = json!(kept.iter().map(|a| &a.id).collect::<Vec<_>>());
        self.execute(
            "UPDATE accounts SET archived_at = clock_timestamp()
             WHERE archived_at IS NULL AND id NOT IN (SELECT jsonb_array_elements_text($1))",
            kept.clone(),
        )
        .await?;
        self.execute(
            "DELETE FROM accounts a
             WHERE archived_at IS NOT NULL AND id NOT IN (SELECT jsonb_array_elements_text($1))
               AND NOT EXISTS (SELECT FROM resources r WHERE r.account = a.name)
               AND NOT EXISTS (SELECT FROM audit_entries e WHERE e.subject_kind = 'account' AND e.subject = a.id)",
            kept,
        )
        .await
    }

    async fn drop_policies_but(&mut self, kept: &[ApprovalPolicy]) -> Result<()> {
        let kept = json!(kept.iter().map(|p| &p.name).collect::<Vec<_>>());
        self.execute(
            "UPDATE approval_policies SET archived_at = clock_timestamp()
             WHERE archived_at IS NULL AND name NOT IN (SELECT jsonb_array_elements_text($1))",
            kept.clone(),
        )
        .await?;
        self.execute(
            "DELETE FROM approval_policies p
             WHERE archived_at IS NOT NULL AND name NOT IN (SELECT jsonb_array_elements_text($1))
               AND NOT EXISTS (SELECT FROM applications a WHERE a.approval_policy = p.name)",
            kept,
        )
        .await
    }

    /// A group that a rule in force or a step of one's own names stays, as it would be made again at once.
    async fn drop_groups_but(&mut self, kept: &[Group]) -> Result<()> {
        let kept = json!(kept.iter().map(|g| &g.name).collect::<Vec<_>>());
        self.execute(
            "UPDATE groups g SET archived_at = clock_timestamp()
             WHERE archived_at IS NULL AND name NOT IN (SELECT jsonb_array_elements_text($1))
               AND NOT EXISTS (SELECT FROM approval_rules r JOIN approval_policies p ON p.name = r.policy
                               WHERE r.group_name = g.name AND p.archived_at IS NULL)
               AND NOT EXISTS (SELECT FROM own_plans o, jsonb_array_elements(o.steps) s WHERE s ->> 'group' = g.name)
               AND NOT EXISTS (SELECT FROM plan_edits e, jsonb_array_elements(e.edits) s
                               WHERE s #>> '{edit,work,group}' = g.name)",
            kept.clone(),
        )
        .await?;
        self.execute(
            "DELETE FROM groups g
             WHERE archived_at IS NOT NULL AND name NOT IN (SELECT jsonb_array_elements_text($1))
               AND NOT EXISTS (SELECT FROM approval_rules r WHERE r.group_name = g.name)
               AND NOT EXISTS (SELECT FROM own_plans o, jsonb_array_elements(o.steps) s WHERE s ->> 'group' = g.name)
               AND NOT EXISTS (SELECT FROM plan_edits e, jsonb_array_elements(e.edits) s
                               WHERE s #>> '{edit,work,group}' = g.name)",
            kept,
        )
        .await
    }
}

fn application_row(a: &Application) -> Value {
    let resources: Vec<Value> =
        a.resources.iter().map(|r| json!({"name": r.name, "account": r.account, "spec": r.spec})).collect();
    json!({
        "name": a.name,
        "owner": a.owner,
        "tier": a.tier,
        "environment": a.environment,
        "strategy": word(&a.strategy),
        "home_region": a.home_region,
        "recovery_regions": a.recovery_regions,
        "rto_seconds": a.objectives.rto.get(),
        "rpo_seconds": a.objectives.rpo.get(),
        "data_residency": a.data_residency,
        "load_split": a.load_split,
        "approval_policy": a.approval_policy,
        "depends_on": a.depends_on,
        "resources": resources,
        "waivers": a.waivers,
    })
}
