//! What people have changed about an application's generated plans, as the `plans` section holds it: way by way, edit by edit.
//! Whether an edit fits the plan that is generated is for whoever generates it.

use crate::fields::{Fields, KeyRule, Reader};
use crate::plans::{keys_of, kind_of, length, place, work};
use crate::problem::{clip, way_to_a_word};
use crate::tree::{Node, What};
use holdfast_domain::own_step::OwnWork;
use holdfast_domain::plan_edit::{Condition, Edit, Editing, IfItFails};
use holdfast_domain::{Intent, Mode, PlanEdits, Seconds, StepId};

const WAY: [KeyRule; 4] = [("intent", true), ("from", true), ("to", true), ("edits", true)];
const PLACES: [KeyRule; 4] =
    [("before", false), ("after", false), ("before_step", false), ("after_step", false)];
/// What an edit may put in: what calls something is one of the `steps`, where its rights and secrets are kept.
const WAITS: [&str; 3] = ["wait_for_person", "wait_for_time", "wait_for_signal"];

fn keys_of_edit(kind: &str) -> &'static [KeyRule] {
    match kind {
        "wait_for" | "do_not_wait_for" => &[("step", true), ("other", true)],
        "timeout" => &[("step", true), ("timeout", true)],
        "tries" => &[("step", true), ("tries", true)],
        "only_if" => &[
            ("step", true),
            ("signal", false),
            ("is", false),
            ("resource", false),
            ("fact", false),
            ("value", false),
            ("region", true),
        ],
        "if_it_fails" => &[("step", true), ("then", true)],
        "leave_out" => &[("step", true)],
        "insert" => &[("name", true), ("kind", true)],
        _ => &[],
    }
}

/// The edits of every way that has any, in the file's order: their canonical one is the writer's.
pub(crate) fn ways(reader: &mut Reader, node: &Node, path: &str) -> Option<Vec<PlanEdits>> {
    let items = reader.items(node, path, "plans' edits")?;
    let (mut all, mut whole): (Vec<PlanEdits>, bool) = (Vec::new(), true);
    for (index, item) in items.iter().enumerate() {
        let item_path = format!("{path}[{index}]");
        match way(reader, item, &item_path) {
            Some(way) if all.iter().any(|other| other.way() == way.way()) => {
                let message = "the edits of this plan stand twice";
                reader.problems.at(
                    item.at,
                    &item_path,
                    message,
                    "write them all in one place, in their order",
                );
                whole = false;
            }
            Some(way) => all.push(way),
            None => whole = false,
        }
    }
    whole.then_some(all)
}

fn way(reader: &mut Reader, node: &Node, path: &str) -> Option<PlanEdits> {
    let fields = reader.fields(node, path, "the edits of one plan", &WAY)?;
    let intents = [Intent::Failover, Intent::Failback].map(|intent| (intent.as_str(), intent));
    let intent = fields
        .get("intent")
        .and_then(|node| reader.choice(node, &fields.path_of("intent"), "what a plan is for", &intents));
    let from = fields.get("from").and_then(|node| reader.region_at(node, &fields.path_of("from")));
    let to = fields.get("to").and_then(|node| reader.region_at(node, &fields.path_of("to")));
    let edits_path = fields.path_of("edits");
    let edits = fields.get("edits").and_then(|node| {
        let items = reader.items(node, &edits_path, "edits")?;
        if items.is_empty() || items.len() > Editing::AT_MOST {
            let message = format!("`edits` has {} entries, and takes 1 to {}", items.len(), Editing::AT_MOST);
            let way_out = "leave the plan out if nothing about it was changed";
            reader.problems.at(node.at, &edits_path, message, way_out);
        }
        let read: Vec<Option<Edit>> = items
            .iter()
            .enumerate()
            .map(|(index, item)| edit(reader, item, &format!("{edits_path}[{index}]")))
            .collect();
        read.into_iter().collect::<Option<Vec<_>>>()
    });
    Some(PlanEdits { intent: intent?, from: from?, to: to?, edits: edits? })
}

fn edit(reader: &mut Reader, node: &Node, path: &str) -> Option<Edit> {
    let kind = node.get("edit").and_then(|node| {
        let words = Editing::KINDS.map(|kind| (kind, kind));
        reader.choice(node, &format!("{path}.edit"), "a kind of edit", &words)
    });
    let put_in = node
        .get("kind")
        .filter(|_| kind == Some("insert"))
        .and_then(|node| kind_of(reader, node, &format!("{path}.kind")));
    let mut keys: Vec<KeyRule> = vec![("edit", true)];
    match (kind, &node.what) {
        (Some("insert"), _) => {
            keys.extend(keys_of_edit("insert"));
            keys.extend(PLACES);
            match put_in {
                Some(put_in) => keys.extend(keys_of(put_in)),
                None => keys.extend(any(WAITS.iter().flat_map(|kind| keys_of(kind)))),
            }
            keys.push(("timeout", false));
        }
        (Some(kind), _) => keys.extend(keys_of_edit(kind)),
        // Without its kind, nothing is known of the other keys: take each as it stands.
        (None, What::Map(_)) => {
            keys.extend(any(Editing::KINDS.iter().flat_map(|kind| keys_of_edit(kind))));
            keys.extend(PLACES);
            keys.extend(any(WAITS.iter().flat_map(|kind| keys_of(kind))));
        }
        (None, _) => {}
    }
    keys.push(("mode", false));
    let fields = reader.fields(node, path, "an edit", &keys)?;
    let modes = [Mode::Planned, Mode::Emergency].map(|mode| (mode.as_str(), mode));
    let mode = match fields.get("mode") {
        None => Some(None),
        Some(node) => reader.choice(node, &fields.path_of("mode"), "a form of a plan", &modes).map(Some),
    };
    let edit = editing(reader, &fields, kind?, put_in);
    Some(Edit { mode: mode?, edit: edit? })
}

fn any<'k>(keys: impl Iterator<Item = &'k KeyRule>) -> impl Iterator<Item = KeyRule> {
    keys.map(|(key, _)| (*key, false))
}

fn editing(reader: &mut Reader, fields: &Fields<'_>, kind: &str, put_in: Option<&str>) -> Option<Editing> {
    if kind == "insert" {
        return insert(reader, fields, put_in);
    }
    let step = step(reader, fields, "step");
    Some(match kind {
        "wait_for" => Editing::WaitFor { other: self::step(reader, fields, "other")?, step: step? },
        "do_not_wait_for" => {
            Editing::DoNotWaitFor { other: self::step(reader, fields, "other")?, step: step? }
        }
        "timeout" => Editing::Timeout { seconds: seconds(reader, fields)?, step: step? },
        "tries" => Editing::Tries { tries: reader.number(fields, "tries", Editing::TRIES)?, step: step? },
        "only_if" => Editing::OnlyIf { condition: condition(reader, fields)?, step: step? },
        "if_it_fails" => {
            let words = [IfItFails::Ask, IfItFails::GoOn].map(|then| (then.as_str(), then));
            let node = fields.get("then")?;
            let then = reader.choice(node, &fields.path_of("then"), "what becomes of the run", &words);
            Editing::IfItFails { then: then?, step: step? }
        }
        "leave_out" => Editing::LeaveOut { step: step? },
        _ => return None,
    })
}

fn step(reader: &mut Reader, fields: &Fields<'_>, key: &str) -> Option<StepId> {
    let (node, path) = (fields.get(key)?, fields.path_of(key));
    let text = reader.word(node, &path)?;
    let id = StepId::parse(&text).ok();
    if id.is_none() {
        let message = format!("`{key}` is `{}`, which is not a step's id", clip(&text));
        let way_out = "write it as the plan shows it, such as switch-orders";
        reader.problems.at(node.at, &path, message, way_out);
    }
    id
}

fn seconds(reader: &mut Reader, fields: &Fields<'_>) -> Option<u32> {
    let (node, path) = (fields.get("timeout")?, fields.path_of("timeout"));
    let length = reader.length_at(node, &path)?;
    if Editing::TIMEOUT_SECONDS.contains(&length.get()) {
        return Some(length.get());
    }
    let (low, high) = (Seconds(*Editing::TIMEOUT_SECONDS.start()), Seconds(*Editing::TIMEOUT_SECONDS.end()));
    let message = format!("`timeout` is {length}, and a step takes from {low} to {high}");
    reader.problems.at(node.at, &path, message, "write the time that the step takes on a bad day");
    None
}

fn condition(reader: &mut Reader, fields: &Fields<'_>) -> Option<Condition> {
    let region = fields.get("region").and_then(|node| reader.region_at(node, &fields.path_of("region")));
    let (signal, fact) =
        (fields.has("signal"), fields.has("resource") || fields.has("fact") || fields.has("value"));
    if signal == fact {
        let message = if signal { "a condition asks one thing" } else { "the condition asks nothing" };
        let way_out = "give either `signal` and `is`, or `resource`, `fact` and `value`";
        reader.problems.at(fields.at(), &fields.path, message, way_out);
        return None;
    }
    let mut must = |keys: &[&'static str]| {
        let lacks: Vec<_> = keys.iter().copied().filter(|key| !fields.has(key)).collect();
        for key in &lacks {
            reader.problems.at(
                fields.at(),
                &fields.path,
                format!("the condition lacks the key `{key}`"),
                "add it",
            );
        }
        lacks.is_empty()
    };
    if signal {
        if !must(&["is"]) {
            return None;
        }
        let resource = reader.name(fields, "signal");
        let words = [("well", true), ("unwell", false)];
        let well = reader.choice(fields.get("is")?, &fields.path_of("is"), "how a signal is", &words);
        return Some(Condition::Signal { resource: resource?, region: region?, well: well? });
    }
    if !must(&["resource", "fact", "value"]) {
        return None;
    }
    let resource = reader.name(fields, "resource");
    let what = reader.word(fields.get("fact")?, &fields.path_of("fact"));
    let value = reader.word(fields.get("value")?, &fields.path_of("value"));
    Some(Condition::Fact { resource: resource?, region: region?, what: what?, value: value? })
}

fn insert(reader: &mut Reader, fields: &Fields<'_>, put_in: Option<&str>) -> Option<Editing> {
    let name = reader.name(fields, "name");
    let place = place(reader, fields);
    let timeout = match fields.get("timeout") {
        None => Some(None),
        Some(node) => length(reader, node, &fields.path_of("timeout")).map(Some),
    };
    let put_in = put_in?;
    if !WAITS.contains(&put_in) {
        let node = fields.get("kind")?;
        let message = format!("`{put_in}` calls something, and an edit puts in what waits only");
        let way_out = format!("write it under `steps`, or {}", way_to_a_word(put_in, WAITS));
        reader.problems.at(node.at, &fields.path_of("kind"), message, way_out);
        return None;
    }
    let work: Option<OwnWork> = work(reader, fields, put_in);
    Some(Editing::Insert { name: name?, place: place?, work: work?, timeout: timeout? })
}
