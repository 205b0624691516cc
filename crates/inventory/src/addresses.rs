//! The addresses that a change would have Holdfast speak to: those of webhooks and of health endpoints. What others read, as
//! CloudFormation does a template, is none.

use crate::diff::{Diff, Section};
use serde_json::Value;

const FIELD: &str = "url";

impl Diff {
    /// Those that were not there before, each with its path in the file.
    #[must_use]
    pub fn addresses(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let spoken = |section: Section| matches!(section, Section::Applications | Section::Plans);
        for section in self.sections.iter().filter(|section| spoken(section.section)) {
            let at = section.section.as_str();
            for entry in &section.added {
                walk(&format!("{at}.{}", entry.name), &entry.value, &mut found);
            }
            for entry in &section.changed {
                for field in &entry.fields {
                    if let Some(after) = &field.after {
                        walk(&format!("{at}.{}.{}", entry.name, field.path), after, &mut found);
                    }
                }
            }
        }
        found
    }
}

fn walk(path: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) if path.rsplit('.').next() == Some(FIELD) => {
            found.push((path.to_owned(), text.clone()));
        }
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| walk(&format!("{path}.{key}"), value, found));
        }
        Value::Array(all) => {
            for (at, value) in all.iter().enumerate() {
                let path = match value.get("name").and_then(Value::as_str) {
                    Some(name) => format!("{path}.{name}"),
                    None => format!("{path}[{at}]"),
                };
                walk(&path, value, found);
            }
        }
        _ => {}
    }
}
