//! What several applications are made of at once: by what a resource is told apart in AWS whoever names it, what a run
//! holds beside its application, and who must agree where a step moves a store that others use too.

use crate::approval::FrozenPolicy;
use crate::plan::{EmergencyVariant, Plan};
use crate::step::Step;
use holdfast_domain::facts::database_of_arn;
use holdfast_domain::resource::{RdsPlace, SettingPlace};
use holdfast_domain::{Application, ApprovalPolicy, Name, Resource, ResourceSpec};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What AWS knows the resource by, one for each Region where it has a name of its own there. Two entries with one in common
/// are the same thing. Empty for what no step changes.
#[must_use]
pub fn identities(resource: &Resource) -> Vec<String> {
    let (kind, account) = (resource.spec.kind().as_str(), &resource.account);
    let global = |id: &str| vec![format!("{kind} {id}")];
    let of_account = |id: &str| vec![format!("{kind} {account}/{id}")];
    let in_region = |region: &dyn std::fmt::Display, id: &str| format!("{kind} {account}/{region}/{id}");
    match &resource.spec {
        ResourceSpec::Route53Records(spec) => {
            let record = spec.record.trim_end_matches('.').to_ascii_lowercase();
            global(&format!("{}/{record}/{}", spec.hosted_zone_id, spec.record_type))
        }
        ResourceSpec::Route53HealthCheck(spec) => global(&spec.health_check_id),
        ResourceSpec::GlobalAccelerator(spec) => global(&spec.accelerator_arn),
        ResourceSpec::CloudfrontDistribution(spec) => global(&spec.distribution_id),
        ResourceSpec::ArcRoutingControl(spec) => {
            spec.per_region.values().flat_map(|place| global(&place.control_arn)).collect()
        }
        ResourceSpec::ArcRegionSwitchPlan(spec) => global(&spec.plan_arn),
        ResourceSpec::S3MultiRegionAccessPoint(spec) => global(&spec.mrap_arn),
        ResourceSpec::S3SwitchObject(spec) => spec
            .per_region
            .values()
            .flat_map(|place| global(&format!("{}/{}", place.bucket, place.key)))
            .collect(),
        ResourceSpec::S3Replication(spec) => {
            spec.per_region.values().flat_map(|place| global(&place.bucket)).collect()
        }
        ResourceSpec::AuroraGlobalDatabase(spec) => of_account(&spec.global_cluster),
        ResourceSpec::DynamodbGlobalTable(spec) => of_account(&spec.table),
        ResourceSpec::ElasticacheGlobalDatastore(spec) => of_account(&spec.global_datastore),
        ResourceSpec::RdsReadReplica(spec) => spec
            .per_region
            .iter()
            .filter_map(|(region, place)| Some(in_region(region, place.identifier()?.0)))
            .collect(),
        // Restoring from a vault changes nothing of it; what is brought back is what it protects.
        ResourceSpec::BackupVault(spec) => spec
            .per_region
            .iter()
            .flat_map(|(region, place)| place.protected.iter().map(move |arn| (region, arn)))
            .map(|(region, arn)| {
                let id = database_of_arn(arn).map_or(arn.as_str(), |(id, _)| id);
                in_region(region, id)
            })
            .collect(),
        ResourceSpec::EcsService(spec) => spec
            .per_region
            .iter()
            .map(|(region, place)| {
                in_region(region, &format!("{}/{}", last(&place.cluster), last(&place.service)))
            })
            .collect(),
        ResourceSpec::AutoScalingGroup(spec) => {
            spec.per_region.iter().map(|(region, place)| in_region(region, &place.group)).collect()
        }
        ResourceSpec::EksNodeGroup(spec) => spec
            .per_region
            .iter()
            .map(|(region, place)| in_region(region, &format!("{}/{}", place.cluster, place.node_group)))
            .collect(),
        ResourceSpec::LambdaFunction(spec) => {
            spec.per_region.keys().map(|region| in_region(region, &spec.function)).collect()
        }
        ResourceSpec::CloudformationStack(spec) => {
            spec.per_region.iter().map(|(region, place)| in_region(region, &place.stack)).collect()
        }
        ResourceSpec::EndpointSetting(spec) => spec
            .per_region
            .iter()
            .filter_map(|(region, place)| Some(in_region(region, &SettingPlace::holder(place)?.to_string())))
            .collect(),
        ResourceSpec::EcrRepository(_)
        | ResourceSpec::Secret(_)
        | ResourceSpec::SsmParameter(_)
        | ResourceSpec::KmsKey(_)
        | ResourceSpec::CloudwatchAlarm(_)
        | ResourceSpec::CloudwatchMetric(_)
        | ResourceSpec::ServiceQuota(_)
        | ResourceSpec::TransitGateway(_)
        | ResourceSpec::ConfigRecorder(_)
        | ResourceSpec::SecurityHub(_)
        | ResourceSpec::AwsHealth(_)
        | ResourceSpec::Probe(_) => Vec::new(),
    }
}

/// A name given as an ARN or path stands for its last part.
fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// The resources that the steps change, by name.
fn changed<'a>(steps: impl Iterator<Item = &'a Step>) -> BTreeSet<&'a Name> {
    steps.filter(|step| step.change().is_some()).filter_map(|step| step.resource.as_ref()).collect()
}

fn steps_of<'a>(plan: &'a Plan, emergency: Option<&'a EmergencyVariant>) -> impl Iterator<Item = &'a Step> {
    let variant = match emergency {
        Some(EmergencyVariant::Ready { steps, .. }) => steps.as_slice(),
        _ => &[],
    };
    plan.steps.iter().chain(variant)
}

/// What a run holds beside its application, from request to end: whatever its plan may change, or what that is escalated
/// to. In alphabetical order, so that two runs that want the same ask in the same order.
#[must_use]
pub fn held(application: &Application, plan: &Plan, emergency: Option<&EmergencyVariant>) -> Vec<String> {
    let names = changed(steps_of(plan, emergency));
    let resources = application.resources.iter().filter(|resource| names.contains(&resource.name));
    resources.flat_map(identities).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Parts of the specifications of whatever is this store too, as the inventory has them; empty for stores that are not
/// moved as a whole.
#[must_use]
pub fn fragments(store: &Resource) -> Vec<Value> {
    match &store.spec {
        ResourceSpec::AuroraGlobalDatabase(spec) => vec![json!({ "global_cluster": spec.global_cluster })],
        ResourceSpec::ElasticacheGlobalDatastore(spec) => {
            vec![json!({ "global_datastore": spec.global_datastore })]
        }
        ResourceSpec::RdsReadReplica(spec) => spec
            .per_region
            .iter()
            .filter_map(|(region, place)| {
                let (id, is_cluster) = RdsPlace::identifier(place)?;
                let key = if is_cluster { "cluster" } else { "instance" };
                Some(json!({ "per_region": { region.as_str(): { key: id } } }))
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The stores that a step moves, of which others may be made too.
#[must_use]
pub fn moved_stores<'a>(
    application: &'a Application,
    plan: &Plan,
    emergency: Option<&EmergencyVariant>,
) -> Vec<&'a Resource> {
    let moves = |step: &&Step| step.change().is_some_and(|change| !change.stays_beside_production());
    let names = changed(steps_of(plan, emergency).filter(moves));
    application.resources.iter().filter(|r| names.contains(&r.name) && !fragments(r).is_empty()).collect()
}

/// Another application that is made of the same store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// What the store is called in the application that is moved.
    pub store: Name,
    pub application: Name,
    pub policy: Name,
}

/// Each step that moves such a store names those that use it too, and their owners are asked: the rules of their policies
/// are added to the frozen one. Nobody is asked twice: where both ask the same group, the greater number counts.
pub fn involve(
    users: &[User],
    policies: &[ApprovalPolicy],
    plan: &mut Plan,
    emergency: Option<&mut EmergencyVariant>,
    policy: &mut FrozenPolicy,
) {
    let mut of_store: BTreeMap<&Name, BTreeSet<&Name>> = BTreeMap::new();
    for user in users {
        of_store.entry(&user.store).or_default().insert(&user.application);
    }
    name_users(&mut plan.steps, &of_store);
    if let Some(EmergencyVariant::Ready { steps, .. }) = emergency {
        name_users(steps, &of_store);
    }
    let asked: BTreeSet<&Name> = users.iter().map(|user| &user.policy).collect();
    for other in asked.iter().filter_map(|name| policies.iter().find(|p| p.name == **name)) {
        policy.ask_too(&other.rules);
    }
    for (store, applications) in of_store {
        plan.notes.push(format!(
            "{store} is moved for {} too: their owners are asked beside this application's.",
            words(&applications)
        ));
    }
}

fn name_users(steps: &mut [Step], users: &BTreeMap<&Name, BTreeSet<&Name>>) {
    let moves = |step: &Step| step.change().is_some_and(|change| !change.stays_beside_production());
    for step in steps.iter_mut().filter(|step| moves(step)) {
        let Some(applications) = step.resource.as_ref().and_then(|store| users.get(store)) else { continue };
        step.title = format!("{}, which {} use too", step.title, words(applications));
    }
}

fn words(names: &BTreeSet<&Name>) -> String {
    names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::movement::Mode;
    use crate::plan::{emergency_variant, plan};
    use crate::testing::stores::database;
    use crate::testing::world::{A, aurora, ecs, shop};
    use crate::testing::{failover, name, policy};
    use holdfast_domain::{ApprovalRule, ResourceKind, Seconds};

    fn user(store: &str, application: &str, policy: &str) -> User {
        User { store: name(store), application: name(application), policy: name(policy) }
    }

    fn asks(of: &str, rules: &[(&str, u8)]) -> ApprovalPolicy {
        let rules =
            rules.iter().map(|(group, approvals)| ApprovalRule { group: name(group), approvals: *approvals });
        ApprovalPolicy { name: name(of), rules: rules.collect(), expires_after: Seconds(3600) }
    }

    #[test]
    fn one_thing_of_aws_has_one_identity_whatever_it_is_called() {
        let mut other = aurora("orders");
        other.name = name("ledger-of-orders");
        assert_eq!(identities(&other), identities(&aurora("orders")));
        assert_ne!(identities(&aurora("invoices")), identities(&aurora("orders")));
        other.account = name("elsewhere");
        assert_ne!(identities(&other), identities(&aurora("orders")), "clusters are of an account");
        assert_eq!(identities(&database("books")).len(), 2, "one in each Region");
        let by_name = ecs("web", &[(A, None)]);
        let mut by_arn = by_name.clone();
        if let ResourceSpec::EcsService(spec) = &mut by_arn.spec {
            for place in spec.per_region.values_mut() {
                place.service = format!("arn:aws:ecs:{A}:222222222222:service/shop/{}", place.service);
            }
        }
        assert_eq!(identities(&by_arn), identities(&by_name));
    }

    #[test]
    fn a_run_holds_what_it_may_change_and_what_it_may_become_changes() {
        let picture = shop();
        let planned = plan(&picture, &failover(Mode::Planned)).unwrap();
        let variant = emergency_variant(&picture, &failover(Mode::Planned));
        let held = held(&picture.application, &planned, variant.as_ref());
        let mut sorted = held.clone();
        sorted.sort();
        assert_eq!(held, sorted);
        for what in ["aurora_global_database", "ecs_service", "route53_records"] {
            assert!(held.iter().any(|held| held.starts_with(what)), "{what} in {held:?}");
        }
        assert_eq!(held.iter().filter(|held| held.starts_with("aurora")).count(), 1);
    }

    #[test]
    fn a_step_that_moves_a_store_names_who_uses_it_too_and_their_owners_are_asked() {
        let picture = shop();
        let movement = failover(Mode::Planned);
        let mut planned = plan(&picture, &movement).unwrap();
        let mut variant = emergency_variant(&picture, &movement).unwrap();
        assert_eq!(
            moved_stores(&picture.application, &planned, Some(&variant))
                .iter()
                .map(|r| r.spec.kind())
                .collect::<Vec<_>>(),
            [ResourceKind::AuroraGlobalDatabase]
        );
        let mut frozen = policy(&[("approvers", 1)]);
        let users = [user("orders", "billing", "tier-1"), user("orders", "search", "one")];
        let policies = [asks("tier-1", &[("sre", 1), ("approvers", 2)]), asks("one", &[("approvers", 1)])];
        involve(&users, &policies, &mut planned, Some(&mut variant), &mut frozen);
        let title = |steps: &[Step], id: &str| {
            steps.iter().find(|s| s.id.as_str() == id).map(|s| s.title.clone()).unwrap()
        };
        assert!(title(&planned.steps, "switch-orders").ends_with("which billing, search use too"));
        let EmergencyVariant::Ready { steps, .. } = &variant else { panic!() };
        assert!(title(steps, "emergency-switch-orders").ends_with("which billing, search use too"));
        assert!(!title(&planned.steps, "observe-again").contains("billing"));
        let rules: Vec<_> = frozen.rules.iter().map(|r| (r.group.as_str(), r.approvals)).collect();
        assert_eq!(rules, [("approvers", 2), ("sre", 1)]);
        assert!(planned.notes.iter().any(|n| n.contains("billing, search")));
    }

    #[test]
    fn what_nobody_shares_changes_nothing() {
        let mut planned = plan(&shop(), &failover(Mode::Planned)).unwrap();
        let before = planned.clone();
        let mut frozen = policy(&[("approvers", 1)]);
        involve(&[], &[], &mut planned, None, &mut frozen);
        assert_eq!(planned, before);
    }
}
