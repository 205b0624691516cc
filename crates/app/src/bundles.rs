//! The bundle for where no server is: what goes into it, whether there is one that is fresh, and who has a code for it.

mod hand_in;

use crate::App;
use crate::audit::done;
use crate::authority::{Action, may};
use crate::break_glass::factor_wanted;
use crate::codes::new_offline_code;
use crate::problems::{as_refusal, no_secrets_key, of_refusal, of_store};
use crate::runs::sent::overrides_needed;
use crate::runs::who;
use async_trait::async_trait;
use holdfast_api::bundles::{
    BundlePlaceView, BundleView, Bundles, HandInJournal, HandedInView, NewOfflineCodeView, OfflineCodeView,
};
use holdfast_api::runs::RequestRun;
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Actor, Application, Name, Role};
use holdfast_failover::break_glass::{factor_stands, opened_with};
use holdfast_failover::movement::Mode;
use holdfast_offline::Key;
use holdfast_offline::bundle::{
    Contents, Draft, Endpoints, Holder, OfApplication, OfferedPlan, Overridable, STALE_AFTER, new_salt,
};
use holdfast_store::{Error, OfflineKey, PlanVersion};
use jiff::Timestamp;
use uuid::Uuid;

#[async_trait]
impl Bundles for App {
    async fn bundle(&self, actor: &Actor) -> Answer<BundleView> {
        may(actor, Action::ReadStatus)?;
        let now = self.store.now().await.map_err(of_store)?;
        let age = |at: Timestamp| now.duration_since(at).as_secs_f64().max(0.0);
        let stale = |at: Option<Timestamp>| at.is_none_or(|at| now.duration_since(at) > STALE_AFTER);
        let newest = self.store.newest_bundle_made().await.map_err(of_store)?;
        let made_at = newest.as_ref().map(|newest| newest.made_at);
        let places = self.store.bundle_places().await.map_err(of_store)?;
        let places: Vec<BundlePlaceView> = places
            .into_iter()
            .map(|place| BundlePlaceView {
                age_seconds: place.made_at.map(age),
                stale: stale(place.made_at),
                name: place.name,
                made_at: place.made_at,
                tried_at: place.tried_at,
                error: place.error,
            })
            .collect();
        let codes = self.store.offline_codes().await.map_err(of_store)?;
        let opened_by: Vec<OfflineCodeView> = codes
            .into_iter()
            .map(|code| OfflineCodeView { id: code.id, person: code.person.email, made_at: code.made_at })
            .collect();
        let mut view = BundleView {
            id: newest.as_ref().map(|newest| newest.id),
            made_at,
            age_seconds: made_at.map(age),
            // Of what lies here alone nothing could be carried out: it is lost with the Region.
            stale: stale(made_at) || places.iter().all(|place| place.stale),
            applications: newest.as_ref().map_or(0, |newest| newest.applications),
            plans: newest.as_ref().map_or(0, |newest| newest.plans),
            places,
            opened_by,
            problems: Vec::new(),
        };
        view.problems = problems(&view, self.settings.bundle_places_named);
        Ok(view)
    }

    async fn bundle_copy(&self, actor: &Actor) -> Answer<String> {
        may(actor, Action::TakeBundle)?;
        let newest = self.store.newest_bundle().await.map_err(of_store)?;
        newest.map(|newest| newest.content).ok_or_else(|| {
            Problem::new(
                404,
                "not_found",
                "There is no bundle",
                "None was made yet: nobody has an offline code, or no worker runs.",
                "Make an offline code on the page Break-glass; a worker makes the first bundle within a minute.",
            )
        })
    }

    async fn make_offline_code(&self, actor: &Actor) -> Answer<NewOfflineCodeView> {
        self.may_freshly(actor, Action::KeepOfflineCode).await?;
        if self.settings.sealing.is_none() {
            return Err(no_secrets_key("keep what the code opens"));
        }
        // It will stand for its person where nobody can be asked: a password alone makes none.
        if !actor.second_factor && self.has_second_factor(actor.person).await? {
            return Err(factor_wanted());
        }
        opened_with(actor.second_factor, false).map_err(of_refusal)?;
        let now = self.store.now().await.map_err(of_store)?;
        factor_stands(self.factor_since(actor).await?, now).map_err(of_refusal)?;
        let code = new_offline_code();
        let salt = new_salt().map_err(inside)?;
        let key = Key::of_code(&code, &salt).map_err(inside)?;
        let id = Uuid::now_v7();
        let made = OfflineKey { code: id, person: who(actor), salt, key: *key.bytes() };
        let mut change = self.store.begin().await.map_err(of_store)?;
        change.make_offline_code(&made).await.map_err(of_store)?;
        change.commit(done(actor, "offline_code.make", &subject(id))).await.map_err(of_store)?;
        Ok(NewOfflineCodeView { id, code })
    }

    async fn end_offline_code(&self, actor: &Actor, id: Uuid) -> Answer<()> {
        may(actor, Action::KeepOfflineCode)?;
        let mut change = self.store.begin().await.map_err(of_store)?;
        let person = change.end_offline_code(id, &actor.email).await.map_err(of_store)?;
        // Anybody else's is not told apart from none.
        let Some(person) = person.filter(|person| *person == actor.person || actor.has(Role::Admin)) else {
            return Err(Problem::not_found("offline code that is still good", &id.to_string()));
        };
        let entry = done(actor, "offline_code.end", &subject(id));
        change.commit(entry.with(serde_json::json!({ "person": person }))).await.map(|_| ()).map_err(of_store)
    }

    async fn hand_in_journal(&self, actor: &Actor, journal: HandInJournal) -> Answer<HandedInView> {
        self.hand_in(actor, &journal.journal).await
    }
}

impl App {
    /// What a bundle made now would hold, for the worker that makes it. `None`: nobody could open it, and there is none before it.
    ///
    /// # Errors
    /// When something else that is stored cannot be read than an application: a bundle without it would not say so.
    pub async fn bundle_draft(&self) -> Answer<Option<Draft>> {
        let keys = self.store.offline_keys(false).await.map_err(of_keys)?;
        // One that nobody opens takes the place of one that somebody could: their code was ended.
        if keys.is_empty() && self.store.newest_bundle_made().await.map_err(of_store)?.is_none() {
            return Ok(None);
        }
        let now = self.store.now().await.map_err(of_store)?;
        let mut applications = Vec::new();
        let found = self.store.applications().await.map_err(of_store)?;
        let unreadable =
            found.unreadable.into_iter().filter_map(|one| Some((Name::parse(&one.name).ok()?, one.why)));
        for application in found.readable {
            applications.push(self.offered(application, now).await?);
        }
        let checkpoint = self.store.newest_checkpoint().await.map_err(of_store)?;
        Ok(Some(Draft {
            contents: Contents {
                applications,
                unreadable: unreadable.collect(),
                accounts: self.store.accounts().await.map_err(of_store)?,
                endpoints: Endpoints::default(),
            },
            holders: keys
                .into_iter()
                .map(|key| Holder {
                    code: key.code,
                    person: key.person,
                    salt: key.salt,
                    key: Key::of_bytes(key.key),
                })
                .collect(),
            checkpoint: checkpoint.map(|checkpoint| checkpoint.note),
        }))
    }

    /// Every way of the application that a plan is kept of, as an emergency: where no server is, nothing else is carried out.
    async fn offered(&self, application: Application, now: Timestamp) -> Answer<OfApplication> {
        let judged = self.judge(&application.name, now).await?;
        let (mut plans, mut without) = (Vec::new(), Vec::new());
        for kept in self.store.current_plans(&application.name).await.map_err(of_store)? {
            let movement = kept.head.key.movement(Mode::Emergency);
            match self.think_of(&asked(&application, &kept), judged.clone(), now).await {
                Ok(thought) => plans.push(OfferedPlan {
                    version: kept.head.version,
                    sheet: kept.head.digest,
                    holds: thought.holds(),
                    to_override: overrides_needed(&thought.ruled.needed)
                        .into_iter()
                        .map(|needed| Overridable { guard: needed.guard, sentence: needed.sentence })
                        .collect(),
                    refused: (!thought.ruled.refused.is_empty()).then(|| thought.ruled.refusal()).flatten(),
                    movement: thought.movement,
                    plan: thought.plan,
                    policy: thought.policy,
                    digest: thought.digest,
                }),
                Err(problem) if problem.is_refusal() => without.push((movement, as_refusal(problem))),
                Err(problem) => return Err(problem),
            }
        }
        Ok(OfApplication { application, plans, without })
    }
}

fn asked(application: &Application, kept: &PlanVersion) -> RequestRun {
    let key = &kept.head.key;
    RequestRun {
        application: application.name.to_string(),
        intent: key.intent,
        mode: Mode::Emergency,
        drill: None,
        drill_minutes: None,
        from_region: Some(key.from.to_string()),
        to_region: Some(key.to.to_string()),
        split: None,
        dry_run: false,
        reason: String::new(),
        incident: None,
        impact_began_at: None,
        detected_at: None,
        overrides: Vec::new(),
        commit_within_seconds: None,
        break_glass: false,
        plan_digest: None,
    }
}

/// Said aloud, each with the way out.
fn problems(view: &BundleView, places_named: bool) -> Vec<String> {
    let mut said = Vec::new();
    let no_place = || {
        "No place holds a copy but the worker's own folder, which is lost with it: set HOLDFAST_BUNDLES to a folder or bucket in another Region."
            .to_owned()
    };
    if view.opened_by.is_empty() {
        said.push(
            "Nobody has an offline code: if this Region were lost now, nothing could be carried out without a server. An operator makes one here."
                .to_owned(),
        );
        if !places_named {
            said.push(no_place());
        }
        return said;
    }
    let old = view.age_seconds.is_some_and(|age| age > STALE_AFTER.as_secs_f64());
    match (view.made_at, old) {
        (None, _) => said.push("No bundle was made yet: see that a worker runs.".to_owned()),
        (Some(at), true) => said.push(format!(
            "The newest bundle is stale, from {at:.0}: what has changed since is not in it. See that a worker runs, and its log."
        )),
        (Some(_), false) => {}
    }
    for place in &view.places {
        if let Some(error) = &place.error {
            said.push(format!("{}: the last copy could not be written: {error}", place.name));
        }
        match (place.made_at, place.stale) {
            (None, _) => said.push(format!("{}: it holds no copy.", place.name)),
            (Some(at), true) => said.push(format!("{}: its copy is stale, from {at:.0}.", place.name)),
            (Some(_), false) => {}
        }
    }
    if !places_named {
        said.push(no_place());
    } else if view.made_at.is_some() && view.places.is_empty() {
        said.push("No worker has told of a place for a day: see that one runs, and its log.".to_owned());
    }
    said
}

/// Of a server that was not given the keys that the others have.
fn of_keys(error: Error) -> Problem {
    match error {
        Error::NoSecretsKey => no_secrets_key("read what opens bundles"),
        Error::Corrupt(what) => Problem::new(
            409,
            "no_secrets_key",
            "Sealed with another key",
            format!("{what} with the keys of HOLDFAST_SECRETS_KEY here."),
            "Give every server and worker the same file.",
        ),
        other => of_store(other),
    }
}

fn subject(id: Uuid) -> String {
    format!("offline_code:{id}")
}

fn inside(words: String) -> Problem {
    of_store(Error::Invalid(words))
}
