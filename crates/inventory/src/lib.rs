//! The declarative file of the inventory: read with every problem at its line, written in one canonical form,
//! compared with what is stored, merged into it. Pure: no database, no HTTP, no clock.
//!
//! ```
//! use holdfast_inventory::{Format, read, write_yaml};
//! let inventory = read(b"{version: 1, groups: [{name: sre}]}", Format::Yaml).map_err(|p| p[0].to_string())?;
//! assert_eq!(write_yaml(&inventory), "version: 1\ngroups:\n  - name: sre\n");
//! # Ok::<(), String>(())
//! ```

mod addresses;
mod applications;
mod compare;
mod diff;
mod document;
mod fields;
mod json;
mod links;
mod merge;
mod plan_edits;
mod plans;
mod problem;
mod render;
mod resources;
mod sections;
mod shapes;
mod tree;
mod write;
mod yaml;

pub use compare::FieldChange;
pub use diff::{Diff, EntryChange, EntryDiff, Section, SectionDiff, check, diff};
pub use merge::apply;
pub use problem::{MOST_PROBLEMS, Problem};
pub use tree::MOST_BYTES;
pub use write::{write_account_json, write_application_json, write_json, write_yaml};

use crate::fields::Reader;
use crate::problem::Problems;
use holdfast_domain::{Account, Application, ApprovalPolicy, Inventory};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Yaml,
    Json,
}

/// A file that was read, kept to say in which line a later problem stands.
#[derive(Debug)]
pub struct Source {
    root: tree::Node,
}

impl Source {
    /// Gives problems found after reading (by [`check`] or [`diff()`]) the place of their path, or of what is
    /// nearest around it, in this file.
    pub fn locate(&self, problems: &mut [Problem]) {
        for problem in problems.iter_mut().filter(|p| p.line.is_none() && !p.path.is_empty()) {
            let place = self.root.place_of(&problem.path);
            (problem.line, problem.column) = (Some(place.line), Some(place.column));
        }
    }
}

/// Reads a whole file. What it says of things outside itself is for [`check`] or [`diff()`].
///
/// # Errors
/// Everything wrong with it, in the order of its lines, up to [`MOST_PROBLEMS`].
pub fn read(bytes: &[u8], format: Format) -> Result<Inventory, Vec<Problem>> {
    read_with_source(bytes, format).map(|(inventory, _)| inventory)
}

/// As [`read`], with what it takes to place later problems.
///
/// # Errors
/// As [`read`].
pub fn read_with_source(bytes: &[u8], format: Format) -> Result<(Inventory, Source), Vec<Problem>> {
    read_as(bytes, format, sections::inventory)
}

/// Reads one application, as it would stand in the file's section.
///
/// # Errors
/// As [`read`].
pub fn read_application(bytes: &[u8], format: Format) -> Result<Application, Vec<Problem>> {
    read_as(bytes, format, |reader, root| applications::application(reader, root, "")).map(|(value, _)| value)
}

/// Reads one account, as it would stand in the file's section.
///
/// # Errors
/// As [`read`].
pub fn read_account(bytes: &[u8], format: Format) -> Result<Account, Vec<Problem>> {
    read_as(bytes, format, |reader, root| sections::account(reader, root, "")).map(|(value, _)| value)
}

/// Reads one approval policy, as it would stand in the file's section.
///
/// # Errors
/// As [`read`].
pub fn read_policy(bytes: &[u8], format: Format) -> Result<ApprovalPolicy, Vec<Problem>> {
    read_as(bytes, format, |reader, root| sections::policy(reader, root, "")).map(|(value, _)| value)
}

fn read_as<T>(
    bytes: &[u8],
    format: Format,
    interpret: impl FnOnce(&mut Reader, &tree::Node) -> Option<T>,
) -> Result<(T, Source), Vec<Problem>> {
    let text = tree::text_of(bytes).map_err(|problem| vec![problem])?;
    let mut problems = Problems::default();
    let root = match format {
        Format::Yaml => yaml::parse(text, &mut problems),
        Format::Json => json::parse(text, &mut problems),
    };
    let Some(root) = root else { return Err(problems.into_sorted()) };
    let mut reader = Reader { problems };
    match interpret(&mut reader, &root) {
        Some(value) if reader.problems.is_empty() => Ok((value, Source { root })),
        _ if reader.problems.is_empty() => {
            Err(vec![Problem::of_value("", "the file could not be read", "compare it with an export")])
        }
        _ => Err(reader.problems.into_sorted()),
    }
}
