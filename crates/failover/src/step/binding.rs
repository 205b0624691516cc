//! Whether the inventory's resource is still the one that an approved call names. The inventory may be edited while
//! a run goes on; a name that means something else by then must not be called under the old approval.
//! What was seen of the resource is no matter here: that is the step's check.

use super::Step;
use crate::change::{Change, RecordReplacement, RoutingControlTarget};
use holdfast_domain::resource::{
    ArcRoutingControl, EndpointSetting, RdsPlace, Route53Records, SettingPlace, VaultPlace,
};
use holdfast_domain::{RegionCode, ResourceSpec};
use std::collections::BTreeMap;

/// Steps that call nothing fit whatever the inventory says.
///
/// # Errors
/// A sentence with what the approved call names and what the inventory has.
pub fn resource_matches(step: &Step, spec: &ResourceSpec) -> Result<(), String> {
    let Some(change) = step.change() else { return Ok(()) };
    let (approved, inventory) = match (change, spec) {
        (
            Change::SetEcsDesiredCount { region, cluster, service, .. }
            | Change::SetEcsScalingBounds { region, cluster, service, .. },
            ResourceSpec::EcsService(spec),
        ) => {
            let words = |cluster: &str, service: &str| format!("service {service} of cluster {cluster}");
            let place = spec.per_region.get(region).map(|p| words(&p.cluster, &p.service));
            match placed(words(cluster, service), place, region) {
                Some(difference) => difference,
                None => return Ok(()),
            }
        }
        (
            Change::SetAutoScalingGroupSize { region, group, .. }
            | Change::SuspendScalingProcesses { region, group, .. }
            | Change::ResumeScalingProcesses { region, group, .. },
            ResourceSpec::AutoScalingGroup(spec),
        ) => {
            let words = |group: &str| format!("Auto Scaling group {group}");
            let place = spec.per_region.get(region).map(|p| words(&p.group));
            match placed(words(group), place, region) {
                Some(difference) => difference,
                None => return Ok(()),
            }
        }
        (
            Change::SetEksNodeGroupSize { region, cluster, node_group, .. },
            ResourceSpec::EksNodeGroup(spec),
        ) => {
            let words = |cluster: &str, group: &str| format!("node group {group} of cluster {cluster}");
            let place = spec.per_region.get(region).map(|p| words(&p.cluster, &p.node_group));
            match placed(words(cluster, node_group), place, region) {
                Some(difference) => difference,
                None => return Ok(()),
            }
        }
        (
            Change::SetLambdaConcurrency { region, function, .. }
            | Change::SetLambdaProvisioned { region, function, .. },
            ResourceSpec::LambdaFunction(spec),
        ) => {
            let words = |function: &str| format!("function {function}");
            let place = spec.per_region.get(region).map(|_| words(&spec.function));
            match placed(words(function), place, region) {
                Some(difference) => difference,
                None => return Ok(()),
            }
        }
        (Change::SetEventSource { region, function, mapping, .. }, ResourceSpec::LambdaFunction(spec)) => {
            let listed = spec.per_region.get(region).map(|p| p.event_source_mappings.as_slice());
            let listed = listed.unwrap_or_default();
            if *function == spec.function && listed.contains(mapping) {
                return Ok(());
            }
            let lists = if listed.is_empty() { "none".to_owned() } else { listed.join(", ") };
            (
                format!("mapping {mapping} of function {function} in {region}"),
                format!("function {} with the mappings {lists} there", spec.function),
            )
        }
        (
            Change::SwitchAuroraOver { global_cluster, .. } | Change::FailAuroraOver { global_cluster, .. },
            ResourceSpec::AuroraGlobalDatabase(spec),
        ) => {
            if *global_cluster == spec.global_cluster {
                return Ok(());
            }
            (format!("global cluster {global_cluster}"), format!("global cluster {}", spec.global_cluster))
        }
        (
            Change::PromoteReplica { region, instance: id }
            | Change::PromoteReplicaCluster { region, cluster: id }
            | Change::CreateReplica { region, instance: id, .. }
            | Change::CreateReplicaCluster { region, cluster: id, .. }
            | Change::CreateClusterInstance { region, cluster: id, .. },
            ResourceSpec::RdsReadReplica(spec),
        ) => {
            let place = spec.per_region.get(region);
            if place.is_some_and(|place| place.generations().contains(id)) {
                return Ok(());
            }
            let inventory = place.and_then(RdsPlace::identifier).map_or("nothing", |(id, _)| id);
            (format!("{id} in {region}"), format!("{inventory} in {region}"))
        }
        (
            Change::FailDatastoreOver { global_datastore, .. },
            ResourceSpec::ElasticacheGlobalDatastore(spec),
        ) => {
            if *global_datastore == spec.global_datastore {
                return Ok(());
            }
            (
                format!("global datastore {global_datastore}"),
                format!("global datastore {}", spec.global_datastore),
            )
        }
        (
            Change::StartRestoreJob { region, vault, resource_arn, role_arn, .. },
            ResourceSpec::BackupVault(spec),
        ) => {
            let place = spec.per_region.get(region);
            let same = |place: &VaultPlace| {
                place.vault == *vault
                    && place.protected.contains(resource_arn)
                    && place.restore_role_arn.as_ref() == Some(role_arn)
            };
            if place.is_some_and(same) {
                return Ok(());
            }
            let inventory = place.map_or_else(|| format!("nothing in {region}"), vault_words);
            (format!("{resource_arn} from vault {vault} under {role_arn}"), inventory)
        }
        // What it made is the run's own, and is deleted whatever the entry says by then, as long as it is a vault's.
        (Change::DeleteRestored { .. }, ResourceSpec::BackupVault(_)) => return Ok(()),
        (Change::SetAccessPointRoutes { mrap_arn, .. }, ResourceSpec::S3MultiRegionAccessPoint(spec)) => {
            if *mrap_arn == spec.mrap_arn {
                return Ok(());
            }
            (mrap_arn.clone(), spec.mrap_arn.clone())
        }
        (Change::SetAcceleratorGroup { endpoint_group_arn, .. }, ResourceSpec::GlobalAccelerator(spec)) => {
            // With the slash: one ARN may begin with all of another.
            if endpoint_group_arn.strip_prefix(&spec.accelerator_arn).is_some_and(|r| r.starts_with('/')) {
                return Ok(());
            }
            (endpoint_group_arn.clone(), spec.accelerator_arn.clone())
        }
        (Change::ReplaceRecords { hosted_zone_id, replace }, ResourceSpec::Route53Records(spec)) => {
            match other_record(hosted_zone_id, replace, spec) {
                None => return Ok(()),
                Some(named) => (
                    named,
                    format!("{} {} in hosted zone {}", spec.record_type, spec.record, spec.hosted_zone_id),
                ),
            }
        }
        (Change::SetHealthCheck { health_check_id, .. }, ResourceSpec::Route53HealthCheck(spec)) => {
            if *health_check_id == spec.health_check_id {
                return Ok(());
            }
            (format!("health check {health_check_id}"), format!("health check {}", spec.health_check_id))
        }
        (Change::SetRoutingControls { cluster_arn, controls, .. }, ResourceSpec::ArcRoutingControl(spec)) => {
            match other_control(cluster_arn, controls, spec) {
                None => return Ok(()),
                Some(words) => words,
            }
        }
        (Change::SetPrimaryOrigins { distribution_id, .. }, ResourceSpec::CloudfrontDistribution(spec)) => {
            if *distribution_id == spec.distribution_id {
                return Ok(());
            }
            (format!("distribution {distribution_id}"), format!("distribution {}", spec.distribution_id))
        }
        (Change::SetSwitchObject { region, bucket, key, .. }, ResourceSpec::S3SwitchObject(spec)) => {
            let words = |bucket: &str, key: &str| format!("object {key} of bucket {bucket}");
            let place = spec.per_region.get(region).map(|p| words(&p.bucket, &p.key));
            match placed(words(bucket, key), place, region) {
                Some(difference) => difference,
                None => return Ok(()),
            }
        }
        (Change::StartRegionSwitch { plan_arn, .. }, ResourceSpec::ArcRegionSwitchPlan(spec)) => {
            if *plan_arn == spec.plan_arn {
                return Ok(());
            }
            (plan_arn.clone(), spec.plan_arn.clone())
        }
        // ---- what the recovery Region must have
        (
            Change::CreateStack { region, build } | Change::UpdateStack { region, build },
            ResourceSpec::CloudformationStack(spec),
        ) => {
            let place = spec.per_region.get(region);
            if place.is_some_and(|p| p.stack == build.stack) {
                return Ok(());
            }
            let inventory =
                place.map_or_else(|| format!("nothing in {region}"), |p| format!("stack {}", p.stack));
            (format!("stack {} in {region}", build.stack), inventory)
        }
        (
            Change::SetParameterEndpoint { .. }
            | Change::SetSecretEndpoint { .. }
            | Change::SetRecordEndpoint { .. },
            ResourceSpec::EndpointSetting(spec),
        ) => match other_setting(change, spec) {
            Some(words) => words,
            None => return Ok(()),
        },
        (change, spec) => (
            format!("something that {} changes", change.action()),
            format!("of the kind {}", spec.kind().as_str()),
        ),
    };
    let name = step.resource.as_ref().map_or("the resource", |name| name.as_str());
    Err(format!("the approved call names {approved}, but {name} in the inventory is now {inventory}"))
}

/// The approved words and the inventory's, where they differ.
fn placed(approved: String, inventory: Option<String>, region: &RegionCode) -> Option<(String, String)> {
    match inventory {
        Some(same) if same == approved => None,
        Some(other) => Some((format!("{approved} in {region}"), format!("{other} in {region}"))),
        None => Some((format!("{approved} in {region}"), format!("nothing in {region}"))),
    }
}

/// What differs between the controls that are to be set and the inventory's, in words: the call's, the inventory's.
fn other_control(
    cluster_arn: &str,
    controls: &BTreeMap<RegionCode, RoutingControlTarget>,
    spec: &ArcRoutingControl,
) -> Option<(String, String)> {
    if cluster_arn != spec.cluster_arn {
        return Some((cluster_arn.to_owned(), spec.cluster_arn.clone()));
    }
    controls.iter().find_map(|(region, target)| {
        let place = spec.per_region.get(region).map(|place| place.control_arn.as_str());
        (place != Some(target.control_arn.as_str())).then(|| {
            let inventory = place.map_or_else(|| format!("nothing in {region}"), str::to_owned);
            (format!("{} in {region}", target.control_arn), inventory)
        })
    })
}

/// What holds the setting otherwise, in words: the call's, the inventory's.
fn other_setting(change: &Change, spec: &EndpointSetting) -> Option<(String, String)> {
    let (region, approved) = change.setting()?;
    let inventory = spec.per_region.get(region).and_then(SettingPlace::holder);
    placed(approved.to_string(), inventory.map(|holder| holder.to_string()), region)
}

fn vault_words(place: &VaultPlace) -> String {
    let role = place.restore_role_arn.as_deref().unwrap_or("no role");
    format!("vault {} with {} under {role}", place.vault, place.protected.join(", "))
}

/// The first record of the batch that is not one of the inventory's name.
fn other_record(zone: &str, replace: &[RecordReplacement], spec: &Route53Records) -> Option<String> {
    let mut records = replace.iter().flat_map(|r| [r.old.as_ref(), r.new.as_ref()]).flatten();
    let other = if zone == spec.hosted_zone_id {
        records.find(|r| !(same_name(&r.name, &spec.record) && r.record_type == spec.record_type))
    } else {
        records.next()
    };
    other.map(|r| format!("{} {} in hosted zone {zone}", r.record_type, r.name))
}

/// Route 53 gives names in lower case, with a final dot and `\052` for a star; people write them otherwise.
fn same_name(one: &str, other: &str) -> bool {
    let plain = |name: &str| name.trim_end_matches('.').replace("\\052", "*").to_ascii_lowercase();
    plain(one) == plain(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::movement::{Intent, Mode};
    use crate::plan::plan;
    use crate::testing::compute::{events, fulfilment, moved_fulfilment, nodes, workers};
    use crate::testing::world::{A, B, access_point, aurora, dns, ecs, edge, shop};
    use crate::testing::{failover, movement, region, step_id};
    use holdfast_domain::Resource;
    use holdfast_domain::resource::EcsPlace;

    fn step(mode: Mode, id: &str) -> Step {
        plan(&shop(), &failover(mode)).unwrap().step(&step_id(id)).unwrap().clone()
    }

    fn refused(step: &Step, spec: &ResourceSpec, names: [&str; 2]) {
        let sentence = resource_matches(step, spec).unwrap_err();
        assert!(names.iter().all(|name| sentence.contains(name)), "{sentence}");
    }

    #[test]
    fn every_step_of_a_plan_fits_the_inventory_that_it_was_made_from() {
        let cases = [Mode::Planned, Mode::Emergency]
            .into_iter()
            .flat_map(|mode| [(shop(), failover(mode)), (fulfilment(), failover(mode))]);
        let home = movement(Intent::Failback, Mode::Planned, B, A);
        for (picture, movement) in cases.chain([(moved_fulfilment(), home)]) {
            for step in plan(&picture, &movement).unwrap().steps {
                let Some(name) = &step.resource else { continue };
                let resource = picture.application.resource(name).unwrap();
                assert_eq!(resource_matches(&step, &resource.spec), Ok(()), "{}", step.id);
            }
        }
    }

    #[test]
    fn a_step_without_a_call_fits_everything() {
        assert_eq!(resource_matches(&step(Mode::Planned, "record-lag"), &dns("front-door").spec), Ok(()));
    }

    #[test]
    fn a_service_is_the_one_of_the_calls_own_region() {
        let scale = step(Mode::Planned, "scale-web-eu-central-1");
        let with = |change: &dyn Fn(&mut EcsPlace)| {
            let ResourceSpec::EcsService(mut spec) = ecs("web", &[(A, None), (B, None)]).spec else {
                unreachable!()
            };
            change(spec.per_region.get_mut(&region(B)).unwrap());
            ResourceSpec::EcsService(spec)
        };
        assert_eq!(resource_matches(&scale, &with(&|p| p.desired_in_recovery = Some(40))), Ok(()));
        let approved = "service web of cluster shop in eu-central-1";
        refused(&scale, &with(&|p| p.cluster = "other".into()), [approved, "service web of cluster other"]);
        refused(&scale, &with(&|p| p.service = "api".into()), [approved, "service api of cluster shop"]);
        refused(&scale, &ecs("web", &[(A, None)]).spec, [approved, "nothing in eu-central-1"]);
    }

    #[test]
    fn a_group_a_function_and_a_mapping_are_those_of_the_calls_own_region() {
        let plan = plan(&fulfilment(), &failover(Mode::Planned)).unwrap();
        let step = |id: &str| plan.step(&step_id(id)).unwrap().clone();
        for id in
            ["scale-workers-eu-central-1", "resume-workers-eu-central-1", "suspend-workers-eu-central-1"]
        {
            let approved = "Auto Scaling group workers in eu-central-1";
            refused(&step(id), &workers(&[(A, None)]).spec, [approved, "nothing in eu-central-1"]);
        }
        let approved = "node group general of cluster shop in eu-central-1";
        refused(&step("scale-nodes-eu-central-1"), &nodes(&[(A, None)]).spec, [approved, "nothing"]);
        refused(
            &step("reserve-events-eu-central-1"),
            &events(&[(A, None, &[])]).spec,
            ["function order-events in eu-central-1", "nothing"],
        );
        let other = events(&[(B, None, &["another"])]).spec;
        refused(&step("start-events-1-eu-central-1"), &other, ["mapping bbbbbbbb", "the mappings another"]);
    }

    #[test]
    fn a_store_is_the_same_global_cluster_in_either_mode() {
        for mode in [Mode::Planned, Mode::Emergency] {
            let switch = step(mode, "switch-orders");
            refused(&switch, &aurora("invoices").spec, ["global cluster orders", "global cluster invoices"]);
        }
    }

    #[test]
    fn records_are_of_the_same_zone_name_and_type_however_the_name_is_written() {
        let route = step(Mode::Planned, "route-front-door");
        let with = |zone: &str, name: &str, kind: &str| {
            ResourceSpec::Route53Records(Route53Records {
                hosted_zone_id: zone.into(),
                record: name.into(),
                record_type: kind.into(),
                set_identifiers: BTreeMap::new(),
            })
        };
        let zone = "Z0123456789ABC";
        assert_eq!(resource_matches(&route, &with(zone, "Shop.Example.com.", "A")), Ok(()));
        let approved = "A shop.example.com in hosted zone Z0123456789ABC";
        refused(&route, &with("Z9", "shop.example.com", "A"), [approved, "hosted zone Z9"]);
        refused(&route, &with(zone, "pay.example.com", "A"), [approved, "A pay.example.com"]);
        refused(&route, &with(zone, "shop.example.com", "AAAA"), [approved, "AAAA shop.example.com"]);
        assert!(same_name("\\052.example.com", "*.example.com"));
    }

    #[test]
    fn an_endpoint_group_is_of_the_accelerator_and_not_of_one_whose_arn_merely_begins_alike() {
        let open = step(Mode::Planned, "open-edge-eu-central-1");
        let ResourceSpec::GlobalAccelerator(mut spec) = edge("edge").spec else { unreachable!() };
        spec.accelerator_arn.pop();
        let shorter = spec.accelerator_arn.clone();
        refused(&open, &ResourceSpec::GlobalAccelerator(spec), ["accelerator/edge/group", &shorter]);
    }

    #[test]
    fn routes_are_of_the_same_access_point() {
        let route = step(Mode::Planned, "route-assets");
        let ResourceSpec::S3MultiRegionAccessPoint(mut spec) = access_point("assets").spec else {
            unreachable!()
        };
        spec.mrap_arn.push('x');
        let now = spec.mrap_arn.clone();
        refused(&route, &ResourceSpec::S3MultiRegionAccessPoint(spec), ["accesspoint/assets.mrap", &now]);
    }

    #[test]
    fn a_promotion_or_a_restore_is_of_what_the_inventory_names_or_of_what_was_built_in_its_stead() {
        use crate::testing::stores::{archive, database, datastore, ledger, vault};
        let of = |picture, id| {
            plan(&picture, &failover(Mode::Planned)).unwrap().step(&step_id(id)).unwrap().clone()
        };
        let promote = of(ledger(), "promote-books");
        assert_eq!(resource_matches(&promote, &database("books").spec), Ok(()));
        refused(&promote, &database("other").spec, ["books-replica in eu-central-1", "other-replica"]);
        let rebuild = of(ledger(), "rebuild-books-us-east-1");
        assert_eq!(resource_matches(&rebuild, &database("books").spec), Ok(()));
        refused(&rebuild, &database("book").spec, ["books-holdfast-1 in us-east-1", "book in us-east-1"]);
        let switch = of(ledger(), "switch-carts");
        refused(&switch, &datastore("other").spec, ["ldgnf-carts", "ldgnf-other"]);
        let restore = of(archive(), "restore-backups-1");
        let ResourceSpec::BackupVault(mut spec) = vault("backups").spec else { unreachable!() };
        assert_eq!(resource_matches(&restore, &ResourceSpec::BackupVault(spec.clone())), Ok(()));
        spec.per_region.get_mut(&region(B)).unwrap().restore_role_arn = None;
        refused(&restore, &ResourceSpec::BackupVault(spec), ["role/holdfast-restore", "no role"]);
    }

    #[test]
    fn a_setting_is_held_by_what_the_call_names() {
        use crate::testing::world::{key, known, record_setting, setting, setting_facts};
        let pointed = |held: fn() -> Resource| {
            let mut picture = shop();
            picture.application.resources.push(held());
            picture.observations.insert(key("database", B), known(setting_facts("old.example.com")));
            plan(&picture, &failover(Mode::Planned))
                .unwrap()
                .step(&step_id("point-database"))
                .unwrap()
                .clone()
        };
        let (record, parameter) = (|| record_setting("database", &[B]), || setting("database"));
        assert_eq!(resource_matches(&pointed(record), &record().spec), Ok(()));
        assert_eq!(resource_matches(&pointed(parameter), &parameter().spec), Ok(()));
        let held = [
            "record database.shop.internal in hosted zone Z0PRIVATE",
            "key host of parameter /shop/database",
        ];
        refused(&pointed(record), &parameter().spec, held);
        refused(&pointed(parameter), &record().spec, held);
        refused(
            &pointed(record),
            &record_setting("database", &[A]).spec,
            [held[0], "nothing in eu-central-1"],
        );
    }

    #[test]
    fn a_resource_of_another_kind_never_fits() {
        let kinds = [dns("x"), access_point("x"), edge("x"), aurora("x"), ecs("x", &[])].map(|r| r.spec);
        let steps = [
            "route-front-door",
            "route-assets",
            "open-edge-eu-central-1",
            "switch-orders",
            "scale-web-eu-central-1",
        ];
        for (own, id) in steps.into_iter().enumerate() {
            let step = step(Mode::Planned, id);
            for (_, spec) in kinds.iter().enumerate().filter(|(at, _)| *at != own) {
                refused(&step, spec, [step.change().unwrap().action(), spec.kind().as_str()]);
            }
        }
    }
}
