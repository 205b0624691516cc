//! Many applications in four Regions over many accounts: as an inventory and as the world that it describes.

use crate::Size;
use holdfast_sim::world::World;
use holdfast_sim::world::build::Routing;
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

/// The hosted zone of an account, and the name in it that leads to an application.
fn zone(account: usize) -> String {
    format!("Z0BENCH{account:07}")
}

fn front_door(number: usize, account: usize) -> String {
    format!("{}.account-{account}.example.com", application(number))
}

pub fn world(size: Size) -> World {
    let world = (0..size.accounts).fold(World::empty(), |world, number| {
        let (id, name) = (account_id(number), format!("account-{number}"));
        world.account(&id, &name, &external_id(number)).zone_named(
            &id,
            &zone(number),
            &format!("{name}.example.com"),
        )
    });
    (0..size.applications).fold(world, |world, number| {
        let account = number % size.accounts;
        let (id, door) = (account_id(account), front_door(number, account));
        REGIONS
            .iter()
            .fold(world, |world, region| world.service(&id, region, CLUSTER, &application(number), 2))
            .front_door(&zone(account), &door, Routing::Weighted, &REGIONS[..2])
    })
}

/// Each in two Regions, with a weighted record before it and capacity to be raised: what can be moved.
pub fn movable(size: Size) -> Result<String, std::fmt::Error> {
    let mut yaml = head(size)?;
    let [home, recovery, ..] = REGIONS;
    for number in 0..size.applications {
        let (name, account) = (application(number), number % size.accounts);
        let (zone, door) = (zone(account), front_door(number, account));
        writeln!(
            yaml,
            "  - name: {name}\n    owner: bench\n    tier: 2\n    strategy: warm_standby\n    home_region: {home}\n    \
             recovery_regions: [{recovery}]\n    objectives: {{rto: 15m, rpo: 30s}}\n    approval_policy: one\n    resources:\n      \
             - {{name: front-door, kind: route53_records, account: account-{account}, hosted_zone_id: {zone}, record: {door}, type: A}}\n      \
             - name: web\n        kind: ecs_service\n        account: account-{account}\n        per_region:\n          \
             {home}: {{cluster: {CLUSTER}, service: {name}}}\n          \
             {recovery}: {{cluster: {CLUSTER}, service: {name}, desired_in_recovery: 3}}"
        )?;
    }
    Ok(yaml)
}

fn head(size: Size) -> Result<String, std::fmt::Error> {
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
    Ok(yaml)
}

pub fn inventory(size: Size) -> Result<String, std::fmt::Error> {
    let mut yaml = head(size)?;
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
