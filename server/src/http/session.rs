//! Who a browser's session belongs to, and since when. The session's row is the store's; roles and groups are
//! read anew for each request and are not kept here.

use super::problem::{Refused, sessions_unavailable};
use holdfast_domain::PersonId;
use holdfast_store::BegunBy;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use tower_sessions::{
    Expiry, Session, SessionManagerLayer, SessionStore,
    cookie::{SameSite, time::Duration},
};
use uuid::Uuid;

/// `__Host-`: browsers take it only with Secure, with Path=/ and without a domain. They take Secure cookies over
/// plain http from localhost.
pub const COOKIE: &str = "__Host-holdfast";
pub const IDLE_LIMIT: SignedDuration = SignedDuration::from_hours(1);
pub const ABSOLUTE_LIMIT: SignedDuration = SignedDuration::from_hours(12);
/// A session in use is written back at most this often.
const TOUCH_EVERY: SignedDuration = SignedDuration::from_mins(5);
const KEY: &str = "signed_in";
const CODE_DUE: &str = "code_due";
/// Between the password and the second factor's code.
const CODE_WITHIN: SignedDuration = SignedDuration::from_mins(5);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    pub person: PersonId,
    /// When the person signed in to this session; the absolute limit counts from here.
    pub since: Timestamp,
    /// When they last proved who they are, by all that is asked of them: fresh identity for five minutes.
    pub proved_at: Timestamp,
    /// A second factor was a part of that proof.
    #[serde(default)]
    pub second_factor: bool,
    /// Which key that was, where it was one.
    #[serde(default)]
    pub passkey: Option<Uuid>,
    touched_at: Timestamp,
    /// The address that the person signed in from.
    #[serde(default)]
    pub from: String,
    /// What the browser called itself.
    #[serde(default)]
    pub agent: String,
    /// The identity provider whose word it began by, and may end by.
    #[serde(default)]
    pub begun_by: Option<BegunBy>,
}

/// When somebody proved who they are, whether by a second factor that was checked here, and by whose word where it was not checked here.
#[derive(Debug, Clone)]
pub struct Proven {
    pub at: Timestamp,
    pub second_factor: bool,
    pub passkey: Option<Uuid>,
    pub by: Option<BegunBy>,
}

/// What somebody signs in from, as they are shown it later.
#[derive(Debug, Clone, Default)]
pub struct Browser {
    pub from: String,
    pub agent: String,
}

/// Whose password was right and whose code has not come yet: nobody so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeDue {
    pub person: PersonId,
    since: Timestamp,
}

impl SignedIn {
    /// Out of what a session holds.
    #[must_use]
    pub fn of(data: &HashMap<String, serde_json::Value>) -> Option<Self> {
        serde_json::from_value(data.get(KEY)?.clone()).ok()
    }
}

impl CodeDue {
    /// Out of what a session holds.
    #[must_use]
    pub fn of(data: &HashMap<String, serde_json::Value>) -> Option<Self> {
        serde_json::from_value(data.get(CODE_DUE)?.clone()).ok()
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
pub async fn begin(
    session: &Session,
    person: PersonId,
    by: Browser,
    proof: Proven,
) -> Result<SignedIn, Refused> {
    let now = holdfast_clock::now();
    let Browser { from, agent } = by;
    let Proven { at: proved_at, second_factor, passkey, by: begun_by } = proof;
    let touched_at = now;
    let signed_in =
        SignedIn { person, since: now, proved_at, second_factor, passkey, touched_at, from, agent, begun_by };
    let kept = async {
        session.cycle_id().await?;
        session.remove::<CodeDue>(CODE_DUE).await?;
        session.insert(KEY, &signed_in).await
    };
    kept.await.map_err(|error| sessions_unavailable(&error.to_string()))?;
    Ok(signed_in)
}

/// The password was right, and a code or a key is asked for. Whoever was signed in here is so no longer.
///
/// # Errors
/// When the store does not answer.
pub async fn await_code(session: &Session, person: PersonId) -> Result<(), Refused> {
    let kept = async {
        session.cycle_id().await?;
        session.remove::<SignedIn>(KEY).await?;
        session.insert(CODE_DUE, CodeDue { person, since: holdfast_clock::now() }).await
    };
    Ok(kept.await.map_err(|error| sessions_unavailable(&error.to_string()))?)
}

/// Whose code or key is waited for, for five minutes.
///
/// # Errors
/// When the store does not answer.
pub async fn code_due(session: &Session) -> Result<Option<PersonId>, Refused> {
    let due = session.get::<CodeDue>(CODE_DUE).await;
    let due = due.map_err(|error| sessions_unavailable(&error.to_string()))?;
    let good = due.filter(|due| holdfast_clock::now().duration_since(due.since) <= CODE_WITHIN);
    Ok(good.map(|due| due.person))
}

/// The person has proved anew who they are, however they came: under a new id, since the old one may be somebody else's too.
///
/// # Errors
/// When the store does not answer.
pub async fn proved(session: &Session, proof: Proven) -> Result<(), Refused> {
    let kept = async {
        let Some(mut signed_in) = session.get::<SignedIn>(KEY).await? else { return Ok(()) };
        signed_in.proved_at = proof.at;
        signed_in.second_factor = proof.second_factor;
        signed_in.passkey = proof.passkey;
        session.cycle_id().await?;
        session.insert(KEY, &signed_in).await
    };
    let kept: Result<(), tower_sessions::session::Error> = kept.await;
    Ok(kept.map_err(|error| sessions_unavailable(&error.to_string()))?)
}

/// The same session under a new id: the old one may be somebody else's too.
///
/// # Errors
/// When the store does not answer.
pub async fn renew(session: &Session) -> Result<(), Refused> {
    Ok(session.cycle_id().await.map_err(|error| sessions_unavailable(&error.to_string()))?)
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
    let now = holdfast_clock::now();
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

/// The session as it still is when a stream was opened with it: looked up anew, and not kept alive by it. `None`: it has ended.
///
/// # Errors
/// When the store does not answer.
pub async fn stands(session: &Session, person: PersonId) -> Result<Option<SignedIn>, Refused> {
    let unavailable = |error: tower_sessions::session::Error| sessions_unavailable(&error.to_string());
    session.load().await.map_err(unavailable)?;
    let signed_in = session.get::<SignedIn>(KEY).await.map_err(unavailable)?;
    Ok(signed_in.filter(|signed_in| {
        signed_in.person == person && holdfast_clock::now().duration_since(signed_in.since) <= ABSOLUTE_LIMIT
    }))
}

/// # Errors
/// When the store does not answer.
pub async fn end(session: &Session) -> Result<(), Refused> {
    Ok(session.flush().await.map_err(|error| sessions_unavailable(&error.to_string()))?)
}
