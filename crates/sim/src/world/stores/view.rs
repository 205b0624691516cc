//! The stores as `GET /_sim/world` tells them.

use super::Stores;
use crate::world::clock::Moment;
use serde_json::{Map, Value, json};

impl Stores {
    /// One list for each sort of store.
    pub fn view(&self, now: Moment) -> Map<String, Value> {
        let now_ms = now.virtual_ms;
        let databases = self.databases.iter().map(|d| {
            json!({
                "account": d.account, "region": d.region, "id": d.id, "cluster": d.cluster, "source": d.source,
                "status": d.status(now_ms), "replication": d.replication(),
                "lag_ms": d.lag.at(now_ms).map(f64::round), "lost_ms": d.lost_ms.map(f64::round),
            })
        });
        let tables = self.tables.iter().map(|t| {
            let replicas = t.replicas.iter().map(|r| {
                let behind = r
                    .behind
                    .iter()
                    .map(|(from, lag)| json!({"from": from, "lag_ms": lag.at(now_ms).map(f64::round)}));
                json!({
                    "region": r.region, "status": r.status, "written": r.written,
                    "behind": behind.collect::<Vec<_>>(),
                })
            });
            json!({
                "account": t.account, "name": t.name, "strong": t.strong,
                "replicas": replicas.collect::<Vec<_>>(),
            })
        });
        let datastores = self.datastores.iter().map(|d| {
            let members = d.members.iter().map(|m| {
                json!({
                    "region": m.region, "group": m.group, "primary": m.primary,
                    "associated": m.associating.is_none(), "lag_ms": m.lag.at(now_ms).map(f64::round),
                })
            });
            json!({
                "account": d.account, "id": d.id, "status": d.status(),
                "primary": d.primary().map(|p| &p.region), "lost_ms": d.lost_ms.map(f64::round),
                "members": members.collect::<Vec<_>>(),
            })
        });
        let buckets = self.buckets.iter().map(|b| {
            let rules = b.rules.iter().map(|r| {
                json!({
                    "id": r.id, "to": r.to, "enabled": r.enabled, "time_control": r.time_control,
                    "lag_ms": r.lag.at(now_ms).map(f64::round),
                })
            });
            json!({
                "account": b.account, "region": b.region, "name": b.name, "rules": rules.collect::<Vec<_>>(),
                "objects": b.objects.keys().collect::<Vec<_>>(),
            })
        });
        let vaults = self.vaults.iter().map(|v| {
            let resources = v.resources.iter().map(
                |r| json!({"arn": r.arn, "newest": r.points.last().map(|at| now.wall(*at).to_string())}),
            );
            json!({
                "account": v.account, "region": v.region, "name": v.name,
                "resources": resources.collect::<Vec<_>>(),
            })
        });
        let restores = self.restores.iter().rev().take(50).map(|j| {
            json!({
                "account": j.account, "region": j.region, "id": j.id, "source": j.source_arn,
                "status": j.status(now_ms), "percent_done": j.percent_done(now_ms),
            })
        });
        [
            ("databases", databases.collect::<Vec<_>>()),
            ("global_tables", tables.collect()),
            ("global_datastores", datastores.collect()),
            ("buckets", buckets.collect()),
            ("backup_vaults", vaults.collect()),
            ("restore_jobs", restores.collect()),
        ]
        .into_iter()
        .map(|(name, list)| (name.to_owned(), Value::Array(list)))
        .collect()
    }
}
