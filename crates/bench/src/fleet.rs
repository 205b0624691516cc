//! Many applications in four Regions over many accounts: as an inventory and as the world that it describes.

use crate::Size;
use holdfast_sim::world::World;
use std::fmt::Write as _;

pub const REGIONS: [&str; 4] = ["us-east-1", "us-west-2", "eu-central-1", "eu-west-1"];
/// The applications of an account share one cluster per Region.
pub const CLUSTER: &str = "apps";

pub fn account_id(number: usize) -> String {
    format!("{:012}", 200_000_000_000_usize + number)
}

pub fn external_id(number: usize) -> String {
    format!("bench-{number}")
}

pub fn application(number: usize) -> String {
    format!("app-{number:05}")
}

pub fn world(size: Size) -> World {
    let world = (0..size.accounts).fold(World::empty(), |world, number| {
        world.account(&account_id(number), &format!("account-{number}"), &external_id(number))
    });
    (0..size.applications).fold(world, |world, number| {
        let account = account_id(number % size.accounts);
        REGIONS
            .iter()
            .fold(world, |world, region| world.service(&account, region, CLUSTER, &application(number), 2))
    })
}

pub fn inventory(size: Size) -> Result<String, std::fmt::Error> {
    let mut yaml = String::from("version: 1\naccounts:\n");
    for number in 0..size.accounts {
        let (id, external_id) = (account_id(number), external_id(number));
        writeln!(
            yaml,
            "  - {{id: \"{id}\", name: account-{number}, external_id: {external_id}, \
             read_role_arn: \"arn:aws:iam::{id}:role/holdfast-read\", act_role_arn: \"arn:aws:iam::{id}:role/holdfast-act\"}}"
        )?;
    }
    yaml.push_str(
        "groups:\n  - {name: approvers}\napproval_policies:\n  - {name: one, rules: [{group: approvers, approvals: 1}], expires_after: 2h}\napplications:\n",
    );
    let [home, recovery @ ..] = REGIONS;
    for number in 0..size.applications {
        let (name, account) = (application(number), number % size.accounts);
        writeln!(
            yaml,
            "  - name: {name}\n    owner: bench\n    tier: 2\n    strategy: warm_standby\n    home_region: {home}\n    \
             recovery_regions: [{}]\n    objectives: {{rto: 15m, rpo: 30s}}\n    approval_policy: one\n    resources:\n      \
             - name: web\n        kind: ecs_service\n        account: account-{account}\n        per_region:",
            recovery.join(", ")
        )?;
        for region in REGIONS {
            writeln!(yaml, "          {region}: {{cluster: {CLUSTER}, service: {name}}}")?;
        }
    }
    Ok(yaml)
}
