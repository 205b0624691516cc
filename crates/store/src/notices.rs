//! The outbox: what the journals say that people are told of, to whom it goes, and what became of it. The notices
//! themselves are written by the journals (a trigger), in the transaction of what happened; here they are turned into deliveries, once
//! whoever does it, and deliveries are taken in hand, once at a time. A worker that dies leaves nothing behind: its attempt
//! runs out, and the next is made under the same id.

use crate::Result;
use crate::store::Store;
use crate::wire::{Time, from_json, from_word, maybe_time, to_json, word};
use holdfast_domain::{BreakGlassId, ChannelKind, EvacuationId, PersonId, RunId};
use holdfast_failover::notice::Message;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    Waiting,
    Delivered,
    /// Given up.
    Failed,
    /// It had no sense any more, or its channel was removed.
    Overtaken,
    /// The person has none: they were not told.
    NoChannel,
}

impl DeliveryState {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Overtaken => "overtaken",
            Self::NoChannel => "no_channel",
        }
    }
}

/// Whose journal entry, or what, people are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    Run(RunId),
    Evacuation(EvacuationId),
    BreakGlass(BreakGlassId),
    /// Two clocks that are apart.
    ClockAlarm(Uuid),
    /// What a database has lost of a run's journal.
    JournalGap(Uuid),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub id: i64,
    pub of: Of,
    /// Of the journal's entry; 0 of what has no journal.
    pub seq: i64,
    /// How often people were told of it.
    pub rounds: u16,
    /// How often it could not be told, since what it is about cannot be read.
    pub tries: u16,
}

/// One message to one receiver, or to somebody who has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    pub person: PersonId,
    pub channel: Option<Uuid>,
    pub message: Message,
}

/// One attempt, in this worker's hands for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The same for every attempt.
    pub delivery: Uuid,
    /// From 1.
    pub number: u32,
    pub channel: Uuid,
    pub sealed: Vec<u8>,
    pub message: Message,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CameOf {
    Delivered,
    /// Tried again after this long.
    Again {
        why: String,
        after: Duration,
    },
    GivenUp {
        why: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryStand {
    pub id: Uuid,
    pub email: String,
    /// Kind and name; absent where the person has none. Where it leads is its owner's to know.
    pub channel: Option<(ChannelKind, String)>,
    pub message: Message,
    pub round: u16,
    pub state: DeliveryState,
    pub attempts: u32,
    pub last_error: Option<String>,
    /// Of what waits: the next attempt.
    pub due_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct StandRow {
    id: Uuid,
    email: String,
    kind: Option<String>,
    name: Option<String>,
    message: Value,
    round: i16,
    state: String,
    attempts: i32,
    last_error: Option<String>,
    due_at: Time,
    ended_at: Option<Time>,
}

impl StandRow {
    fn into_stand(self) -> Result<DeliveryStand> {
        let channel = match self.kind.zip(self.name) {
            Some((kind, name)) => Some((from_word("kind of channel", &kind)?, name)),
            None => None,
        };
        let id = self.id;
        Ok(DeliveryStand {
            id,
            email: self.email,
            channel,
            message: from_json(|| format!("delivery {id}"), self.message)?,
            round: u16::try_from(self.round).unwrap_or_default(),
            state: from_word("delivery state", &self.state)?,
            attempts: u32::try_from(self.attempts).unwrap_or_default(),
            last_error: self.last_error,
            due_at: self.due_at.into(),
            ended_at: maybe_time(self.ended_at),
        })
    }
}

#[derive(sqlx::FromRow)]
struct DueRow {
    id: i64,
    run: Option<Uuid>,
    evacuation: Option<Uuid>,
    break_glass: Option<Uuid>,
    clock_alarm: Option<Uuid>,
    journal_gap: Option<Uuid>,
    seq: i64,
    rounds: i16,
    tries: i16,
}

impl DueRow {
    fn into_notice(self) -> Option<Notice> {
        let of = self
            .run
            .map(|id| Of::Run(RunId(id)))
            .or(self.evacuation.map(|id| Of::Evacuation(EvacuationId(id))))
            .or(self.break_glass.map(|id| Of::BreakGlass(BreakGlassId(id))))
            .or(self.clock_alarm.map(Of::ClockAlarm))
            .or(self.journal_gap.map(Of::JournalGap))?;
        let small = |number: i16| u16::try_from(number).unwrap_or_default();
        let (rounds, tries) = (small(self.rounds), small(self.tries));
        Some(Notice { id: self.id, of, seq: self.seq, rounds, tries })
    }
}

/// Attempts at a message that cannot be read, before it is given up.
const UNREADABLE_AT_MOST: u32 = 10;

fn small(number: u16) -> i16 {
    i16::try_from(number).unwrap_or(i16::MAX)
}

impl Store {
    /// What is to be told now, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn due_notices(&self, most: u32) -> Result<Vec<Notice>> {
        let rows: Vec<DueRow> = sqlx::query_as(
            "SELECT id, run, evacuation, break_glass, clock_alarm, journal_gap, coalesce(seq, 0) AS seq, rounds, tries
             FROM notices WHERE due_at <= clock_timestamp() AND channel IS NULL ORDER BY due_at LIMIT $1",
        )
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().filter_map(DueRow::into_notice).collect())
    }

    /// Turns a notice into deliveries, unless another worker was quicker; `again` is when it is looked at once more, and
    /// none: it is told of no more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn address(
        &self,
        notice: &Notice,
        deliveries: &[NewDelivery],
        again: Option<Duration>,
    ) -> Result<bool> {
        let ids: Vec<Uuid> = deliveries.iter().map(|_| Uuid::now_v7()).collect();
        let people: Vec<Uuid> = deliveries.iter().map(|d| d.person.0).collect();
        let channels: Vec<Option<Uuid>> = deliveries.iter().map(|d| d.channel).collect();
        let messages = deliveries.iter().map(|d| to_json(&d.message)).collect::<Result<Vec<Value>>>()?;
        let addressed: i64 = sqlx::query_scalar(
            "WITH mine AS (
                 UPDATE notices SET rounds = rounds + 1, due_at = clock_timestamp() + make_interval(secs => $3)
                 WHERE id = $1 AND rounds = $2 AND due_at IS NOT NULL RETURNING id, rounds),
             told AS (
                 INSERT INTO deliveries (id, notice, round, person, channel, message, state, ended_at)
                 SELECT d.id, mine.id, mine.rounds, d.person, d.channel, d.message,
                        CASE WHEN d.channel IS NULL THEN 'no_channel' ELSE 'waiting' END,
                        CASE WHEN d.channel IS NULL THEN clock_timestamp() END
                 FROM mine, unnest($4::uuid[], $5::uuid[], $6::uuid[], $7::jsonb[]) AS d(id, person, channel, message)
                 ON CONFLICT ON CONSTRAINT deliveries_once DO NOTHING)
             SELECT count(*) FROM mine",
        )
        .bind(notice.id)
        .bind(small(notice.rounds))
        .bind(again.map(|after| after.as_secs_f64()))
        .bind(ids)
        .bind(people)
        .bind(channels)
        .bind(messages)
        .fetch_one(&self.pool)
        .await?;
        Ok(addressed == 1)
    }

    /// Looks at a notice again after this long: now it could not be told. `tried`: what it is about cannot be read, which is counted.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn postpone(&self, notice: &Notice, after: Duration, tried: bool) -> Result<()> {
        sqlx::query(
            "UPDATE notices SET due_at = clock_timestamp() + make_interval(secs => $3), tries = tries + $4::integer
             WHERE id = $1 AND rounds = $2 AND due_at IS NOT NULL",
        )
        .bind(notice.id)
        .bind(small(notice.rounds))
        .bind(after.as_secs_f64())
        .bind(i32::from(tried))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// What rang for this thread, or may have, so that it can be told that it is over; and what still waits to ring does not.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn overtake(&self, of: Of, before_seq: i64) -> Result<Vec<(PersonId, Uuid)>> {
        let (run, evacuation) = ids(of);
        sqlx::query(
            "UPDATE deliveries d SET state = 'overtaken', ended_at = clock_timestamp()
             FROM notices n
             WHERE n.id = d.notice AND (n.run = $1 OR n.evacuation = $2) AND n.seq < $3 AND d.state = 'waiting'
               AND d.message ->> 'signal' = 'ask'",
        )
        .bind(run)
        .bind(evacuation)
        .bind(before_seq)
        .execute(&self.pool)
        .await?;
        let rang: Vec<(Uuid, Uuid)> = sqlx::query_as(
            "SELECT DISTINCT d.person, d.channel
             FROM deliveries d JOIN notices n ON n.id = d.notice JOIN channels c ON c.id = d.channel
             WHERE (n.run = $1 OR n.evacuation = $2) AND n.seq < $3 AND d.attempts > 0 AND c.kind = $4
               AND c.removed_at IS NULL AND d.message ->> 'signal' = 'ask'",
        )
        .bind(run)
        .bind(evacuation)
        .bind(before_seq)
        .bind(word(&ChannelKind::PagerDuty))
        .fetch_all(&self.pool)
        .await?;
        Ok(rang.into_iter().map(|(person, channel)| (PersonId(person), channel)).collect())
    }

    /// Takes what is due in hand: at most one to a channel at a time, so that a receiver that does not answer holds one
    /// place: what asks somebody before what only tells, and of the channels those first that failed least.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take_deliveries(&self, most: u32, within: Duration) -> Result<Vec<Attempt>> {
        let rows: Vec<(Uuid, i32, Uuid, Vec<u8>, Value)> = sqlx::query_as(
            "WITH firsts AS (
                 SELECT DISTINCT ON (d.channel) d.id, d.attempts, d.due_at
                 FROM deliveries d JOIN channels c ON c.id = d.channel AND c.sealed IS NOT NULL
                 WHERE d.state = 'waiting' AND d.due_at <= clock_timestamp()
                   AND NOT EXISTS (SELECT FROM deliveries o WHERE o.channel = d.channel AND o.taken_until > clock_timestamp())
                 ORDER BY d.channel, (d.message ->> 'signal' = 'ask') DESC, d.due_at, d.id),
             chosen AS (
                 SELECT d.id FROM deliveries d JOIN firsts USING (id)
                 WHERE d.state = 'waiting' AND (d.taken_until IS NULL OR d.taken_until <= clock_timestamp())
                 ORDER BY firsts.attempts, firsts.due_at LIMIT $1 FOR UPDATE OF d SKIP LOCKED)
             UPDATE deliveries d SET attempts = d.attempts + 1, taken_until = clock_timestamp() + make_interval(secs => $2)
             FROM chosen, channels c
             WHERE d.id = chosen.id AND c.id = d.channel AND c.sealed IS NOT NULL
             RETURNING d.id, d.attempts, d.channel, c.sealed, d.message",
        )
        .bind(i64::from(most))
        .bind(within.as_secs_f64())
        .fetch_all(&self.pool)
        .await?;
        let (mut attempts, mut unreadable) = (Vec::new(), Vec::new());
        for (delivery, number, channel, sealed, message) in rows {
            let number = u32::try_from(number).unwrap_or_default();
            match readable(from_json(|| format!("delivery {delivery}"), message)) {
                Some(message) => attempts.push(Attempt { delivery, number, channel, sealed, message }),
                // It stays taken for a while, for a version that can read it, and holds up none of the others.
                None if number < UNREADABLE_AT_MOST => {}
                None => unreadable.push(delivery),
            }
        }
        if !unreadable.is_empty() {
            sqlx::query(
                "UPDATE deliveries SET state = 'failed', ended_at = clock_timestamp(), taken_until = NULL,
                        last_error = 'its message cannot be read'
                 WHERE id = ANY($1) AND state = 'waiting'",
            )
            .bind(unreadable)
            .execute(&self.pool)
            .await?;
        }
        Ok(attempts)
    }

    /// Writes down what came of an attempt; false where another has been made since, whose outcome counts.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn settle_delivery(&self, attempt: &Attempt, came_of: &CameOf) -> Result<bool> {
        let (state, why, after) = match came_of {
            CameOf::Delivered => (DeliveryState::Delivered, None, None),
            CameOf::Again { why, after } => {
                (DeliveryState::Waiting, Some(why.as_str()), Some(after.as_secs_f64()))
            }
            CameOf::GivenUp { why } => (DeliveryState::Failed, Some(why.as_str()), None),
        };
        let settled = sqlx::query(
            "UPDATE deliveries
             SET state = $3, last_error = $4, taken_until = NULL,
                 due_at = coalesce(clock_timestamp() + make_interval(secs => $5), due_at),
                 ended_at = CASE WHEN $3 <> 'waiting' THEN clock_timestamp() END
             WHERE id = $1 AND attempts = $2 AND state = 'waiting'",
        )
        .bind(attempt.delivery)
        .bind(i32::try_from(attempt.number).unwrap_or(i32::MAX))
        .bind(word(&state))
        .bind(why)
        .bind(after)
        .execute(&self.pool)
        .await?;
        Ok(settled.rows_affected() == 1)
    }

    /// Who was told of a run or an evacuation, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn deliveries(&self, of: Of, most: u32) -> Result<Vec<DeliveryStand>> {
        let (run, evacuation) = ids(of);
        let rows: Vec<StandRow> = sqlx::query_as(
            "SELECT d.id, p.email, c.kind, c.name, d.message, d.round, d.state, d.attempts, d.last_error,
                    d.due_at, d.ended_at
             FROM deliveries d JOIN notices n ON n.id = d.notice JOIN people p ON p.id = d.person
             LEFT JOIN channels c ON c.id = d.channel
             WHERE n.run = $1 OR n.evacuation = $2 OR n.journal_gap IN (SELECT id FROM journal_gaps WHERE run = $1)
             ORDER BY n.id DESC, d.round DESC, p.email, d.id LIMIT $3",
        )
        .bind(run)
        .bind(evacuation)
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().filter_map(|row| readable(row.into_stand())).collect())
    }
}

fn readable<T>(read: Result<T>) -> Option<T> {
    read.inspect_err(|error| tracing::error!(%error, "what somebody is told cannot be read")).ok()
}

/// Of the two that have a journal: nothing that was told of the others is overtaken.
fn ids(of: Of) -> (Option<Uuid>, Option<Uuid>) {
    match of {
        Of::Run(id) => (Some(id.0), None),
        Of::Evacuation(id) => (None, Some(id.0)),
        Of::BreakGlass(_) | Of::ClockAlarm(_) | Of::JournalGap(_) => (None, None),
    }
}
