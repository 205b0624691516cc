//! Proving who one is: the second half of a sign-in, the proof that is asked for again, and the second factor itself. Everything
//! that a person has is asked for each time: a stolen session proves nothing, and neither does a password without the phone.

use crate::App;
use crate::audit::done;
use crate::authority::{Action, fresh, may};
use crate::break_glass::factor_wanted;
use crate::codes::{self, Typed};
use crate::people::{actor, found, locked, own_rights};
use crate::problems::{no_secrets_key, of_store};
use crate::sealing::{Sealing, Unreadable};
use async_trait::async_trait;
use holdfast_api::proofs::{EnrolmentView, FactorsView, Proof, Proofs, Proved, RecoveryCodesView};
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Actor, PersonId};
use holdfast_store::{Change, LoginGate, LoginLimits, Person, TotpFactor};
use serde_json::json;

/// A code that fits and may have been used before.
enum Fitting {
    Totp { step: i64 },
    Recovery { hash: [u8; 32] },
}

impl Fitting {
    /// False: somebody was quicker, or it was used before.
    async fn used_up(&self, change: &mut Change, person: PersonId) -> Answer<bool> {
        match self {
            Self::Totp { step } => change.use_totp_step(person, *step).await,
            Self::Recovery { hash } => change.use_recovery_code(person, hash).await,
        }
        .map_err(of_store)
    }

    fn as_str(&self) -> &'static str {
        match self {
            Self::Totp { .. } => "totp",
            Self::Recovery { .. } => "recovery_code",
        }
    }
}

#[async_trait]
impl Proofs for App {
    async fn finish_sign_in(&self, person: PersonId, code: &str, from: &str) -> Answer<()> {
        let person = self.store.person(person).await.map_err(of_store)?;
        if person.disabled_at.is_some() {
            return Err(wrong_code());
        }
        let fitting = self.fitting(&person, code, from).await?;
        let mut change = self.store.begin().await.map_err(of_store)?;
        if !fitting.used_up(&mut change, person.id).await? {
            return Err(wrong_code());
        }
        change.login_succeeded(&person.email, from).await.map_err(of_store)?;
        change.login_succeeded(&tries_of(&person.email), from).await.map_err(of_store)?;
        let entry = done(&actor(&person, None), "session.sign_in", &format!("person:{}", person.email));
        let detail = json!({ "from": from, "factor": fitting.as_str() });
        change.commit(entry.with(detail)).await.map(|_| ()).map_err(of_store)
    }

    async fn prove(&self, actor: &Actor, proof: Proof, from: &str) -> Answer<Proved> {
        let subject = subject_of(&actor.email);
        may(actor, Action::ProveOneself)?;
        if let Some(answer) = &proof.passkey {
            return self.prove_by_key(actor, answer, from).await;
        }
        let credentials = self.store.credentials(&actor.email).await.map_err(of_store)?;
        // A code alone is no proof: whoever has the session of somebody whom a provider vouches for could have set one up.
        let has_codes = credentials.password_hash.is_some() && self.has_second_factor(actor.person).await?;
        let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let (mut password, mut code) = (None, None);
        if credentials.password_hash.is_some() {
            password = Some(given(proof.password).ok_or_else(|| missing("password", "Type your password."))?);
        }
        if has_codes {
            let shown =
                "Type the code that your authenticator app shows, or one to recover with; or use a passkey.";
            code = Some(given(proof.code).ok_or_else(|| missing("code", shown))?);
        }
        let mut with = Vec::new();
        if let Some(password) = password {
            self.right_password(&actor.email, &password, from).await?;
            with.push("password");
        }
        let mut fitting = None;
        if let Some(code) = code {
            fitting = Some(self.fitting(&credentials.person, &code, from).await?);
        }
        with.extend(fitting.as_ref().map(Fitting::as_str));
        if with.is_empty() {
            return Err(nothing_to_prove_with());
        }
        let mut change = self.store.begin().await.map_err(of_store)?;
        if let Some(fitting) = &fitting {
            if !fitting.used_up(&mut change, actor.person).await? {
                return Err(wrong_code());
            }
            change.login_succeeded(&tries_of(&actor.email), from).await.map_err(of_store)?;
        }
        change.login_succeeded(&actor.email, from).await.map_err(of_store)?;
        let entry = done(actor, "session.prove", &subject).with(json!({ "from": from, "with": with }));
        change.commit(entry).await.map_err(of_store)?;
        Ok(Proved { second_factor: fitting.is_some(), passkey: None })
    }

    async fn factors(&self, actor: &Actor) -> Answer<FactorsView> {
        may(actor, Action::ProveOneself)?;
        let credentials = self.store.credentials(&actor.email).await.map_err(of_store)?;
        let factor = self.store.totp_factor(actor.person).await.map_err(of_store)?;
        let codes_since = factor.as_ref().and_then(|factor| factor.confirmed_at);
        let passkeys = self.store.passkeys(actor.person).await.map_err(of_store)?.len();
        Ok(FactorsView {
            password: credentials.password_hash.is_some(),
            passkeys: u32::try_from(passkeys).unwrap_or(u32::MAX),
            passkeys_not_offered: self.settings.passkeys.as_ref().err().cloned(),
            codes_since,
            codes_begun: factor.is_some() && codes_since.is_none(),
            provider: self.store.has_identity(actor.person).await.map_err(of_store)?,
            recovery_codes_left: self.store.recovery_codes_left(actor.person).await.map_err(of_store)?,
            not_offered: self.settings.sealing.is_none().then(|| no_key().detail),
        })
    }

    async fn begin_codes(&self, actor: &Actor) -> Answer<EnrolmentView> {
        let subject = subject_of(&actor.email);
        self.may_freshly(actor, Action::ManageOwnSignIn).await?;
        if self.confirmed_totp(actor.person).await?.is_some() {
            return Err(there_already());
        }
        self.may_add_a_factor(actor).await?;
        let secret = codes::new_secret();
        let sealed = self.sealing()?.seal(&sealed_as(actor.person), &secret).map_err(defect)?;
        let (letters, uri) =
            codes::to_enrol(&secret, &actor.email).ok_or_else(|| defect("no link to enrol by".to_owned()))?;
        let mut change = self.store.begin().await.map_err(of_store)?;
        if !change.begin_totp(actor.person, &sealed).await.map_err(of_store)? {
            return Err(there_already());
        }
        change.commit(done(actor, "factor.begin", &subject)).await.map_err(of_store)?;
        Ok(EnrolmentView { secret: letters, uri })
    }

    async fn confirm_codes(&self, actor: &Actor, code: &str, from: &str) -> Answer<RecoveryCodesView> {
        let subject = subject_of(&actor.email);
        self.may_freshly(actor, Action::ManageOwnSignIn).await?;
        self.try_code(&actor.email, from).await?;
        let begun = self.store.totp_factor(actor.person).await.map_err(of_store)?;
        let begun = match begun {
            Some(factor) if factor.confirmed_at.is_some() => return Err(there_already()),
            Some(factor) => factor,
            None => return Err(nothing_begun()),
        };
        self.may_add_a_factor(actor).await?;
        let step = self.step(actor.person, &begun, code).await?.ok_or_else(wrong_code)?;
        let (shown, hashes) = recovery_codes(actor.person);
        let mut change = self.store.begin().await.map_err(of_store)?;
        let confirmed = change.confirm_totp(actor.person, &begun.sealed_secret, step).await;
        if !confirmed.map_err(of_store)? {
            return Err(nothing_begun());
        }
        change.replace_recovery_codes(actor.person, &hashes).await.map_err(of_store)?;
        change.login_succeeded(&tries_of(&actor.email), from).await.map_err(of_store)?;
        change
            .commit(done(actor, "factor.add", &subject).with(json!({ "factor": "totp" })))
            .await
            .map_err(of_store)?;
        Ok(RecoveryCodesView { recovery_codes: shown })
    }

    async fn remove_codes(&self, actor: &Actor) -> Answer<()> {
        let subject = subject_of(&actor.email);
        self.may_freshly(actor, Action::ManageOwnSignIn).await?;
        // By the factor itself: whoever has only what it stands beside does not take it away, nor makes codes that stand for it.
        if self.confirmed_totp(actor.person).await?.is_some() && !actor.second_factor {
            return Err(factor_wanted());
        }
        let mut change = self.store.begin().await.map_err(of_store)?;
        if !change.remove_totp(actor.person).await.map_err(of_store)? {
            return Err(none_there());
        }
        change.commit(done(actor, "factor.remove", &subject)).await.map(|_| ()).map_err(of_store)
    }

    async fn new_recovery_codes(&self, actor: &Actor) -> Answer<RecoveryCodesView> {
        let subject = subject_of(&actor.email);
        self.may_freshly(actor, Action::ManageOwnSignIn).await?;
        if !self.has_second_factor(actor.person).await? {
            return Err(none_there());
        }
        if !actor.second_factor {
            return Err(factor_wanted());
        }
        let (shown, hashes) = recovery_codes(actor.person);
        let mut change = self.store.begin().await.map_err(of_store)?;
        change.replace_recovery_codes(actor.person, &hashes).await.map_err(of_store)?;
        change.commit(done(actor, "factor.new_recovery_codes", &subject)).await.map_err(of_store)?;
        Ok(RecoveryCodesView { recovery_codes: shown })
    }

    async fn reset_codes(&self, actor: &Actor, id: &str) -> Answer<()> {
        self.may_freshly(actor, Action::WritePeople).await?;
        let people = self.store.people().await.map_err(of_store)?;
        let person = found(&people, id)?;
        if actor.is_own(person.id) {
            return Err(own_rights());
        }
        self.take_factors(actor, person).await
    }
}

impl App {
    /// [`may`], by somebody who has proved within the last five minutes who they are.
    pub(crate) async fn may_freshly(&self, actor: &Actor, action: Action) -> Answer<()> {
        may(actor, action)?;
        fresh(actor, self.store.now().await.map_err(of_store)?)
    }

    pub(crate) async fn take_factors(&self, actor: &Actor, person: &Person) -> Answer<()> {
        let mut change = self.store.begin().await.map_err(of_store)?;
        if !change.remove_factors(person.id).await.map_err(of_store)? {
            return Err(none_there());
        }
        let entry = done(actor, "factor.reset", &subject_of(&person.email));
        change.commit(entry).await.map(|_| ()).map_err(of_store)
    }

    pub(crate) async fn confirmed_totp(&self, person: PersonId) -> Answer<Option<TotpFactor>> {
        let factor = self.store.totp_factor(person).await.map_err(of_store)?;
        Ok(factor.filter(|factor| factor.confirmed_at.is_some()))
    }

    fn sealing(&self) -> Answer<&Sealing> {
        self.settings.sealing.as_ref().ok_or_else(no_key)
    }

    /// Counts a try at a code before it is looked at; a code that was right takes them back.
    pub(crate) async fn try_code(&self, email: &str, from: &str) -> Answer<()> {
        let gate = self.store.begin_login(&tries_of(email), from, LoginLimits::of_codes()).await;
        match gate.map_err(of_store)? {
            LoginGate::Open => Ok(()),
            LoginGate::Closed { retry_after_seconds } => {
                let locked = locked("code_locked", "wrong codes", retry_after_seconds);
                Err(self.told_locked("session.code", email, from, locked).await?)
            }
        }
    }

    async fn fitting(&self, person: &Person, code: &str, from: &str) -> Answer<Fitting> {
        self.try_code(&person.email, from).await?;
        match codes::typed(code) {
            Some(Typed::Recovery(code)) => {
                Ok(Fitting::Recovery { hash: codes::recovery_hash(&person.id.to_string(), &code) })
            }
            Some(Typed::Totp(code)) => {
                let factor = self.confirmed_totp(person.id).await?.ok_or_else(wrong_code)?;
                let step = self.step(person.id, &factor, &code).await?.ok_or_else(wrong_code)?;
                Ok(Fitting::Totp { step })
            }
            None => Err(wrong_code()),
        }
    }

    /// By the database's clock, which all replicas share.
    async fn step(&self, person: PersonId, factor: &TotpFactor, code: &str) -> Answer<Option<i64>> {
        let secret = self.sealing()?.open(&sealed_as(person), &factor.sealed_secret).map_err(|why| {
            tracing::error!(%person, ?why, "the secret of a second factor cannot be read");
            unreadable(why)
        })?;
        let now = self.store.now().await.map_err(of_store)?;
        Ok(codes::step_of(&secret, code.trim(), now))
    }
}

pub(crate) fn subject_of(email: &str) -> String {
    format!("person:{email}")
}

/// Counted apart from passwords: whoever guesses those must not shut the second door too, nor open it by knowing one.
pub(crate) fn tries_of(email: &str) -> String {
    format!("code {email}")
}

fn sealed_as(person: PersonId) -> String {
    format!("totp of {person}")
}

pub(crate) fn recovery_codes(person: PersonId) -> (Vec<String>, Vec<[u8; 32]>) {
    (0..codes::RECOVERY_CODES).map(|_| codes::new_recovery_code(&person.to_string())).unzip()
}

fn wrong_code() -> Problem {
    Problem::new(
        401,
        "code_refused",
        "The code is not right",
        "It is not the code of now, or it was used already.",
        "A code works once: wait for the next one. Without the app, type one of the codes to recover with.",
    )
}

fn missing(field: &str, way_out: &str) -> Problem {
    let mut problem = Problem::bad_field(field, "is missing", way_out);
    problem.code = "proof_incomplete".to_owned();
    problem
}

fn nothing_to_prove_with() -> Problem {
    Problem::new(
        409,
        "nothing_to_prove_with",
        "Nothing to prove it with here",
        "There is neither a password nor a second factor of yours here.",
        "Sign out and sign in again.",
    )
}

pub(crate) fn only_beside_a_password() -> Problem {
    Problem::new(
        409,
        "no_password",
        "Your provider asks you",
        "You sign in by your identity provider, and a code or a key is asked for beside a password only.",
        "Set up the second factor at the provider; or have an administrator give you a password here.",
    )
}

fn there_already() -> Problem {
    Problem::new(
        409,
        "already_there",
        "There is one already",
        "An authenticator app is set up already.",
        "Remove it first; a new one can then be set up.",
    )
}

fn none_there() -> Problem {
    Problem::new(404, "not_found", "Not found", "There is no second factor.", "Nothing is left to do.")
}

fn nothing_begun() -> Problem {
    Problem::new(
        409,
        "nothing_begun",
        "Nothing to confirm",
        "No authenticator app waits for its first code, or it waited for more than fifteen minutes.",
        "Begin again: a new secret is shown.",
    )
}

fn no_key() -> Problem {
    no_secrets_key("encrypt second factors")
}

fn unreadable(why: Unreadable) -> Problem {
    let detail = match why {
        Unreadable::OtherKey => "The second factor was encrypted with a key that this server does not have.",
        Unreadable::Changed => "What is stored of the second factor is not what was stored.",
    };
    Problem::new(
        503,
        "factor_unreadable",
        "The second factor cannot be checked",
        detail,
        "Give this server the key that the others have (HOLDFAST_SECRETS_KEY). Meanwhile a code to recover with works, and \
         `holdfast admin user reset-factor` takes the factor away.",
    )
}

fn defect(why: String) -> Problem {
    tracing::error!(%why, "a second factor could not be made");
    Problem::new(500, "internal", "Something is wrong inside", "The secret could not be made.", "Try again.")
}
