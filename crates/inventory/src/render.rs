//! A difference as a person reads it in a terminal.

use crate::compare::{FieldChange, compare};
use crate::diff::{Diff, EntryDiff, Section, SectionDiff};
use serde_json::Value;
use std::fmt;

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for section in &self.sections {
            section.fmt(f)?;
        }
        if self.is_empty() {
            writeln!(f, "nothing would change")?;
        }
        Ok(())
    }
}

impl fmt::Display for SectionDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            (self.added.len(), "added"),
            (self.changed.len(), "changed"),
            (self.removed.len(), "removed"),
            (self.unchanged, "unchanged"),
        ];
        let counts: Vec<_> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        let counts = if counts.is_empty() { "empty".to_owned() } else { counts.join(", ") };
        writeln!(f, "{}: {counts}", self.section.as_str())?;
        for entry in &self.added {
            writeln!(f, "  + {}", Titled(entry))?;
            // What is one's own of a plan is new to the application, not the application itself: it says what it is.
            if self.section == Section::Plans {
                fields(f, &compare(&Value::Object(serde_json::Map::new()), &entry.value))?;
            }
        }
        for change in &self.changed {
            writeln!(f, "  ~ {}", Title(&change.key, &change.name))?;
            fields(f, &change.fields)?;
        }
        for entry in &self.removed {
            writeln!(f, "  - {}", Titled(entry))?;
        }
        Ok(())
    }
}

fn fields(f: &mut fmt::Formatter<'_>, changes: &[FieldChange]) -> fmt::Result {
    for field in changes {
        match (&field.before, &field.after) {
            (None, Some(after)) => writeln!(f, "      {}: + {after}", field.path)?,
            (Some(before), None) => writeln!(f, "      {}: - {before}", field.path)?,
            (Some(before), Some(after)) => writeln!(f, "      {}: {before} → {after}", field.path)?,
            (None, None) => {}
        }
    }
    Ok(())
}

/// An account's name with its id; the others have one and the same.
struct Title<'t>(&'t str, &'t str);

impl fmt::Display for Title<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(key, name) = self;
        if key == name { f.write_str(name) } else { write!(f, "{name} ({key})") }
    }
}

struct Titled<'t>(&'t EntryDiff);

impl fmt::Display for Titled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Title(&self.0.key, &self.0.name).fmt(f)
    }
}
