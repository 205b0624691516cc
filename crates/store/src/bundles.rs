//! The bundle for where no server is: the codes that open it, the newest one, and where copies of it are.

use crate::change::Change;
use crate::store::Store;
use crate::wire::{Time, maybe_time, time};
use crate::{Error, Result};
use holdfast_domain::PersonId;
use holdfast_failover::run::Who;
use jiff::Timestamp;
use uuid::Uuid;

/// A code without what it opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfflineCode {
    pub id: Uuid,
    pub person: Who,
    pub made_at: Timestamp,
}

/// What a code is turned into: it opens bundles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfflineKey {
    pub code: Uuid,
    pub person: Who,
    pub salt: Vec<u8>,
    pub key: [u8; 32],
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBundle {
    pub id: Uuid,
    pub made_at: Timestamp,
    pub applications: u32,
    pub plans: u32,
    pub content: String,
}

/// One without what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleMade {
    pub made_at: Timestamp,
    pub id: Uuid,
    pub applications: u32,
    pub plans: u32,
}

/// A place that copies go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundlePlace {
    pub name: String,
    /// When the one that it holds was made; `None`: it got none yet.
    pub made_at: Option<Timestamp>,
    pub tried_at: Timestamp,
    pub error: Option<String>,
}

fn of_key(code: Uuid) -> String {
    format!("offline key {code}")
}

type KeyRow = (Uuid, Uuid, String, Vec<u8>, Vec<u8>);

impl Store {
    /// Those that the next bundle is opened by, as [`Store::offline_keys`] has them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn offline_codes(&self) -> Result<Vec<OfflineCode>> {
        let rows: Vec<(Uuid, Uuid, String, Time)> = sqlx::query_as(
            "SELECT c.id, c.person, p.email, c.made_at
             FROM offline_codes c JOIN people p ON p.id = c.person
             WHERE c.ended_at IS NULL AND p.disabled_at IS NULL AND p.roles && ARRAY['operator', 'admin']
             ORDER BY c.made_at DESC",
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|(id, person, email, made_at)| OfflineCode {
                id,
                person: Who { id: PersonId(person), email },
                made_at: made_at.into(),
            })
            .collect())
    }

    /// What opens bundles now: of those who may start runs and whose code was not ended. `ended_too`: also what opened them.
    ///
    /// # Errors
    /// `NoSecretsKey`, or one that cannot be read with the keys that this server has.
    pub async fn offline_keys(&self, ended_too: bool) -> Result<Vec<OfflineKey>> {
        let rows: Vec<KeyRow> = sqlx::query_as(
            "SELECT c.id, c.person, p.email, c.salt, c.sealed_key
             FROM offline_codes c JOIN people p ON p.id = c.person
             WHERE $1 OR c.ended_at IS NULL AND p.disabled_at IS NULL
               AND p.roles && ARRAY['operator', 'admin']
             ORDER BY c.id",
        )
        .bind(ended_too)
        .fetch_all(&self.pool)
        .await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let sealing = self.sealing.as_ref().ok_or(Error::NoSecretsKey)?;
        rows.into_iter()
            .map(|(code, person, email, salt, sealed)| {
                let unreadable = || Error::Corrupt(format!("offline code {code} cannot be read"));
                let key = sealing.open(&of_key(code), &sealed).map_err(|_| unreadable())?;
                let key = key.try_into().map_err(|_| unreadable())?;
                Ok(OfflineKey { code, person: Who { id: PersonId(person), email }, salt, key })
            })
            .collect()
    }

    /// Which the newest is.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn newest_bundle_made(&self) -> Result<Option<BundleMade>> {
        let row: Option<(Uuid, Time, i32, i32)> =
            sqlx::query_as("SELECT id, made_at, applications, plans FROM bundles")
                .fetch_optional(&self.pool)
                .await?;
        Ok(row.map(|(id, made_at, applications, plans)| BundleMade {
            id,
            made_at: made_at.into(),
            applications: u32::try_from(applications).unwrap_or_default(),
            plans: u32::try_from(plans).unwrap_or_default(),
        }))
    }

    /// # Errors
    /// When the database does not answer.
    pub async fn newest_bundle(&self) -> Result<Option<StoredBundle>> {
        let row: Option<(Uuid, Time, i32, i32, String)> =
            sqlx::query_as("SELECT id, made_at, applications, plans, content FROM bundles")
                .fetch_optional(&self.pool)
                .await?;
        Ok(row.map(|(id, made_at, applications, plans, content)| StoredBundle {
            id,
            made_at: made_at.into(),
            applications: u32::try_from(applications).unwrap_or_default(),
            plans: u32::try_from(plans).unwrap_or_default(),
            content,
        }))
    }

    /// # Errors
    /// When the database does not answer.
    pub async fn bundle_places(&self) -> Result<Vec<BundlePlace>> {
        let rows: Vec<(String, Option<Time>, Time, Option<String>)> = sqlx::query_as(
            // One that nobody takes any to for a day is configured nowhere any more.
            "SELECT name, made_at, tried_at, error FROM bundle_places
             WHERE tried_at > clock_timestamp() - interval '1 day' ORDER BY name",
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|(name, made_at, tried_at, error)| BundlePlace {
                name,
                made_at: maybe_time(made_at),
                tried_at: tried_at.into(),
                error,
            })
            .collect())
    }

    /// What came of taking a bundle to a place.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn record_bundle_place(
        &self,
        name: &str,
        outcome: std::result::Result<(Uuid, Timestamp), &str>,
    ) -> Result<()> {
        let (bundle, made_at) = outcome.ok().unzip();
        sqlx::query(
            "INSERT INTO bundle_places AS p (name, bundle, made_at, error) VALUES ($1, $2, $3, $4)
             ON CONFLICT (name) DO UPDATE SET bundle = coalesce(excluded.bundle, p.bundle),
                 made_at = coalesce(excluded.made_at, p.made_at), tried_at = clock_timestamp(), error = excluded.error",
        )
        .bind(name)
        .bind(bundle)
        .bind(made_at.map(time))
        .bind(outcome.err())
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

impl Change {
    /// The person's own, in the place of the one before.
    ///
    /// # Errors
    /// `NoSecretsKey` where this server has no key to seal it with.
    pub async fn make_offline_code(&mut self, key: &OfflineKey) -> Result<()> {
        let sealing = self.sealing.clone().ok_or(Error::NoSecretsKey)?;
        let sealed = sealing.seal(&of_key(key.code), &key.key).map_err(Error::Invalid)?;
        sqlx::query(
            "UPDATE offline_codes SET ended_at = clock_timestamp(), ended_by = $2 WHERE person = $1 AND ended_at IS NULL",
        )
        .bind(key.person.id.0)
        .bind(&key.person.email)
        .execute(self.connection())
        .await?;
        sqlx::query("INSERT INTO offline_codes (id, person, salt, sealed_key) VALUES ($1, $2, $3, $4)")
            .bind(key.code)
            .bind(key.person.id.0)
            .bind(&key.salt)
            .bind(sealed)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// From the next bundle on it opens none. Answers whose it was; `None`: there is no such code, or it was ended.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn end_offline_code(&mut self, id: Uuid, by: &str) -> Result<Option<PersonId>> {
        let person: Option<Uuid> = sqlx::query_scalar(
            "UPDATE offline_codes SET ended_at = clock_timestamp(), ended_by = $2
             WHERE id = $1 AND ended_at IS NULL RETURNING person",
        )
        .bind(id)
        .bind(by)
        .fetch_optional(self.connection())
        .await?;
        Ok(person.map(PersonId))
    }

    /// The newest stays, whichever worker made it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn keep_bundle(&mut self, bundle: &StoredBundle) -> Result<()> {
        sqlx::query(
            "INSERT INTO bundles AS b (id, made_at, applications, plans, content) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (newest) DO UPDATE SET id = excluded.id, made_at = excluded.made_at,
                 applications = excluded.applications, plans = excluded.plans, content = excluded.content
             WHERE excluded.made_at > b.made_at",
        )
        .bind(bundle.id)
        .bind(time(bundle.made_at))
        .bind(i32::try_from(bundle.applications).unwrap_or(i32::MAX))
        .bind(i32::try_from(bundle.plans).unwrap_or(i32::MAX))
        .bind(&bundle.content)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}
