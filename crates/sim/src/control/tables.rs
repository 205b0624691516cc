//! The control page's tables of what there is: who writes, how many run, where traffic goes, who called.

use super::sections::{esc, state, table};
use crate::ledger::{Effect, Entry};
use crate::state::State;
use crate::world::World;
use crate::world::aurora::{Member, Sync};
use crate::world::clock::Moment;
use crate::world::dns::RecordSet;

/// Calls shown.
const SHOWN_CALLS: usize = 100;

/// Milliseconds as seconds with a unit.
pub(super) fn seconds(ms: f64) -> String {
    if ms.abs() >= 10_000.0 { format!("{:.0} s", ms / 1_000.0) } else { format!("{:.1} s", ms / 1_000.0) }
}

fn account_name(world: &World, id: &str) -> String {
    esc(world.accounts.get(id).map_or(id, |a| a.name.as_str()))
}

fn is_dark(world: &World, region: &str) -> bool {
    world.regions.get(region).is_some_and(|r| r.dark)
}

pub(super) fn aurora(world: &World, now: Moment) -> String {
    let rows: String = world
        .global_clusters
        .iter()
        .map(|global| {
            let writer = global.writer().map_or("none", |w| w.region.as_str());
            let status = match &global.moving {
                Some(m) => state("moving", &format!("{} {} → {}", m.status(now.virtual_ms), m.from_region, m.to_region)),
                None if is_dark(world, writer) => state("bad", "writer out: Region dark"),
                None => state("good", "available"),
            };
            let others: Vec<String> = global.members.iter().filter(|m| !m.writer).map(|m| follower(m, now)).collect();
            let lost = global.history.last().map_or_else(String::new, |h| match h.cancelled {
                true => "rolled back".to_owned(),
                false => format!("lost {}", seconds(h.lost_ms)),
            });
            format!(
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{status}</td><td>{}</td><td>{lost}</td></tr>",
                esc(&global.id),
                account_name(world, &global.account),
                esc(writer),
                others.join("<br>"),
            )
        })
        .collect();
    table(
        "Aurora global databases",
        &["Database", "Account", "Writer", "State", "Followers", "Last move"],
        &rows,
    )
}

fn follower(member: &Member, now: Moment) -> String {
    let shown = match (member.sync, member.lag.at(now.virtual_ms)) {
        (Sync::PendingResync { .. }, _) => state("watch", "pending-resync"),
        (Sync::Connected, Some(lag)) => format!("lag {}", seconds(lag)),
        (Sync::Connected, None) => state("watch", "no lag metric"),
    };
    format!("{}: {shown}", esc(&member.region))
}

pub(super) fn services(world: &World, now: Moment) -> String {
    let rows: String = world
        .services
        .iter()
        .map(|s| {
            let running = s.running(now.virtual_ms);
            let shown = if is_dark(world, &s.region) {
                state("bad", "out: Region dark")
            } else if s.steady(now.virtual_ms) {
                state("good", "steady")
            } else {
                state("moving", "scaling")
            };
            format!(
                "<tr><th scope=\"row\">{}/{}</th><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{running}</td><td>{shown}</td></tr>",
                esc(&s.cluster),
                esc(&s.name),
                esc(&s.region),
                s.desired,
            )
        })
        .collect();
    table("ECS services", &["Service", "Region", "Desired", "Running", "State"], &rows)
}

pub(super) fn groups(world: &World, now: Moment) -> String {
    let rows: String = world
        .groups
        .iter()
        .map(|g| {
            let in_service = g.in_service(now.virtual_ms);
            let shown = if is_dark(world, &g.region) {
                state("bad", "out: Region dark")
            } else if in_service == g.size.desired {
                state("good", "steady")
            } else if g.starved {
                state("watch", "no capacity")
            } else {
                state("moving", "scaling")
            };
            format!(
                "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"n\">{} to {}</td><td class=\"n\">{}</td><td class=\"n\">{in_service}</td><td>{shown}</td></tr>",
                esc(&g.name),
                esc(&g.region),
                g.size.min,
                g.size.max,
                g.size.desired,
            )
        })
        .collect();
    table("Auto Scaling groups", &["Group", "Region", "Bounds", "Desired", "In service", "State"], &rows)
}

pub(super) fn functions(world: &World, now: Moment) -> String {
    let rows: String = world
        .functions
        .iter()
        .map(|f| {
            let mappings: Vec<String> = f.mappings.iter().map(|m| esc(m.state(now.virtual_ms))).collect();
            format!(
                "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"n\">{}</td><td>{}</td></tr>",
                esc(&f.name),
                esc(&f.region),
                f.reserved.map_or_else(|| "–".to_owned(), |n| n.to_string()),
                mappings.join(", "),
            )
        })
        .collect();
    table("Lambda functions", &["Function", "Region", "Reserved", "Event sources"], &rows)
}

/// Stacks, secrets and keys: what a recovery Region is built from.
pub(super) fn supporting(world: &World) -> String {
    let row = |what: &str, name: &str, region: &str, shown: String| {
        format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{shown}</td></tr>",
            esc(name),
            esc(what),
            esc(region)
        )
    };
    let all = &world.supporting;
    let stacks = all.stacks.iter().map(|stack| {
        let class = match stack.status.as_str() {
            status if status.contains("ROLLBACK") || status.contains("FAILED") => "bad",
            status if status.ends_with("_IN_PROGRESS") => "moving",
            _ => "good",
        };
        row("stack", &stack.name, &stack.region, state(class, &stack.status))
    });
    let secrets = all.secrets.iter().flat_map(|secret| {
        secret.replicas.iter().map(|replica| {
            let status = replica.status(secret.versions.len());
            let class = match status {
                "InSync" => "good",
                "InProgress" => "moving",
                _ => "bad",
            };
            row("replica of a secret", &secret.name, &replica.region, state(class, status))
        })
    });
    let keys = all.keys.iter().map(|key| {
        let class = if key.state == "Enabled" { "good" } else { "bad" };
        row("key", &key.id, &key.region, state(class, &key.state))
    });
    let rows: String = stacks.chain(secrets).chain(keys).collect();
    table("What recovery Regions are built from", &["Name", "What", "Region", "State"], &rows)
}

pub(super) fn records(world: &World) -> String {
    let rows: String = world
        .zones
        .iter()
        .flat_map(|z| z.records.iter().map(move |r| (z, r)))
        .map(|(z, r)| {
            let leads =
                if z.is_private() { format!("private, leads to {}", r.values.join(" ")) } else { routing(r) };
            format!(
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td></tr>",
                esc(r.name.trim_end_matches('.')),
                esc(r.set_identifier.as_deref().unwrap_or("–")),
                esc(&leads),
            )
        })
        .collect();
    table("Route 53 records", &["Name", "Set", "Routing"], &rows)
}

fn routing(record: &RecordSet) -> String {
    if let Some(weight) = record.weight {
        return format!("weight {weight}");
    }
    if let Some(role) = &record.failover {
        return format!("failover {role}");
    }
    if let Some(region) = &record.region {
        return format!("latency {region}");
    }
    match &record.geo {
        Some(geo) => {
            let place = geo.continent.as_ref().or(geo.country.as_ref()).map_or("?", String::as_str);
            format!("geolocation {place}")
        }
        None => "simple".to_owned(),
    }
}

pub(super) fn accelerators(world: &World, now: Moment) -> String {
    let rows: String = world
        .accelerators
        .iter()
        .flat_map(|a| a.groups.iter().map(move |g| (a, g)))
        .map(|(a, g)| {
            let status = a.status(now.virtual_ms);
            let shown = if status == "DEPLOYED" { state("good", "deployed") } else { state("moving", "in progress") };
            let weights: Vec<String> = g.endpoints.iter().map(|e| e.weight.to_string()).collect();
            format!(
                "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"n\">{} %</td><td class=\"n\">{}</td><td>{shown}</td></tr>",
                esc(&a.name),
                esc(&g.region),
                g.dial,
                weights.join(", "),
            )
        })
        .collect();
    table("Global Accelerator", &["Accelerator", "Region", "Dial", "Endpoint weights", "State"], &rows)
}

pub(super) fn routes(world: &World, now: Moment) -> String {
    let rows: String = world
        .access_points
        .iter()
        .flat_map(|p| p.effective(now.virtual_ms).iter().map(move |r| (p, r)))
        .map(|(p, r)| {
            let coming = p.coming.as_ref().is_some_and(|(from_ms, _)| now.virtual_ms < *from_ms);
            let shown = match (coming, r.dial) {
                (true, _) => state("moving", "changing"),
                (false, 0) => "passive".to_owned(),
                (false, _) => state("good", "active"),
            };
            format!(
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{shown}</td></tr>",
                esc(&p.name),
                esc(&r.region)
            )
        })
        .collect();
    table("S3 Multi-Region Access Points", &["Access point", "Region", "Route"], &rows)
}

pub(super) fn ledger(sim: &State) -> String {
    let rows: String = sim.ledger.entries().rev().take(SHOWN_CALLS).map(|e| call(&sim.world, e)).collect();
    if rows.is_empty() {
        return "<p class=\"muted\">Nobody has called yet.</p>".to_owned();
    }
    table(
        "The last hundred calls",
        &["At", "Call", "Region", "Account", "Session", "For", "Effect", "Request"],
        &rows,
    )
}

fn call(world: &World, entry: &Entry) -> String {
    let effect = match entry.effect {
        Effect::Changed => state("moving", "changed"),
        Effect::Unchanged => state("good", "unchanged"),
        Effect::Refused => state("bad", "refused"),
        Effect::None => "<span class=\"muted\">none</span>".to_owned(),
    };
    let time = entry.at.split_once('T').map_or(entry.at.as_str(), |(_, t)| t.get(..8).unwrap_or(t));
    let dash = |text: &Option<String>| esc(text.as_deref().unwrap_or("–"));
    format!(
        "<tr><td>{}</td><td>{} {}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{effect}</td><td><code>{}</code></td></tr>",
        esc(time),
        esc(&entry.service),
        esc(&entry.operation),
        esc(&entry.region),
        account_name(world, &entry.account),
        dash(&entry.session_name),
        dash(&entry.source_identity),
        esc(entry.request_id.get(..8).unwrap_or(&entry.request_id)),
    )
}
