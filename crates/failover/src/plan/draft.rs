//! A plan in the making: what is known, what is asked, and the steps so far.

use super::edit::{Laid, Misfit, lay_over};
use super::planes::{self, lag_service, service};
use super::sheet::needed_planes;
use super::split::{self, Split};
use super::{Before, Measurement, Picture, Plan, facts_of, is_yet_to_be_made, own};
use crate::change::Change;
use crate::movement::{Drill, Intent, Mode, Movement};
use crate::refusal::Refusal;
use crate::step::{How, Step, Work};
use crate::undo::declared;
use holdfast_domain::facts::database_of_arn;
use holdfast_domain::own_step::Phase;
use holdfast_domain::{Facts, Name, RegionCode, ResourceKind, StepId, Strategy};
use std::collections::{BTreeMap, BTreeSet};

pub(super) struct Draft<'a> {
    pub picture: &'a Picture,
    pub movement: &'a Movement,
    steps: Vec<Step>,
    /// The part of the plan that is being made, and the part that each step so far is of.
    phase: Phase,
    phases: BTreeMap<StepId, Phase>,
    notes: Vec<String>,
    misfits: Vec<Misfit>,
    split: Option<Split>,
}

/// What is said of a step; the rest follows from it.
pub(super) struct Making<'a> {
    /// A verb and what it is about.
    pub id: (&'a str, &'a [&'a str]),
    pub title: String,
    pub work: Work,
    pub resource: Option<&'a Name>,
    pub regions: Vec<RegionCode>,
    pub after: Vec<StepId>,
    pub timeout_seconds: u32,
    pub irreversible: bool,
    pub value_now: String,
    pub value_to_be: String,
}

impl Default for Making<'_> {
    fn default() -> Self {
        Self {
            id: ("", &[]),
            title: String::new(),
            work: Work::ObserveAgain,
            resource: None,
            regions: Vec::new(),
            after: Vec::new(),
            timeout_seconds: 300,
            irreversible: false,
            value_now: String::new(),
            value_to_be: String::new(),
        }
    }
}

impl<'a> Draft<'a> {
    pub(super) fn new(picture: &'a Picture, movement: &'a Movement) -> Self {
        let mut draft = Self {
            picture,
            movement,
            steps: Vec::new(),
            phase: Phase::Observe,
            phases: BTreeMap::new(),
            notes: Vec::new(),
            misfits: Vec::new(),
            split: None,
        };
        if draft.is_evacuation() {
            let (application, seen) = (&picture.application, &picture.observations);
            draft.split = Some(split::split(application, seen, &movement.from, Some(&movement.to)));
            draft.notes = split::not_by_weight(application, seen);
        }
        draft
    }

    /// What is added from here on is of this part.
    pub(super) fn enter(&mut self, phase: Phase) {
        self.phase = phase;
    }

    /// The steps so far, each with its part of the plan.
    pub(super) fn placed(&self) -> impl Iterator<Item = (Phase, StepId)> {
        self.steps.iter().filter_map(|s| Some((*self.phases.get(&s.id)?, s.id.clone())))
    }

    /// The steps that wait for a copy, each with its store.
    pub(super) fn catching_up(&self) -> Vec<(StepId, Name)> {
        let of = |step: &Step| match &step.work {
            Work::CatchUp { store, .. } => Some((step.id.clone(), store.clone())),
            _ => None,
        };
        self.steps.iter().filter_map(of).collect()
    }

    /// Whether nothing but a person may leave the step out.
    pub(super) fn is_unconditional(&self, id: &StepId) -> bool {
        let step = self.steps.iter().find(|step| step.id == *id);
        step.is_some_and(|step| step.how.only_if.is_none() && step.how.if_it_fails.is_usual())
    }

    /// Whether `step` waits, directly or not, for `earlier`.
    pub(super) fn waits_for(&self, step: &StepId, earlier: &StepId) -> bool {
        own::following(&self.steps, &BTreeSet::from([earlier.clone()])).contains(step)
    }

    /// Moves the step that was added last to its place.
    pub(super) fn put(&mut self, id: &StepId, spot: &own::Spot) {
        own::put(&mut self.steps, id, spot);
    }

    /// Lays the edits over what was generated. Those that do not fit are left off, and said.
    pub(super) fn edit(&mut self, generated: &BTreeSet<StepId>) {
        let phases = self.phases.iter().filter(|(id, _)| generated.contains(*id));
        let laid = Laid {
            steps: std::mem::take(&mut self.steps),
            phases: phases.map(|(id, phase)| (id.clone(), *phase)).collect(),
        };
        let (mode, edits) = (self.movement.mode, &self.picture.edits);
        let (steps, misfits) = lay_over(&laid, edits, mode, &self.picture.application);
        self.steps = steps;
        self.misfits.extend(misfits);
        for (at, edit) in edits.iter().enumerate().filter(|(_, edit)| edit.is_of(mode)) {
            match self.misfits.iter().find(|misfit| misfit.edit == at) {
                None => self.note(format!("Edited: {edit}.")),
                // Of an edit that is of both forms the other may have the step.
                Some(misfit) if edit.mode.is_some() => {
                    let note = format!("An edit does not apply, {edit}: {}", misfit.sentence);
                    self.note(note);
                }
                Some(_) => {}
            }
        }
    }

    pub(super) fn misfit(&mut self, edit: usize, field: &str, sentence: String, way_out: String) {
        let mode = self.movement.mode;
        self.misfits.push(Misfit { edit, field: field.to_owned(), mode, sentence, way_out });
    }

    pub(super) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// The Region that goes out of service. Bringing an active-active Region back takes none out.
    pub(super) fn leaving(&self) -> Option<&'a RegionCode> {
        let back = self.movement.intent == Intent::Failback
            && self.picture.application.strategy == Strategy::ActiveActive;
        (!back).then_some(&self.movement.from)
    }

    pub(super) fn is_evacuation(&self) -> bool {
        self.picture.application.strategy == Strategy::ActiveActive
            && self.movement.intent != Intent::Failback
    }

    /// Of a Region that leaves an active-active application: who takes over what.
    pub(super) fn split(&self) -> Option<&Split> {
        self.split.as_ref()
    }

    /// What was last seen, however old; `guard` has refused or noted what is too old. Nothing rests on compute that stood
    /// in the target once, is gone, and is made by the plan.
    pub(super) fn last(&self, resource: &Name, region: &RegionCode) -> Option<&'a Facts> {
        if *region == self.movement.to
            && let Some(resource) = self.picture.application.resource(resource)
            && is_yet_to_be_made(self.picture, self.movement, resource)
        {
            return None;
        }
        let sight = self.picture.observations.get(&(resource.clone(), region.clone()))?;
        sight.last_seen().map(|(_, facts)| facts)
    }

    pub(super) fn known(&self, resource: &Name, region: &RegionCode) -> Option<&'a Facts> {
        self.picture.observations.get(&(resource.clone(), region.clone()))?.known()
    }

    /// How it stood before the failover that a failback takes back.
    pub(super) fn before(&self, resource: &Name, region: &RegionCode) -> Option<&'a Facts> {
        if self.movement.intent != Intent::Failback {
            return None;
        }
        self.picture.before.get(&(resource.clone(), region.clone()))
    }

    /// How what leads traffic stood, where a failback restores it. A Region that comes back to an active-active
    /// application takes no other out, so of the others nothing is restored: they may have changed with reason.
    pub(super) fn led(&self, resource: &Name, region: &RegionCode) -> Option<&'a Facts> {
        let restores = self.leaving().is_some() || *region == self.movement.to;
        self.before(resource, region).filter(|_| restores)
    }

    /// Whether the plan has a step about this resource so far.
    pub(super) fn has_step(&self, resource: &Name) -> bool {
        self.steps.iter().any(|step| step.resource.as_ref() == Some(resource))
    }

    /// The calls about this resource so far, in their order.
    pub(super) fn changes_of(&self, resource: &Name) -> impl Iterator<Item = &Change> {
        self.steps
            .iter()
            .filter(move |step| step.resource.as_ref() == Some(resource))
            .filter_map(Step::change)
    }

    /// Whether the plan so far makes the store anew in this Region, so that what stands there now is left behind.
    pub(super) fn makes_anew(&self, store: &Name, region: &RegionCode) -> bool {
        self.steps.iter().any(|step| {
            step.resource.as_ref() == Some(store)
                && step.change().and_then(Change::makes_anew) == Some(region)
        })
    }

    pub(super) fn is_a_vault(&self, store: &Name) -> bool {
        let resource = self.picture.application.resource(store);
        resource.is_some_and(|resource| resource.spec.kind() == ResourceKind::BackupVault)
    }

    /// Whether the plan so far brings a database back from this vault in this Region.
    pub(super) fn restores_a_database(&self, vault: &Name, region: &RegionCode) -> bool {
        self.steps.iter().filter(|step| step.resource.as_ref() == Some(vault)).any(|step| {
            matches!(
                step.change(),
                Some(Change::StartRestoreJob { region: at, resource_arn, .. })
                    if at == region && database_of_arn(resource_arn).is_some()
            )
        })
    }

    /// The application's Regions in which something of the resource was ever seen.
    pub(super) fn seen_regions(&self, resource: &Name) -> Vec<RegionCode> {
        self.picture.application.regions().filter(|r| self.last(resource, r).is_some()).cloned().collect()
    }

    /// Something cannot be moved: a planned move is refused, an emergency goes on without it and says so.
    pub(super) fn cannot(&mut self, sentence: &str, way_out: &str) -> Result<Vec<StepId>, Refusal> {
        if self.movement.mode == Mode::Planned {
            return Err(Refusal::new("not_ready", sentence, way_out));
        }
        self.note(format!("{sentence} The plan leaves it as it is. {way_out}"));
        Ok(Vec::new())
    }

    pub(super) fn add(&mut self, making: Making<'_>) -> Result<StepId, Refusal> {
        let (verb, about) = making.id;
        let text = std::iter::once(verb).chain(about.iter().copied()).collect::<Vec<_>>().join("-");
        let id = StepId::parse(&text)
            .map_err(|e| Refusal::new("not_plannable", e.to_string(), "Give the resource a shorter name."))?;
        let plane = match &making.work {
            Work::Call { change } => change.plane(),
            Work::RecordLag { stores, .. } => self.plane_of(stores, lag_service),
            Work::CatchUp { store, .. } => self.plane_of(std::slice::from_ref(store), lag_service),
            Work::ConfirmProtected { stores, .. } => self.plane_of(stores, service),
            // By what it looks at, once the plan says what that is.
            Work::ObserveAgain | Work::ConfirmServing { .. } | Work::WaitForSignal { .. } => String::new(),
            // ---- steps of one's own
            Work::WaitForPerson { .. } => "a person".into(),
            Work::WaitForTime { .. } => "time".into(),
        };
        self.phases.insert(id.clone(), self.phase);
        self.steps.push(Step {
            id: id.clone(),
            title: making.title,
            undo: Some(declared(&making.work)),
            undoes: None,
            work: making.work,
            resource: making.resource.cloned(),
            regions: making.regions,
            after: making.after,
            timeout_seconds: making.timeout_seconds,
            irreversible: making.irreversible,
            plane,
            value_now: making.value_now,
            value_to_be: making.value_to_be,
            how: How::default(),
        });
        Ok(id)
    }

    /// The services that tell of these stores in the target Region, such as `dynamodb+rds@eu-central-1`.
    fn plane_of(&self, stores: &[Name], service: fn(ResourceKind) -> &'static str) -> String {
        let services: BTreeSet<_> = stores
            .iter()
            .filter_map(|store| self.picture.application.resource(store))
            .map(|resource| service(resource.spec.kind()))
            .collect();
        format!("{}@{}", services.into_iter().collect::<Vec<_>>().join("+"), self.movement.to)
    }

    pub(super) fn finish(mut self) -> Result<(Plan, Vec<Misfit>), Refusal> {
        self.note_planes();
        let mut facts = Vec::new();
        let mut before = Vec::new();
        let mut roles = BTreeMap::new();
        let all: Vec<RegionCode> = self.picture.application.regions().cloned().collect();
        let signals: BTreeSet<&Name> = self.steps.iter().flat_map(Step::asks).collect();
        for resource in &self.picture.application.resources {
            let rested_on = !resource.spec.kind().is_for_readiness_only();
            if !rested_on && !signals.contains(&resource.name) {
                continue;
            }
            let account =
                self.picture.accounts.iter().find(|a| a.name == resource.account).ok_or_else(|| {
                    Refusal::new(
                        "account_missing",
                        format!(
                            "Resource `{}` is in account `{}`, which is not registered.",
                            resource.name, resource.account
                        ),
                        "Register the account with its read and act roles.",
                    )
                })?;
            roles.insert(account.name.clone(), account.act_role_arn.clone());
            // A signal is looked at when its step's turn comes; the plan rests on nothing of it.
            for region in all.iter().filter(|_| rested_on) {
                if let Some(seen) = self.last(&resource.name, region) {
                    facts.extend(facts_of(&resource.name, region, seen));
                    before.push(Before {
                        resource: resource.name.clone(),
                        region: region.clone(),
                        facts: seen.clone(),
                    });
                }
            }
        }
        for name in self.steps.iter().filter_map(|s| s.change()?.account()) {
            let account = self.picture.accounts.iter().find(|a| a.name == *name).ok_or_else(|| {
                Refusal::new(
                    "account_missing",
                    format!("An own step acts in account `{name}`, which is not registered."),
                    "Register the account with its read and act roles.",
                )
            })?;
            roles.insert(account.name.clone(), account.act_role_arn.clone());
        }
        // It reads whatever the plan rests on.
        for observe in self.steps.iter_mut().filter(|step| matches!(step.work, Work::ObserveAgain)) {
            observe.regions = all.iter().filter(|r| facts.iter().any(|f| f.region == **r)).cloned().collect();
        }
        let measurements = self.measurements();
        let dark = self.leaving_dark();
        let mut plan = Plan {
            steps: self.steps,
            roles,
            facts,
            before,
            measurements,
            notes: self.notes,
            changed_before: BTreeSet::new(),
            drill: (self.movement.intent == Intent::Drill).then_some(Drill::Isolated),
            split: self.split,
        };
        planes::label_looks(&mut plan, &self.picture.application, dark);
        Ok((plan, self.misfits))
    }

    /// Lag with its limit, and capacity, as they were when the plan was made.
    fn measurements(&self) -> Vec<Measurement> {
        let mut measurements = Vec::new();
        let rpo_ms = f64::from(self.picture.application.objectives.rpo.get()) * 1000.0;
        for resource in &self.picture.application.resources {
            let kind = resource.spec.kind();
            for region in self.picture.application.regions() {
                let measured = |what: &str, value, unit: &str, limit, at| Measurement {
                    resource: resource.name.clone(),
                    region: region.clone(),
                    what: what.into(),
                    value,
                    unit: unit.into(),
                    limit,
                    at,
                };
                let target = *region == self.movement.to;
                let limit = (self.movement.mode == Mode::Planned).then_some(rpo_ms);
                match self.known(&resource.name, region) {
                    Some(facts) if kind.is_store() && target && facts.writes() != Some(true) => {
                        measurements.push(measured(
                            "lag",
                            facts.lag().map(|l| l.milliseconds),
                            "ms",
                            limit,
                            facts.lag().map(|l| l.measured_at),
                        ));
                    }
                    Some(facts) => {
                        let Some(capacity) = facts.capacity() else { continue };
                        let at = self
                            .picture
                            .observations
                            .get(&(resource.name.clone(), region.clone()))
                            .and_then(|s| s.last_seen())
                            .map(|(at, _)| at);
                        let count = |what, count: Option<u32>| {
                            measured(what, count.map(f64::from), capacity.unit, None, at)
                        };
                        measurements.push(count("desired", Some(capacity.desired)));
                        measurements.push(count("running", capacity.running));
                    }
                    None if target && kind.is_store() => {
                        measurements.push(measured("lag", None, "ms", limit, None));
                    }
                    _ => {}
                }
            }
        }
        measurements
    }

    /// The Region that an emergency must not need.
    fn leaving_dark(&self) -> Option<&'a RegionCode> {
        self.leaving().filter(|_| self.movement.mode == Mode::Emergency)
    }

    /// An emergency should need neither the Region being left nor a control plane that sits in one Region.
    fn note_planes(&mut self) {
        let mut notes = Vec::new();
        if self.movement.mode == Mode::Emergency {
            let databases: fn(&Change) -> bool = |change| change.makes_anew().is_some();
            let stacks: fn(&Change) -> bool = |change| matches!(change, Change::CreateStack { .. });
            // One of each tells enough.
            for (what, made) in
                [("gives what it makes a DNS name", databases), ("may make what gets a DNS name", stacks)]
            {
                let Some(step) = self.steps.iter().find(|s| s.change().is_some_and(made)) else { continue };
                notes.push(format!(
                    "`{}` {what}, which Route 53's control plane in us-east-1 must take: it may wait for that in an emergency.",
                    step.id
                ));
            }
        }
        let (application, now) = (&self.picture.application, self.picture.now);
        notes.extend(
            needed_planes(&self.steps, self.movement, application, now)
                .into_iter()
                .map(|found| found.sentence),
        );
        for note in notes {
            self.note(note);
        }
    }
}
