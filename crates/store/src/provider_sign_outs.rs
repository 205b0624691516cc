//! An identity provider's words to sign somebody out: each is taken once, and ends what that provider began.

use crate::Result;
use crate::change::Change;
use crate::wire::time;
use holdfast_domain::PersonId;
use jiff::Timestamp;
use uuid::Uuid;

/// Whose sessions a provider ends: a person's, or that which it calls so, or that of that person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfProvider<'a> {
    Person(PersonId),
    Session(&'a str),
    SessionOf(PersonId, &'a str),
}

impl Change {
    /// False: it was taken before.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn take_sign_out(&mut self, issuer: &str, word: &str, good_until: Timestamp) -> Result<bool> {
        let taken = sqlx::query(
            "INSERT INTO provider_sign_outs (issuer, word, good_until) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        )
        .bind(issuer)
        .bind(word)
        .bind(time(good_until))
        .execute(self.connection())
        .await?;
        Ok(taken.rows_affected() == 1)
    }

    /// Ends them, and never what somebody began here by a password. Of a session that the provider did not name to us nobody knows
    /// that it is another, so that it ends with the person's. Answers with whose ended, by their addresses, and how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn end_sessions_of_provider(
        &mut self,
        issuer: &str,
        which: &OfProvider<'_>,
    ) -> Result<Vec<(String, i64)>> {
        let (person, session) = match which {
            OfProvider::Person(person) => (Some(person.0), None),
            OfProvider::Session(session) => (None, Some(*session)),
            OfProvider::SessionOf(person, session) => (Some(person.0), Some(*session)),
        };
        let ended: Vec<(Uuid, String, i64)> = sqlx::query_as(
            "WITH gone AS (
                 DELETE FROM sessions WHERE issuer = $1 AND coalesce($2 = person, true)
                   AND coalesce($3 = provider_session, $3 IS NULL OR $2 IS NOT NULL)
                 RETURNING person)
             SELECT p.id, p.email, count(*) FROM gone JOIN people p ON p.id = gone.person GROUP BY p.id ORDER BY p.email",
        )
        .bind(issuer)
        .bind(person)
        .bind(session)
        .fetch_all(self.connection())
        .await?;
        for (person, ..) in &ended {
            self.notify(&format!("person:{person}")).await?;
        }
        Ok(ended.into_iter().map(|(_, email, sessions)| (email, sessions)).collect())
    }
}
