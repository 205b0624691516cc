//! People and their sign-in.

use crate::App;
use crate::audit::done;
use crate::authority::{Action, may};
use crate::problems::of_store;
use crate::secrets::{NOBODY, password_is, token_hash};
use async_trait::async_trait;
use holdfast_api::people::{AddPerson, ChangePerson, People, PersonView};
use holdfast_api::proofs::{Admitted, Proofs as _};
use holdfast_api::{Answer, IfMatch, Problem, version};
use holdfast_domain::{Actor, Due, HeldRole, Name, PersonId, Reach, Role};
use holdfast_store::{AuditActor, AuditEntry, LoginGate, LoginLimits, NewPerson, Person};
use jiff::Timestamp;

/// For how long a password that an admin chose lets somebody in, to choose their own.
const TEMPORARY_HOURS: u32 = 72;
const TEMPORARY_SECONDS: u32 = TEMPORARY_HOURS * 3_600;

fn wrong_password() -> Problem {
    Problem::new(
        401,
        "sign_in_refused",
        "Not signed in",
        "The address or the password is not right.",
        "Try again; an admin can set a new password with `holdfast admin user create`.",
    )
}

fn sign_in_needed() -> Problem {
    Problem::new(
        401,
        "sign_in_needed",
        "Sign in first",
        "The session has ended, or the token is not valid (any more).",
        "Sign in, or make a new token.",
    )
}

#[async_trait]
impl People for App {
    async fn sign_in(&self, email: &str, password: &str, code: Option<&str>, from: &str) -> Answer<Admitted> {
        let email = email.trim().to_lowercase();
        // Tries are counted by this text, and those of codes by one with a space in it: nobody's codes are shut that way.
        if email.contains(char::is_whitespace) {
            return Err(wrong_password());
        }
        let person = self.right_password(&email, password, from).await?;
        if !self.has_second_factor(person.id).await? {
            self.signed_in(&person, from).await?;
            return Ok(Admitted::Whole(person.id));
        }
        let Some(code) = code.map(str::trim).filter(|code| !code.is_empty()) else {
            return Ok(Admitted::CodeDue(person.id));
        };
        self.finish_sign_in(person.id, code, from).await?;
        Ok(Admitted::WithCode(person.id))
    }

    async fn actor_of_session(
        &self,
        person: PersonId,
        identity_proved_at: Option<Timestamp>,
    ) -> Answer<Actor> {
        match self.store.person(person).await {
            Ok(person) if person.disabled_at.is_none() => {
                Ok(Actor { due: self.due(&person), ..actor(&person, identity_proved_at) })
            }
            Ok(_) | Err(holdfast_store::Error::NotFound(_)) => Err(sign_in_needed()),
            Err(error) => Err(of_store(error)),
        }
    }

    async fn actor_of_token(&self, token: &str) -> Answer<Actor> {
        let hash = token_hash(token).ok_or_else(sign_in_needed)?;
        // Neither revoked nor expired, of a person who is not disabled.
        let stored = self.store.usable_token(&hash).await.map_err(of_store)?.ok_or_else(sign_in_needed)?;
        let person = self.store.person(stored.person).await.map_err(of_store)?;
        let mut actor = actor(&person, None);
        actor.token = Some(stored.id);
        actor.token_scopes = Some(stored.scopes);
        actor.token_within = stored.within;
        Ok(actor)
    }

    async fn sign_out(&self, actor: &Actor) -> Answer<()> {
        let entry = done(actor, "session.sign_out", &format!("person:{}", actor.email));
        self.store.audit(entry).await.map(|_| ()).map_err(of_store)
    }

    async fn people(&self, actor: &Actor) -> Answer<Vec<PersonView>> {
        may(actor, Action::ReadPeople)?;
        let people = self.store.people().await.map_err(of_store)?;
        Ok(people.into_iter().map(|p| person_view(&p)).collect())
    }

    async fn person(&self, actor: &Actor, id: &str) -> Answer<PersonView> {
        may(actor, Action::ReadPeople)?;
        let people = self.store.people().await.map_err(of_store)?;
        found(&people, id).map(person_view)
    }

    async fn add_person(&self, actor: &Actor, new: AddPerson) -> Answer<PersonView> {
        let email = email_address(&new.email)?;
        let subject = format!("person:{email}");
        self.may_freshly(actor, Action::WritePeople).await?;
        at_least_one(&new.roles)?;
        let (roles, scoped_roles) = apart(&new.roles);
        let password_hash = match new.password {
            Some(password) => Some(self.hashed("password", password, &email).await?),
            None => None,
        };
        let person = NewPerson {
            id: PersonId::fresh(),
            email: email.clone(),
            display_name: email.clone(),
            password_hash,
            roles,
            scoped_roles,
            groups: group_names(&new.groups)?,
        };
        let mut change = self.store.begin().await.map_err(of_store)?;
        let people = change.load_people_for_edit().await.map_err(of_store)?;
        if people.iter().any(|p| p.email == email) {
            return Err(Problem::new(
                409,
                "already_there",
                "There is one already",
                format!("{email} is somebody's address already."),
                "Change that person instead.",
            ));
        }
        change.create_person(&person).await.map_err(of_store)?;
        if person.password_hash.is_some() {
            change.make_password_temporary(person.id, TEMPORARY_SECONDS).await.map_err(of_store)?;
        }
        let detail = serde_json::json!({ "roles": new.roles, "groups": person.groups });
        change.commit(done(actor, "person.add", &subject).with(detail)).await.map_err(of_store)?;
        self.person(actor, &email).await
    }

    async fn change_person(
        &self,
        actor: &Actor,
        id: &str,
        wanted: ChangePerson,
        if_match: &IfMatch,
    ) -> Answer<PersonView> {
        self.may_freshly(actor, Action::WritePeople).await?;
        wanted.roles.as_deref().map(at_least_one).transpose()?;
        let groups = wanted.groups.as_deref().map(group_names).transpose()?;
        let password = match wanted.password {
            Some(password) => {
                let people = self.store.people().await.map_err(of_store)?;
                Some(self.hashed("password", password, &found(&people, id)?.email).await?)
            }
            None => None,
        };
        let mut change = self.store.begin().await.map_err(of_store)?;
        let people = change.load_people_for_edit().await.map_err(of_store)?;
        let person = found(&people, id)?;
        if_match.check(&[version::of_person(&person_view(person))])?;
        let subject = format!("person:{}", person.email);
        let of_own_rights = wanted.roles.is_some()
            || groups.is_some()
            || wanted.disabled.is_some_and(|to| to != person.disabled_at.is_some())
            || wanted.same_person_as.is_some();
        if actor.is_own(person.id) && of_own_rights {
            return Err(own_rights());
        }
        if actor.is_own(person.id) && password.is_some() {
            return Err(own_password());
        }
        if let Some(roles) = &wanted.roles {
            let (roles, scoped) = apart(roles);
            change.set_roles(person.id, &roles).await.map_err(of_store)?;
            change.set_scoped_roles(person.id, &scoped).await.map_err(of_store)?;
        }
        if let Some(groups) = &groups {
            change.set_groups(person.id, groups).await.map_err(of_store)?;
        }
        if let Some(hash) = &password {
            change.set_password_hash(person.id, hash, None).await.map_err(of_store)?;
            change.make_password_temporary(person.id, TEMPORARY_SECONDS).await.map_err(of_store)?;
        }
        match wanted.same_person_as.as_deref().map(str::trim) {
            Some("") => change.set_apart(person.id).await.map_err(of_store)?,
            Some(other) => {
                let other = other_account(&people, person, other)?;
                change.make_one(person.id, other.id).await.map_err(of_store)?;
            }
            None => {}
        }
        match wanted.disabled {
            Some(true) => change.disable_person(person.id).await.map_err(of_store)?,
            Some(false) => change.enable_person(person.id).await.map_err(of_store)?,
            None => {}
        }
        let detail = serde_json::json!({
            "roles": wanted.roles, "groups": groups, "disabled": wanted.disabled, "password_changed": password.is_some(),
            "same_person_as": wanted.same_person_as,
        });
        change.commit(done(actor, "person.put", &subject).with(detail)).await.map_err(of_store)?;
        self.person(actor, &person.email).await
    }
}

impl App {
    /// What the person has to do before anything else.
    fn due(&self, person: &Person) -> Option<Due> {
        if person.temporary_password_until.is_some() {
            return Some(Due::OwnPassword);
        }
        let asked = held_roles(person).any(|held| self.settings.second_factor_for.contains(&held.role));
        // Of whoever signs in by a provider alone, it is the provider that asks.
        (asked && person.has_password && !person.has_second_factor).then_some(Due::SecondFactor)
    }

    /// Whose password it is. The try is counted before the password is looked at, and taken back once the person has proved
    /// all that is asked of them.
    ///
    /// # Errors
    /// 401; 429 after too many; 403 where its time is over.
    pub(crate) async fn right_password(&self, email: &str, password: &str, from: &str) -> Answer<Person> {
        let gate = self.store.begin_login(email, from, LoginLimits::default()).await.map_err(of_store)?;
        if let LoginGate::Closed { retry_after_seconds } = gate {
            let locked = locked("sign_in_locked", "wrong passwords", retry_after_seconds);
            return Err(self.told_locked("session.sign_in", email, from, locked).await?);
        }
        let person = match self.store.credentials(email).await {
            Ok(credentials) => Some(credentials),
            Err(holdfast_store::Error::NotFound(_)) => None,
            Err(error) => return Err(of_store(error)),
        };
        let stored =
            person.as_ref().and_then(|c| c.password_hash.clone()).unwrap_or_else(|| NOBODY.to_owned());
        let typed = password.to_owned();
        let right = tokio::task::spawn_blocking(move || password_is(&typed, &stored)).await.unwrap_or(false);
        match person.map(|c| c.person) {
            Some(person) if right && person.disabled_at.is_none() => self.in_time(person, from).await,
            // Counted, not written one by one: strangers must not be able to fill the log.
            _ => Err(wrong_password()),
        }
    }

    /// A password that somebody else chose lets nobody in after its time.
    async fn in_time(&self, person: Person, from: &str) -> Answer<Person> {
        let Some(until) = person.temporary_password_until else { return Ok(person) };
        if self.store.now().await.map_err(of_store)? < until {
            return Ok(person);
        }
        Err(self.told_locked("session.sign_in", &person.email, from, expired(until)).await?)
    }

    /// By the password alone.
    async fn signed_in(&self, person: &Person, from: &str) -> Answer<()> {
        let mut change = self.store.begin().await.map_err(of_store)?;
        change.login_succeeded(&person.email, from).await.map_err(of_store)?;
        let entry = done(&actor(person, None), "session.sign_in", &format!("person:{}", person.email));
        change.commit(entry.with(serde_json::json!({ "from": from }))).await.map(|_| ()).map_err(of_store)
    }

    /// Writes down that a door is shut, once and not for every knock.
    pub(crate) async fn told_locked(
        &self,
        action: &str,
        email: &str,
        from: &str,
        locked: Problem,
    ) -> Answer<Problem> {
        let stranger = AuditActor::Nobody { name: from.to_owned() };
        // Typed by a stranger: no longer than an address can be.
        let typed: String = email.chars().take(254).collect();
        let entry = AuditEntry::refused(action, stranger, "person", typed, &locked.code)
            .because(locked.detail.clone());
        self.store.login_locked(entry, LoginLimits::default()).await.map_err(of_store)?;
        Ok(locked)
    }
}

fn expired(until: Timestamp) -> Problem {
    Problem::new(
        403,
        "password_expired",
        "Not signed in",
        format!(
            "The password that an administrator chose for you was good for {TEMPORARY_HOURS} hours, until {until:.0}."
        ),
        "Ask an administrator for a new one (People, or `holdfast person change`), and sign in with it in time.",
    )
}

pub(crate) fn locked(code: &str, what: &str, retry_after_seconds: u32) -> Problem {
    let mut locked = Problem::new(
        429,
        code,
        &format!("Too many {what}"),
        format!("There were too many {what} for this address or from this place."),
        format!("Wait {} minutes.", retry_after_seconds.div_ceil(60)),
    );
    locked.retry_after_seconds = Some(retry_after_seconds);
    locked
}

/// With nothing due: that is asked of whoever opens a session.
pub(crate) fn actor(person: &Person, identity_proved_at: Option<Timestamp>) -> Actor {
    Actor {
        person: person.id,
        email: person.email.clone(),
        others: person.others.iter().map(|other| other.id).collect(),
        roles: person.roles.clone(),
        scoped_roles: person.scoped_roles.clone(),
        groups: person.groups.clone(),
        token: None,
        token_scopes: None,
        token_within: Reach::default(),
        identity_proved_at,
        // Whoever opens the door knows with what it was proved.
        second_factor: false,
        passkey: None,
        due: None,
        sent: None,
        request: None,
        over: None,
    }
}

pub(crate) fn person_view(person: &Person) -> PersonView {
    PersonView {
        id: person.id.to_string(),
        email: person.email.clone(),
        roles: held_roles(person).map(|held| held.to_string()).collect(),
        groups: person.groups.iter().map(ToString::to_string).collect(),
        disabled: person.disabled_at.is_some(),
        temporary_password_until: person.temporary_password_until,
        other_accounts: person.others.iter().map(|other| other.email.clone()).collect(),
    }
}

/// Over everything first.
pub(crate) fn held_roles(person: &Person) -> impl Iterator<Item = HeldRole> {
    person.roles.iter().copied().map(HeldRole::from).chain(person.scoped_roles.iter().cloned())
}

/// Those over everything, and those that end somewhere. What a role over everything covers is no role of its own.
pub(crate) fn apart(roles: &[HeldRole]) -> (Vec<Role>, Vec<HeldRole>) {
    let everywhere: Vec<Role> =
        roles.iter().filter(|held| !held.is_limited()).map(|held| held.role).collect();
    let mut scoped: Vec<HeldRole> =
        roles.iter().filter(|held| held.is_limited() && !everywhere.contains(&held.role)).cloned().collect();
    scoped.sort();
    scoped.dedup();
    (everywhere, scoped)
}

/// The account that this one is to be known as the same person's as.
fn other_account<'a>(people: &'a [Person], person: &Person, other: &str) -> Answer<&'a Person> {
    let wanted = other.to_lowercase();
    let way_out =
        "Name another account of theirs by its e-mail address, or leave it empty for an account of its own.";
    match people.iter().find(|p| p.id.to_string() == wanted || p.email == wanted) {
        Some(other) if other.id != person.id => Ok(other),
        Some(_) => Err(Problem::bad_field("same_person_as", "is this very account", way_out)),
        None => Err(Problem::bad_field("same_person_as", "is nobody's address here", way_out)),
    }
}

/// By id or e-mail address.
pub(crate) fn found<'a>(people: &'a [Person], id: &str) -> Answer<&'a Person> {
    let wanted = id.trim().to_lowercase();
    people
        .iter()
        .find(|p| p.id.to_string() == wanted || p.email == wanted)
        .ok_or_else(|| Problem::not_found("person", &id.chars().take(254).collect::<String>()))
}

pub(crate) fn own_rights() -> Problem {
    Problem::new(
        403,
        "own_rights",
        "Not one's own",
        "Nobody changes their own roles or groups, or shuts themselves out, with whichever of their accounts.",
        "Ask another admin, or use `holdfast admin` on the server's machine.",
    )
}

/// One's own is one's own choice: it is asked for by the present one, and stays.
fn own_password() -> Problem {
    Problem::new(
        403,
        "own_password",
        "Not this way",
        "Nobody gives themselves a password here: one's own is changed by the present one.",
        "Change it on the page of your sign-in (/me), or with `holdfast password`.",
    )
}

/// # Errors
/// 422: who has no role can sign in and do nothing.
fn at_least_one(roles: &[HeldRole]) -> Answer<()> {
    if roles.is_empty() {
        return Err(Problem::bad_field(
            "roles",
            "is empty: the person could do nothing",
            "Name at least one role; `viewer` only reads.",
        ));
    }
    Ok(())
}

/// Lower case.
///
/// # Errors
/// 422 when it is none.
pub(crate) fn email_address(text: &str) -> Answer<String> {
    let email = text.trim().to_lowercase();
    let two =
        email.split('@').filter(|part| !part.is_empty()).count() == 2 && email.matches('@').count() == 1;
    if !two || email.len() > 254 || email.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(Problem::bad_field("email", "is not an e-mail address", "Write it as name@example.com."));
    }
    Ok(email)
}

/// # Errors
/// 422 that names the group.
pub(crate) fn group_names(texts: &[String]) -> Answer<Vec<Name>> {
    texts
        .iter()
        .map(|g| Name::parse(g).map_err(|e| Problem::bad_field("group", e.to_string(), "Rename the group.")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_in_lower_case_and_nonsense_is_none() {
        assert_eq!(email_address(" A@Example.com "), Ok("a@example.com".into()));
        for bad in ["", "@", "a@", "@b", "a b@c", "a@b@c", "a\0@b", &format!("{}@b", "x".repeat(300))] {
            assert_eq!(email_address(bad).map_err(|p| p.status), Err(422), "{bad:?}");
        }
    }
}
