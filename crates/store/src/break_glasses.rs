//! Break-glass: who opened it, until when, what was begun under it, and who reviewed it. Its times are the database's, and a run is
//! marked by a trigger with the journal's entry that starts it.

use crate::audit::{AuditActor, AuditEntry};
use crate::change::Change;
use crate::store::Store;
use crate::wire::{Time, from_word, word};
use crate::{Error, Result};
use holdfast_domain::{BreakGlassId, Name, PersonId, RunId};
use holdfast_failover::break_glass::{BreakGlass, OpenedWith, Reviewed};
use holdfast_failover::run::{RunState, Who};
use jiff::Timestamp;
use sqlx::{Postgres, QueryBuilder};
use std::collections::BTreeMap;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBreakGlass {
    pub holder: Who,
    pub reason: String,
    pub incident: Option<String>,
    pub minutes: u16,
    pub opened_with: OpenedWith,
    pub sealed_code: Option<Uuid>,
}

/// A run that was started under break-glass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunUnder {
    pub id: RunId,
    pub application: Name,
    pub state: RunState,
}

/// A code that is kept under seal: never the code itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedCode {
    pub id: Uuid,
    pub kept_at: String,
    pub made_by: String,
    pub made_at: Timestamp,
    pub used: Option<(String, Timestamp)>,
    pub withdrawn: Option<(String, Timestamp)>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    holder: Uuid,
    holder_email: String,
    reason: String,
    incident: Option<String>,
    opened_with: String,
    opened_at: Time,
    expires_at: Time,
    ended_at: Option<Time>,
    ended_by: Option<String>,
    reviewer_email: Option<String>,
    reviewed_at: Option<Time>,
    review: Option<String>,
}

const SELECT: &str = "SELECT g.id, g.holder, g.holder_email, g.reason, g.incident, g.opened_with, g.opened_at, g.expires_at, \
     g.ended_at, g.ended_by, g.reviewer_email, g.reviewed_at, g.review FROM break_glasses g WHERE true";

impl Row {
    fn into_break_glass(self) -> Result<BreakGlass> {
        let reviewed = self.reviewer_email.zip(self.reviewed_at).zip(self.review);
        Ok(BreakGlass {
            id: BreakGlassId(self.id),
            holder: Who { id: PersonId(self.holder), email: self.holder_email },
            reason: self.reason,
            incident: self.incident,
            opened_with: from_word("break-glass", &self.opened_with)?,
            opened_at: self.opened_at.into(),
            expires_at: self.expires_at.into(),
            ended: self.ended_at.zip(self.ended_by).map(|(at, by)| (at.into(), by)),
            reviewed: reviewed.map(|((by, at), words)| Reviewed { by, at: at.into(), words }),
        })
    }
}

impl Store {
    async fn glasses(&self, mut query: QueryBuilder<Postgres>) -> Result<Vec<BreakGlass>> {
        let rows: Vec<Row> = query.build_query_as().fetch_all(&self.pool).await?;
        rows.into_iter().map(Row::into_break_glass).collect()
    }

    /// The one that this person holds open.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn open_break_glass_of(&self, holder: PersonId) -> Result<Option<BreakGlass>> {
        let mut query = QueryBuilder::<Postgres>::new(SELECT);
        query
            .push(" AND g.ended_at IS NULL AND g.expires_at > clock_timestamp() AND g.holder = ")
            .push_bind(holder.0);
        Ok(self.glasses(query).await?.into_iter().next())
    }

    /// Those whose review nobody has closed, open ones among them, the oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn break_glasses_to_review(&self) -> Result<Vec<BreakGlass>> {
        let mut query = QueryBuilder::<Postgres>::new(SELECT);
        query.push(" AND g.reviewed_at IS NULL ORDER BY g.opened_at");
        self.glasses(query).await
    }

    /// Those before `before`, the newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn break_glasses(&self, before: Option<BreakGlassId>, limit: u32) -> Result<Vec<BreakGlass>> {
        let mut query = QueryBuilder::<Postgres>::new(SELECT);
        if let Some(before) = before {
            query.push(" AND g.id < ").push_bind(before.0);
        }
        query.push(" ORDER BY g.id DESC LIMIT ").push_bind(i64::from(limit));
        self.glasses(query).await
    }

    /// # Errors
    /// `NotFound`.
    pub async fn break_glass(&self, id: BreakGlassId) -> Result<BreakGlass> {
        let mut query = QueryBuilder::<Postgres>::new(SELECT);
        query.push(" AND g.id = ").push_bind(id.0);
        self.glasses(query).await?.into_iter().next().ok_or(Error::NotFound("break-glass"))
    }

    /// Writes down of each whose time is over that it is, whoever comes by first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn end_expired_break_glasses(&self) -> Result<()> {
        for glass in self.expired_break_glasses().await? {
            let mut change = self.begin().await?;
            if change.end_break_glass(glass.id, "the clock").await? {
                let holdfast = AuditActor::System { name: "holdfast".into() };
                let entry = AuditEntry::done("break_glass.expire", holdfast, "break_glass", glass.id)
                    .because("its time is over")
                    .with(serde_json::json!({ "holder": glass.holder.email }));
                change.commit(entry).await?;
            }
        }
        Ok(())
    }

    /// Those that the clock has ended and of which nobody has written that down.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn expired_break_glasses(&self) -> Result<Vec<BreakGlass>> {
        let mut query = QueryBuilder::<Postgres>::new(SELECT);
        query.push(" AND g.ended_at IS NULL AND g.expires_at <= clock_timestamp() ORDER BY g.id LIMIT 100");
        self.glasses(query).await
    }

    /// What was started under each of these, in the order in which it was requested.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn runs_under(&self, of: &[BreakGlassId]) -> Result<BTreeMap<BreakGlassId, Vec<RunUnder>>> {
        let ids: Vec<Uuid> = of.iter().map(|id| id.0).collect();
        let rows: Vec<(Uuid, Uuid, String, String)> = sqlx::query_as(
            "SELECT break_glass, id, application::text, state FROM runs WHERE break_glass = ANY($1) ORDER BY id",
        )
        .bind(ids)
        .fetch_all(&self.pool)
        .await?;
        let mut under: BTreeMap<BreakGlassId, Vec<RunUnder>> = BTreeMap::new();
        for (glass, run, application, state) in rows {
            let application =
                Name::parse(&application).map_err(|e| Error::Corrupt(format!("run {run}: {e}")))?;
            let state = from_word("run state", &state)?;
            under.entry(BreakGlassId(glass)).or_default().push(RunUnder {
                id: RunId(run),
                application,
                state,
            });
        }
        Ok(under)
    }

    /// The newest first; what was used or withdrawn among them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sealed_codes(&self) -> Result<Vec<SealedCode>> {
        type Row = (Uuid, String, String, Time, Option<String>, Option<Time>, Option<String>, Option<Time>);
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT c.id, c.kept_at, m.email, c.made_at, u.email, c.used_at, w.email, c.withdrawn_at FROM sealed_codes c
             JOIN people m ON m.id = c.made_by LEFT JOIN people u ON u.id = c.used_by LEFT JOIN people w ON w.id = c.withdrawn_by
             ORDER BY c.made_at DESC, c.id LIMIT 200",
        )
        .fetch_all(&self.pool)
        .await?;
        let moment = |at: Option<Time>| at.map(Timestamp::from);
        Ok(rows
            .into_iter()
            .map(|(id, kept_at, made_by, made_at, used_by, used_at, withdrawn_by, withdrawn_at)| SealedCode {
                id,
                kept_at,
                made_by,
                made_at: made_at.into(),
                used: used_by.zip(moment(used_at)),
                withdrawn: withdrawn_by.zip(moment(withdrawn_at)),
            })
            .collect())
    }
}

impl Change {
    /// From now on, by the database's clock, for so many minutes.
    ///
    /// # Errors
    /// `Conflict("break_glasses_one_open")` where the holder has one open already.
    pub async fn open_break_glass(&mut self, new: &NewBreakGlass) -> Result<BreakGlassId> {
        let id = BreakGlassId::fresh();
        sqlx::query(
            "INSERT INTO break_glasses (id, holder, holder_email, reason, incident, minutes, opened_with, sealed_code)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(id.0)
        .bind(new.holder.id.0)
        .bind(&new.holder.email)
        .bind(&new.reason)
        .bind(&new.incident)
        .bind(i16::try_from(new.minutes).unwrap_or(i16::MAX))
        .bind(word(&new.opened_with))
        .bind(new.sealed_code)
        .execute(self.connection())
        .await?;
        self.notify("break_glass").await?;
        Ok(id)
    }

    /// Before its time, or once the clock has ended it. False where somebody was quicker.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn end_break_glass(&mut self, id: BreakGlassId, by: &str) -> Result<bool> {
        let ended = sqlx::query(
            "UPDATE break_glasses SET ended_at = least(clock_timestamp(), expires_at), ended_by = $2
             WHERE id = $1 AND ended_at IS NULL",
        )
        .bind(id.0)
        .bind(by)
        .execute(self.connection())
        .await?;
        self.notify("break_glass").await?;
        Ok(ended.rows_affected() == 1)
    }

    /// False where somebody was quicker, or it has not ended.
    ///
    /// # Errors
    /// `Conflict` where the reviewer is its holder, or a run that was begun under it has not ended.
    pub async fn review_break_glass(&mut self, id: BreakGlassId, by: &Who, words: &str) -> Result<bool> {
        let reviewed = sqlx::query(
            "UPDATE break_glasses SET reviewer = $2, reviewer_email = $3, review = $4, reviewed_at = clock_timestamp()
             WHERE id = $1 AND reviewed_at IS NULL AND ended_at IS NOT NULL",
        )
        .bind(id.0)
        .bind(by.id.0)
        .bind(&by.email)
        .bind(words)
        .execute(self.connection())
        .await?;
        self.notify("break_glass").await?;
        Ok(reviewed.rows_affected() == 1)
    }

    /// # Errors
    /// When the database does not answer.
    pub async fn make_sealed_code(
        &mut self,
        code_hash: &[u8; 32],
        kept_at: &str,
        by: PersonId,
    ) -> Result<Uuid> {
        let id = Uuid::now_v7();
        sqlx::query("INSERT INTO sealed_codes (id, code_hash, kept_at, made_by) VALUES ($1, $2, $3, $4)")
            .bind(id)
            .bind(code_hash.as_slice())
            .bind(kept_at)
            .bind(by.0)
            .execute(self.connection())
            .await?;
        Ok(id)
    }

    /// Uses the code up. `None`: there is none such, or it is good no more.
    ///
    /// # Errors
    /// `Conflict("sealed_codes_not_its_makers")` where this is the person who made it, with whichever account.
    pub async fn use_sealed_code(
        &mut self,
        code_hash: &[u8; 32],
        by: PersonId,
        others: &[PersonId],
    ) -> Result<Option<Uuid>> {
        let own: Vec<Uuid> = others.iter().map(|other| other.0).collect();
        let own: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM sealed_codes WHERE code_hash = $1 AND made_by = ANY($2))",
        )
        .bind(code_hash.as_slice())
        .bind(own)
        .fetch_one(self.connection())
        .await?;
        if own {
            return Err(Error::Conflict("sealed_codes_not_its_makers".into()));
        }
        Ok(sqlx::query_scalar(
            "UPDATE sealed_codes SET used_by = $2, used_at = clock_timestamp()
             WHERE code_hash = $1 AND used_at IS NULL AND withdrawn_at IS NULL RETURNING id",
        )
        .bind(code_hash.as_slice())
        .bind(by.0)
        .fetch_optional(self.connection())
        .await?)
    }

    /// False where there is none such, or it is good no more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn withdraw_sealed_code(&mut self, id: Uuid, by: PersonId) -> Result<bool> {
        let withdrawn = sqlx::query(
            "UPDATE sealed_codes SET withdrawn_by = $2, withdrawn_at = clock_timestamp()
             WHERE id = $1 AND used_at IS NULL AND withdrawn_at IS NULL",
        )
        .bind(id)
        .bind(by.0)
        .execute(self.connection())
        .await?;
        Ok(withdrawn.rows_affected() == 1)
    }
}
