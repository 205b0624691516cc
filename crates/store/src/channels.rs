//! How people are reached: their channels. Where one leads is sealed before it comes here, and goes with it.

use crate::change::Change;
use crate::notices::DeliveryState;
use crate::store::Store;
use crate::wire::{Time, from_word, word};
use crate::{Error, Result};
use holdfast_domain::{ChannelKind, PersonId};
use jiff::Timestamp;
use std::fmt;
use uuid::Uuid;

/// More than this nobody needs, and each is a receiver that others are told of.
pub const CHANNELS_AT_MOST: i64 = 20;

#[derive(Clone, PartialEq, Eq)]
pub struct Channel {
    pub id: Uuid,
    pub person: PersonId,
    pub kind: ChannelKind,
    pub name: String,
    /// What lists show of where it leads.
    pub leads_to: String,
    pub sealed: Vec<u8>,
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Channel({} {})", self.kind.as_str(), self.id)
    }
}

/// A channel with what became of the last message through it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelStand {
    pub channel: Channel,
    pub created_at: Timestamp,
    pub last: Option<LastDelivery>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastDelivery {
    pub state: DeliveryState,
    pub at: Timestamp,
    pub error: Option<String>,
}

#[derive(sqlx::FromRow)]
struct ChannelRow {
    id: Uuid,
    person: Uuid,
    kind: String,
    name: String,
    leads_to: String,
    sealed: Vec<u8>,
    created_at: Time,
    last_state: Option<String>,
    last_at: Option<Time>,
    last_error: Option<String>,
}

impl ChannelRow {
    fn into_stand(self) -> Result<ChannelStand> {
        let state = self.last_state.map(|state| from_word("delivery state", &state)).transpose()?;
        let last = state.zip(self.last_at).map(|(state, at)| LastDelivery {
            state,
            at: at.into(),
            error: self.last_error,
        });
        Ok(ChannelStand {
            channel: Channel {
                id: self.id,
                person: PersonId(self.person),
                kind: from_word("kind of channel", &self.kind)?,
                name: self.name,
                leads_to: self.leads_to,
                sealed: self.sealed,
            },
            created_at: self.created_at.into(),
            last,
        })
    }
}

impl Store {
    /// Of these people, or of one channel alone; in the order of their making.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn channels(&self, of: &[PersonId]) -> Result<Vec<ChannelStand>> {
        self.channels_where(of, None).await
    }

    /// `None`: there is none, or it was removed.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn channel(&self, id: Uuid) -> Result<Option<ChannelStand>> {
        Ok(self.channels_where(&[], Some(id)).await?.into_iter().next())
    }

    async fn channels_where(&self, of: &[PersonId], id: Option<Uuid>) -> Result<Vec<ChannelStand>> {
        let people: Vec<Uuid> = of.iter().map(|person| person.0).collect();
        let rows: Vec<ChannelRow> = sqlx::query_as(
            "SELECT c.id, c.person, c.kind, c.name, c.leads_to, c.sealed, c.created_at,
                    d.state AS last_state, coalesce(d.ended_at, d.due_at) AS last_at, d.last_error
             FROM channels c
             LEFT JOIN LATERAL (SELECT state, ended_at, due_at, last_error FROM deliveries
                                WHERE channel = c.id ORDER BY due_at DESC LIMIT 1) d ON true
             WHERE c.removed_at IS NULL AND (c.person = ANY($1) OR c.id = $2) ORDER BY c.created_at, c.id",
        )
        .bind(people)
        .bind(id)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(ChannelRow::into_stand).collect()
    }
}

impl Change {
    /// # Errors
    /// `Conflict("channels_person_fkey")` when there is no such person.
    pub async fn add_channel(&mut self, new: &Channel) -> Result<()> {
        sqlx::query(
            "INSERT INTO channels (id, person, kind, name, leads_to, sealed) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(new.id)
        .bind(new.person.0)
        .bind(word(&new.kind))
        .bind(&new.name)
        .bind(&new.leads_to)
        .bind(&new.sealed)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// What waits to go through it is given up with it.
    ///
    /// # Errors
    /// `NotFound` when the person has no such channel (any more).
    pub async fn remove_channel(&mut self, person: PersonId, id: Uuid) -> Result<()> {
        let removed = sqlx::query(
            "WITH removed AS (UPDATE channels SET removed_at = clock_timestamp(), sealed = NULL
                              WHERE id = $1 AND person = $2 AND removed_at IS NULL RETURNING id),
             given_up AS (UPDATE deliveries d SET state = 'overtaken', ended_at = clock_timestamp(), last_error = 'the channel was removed'
                          FROM removed WHERE d.channel = removed.id AND d.state = 'waiting')
             SELECT id FROM removed",
        )
        .bind(id)
        .bind(person.0)
        .fetch_optional(self.connection())
        .await?;
        removed.map(|_| ()).ok_or(Error::NotFound("channel"))
    }

    /// A message through this channel alone, to see whether it works. False: the person has no such channel, or it was tried
    /// less than ten seconds ago.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn try_channel(
        &mut self,
        person: PersonId,
        id: Uuid,
        message: &serde_json::Value,
    ) -> Result<bool> {
        let tried = sqlx::query(
            "WITH noticed AS (
                 INSERT INTO notices (kind, channel, rounds, due_at)
                 SELECT 'test', c.id, 1, NULL FROM channels c
                 WHERE c.id = $1 AND c.person = $2 AND c.removed_at IS NULL
                   AND NOT EXISTS (SELECT FROM notices n
                                   WHERE n.channel = c.id AND n.at > clock_timestamp() - interval '10 seconds') RETURNING id)
             INSERT INTO deliveries (id, notice, round, person, channel, message, state)
             SELECT $3, id, 1, $2, $1, $4, 'waiting' FROM noticed",
        )
        .bind(id)
        .bind(person.0)
        .bind(Uuid::now_v7())
        .bind(message)
        .execute(self.connection())
        .await?;
        Ok(tried.rows_affected() == 1)
    }
}
