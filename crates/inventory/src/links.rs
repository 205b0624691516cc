//! What one entry says of another: accounts, policies and applications named must exist, and dependencies
//! must not run in circles. Works on values, whole inventories, not on files.

use crate::problem::{MOST_PROBLEMS, Problem, Problems, listed, nearest};
use crate::shapes;
use holdfast_domain::own_step::{OwnWork, Where};
use holdfast_domain::{Account, Application, Inventory, Name, ResourceSpec};
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
}

/// What the steps of one's own name: the application, accounts, the signal among its resources. A group that is not
/// there is made when the file is stored.
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
        for step in &plan.steps {
            let path = |key: &str| format!("plans.{}.steps.{}.{key}", plan.application, step.name);
            if let Some(account) = step.work.account().filter(|account| !accounts.contains(account)) {
                found.push_with(|| missing("account", account, accounts.iter().copied(), path("account")));
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
                        "name a resource of the kind probe or cloudwatch_alarm",
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
    let by_name: BTreeMap<&Name, &Application> = applications.iter().map(|a| (&a.name, a)).collect();
    let mut done: BTreeSet<&Name> = BTreeSet::new();
    let mut found = Vec::new();
    for start in by_name.keys() {
        // The way walked so far, each with the dependencies still to look at; no recursion, since a file may
        // chain as many applications as it holds.
        let mut way: Vec<(&Name, std::slice::Iter<'_, Name>)> = Vec::new();
        let mut on_way: BTreeSet<&Name> = BTreeSet::new();
        let mut next = Some(*start);
        loop {
            if let Some(name) = next.take()
                && !done.contains(name)
                && let Some(application) = by_name.get(name)
            {
                on_way.insert(name);
                way.push((name, application.depends_on.iter()));
            }
            let Some((name, rest)) = way.last_mut() else { break };
            match rest.next() {
                None => {
                    done.insert(name);
                    on_way.remove(*name);
                    way.pop();
                }
                Some(to) if to == *name => {}
                Some(to) if on_way.contains(to) => {
                    found.push(circle(&way, to));
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

fn circle(way: &[(&Name, std::slice::Iter<'_, Name>)], to: &Name) -> Problem {
    const SHOWN: usize = 12;
    let from = way.iter().position(|(name, _)| *name == to).unwrap_or_default();
    let round: Vec<_> = way.iter().skip(from).map(|(name, _)| name.as_str()).collect();
    let mut text = round.iter().take(SHOWN).copied().collect::<Vec<_>>().join(" → ");
    if round.len() > SHOWN {
        text.push_str(" → …");
    }
    let last = round.last().copied().unwrap_or_default();
    Problem::of_value(
        format!("applications.{last}.depends_on"),
        format!("applications depend on each other in a circle: {text} → {to}"),
        "remove one of these dependencies: an evacuation needs an order",
    )
}
