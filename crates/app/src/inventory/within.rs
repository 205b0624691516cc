//! The inventory as somebody sees it whose roles end somewhere, and what of it they may change. Applications that are hidden
//! from them are taken out before what they send is looked at, and put back untouched before it is stored.

use super::waives_more;
use crate::authority::{Action, Seen, may};
use crate::problems::of_file;
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Actor, Application, Inventory, Labels, Name, OwnPlan};
use holdfast_inventory::{Diff, Section, Source, check};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// One inventory in three parts, by whose eyes it is seen with.
pub(super) struct Parted {
    /// What they may see.
    pub shown: Inventory,
    /// What that names of the rest, so that it is known to them by name.
    named: Inventory,
    /// Nothing that they could know of.
    hidden: Inventory,
    /// Names of what is hidden, also of what is archived.
    taken: BTreeSet<Name>,
}

/// Applications and their plans; the other sections are of no one application, and everybody reads them.
fn only(inventory: &Inventory, keep: impl Fn(&Name) -> bool) -> Inventory {
    let mut part = inventory.clone();
    part.applications.iter_mut().for_each(|all| all.retain(|a| keep(&a.name)));
    part.plans.iter_mut().for_each(|all| all.retain(|p| keep(&p.application)));
    part
}

fn bare(applications: Option<Vec<Application>>, plans: Option<Vec<OwnPlan>>) -> Inventory {
    Inventory { version: 1, applications, plans, ..Inventory::default() }
}

/// As an export shows it.
pub(super) fn shown(inventory: Inventory, seen: &Seen) -> Inventory {
    match seen {
        Seen::All(_) => inventory,
        Seen::These(_) => only(&inventory, |name| seen.sees(name)),
    }
}

impl Parted {
    pub fn of(stored: Inventory, seen: &Seen, taken: BTreeSet<Name>) -> Self {
        if matches!(seen, Seen::All(_)) {
            return Self { shown: stored, named: bare(None, None), hidden: bare(None, None), taken };
        }
        let shown = only(&stored, |name| seen.sees(name));
        let depended = shown.applications.iter().flatten().flat_map(|a| a.depends_on.iter());
        let steps = shown.plans.iter().flatten().flat_map(|plan| plan.steps.iter());
        let names: BTreeSet<Name> =
            depended.chain(steps.filter_map(|step| step.work.other_application())).cloned().collect();
        let named = only(&stored, |name| !seen.sees(name) && names.contains(name));
        let hidden = only(&stored, |name| !seen.sees(name) && !names.contains(name));
        Self {
            named: bare(named.applications, named.plans),
            hidden: bare(hidden.applications, hidden.plans),
            shown,
            taken,
        }
    }

    /// What the file is held against, and the file: without what is hidden, and with what is named of it as it is.
    ///
    /// # Errors
    /// 403 with the lines of what is sent and is not theirs.
    pub fn against(&self, sent: Inventory, source: Option<&Source>) -> Answer<(Inventory, Inventory)> {
        let others = |name: &Name| self.taken.contains(name) || self.hides(name);
        let mut lines = Lines::default();
        for application in sent.applications.iter().flatten().filter(|a| others(&a.name)) {
            lines.add("applications", &application.name);
        }
        for plan in sent.plans.iter().flatten().filter(|p| others(&p.application)) {
            lines.add("plans", &plan.application);
        }
        lines.refused(source)?;
        Ok((joined(self.shown.clone(), &self.named), joined(sent, &self.named)))
    }

    /// What is told of the difference: nothing of what was only lent to it.
    pub fn told(&self, mut difference: Diff) -> Diff {
        for section in &mut difference.sections {
            let lent = match section.section {
                Section::Applications => self.named.applications.iter().flatten().count(),
                Section::Plans => self.named.plans.iter().flatten().count(),
                _ => 0,
            };
            section.unchanged = section.unchanged.saturating_sub(lent);
        }
        difference
    }

    /// What is stored: all of it again.
    ///
    /// # Errors
    /// 422 where it does not go together with what is hidden.
    pub fn whole(&self, merged: Inventory) -> Answer<Inventory> {
        if self.hidden.applications.is_none() {
            return Ok(merged);
        }
        let mut whole = joined(merged, &self.hidden);
        whole.applications.iter_mut().for_each(|all| all.sort_by(|a, b| a.name.cmp(&b.name)));
        whole.plans.iter_mut().for_each(|all| all.sort_by(|a, b| a.application.cmp(&b.application)));
        if check(&bare(None, None), &whole).is_empty() {
            return Ok(whole);
        }
        Err(Problem::new(
            422,
            "inventory_invalid",
            "The inventory was not stored",
            "What was sent does not go together with applications outside of your scope.",
            "Ask somebody whose role has no limits to store it; they are told what stands in the way.",
        ))
    }

    /// All that is stored, of which this much is seen.
    pub fn all<'a>(&self, seen: &'a Inventory) -> Cow<'a, Inventory> {
        match self.hidden.applications {
            None => Cow::Borrowed(seen),
            Some(_) => Cow::Owned(joined(seen.clone(), &self.hidden)),
        }
    }

    /// Those that were not shown.
    pub fn hides(&self, name: &Name) -> bool {
        let parts = [&self.named, &self.hidden];
        parts.into_iter().flat_map(|part| part.applications.iter().flatten()).any(|a| a.name == *name)
    }
}

fn joined(mut one: Inventory, other: &Inventory) -> Inventory {
    one.applications.iter_mut().for_each(|all| all.extend(other.applications.iter().flatten().cloned()));
    one.plans.iter_mut().for_each(|all| all.extend(other.plans.iter().flatten().cloned()));
    one
}

/// What is refused of a file, by where it stands.
#[derive(Default)]
struct Lines(Vec<holdfast_inventory::Problem>);

impl Lines {
    fn add(&mut self, section: &str, name: &Name) {
        self.because(format!("{section}.{name}"), format!("`{name}` is outside of your scope"));
    }

    fn because(&mut self, path: String, message: String) {
        let way_out = "leave it out, or ask somebody whose role reaches so far".to_owned();
        self.0.push(holdfast_inventory::Problem { line: None, column: None, path, message, way_out });
    }

    fn refused(mut self, source: Option<&Source>) -> Answer<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        if let Some(source) = source {
            source.locate(&mut self.0);
        }
        self.0.sort_by_key(|problem| (problem.line, problem.column));
        let Problem { detail, fields, .. } = of_file("inventory", self.0);
        let mut refusal = Problem::new(
            403,
            "out_of_scope",
            "Outside of your scope",
            detail,
            "Leave out what is named, or ask somebody whose role reaches so far. Nothing was stored.",
        );
        refusal.fields = fields;
        Err(refusal)
    }
}

/// Whether this actor may change what would change; an application among `taken_over` is as protected as one that changes its
/// policy, for it changes under which one stands what it holds. Answers with whether a fresh proof of identity is needed.
///
/// # Errors
/// 403: of everything that is outside of their scope, with its line; else what would be needed.
pub(super) fn may_change(
    actor: &Actor,
    (stored, merged): (&Inventory, &Inventory),
    difference: &Diff,
    taken_over: &BTreeSet<Name>,
    source: Option<&Source>,
) -> Answer<bool> {
    let (mut lines, mut needs_proof) = (Lines::default(), false);
    let mut ask = |actor: &Actor, right: Action, path: String| match may(actor, right) {
        Ok(()) => Ok(()),
        Err(problem) if problem.code == "out_of_scope" => {
            lines.because(path, problem.detail.trim_end_matches('.').to_owned());
            Ok(())
        }
        Err(problem) => Err(problem),
    };
    for path in difference.protected() {
        needs_proof = true;
        if !path.starts_with("applications.") {
            ask(actor, Action::WriteProtected, path)?;
        }
    }
    for section in difference.sections.iter().filter(|section| !section.is_empty()) {
        let keys = || {
            let whole = section.added.iter().chain(&section.removed).map(|entry| entry.name.as_str());
            whole.chain(section.changed.iter().map(|entry| entry.name.as_str()))
        };
        match section.section {
            Section::Accounts | Section::ApprovalPolicies => {}
            Section::Regions | Section::Groups => {
                for name in keys() {
                    ask(actor, Action::WriteShared, format!("{}.{name}", section.section.as_str()))?;
                }
            }
            Section::Applications | Section::Plans => {
                for name in keys() {
                    let path = format!("{}.{name}", section.section.as_str());
                    let before = find(stored, name);
                    let after = find(merged, name);
                    let mut rights = vec![(Action::WriteInventory, path.clone())];
                    let policy = |a: Option<&Application>| a.map(|a| a.approval_policy.clone());
                    if section.section == Section::Applications {
                        let taken_over = taken_over.iter().any(|of| of.as_str() == name);
                        needs_proof |= taken_over;
                        if taken_over
                            || before.is_some() && after.is_some() && policy(before) != policy(after)
                        {
                            rights.push((Action::WriteProtected, format!("{path}.approval_policy")));
                        }
                        if after.is_some_and(|after| waives_more(before, after)) {
                            needs_proof = true;
                            rights.push((Action::Waive, format!("{path}.waivers")));
                        }
                    }
                    // As it is and as it would be: nobody takes in what is not theirs, or gives away what is.
                    for asked in [before, after].into_iter().flatten().map(|a| over(actor, a)) {
                        for (right, path) in &rights {
                            ask(&asked, *right, path.clone())?;
                        }
                    }
                }
            }
        }
    }
    let whole = Actor { over: None, ..actor.clone() };
    if actor.is_limited() && may(&whole, Action::WriteShared).is_err() {
        for (path, account) in accounts_anew(actor, (stored, merged), difference) {
            lines.because(path, format!("none of your applications uses the account `{account}` yet"));
        }
    }
    lines.refused(source)?;
    Ok(needs_proof)
}

/// Accounts that would come within somebody's reach: what changes names them, and none of the applications that are theirs
/// uses them as it is. Whatever is in an account could then be moved by a plan of theirs.
fn accounts_anew(
    actor: &Actor,
    (stored, merged): (&Inventory, &Inventory),
    difference: &Diff,
) -> BTreeSet<(String, Name)> {
    let is_theirs = |name: &Name| {
        let found = find(stored, name.as_str());
        found.is_some_and(|application| may(&over(actor, application), Action::WriteInventory).is_ok())
    };
    let used: BTreeSet<&Name> =
        accounts(stored).filter(|(_, of, _)| is_theirs(of)).map(|(.., account)| account).collect();
    let comes = |of: Section, name: &Name| {
        difference.sections.iter().filter(|section| section.section == of).any(|section| {
            section.added.iter().any(|entry| entry.name == name.as_str())
                || section.changed.iter().any(|entry| entry.name == name.as_str())
        })
    };
    accounts(merged)
        .filter(|(section, of, account)| !used.contains(account) && comes(*section, of))
        .map(|(section, of, account)| (format!("{}.{of}", section.as_str()), account.clone()))
        .collect()
}

/// Each account that an application's resources or its plan's own steps name, and where.
fn accounts(inventory: &Inventory) -> impl Iterator<Item = (Section, &Name, &Name)> {
    let resources = inventory.applications.iter().flatten().flat_map(|application| {
        let named = application.resources.iter().map(|resource| &resource.account);
        named.map(move |account| (Section::Applications, &application.name, account))
    });
    let steps = inventory.plans.iter().flatten().flat_map(|plan| {
        let named = plan.steps.iter().filter_map(|step| step.work.account());
        named.map(move |account| (Section::Plans, &plan.application, account))
    });
    resources.chain(steps)
}

fn find<'a>(inventory: &'a Inventory, name: &str) -> Option<&'a Application> {
    inventory.applications.iter().flatten().find(|a| a.name.as_str() == name)
}

/// The actor as asked about this application, also where they could not see it: it is named as they sent it.
fn over(actor: &Actor, application: &Application) -> Actor {
    let over = actor.is_limited().then(|| Labels::from(application));
    Actor { over, ..actor.clone() }
}
