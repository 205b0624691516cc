//! Who people are at the identity provider. An issuer's subject is one person for good.

use crate::Result;
use crate::change::Change;
use crate::connections::Connection;
use crate::store::Store;
use holdfast_domain::PersonId;
use uuid::Uuid;

impl Store {
    /// Whether the person signs in by an identity provider.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn has_identity(&self, person: PersonId) -> Result<bool> {
        Ok(sqlx::query_scalar("SELECT EXISTS (SELECT FROM provider_identities WHERE person = $1)")
            .bind(person.0)
            .fetch_one(&self.pool)
            .await?)
    }

    /// # Errors
    /// When the database does not answer.
    pub async fn person_of_identity(&self, issuer: &str, subject: &str) -> Result<Option<PersonId>> {
        whose(&mut self.pool.acquire().await?, issuer, subject).await
    }
}

async fn whose(connection: &mut Connection, issuer: &str, subject: &str) -> Result<Option<PersonId>> {
    let person: Option<Uuid> =
        sqlx::query_scalar("SELECT person FROM provider_identities WHERE issuer = $1 AND subject = $2")
            .bind(issuer)
            .bind(subject)
            .fetch_optional(connection)
            .await?;
    Ok(person.map(PersonId))
}

impl Change {
    /// As this change sees it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn person_of_identity(&mut self, issuer: &str, subject: &str) -> Result<Option<PersonId>> {
        whose(self.connection(), issuer, subject).await
    }

    /// # Errors
    /// `Conflict("provider_identities_pkey")` when it is somebody's, `Conflict("provider_identities_one_each")` when the person
    /// has another one there.
    pub async fn add_identity(&mut self, person: PersonId, issuer: &str, subject: &str) -> Result<()> {
        sqlx::query("INSERT INTO provider_identities (issuer, subject, person) VALUES ($1, $2, $3)")
            .bind(issuer)
            .bind(subject)
            .bind(person.0)
            .execute(self.connection())
            .await?;
        Ok(())
    }
}
