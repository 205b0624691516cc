//! The canonical form of each entry: which keys it has, in which order, and what stands on one line. The YAML
//! and the JSON writer and the comparison all start from here, so they cannot disagree.
//!
//! One rule for lines: sections, entries, resources, `rules`, `waivers`, own steps and what is given by Region each take
//! their own lines; everything within those (a rule, a waiver, an edit, the objectives, one Region's part, a list of
//! Regions or names) is written on one line.
//!
//! One rule for order: keys as the documentation lists them, entries of a section by key, resources and lists
//! as they were given, Regions of a resource as the application names its own: home first.

mod edits;

use holdfast_domain::own_step::{InEmergency, Occasion, OwnWork, Place, Side, Until, Where};
use holdfast_domain::resource::{Key, KeyShape};
use holdfast_domain::{
    Account, Application, ApprovalPolicy, DeclaredRegion, Group, Inventory, LoadSplit, OwnPlan, OwnStep,
    RegionCode, Resource, Waiver,
};
use serde_json::{Map, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    Lines,
    OneLine,
}

#[derive(Debug, Clone)]
pub(crate) enum Out {
    /// Quoted if it must be.
    Text(String),
    /// An identifier that could be taken for a number: always quoted.
    Id(String),
    /// Text whose form says what it is, such as a date: never quoted.
    Bare(String),
    Number(u64),
    List(Layout, Vec<Out>),
    Map(Layout, Vec<(String, Out)>),
}
use Layout::{Lines, OneLine};

impl Out {
    fn text(text: impl ToString) -> Self {
        Self::Text(text.to_string())
    }

    fn texts<T: ToString>(all: impl IntoIterator<Item = T>) -> Self {
        Self::List(OneLine, all.into_iter().map(Self::text).collect())
    }

    pub fn into_json(self) -> Value {
        match self {
            Self::Text(text) | Self::Id(text) | Self::Bare(text) => Value::String(text),
            Self::Number(number) => Value::from(number),
            Self::List(_, items) => Value::Array(items.into_iter().map(Self::into_json).collect()),
            Self::Map(_, entries) => {
                Value::Object(entries.into_iter().map(|(key, value)| (key, value.into_json())).collect())
            }
        }
    }
}

/// Keys in the order they are added; absent options leave no key.
struct Entry(Layout, Vec<(String, Out)>);

impl Entry {
    fn new(layout: Layout) -> Self {
        Self(layout, Vec::new())
    }
    fn with(mut self, key: &str, value: Out) -> Self {
        self.1.push((key.to_owned(), value));
        self
    }
    fn maybe(self, key: &str, value: Option<Out>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }
    fn out(self) -> Out {
        Out::Map(self.0, self.1)
    }
}

pub(crate) fn inventory(inventory: &Inventory) -> Out {
    let mut sorted = inventory.clone();
    crate::merge::sort(&mut sorted);
    fn section<T>(entries: Option<&Vec<T>>, entry: impl Fn(&T) -> Out) -> Option<Out> {
        entries.map(|entries| Out::List(Lines, entries.iter().map(entry).collect()))
    }
    Entry::new(Lines)
        .with("version", Out::Number(1))
        .maybe("accounts", section(sorted.accounts.as_ref(), account))
        .maybe("regions", section(sorted.regions.as_ref(), region))
        .maybe("groups", section(sorted.groups.as_ref(), group))
        .maybe("approval_policies", section(sorted.approval_policies.as_ref(), policy))
        .maybe("applications", section(sorted.applications.as_ref(), application))
        .maybe("plans", section(sorted.plans.as_ref(), plan))
        .out()
}

pub(crate) fn account(account: &Account) -> Out {
    Entry::new(Lines)
        .with("id", Out::Id(account.id.to_string()))
        .with("name", Out::text(&account.name))
        .with("read_role_arn", Out::text(&account.read_role_arn))
        .with("act_role_arn", Out::text(&account.act_role_arn))
        .maybe("external_id", account.external_id.as_ref().map(Out::text))
        .out()
}

pub(crate) fn region(region: &DeclaredRegion) -> Out {
    Entry::new(Lines)
        .with("code", Out::text(&region.code))
        .with("declared", Out::text(region.declared.as_str()))
        .maybe("reason", region.reason.as_ref().map(Out::text))
        .out()
}

pub(crate) fn group(group: &Group) -> Out {
    Entry::new(Lines)
        .with("name", Out::text(&group.name))
        .maybe("description", group.description.as_ref().map(Out::text))
        .out()
}

pub(crate) fn policy(policy: &ApprovalPolicy) -> Out {
    let rules = policy.rules.iter().map(|rule| {
        Entry::new(OneLine)
            .with("group", Out::text(&rule.group))
            .with("approvals", Out::Number(u64::from(rule.approvals)))
            .out()
    });
    Entry::new(Lines)
        .with("name", Out::text(&policy.name))
        .with("rules", Out::List(Lines, rules.collect()))
        .with("expires_after", Out::text(policy.expires_after))
        .out()
}

pub(crate) fn application(application: &Application) -> Out {
    let objectives = Entry::new(OneLine)
        .with("rto", Out::text(application.objectives.rto))
        .with("rpo", Out::text(application.objectives.rpo));
    let regions: Vec<_> = application.regions().collect();
    let some = |out: Out, there: bool| there.then_some(out);
    let resources = application.resources.iter().map(|r| resource(r, &regions)).collect();
    let waivers = application.waivers.iter().map(waiver).collect();
    Entry::new(Lines)
        .with("name", Out::text(&application.name))
        .with("owner", Out::text(&application.owner))
        .with("tier", Out::Number(u64::from(application.tier)))
        .maybe("environment", application.environment.as_ref().map(Out::text))
        .with("strategy", Out::text(application.strategy.as_str()))
        .with("home_region", Out::text(&application.home_region))
        .with("recovery_regions", Out::texts(&application.recovery_regions))
        .with("objectives", objectives.out())
        .maybe(
            "data_residency",
            some(Out::texts(&application.data_residency), !application.data_residency.is_empty()),
        )
        .maybe("load_split", load_split(&application.load_split, &regions))
        .with("approval_policy", Out::text(&application.approval_policy))
        .with("depends_on", Out::texts(&application.depends_on))
        .with("resources", Out::List(Lines, resources))
        .maybe("waivers", some(Out::List(Lines, waivers), !application.waivers.is_empty()))
        .out()
}

/// Absent where nothing but the usual is said.
fn load_split(split: &LoadSplit, regions: &[&RegionCode]) -> Option<Out> {
    match split {
        LoadSplit::Even => None,
        LoadSplit::Proportional => Some(Out::text("proportional")),
        LoadSplit::Percent(all) => {
            let at = |code: &RegionCode| regions.iter().position(|r| *r == code).unwrap_or(regions.len());
            let mut places: Vec<_> = all.iter().collect();
            places.sort_by_key(|(code, _)| (at(code), *code));
            let number =
                |(code, percent): (&RegionCode, &u8)| (code.to_string(), Out::Number((*percent).into()));
            Some(Out::Map(OneLine, places.into_iter().map(number).collect()))
        }
    }
}

fn waiver(waiver: &Waiver) -> Out {
    Entry::new(OneLine)
        .with("step", Out::text(&waiver.step))
        .with("plane", Out::text(&waiver.plane))
        .with("by", Out::text(&waiver.by))
        .with("reason", Out::text(&waiver.reason))
        .with("review_on", Out::Bare(waiver.review_on.to_string()))
        .out()
}

/// The steps of one's own that an application's plan is given.
pub(crate) fn plan(plan: &OwnPlan) -> Out {
    Entry::new(Lines)
        .with("application", Out::text(&plan.application))
        .maybe("steps", some_lines(plan.steps.iter().map(step).collect()))
        .maybe("edits", some_lines(edits::in_order(&plan.edits)))
        .out()
}

fn some_lines(all: Vec<Out>) -> Option<Out> {
    (!all.is_empty()).then_some(Out::List(Lines, all))
}

fn step(step: &OwnStep) -> Out {
    let entry =
        Entry::new(OneLine).with("name", Out::text(&step.name)).with("kind", Out::text(step.work.kind()));
    let entry = placed(entry, &step.place);
    let is_usual = step.moves == [Occasion::Failover, Occasion::Failback];
    own_work(entry, &step.work)
        .maybe("fences", (!step.fences.is_empty()).then(|| Out::texts(&step.fences)))
        .maybe("moves", (!is_usual).then(|| Out::texts(step.moves.iter().map(|o| o.as_str()))))
        .maybe(
            "in_emergency",
            (step.in_emergency != InEmergency::CarriedOut).then(|| Out::text(step.in_emergency.as_str())),
        )
        .maybe("timeout", step.timeout.map(Out::text))
        .out()
}

fn placed(entry: Entry, place: &Place) -> Entry {
    match place {
        Place::Before(phase) => entry.with("before", Out::text(phase.as_str())),
        Place::After(phase) => entry.with("after", Out::text(phase.as_str())),
        Place::BeforeStep(id) => entry.with("before_step", Out::text(id)),
        Place::AfterStep(id) => entry.with("after_step", Out::text(id)),
    }
}

/// What its kind has; the target's Region is where a step is that names none.
fn own_work(entry: Entry, work: &OwnWork) -> Entry {
    let there = |region: &Where| (*region != Where::Side(Side::Target)).then(|| Out::text(region.as_str()));
    match work {
        OwnWork::Webhook { url } => entry.with("url", Out::text(url)),
        OwnWork::LambdaInvoke { account, region, function, payload } => entry
            .with("account", Out::text(account))
            .maybe("region", there(region))
            .with("function", Out::text(function))
            .maybe("payload", payload.as_ref().map(Out::text)),
        OwnWork::SsmDocument { account, region, document, parameters, target_tag, target_value } => {
            let texts = parameters.iter().map(|(key, value)| (key.clone(), Out::text(value))).collect();
            entry
                .with("account", Out::text(account))
                .maybe("region", there(region))
                .with("document", Out::text(document))
                .maybe("parameters", (!parameters.is_empty()).then_some(Out::Map(OneLine, texts)))
                .with("target_tag", Out::text(target_tag))
                .with("target_value", Out::text(target_value))
        }
        OwnWork::WaitForPerson { says, group } => {
            entry.with("says", Out::text(says)).maybe("group", group.as_ref().map(Out::text))
        }
        OwnWork::WaitForTime { until: Until::For(length) } => entry.with("for", Out::text(length)),
        OwnWork::WaitForTime { until: Until::At(at) } => entry.with("until", Out::text(at)),
        OwnWork::WaitForSignal { signal, region } => {
            entry.with("signal", Out::text(signal)).maybe("region", there(region))
        }
        OwnWork::RunPlan { application } => entry.with("application", Out::text(application)),
    }
}

fn resource(resource: &Resource, regions: &[&RegionCode]) -> Out {
    let kind = resource.spec.kind();
    let mut entry = Entry::new(Lines)
        .with("name", Out::text(&resource.name))
        .with("kind", Out::text(kind.as_str()))
        .with("account", Out::text(&resource.account));
    // A specification is texts, numbers and maps with text keys: making a value of it cannot fail.
    let spec = serde_json::to_value(&resource.spec).unwrap_or_default();
    for key in kind.keys() {
        if let Some(value) = spec.get(key.name) {
            entry = entry.with(key.name, shaped(value, key, regions));
        }
    }
    entry.out()
}

fn shaped(value: &Value, key: &Key, regions: &[&RegionCode]) -> Out {
    let by_region = |map: &Map<String, Value>, place: &dyn Fn(&Value) -> Out| {
        let at = |code: &String| regions.iter().position(|r| r.as_str() == code).unwrap_or(regions.len());
        let mut places: Vec<_> = map.iter().collect();
        places.sort_by_key(|(code, _)| (at(code), *code));
        Out::Map(Lines, places.into_iter().map(|(code, value)| (code.clone(), place(value))).collect())
    };
    match (value, key.shape) {
        (Value::Object(map), KeyShape::TextPerRegion) => by_region(map, &leaf),
        (Value::Object(map), KeyShape::ObjectPerRegion(keys)) => by_region(map, &|value| {
            let present =
                keys.iter().filter_map(|key| Some((key.name.to_owned(), leaf(value.get(key.name)?))));
            Out::Map(OneLine, present.collect())
        }),
        _ => leaf(value),
    }
}

fn leaf(value: &Value) -> Out {
    match value {
        Value::Array(items) => Out::List(OneLine, items.iter().map(leaf).collect()),
        Value::Object(map) => {
            Out::Map(OneLine, map.iter().map(|(key, value)| (key.clone(), leaf(value))).collect())
        }
        Value::String(text) => Out::text(text),
        Value::Number(number) => number.as_u64().map_or_else(|| Out::Bare(number.to_string()), Out::Number),
        Value::Bool(_) | Value::Null => Out::Bare(value.to_string()),
    }
}
