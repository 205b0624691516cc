//! The `plans` section: the steps of one's own that each application's generated plan is given, and where; and what was
//! changed about it (`plan_edits`).

use crate::fields::{Fields, KeyRule, Reader};
use crate::plan_edits;
use crate::problem::{clip, way_to_a_word};
use crate::shapes;
use crate::tree::{Node, What};
use holdfast_domain::own_step::{InEmergency, Occasion, OwnWork, Phase, Place, Side, Until, Where};
use holdfast_domain::{Name, OwnPlan, OwnStep, RegionCode, Seconds, StepId};
use std::collections::BTreeMap;

/// A wait that outlives its reason is a run that somebody forgot.
const LONGEST_WAIT: u32 = 7 * 86_400;
/// One of these says where.
const PLACES: [&str; 4] = ["before", "after", "before_step", "after_step"];

/// The keys that every step may have, in their canonical order, around those of its kind.
const FIRST: [KeyRule; 6] = [
    ("name", true),
    ("kind", true),
    ("before", false),
    ("after", false),
    ("before_step", false),
    ("after_step", false),
];
const LAST: [KeyRule; 4] = [("fences", false), ("moves", false), ("in_emergency", false), ("timeout", false)];

pub(crate) fn keys_of(kind: &str) -> &'static [KeyRule] {
    match kind {
        "webhook" => &[("url", true)],
        "lambda_invoke" => &[("account", true), ("region", false), ("function", true), ("payload", false)],
        "ssm_document" => &[
            ("account", true),
            ("region", false),
            ("document", true),
            ("parameters", false),
            ("target_tag", true),
            ("target_value", true),
        ],
        "wait_for_person" => &[("says", true), ("group", false)],
        "wait_for_time" => &[("for", false), ("until", false)],
        "wait_for_signal" => &[("signal", true), ("region", false)],
        "run_plan" => &[("application", true)],
        _ => &[],
    }
}

pub(crate) fn plan(reader: &mut Reader, node: &Node, path: &str) -> Option<OwnPlan> {
    let keys = [("application", true), ("steps", false), ("edits", false)];
    let fields = reader.fields(node, path, "what is one's own of an application's plans", &keys)?;
    let application = reader.name(&fields, "application");
    let steps_path = fields.path_of("steps");
    let steps = match fields.get("steps") {
        None => Some(Vec::new()),
        Some(node) => {
            if node.is_empty_list() {
                let message = "`steps` is empty, and then there is nothing to add to the plan";
                reader.problems.at(node.at, &steps_path, message, "leave the key out");
            }
            reader.entries(node, &steps_path, "steps", step)
        }
    };
    let edits_path = fields.path_of("edits");
    let edits = match fields.get("edits") {
        None => Some(Vec::new()),
        Some(node) => {
            if node.is_empty_list() {
                let message = "`edits` is empty, and then nothing is changed about the plans";
                reader.problems.at(node.at, &edits_path, message, "leave the key out");
            }
            plan_edits::ways(reader, node, &edits_path)
        }
    };
    if !fields.has("steps") && !fields.has("edits") {
        let message = "the application has neither `steps` nor `edits`";
        reader.problems.at(node.at, path, message, "leave the application out of `plans`");
    }
    Some(OwnPlan { application: application?, steps: steps?, edits: edits? })
}

fn step(reader: &mut Reader, node: &Node, path: &str) -> Option<OwnStep> {
    let kind = node.get("kind").and_then(|node| kind_of(reader, node, &format!("{path}.kind")));
    let mut keys = FIRST.to_vec();
    match (kind, &node.what) {
        (Some(kind), _) => keys.extend(keys_of(kind)),
        // Without its kind, nothing is known of the other keys: take each as it stands.
        (None, What::Map(_)) => {
            keys.extend(OwnWork::KINDS.iter().flat_map(|k| keys_of(k)).map(|(key, _)| (*key, false)));
        }
        (None, _) => {}
    }
    keys.extend(LAST);
    let fields = reader.fields(node, path, "a step", &keys)?;
    let name = reader.name(&fields, "name");
    let place = place(reader, &fields);
    let moves = occasions(reader, &fields);
    let in_emergency = match fields.get("in_emergency") {
        None => Some(InEmergency::CarriedOut),
        Some(node) => {
            choice(reader, node, &fields.path_of("in_emergency"), "what becomes of a step", InEmergency::ALL)
        }
    };
    let timeout = match fields.get("timeout") {
        None => Some(None),
        Some(node) => length(reader, node, &fields.path_of("timeout")).map(Some),
    };
    let fences = fences(reader, &fields);
    let work = work(reader, &fields, kind?);
    Some(OwnStep {
        name: name?,
        place: place?,
        moves: moves?,
        in_emergency: in_emergency?,
        timeout: timeout?,
        fences: fences?,
        work: work?,
    })
}

pub(crate) fn kind_of(reader: &mut Reader, node: &Node, path: &str) -> Option<&'static str> {
    let text = reader.text(node, path)?;
    let kind = OwnWork::KINDS.into_iter().find(|kind| *kind == text);
    if kind.is_none() && !reader.problems.is_full() {
        let message = format!("`{}` is not a kind of step", clip(text));
        reader.problems.at(node.at, path, message, way_to_a_word(text, OwnWork::KINDS));
    }
    kind
}

/// One of the words of an enumeration of the domain.
fn choice<T: Copy + Words>(reader: &mut Reader, node: &Node, path: &str, what: &str, all: &[T]) -> Option<T> {
    let words: Vec<_> = all.iter().map(|one| (one.word(), *one)).collect();
    reader.choice(node, path, what, &words)
}

trait Words {
    fn word(&self) -> &'static str;
}
macro_rules! words {
    ($($name:ident),*) => { $(impl Words for $name { fn word(&self) -> &'static str { self.as_str() } })* };
}
words!(Phase, Occasion, InEmergency);

pub(crate) fn place(reader: &mut Reader, fields: &Fields<'_>) -> Option<Place> {
    let given: Vec<_> = PLACES.into_iter().filter(|key| fields.has(key)).collect();
    let [key] = given.as_slice() else {
        let message = if given.is_empty() {
            "the step says neither before nor after what it comes".to_owned()
        } else {
            format!("the step has {} places: `{}`", given.len(), given.join("` and `"))
        };
        let way_out = "give one of `before` and `after` with a phase, such as move_traffic, or `before_step` and `after_step` with a step's id";
        reader.problems.at(fields.at(), &fields.path, message, way_out);
        return None;
    };
    let (node, path) = (fields.get(key)?, fields.path_of(key));
    if key.ends_with("_step") {
        let text = reader.word(node, &path)?;
        if StepId::parse(&text).is_err() {
            let message = format!("`{key}` is `{}`, which is not a step's id", clip(&text));
            reader.problems.at(
                node.at,
                &path,
                message,
                "write it as the plan shows it, such as switch-orders",
            );
            return None;
        }
        return Some(if *key == "before_step" { Place::BeforeStep(text) } else { Place::AfterStep(text) });
    }
    let phase = choice(reader, node, &path, "a phase of a plan", Phase::ALL)?;
    if *key == "before" && phase == Phase::Observe {
        let message = "nothing comes before `observe`: a run looks before it does anything";
        reader.problems.at(node.at, &path, message, "write `after: observe`");
        return None;
    }
    Some(if *key == "before" { Place::Before(phase) } else { Place::After(phase) })
}

/// Where nothing is said, both ways of a real move, and no drill.
fn occasions(reader: &mut Reader, fields: &Fields<'_>) -> Option<Vec<Occasion>> {
    let Some(node) = fields.get("moves") else { return Some(vec![Occasion::Failover, Occasion::Failback]) };
    let path = fields.path_of("moves");
    let (mut all, mut whole) = (Vec::new(), true);
    for (index, item) in reader.items(node, &path, "moves")?.iter().enumerate() {
        let item_path = format!("{path}[{index}]");
        match choice(reader, item, &item_path, "a move", Occasion::ALL) {
            Some(one) if all.contains(&one) => {
                let message = format!("`{}` stands twice in `moves`", one.as_str());
                reader.problems.at(item.at, &item_path, message, "keep one of them");
            }
            Some(one) => all.push(one),
            None => whole = false,
        }
    }
    if all.is_empty() && whole {
        reader.problems.at(
            node.at,
            &path,
            "`moves` is empty, so that no move has the step",
            "name a move, or leave the key out",
        );
        return None;
    }
    all.sort_unstable();
    whole.then_some(all)
}

/// The stores whose writers it stops.
fn fences(reader: &mut Reader, fields: &Fields<'_>) -> Option<Vec<Name>> {
    let Some(node) = fields.get("fences") else { return Some(Vec::new()) };
    let path = fields.path_of("fences");
    let (mut all, mut whole) = (Vec::new(), true);
    for (index, item) in reader.items(node, &path, "fences")?.iter().enumerate() {
        let item_path = format!("{path}[{index}]");
        match reader.name_at(item, &item_path) {
            Some(one) if all.contains(&one) => {
                let message = format!("`{one}` stands twice in `fences`");
                reader.problems.at(item.at, &item_path, message, "keep one of them");
            }
            Some(one) => all.push(one),
            None => whole = false,
        }
    }
    whole.then_some(all)
}

pub(crate) fn length(reader: &mut Reader, node: &Node, path: &str) -> Option<Seconds> {
    let length = reader.length_at(node, path)?;
    if (1..=LONGEST_WAIT).contains(&length.get()) {
        return Some(length);
    }
    let longest = Seconds(LONGEST_WAIT);
    let message = format!("{length} is not a length of time that a step takes: from 1s to {longest}");
    reader.problems.at(node.at, path, message, format!("write a length of time of at most {longest}"));
    None
}

pub(crate) fn work(reader: &mut Reader, fields: &Fields<'_>, kind: &str) -> Option<OwnWork> {
    match kind {
        "webhook" => {
            let url = reader.ruled(fields.get("url")?, &fields.path_of("url"), shapes::rule_of("url"))?;
            Some(OwnWork::Webhook { url })
        }
        "lambda_invoke" => {
            let account = reader.name(fields, "account");
            let region = place_in(reader, fields);
            let function = word(reader, fields, "function");
            let payload = match fields.get("payload") {
                None => Some(None),
                Some(node) => payload(reader, node, &fields.path_of("payload")).map(Some),
            };
            Some(OwnWork::LambdaInvoke {
                account: account?,
                region: region?,
                function: function?,
                payload: payload?,
            })
        }
        "ssm_document" => {
            let account = reader.name(fields, "account");
            let region = place_in(reader, fields);
            let document = word(reader, fields, "document");
            let parameters = parameters(reader, fields);
            let (tag, value) = (word(reader, fields, "target_tag"), word(reader, fields, "target_value"));
            Some(OwnWork::SsmDocument {
                account: account?,
                region: region?,
                document: document?,
                parameters: parameters?,
                target_tag: tag?,
                target_value: value?,
            })
        }
        "wait_for_person" => {
            let says = reader.prose(fields, "says");
            let group = match fields.get("group") {
                None => Some(None),
                Some(_) => reader.name(fields, "group").map(Some),
            };
            Some(OwnWork::WaitForPerson { says: says?, group: group? })
        }
        "wait_for_time" => until(reader, fields).map(|until| OwnWork::WaitForTime { until }),
        "wait_for_signal" => {
            let signal = reader.name(fields, "signal");
            let region = place_in(reader, fields);
            Some(OwnWork::WaitForSignal { signal: signal?, region: region? })
        }
        "run_plan" => reader.name(fields, "application").map(|application| OwnWork::RunPlan { application }),
        _ => None,
    }
}

fn word(reader: &mut Reader, fields: &Fields<'_>, key: &str) -> Option<String> {
    reader.word(fields.get(key)?, &fields.path_of(key))
}

/// The target's Region, where nothing is said.
fn place_in(reader: &mut Reader, fields: &Fields<'_>) -> Option<Where> {
    let Some(node) = fields.get("region") else { return Some(Where::Side(Side::Target)) };
    let path = fields.path_of("region");
    let text = reader.text(node, &path)?;
    if let Some(side) = Side::ALL.iter().find(|side| side.as_str() == text) {
        return Some(Where::Side(*side));
    }
    if let Ok(region) = RegionCode::parse(text) {
        return Some(Where::Region(region));
    }
    let message = format!(
        "`region` is `{}`, which is neither target, source nor a Region that Holdfast knows",
        clip(text)
    );
    reader.problems.at(node.at, &path, message, "write target, source, or a Region's code");
    None
}

fn payload(reader: &mut Reader, node: &Node, path: &str) -> Option<String> {
    let text = reader.text(node, path)?;
    if serde_json::from_str::<serde_json::Value>(text).is_ok() {
        return Some(text.to_owned());
    }
    reader.problems.at(
        node.at,
        path,
        "`payload` is not JSON",
        "write it as one text of JSON, such as '{\"warm\": true}'",
    );
    None
}

fn parameters(reader: &mut Reader, fields: &Fields<'_>) -> Option<BTreeMap<String, String>> {
    let Some(node) = fields.get("parameters") else { return Some(BTreeMap::new()) };
    let path = fields.path_of("parameters");
    let What::Map(entries) = &node.what else {
        reader.wrong_type(node, &path, "an object of texts", "write its keys and values");
        return None;
    };
    let read = entries.iter().map(|entry| {
        let path = format!("{path}.{}", clip(&entry.key));
        Some((entry.key.clone(), reader.text(&entry.value, &path)?.to_owned()))
    });
    // Every value is looked at, so that each problem is told.
    read.collect::<Vec<_>>().into_iter().collect()
}

fn until(reader: &mut Reader, fields: &Fields<'_>) -> Option<Until> {
    match (fields.get("for"), fields.get("until")) {
        (Some(node), None) => length(reader, node, &fields.path_of("for")).map(Until::For),
        (None, Some(node)) => {
            let path = fields.path_of("until");
            let text = reader.text(node, &path)?;
            let at = text.parse::<jiff::Timestamp>().ok();
            if at.is_none() {
                let message = format!("`until` is `{}`, which is not a time", clip(text));
                reader.problems.at(node.at, &path, message, "write it like 2027-03-01T03:00:00Z");
            }
            at.map(Until::At)
        }
        _ => {
            let message = "a wait for time is either `for` a length or `until` a time";
            reader.problems.at(fields.at(), &fields.path, message, "give one of the two");
            None
        }
    }
}
