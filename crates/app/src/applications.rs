//! Applications: what stands where, whether it would survive, and why not.

use crate::App;
use crate::audit::done;
use crate::authority::{Action, Seen, may};
use crate::break_glass::ReviewsDue;
use crate::compliance::{application_has_store, counted, row, word};
use crate::inventory::Edit;
use crate::picture::Judged;
use crate::problems::{as_refusal, of_store};
use crate::secrets::new_webhook_secret;
use crate::unreadable::views;
use async_trait::async_trait;
use holdfast_api::applications::{
    ApplicationFilter, ApplicationStatus, ApplicationSummary, ApplicationView, Applications, LagSeries, Move,
    RecoveryView, RegionStatus, ResourceStatus,
};
use holdfast_api::runs::RunFilter as RunList;
use holdfast_api::system::UnreadableView;
use holdfast_api::{Answer, IfMatch, Page, Problem, version};
use holdfast_domain::{Actor, Application, Inventory, Name, Sight, Strategy};
use holdfast_failover::compliance::Standing;
use holdfast_failover::guard::{self, RunKind, guarded};
use holdfast_failover::readiness::{Finding, Severity, Survive, would_survive};
use holdfast_failover::serving::protections;
use holdfast_failover::{Intent, Mode, Movement, Refusal};
use holdfast_store::{LagPoint, RunFilter, RunHead};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Applications on a page of the list.
const PAGE: u32 = 200;
const PAGE_AT_MOST: u32 = 500;
const LAG_SHOWN_FOR: SignedDuration = SignedDuration::from_mins(30);

#[async_trait]
impl Applications for App {
    async fn applications(
        &self,
        actor: &Actor,
        filter: &ApplicationFilter,
    ) -> Answer<Page<ApplicationSummary>> {
        may(actor, Action::ReadStatus)?;
        let seen = self.seen(actor).await?;
        let after = filter.cursor.as_deref().filter(|text| !text.is_empty()).map(cursor).transpose()?;
        let limit = filter.limit.unwrap_or(PAGE).clamp(1, PAGE_AT_MOST) as usize;
        let mut all = self.summaries(&seen, holdfast_clock::now()).await?;
        all.retain(|s| {
            passes(s, filter) && after.as_ref().is_none_or(|after| s.name.as_str() > after.as_str())
        });
        // A name is a place that stays, whatever is added or removed between two pages.
        all.sort_by(|a, b| a.name.cmp(&b.name));
        let more = all.len() > limit;
        all.truncate(limit);
        let next = all.last().filter(|_| more).map(|last| last.name.clone());
        Ok(Page { items: all, next })
    }

    async fn application(&self, actor: &Actor, name: &Name) -> Answer<ApplicationView> {
        self.may_over(actor, Action::ReadStatus, name).await?;
        let now = holdfast_clock::now();
        let judged = self.judge(name, now).await?;
        let ended = self.store.last_ended_runs(name, 20).await.map_err(of_store)?;
        let lag = self.store.lag_series(name, now - LAG_SHOWN_FOR).await.map_err(of_store)?;
        let runs = self
            .run_page(
                &RunList { application: Some(name.to_string()), limit: Some(20), ..RunList::default() },
                None,
            )
            .await?;
        let care = self.store.plan_care(name).await.map_err(of_store)?;
        let evaluation = care.evaluation.as_ref().map(|(evaluation, at)| (evaluation, *at));
        let verification = self.verification(&judged.application, &ended, evaluation, now).await?;
        let due = self.reviews_due(&self.seen(actor).await?).await?;
        Ok(ApplicationView {
            verification,
            summary: summary(&judged, &counted(ended.iter()), due.of(name)),
            recovery: recovery(&judged),
            resources: statuses(&judged),
            findings: judged.findings.clone(),
            runs: runs.items,
            lag: series(lag),
            moves: self.moves(&judged, now).await?,
            own_steps: self.store.own_steps(name).await.map_err(of_store)?,
            application: judged.application,
        })
    }

    async fn put_application(
        &self,
        actor: &Actor,
        application: Application,
        if_match: &IfMatch,
    ) -> Answer<ApplicationView> {
        let name = application.name.clone();
        let subject = format!("application:{name}");
        // The answer shows live status: whoever may not read that is told so before anything is stored.
        may(actor, Action::WriteInventory)?;
        may(actor, Action::ReadStatus)?;
        let make = |stored: &Inventory| {
            let mut applications = stored.applications.clone().unwrap_or_default();
            if_match.check(&version_of(&applications, &application.name))?;
            applications.retain(|a| a.name != application.name);
            applications.push(application);
            Ok(Inventory { version: 1, applications: Some(applications), ..Inventory::default() })
        };
        self.store_inventory(actor, make, Edit::whole("application.put").of(subject)).await?;
        self.application(actor, &name).await
    }

    async fn remove_application(&self, actor: &Actor, name: &Name, if_match: &IfMatch) -> Answer<()> {
        let subject = format!("application:{name}");
        self.may_over(actor, Action::WriteInventory, name).await?;
        self.application_named(name).await?;
        let make = |stored: &Inventory| {
            let mut applications = stored.applications.clone().unwrap_or_default();
            if_match.check(&version_of(&applications, name))?;
            applications.retain(|a| &a.name != name);
            Ok(Inventory { version: 1, applications: Some(applications), ..Inventory::default() })
        };
        self.store_inventory(actor, make, Edit::pruning("application.remove").of(subject)).await.map(|_| ())
    }

    async fn application_status(&self, actor: &Actor, name: &Name) -> Answer<ApplicationStatus> {
        self.may_over(actor, Action::ReadStatus, name).await?;
        let judged = self.judge(name, holdfast_clock::now()).await?;
        Ok(ApplicationStatus {
            application: name.to_string(),
            recovery_state: judged.state,
            serving: judged.serving.clone(),
            recovery: recovery(&judged),
            resources: statuses(&judged),
        })
    }

    async fn application_readiness(&self, actor: &Actor, name: &Name) -> Answer<Vec<Finding>> {
        self.may_over(actor, Action::ReadStatus, name).await?;
        Ok(self.judge(name, holdfast_clock::now()).await?.findings)
    }

    async fn new_webhook_secret(&self, actor: &Actor, name: &Name, step: &Name) -> Answer<String> {
        let subject = format!("application:{name}");
        self.may_freshly_over(actor, Action::WriteProtected, name).await?;
        let secret = new_webhook_secret();
        let mut change = self.store.begin().await.map_err(of_store)?;
        match change.replace_webhook_secret(name, step, &secret).await {
            Err(holdfast_store::Error::NotFound(_)) => {
                return Err(Problem::not_found("webhook", &format!("{name}/{step}")));
            }
            other => other.map_err(of_store)?,
        }
        let entry = done(actor, "webhook.new_secret", &subject).with(serde_json::json!({ "step": step }));
        change.commit(entry).await.map_err(of_store)?;
        Ok(secret)
    }

    async fn refresh_application(&self, actor: &Actor, name: &Name) -> Answer<()> {
        self.may_over(actor, Action::ReadStatus, name).await?;
        self.application_named(name).await?;
        let mut change = self.store.begin().await.map_err(of_store)?;
        change.request_refresh(name).await.map_err(of_store)?;
        let entry = done(actor, "application.refresh", &format!("application:{name}"));
        change.commit(entry).await.map(|_| ()).map_err(of_store)
    }
}

fn offered_move(movement: &Movement, refused: Option<Refusal>) -> Move {
    Move {
        intent: movement.intent.as_str().to_owned(),
        from: movement.from.to_string(),
        to: movement.to.to_string(),
        refused,
    }
}

/// Of the application of this name, where there is one.
fn version_of(applications: &[Application], name: &Name) -> Vec<String> {
    applications.iter().filter(|a| &a.name == name).map(version::of_application).collect()
}

impl App {
    /// Every application that may be seen judged, from a handful of queries whatever their number; and what cannot be read.
    pub(crate) async fn judge_all(
        &self,
        seen: &Seen,
        now: Timestamp,
    ) -> Answer<(Vec<Judged>, Vec<UnreadableView>)> {
        let found = self.store.applications().await.map_err(of_store)?;
        let mut applications = found.readable;
        applications.retain(|application| seen.sees(&application.name));
        let around = self.around().await?;
        let mut observed = self.store.all_observations().await.map_err(of_store)?;
        let live = RunFilter { live: Some(true), limit: 1_000, ..RunFilter::default() };
        let live = self.store.runs(&live).await.map_err(of_store)?;
        let mut active: BTreeMap<Name, RunHead> =
            live.into_iter().map(|r| (r.application.clone(), r)).collect();
        let last = self.store.last_ended_runs_of_all(1, false).await.map_err(of_store)?;
        let mut last: BTreeMap<Name, RunHead> =
            last.into_iter().map(|r| (r.application.clone(), r)).collect();
        let judged = applications
            .into_iter()
            .map(|application| {
                let seen = observed.remove(&application.name).unwrap_or_default();
                let (active, last) = (active.remove(&application.name), last.remove(&application.name));
                self.judged(application, &around, &seen, active, last, now)
            })
            .collect();
        Ok((judged, views(found.unreadable, seen)))
    }

    async fn summaries(&self, seen: &Seen, now: Timestamp) -> Answer<Vec<ApplicationSummary>> {
        let (judged, _) = self.judge_all(seen, now).await?;
        let ended = self.store.last_ended_runs_of_all(20, true).await.map_err(of_store)?;
        Ok(summaries(&judged, &ended, &self.reviews_due(seen).await?))
    }

    /// Whether a planned move is refused now.
    async fn refused(
        &self,
        judged: &Judged,
        movement: &Movement,
        standing: &guard::Standing,
        now: Timestamp,
    ) -> Answer<Option<Refusal>> {
        match self.picture(judged, movement, now).await {
            Ok(picture) => {
                Ok(match guarded(&picture, movement, RunKind::Planned, standing, &BTreeSet::new()) {
                    // What may be overridden by name is offered: the review says what must be named.
                    Ok(guarded) if guarded.ruled.refused.is_empty() => None,
                    Ok(guarded) => guarded.ruled.refusal(),
                    Err(refusal) => Some(refusal),
                })
            }
            // A journal that cannot be read stands against this move, not against the whole page.
            Err(problem) if problem.status == 500 => Ok(Some(as_refusal(problem))),
            Err(problem) => Err(problem),
        }
    }

    /// Where the application could go from here, each move with its refusal where the plan is refused.
    async fn moves(&self, judged: &Judged, now: Timestamp) -> Answer<Vec<Move>> {
        let application = &judged.application;
        let serving = judged.serving.regions.first().unwrap_or(&application.home_region);
        let standing = self.standing(&application.name).await?;
        let mut moves: Vec<Move> = Vec::new();
        for from in judged.serving.regions.iter().chain(judged.serving.regions.is_empty().then_some(serving))
        {
            for to in application.regions().filter(|r| *r != from) {
                // Where several serve, whichever does not can come back; one offer of that is enough.
                let comes_back = !judged.serving.regions.contains(to)
                    && (to == &application.home_region || application.strategy == Strategy::ActiveActive);
                let offered = |m: &Move| m.intent == Intent::Failback.as_str() && m.to == to.as_str();
                if comes_back && moves.iter().any(offered) {
                    continue;
                }
                let intent = if comes_back { Intent::Failback } else { Intent::Failover };
                let movement = Movement { intent, mode: Mode::Planned, from: from.clone(), to: to.clone() };
                let refused = self.refused(judged, &movement, &standing, now).await?;
                moves.push(offered_move(&movement, refused));
            }
        }
        // The failover that is done already, asked for once more, holds out the Region that it left.
        let works = judged.findings.iter().find(|finding| finding.code == "left_region_works");
        if let (Some(left), [to]) = (works.and_then(|f| f.region.clone()), judged.serving.regions.as_slice())
        {
            let movement =
                Movement { intent: Intent::Failover, mode: Mode::Planned, from: left, to: to.clone() };
            let refused = self.refused(judged, &movement, &standing, now).await?;
            moves.push(offered_move(&movement, refused));
        }
        Ok(moves)
    }
}

pub(crate) fn summaries(judged: &[Judged], ended: &[RunHead], due: &ReviewsDue) -> Vec<ApplicationSummary> {
    judged
        .iter()
        .map(|j| {
            let name = &j.application.name;
            summary(j, &counted(ended.iter().filter(|run| run.application == *name)), due.of(name))
        })
        .collect()
}

/// The points of each (store, Region) by themselves, oldest first as they come.
fn series(points: Vec<LagPoint>) -> Vec<LagSeries> {
    let mut all: BTreeMap<(String, String), Vec<(Timestamp, f64)>> = BTreeMap::new();
    for p in points {
        all.entry((p.resource.to_string(), p.region.to_string())).or_default().push((p.at, p.milliseconds));
    }
    all.into_iter().map(|((store, region), points)| LagSeries { store, region, points }).collect()
}

fn summary(judged: &Judged, measured: &[&RunHead], reviews_due: &[String]) -> ApplicationSummary {
    let application = &judged.application;
    let compliance = row(application, measured, reviews_due);
    let survive = would_survive(&judged.findings);
    let deciding = match survive {
        Survive::Yes => None,
        Survive::No => judged.findings.iter().find(|f| f.severity == Severity::Blocker),
        Survive::Unknown => judged.findings.iter().find(|f| f.severity == Severity::Unknown),
    };
    ApplicationSummary {
        name: application.name.to_string(),
        owner: application.owner.to_string(),
        tier: application.tier,
        strategy: application.strategy.as_str().to_owned(),
        home_region: application.home_region.to_string(),
        recovery_regions: application.recovery_regions.iter().map(ToString::to_string).collect(),
        recovery_state: judged.state,
        serving: judged.serving.clone(),
        rto_objective_seconds: application.objectives.rto.get(),
        rpo_objective_seconds: application.objectives.rpo.get(),
        rto_measured_seconds: compliance.rto_worst_seconds,
        lag_now_ms: lag_now(judged),
        has_store: application_has_store(application),
        would_survive: match survive {
            Survive::Yes => "yes",
            Survive::No => "no",
            Survive::Unknown => "unknown",
        }
        .to_owned(),
        because: deciding.map(|f| f.sentence.clone()),
        compliance: word(Standing::of_both(compliance.rto, compliance.rpo)).to_owned(),
        active_run: judged.active.as_ref().map(|r| r.id.to_string()),
        picture_at: judged
            .observations
            .values()
            .map(|sight| sight.last_seen().map(|(at, _)| at))
            .min()
            .flatten(),
    }
}

/// The worst copy of any store outside the Regions that serve; one that is not known makes the whole not known.
fn lag_now(judged: &Judged) -> Option<f64> {
    let mut worst: Option<f64> = None;
    // Where nothing tells who serves, the copies are taken to be away from home.
    let at_home = std::slice::from_ref(&judged.application.home_region);
    let serve = if judged.serving.regions.is_empty() { at_home } else { judged.serving.regions.as_slice() };
    for ((name, region), sight) in &judged.observations {
        let Some(resource) = judged.application.resource(name) else { continue };
        let kind = resource.spec.kind();
        // A writer tells of itself that it is none's copy. What takes writes everywhere, or holds copies of others, is
        // behind only where nobody is served.
        let elsewhere = !serve.contains(region) && resource.spec.is_in(region);
        if !kind.is_store() || !(kind.has_writer() || elsewhere) {
            continue;
        }
        match sight.known() {
            Some(facts) if facts.writes() == Some(true) => {}
            Some(facts) => {
                let lag = facts.lag()?.milliseconds;
                worst = Some(worst.map_or(lag, |w| w.max(lag)));
            }
            None => return None,
        }
    }
    worst
}

/// What the state means, and what protects each store.
pub(crate) fn recovery(judged: &Judged) -> RecoveryView {
    let stores = protections(&judged.application, &judged.serving, &judged.observations);
    let sentence = judged.state.sentence(&judged.application, &judged.serving, &stores);
    RecoveryView { sentence, stores }
}

fn statuses(judged: &Judged) -> Vec<ResourceStatus> {
    judged
        .application
        .resources
        .iter()
        .map(|resource| ResourceStatus {
            name: resource.name.to_string(),
            kind: resource.spec.kind().as_str().to_owned(),
            account: resource.account.to_string(),
            regions: judged
                .application
                .regions()
                .filter_map(|region| {
                    let sight = judged.observations.get(&(resource.name.clone(), region.clone()))?;
                    let last = sight.last_seen();
                    Some(RegionStatus {
                        region: region.to_string(),
                        state: sight.word().to_owned(),
                        observed_at: last.map(|(at, _)| at),
                        reason: match sight {
                            Sight::Known { .. } => None,
                            Sight::Stale { reason, .. } | Sight::Unknown { reason, .. } => {
                                Some(reason.clone())
                            }
                        },
                        values: last.map(|(_, facts)| facts.clone()),
                    })
                })
                .collect(),
        })
        .collect()
}

/// The name of the last application of the page before.
fn cursor(text: &str) -> Answer<Name> {
    Name::parse(text).map_err(|_| {
        Problem::bad_field(
            "cursor",
            "is not one that an answer gave",
            "Leave it out to start at the beginning.",
        )
    })
}

fn passes(summary: &ApplicationSummary, filter: &ApplicationFilter) -> bool {
    let is =
        |wanted: &Option<String>, have: &str| wanted.as_deref().is_none_or(|w| w.is_empty() || w == have);
    let in_region = filter.region.as_deref().is_none_or(|r| {
        r.is_empty() || summary.home_region == r || summary.recovery_regions.iter().any(|have| have == r)
    });
    let found = filter.search.as_deref().is_none_or(|s| {
        let s = s.trim().to_lowercase();
        summary.name.contains(&s) || summary.owner.contains(&s)
    });
    is(&filter.strategy, &summary.strategy)
        && is(&filter.owner, &summary.owner)
        && is(&filter.recovery_state, summary.recovery_state.as_str())
        && is(&filter.compliance, &summary.compliance)
        && filter.tier.is_none_or(|t| t == summary.tier)
        && in_region
        && found
}

/// Problems of a name in a URL.
pub fn parse_name(text: &str) -> Answer<Name> {
    Name::parse(text)
        .map_err(|_| Problem::not_found("application", &text.chars().take(80).collect::<String>()))
}
