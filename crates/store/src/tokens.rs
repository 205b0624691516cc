//! API tokens: a hash of the secret, scopes, and at most ninety days.

use crate::change::Change;
use crate::store::Store;
use crate::wire::{Time, from_words, maybe_time, word};
use crate::{Error, Result};
use holdfast_domain::{Name, PersonId, Reach, Scope};
use jiff::Timestamp;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    pub id: Uuid,
    pub person: PersonId,
    pub label: String,
    /// [`crate::hash_secret`] of what the client will send.
    pub secret_hash: [u8; 32],
    pub scopes: Vec<Scope>,
    /// What it is limited to, beside what its person is.
    pub within: Reach,
    /// At most 90 days.
    pub lives_seconds: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    pub id: Uuid,
    pub person: PersonId,
    pub label: String,
    pub scopes: Vec<Scope>,
    pub within: Reach,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct TokenRow {
    id: Uuid,
    person: Uuid,
    label: String,
    scopes: Vec<String>,
    application: Option<String>,
    tier: Option<i16>,
    team: Option<String>,
    environment: Option<String>,
    created_at: Time,
    expires_at: Time,
    revoked_at: Option<Time>,
    last_used_at: Option<Time>,
}

impl TokenRow {
    fn into_token(self) -> Result<ApiToken> {
        let corrupt = |what: String| Error::Corrupt(format!("token {}: {what}", self.id));
        let name =
            |text: Option<String>| text.map(|text| Name::parse(&text).map_err(|e| corrupt(e.0))).transpose();
        let within = Reach {
            application: name(self.application)?,
            tier: self.tier.map(|t| u8::try_from(t).map_err(|_| corrupt(format!("tier {t}")))).transpose()?,
            team: name(self.team)?,
            environment: name(self.environment)?,
        };
        Ok(ApiToken {
            within,
            id: self.id,
            person: PersonId(self.person),
            label: self.label,
            scopes: from_words("scope", &self.scopes)?,
            created_at: self.created_at.into(),
            expires_at: self.expires_at.into(),
            revoked_at: maybe_time(self.revoked_at),
            last_used_at: maybe_time(self.last_used_at),
        })
    }
}

impl Change {
    /// Answers with when it expires.
    ///
    /// # Errors
    /// `Conflict("api_tokens_at_most_90_days")` when it would live longer.
    pub async fn create_token(&mut self, new: &NewToken) -> Result<Timestamp> {
        let mut scopes: Vec<String> = new.scopes.iter().map(word).collect();
        scopes.sort();
        scopes.dedup();
        let expires_at: Time = sqlx::query_scalar(
            "INSERT INTO api_tokens (id, person, label, secret_hash, scopes, created_at, expires_at,
                                     application, tier, team, environment)
             VALUES ($1, $2, $3, $4, $5, statement_timestamp(), statement_timestamp() + make_interval(secs => $6),
                     $7, $8, $9, $10)
             RETURNING expires_at",
        )
        .bind(new.id)
        .bind(new.person.0)
        .bind(&new.label)
        .bind(new.secret_hash.as_slice())
        .bind(scopes)
        .bind(f64::from(new.lives_seconds))
        .bind(new.within.application.as_ref().map(Name::as_str))
        .bind(new.within.tier.map(i16::from))
        .bind(new.within.team.as_ref().map(Name::as_str))
        .bind(new.within.environment.as_ref().map(Name::as_str))
        .fetch_one(self.connection())
        .await?;
        Ok(expires_at.into())
    }

    /// # Errors
    /// `NotFound` when there is no such token, or it is revoked already.
    pub async fn revoke_token(&mut self, id: Uuid) -> Result<()> {
        let of: Option<Uuid> = sqlx::query_scalar(
            "UPDATE api_tokens SET revoked_at = clock_timestamp() WHERE id = $1 AND revoked_at IS NULL RETURNING person",
        )
        .bind(id)
        .fetch_optional(self.connection())
        .await?;
        let person = PersonId(of.ok_or(Error::NotFound("token"))?);
        // Streams that it opened end with it.
        self.notify(&format!("person:{person}")).await
    }
}

impl Store {
    /// The token that the secret belongs to, if it may be used now: not expired, not revoked, its person
    /// not disabled. Notes the use, at most once a minute.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn usable_token(&self, secret_hash: &[u8; 32]) -> Result<Option<ApiToken>> {
        let row: Option<TokenRow> = sqlx::query_as(
            "SELECT t.id, t.person, t.label, t.scopes, t.application::text, t.tier, t.team::text, t.environment::text,
                    t.created_at, t.expires_at, t.revoked_at, t.last_used_at
             FROM api_tokens t JOIN people p ON p.id = t.person
             WHERE t.secret_hash = $1 AND t.revoked_at IS NULL AND t.expires_at > clock_timestamp()
               AND p.disabled_at IS NULL",
        )
        .bind(secret_hash.as_slice())
        .fetch_optional(&self.pool)
        .await?;
        let Some(token) = row.map(TokenRow::into_token).transpose()? else { return Ok(None) };
        sqlx::query(
            "UPDATE api_tokens SET last_used_at = clock_timestamp()
             WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < clock_timestamp() - interval '1 minute')",
        )
        .bind(token.id)
        .execute(&self.pool)
        .await?;
        Ok(Some(token))
    }

    /// # Errors
    /// `NotFound`; expired and revoked ones are found.
    pub async fn token(&self, id: Uuid) -> Result<ApiToken> {
        self.tokens_where(Some(id), None).await?.into_iter().next().ok_or(Error::NotFound("token"))
    }

    /// Newest first, expired and revoked ones too; of one person, or of everybody.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn tokens(&self, person: Option<PersonId>) -> Result<Vec<ApiToken>> {
        self.tokens_where(None, person).await
    }

    async fn tokens_where(&self, id: Option<Uuid>, person: Option<PersonId>) -> Result<Vec<ApiToken>> {
        let rows: Vec<TokenRow> = sqlx::query_as(
            "SELECT id, person, label, scopes, application::text, tier, team::text, environment::text,
                    created_at, expires_at, revoked_at, last_used_at FROM api_tokens
             WHERE ($1::uuid IS NULL OR id = $1) AND ($2::uuid IS NULL OR person = $2)
             ORDER BY created_at DESC, id",
        )
        .bind(id)
        .bind(person.map(|p| p.0))
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(TokenRow::into_token).collect()
    }
}
