//! The canonical form of what was changed about a plan: one line for each edit, its form of the plan last.

use super::{Entry, Lines, OneLine, Out, own_work, placed};
use holdfast_domain::plan_edit::{Condition, Edit, Editing};
use holdfast_domain::{PlanEdits, Seconds};

/// Way by way, in the order of the ways.
pub(super) fn in_order(ways: &[PlanEdits]) -> Vec<Out> {
    let mut ways: Vec<&PlanEdits> = ways.iter().collect();
    ways.sort_by(|a, b| a.way().cmp(&b.way()));
    ways.into_iter().map(of_way).collect()
}

fn of_way(way: &PlanEdits) -> Out {
    Entry::new(Lines)
        .with("intent", Out::text(way.intent.as_str()))
        .with("from", Out::text(&way.from))
        .with("to", Out::text(&way.to))
        .with("edits", Out::List(Lines, way.edits.iter().map(edit).collect()))
        .out()
}

fn edit(edit: &Edit) -> Out {
    let entry = Entry::new(OneLine).with("edit", Out::text(edit.edit.kind()));
    let entry = match &edit.edit {
        Editing::WaitFor { step, other } | Editing::DoNotWaitFor { step, other } => {
            entry.with("step", Out::text(step)).with("other", Out::text(other))
        }
        Editing::Timeout { step, seconds } => {
            entry.with("step", Out::text(step)).with("timeout", Out::text(Seconds(*seconds)))
        }
        Editing::Tries { step, tries } => {
            entry.with("step", Out::text(step)).with("tries", Out::Number((*tries).into()))
        }
        Editing::OnlyIf { step, condition } => asked(entry.with("step", Out::text(step)), condition),
        Editing::IfItFails { step, then } => {
            entry.with("step", Out::text(step)).with("then", Out::text(then.as_str()))
        }
        Editing::LeaveOut { step } => entry.with("step", Out::text(step)),
        Editing::Insert { name, place, work, timeout } => {
            let entry = entry.with("name", Out::text(name)).with("kind", Out::text(work.kind()));
            own_work(placed(entry, place), work).maybe("timeout", timeout.map(Out::text))
        }
    };
    entry.maybe("mode", edit.mode.map(|mode| Out::text(mode.as_str()))).out()
}

fn asked(entry: Entry, condition: &Condition) -> Entry {
    match condition {
        Condition::Signal { resource, well, .. } => entry
            .with("signal", Out::text(resource))
            .with("is", Out::text(if *well { "well" } else { "unwell" })),
        Condition::Fact { resource, what, value, .. } => entry
            .with("resource", Out::text(resource))
            .with("fact", Out::text(what))
            .with("value", Out::text(value)),
    }
    .with("region", Out::text(condition.region()))
}
