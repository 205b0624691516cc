//! Who a browser's session belongs to, and since when. The session's row is the store's; roles and groups are
//! read anew for each request and are not kept here.

use super::problem::{Refused, sessions_unavailable};
use holdfast_domain::PersonId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use tower_sessions::{
    Expiry, Session, SessionManagerLayer, SessionStore,
    cookie::{SameSite, time::Duration},
};

/// `__Host-`: browsers take it only with Secure, with Path=/ and without a domain. They take Secure cookies over
/// plain http from localhost.
pub const COOKIE: &str = "__Host-holdfast";
pub const IDLE_LIMIT: SignedDuration = SignedDuration::from_hours(1);
pub const ABSOLUTE_LIMIT: SignedDuration = SignedDuration::from_hours(12);
/// A session in use is written back at most this often.
const TOUCH_EVERY: SignedDuration = SignedDuration::from_mins(5);
const KEY: &str = "signed_in";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    pub person: PersonId,
    /// When the person signed in to this session; the absolute limit counts from here.
    pub since: Timestamp,
    /// When they last gave their password: fresh identity for five minutes.
    pub proved_at: Timestamp,
    touched_at: Timestamp,
}

impl SignedIn {
    /// Out of what a session holds.
    #[must_use]
    pub fn of(data: &HashMap<String, serde_json::Value>) -> Option<Self> {
        serde_json::from_value(data.get(KEY)?.clone()).ok()
    }
}

/// The layer that reads and sets the cookie.
#[must_use]
pub fn layer<Store: SessionStore>(store: Store) -> SessionManagerLayer<Store> {
    SessionManagerLayer::new(store)
        .with_name(COOKIE)
        .with_secure(true)
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_path("/")
        .with_expiry(Expiry::OnInactivity(Duration::seconds(IDLE_LIMIT.as_secs())))
}

/// Begins a session under a new id: one that was known before signing in is worth nothing afterwards.
///
/// # Errors
/// When the store does not answer.
pub async fn begin(session: &Session, person: PersonId) -> Result<SignedIn, Refused> {
    let now = Timestamp::now();
    let signed_in = SignedIn { person, since: now, proved_at: now, touched_at: now };
    let kept = async {
        session.cycle_id().await?;
        session.insert(KEY, &signed_in).await
    };
    kept.await.map_err(|error| sessions_unavailable(&error.to_string()))?;
    Ok(signed_in)
}

/// Who is signed in, or nobody: also when the session is older than the absolute limit.
///
/// # Errors
/// When the store does not answer.
pub async fn current(session: &Session) -> Result<Option<SignedIn>, Refused> {
    let unavailable = |error: tower_sessions::session::Error| sessions_unavailable(&error.to_string());
    let Some(mut signed_in) = session.get::<SignedIn>(KEY).await.map_err(unavailable)? else {
        return Ok(None);
    };
    let now = Timestamp::now();
    if now.duration_since(signed_in.since) > ABSOLUTE_LIMIT {
        session.flush().await.map_err(unavailable)?;
        return Ok(None);
    }
    if now.duration_since(signed_in.touched_at) > TOUCH_EVERY {
        signed_in.touched_at = now;
        session.insert(KEY, &signed_in).await.map_err(unavailable)?;
    }
    Ok(Some(signed_in))
}

/// # Errors
/// When the store does not answer.
pub async fn end(session: &Session) -> Result<(), Refused> {
    Ok(session.flush().await.map_err(|error| sessions_unavailable(&error.to_string()))?)
}
