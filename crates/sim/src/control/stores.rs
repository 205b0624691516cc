//! The control page's table of stores beside Aurora: databases, tables, datastores, buckets, vaults and restores.

use super::sections::{esc, state, table};
use super::tables::seconds;
use crate::world::World;
use crate::world::clock::Moment;
use crate::world::lag::Lag;

/// Restores shown.
const SHOWN_RESTORES: usize = 10;

pub(super) fn all(world: &World, now: Moment) -> String {
    let rows = [
        databases(world, now),
        tables(world, now),
        datastores(world, now),
        buckets(world, now),
        backups(world, now),
    ];
    table("Other stores", &["Store", "Kind", "Region", "State", "Behind"], &rows.concat())
}

fn row(name: &str, kind: &str, region: &str, shown: &str, behind: &str) -> String {
    format!(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{shown}</td><td>{behind}</td></tr>",
        esc(name),
        esc(kind),
        esc(region)
    )
}

fn lag(lag: &Lag, now: Moment) -> String {
    lag.at(now.virtual_ms).map_or_else(String::new, seconds)
}

fn databases(world: &World, now: Moment) -> String {
    let each = world.stores.databases.iter().map(|d| {
        let status = d.status(now.virtual_ms);
        let word = if status == "available" { "good" } else { "moving" };
        let role = if d.source.is_some() { "copies" } else { "takes writes" };
        row(&d.id, "database", &d.region, &state(word, &format!("{status}, {role}")), &lag(&d.lag, now))
    });
    each.collect()
}

fn tables(world: &World, now: Moment) -> String {
    let each = world.stores.tables.iter().flat_map(|t| {
        t.replicas.iter().map(move |r| {
            let word = if r.status == "ACTIVE" { "good" } else { "watch" };
            let behind: Vec<String> = r
                .behind
                .iter()
                .filter(|(from, _)| t.lag(from, &r.region).is_some())
                .map(|(from, behind)| format!("{} {}", esc(from), lag(behind, now)))
                .collect();
            row(&t.name, "global table", &r.region, &state(word, &r.status), &behind.join("<br>"))
        })
    });
    each.collect()
}

fn datastores(world: &World, now: Moment) -> String {
    let each = world.stores.datastores.iter().flat_map(|d| {
        d.members.iter().map(move |m| {
            let (word, role) = match (m.primary, m.associating.is_some()) {
                (true, _) => ("good", "primary"),
                (false, false) => ("good", "secondary"),
                (false, true) => ("watch", "associating"),
            };
            let word = if d.moving.is_some() { "moving" } else { word };
            let shown = state(word, &format!("{}, {role}", d.status()));
            row(&d.id, "global datastore", &m.region, &shown, &lag(&m.lag, now))
        })
    });
    each.collect()
}

fn buckets(world: &World, now: Moment) -> String {
    let each = world.stores.buckets.iter().map(|b| {
        let shown = match b.rules.iter().filter(|r| r.enabled).count() {
            0 => state("watch", "copied nowhere"),
            _ => state("good", "copied"),
        };
        let mut behind: Vec<String> = b.rules.iter().map(|r| lag(&r.lag, now)).collect();
        behind.extend(b.objects.keys().map(|key| format!("holds {}", esc(key))));
        row(&b.name, "bucket", &b.region, &shown, &behind.join("<br>"))
    });
    each.collect()
}

fn backups(world: &World, now: Moment) -> String {
    let vaults = world.stores.vaults.iter().flat_map(|v| {
        v.resources.iter().map(move |r| {
            let age = r.points.last().map(|at| seconds((now.virtual_ms - at) as f64));
            let shown = match &age {
                Some(_) => state("good", "recovery point"),
                None => state("bad", "no recovery point"),
            };
            row(&v.name, &r.arn, &v.region, &shown, &age.unwrap_or_default())
        })
    });
    let restores = world.stores.restores.iter().rev().take(SHOWN_RESTORES).map(|j| {
        let status = j.status(now.virtual_ms);
        let word = match status {
            "COMPLETED" => "good",
            "FAILED" => "bad",
            _ => "moving",
        };
        let shown = state(word, &format!("{status} {}", j.percent_done(now.virtual_ms)));
        row(&j.id, "restore job", &j.region, &shown, "")
    });
    vaults.chain(restores).collect()
}
