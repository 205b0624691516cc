//! Reading the inventory. What is archived is not part of it.

mod applications;
mod replace;

pub use applications::{Applications, UnreadableApplication, UnreadablePart};

use crate::change::Change;
use crate::connections::Connection;
use crate::store::Store;
use crate::wire::from_word;
use crate::{Error, Result};
use applications::Parts;
use holdfast_domain::{
    Account, AccountId, ApprovalPolicy, ApprovalRule, DeclaredRegion, Group, Inventory, Labels, Name,
    RegionCode, Seconds,
};

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

fn seconds(of: &str, seconds: i64) -> Result<Seconds> {
    u32::try_from(seconds).map(Seconds).map_err(|_| Error::Corrupt(format!("{of}: {seconds} seconds")))
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

/// The inventory as it stands, and the parts of applications that cannot be read and are not in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    pub inventory: Inventory,
    pub unreadable: Vec<UnreadableApplication>,
}

async fn stored(parts: Parts, connection: &mut Connection) -> Result<Stored> {
    let inventory = Inventory {
        version: 1,
        accounts: Some(accounts(connection).await?),
        regions: Some(regions(connection).await?),
        groups: Some(groups(connection).await?),
        approval_policies: Some(policies(connection).await?),
        applications: Some(parts.entries),
        plans: Some(parts.plans),
    };
    Ok(Stored { inventory, unreadable: parts.unreadable })
}

impl Store {
    /// Every section present, entries in the order of their names, all of one moment; without applications of which something
    /// cannot be read.
    ///
    /// # Errors
    /// When the database does not answer, or something else that is stored cannot be read.
    pub async fn load_inventory(&self) -> Result<Inventory> {
        let mut snapshot = self.pool.begin().await?;
        sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            .execute(&mut snapshot)
            .await?;
        let parts = Parts::read(&mut snapshot).await?.whole();
        let Stored { inventory, .. } = stored(parts, &mut snapshot).await?;
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
    /// The inventory as it stands, held against every other edit until this change ends. Whatever is stored in its place
    /// takes away what could not be read, unless that is among it.
    ///
    /// # Errors
    /// When the database does not answer, or something else that is stored cannot be read.
    pub async fn load_inventory_for_edit(&mut self) -> Result<Stored> {
        self.lock_inventory().await?;
        let parts = Parts::read(self.connection()).await?;
        stored(parts, self.connection()).await
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
