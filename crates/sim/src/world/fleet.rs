//! Many applications of the same shape, for evacuations and for load: a world and the inventory that
//! describes it, made together so that they cannot disagree.

use super::World;
use super::build::Routing;
use std::fmt::Write as _;

const ACCOUNT: &str = "555555555555";
const ZONE: &str = "Z0555555555FLT";

/// A made-up estate.
#[derive(Debug, Clone)]
pub struct Fleet {
    /// What there is.
    pub world: World,
    /// The inventory file that says so.
    pub inventory: String,
}

/// What a fleet is made of.
#[derive(Debug, Clone, Copy)]
pub struct WorldSpec<'a> {
    /// How many warm standby applications, named `app-0001` and on.
    pub applications: usize,
    /// Where they serve.
    pub home: &'a str,
    /// Where they recover.
    pub recovery: &'a str,
}

/// Makes as many applications as asked for, each with weighted records, an Aurora global database and an
/// ECS service with four tasks at home and one in the recovery Region.
pub fn world_from(spec: WorldSpec<'_>) -> Fleet {
    let WorldSpec { applications, home, recovery } = spec;
    let mut world =
        World::empty().account(ACCOUNT, "fleet", "demo-fleet").zone_named(ACCOUNT, ZONE, "fleet.example.com");
    let mut inventory = format!(
        "version: 1\naccounts:\n  - id: \"{ACCOUNT}\"\n    name: fleet\n    \
         read_role_arn: arn:aws:iam::{ACCOUNT}:role/holdfast-read\n    \
         act_role_arn: arn:aws:iam::{ACCOUNT}:role/holdfast-act\n    external_id: demo-fleet\n\
         groups:\n  - name: approvers\napproval_policies:\n  - name: one-approver\n    rules:\n      \
         - {{group: approvers, approvals: 1}}\n    expires_after: 2h\napplications:\n"
    );
    for number in 1..=applications {
        let name = format!("app-{number:04}");
        world = world
            .front_door(ZONE, &format!("{name}.fleet.example.com"), Routing::Weighted, &[home, recovery])
            .aurora(ACCOUNT, &name, &[home, recovery])
            .service(ACCOUNT, home, &name, "web", 4)
            .service(ACCOUNT, recovery, &name, "web", 1);
        // Writing to a String cannot fail.
        let _ = write!(
            inventory,
            "  - name: {name}\n    owner: fleet\n    tier: {}\n    strategy: warm_standby\n    home_region: {home}\n    \
             recovery_regions: [{recovery}]\n    objectives: {{rto: 15m, rpo: 30s}}\n    \
             data_residency: [{home}, {recovery}]\n    approval_policy: one-approver\n    depends_on: []\n    resources:\n      \
             - {{name: front-door, kind: route53_records, account: fleet, hosted_zone_id: {ZONE}, record: {name}.fleet.example.com, type: A}}\n      \
             - {{name: store, kind: aurora_global_database, account: fleet, global_cluster: {name}}}\n      \
             - name: web\n        kind: ecs_service\n        account: fleet\n        per_region:\n          \
             {home}: {{cluster: {name}, service: web}}\n          \
             {recovery}: {{cluster: {name}, service: web, desired_in_recovery: 4}}\n",
            1 + number % 3
        );
    }
    Fleet { world, inventory }
}
