//! Reading the inventory. What is archived is not part of it.

mod replace;

use crate::change::Change;
use crate::connections::Connection;
use crate::own_plans::own_plans;
use crate::store::Store;
use crate::wire::{from_json, from_word};
use crate::{Error, Result};
use holdfast_domain::{
    Account, AccountId, Application, ApprovalPolicy, ApprovalRule, DeclaredRegion, Group, Inventory, Labels,
    Name, Objectives, RegionCode, Seconds,
};
use serde_json::Value;

#[derive(sqlx::FromRow)]
struct ApplicationRow {
    name: String,
    owner: String,
    tier: i16,
    environment: Option<String>,
    strategy: String,
    home_region: String,
    recovery_regions: Vec<String>,
    rto_seconds: i64,
    rpo_seconds: i64,
    data_residency: Vec<String>,
    load_split: Value,
    approval_policy: String,
    depends_on: Vec<String>,
    resources: Value,
    waivers: Value,
}

#[derive(sqlx::FromRow)]
struct LabelsRow {
    name: String,
    tier: i16,
    owner: String,
    environment: Option<String>,
}

impl LabelsRow {
    fn into_labels(self) -> Result<Labels> {
        let of = format!("application {}", self.name);
        Ok(Labels {
            application: parse(&of, &self.name)?,
            tier: u8::try_from(self.tier).map_err(|_| Error::Corrupt(format!("{of}: tier {}", self.tier)))?,
            team: parse(&of, &self.owner)?,
            environment: self.environment.as_deref().map(|text| parse(&of, text)).transpose()?,
        })
    }
}

#[derive(sqlx::FromRow)]
struct AccountRow {
    id: String,
    name: String,
    read_role_arn: String,
    act_role_arn: String,
    external_id: String,
}

#[derive(sqlx::FromRow)]
struct RegionRow {
    code: String,
    declared: String,
    reason: Option<String>,
}

#[derive(sqlx::FromRow)]
struct GroupRow {
    name: String,
    description: Option<String>,
}

#[derive(sqlx::FromRow)]
struct PolicyRow {
    name: String,
    expires_after_seconds: i64,
    groups: Vec<String>,
    approvals: Vec<i16>,
}

/// The parse function's own sentence, with where the text came from.
fn parse<T: std::str::FromStr<Err = holdfast_domain::Invalid>>(of: &str, text: &str) -> Result<T> {
    text.parse().map_err(|e: holdfast_domain::Invalid| Error::Corrupt(format!("{of}: {e}")))
}

fn parse_all<T: std::str::FromStr<Err = holdfast_domain::Invalid>>(
    of: &str,
    texts: &[String],
) -> Result<Vec<T>> {
    texts.iter().map(|t| parse(of, t)).collect()
}

fn seconds(of: &str, seconds: i64) -> Result<Seconds> {
    u32::try_from(seconds).map(Seconds).map_err(|_| Error::Corrupt(format!("{of}: {seconds} seconds")))
}

impl ApplicationRow {
    fn into_application(self) -> Result<Application> {
        let of = format!("application {}", self.name);
        Ok(Application {
            name: parse(&of, &self.name)?,
            owner: parse(&of, &self.owner)?,
            tier: u8::try_from(self.tier).map_err(|_| Error::Corrupt(format!("{of}: tier {}", self.tier)))?,
            environment: self.environment.as_deref().map(|text| parse(&of, text)).transpose()?,
            strategy: from_word("strategy", &self.strategy)?,
            home_region: parse(&of, &self.home_region)?,
            recovery_regions: parse_all(&of, &self.recovery_regions)?,
            objectives: Objectives {
                rto: seconds(&of, self.rto_seconds)?,
                rpo: seconds(&of, self.rpo_seconds)?,
            },
            data_residency: parse_all(&of, &self.data_residency)?,
            load_split: from_json(|| format!("{of}: its load split"), self.load_split)?,
            approval_policy: parse(&of, &self.approval_policy)?,
            depends_on: parse_all(&of, &self.depends_on)?,
            resources: from_json(|| format!("{of}: its resources"), self.resources)?,
            waivers: from_json(|| format!("{of}: its waivers"), self.waivers)?,
        })
    }
}

impl AccountRow {
    fn into_account(self) -> Result<Account> {
        let of = format!("account {}", self.id);
        Ok(Account {
            id: parse::<AccountId>(&of, &self.id)?,
            name: parse(&of, &self.name)?,
            read_role_arn: self.read_role_arn,
            act_role_arn: self.act_role_arn,
            external_id: Some(self.external_id),
        })
    }
}

impl PolicyRow {
    fn into_policy(self) -> Result<ApprovalPolicy> {
        let of = format!("approval policy {}", self.name);
        let rules = self.groups.iter().zip(&self.approvals).map(|(group, approvals)| {
            let approvals = u8::try_from(*approvals)
                .map_err(|_| Error::Corrupt(format!("{of}: {approvals} approvals")))?;
            Ok(ApprovalRule { group: parse(&of, group)?, approvals })
        });
        Ok(ApprovalPolicy {
            name: parse(&of, &self.name)?,
            rules: rules.collect::<Result<_>>()?,
            expires_after: seconds(&of, self.expires_after_seconds)?,
        })
    }
}

async fn applications(connection: &mut Connection, only: Option<&Name>) -> Result<Vec<Application>> {
    let rows: Vec<ApplicationRow> = sqlx::query_as(
        "SELECT a.name::text, a.owner::text, a.tier, a.environment::text, a.strategy, a.home_region::text, a.recovery_regions::text[],
                a.rto_seconds, a.rpo_seconds, a.data_residency::text[], a.load_split, a.approval_policy::text,
                ARRAY(SELECT d.depends_on::text FROM application_dependencies d
                      WHERE d.application = a.name ORDER BY d.position) AS depends_on,
                coalesce((SELECT jsonb_agg(r.spec || jsonb_build_object('name', r.name, 'account', r.account)
                                 ORDER BY r.position, r.name)
                          FROM resources r WHERE r.application = a.name), '[]') AS resources,
                coalesce((SELECT jsonb_agg(jsonb_build_object('step', w.step, 'plane', w.plane, 'by', w.by_whom,
                                                              'reason', w.reason, 'review_on', w.review_on)
                                 ORDER BY w.position)
                          FROM waivers w WHERE w.application = a.name), '[]') AS waivers
         FROM applications a
         WHERE a.archived_at IS NULL AND ($1::text IS NULL OR a.name = $1)
         ORDER BY a.name",
    )
    .bind(only.map(Name::as_str))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(ApplicationRow::into_application).collect()
}

async fn accounts(connection: &mut Connection) -> Result<Vec<Account>> {
    let rows: Vec<AccountRow> = sqlx::query_as(
        "SELECT id, name::text, read_role_arn, act_role_arn, external_id
         FROM accounts WHERE archived_at IS NULL ORDER BY name",
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(AccountRow::into_account).collect()
}

async fn regions(connection: &mut Connection) -> Result<Vec<DeclaredRegion>> {
    let rows: Vec<RegionRow> =
        sqlx::query_as("SELECT code::text, declared, reason FROM declared_regions ORDER BY code")
            .fetch_all(connection)
            .await?;
    rows.into_iter()
        .map(|r| {
            Ok(DeclaredRegion {
                code: parse::<RegionCode>("declared Region", &r.code)?,
                declared: from_word("declaration", &r.declared)?,
                reason: r.reason,
            })
        })
        .collect()
}

async fn groups(connection: &mut Connection) -> Result<Vec<Group>> {
    let rows: Vec<GroupRow> =
        sqlx::query_as("SELECT name::text, description FROM groups WHERE archived_at IS NULL ORDER BY name")
            .fetch_all(connection)
            .await?;
    rows.into_iter()
        .map(|g| Ok(Group { name: parse("group", &g.name)?, description: g.description }))
        .collect()
}

async fn policies(connection: &mut Connection) -> Result<Vec<ApprovalPolicy>> {
    let rows: Vec<PolicyRow> = sqlx::query_as(
        "SELECT p.name::text, p.expires_after_seconds,
                ARRAY(SELECT r.group_name::text FROM approval_rules r WHERE r.policy = p.name ORDER BY r.position) AS groups,
                ARRAY(SELECT r.approvals FROM approval_rules r WHERE r.policy = p.name ORDER BY r.position) AS approvals
         FROM approval_policies p WHERE p.archived_at IS NULL ORDER BY p.name",
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(PolicyRow::into_policy).collect()
}

async fn whole(connection: &mut Connection) -> Result<Inventory> {
    Ok(Inventory {
        version: 1,
        accounts: Some(accounts(connection).await?),
        regions: Some(regions(connection).await?),
        groups: Some(groups(connection).await?),
        approval_policies: Some(policies(connection).await?),
        applications: Some(applications(connection, None).await?),
        plans: Some(own_plans(connection, None).await?),
    })
}

impl Store {
    /// Every section present, entries in the order of their names, all of one moment.
    ///
    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn load_inventory(&self) -> Result<Inventory> {
        let mut snapshot = self.pool.begin().await?;
        sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            .execute(&mut snapshot)
            .await?;
        let inventory = whole(&mut snapshot).await?;
        snapshot.commit().await?;
        Ok(inventory)
    }

    /// What roles are held against, of one application or of all; of archived ones as they were last, for what is kept of them.
    ///
    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn labels(&self, only: Option<&Name>) -> Result<Vec<Labels>> {
        let rows: Vec<LabelsRow> = sqlx::query_as(
            "SELECT name::text, tier, owner::text, environment::text FROM applications
             WHERE $1::text IS NULL OR name = $1 ORDER BY name",
        )
        .bind(only.map(Name::as_str))
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(LabelsRow::into_labels).collect()
    }

    /// In the order of their names.
    ///
    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn applications(&self) -> Result<Vec<Application>> {
        applications(&mut self.pool.acquire().await?, None).await
    }

    /// # Errors
    /// `NotFound` also for one that is archived.
    pub async fn application(&self, name: &Name) -> Result<Application> {
        let found = applications(&mut self.pool.acquire().await?, Some(name)).await?;
        found.into_iter().next().ok_or(Error::NotFound("application"))
    }

    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn accounts(&self) -> Result<Vec<Account>> {
        accounts(&mut self.pool.acquire().await?).await
    }

    /// # Errors
    /// `NotFound` when no account has the name.
    pub async fn account(&self, name: &Name) -> Result<Account> {
        let accounts = self.accounts().await?;
        accounts.into_iter().find(|a| &a.name == name).ok_or(Error::NotFound("account"))
    }

    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn declared_regions(&self) -> Result<Vec<DeclaredRegion>> {
        regions(&mut self.pool.acquire().await?).await
    }

    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn approval_policies(&self) -> Result<Vec<ApprovalPolicy>> {
        policies(&mut self.pool.acquire().await?).await
    }

    /// # Errors
    /// `NotFound` when no policy has the name.
    pub async fn approval_policy(&self, name: &Name) -> Result<ApprovalPolicy> {
        let policies = self.approval_policies().await?;
        policies.into_iter().find(|p| &p.name == name).ok_or(Error::NotFound("approval policy"))
    }

    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn groups(&self) -> Result<Vec<Group>> {
        groups(&mut self.pool.acquire().await?).await
    }
}

/// Two edits of the inventory at once would each be made from what the other replaces.
const EDIT_LOCK: i64 = 0x686f_6c64_696e_7665;

impl Change {
    /// The inventory as it stands, held against every other edit until this change ends.
    ///
    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn load_inventory_for_edit(&mut self) -> Result<Inventory> {
        self.lock_inventory().await?;
        whole(self.connection()).await
    }

    /// Until this change ends, nobody else stores an inventory.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn lock_inventory(&mut self) -> Result<()> {
        sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(EDIT_LOCK).execute(self.connection()).await?;
        Ok(())
    }
}
