//! One version of a plan against another: steps that came, went, moved or changed, field by field.

use super::{Form, Sheet};
use crate::movement::Mode;
use crate::step::Step;
use holdfast_domain::StepId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What differs in one form of the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    pub mode: Mode,
    /// In the order of the newer version; what went stands last.
    pub steps: Vec<StepChange>,
    /// Whether the form could be made at all, where that differs: the words of the refusal, before and after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<FieldChange>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum StepChange {
    Added {
        step: StepId,
        title: String,
        after: Vec<StepId>,
    },
    Removed {
        step: StepId,
        title: String,
    },
    /// It stands among others than before.
    Moved {
        step: StepId,
        title: String,
        fields: Vec<FieldChange>,
    },
    Changed {
        step: StepId,
        title: String,
        fields: Vec<FieldChange>,
    },
}

/// `None`: not there on that side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Such as `work.change.desired` or `after[1]`.
    pub field: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// Both forms; one without differences is not there.
#[must_use]
pub fn compare(before: &Sheet, after: &Sheet) -> Vec<Compared> {
    [Mode::Planned, Mode::Emergency]
        .into_iter()
        .map(|mode| of_form(mode, before.form(mode), after.form(mode)))
        .filter(|compared| !compared.steps.is_empty() || compared.refusal.is_some())
        .collect()
}

fn of_form(mode: Mode, before: &Form, after: &Form) -> Compared {
    let refusal = |form: &Form| form.refusal().map(ToString::to_string);
    let (was, is) = (refusal(before), refusal(after));
    let refusal = (was != is).then(|| FieldChange { field: "refusal".into(), before: was, after: is });
    Compared { mode, steps: of_steps(before.steps(), after.steps()), refusal }
}

fn of_steps(before: &[Step], after: &[Step]) -> Vec<StepChange> {
    let mut changes = Vec::new();
    let stayed = in_place(before, after);
    for step in after {
        let (id, title) = (step.id.clone(), step.title.clone());
        let Some(was) = before.iter().find(|s| s.id == step.id) else {
            changes.push(StepChange::Added { step: id, title, after: step.after.clone() });
            continue;
        };
        let fields = fields(was, step);
        if !stayed.contains(&&step.id) {
            changes.push(StepChange::Moved { step: id, title, fields });
        } else if !fields.is_empty() {
            changes.push(StepChange::Changed { step: id, title, fields });
        }
    }
    for step in before.iter().filter(|s| !after.iter().any(|a| a.id == s.id)) {
        changes.push(StepChange::Removed { step: step.id.clone(), title: step.title.clone() });
    }
    changes
}

/// The longest run of common steps that stand in the same order on both sides: all others of them have moved.
fn in_place<'a>(before: &[Step], after: &'a [Step]) -> Vec<&'a StepId> {
    let (n, m) = (before.len(), after.len());
    let mut longest = vec![vec![0_usize; m + 1]; n + 1];
    for i in (0..n).rev() {
        for j in (0..m).rev() {
            longest[i][j] = if before[i].id == after[j].id {
                longest[i + 1][j + 1] + 1
            } else {
                longest[i + 1][j].max(longest[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut kept) = (0, 0, Vec::new());
    while i < n && j < m {
        if before[i].id == after[j].id {
            kept.push(&after[j].id);
            (i, j) = (i + 1, j + 1);
        } else if longest[i + 1][j] >= longest[i][j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    kept
}

fn fields(before: &Step, after: &Step) -> Vec<FieldChange> {
    let (mut was, mut is) = (BTreeMap::new(), BTreeMap::new());
    flatten("", &serde_json::to_value(before).unwrap_or_default(), &mut was);
    flatten("", &serde_json::to_value(after).unwrap_or_default(), &mut is);
    let mut names: Vec<&String> = was.keys().chain(is.keys()).collect();
    names.sort();
    names.dedup();
    names
        .into_iter()
        .filter(|name| was.get(*name) != is.get(*name))
        .map(|name| FieldChange {
            field: name.clone(),
            before: was.get(name).cloned(),
            after: is.get(name).cloned(),
        })
        .collect()
}

/// Every value by its path, as people read it: texts without quotes, an empty list or map as nothing.
fn flatten(path: &str, value: &Value, into: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(&path, value, into);
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                flatten(&format!("{path}[{at}]"), value, into);
            }
        }
        Value::Null => {}
        Value::String(text) => {
            into.insert(path.to_owned(), text.clone());
        }
        other => {
            into.insert(path.to_owned(), other.to_string());
        }
    }
}
