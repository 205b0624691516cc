//! The difference between two canonical entries, field by field.

use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Within the entry, such as `objectives.rto` or `resources.web.per_region.eu-central-1.service`.
    pub path: String,
    /// Absent: the field was not there before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// Absent: the field is not there any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// Objects are compared key by key, lists of named things by name, everything else whole.
pub(crate) fn compare(before: &Value, after: &Value) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    walk("", Some(before), Some(after), &mut changes);
    changes
}

fn walk(path: &str, before: Option<&Value>, after: Option<&Value>, changes: &mut Vec<FieldChange>) {
    let join = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match (before, after) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            for key in new.keys().chain(old.keys().filter(|key| !new.contains_key(*key))) {
                walk(&join(key), old.get(key), new.get(key), changes);
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) if are_named(old) && are_named(new) => {
            let find = |all: &'_ [Value], name: &str| all.iter().position(|v| name_of(v) == Some(name));
            let (old_names, new_names) = (names(old), names(new));
            for name in new_names.iter().chain(old_names.iter().filter(|n| !new_names.contains(n))) {
                let before = find(old, name).and_then(|at| old.get(at));
                let after = find(new, name).and_then(|at| new.get(at));
                walk(&join(name), before, after, changes);
            }
            // The order is kept, so changing it is a change, told once the entries themselves are.
            let kept = |these: &[&str], those: &[&str]| {
                these.iter().filter(|n| those.contains(n)).map(|n| Value::from(*n)).collect::<Vec<_>>()
            };
            let (old_order, new_order) = (kept(&old_names, &new_names), kept(&new_names, &old_names));
            if old_order != new_order {
                let list = |order| Some(Value::Array(order));
                changes.push(FieldChange {
                    path: path.to_owned(),
                    before: list(old_order),
                    after: list(new_order),
                });
            }
        }
        _ if before == after => {}
        _ => changes.push(FieldChange {
            path: path.to_owned(),
            before: before.cloned(),
            after: after.cloned(),
        }),
    }
}

fn name_of(value: &Value) -> Option<&str> {
    value.get("name").and_then(Value::as_str)
}

fn are_named(all: &[Value]) -> bool {
    all.iter().all(|v| name_of(v).is_some())
}

fn names(all: &[Value]) -> Vec<&str> {
    all.iter().filter_map(name_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn named_things_are_compared_by_name_and_their_order_counts() {
        let before = json!({"resources": [{"name": "a", "table": "x"}, {"name": "b"}, {"name": "c"}]});
        let after = json!({"resources": [{"name": "c"}, {"name": "a", "table": "y"}, {"name": "d"}]});
        let paths: Vec<_> = compare(&before, &after).into_iter().map(|c| c.path).collect();
        assert_eq!(paths, ["resources.a.table", "resources.d", "resources.b", "resources"]);
        assert_eq!(compare(&before, &before), []);
    }

    #[test]
    fn a_key_that_comes_or_goes_has_only_one_side() {
        let changes = compare(&json!({"a": 1, "b": [1]}), &json!({"b": [1, 2], "c": "x"}));
        let sides: Vec<_> =
            changes.iter().map(|c| (c.path.as_str(), c.before.is_some(), c.after.is_some())).collect();
        assert_eq!(sides, [("b", true, true), ("c", false, true), ("a", true, false)]);
    }
}
