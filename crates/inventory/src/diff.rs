//! What taking a file would change, entry by entry and field by field, and whether it may be taken at all.
//! It stores nothing; [`crate::apply`] says what would be stored.

use crate::compare::{FieldChange, compare};
use crate::document::{self, Out};
use crate::links;
use crate::merge;
use crate::problem::{Problem, Problems};
use holdfast_domain::{Account, AccountId, Inventory};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    Accounts,
    Regions,
    Groups,
    ApprovalPolicies,
    Applications,
    Plans,
}

impl Section {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Regions => "regions",
            Self::Groups => "groups",
            Self::ApprovalPolicies => "approval_policies",
            Self::Applications => "applications",
            Self::Plans => "plans",
        }
    }
}

/// One section for each that the file has; absent ones are left alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Diff {
    pub sections: Vec<SectionDiff>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SectionDiff {
    pub section: Section,
    pub added: Vec<EntryDiff>,
    pub changed: Vec<EntryChange>,
    pub removed: Vec<EntryDiff>,
    pub unchanged: usize,
}

/// An entry that comes or goes, whole, in canonical form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryDiff {
    /// An account's id, a Region's code, else the name.
    pub key: String,
    pub name: String,
    pub value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryChange {
    pub key: String,
    pub name: String,
    pub fields: Vec<FieldChange>,
}

impl SectionDiff {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

impl Diff {
    /// Nothing would change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sections.iter().all(SectionDiff::is_empty)
    }

    /// The sections in which something would change.
    pub fn touched(&self) -> impl Iterator<Item = Section> {
        self.sections.iter().filter(|s| !s.is_empty()).map(|s| s.section)
    }

    /// What in it needs a person: accounts and their roles, approval policies, and under which policy an
    /// application that is already there stands, which would otherwise be the way around its policy.
    #[must_use]
    pub fn protected(&self) -> Vec<String> {
        let mut all = Vec::new();
        for section in self.sections.iter().filter(|s| !s.is_empty()) {
            match section.section {
                Section::Accounts | Section::ApprovalPolicies => {
                    all.push(section.section.as_str().to_owned())
                }
                Section::Applications => {
                    let moved = |c: &&EntryChange| c.fields.iter().any(|f| f.path == "approval_policy");
                    let path = |c: &EntryChange| format!("applications.{}.approval_policy", c.name);
                    all.extend(section.changed.iter().filter(moved).map(path));
                }
                Section::Regions | Section::Groups | Section::Plans => {}
            }
        }
        all
    }
}

/// Whether everything that `new` names is in it or in what is stored. `new` goes over `stored` entry by entry.
#[must_use]
pub fn check(new: &Inventory, stored: &Inventory) -> Vec<Problem> {
    let mut problems = Problems::default();
    links::problems(&merge::apply(stored, new, false), &mut problems);
    problems.into_sorted()
}

/// What taking `new` would change in `stored`.
///
/// # Errors
/// What [`check`] finds in the result; entries that a present section leaves out, unless `prune`; another
/// external id than the one stored.
pub fn diff(stored: &Inventory, new: &Inventory, prune: bool) -> Result<Diff, Vec<Problem>> {
    let mut problems = Problems::default();
    let merged = merge::apply(stored, new, prune);
    links::problems(&merged, &mut problems);
    external_ids(stored, new, &mut problems);
    shared_external_ids(stored, &merged, &mut problems);

    let before = Sections::of(stored);
    let after = Sections::of(&merged);
    let named = Sections::of(new);
    let mut diff = Diff::default();
    for (section, named) in named.0 {
        let (before, after) = (before.get(section), after.get(section));
        let mut changes = SectionDiff {
            section,
            added: Vec::new(),
            changed: Vec::new(),
            removed: Vec::new(),
            unchanged: 0,
        };
        for (key, entry) in after {
            match before.get(key) {
                None => changes.added.push(entry.whole(key)),
                Some(old) => {
                    let fields = compare(&old.value, &entry.value);
                    if fields.is_empty() {
                        changes.unchanged += 1;
                    } else {
                        changes.changed.push(EntryChange {
                            key: key.clone(),
                            name: entry.name.clone(),
                            fields,
                        });
                    }
                }
            }
        }
        for (key, entry) in before.iter().filter(|(key, _)| !named.contains_key(*key)) {
            if prune {
                changes.removed.push(entry.whole(key));
            } else {
                problems.push_with(|| left_out(section, &entry.name));
            }
        }
        diff.sections.push(changes);
    }
    if problems.is_empty() { Ok(diff) } else { Err(problems.into_sorted()) }
}

fn left_out(section: Section, name: &str) -> Problem {
    let section = section.as_str();
    Problem::of_value(
        section,
        format!("`{name}` is stored, and the file's section `{section}` leaves it out"),
        "add it, leave the whole section out to let it alone, or ask for pruning (`--prune`, `?prune=true`) to remove it",
    )
}

fn external_ids(stored: &Inventory, new: &Inventory, problems: &mut Problems) {
    let known: BTreeMap<_, _> = stored.accounts.iter().flatten().map(|a| (&a.id, a)).collect();
    for account in new.accounts.iter().flatten() {
        let before = known.get(&account.id).and_then(|a| a.external_id.as_ref());
        if let (Some(given), Some(before)) = (&account.external_id, before)
            && given != before
        {
            problems.push(Problem::of_value(
                format!("accounts.{}.external_id", account.name),
                "an external id never changes once it is stored: the roles' trust policies ask for it"
                    .to_owned(),
                format!("leave `external_id` out, or write the stored one: {before}"),
            ));
        }
    }
}

/// One external id for two accounts would make each team the other's deputy. Of accounts that were archived the database alone
/// knows.
fn shared_external_ids(stored: &Inventory, merged: &Inventory, problems: &mut Problems) {
    // Of two that are stored so neither can be changed.
    let known = |id: &AccountId| stored.accounts.iter().flatten().any(|account| account.id == *id);
    let mut holders: BTreeMap<&str, &Account> = BTreeMap::new();
    for account in merged.accounts.iter().flatten() {
        let Some(id) = &account.external_id else { continue };
        if let Some(holder) = holders.insert(id, account)
            && !(known(&holder.id) && known(&account.id))
        {
            problems.push(Problem::of_value(
                format!("accounts.{}.external_id", account.name),
                format!("`{}` has this external id too", holder.name),
                "leave `external_id` out and one is made, or write one that no other account has",
            ));
        }
    }
}

struct Whole {
    name: String,
    value: Value,
}

impl Whole {
    fn whole(&self, key: &str) -> EntryDiff {
        EntryDiff { key: key.to_owned(), name: self.name.clone(), value: self.value.clone() }
    }
}

type Entries = BTreeMap<String, Whole>;

/// The sections that an inventory has, each entry in canonical form under its key.
struct Sections(Vec<(Section, Entries)>);

impl Sections {
    fn of(inventory: &Inventory) -> Self {
        fn all<T>(
            section: Section,
            entries: Option<&Vec<T>>,
            out: impl Fn(&T) -> Out,
            key: impl Fn(&T) -> (&str, &str),
        ) -> Option<(Section, Entries)> {
            let one = |entry: &T| {
                let (key, name) = key(entry);
                (key.to_owned(), Whole { name: name.to_owned(), value: out(entry).into_json() })
            };
            entries.map(|entries| (section, entries.iter().map(one).collect()))
        }
        let i = inventory;
        let sections = [
            all(Section::Accounts, i.accounts.as_ref(), document::account, |a| {
                (a.id.as_str(), a.name.as_str())
            }),
            all(Section::Regions, i.regions.as_ref(), document::region, |r| {
                (r.code.as_str(), r.code.as_str())
            }),
            all(Section::Groups, i.groups.as_ref(), document::group, |g| (g.name.as_str(), g.name.as_str())),
            all(Section::ApprovalPolicies, i.approval_policies.as_ref(), document::policy, |p| {
                (p.name.as_str(), p.name.as_str())
            }),
            all(Section::Applications, i.applications.as_ref(), document::application, |a| {
                (a.name.as_str(), a.name.as_str())
            }),
            all(Section::Plans, i.plans.as_ref(), document::plan, |p| {
                (p.application.as_str(), p.application.as_str())
            }),
        ];
        Self(sections.into_iter().flatten().collect())
    }

    fn get(&self, section: Section) -> &Entries {
        static NONE: Entries = BTreeMap::new();
        self.0.iter().find(|(s, _)| *s == section).map_or(&NONE, |(_, entries)| entries)
    }
}
