//! Readiness: would a failover work right now, and why not.

mod compute;
mod evidence;
mod functions;
mod health_checks;
mod images;
mod left;
mod outside;
mod permissions;
mod presence;
mod roles;
mod stores;
mod supporting;
mod switch_objects;
mod switches;
mod traffic;

use crate::serving::words;
use holdfast_domain::{
    Account, Application, Facts, Missing, Name, ObservationMap, OwnStep, RegionCode, Resource, Sight,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// `Blocker`: a failover would fail or lose more than the objective allows. `Unknown`: cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Note,
    Warning,
    Unknown,
    Blocker,
}

/// One thing that stands in the way, with its way out and what it was seen by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable, such as `lag_above_rpo`.
    pub code: String,
    pub severity: Severity,
    pub resource: Option<Name>,
    pub region: Option<RegionCode>,
    pub sentence: String,
    pub way_out: String,
    /// When the evidence was seen, the oldest of it; `None` for what the inventory alone shows.
    pub seen_at: Option<Timestamp>,
    /// What was seen, Region by Region; `None` where there is no more to it than the sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

/// Whether the application would survive the loss of the Region that it is in now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Survive {
    Yes,
    No,
    Unknown,
}

impl Survive {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }
}

/// No, where anything blocks; unknown, where anything could not be told; yes only when all was seen to be well.
#[must_use]
pub fn would_survive(findings: &[Finding]) -> Survive {
    match findings.iter().map(|f| f.severity).max() {
        Some(Severity::Blocker) => Survive::No,
        Some(Severity::Unknown) => Survive::Unknown,
        Some(Severity::Warning | Severity::Note) | None => Survive::Yes,
    }
}

/// What a role of an account may not do that it will be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permissions {
    /// The account's name.
    pub account: Name,
    /// The act role, rather than the read role.
    pub acts: bool,
    pub at: Timestamp,
    /// Of what any application needs in the account; or why that could not be asked.
    pub missing: Result<Vec<Missing>, String>,
}

/// What came of assuming a role of an account: the act role as a step would, with all that marks a step's session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assumed {
    /// The account's name.
    pub account: Name,
    /// The act role, rather than the read role.
    pub acts: bool,
    pub at: Timestamp,
    /// Why it could not be.
    pub answer: Result<(), String>,
}

/// A role that could be assumed without the external id that its trust policy should demand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// The account's name.
    pub account: Name,
    /// The act role, rather than the read role.
    pub acts: bool,
    pub at: Timestamp,
}

/// Everything around an application that its readiness depends on.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    pub accounts: &'a [Account],
    /// The last attempts to assume their roles; an account where nobody tried has none.
    pub roles: &'a [Assumed],
    /// Those that were found open to anybody when last tried.
    pub open: &'a [Open],
    /// The last answers about their roles; an account that was never asked has none.
    pub permissions: &'a [Permissions],
    /// The application's steps of one's own.
    pub own: &'a [OwnStep],
    /// Groups that the approval policy asks and in which nobody may approve over this application.
    pub groups_without_approver: &'a [Name],
    /// The failover that took the application to where it was last, where one did.
    pub left: Option<&'a Left>,
}

/// A Region that a run has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    pub from: RegionCode,
    pub to: RegionCode,
    /// Nothing was asked about who writes there: the Region may have been gone.
    pub unfenced: bool,
}

/// What is looked at, and what has been found so far.
struct Look<'a> {
    application: &'a Application,
    accounts: &'a [Account],
    observations: &'a ObservationMap,
    now: Timestamp,
    found: Vec<Finding>,
}

/// All that stands in the way of a failover, worst first.
#[must_use]
pub fn findings(
    application: &Application,
    around: Surroundings<'_>,
    observations: &ObservationMap,
    now: Timestamp,
) -> Vec<Finding> {
    let mut look = Look { application, accounts: around.accounts, observations, now, found: Vec::new() };
    look.inventory(around.groups_without_approver);
    roles::look(&mut look, around.roles, around.own);
    roles::open(&mut look, around.open, around.own);
    permissions::look(&mut look, around.permissions, around.own);
    outside::lacking(&mut look);
    presence::means(&mut look);
    left::look(&mut look, around.left);
    for resource in &application.resources {
        look.sights(resource);
        presence::entered(&mut look, resource);
        stores::look(&mut look, resource);
        compute::look(&mut look, resource);
        functions::look(&mut look, resource);
        images::look(&mut look, resource);
        traffic::look(&mut look, resource);
        outside::look(&mut look, resource);
        supporting::look(&mut look, resource);
    }
    let mut found = look.found;
    found.sort_by_key(|f| std::cmp::Reverse(f.severity));
    found
}

impl<'a> Look<'a> {
    fn add(
        &mut self,
        severity: Severity,
        code: &str,
        resource: Option<&Resource>,
        region: Option<&RegionCode>,
        sentence: impl Into<String>,
        way_out: impl Into<String>,
    ) {
        let (seen_at, evidence) =
            resource.map_or((None, None), |resource| evidence::of(self, resource, region));
        self.found.push(Finding {
            code: code.into(),
            severity,
            resource: resource.map(|r| r.name.clone()),
            region: region.cloned(),
            sentence: sentence.into(),
            way_out: way_out.into(),
            seen_at,
            evidence,
        });
    }

    /// What the inventory alone shows of a resource: nothing that was seen is evidence of it.
    fn add_entry(
        &mut self,
        (severity, code): (Severity, &str),
        resource: &Resource,
        sentence: impl Into<String>,
        way_out: impl Into<String>,
    ) {
        self.found.push(Finding {
            code: code.into(),
            severity,
            resource: Some(resource.name.clone()),
            region: None,
            sentence: sentence.into(),
            way_out: way_out.into(),
            seen_at: None,
            evidence: None,
        });
    }

    /// The Region in which a store is written, when it is another one than this and this one writes nothing.
    fn writes_elsewhere(&self, region: &RegionCode) -> Option<&'a RegionCode> {
        let writers: Vec<&RegionCode> = self
            .observations
            .iter()
            .filter(|(_, sight)| sight.known().and_then(Facts::writes) == Some(true))
            .map(|((_, writer), _)| writer)
            .collect();
        if writers.contains(&region) { None } else { writers.first().copied() }
    }

    fn known(&self, resource: &Resource, region: &RegionCode) -> Option<&'a Facts> {
        self.observations.get(&(resource.name.clone(), region.clone()))?.known()
    }

    /// What was last seen, however old: for its name, never for how it is.
    fn last(&self, resource: &Resource, region: &RegionCode) -> Option<&'a Facts> {
        let sight = self.observations.get(&(resource.name.clone(), region.clone()))?;
        sight.last_seen().map(|(_, facts)| facts)
    }

    /// What the inventory alone shows.
    fn inventory(&mut self, groups_without_approver: &[Name]) {
        let application = self.application;
        for gap in application.strategy.gaps(&application.objectives) {
            self.add(
                Severity::Warning,
                "objective_outside_strategy",
                None,
                None,
                format!("{gap}."),
                "Choose a stronger strategy or a wider objective.",
            );
        }
        let outside: Vec<RegionCode> = application
            .regions()
            .filter(|r| !application.data_residency.is_empty() && !application.data_residency.contains(r))
            .cloned()
            .collect();
        for region in &outside {
            self.add(
                Severity::Blocker,
                "outside_data_residency",
                None,
                Some(region),
                format!(
                    "The data may be in {} only, and the application has {region}.",
                    words(&application.data_residency)
                ),
                "Take the Region out, or have the owner widen `data_residency`.",
            );
        }
        for group in groups_without_approver {
            self.add(
                Severity::Blocker,
                "nobody_can_approve",
                None,
                None,
                format!(
                    "Policy `{}` asks group `{group}`, and nobody in it may approve over this application.",
                    application.approval_policy
                ),
                "Add an approver to the group, or give somebody in it that role over this application.",
            );
        }
        if application.resources.is_empty() {
            self.add(
                Severity::Unknown,
                "no_resources",
                None,
                None,
                "The inventory names no resource of this application.",
                "Add what its recovery needs.",
            );
        }
    }

    /// What could not be seen, and what to mend so that it can.
    fn sights(&mut self, resource: &Resource) {
        for region in self.application.regions() {
            if !resource.spec.is_in(region) {
                continue;
            }
            match self.observations.get(&(resource.name.clone(), region.clone())) {
                Some(Sight::Known { facts, .. }) => self.unread(resource, region, facts),
                Some(Sight::Stale { reason, .. }) => self.add(
                    Severity::Unknown,
                    "picture_stale",
                    Some(resource),
                    Some(region),
                    format!("The picture of {} in {region} is too old: {reason}.", resource.name),
                    "Refresh the application; if that does not help, see system health: is a collector running?",
                ),
                Some(Sight::Unknown { reason, absent: true, .. }) => {
                    presence::absent(self, resource, region, reason);
                }
                Some(Sight::Unknown { reason, .. }) => {
                    let way_out = self.mend(resource, region, reason);
                    self.add(
                        Severity::Unknown,
                        "not_seen",
                        Some(resource),
                        Some(region),
                        format!("{} in {region} could not be seen: {reason}.", resource.name),
                        way_out,
                    );
                }
                None => self.add(
                    Severity::Unknown,
                    "not_seen",
                    Some(resource),
                    Some(region),
                    format!("{} in {region} was not looked at yet.", resource.name),
                    "Refresh the application.",
                ),
            }
        }
    }

    /// What stands beside the main answer and could not be asked.
    fn unread(&mut self, resource: &Resource, region: &RegionCode, facts: &Facts) {
        for unread in facts.unread() {
            let way_out = self.mend(resource, region, &unread.reason);
            self.add(
                Severity::Unknown,
                "part_not_seen",
                Some(resource),
                Some(region),
                format!(
                    "Of {} in {region}, {} is not known: {}.",
                    resource.name,
                    unread.what,
                    unread.reason.trim_end_matches('.')
                ),
                way_out,
            );
        }
    }

    fn mend(&self, resource: &Resource, region: &RegionCode, reason: &str) -> String {
        let Some(account) = self.accounts.iter().find(|a| a.name == resource.account) else {
            return format!("Register account `{}`.", resource.account);
        };
        let lower = reason.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|w| lower.contains(w));
        if says(&["assumerole"]) {
            roles::trust(account, false, reason)
        } else if says(&["denied", "not authorized", "forbidden"]) {
            format!("Allow the read to {}; the reason names the action.", account.read_role_arn)
        } else if says(&["not found", "notfound", "does not exist", "no such"]) {
            format!("Correct the entry `{}` of the inventory, or create it in {region}.", resource.name)
        } else {
            format!(
                "Look whether {region} is impaired, and whether account {} answers there; then refresh.",
                account.id
            )
        }
    }
}

#[cfg(test)]
mod tests;
