//! Refusals in the audit log: each is an entry, up to as many as tell what somebody tries. Beyond that the log would be
//! theirs to fill.

use crate::store::Store;
use crate::{AuditEntry, Result};

/// Of one person's refusals within `window_seconds`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefusalLimits {
    pub window_seconds: u32,
    /// Of the same action on the same subject for the same reason.
    pub alike: i64,
    /// Of all there are.
    pub all: i64,
}

impl RefusalLimits {
    /// More than any person or pipeline meets who does not try to fill the log.
    pub const OF_CHANGES: Self = Self { window_seconds: 900, alike: 100, all: 1_000 };
    /// A page asks for several things that its reader may not see, and asks again by itself.
    pub const OF_READING: Self = Self { window_seconds: 900, alike: 1, all: 100 };
}

/// Entries of the person that are looked at, so that a long history costs nothing: more than any limit.
const LOOKED_BACK: i64 = 2_000;

impl Store {
    /// The entry of a refusal, unless there are as many already as the limits allow; the last one says that no more follow.
    ///
    /// # Errors
    /// When the entry has no refusal code, or the database does not answer.
    pub async fn refuse_within(&self, mut entry: AuditEntry, limits: RefusalLimits) -> Result<()> {
        let (alike, all): (i64, i64) = sqlx::query_as(
            "SELECT count(*) FILTER (WHERE action = $3 AND subject_kind = $4 AND subject = $5 AND code = $6), count(*)
             FROM (SELECT action, subject_kind, subject, code, outcome, at FROM audit_entries
                   WHERE actor = $1 ORDER BY id DESC LIMIT $2) AS newest
             WHERE outcome = 'refused' AND at > clock_timestamp() - make_interval(secs => $7)",
        )
        .bind(entry.actor.name())
        .bind(LOOKED_BACK)
        .bind(&entry.action)
        .bind(&entry.subject_kind)
        .bind(&entry.subject)
        .bind(&entry.refusal_code)
        .bind(f64::from(limits.window_seconds))
        .fetch_one(&self.pool)
        .await?;
        if alike >= limits.alike || all >= limits.all {
            return Ok(());
        }
        let last = alike + 1 == limits.alike || all + 1 == limits.all;
        if let Some(detail) = entry.detail.as_object_mut().filter(|_| last) {
            detail.insert("no_more_for_seconds".into(), limits.window_seconds.into());
        }
        self.refuse(entry).await.map(|_| ())
    }
}
