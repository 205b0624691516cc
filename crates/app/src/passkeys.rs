//! Keys as second factors: registered, named, removed, and asked for. What a key is asked is kept by the store under the session
//! that it was asked in, is taken by whatever answers first, and ends after five minutes by the database's clock (decision 40).

mod problems;

use crate::App;
use crate::audit::done;
use crate::authority::{Action, may};
use crate::break_glass::factor_wanted;
use crate::free_text::free_text;
use crate::people::{actor, found, locked, own_rights};
use crate::problems::of_store;
use crate::proofs::{only_beside_a_password, recovery_codes, subject_of, tries_of};
use crate::webauthn::{Question, RelyingParty};
use async_trait::async_trait;
use holdfast_api::evacuations::Evacuations as _;
use holdfast_api::passkeys::{
    AddPasskey, AddedPasskeyView, FactorsDue, PasskeyAnswer, PasskeyChallengeView, PasskeyView, Passkeys,
};
use holdfast_api::proofs::Proved;
use holdfast_api::runs::Runs as _;
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Actor, PersonId};
use holdfast_store::{
    Asked, AuditActor, AuditEntry, Challenge, ChallengePurpose, KeyState, LoginGate, LoginLimits, NewPasskey,
    Passkey, Person,
};
use problems::{
    WENT_BACK, defect, for_something_else, key_refused, no_such_key, none_there, not_offered, nothing_asked,
    refused, there_already, too_many,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// A phone, a key on the ring and one in the safe, several times over.
const KEYS_AT_MOST: usize = 20;
const NAME_AT_MOST: usize = 100;
/// Of a page's path that is kept with a challenge.
const PAGE_AT_MOST: usize = 300;

/// A key of the person's that has answered what it was asked.
struct Fitting {
    id: Uuid,
    said: KeyState,
    act: Option<Value>,
}

#[async_trait]
impl Passkeys for App {
    async fn passkeys(&self, actor: &Actor) -> Answer<Vec<PasskeyView>> {
        may(actor, Action::ManageOwnSignIn)?;
        self.key_views(actor.person).await
    }

    async fn begin_passkey(&self, actor: &Actor, session: &str) -> Answer<PasskeyChallengeView> {
        self.may_freshly(actor, Action::ManageOwnSignIn).await?;
        let party = self.relying_party()?;
        self.may_add_a_factor(actor).await?;
        let known = self.store.passkeys(actor.person).await.map_err(of_store)?;
        if known.len() >= KEYS_AT_MOST {
            return Err(too_many());
        }
        let known = credentials(&known);
        let question = party.ask_to_register(actor.person, &actor.email, &known).map_err(defect)?;
        let asked = Asked { session, purpose: ChallengePurpose::Register, person: actor.person };
        self.keep_question(asked, question, None).await
    }

    async fn add_passkey(
        &self,
        actor: &Actor,
        new: AddPasskey,
        session: &str,
        from: &str,
    ) -> Answer<AddedPasskeyView> {
        self.may_freshly(actor, Action::ManageOwnSignIn).await?;
        let name = named(&new.name)?;
        let party = self.relying_party()?;
        self.may_add_a_factor(actor).await?;
        self.try_code(&actor.email, from).await?;
        let asked = Asked { session, purpose: ChallengePurpose::Register, person: actor.person };
        let Challenge { state, .. } = self.taken(asked).await?;
        let registered = party.registered(state, &new.answer).map_err(refused)?;
        let first = !self.has_second_factor(actor.person).await?;
        let (shown, hashes) = if first { recovery_codes(actor.person) } else { (Vec::new(), Vec::new()) };
        let key = NewPasskey {
            id: Uuid::now_v7(),
            person: actor.person,
            name,
            credential_id: registered.credential_id,
            state: registered.state,
        };
        let mut change = self.store.begin().await.map_err(of_store)?;
        if !change.add_passkey(&key).await.map_err(of_store)? {
            return Err(there_already());
        }
        if first {
            change.replace_recovery_codes(actor.person, &hashes).await.map_err(of_store)?;
        }
        change.login_succeeded(&tries_of(&actor.email), from).await.map_err(of_store)?;
        let detail = json!({ "factor": "passkey", "passkey": key.id, "name": key.name,
            "backed_up": key.state.backed_up, "recovery_codes": first });
        let entry = done(actor, "passkey.add", &subject_of(&actor.email));
        change.commit(entry.with(detail)).await.map_err(of_store)?;
        let passkey = self.key_view(actor.person, key.id).await?;
        Ok(AddedPasskeyView { passkey, recovery_codes: shown })
    }

    async fn rename_passkey(&self, actor: &Actor, id: Uuid, name: &str) -> Answer<PasskeyView> {
        self.may_freshly(actor, Action::ManageOwnSignIn).await?;
        let name = named(name)?;
        let mut change = self.store.begin().await.map_err(of_store)?;
        if !change.rename_passkey(actor.person, id, &name).await.map_err(of_store)? {
            return Err(no_such_key(id));
        }
        let entry = done(actor, "passkey.rename", &subject_of(&actor.email));
        change.commit(entry.with(json!({ "passkey": id, "name": name }))).await.map_err(of_store)?;
        self.key_view(actor.person, id).await
    }

    async fn remove_passkey(&self, actor: &Actor, id: Uuid) -> Answer<()> {
        self.may_freshly(actor, Action::ManageOwnSignIn).await?;
        let own = self.key_view(actor.person, id).await?;
        // As with the app: whoever has only what it stands beside does not take it away.
        if !actor.second_factor {
            return Err(factor_wanted());
        }
        self.take_key(actor, actor.person, &actor.email, own.id).await
    }

    async fn passkeys_of(&self, actor: &Actor, person: &str) -> Answer<Vec<PasskeyView>> {
        may(actor, Action::ReadPeople)?;
        let people = self.store.people().await.map_err(of_store)?;
        self.key_views(found(&people, person)?.id).await
    }

    async fn remove_passkey_of(&self, actor: &Actor, person: &str, id: Uuid) -> Answer<()> {
        self.may_freshly(actor, Action::WritePeople).await?;
        let people = self.store.people().await.map_err(of_store)?;
        let person = found(&people, person)?;
        if actor.is_own(person.id) {
            return Err(own_rights());
        }
        self.take_key(actor, person.id, &person.email, id).await
    }

    async fn factors_due(&self, person: PersonId) -> Answer<FactorsDue> {
        Ok(FactorsDue {
            codes: self.confirmed_totp(person).await?.is_some(),
            passkeys: self.settings.passkeys.is_ok()
                && self.store.has_passkeys(person).await.map_err(of_store)?,
        })
    }

    async fn challenge_sign_in(
        &self,
        person: PersonId,
        session: &str,
        from: &str,
    ) -> Answer<PasskeyChallengeView> {
        let person = self.store.person(person).await.map_err(of_store)?;
        if person.disabled_at.is_some() {
            return Err(key_refused());
        }
        self.ask(&person, ChallengePurpose::SignIn, None, session, from).await
    }

    async fn finish_sign_in_by_passkey(
        &self,
        person: PersonId,
        answer: PasskeyAnswer,
        from: &str,
    ) -> Answer<Uuid> {
        let person = self.store.person(person).await.map_err(of_store)?;
        if person.disabled_at.is_some() {
            return Err(key_refused());
        }
        let fitting = match self.fitting_key(&person, ChallengePurpose::SignIn, &answer, from).await {
            // Nobody is signed in who would answer for it, and it is no mere guess: the key's own secret made it.
            Err(problem) if problem.code == WENT_BACK => {
                return Err(self.told_went_back(&person, from, problem).await?);
            }
            fitting => fitting?,
        };
        let mut change = self.store.begin().await.map_err(of_store)?;
        if !change.use_passkey(person.id, fitting.id, &fitting.said).await.map_err(of_store)? {
            return Err(key_refused());
        }
        for tries in [person.email.clone(), tries_of(&person.email), challenges_of(&person.email)] {
            change.login_succeeded(&tries, from).await.map_err(of_store)?;
        }
        let entry = done(&actor(&person, None), "session.sign_in", &subject_of(&person.email));
        let detail = json!({ "from": from, "factor": "passkey", "passkey": fitting.id });
        change.commit(entry.with(detail)).await.map_err(of_store)?;
        Ok(fitting.id)
    }

    async fn challenge_proof(
        &self,
        actor: &Actor,
        page: Option<&str>,
        session: &str,
        from: &str,
    ) -> Answer<PasskeyChallengeView> {
        may(actor, Action::ProveOneself)?;
        let person = self.with_a_password(actor).await?;
        let act = match page {
            Some(page) => Some(self.act(actor, page).await),
            None => None,
        };
        self.ask(&person, ChallengePurpose::Prove, act, session, from).await
    }
}

impl App {
    /// A proof by a key alone: it has made sure of its holder, so that it is two things at once.
    pub(crate) async fn prove_by_key(
        &self,
        actor: &Actor,
        answer: &PasskeyAnswer,
        from: &str,
    ) -> Answer<Proved> {
        let person = self.with_a_password(actor).await?;
        let fitting = self.fitting_key(&person, ChallengePurpose::Prove, answer, from).await?;
        let page = fitting.act.as_ref().and_then(|act| act["page"].as_str());
        if page != answer.page.as_deref().map(cut).as_deref() {
            return Err(for_something_else());
        }
        let mut change = self.store.begin().await.map_err(of_store)?;
        if !change.use_passkey(actor.person, fitting.id, &fitting.said).await.map_err(of_store)? {
            return Err(key_refused());
        }
        for tries in [tries_of(&actor.email), challenges_of(&actor.email)] {
            change.login_succeeded(&tries, from).await.map_err(of_store)?;
        }
        let detail = json!({ "from": from, "with": ["passkey"], "passkey": fitting.id, "for": fitting.act });
        let entry = done(actor, "session.prove", &subject_of(&actor.email));
        change.commit(entry.with(detail)).await.map_err(of_store)?;
        Ok(Proved { second_factor: true, passkey: Some(fitting.id) })
    }

    /// An authenticator app, or a key.
    pub(crate) async fn has_second_factor(&self, person: PersonId) -> Answer<bool> {
        Ok(self.confirmed_totp(person).await?.is_some()
            || self.store.has_passkeys(person).await.map_err(of_store)?)
    }

    /// Beside a password only; and where there is a factor already, by whoever has just given it: the provider's word, or a
    /// session that was left open, makes nobody a second one.
    pub(crate) async fn may_add_a_factor(&self, actor: &Actor) -> Answer<()> {
        self.with_a_password(actor).await?;
        if self.has_second_factor(actor.person).await? && !actor.second_factor {
            return Err(factor_wanted());
        }
        Ok(())
    }

    /// A factor alone is no proof of somebody whom a provider vouches for: whoever has their session could have set it up.
    async fn with_a_password(&self, actor: &Actor) -> Answer<Person> {
        let credentials = self.store.credentials(&actor.email).await.map_err(of_store)?;
        if credentials.password_hash.is_none() {
            return Err(only_beside_a_password());
        }
        Ok(credentials.person)
    }

    fn relying_party(&self) -> Answer<&RelyingParty> {
        self.settings.passkeys.as_ref().map_err(|why| not_offered(why))
    }

    async fn key_views(&self, person: PersonId) -> Answer<Vec<PasskeyView>> {
        Ok(self.store.passkeys(person).await.map_err(of_store)?.into_iter().map(view).collect())
    }

    async fn key_view(&self, person: PersonId, id: Uuid) -> Answer<PasskeyView> {
        let keys = self.key_views(person).await?;
        keys.into_iter().find(|key| key.id == id).ok_or_else(|| no_such_key(id))
    }

    async fn take_key(&self, by: &Actor, person: PersonId, email: &str, id: Uuid) -> Answer<()> {
        let mut change = self.store.begin().await.map_err(of_store)?;
        let removed = change.remove_passkey(person, id).await.map_err(of_store)?;
        let name = removed.ok_or_else(|| no_such_key(id))?;
        let entry = done(by, "passkey.remove", &subject_of(email));
        change.commit(entry.with(json!({ "passkey": id, "name": name }))).await.map(drop).map_err(of_store)
    }

    /// Any of the person's keys, whichever is at hand. Asking is counted, more loosely than answering.
    async fn ask(
        &self,
        person: &Person,
        purpose: ChallengePurpose,
        act: Option<Value>,
        session: &str,
        from: &str,
    ) -> Answer<PasskeyChallengeView> {
        let party = self.relying_party()?;
        let keys = self.store.passkeys(person.id).await.map_err(of_store)?;
        if keys.is_empty() {
            return Err(none_there());
        }
        let tries = challenges_of(&person.email);
        let gate = self.store.begin_login(&tries, from, LoginLimits::of_challenges()).await;
        if let LoginGate::Closed { retry_after_seconds } = gate.map_err(of_store)? {
            let locked = locked("challenge_locked", "challenges without an answer", retry_after_seconds);
            return Err(self.told_locked("session.challenge", &person.email, from, locked).await?);
        }
        let question = party.ask(&credentials(&keys)).map_err(defect)?;
        self.keep_question(Asked { session, purpose, person: person.id }, question, act).await
    }

    async fn keep_question(
        &self,
        asked: Asked<'_>,
        Question { asked: public_key, state }: Question,
        act: Option<Value>,
    ) -> Answer<PasskeyChallengeView> {
        self.store.keep_challenge(asked, &Challenge { act, state }).await.map_err(of_store)?;
        Ok(PasskeyChallengeView { public_key })
    }

    async fn taken(&self, asked: Asked<'_>) -> Answer<Challenge> {
        self.store.take_challenge(asked).await.map_err(of_store)?.ok_or_else(nothing_asked)
    }

    /// Counted before it is looked at, as a code is. The challenge is used up whatever comes of it.
    async fn fitting_key(
        &self,
        person: &Person,
        purpose: ChallengePurpose,
        answer: &PasskeyAnswer,
        from: &str,
    ) -> Answer<Fitting> {
        let party = self.relying_party()?;
        self.try_code(&person.email, from).await?;
        let asked = Asked { session: &answer.session, purpose, person: person.id };
        let Challenge { state, act } = self.taken(asked).await?;
        let keys = self.store.passkeys(person.id).await.map_err(of_store)?;
        let (which, said) = party.answered(state, &answer.answer, &credentials(&keys)).map_err(refused)?;
        let key = keys.get(which).ok_or_else(key_refused)?;
        if said.backed_up != key.backed_up {
            tracing::info!(person = %person.email, key = %key.id, backed_up = said.backed_up, "a passkey is kept elsewhere too, or no more");
        }
        Ok(Fitting { id: key.id, said, act })
    }

    async fn told_went_back(&self, person: &Person, from: &str, problem: Problem) -> Answer<Problem> {
        let stranger = AuditActor::Nobody { name: from.to_owned() };
        let entry = AuditEntry::refused("session.sign_in", stranger, "person", &person.email, &problem.code)
            .because(problem.detail.clone());
        self.store.refuse(entry).await.map_err(of_store)?;
        Ok(problem)
    }

    /// What a page is about, as it stands here when the key is asked: a key shows its holder nothing of it.
    async fn act(&self, actor: &Actor, page: &str) -> Value {
        let path = page.split(['?', '#']).next().unwrap_or_default();
        let mut parts = path.trim_start_matches('/').split('/');
        let digest = match (parts.next(), parts.next()) {
            (Some("runs"), Some(id)) => match id.parse() {
                Ok(id) => self.run(actor, id).await.ok().map(|run| run.plan_digest),
                Err(_) => None,
            },
            (Some("evacuations"), Some(id)) => match id.parse() {
                Ok(id) => self.evacuation(actor, id).await.ok().map(|lot| lot.plan_digest),
                Err(_) => None,
            },
            _ => None,
        };
        json!({ "page": cut(page), "plan_digest": digest })
    }
}

fn cut(page: &str) -> String {
    page.chars().filter(|c| !c.is_control()).take(PAGE_AT_MOST).collect()
}

fn credentials(keys: &[Passkey]) -> Vec<Value> {
    keys.iter().map(|key| key.credential.clone()).collect()
}

fn view(key: Passkey) -> PasskeyView {
    let Passkey { id, name, backed_up, added_at, last_used_at, credential: _ } = key;
    PasskeyView { id, name, added_at, last_used_at, backed_up }
}

/// Counted apart from the answers; with a space, so that it is nobody's address.
fn challenges_of(email: &str) -> String {
    format!("challenge {email}")
}

fn named(name: &str) -> Answer<String> {
    let name = free_text("name", Some(name), NAME_AT_MOST)?;
    name.ok_or_else(|| {
        Problem::bad_field("name", "is missing", "Say which key it is, such as `the blue one on my ring`.")
    })
}
