//! What one entry says of another: accounts, policies and applications named must exist, and dependencies
//! must not run in circles. Works on values, whole inventories, not on files.

use crate::problem::{MOST_PROBLEMS, Problem, Problems, listed, nearest};
use crate::shapes;
use holdfast_domain::own_step::{OwnWork, Where};
use holdfast_domain::plan_edit::{Condition, Editing};
use holdfast_domain::{Account, Application, Inventory, Name, OwnPlan, ResourceSpec};
use std::collections::{BTreeMap, BTreeSet};

/// Everything wrong between the entries of a whole inventory.
pub(crate) fn problems(whole: &Inventory, found: &mut Problems) {
    let mut accounts: BTreeMap<&Name, &Account> = BTreeMap::new();
    for account in whole.accounts.iter().flatten() {
        if let Some(other) = accounts.insert(&account.name, account) {
            found.push_with(|| {
                Problem::of_value(
                    format!("accounts.{}.name", account.name),
                    format!(
                        "two accounts would be called `{}`: {} and {}",
                        account.name, other.id, account.id
                    ),
                    "give each its own name",
                )
            });
        }
    }
    let policies: BTreeSet<_> = whole.approval_policies.iter().flatten().map(|p| &p.name).collect();
    let applications = whole.applications.as_deref().unwrap_or_default();
    let names: BTreeSet<_> = applications.iter().map(|a| &a.name).collect();
    for application in applications {
        let path = |rest: &str| format!("applications.{}.{rest}", application.name);
        if !policies.contains(&application.approval_policy) {
            let wanted = &application.approval_policy;
            let path = path("approval_policy");
            found.push_with(|| missing("approval policy", wanted, policies.iter().copied(), path));
        }
        for (index, wanted) in application.depends_on.iter().enumerate() {
            if !names.contains(wanted) {
                let path = path(&format!("depends_on[{index}]"));
                found.push_with(|| missing("application", wanted, names.iter().copied(), path));
            }
        }
        for resource in &application.resources {
            let path = |key: &str| path(&format!("resources.{}.{key}", resource.name));
            match accounts.get(&resource.account) {
                None => {
                    let there = accounts.keys().copied();
                    found.push_with(|| missing("account", &resource.account, there, path("account")));
                }
                Some(account) => {
                    elsewhere(&resource.spec, account, path).into_iter().for_each(|p| found.push(p))
                }
            }
        }
    }
    own_steps(whole, found);
    circles(applications).into_iter().for_each(|p| found.push(p));
    circles_of_plans(whole.plans.as_deref().unwrap_or_default()).into_iter().for_each(|p| found.push(p));
}

/// What the steps of one's own name: the application, accounts, the signal among its resources, another application.
/// A group that is not there is made when the file is stored.
fn own_steps(whole: &Inventory, found: &mut Problems) {
    let accounts: BTreeSet<_> = whole.accounts.iter().flatten().map(|a| &a.name).collect();
    let applications = whole.applications.as_deref().unwrap_or_default();
    for plan in whole.plans.iter().flatten() {
        let Some(application) = applications.iter().find(|a| a.name == plan.application) else {
            let path = format!("plans.{}.application", plan.application);
            found.push_with(|| {
                missing("application", &plan.application, applications.iter().map(|a| &a.name), path)
            });
            continue;
        };
        edits(plan, application, found);
        for step in &plan.steps {
            let path = |key: &str| format!("plans.{}.steps.{}.{key}", plan.application, step.name);
            if let Some(account) = step.work.account().filter(|account| !accounts.contains(account)) {
                found.push_with(|| missing("account", account, accounts.iter().copied(), path("account")));
            }
            if let Some(other) = step.work.other_application() {
                let there = applications.iter().map(|a| &a.name).filter(|name| **name != plan.application);
                if *other == plan.application {
                    found.push_with(|| {
                        Problem::of_value(
                            path("application"),
                            format!("`{other}` would run its own plan as a step of it"),
                            "name another application, or remove the step",
                        )
                    });
                } else if !there.clone().any(|name| name == other) {
                    found.push_with(|| missing("application", other, there, path("application")));
                }
            }
            for store in &step.fences {
                let stores =
                    application.resources.iter().filter(|r| r.spec.kind().is_store()).map(|r| &r.name);
                if !stores.clone().any(|name| name == store) {
                    found.push_with(|| missing("store", store, stores, path("fences")));
                }
            }
            let OwnWork::WaitForSignal { signal, region } = &step.work else { continue };
            match application.resource(signal) {
                None => {
                    let there = application.resources.iter().map(|r| &r.name);
                    found.push_with(|| missing("resource", signal, there, path("signal")));
                }
                Some(resource) if !resource.spec.kind().is_signal() => found.push_with(|| {
                    Problem::of_value(
                        path("signal"),
                        format!(
                            "`{signal}` is a {}, which does not tell whether something is well",
                            resource.spec.kind().as_str()
                        ),
                        "name a resource of the kind probe, cloudwatch_alarm, cloudwatch_metric or aws_health",
                    )
                }),
                Some(resource) => {
                    if let Where::Region(region) = region
                        && !resource.spec.is_in(region)
                    {
                        found.push_with(|| {
                            Problem::of_value(
                                path("region"),
                                format!("`{signal}` has nothing in {region}"),
                                format!("add {region} to its `per_region`, or name another Region"),
                            )
                        });
                    }
                }
            }
        }
    }
}

/// What edits name: a way that the application can go, and for conditions a resource of it and a Region that has it. Whether they
/// fit the plan is tried where it is generated.
fn edits(plan: &OwnPlan, application: &Application, found: &mut Problems) {
    for (at, way) in plan.edits.iter().enumerate() {
        let path = format!("plans.{}.edits[{at}]", plan.application);
        if !application.goes(way.intent, &way.from, &way.to) {
            let message = format!(
                "{} has no {} plan from {} to {}",
                application.name,
                way.intent.as_str(),
                way.from,
                way.to
            );
            let way_out = "name a way between two of its Regions, as its plans are listed";
            found.push_with(|| Problem::of_value(format!("{path}.to"), message, way_out));
        }
        for (number, edit) in way.edits.iter().enumerate() {
            let Editing::OnlyIf { condition, .. } = &edit.edit else { continue };
            let key = if matches!(condition, Condition::Signal { .. }) { "signal" } else { "resource" };
            let path = |key: &str| format!("{path}.edits[{number}].{key}");
            let (name, region) = (condition.resource(), condition.region());
            match application.resource(name) {
                None => {
                    let there = application.resources.iter().map(|r| &r.name);
                    found.push_with(|| missing("resource", name, there, path(key)));
                }
                Some(resource) if !resource.spec.is_in(region) => found.push_with(|| {
                    Problem::of_value(
                        path("region"),
                        format!("`{name}` has nothing in {region}"),
                        "name a Region in which the inventory has it",
                    )
                }),
                Some(_) => {}
            }
        }
    }
}

fn missing<'n>(
    what: &str,
    wanted: &Name,
    there: impl Iterator<Item = &'n Name> + Clone,
    path: String,
) -> Problem {
    let words = || there.clone().map(Name::as_str);
    let way_out = match nearest(wanted.as_str(), words()) {
        Some(word) => format!("did you mean `{word}`?"),
        None if words().next().is_none() => "there is none yet: add it to the file".to_owned(),
        None => format!("add it to the file, or name one of {}", listed(words())),
    };
    Problem::of_value(path, format!("there is no {what} `{wanted}`"), way_out)
}

/// Steps call with the role of the resource's account, which can do nothing to another account's things.
fn elsewhere(spec: &ResourceSpec, account: &Account, path: impl Fn(&str) -> String) -> Option<Problem> {
    let (key, arn) = match spec {
        ResourceSpec::GlobalAccelerator(spec) => ("accelerator_arn", &spec.accelerator_arn),
        ResourceSpec::S3MultiRegionAccessPoint(spec) => ("mrap_arn", &spec.mrap_arn),
        _ => return None,
    };
    let other = shapes::account_of(arn).filter(|other| *other != account.id)?;
    Some(Problem::of_value(
        path(key),
        format!(
            "the ARN is of account {other}, and the resource's account `{}` is {}",
            account.name, account.id
        ),
        "name the account that the resource is in, or mend the ARN",
    ))
}

/// Each circle of dependencies once, up to as many as are told at all. A dependency on oneself is told where it is read.
pub(crate) fn circles(applications: &[Application]) -> Vec<Problem> {
    let edges = applications.iter().map(|a| (&a.name, a.depends_on.iter().collect())).collect();
    rounds(&edges)
        .into_iter()
        .map(|round| {
            Problem::of_value(
                format!("applications.{}.depends_on", last(&round)),
                format!("applications depend on each other in a circle: {}", around(&round)),
                "remove one of these dependencies: an evacuation needs an order",
            )
        })
        .collect()
}

/// Each circle of own steps that run each other's plans: of such runs each would wait for the next.
fn circles_of_plans(plans: &[OwnPlan]) -> Vec<Problem> {
    let edges = plans
        .iter()
        .map(|plan| {
            let others = plan.steps.iter().filter_map(|step| step.work.other_application());
            (&plan.application, others.collect())
        })
        .collect();
    rounds(&edges)
        .into_iter()
        .map(|round| {
            Problem::of_value(
                format!("plans.{}.steps", last(&round)),
                format!("applications run each other's plans in a circle: {}", around(&round)),
                "remove one of these steps: each run would wait for the next",
            )
        })
        .collect()
}

/// What each names, by name.
type Edges<'n> = BTreeMap<&'n Name, Vec<&'n Name>>;

/// The circles among what names each other, each from its first to its last; what names itself is none.
fn rounds<'n>(edges: &Edges<'n>) -> Vec<Vec<&'n Name>> {
    let mut done: BTreeSet<&Name> = BTreeSet::new();
    let mut found = Vec::new();
    for start in edges.keys() {
        // The way walked so far, each with what it names and was not looked at yet; no recursion, since a file may
        // chain as many applications as it holds.
        let mut way: Vec<(&'n Name, std::slice::Iter<'_, &'n Name>)> = Vec::new();
        let mut on_way: BTreeSet<&Name> = BTreeSet::new();
        let mut next = Some(*start);
        loop {
            if let Some(name) = next.take()
                && !done.contains(name)
                && let Some(named) = edges.get(name)
            {
                on_way.insert(name);
                way.push((name, named.iter()));
            }
            let Some((name, rest)) = way.last_mut() else { break };
            match rest.next() {
                None => {
                    done.insert(name);
                    on_way.remove(*name);
                    way.pop();
                }
                Some(to) if to == name => {}
                Some(to) if on_way.contains(to) => {
                    let from = way.iter().position(|(name, _)| name == to).unwrap_or_default();
                    found.push(way.iter().skip(from).map(|(name, _)| *name).collect());
                    if found.len() >= MOST_PROBLEMS {
                        return found;
                    }
                }
                Some(to) => next = Some(to),
            }
        }
    }
    found
}

fn last<'r>(round: &'r [&Name]) -> &'r str {
    round.last().map(|name| name.as_str()).unwrap_or_default()
}

fn around(round: &[&Name]) -> String {
    const SHOWN: usize = 12;
    let mut text = round.iter().take(SHOWN).map(|name| name.as_str()).collect::<Vec<_>>().join(" → ");
    if round.len() > SHOWN {
        text.push_str(" → …");
    }
    format!("{text} → {}", round.first().map(|name| name.as_str()).unwrap_or_default())
}
