//! People: who they are, what roles and groups they have. How they prove it lies beside, as a hash.

use crate::change::Change;
use crate::connections::Connection;
use crate::store::Store;
use crate::wire::{Time, from_words, maybe_time, word};
use crate::{Error, Result};
use holdfast_domain::{HeldRole, Name, PersonId, Role};
use holdfast_failover::run::Who;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::fmt;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: PersonId,
    /// Lower case.
    pub email: String,
    pub display_name: String,
    /// Over everything.
    pub roles: Vec<Role>,
    /// Over some applications only.
    pub scoped_roles: Vec<HeldRole>,
    pub groups: Vec<Name>,
    pub created_at: Timestamp,
    pub disabled_at: Option<Timestamp>,
    /// Until when a password that somebody else chose lets them in, to choose their own; `None`: it is their own, or there is none.
    pub temporary_password_until: Option<Timestamp>,
    pub has_password: bool,
    /// An authenticator app that was confirmed, or a key.
    pub has_second_factor: bool,
    /// The other accounts that are known as the same person's.
    pub others: Vec<Who>,
}

/// `password_hash` is an argon2id hash in its text form.
#[derive(Clone, PartialEq, Eq)]
pub struct NewPerson {
    pub id: PersonId,
    pub email: String,
    pub display_name: String,
    pub password_hash: Option<String>,
    pub roles: Vec<Role>,
    pub scoped_roles: Vec<HeldRole>,
    /// Made if need be.
    pub groups: Vec<Name>,
}

impl fmt::Debug for NewPerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewPerson").field("id", &self.id).field("email", &self.email).finish_non_exhaustive()
    }
}

/// A person with what their password is checked against.
#[derive(Clone)]
pub struct Credentials {
    pub person: Person,
    pub password_hash: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("person", &self.person).finish_non_exhaustive()
    }
}

#[derive(sqlx::FromRow)]
pub(crate) struct PersonRow {
    id: Uuid,
    email: String,
    display_name: String,
    password_hash: Option<String>,
    roles: Vec<String>,
    /// As [`HeldRole`] writes them.
    scoped_roles: Vec<String>,
    groups: Vec<String>,
    created_at: Time,
    disabled_at: Option<Time>,
    password_temporary_until: Option<Time>,
    has_second_factor: bool,
    others: Vec<Uuid>,
    other_emails: Vec<String>,
}

impl PersonRow {
    pub(crate) fn into_credentials(self) -> Result<Credentials> {
        let scoped = self.scoped_roles.iter().map(|text| {
            text.parse().map_err(|e: holdfast_domain::Invalid| Error::Corrupt(format!("a scoped role: {e}")))
        });
        let groups = self.groups.iter().map(|g| Name::parse(g).map_err(|e| Error::Corrupt(e.0)));
        let others = self.others.into_iter().zip(self.other_emails);
        Ok(Credentials {
            person: Person {
                id: PersonId(self.id),
                email: self.email,
                display_name: self.display_name,
                roles: from_words("role", &self.roles)?,
                scoped_roles: scoped.collect::<Result<_>>()?,
                groups: groups.collect::<Result<_>>()?,
                created_at: self.created_at.into(),
                disabled_at: maybe_time(self.disabled_at),
                temporary_password_until: maybe_time(self.password_temporary_until),
                has_password: self.password_hash.is_some(),
                has_second_factor: self.has_second_factor,
                others: others.map(|(id, email)| Who { id: PersonId(id), email }).collect(),
            },
            password_hash: self.password_hash,
        })
    }
}

/// `id` and `email`: either, or neither for everybody.
async fn select_people(
    connection: &mut Connection,
    id: Option<PersonId>,
    email: Option<&str>,
) -> Result<Vec<Credentials>> {
    let rows: Vec<PersonRow> = sqlx::query_as(
        "SELECT p.id, p.email, p.display_name, p.password_hash, p.roles, p.created_at, p.disabled_at, p.password_temporary_until,
                EXISTS (SELECT FROM totp_factors t WHERE t.person = p.id AND t.confirmed_at IS NOT NULL)
                    OR EXISTS (SELECT FROM passkeys k WHERE k.person = p.id) AS has_second_factor,
                ARRAY(SELECT s.role || ':' || concat_ws(',', 'application=' || s.application, 'tier=' || s.tier,
                                                        'team=' || s.team, 'environment=' || s.environment)
                      FROM scoped_roles s WHERE s.person = p.id ORDER BY 1) AS scoped_roles,
                ARRAY(SELECT g.group_name::text FROM person_groups g JOIN groups ON groups.name = g.group_name
                      WHERE g.person = p.id AND groups.archived_at IS NULL ORDER BY g.group_name) AS groups,
                ARRAY(SELECT o.id FROM people o WHERE coalesce(o.one_with, o.id) = coalesce(p.one_with, p.id) AND o.id <> p.id
                      ORDER BY o.email) AS others,
                ARRAY(SELECT o.email FROM people o WHERE coalesce(o.one_with, o.id) = coalesce(p.one_with, p.id) AND o.id <> p.id
                      ORDER BY o.email) AS other_emails
         FROM people p
         WHERE ($1::uuid IS NULL OR p.id = $1) AND ($2::text IS NULL OR p.email = $2)
         ORDER BY p.email",
    )
    .bind(id.map(|id| id.0))
    .bind(email.map(str::to_ascii_lowercase))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(PersonRow::into_credentials).collect()
}

/// Two edits of people at once would each be made from what the other replaces.
const EDIT_LOCK: i64 = 0x686f_6c64_7065_6f70;

impl Store {
    async fn select_people(&self, id: Option<PersonId>, email: Option<&str>) -> Result<Vec<Credentials>> {
        select_people(&mut self.pool.acquire().await?, id, email).await
    }

    /// In the order of their e-mail addresses, disabled ones too.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn people(&self) -> Result<Vec<Person>> {
        Ok(self.select_people(None, None).await?.into_iter().map(|c| c.person).collect())
    }

    /// # Errors
    /// `NotFound`; a disabled person is found.
    pub async fn person(&self, id: PersonId) -> Result<Person> {
        self.select_people(Some(id), None)
            .await?
            .into_iter()
            .next()
            .map(|c| c.person)
            .ok_or(Error::NotFound("person"))
    }

    /// # Errors
    /// `NotFound`; a disabled person is found.
    pub async fn person_by_email(&self, email: &str) -> Result<Person> {
        Ok(self.credentials(email).await?.person)
    }

    /// For signing in. Whoever calls it makes the same effort when nobody is found.
    ///
    /// # Errors
    /// `NotFound`; a disabled person is found.
    pub async fn credentials(&self, email: &str) -> Result<Credentials> {
        self.select_people(None, Some(email)).await?.into_iter().next().ok_or(Error::NotFound("person"))
    }
}

impl Change {
    /// Everybody as they stand, held against every other edit of people until this change ends.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn load_people_for_edit(&mut self) -> Result<Vec<Person>> {
        sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(EDIT_LOCK).execute(self.connection()).await?;
        Ok(select_people(self.connection(), None, None).await?.into_iter().map(|c| c.person).collect())
    }

    /// # Errors
    /// `Conflict("people_email_key")` when the address is taken.
    pub async fn create_person(&mut self, new: &NewPerson) -> Result<()> {
        sqlx::query(
            "INSERT INTO people (id, email, display_name, password_hash, roles) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(new.id.0)
        .bind(new.email.to_ascii_lowercase())
        .bind(&new.display_name)
        .bind(&new.password_hash)
        .bind(words(&new.roles))
        .execute(self.connection())
        .await?;
        self.put_scoped_roles_of(new.id, &new.scoped_roles).await?;
        self.put_groups_of(new.id, &new.groups).await
    }

    /// Takes effect at once: every session sees it at its next request. Whoever loses a role is signed out everywhere.
    ///
    /// # Errors
    /// `NotFound` when there is no such person.
    pub async fn set_roles(&mut self, person: PersonId, roles: &[Role]) -> Result<()> {
        let had: Option<Vec<String>> =
            sqlx::query_scalar("SELECT roles FROM people WHERE id = $1 FOR UPDATE")
                .bind(person.0)
                .fetch_optional(self.connection())
                .await?;
        let (had, roles) = (had.ok_or(Error::NotFound("person"))?, words(roles));
        sqlx::query("UPDATE people SET roles = $2 WHERE id = $1")
            .bind(person.0)
            .bind(&roles)
            .execute(self.connection())
            .await?;
        if had.iter().any(|role| !roles.contains(role)) {
            self.end_sessions(person, None).await?;
            return Ok(());
        }
        self.notify(&format!("person:{person}")).await
    }

    /// Replaces the person's roles over some applications only. As with [`Change::set_roles`], whoever loses one is signed out
    /// everywhere.
    ///
    /// # Errors
    /// When there is no such person.
    pub async fn set_scoped_roles(&mut self, person: PersonId, roles: &[HeldRole]) -> Result<()> {
        let had = select_people(self.connection(), Some(person), None).await?.into_iter().next();
        let had = had.ok_or(Error::NotFound("person"))?.person.scoped_roles;
        sqlx::query("DELETE FROM scoped_roles WHERE person = $1")
            .bind(person.0)
            .execute(self.connection())
            .await?;
        self.put_scoped_roles_of(person, roles).await?;
        if had.iter().any(|role| !roles.contains(role)) {
            self.end_sessions(person, None).await?;
            return Ok(());
        }
        self.notify(&format!("person:{person}")).await
    }

    async fn put_scoped_roles_of(&mut self, person: PersonId, roles: &[HeldRole]) -> Result<()> {
        let rows: Vec<Value> = roles
            .iter()
            .map(|HeldRole { role, reach }| {
                json!({
                    "role": word(role), "application": reach.application, "tier": reach.tier,
                    "team": reach.team, "environment": reach.environment,
                })
            })
            .collect();
        sqlx::query(
            "INSERT INTO scoped_roles (person, role, application, tier, team, environment)
             SELECT DISTINCT $1::uuid, role, application, tier, team, environment FROM jsonb_to_recordset($2)
                  AS r(role text, application text, tier smallint, team text, environment text)",
        )
        .bind(person.0)
        .bind(Value::Array(rows))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Replaces the person's groups, making those that do not exist.
    ///
    /// # Errors
    /// When there is no such person.
    pub async fn set_groups(&mut self, person: PersonId, groups: &[Name]) -> Result<()> {
        sqlx::query("DELETE FROM person_groups WHERE person = $1")
            .bind(person.0)
            .execute(self.connection())
            .await?;
        self.put_groups_of(person, groups).await?;
        self.notify(&format!("person:{person}")).await
    }

    async fn put_groups_of(&mut self, person: PersonId, groups: &[Name]) -> Result<()> {
        let names: Vec<String> = groups.iter().map(ToString::to_string).collect();
        self.make_missing_groups(names.clone()).await?;
        sqlx::query("INSERT INTO person_groups (person, group_name) SELECT DISTINCT $1::uuid, name FROM unnest($2::text[]) AS g(name)")
            .bind(person.0)
            .bind(names)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// One of their own choice, for good. Ends every session of the person, `but` that one. How many ended.
    ///
    /// # Errors
    /// `NotFound` when there is no such person.
    pub async fn set_password_hash(
        &mut self,
        person: PersonId,
        password_hash: &str,
        but: Option<&str>,
    ) -> Result<u64> {
        let set = sqlx::query(
            "UPDATE people SET password_hash = $2, password_temporary_until = NULL WHERE id = $1",
        )
        .bind(person.0)
        .bind(password_hash);
        found(set.execute(self.connection()).await?.rows_affected())?;
        self.end_sessions(person, but).await
    }

    /// The password that they have now was somebody else's choice: it lets them in for so long, to choose their own.
    ///
    /// # Errors
    /// `NotFound` when there is no such person.
    pub async fn make_password_temporary(&mut self, person: PersonId, seconds: u32) -> Result<()> {
        let set = sqlx::query(
            "UPDATE people SET password_temporary_until = clock_timestamp() + make_interval(secs => $2) WHERE id = $1",
        )
        .bind(person.0)
        .bind(f64::from(seconds));
        found(set.execute(self.connection()).await?.rows_affected())
    }

    /// Ends every session and revokes every token of the person.
    ///
    /// # Errors
    /// `NotFound` when there is no such person.
    pub async fn disable_person(&mut self, person: PersonId) -> Result<()> {
        let set = sqlx::query(
            "UPDATE people SET disabled_at = coalesce(disabled_at, clock_timestamp()) WHERE id = $1",
        )
        .bind(person.0);
        found(set.execute(self.connection()).await?.rows_affected())?;
        sqlx::query(
            "UPDATE api_tokens SET revoked_at = clock_timestamp() WHERE person = $1 AND revoked_at IS NULL",
        )
        .bind(person.0)
        .execute(self.connection())
        .await?;
        self.end_sessions(person, None).await.map(|_| ())
    }

    /// From now on both accounts, with all that each was one with, are known as one person's.
    ///
    /// # Errors
    /// When there is no such person.
    pub async fn make_one(&mut self, person: PersonId, other: PersonId) -> Result<()> {
        sqlx::query(
            "UPDATE people SET one_with = nullif(first.id, people.id)
             FROM (SELECT coalesce(one_with, id) AS id FROM people WHERE id = $2) AS first
             WHERE coalesce(people.one_with, people.id) IN (SELECT coalesce(one_with, id) FROM people WHERE id = $1)",
        )
        .bind(person.0)
        .bind(other.0)
        .execute(self.connection())
        .await?;
        self.notify(&format!("person:{person}")).await
    }

    /// From now on the account is nobody else's; those that it was one with stay one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn set_apart(&mut self, person: PersonId) -> Result<()> {
        sqlx::query(
            "UPDATE people SET one_with = nullif(first.id, people.id)
             FROM (SELECT id FROM people WHERE one_with = $1 ORDER BY id LIMIT 1) AS first WHERE one_with = $1",
        )
        .bind(person.0)
        .execute(self.connection())
        .await?;
        sqlx::query("UPDATE people SET one_with = NULL WHERE id = $1")
            .bind(person.0)
            .execute(self.connection())
            .await?;
        self.notify(&format!("person:{person}")).await
    }

    /// # Errors
    /// `NotFound` when there is no such person.
    pub async fn enable_person(&mut self, person: PersonId) -> Result<()> {
        let set = sqlx::query("UPDATE people SET disabled_at = NULL WHERE id = $1").bind(person.0);
        found(set.execute(self.connection()).await?.rows_affected())
    }
}

fn words(roles: &[Role]) -> Vec<String> {
    let mut words: Vec<String> = roles.iter().map(word).collect();
    words.sort();
    words.dedup();
    words
}

fn found(rows: u64) -> Result<()> {
    if rows == 0 { Err(Error::NotFound("person")) } else { Ok(()) }
}
