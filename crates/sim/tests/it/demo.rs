use holdfast_sim::{DEMO_INVENTORY, WorldSpec, demo_world, world_from};

/// The values of a key, wherever it stands in the file.
fn values(key: &str) -> Vec<String> {
    let needle = format!("{key}: ");
    let lines = DEMO_INVENTORY.lines().flat_map(|line| line.split(&['{', ','][..]));
    lines
        .filter_map(|part| part.trim().trim_start_matches("- ").strip_prefix(&needle))
        .map(|v| v.trim_matches(&['}', '"', ' '][..]).to_owned())
        .collect()
}

#[test]
fn everything_that_the_inventory_names_and_the_simulator_speaks_is_there() {
    let world = demo_world();
    for id in values("global_cluster") {
        assert!(world.global_clusters.iter().any(|g| g.id == id), "global cluster {id}");
    }
    for arn in values("accelerator_arn") {
        assert!(world.accelerators.iter().any(|a| a.arn() == arn), "accelerator {arn}");
    }
    for arn in values("mrap_arn") {
        assert!(world.access_points.iter().any(|p| p.arn() == arn), "access point {arn}");
    }
    for arn in values("control_arn") {
        assert!(world.clusters.iter().any(|c| c.control(&arn).is_some()), "routing control {arn}");
    }
    for arn in values("cluster_arn") {
        assert!(world.clusters.iter().any(|c| c.arn() == arn), "cluster {arn}");
    }
    for arn in values("plan_arn") {
        assert!(world.switch_plans.iter().any(|p| p.arn() == arn), "Region switch plan {arn}");
    }
    for id in values("distribution_id") {
        assert!(world.distributions.iter().any(|d| d.id == id), "distribution {id}");
    }
    for id in values("health_check_id") {
        assert!(world.health_checks.iter().any(|c| c.id == id), "health check {id}");
    }
    for record in values("record") {
        let name = format!("{record}.");
        assert!(world.zones.iter().any(|z| z.records.iter().any(|r| r.name == name)), "record {record}");
    }
    for zone in values("hosted_zone_id") {
        assert!(world.zones.iter().any(|z| z.id == zone), "zone {zone}");
    }
    for arn in values("target_group_arn") {
        assert!(world.target_groups.iter().any(|t| t.arn() == arn), "target group {arn}");
    }
    for line in DEMO_INVENTORY.lines().filter(|l| l.contains(": {group: ")) {
        let (region, rest) = line.trim().split_once(": {group: ").unwrap();
        let group = rest.split(',').next().unwrap();
        assert!(
            world.groups.iter().any(|g| g.region == region && g.name == group),
            "group {group} in {region}"
        );
    }
    for node_group in values("node_group") {
        assert!(world.node_groups.iter().any(|g| g.name == node_group), "node group {node_group}");
    }
    for function in values("function") {
        assert!(world.functions.iter().any(|f| f.name == function), "function {function}");
    }
    for repository in values("repository") {
        assert!(world.repositories.iter().any(|r| r.name == repository), "repository {repository}");
    }
    for table in values("table") {
        assert!(world.stores.tables.iter().any(|t| t.name == table), "table {table}");
    }
    for id in values("global_datastore") {
        assert!(world.stores.datastores.iter().any(|d| d.id == id), "global datastore {id}");
    }
    for name in values("bucket") {
        assert!(world.stores.buckets.iter().any(|b| b.name == name), "bucket {name}");
    }
    for id in DEMO_INVENTORY.split("{instance: ").skip(1).filter_map(|rest| rest.split('}').next()) {
        assert!(world.stores.databases.iter().any(|d| d.id == id), "database {id}");
    }
    for name in DEMO_INVENTORY.split("{vault: ").skip(1).filter_map(|rest| rest.split(',').next()) {
        let vault = world.stores.vaults.iter().find(|v| v.name == name).unwrap();
        for resource in &vault.resources {
            assert!(DEMO_INVENTORY.contains(&format!("protected: [{}]", resource.arn)), "{}", resource.arn);
        }
    }
    let all = &world.supporting;
    for name in values("parameter") {
        assert!(all.parameters.iter().any(|p| p.name == name), "parameter {name}");
    }
    for name in values("secret") {
        assert!(all.secrets.iter().any(|s| s.name == name), "secret {name}");
    }
    for id in values("key_id") {
        assert!(all.keys.iter().any(|k| k.id == id), "key {id}");
    }
    for name in values("alarm") {
        assert!(all.alarms.iter().any(|a| a.name == name), "alarm {name}");
    }
    for id in values("attachment") {
        assert!(all.attachments.iter().any(|a| a.id == id), "attachment {id}");
    }
    for url in values("template_url") {
        assert!(all.templates.contains_key(&url), "template {url}");
    }
    let services = DEMO_INVENTORY.lines().filter(|l| l.contains(", service: "));
    for line in services {
        let (region, rest) = line.trim().split_once(": {cluster: ").unwrap();
        let (cluster, rest) = rest.split_once(", service: ").unwrap();
        let service = rest.split(&[',', '}'][..]).next().unwrap();
        let found =
            world.services.iter().any(|s| s.region == region && s.cluster == cluster && s.name == service);
        assert!(found, "service {service} of {cluster} in {region}");
    }
}

#[test]
fn nothing_stands_in_the_world_that_the_inventory_does_not_name() {
    let world = demo_world();
    assert_eq!(world.global_clusters.len(), values("global_cluster").len());
    assert_eq!(world.accelerators.len(), values("accelerator_arn").len());
    assert_eq!(world.access_points.len(), values("mrap_arn").len());
    assert_eq!(world.distributions.len(), values("distribution_id").len());
    assert_eq!(world.switch_plans.len(), values("plan_arn").len());
    assert_eq!(world.services.len(), DEMO_INVENTORY.matches(", service: ").count());
    assert_eq!(world.stores.tables.len(), values("table").len());
    assert_eq!(world.stores.datastores.len(), values("global_datastore").len());
    assert_eq!(world.stores.buckets.len(), values("bucket").len());
    assert_eq!(world.stores.vaults.len(), DEMO_INVENTORY.matches("{vault: ").count());
}

#[test]
fn external_ids_are_the_ones_that_the_roles_ask_for() {
    let world = demo_world();
    for account in world.accounts.values() {
        let wanted = format!("external_id: demo-{}", account.name);
        assert!(DEMO_INVENTORY.contains(&wanted), "{wanted}");
        assert!(
            account
                .roles
                .values()
                .all(|r| r.external_id.as_deref() == Some(&format!("demo-{}", account.name)))
        );
    }
}

#[test]
fn the_demonstration_has_twelve_applications_over_four_strategies_and_five_regions() {
    let strategies: std::collections::BTreeSet<_> = values("strategy").into_iter().collect();
    assert_eq!(strategies.len(), 4);
    assert!(values("strategy").len() >= 12);
    for region in ["us-east-1", "us-west-2", "eu-central-1", "eu-west-1", "ap-southeast-1"] {
        assert!(DEMO_INVENTORY.contains(region));
    }
    let (_, section) = DEMO_INVENTORY.split_once("\napplications:\n").unwrap();
    let names: Vec<_> = section.lines().filter_map(|l| l.strip_prefix("  - name: ")).collect();
    assert!(names.is_sorted(), "in order of names: {names:?}");
}

#[test]
fn a_fleet_has_as_many_applications_as_asked_for() {
    let fleet = world_from(WorldSpec { applications: 40, home: "us-east-1", recovery: "us-west-2" });
    assert_eq!(fleet.world.global_clusters.len(), 40);
    assert_eq!(fleet.world.services.len(), 80);
    assert_eq!(fleet.inventory.matches("  - name: app-").count(), 40);
}
