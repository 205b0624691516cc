//! One application's picture, put together from what is stored: inventory, what was last seen, its runs.

use crate::App;
use crate::authority::{Action, may, over_labels};
use crate::people::actor;
use crate::problems::of_store;
use crate::runs::{last_run, under_way};
use holdfast_api::Answer;
use holdfast_domain::observation::{self, Observed};
use holdfast_domain::{
    Account, AccountId, Actor, Application, ApprovalPolicy, Facts, Labels, Name, ObservationMap, OwnPlan,
    RegionCode,
};
use holdfast_failover::plan::Split;
use holdfast_failover::plan::sheet::PlanKey;
use holdfast_failover::readiness::{Left, Surroundings};
use holdfast_failover::serving::{RecoveryState, Serving, recovery_state, serving};
use holdfast_failover::{Finding, Intent, Mode, Movement, Picture, RunState, readiness};
use holdfast_store::{AccountRole, RunFilter, RunHead};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// How many of an application's runs are read at once when its history is gone through.
const ENDED_LOOKED_AT: u32 = 20;

/// What stands around every application and is loaded once for all of them.
#[derive(Debug, Clone)]
pub(crate) struct Around {
    pub accounts: Vec<Account>,
    policies: Vec<ApprovalPolicy>,
    roles: Vec<readiness::Assumed>,
    open: Vec<readiness::Open>,
    permissions: Vec<readiness::Permissions>,
    /// Steps of one's own, of all applications that have any.
    own: Vec<OwnPlan>,
    /// Groups with at least one person who can sign in and approves over everything.
    approving: BTreeSet<Name>,
    /// Those who can sign in and whose roles end somewhere.
    limited: Vec<Actor>,
}

impl Around {
    /// Groups that the application's policy asks and in which nobody may approve over it: its requests would wait for nobody.
    fn groups_without_approver(&self, application: &Application) -> Vec<Name> {
        self.policies
            .iter()
            .filter(|p| p.name == application.approval_policy)
            .flat_map(|p| p.rules.iter().map(|r| r.group.clone()))
            .filter(|group| !self.approving.contains(group))
            .filter(|group| !self.limited.iter().any(|one| may_approve(one, group, application)))
            .collect()
    }
}

/// Whether this person's yes counts for the group where a run of the application asks it.
pub(crate) fn may_approve(person: &Actor, group: &Name, application: &Application) -> bool {
    let asked = || over_labels(person, Labels::from(application));
    person.groups.contains(group) && asked().is_some_and(|asked| may(&asked, Action::ReviewRun).is_ok())
}

/// An application as it can be judged now.
#[derive(Debug, Clone)]
pub struct Judged {
    pub application: Application,
    pub observations: ObservationMap,
    pub serving: Serving,
    pub state: RecoveryState,
    pub findings: Vec<Finding>,
    pub active: Option<RunHead>,
}

/// What the failover found that a failback takes back, and how it split the load of the Region that it left.
#[derive(Default)]
struct Earlier {
    stood: BTreeMap<(Name, RegionCode), Facts>,
    split: Option<Split>,
}

/// What the last run has left, where that was a failover that came to its end, or held out once more what one had left.
fn left(last: &RunHead) -> Option<Left> {
    let Movement { intent, mode, from, to } = last.movement.clone();
    let was_there = last.summary["was_there"] == true;
    // Of one with exceptions nobody knows here whether its fences are among them.
    let unfenced =
        mode == Mode::Emergency || last.summary["escalated"] == true || last.state != RunState::Completed;
    (intent == Intent::Failover && (last.state.is_completed() || was_there)).then_some(Left {
        from,
        to,
        unfenced,
    })
}

impl App {
    /// What may be believed now of each (resource, Region) of the application; those never looked at included.
    pub(crate) fn sights(
        &self,
        application: &Application,
        observed: &BTreeMap<(Name, RegionCode), Observed>,
        now: Timestamp,
    ) -> ObservationMap {
        observation::sights(application, observed, now, self.settings.stale_after)
    }

    pub(crate) async fn around(&self) -> Answer<Around> {
        let people = self.store.people().await.map_err(of_store)?;
        let people = people.iter().filter(|person| person.disabled_at.is_none());
        let (limited, everywhere): (Vec<Actor>, Vec<Actor>) =
            people.map(|person| actor(person, None)).partition(Actor::is_limited);
        let approving = everywhere.into_iter().filter(|one| may(one, Action::ReviewRun).is_ok());
        let approving: BTreeSet<Name> = approving.flat_map(|one| one.groups).collect();
        let accounts = self.store.accounts().await.map_err(of_store)?;
        let named = |id: &AccountId| Some(accounts.iter().find(|account| &account.id == id)?.name.clone());
        let told = self.store.role_permissions().await.map_err(of_store)?;
        let permissions = told
            .into_iter()
            .filter_map(|told| {
                let (account, acts) = (named(&told.account)?, told.role == AccountRole::Act);
                Some(readiness::Permissions { account, acts, at: told.at, missing: told.missing })
            })
            .collect();
        let probes = self.store.account_probes().await.map_err(of_store)?;
        let roles = probes
            .into_iter()
            .filter_map(|probe| {
                let (account, acts) = (named(&probe.account)?, probe.role == AccountRole::Act);
                Some(readiness::Assumed { account, acts, at: probe.at, answer: probe.answer.map(|_| ()) })
            })
            .collect();
        let trust = self.store.account_trust().await.map_err(of_store)?;
        let open = trust
            .into_iter()
            .filter(|trust| !trust.demands_external_id)
            .filter_map(|trust| {
                let (account, acts) = (named(&trust.account)?, trust.role == AccountRole::Act);
                Some(readiness::Open { account, acts, at: trust.at })
            })
            .collect();
        Ok(Around {
            accounts,
            roles,
            open,
            permissions,
            own: self.store.own_plans().await.map_err(of_store)?,
            policies: self.store.approval_policies().await.map_err(of_store)?,
            approving,
            limited,
        })
    }

    pub(crate) async fn judge(&self, name: &Name, now: Timestamp) -> Answer<Judged> {
        let application = self.application_named(name).await?;
        let observed = self.store.observations(name).await.map_err(of_store)?;
        let around = self.around().await?;
        // What cannot be read of its plans must not look as if there were none.
        self.store.own_steps(name).await.map_err(of_store)?;
        let active = self.store.active_run(name).await.map_err(of_store)?;
        let question = RunFilter {
            application: Some(name.clone()),
            live: Some(false),
            began: true,
            moving: true,
            not_restored: true,
            limit: 1,
            ..RunFilter::default()
        };
        let last = self.store.runs(&question).await.map_err(of_store)?.pop();
        Ok(self.judged(application, &around, &observed, active, last, now))
    }

    pub(crate) fn judged(
        &self,
        application: Application,
        around: &Around,
        observed: &BTreeMap<(Name, RegionCode), Observed>,
        active: Option<RunHead>,
        last: Option<RunHead>,
        now: Timestamp,
    ) -> Judged {
        let observations = self.sights(&application, observed, now);
        let serving = serving(&application, &observations);
        let (moving, ended) = (under_way(active.as_ref()), last_run(last.as_ref()));
        let state = recovery_state(&application, &serving, &observations, moving, ended.as_ref());
        let left = last.as_ref().and_then(left);
        let surroundings = Surroundings {
            accounts: &around.accounts,
            roles: &around.roles,
            open: &around.open,
            permissions: &around.permissions,
            own: around
                .own
                .iter()
                .find(|plan| plan.application == application.name)
                .map_or(&[][..], |plan| plan.steps.as_slice()),
            groups_without_approver: &around.groups_without_approver(&application),
            left: left.as_ref(),
        };
        let findings = readiness::findings(&application, surroundings, &observations, now);
        Judged { application, observations, serving, state, findings, active }
    }

    /// # Errors
    /// 404 that names it.
    pub(crate) async fn application_named(&self, name: &Name) -> Answer<Application> {
        match self.store.application(name).await {
            Err(holdfast_store::Error::NotFound(_)) => {
                Err(holdfast_api::Problem::not_found("application", name.as_str()))
            }
            other => other.map_err(of_store),
        }
    }

    /// How everything stood before this failback's Region was left. Of the failovers that left it since it was
    /// last failed back to, the oldest knows: a later one (half-way through, or on to a third Region) found
    /// things moved already. None of ours: empty, and the plan goes by its defaults.
    async fn before(&self, application: &Name, movement: &Movement) -> Answer<Earlier> {
        let mut oldest = None;
        let mut question = RunFilter {
            application: Some(application.clone()),
            live: Some(false),
            began: true,
            not_restored: true,
            limit: ENDED_LOOKED_AT,
            ..RunFilter::default()
        };
        'pages: loop {
            let page = self.store.runs(&question).await.map_err(of_store)?;
            for run in &page {
                match run.movement.intent {
                    Intent::Failback if run.movement.to == movement.to && run.state.is_completed() => {
                        break 'pages;
                    }
                    Intent::Failover if run.movement.from == movement.to => oldest = Some(run.id),
                    Intent::Failback | Intent::Failover | Intent::Drill => {}
                }
            }
            match page.last() {
                Some(last) if page.len() == ENDED_LOOKED_AT as usize => question.before = Some(last.id),
                _ => break,
            }
        }
        let Some(run) = oldest else { return Ok(Earlier::default()) };
        let (before, split) = match self.replayed(run).await {
            Ok(run) => {
                let plan = std::sync::Arc::unwrap_or_clone(run.request).plan;
                (plan.before, plan.split)
            }
            // The defaults bring an application home too; waiting for a journal to be mended does not.
            Err(problem) if problem.status == 500 && movement.mode == Mode::Emergency => {
                tracing::warn!(%run, %application, detail = %problem.detail, "an emergency failback is planned without what stood before");
                (Vec::new(), None)
            }
            Err(problem) => return Err(problem),
        };
        Ok(Earlier { stood: before.into_iter().map(|b| ((b.resource, b.region), b.facts)).collect(), split })
    }

    /// For this movement: only a failback asks what stood before, and nothing else fails when that cannot be read.
    pub(crate) async fn picture(
        &self,
        judged: &Judged,
        movement: &Movement,
        now: Timestamp,
    ) -> Answer<Picture> {
        let accounts = self.store.accounts().await.map_err(of_store)?;
        let before = match movement.intent {
            Intent::Failback => self.before(&judged.application.name, movement).await?,
            Intent::Failover | Intent::Drill => Earlier::default(),
        };
        let own = self.store.own_steps(&judged.application.name).await.map_err(of_store)?;
        let mut others = Vec::new();
        for other in own.iter().filter_map(|step| step.work.other_application()) {
            let application = match self.store.application(other).await {
                // The plan says so, and names the step.
                Err(holdfast_store::Error::NotFound(_)) => continue,
                found => found.map_err(of_store)?,
            };
            let observed = self.store.observations(other).await.map_err(of_store)?;
            let serving = serving(&application, &self.sights(&application, &observed, now));
            others.push((application, serving));
        }
        let named = |name: &Name| {
            judged.application.resources.iter().any(|r| r.account == *name)
                || own.iter().any(|step| step.work.account() == Some(name))
        };
        let edits = self.store.plan_edits(&judged.application.name, &PlanKey::of(movement)).await;
        Ok(Picture {
            edits: edits.map_err(of_store)?,
            application: judged.application.clone(),
            accounts: accounts.into_iter().filter(|a| named(&a.name)).collect(),
            observations: judged.observations.clone(),
            own,
            others,
            before: before.stood,
            split_before: before.split,
            now,
        })
    }
}
