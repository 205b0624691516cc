//! Browser sessions in Postgres. The cookie's value is hashed before it is looked up: whoever reads the table
//! cannot sign in with what stands there.

use super::session::{ABSOLUTE_LIMIT, CodeDue, SignedIn};
use async_trait::async_trait;
use holdfast_store::{Error, SessionOwner, Store, session_id};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use tower_sessions::{
    SessionStore,
    cookie::time::OffsetDateTime,
    session::{Id, Record},
    session_store::{Error as SessionError, Result},
};

/// Draws of an id before something is wrong with the randomness.
const MOST_DRAWS: u8 = 4;

#[derive(Debug, Clone)]
pub struct PostgresSessions {
    store: Store,
}

impl PostgresSessions {
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store }
    }
}

#[async_trait]
impl SessionStore for PostgresSessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let longest = u32::try_from(ABSOLUTE_LIMIT.as_secs()).unwrap_or(u32::MAX);
        for _ in 0..MOST_DRAWS {
            let (data, owner) = (data_of(record)?, owner_of(record));
            let expires_at = by_the_database(record.expiry_date)?;
            let made = self
                .store
                .session_create(&hash(&record.id), owner.as_ref(), &data, expires_at, longest)
                .await;
            if made.map_err(failed)? {
                return Ok(());
            }
            record.id = Id::default();
        }
        Err(SessionError::Backend("no free session id was drawn".to_owned()))
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let (data, owner) = (data_of(record)?, owner_of(record));
        let expires_at = by_the_database(record.expiry_date)?;
        match self.store.session_save(&hash(&record.id), owner.as_ref(), &data, expires_at).await {
            // Signed out elsewhere while this request was under way: it stays signed out.
            Err(Error::NotFound(_)) => Ok(()),
            saved => saved.map_err(failed),
        }
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let Some(session) = self.store.session_load(&hash(id)).await.map_err(failed)? else {
            return Ok(None);
        };
        let data: HashMap<String, serde_json::Value> =
            serde_json::from_value(session.data).map_err(|error| SessionError::Decode(error.to_string()))?;
        let expires_at = by_this_machine(session.expires_at);
        let expiry_date = OffsetDateTime::from_unix_timestamp(expires_at.as_second())
            .map_err(|error| SessionError::Decode(error.to_string()))?;
        Ok(Some(Record { id: *id, data, expiry_date }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.store.session_delete(&hash(id)).await.map_err(failed)
    }
}

fn hash(id: &Id) -> [u8; 32] {
    Sha256::digest(id.to_string().as_bytes()).into()
}

fn data_of(record: &Record) -> Result<serde_json::Value> {
    serde_json::to_value(&record.data).map_err(|error| SessionError::Encode(error.to_string()))
}

/// None while nobody is known to it.
fn owner_of(record: &Record) -> Option<SessionOwner> {
    let signed_in = SignedIn::of(&record.data).map(|signed_in| SessionOwner {
        person: signed_in.person,
        signed_in_at: Some(signed_in.since),
        address: signed_in.from,
        agent: signed_in.agent,
        begun_by: signed_in.begun_by,
    });
    // Who waits for a code gave a password that may be another by the time the code comes.
    let waiting = || {
        CodeDue::of(&record.data).map(|due| SessionOwner {
            person: due.person,
            signed_in_at: None,
            address: String::new(),
            agent: String::new(),
            begun_by: None,
        })
    };
    signed_in.or_else(waiting)
}

/// By what a person is shown it, and not by its secret.
#[must_use]
pub fn shown(id: &Id) -> String {
    session_id(&hash(id))
}

/// The layer reckons by this machine's clock, and a session ends by the database's: what is carried over is how long it has left.
fn by_the_database(at: OffsetDateTime) -> Result<Timestamp> {
    let at = Timestamp::from_second(at.unix_timestamp());
    let at = at.map_err(|error| SessionError::Encode(error.to_string()))?;
    Ok(holdfast_clock::now() + at.duration_since(holdfast_clock::own()))
}

fn by_this_machine(at: Timestamp) -> Timestamp {
    holdfast_clock::own() + at.duration_since(holdfast_clock::now())
}

fn failed(error: Error) -> SessionError {
    SessionError::Backend(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    #[test]
    fn a_session_lasts_as_long_whatever_the_clock_of_the_machine_says() {
        for ahead in [SignedDuration::from_mins(-10), SignedDuration::ZERO, SignedDuration::from_hours(-72)] {
            let (own, database) = (holdfast_clock::own(), holdfast_clock::own() + ahead);
            holdfast_clock::database_said(database);
            let in_an_hour = OffsetDateTime::from_unix_timestamp(own.as_second() + 3_600).unwrap();
            let ends = by_the_database(in_an_hour).unwrap();
            let lasts = ends.duration_since(database).as_secs();
            assert!((3_598..=3_601).contains(&lasts), "{lasts} s where the database is {ahead} ahead");
            let shown = by_this_machine(ends).duration_since(own).as_secs();
            assert!((3_598..=3_602).contains(&shown), "{shown} s");
        }
    }
}
