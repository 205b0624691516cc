//! What an evacuation would be made of: every application judged once, those with a foot in the Region planned as a run
//! of their own, and put into waves. What cannot be moved is said with its reason, never dropped.

use crate::App;
use crate::picture::Judged;
use crate::problems::{as_refusal, of_store};
use crate::runs::request::{Thought, held_by, in_the_way};
use crate::runs::sent::{codes, guards, unasked};
use crate::runs::window::good_window;
use crate::unreadable;
use holdfast_api::evacuations::{LeftOutView, RequestEvacuation, StaysView};
use holdfast_api::runs::RequestRun;
use holdfast_api::system::UnreadableView;
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Actor, Application, Name, RegionCode, RunId};
use holdfast_failover::evacuation::{
    CONCURRENCY, Direction, Foot, LeftOut, MOST_AT_ONCE, Ordered, Part, Request, foot, homeward, waves,
};
use holdfast_failover::guard::{Guard, Raised};
use holdfast_failover::run::Who;
use holdfast_failover::{Digest, Movement, Refusal};
use holdfast_store::{Holder, RunHead};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The code under which a plan refuses a commit window.
const NO_WINDOW: &str = "no_commit_window";

/// A part thought through, with the request of a run that it would be.
pub(super) struct Planned {
    pub run: RunId,
    pub asked: RequestRun,
    pub thought: Thought,
    pub application: Application,
    /// Requests that wait for approval, and that an emergency takes the place of.
    pub gives_way: Vec<RunHead>,
}

pub(super) struct Lot {
    pub region: RegionCode,
    pub direction: Direction,
    pub parts: BTreeMap<Name, Planned>,
    pub waves: Vec<Vec<Name>>,
    pub circles: Vec<Vec<Name>>,
    pub left_out: Vec<LeftOut>,
    pub stays: Vec<StaysView>,
    /// What holds applications out of it and may be overridden by name.
    pub overridable: Vec<Raised>,
    pub concurrency: u16,
    pub stop_on_failure: bool,
}

impl App {
    /// # Errors
    /// When the request cannot be read, or the database does not answer.
    pub(super) async fn lot(&self, actor: &Actor, asked: &RequestEvacuation, now: Timestamp) -> Answer<Lot> {
        let region = RegionCode::parse(asked.region.trim()).map_err(|e| {
            Problem::bad_field("region", e.to_string(), "Name the Region to leave, such as `eu-west-1`.")
        })?;
        let concurrency = asked.concurrency.unwrap_or(CONCURRENCY);
        if !(1..=MOST_AT_ONCE).contains(&concurrency) {
            return Err(Problem::bad_field(
                "concurrency",
                format!("{concurrency} is not 1 to {MOST_AT_ONCE}"),
                format!("Leave it out for {CONCURRENCY}."),
            ));
        }
        good_window(asked.commit_within_seconds)?;
        let overrides = guards(&asked.overrides)?;
        let declared = self.store.declared_regions().await.map_err(of_store)?;
        let (judged, unread) = self.judge_all(&self.seen(actor).await?, now).await?;
        let only = only(asked, &judged)?;
        let mut order: Vec<Ordered> = judged.iter().map(|j| ordered(&j.application)).collect();
        let mut lot = Lot {
            region,
            direction: asked.direction,
            parts: BTreeMap::new(),
            waves: Vec::new(),
            circles: Vec::new(),
            left_out: Vec::new(),
            stays: Vec::new(),
            overridable: Vec::new(),
            concurrency,
            stop_on_failure: asked.stop_on_failure.unwrap_or(true),
        };
        for judged in judged {
            let application = judged.application.clone();
            let name = application.name.clone();
            let foot = match asked.direction {
                Direction::Out => foot(&application, &judged.serving, &lot.region, asked.mode, &declared),
                Direction::Home => homeward(&application, &judged.serving, &lot.region, asked.mode),
            };
            let because = match foot {
                Foot::Stays(because) => {
                    lot.stays.push(StaysView { application: name.to_string(), because });
                    continue;
                }
                Foot::Held(refusal) => refusal,
                Foot::Moves(_) if only.as_ref().is_some_and(|only| !only.contains(&name)) => Refusal::new(
                    "not_asked_for",
                    format!("{name} is not among the applications that were named."),
                    "Name it too, or name none: then every application with a foot in the Region is moved.",
                ),
                Foot::Moves(movement) => match self.part(asked, &overrides, &movement, judged, now).await? {
                    Ok(planned) => {
                        lot.parts.insert(name, planned);
                        continue;
                    }
                    Err((refusal, raised)) => {
                        lot.overridable.extend(raised);
                        refusal
                    }
                },
            };
            lot.left_out.push(LeftOut { application: name, because });
        }
        lot.left_out.extend(left_out_unread(unread));
        self.leave_out_what_is_held(actor, &mut lot).await?;
        for ordered in &mut order {
            ordered.depends_on.extend(lot.parts.get(&ordered.name).map(runs_plans_of).unwrap_or_default());
        }
        let ordered = waves(&order, &lot.parts.keys().cloned().collect());
        (lot.waves, lot.circles) = (ordered.waves, ordered.circles);
        lot.overridable.sort_by_key(|raised| raised.guard);
        Ok(lot)
    }

    /// One application's run, thought through. It names those of the overrides that it needs, and no others.
    async fn part(
        &self,
        asked: &RequestEvacuation,
        overrides: &BTreeSet<Guard>,
        movement: &Movement,
        judged: Judged,
        now: Timestamp,
    ) -> Answer<Result<Planned, (Refusal, Vec<Raised>)>> {
        let mut run = RequestRun {
            application: judged.application.name.to_string(),
            intent: movement.intent,
            mode: movement.mode,
            drill: None,
            drill_minutes: None,
            from_region: Some(movement.from.to_string()),
            to_region: Some(movement.to.to_string()),
            split: None,
            dry_run: asked.dry_run,
            reason: asked.reason.clone(),
            incident: asked.incident.clone(),
            impact_began_at: None,
            detected_at: None,
            overrides: codes(overrides),
            commit_within_seconds: asked.commit_within_seconds,
            break_glass: false,
            plan_digest: None,
        };
        let application = judged.application.clone();
        if let Some(problem) = judged.active.as_ref().and_then(|held| in_the_way(&run, held)) {
            return Ok(Err((as_refusal(problem), Vec::new())));
        }
        let mut thought = self.think_of(&run, judged.clone(), now).await;
        // Whoever has done by then what nothing takes back is moved all the same, and waits for nobody.
        if matches!(&thought, Err(problem) if problem.code == NO_WINDOW) {
            run.commit_within_seconds = None;
            thought = self.think_of(&run, judged.clone(), now).await;
        }
        let mut thought = match thought {
            Ok(thought) => thought,
            Err(problem) if problem.status < 500 => return Ok(Err((as_refusal(problem), Vec::new()))),
            Err(problem) => return Err(problem),
        };
        // An emergency leaves nobody behind for a plane that it may not reach: the lot names that by itself.
        let mut overrides = overrides.clone();
        if thought.ruled.needed.iter().any(|raised| raised.guard == Guard::PlaneLint) {
            overrides.extend(unasked(movement.mode));
            run.overrides = codes(&overrides);
            thought = self.think_of(&run, judged.clone(), now).await?;
        }
        if let Some(refusal) = thought.ruled.refusal() {
            let overridable =
                if thought.ruled.refused.is_empty() { thought.ruled.needed } else { Vec::new() };
            return Ok(Err((refusal, overridable)));
        }
        let used: BTreeSet<Guard> =
            thought.ruled.noted.iter().filter(|(_, by_name)| *by_name).map(|(one, _)| one.guard).collect();
        if used != overrides {
            run.overrides = codes(&used);
            thought = self.think_of(&run, judged, now).await?;
        }
        let gives_way: Vec<RunHead> =
            thought.judged.active.iter().filter(|_| !run.dry_run).cloned().collect();
        Ok(Ok(Planned { run: RunId::fresh(), asked: run, thought, application, gives_way }))
    }

    /// Leaves out what cannot be moved because another's run holds something of it. The parts of a lot hold as one, and
    /// what the lot takes the place of lets go.
    async fn leave_out_what_is_held(&self, actor: &Actor, lot: &mut Lot) -> Answer<()> {
        let mut holders: BTreeMap<Name, (Vec<RunHead>, Vec<Holder>)> = BTreeMap::new();
        for (name, planned) in &lot.parts {
            let of_others = self.other_holders(&planned.thought, planned.asked.dry_run).await?;
            holders.insert(name.clone(), self.apart(actor, planned.asked.mode, of_others).await?);
        }
        // A part that is left out takes nothing's place: what another part counted on may then hold that one too.
        loop {
            let leaving: BTreeSet<RunId> =
                lot.parts.values().flat_map(|part| &part.gives_way).map(|run| run.id).collect();
            let held = lot.parts.keys().find_map(|name| {
                let (_, holding) = holders.get(name)?;
                let holder = holding.iter().find(|holder| !leaving.contains(&holder.run.id))?;
                Some(LeftOut { application: name.clone(), because: as_refusal(held_by(holder)) })
            });
            let Some(held) = held else { break };
            lot.parts.remove(&held.application);
            lot.left_out.push(held);
        }
        lot.left_out.sort_by(|one, other| one.application.cmp(&other.application));
        let mut leaving: BTreeSet<RunId> =
            lot.parts.values().flat_map(|part| &part.gives_way).map(|run| run.id).collect();
        for (name, part) in &mut lot.parts {
            let (making_way, _) = holders.remove(name).unwrap_or_default();
            part.gives_way.extend(making_way.into_iter().filter(|run| leaving.insert(run.id)));
            part.thought.takes_the_place_of(&part.gives_way);
        }
        Ok(())
    }
}

fn ordered(application: &Application) -> Ordered {
    Ordered {
        name: application.name.clone(),
        tier: application.tier,
        depends_on: application.depends_on.clone(),
    }
}

/// Whose plans its steps run. Such a step waits for a run of that application that is under way or waits for its turn:
/// in a later wave it would be waited for by the very run that it waits for.
fn runs_plans_of(planned: &Planned) -> Vec<Name> {
    let steps = planned.thought.plan.steps.iter();
    steps.filter_map(|step| step.runs_plan_of().map(|(name, _)| name.clone())).collect()
}

/// The applications that were named; none: all.
fn only(asked: &RequestEvacuation, judged: &[Judged]) -> Answer<Option<BTreeSet<Name>>> {
    let Some(named) = &asked.applications else { return Ok(None) };
    let known = |text: &String| {
        let found = judged.iter().map(|j| &j.application.name).find(|name| name.as_str() == text.trim());
        found.cloned().ok_or_else(|| {
            let text: String = text.chars().take(63).collect();
            Problem::bad_field(
                "applications",
                format!("there is no application `{text}`"),
                "Name those to move.",
            )
        })
    };
    named.iter().map(known).collect::<Answer<_>>().map(Some)
}

impl Lot {
    /// As it is kept, with the digest of what it holds.
    ///
    /// # Errors
    /// When it has no digest.
    pub fn request(&self, asked: &RequestEvacuation, by: Who) -> Result<Request, Refusal> {
        let part = |name: &Name| {
            let planned = self.parts.get(name)?;
            Some(Part {
                application: name.clone(),
                run: planned.run,
                intent: planned.thought.movement.intent,
                to: planned.thought.movement.to.clone(),
                digest: planned.thought.digest.clone(),
            })
        };
        let shortest = self.parts.values().map(|p| p.thought.policy.expires_after_seconds).min();
        let mut request = Request {
            region: self.region.clone(),
            direction: asked.direction,
            mode: asked.mode,
            waves: self.waves.iter().map(|wave| wave.iter().filter_map(part).collect()).collect(),
            left_out: self.left_out.clone(),
            circles: self.circles.clone(),
            concurrency: self.concurrency,
            stop_on_failure: self.stop_on_failure,
            dry_run: asked.dry_run,
            digest: Digest(String::new()),
            by,
            reason: asked.reason.clone(),
            incident: asked.incident.clone(),
            expires_after_seconds: shortest.unwrap_or(1),
        };
        request.digest = request.digest_now()?;
        Ok(request)
    }
}

pub(super) fn left_out(left: &LeftOut) -> LeftOutView {
    LeftOutView { application: left.application.to_string(), because: left.because.clone() }
}

/// Whether these have a foot in the Region nobody can tell.
fn left_out_unread(unread: Vec<UnreadableView>) -> Vec<LeftOut> {
    let left = |one: UnreadableView| {
        let application = Name::parse(&one.application).ok()?;
        let sentence = format!("{application} cannot be read: {}.", one.why);
        Some(LeftOut { application, because: Refusal::new(unreadable::CODE, sentence, one.way_out) })
    };
    let mut all: Vec<LeftOut> = unread.into_iter().filter_map(left).collect();
    all.dedup_by(|one, before| one.application == before.application);
    all
}
