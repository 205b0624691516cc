//! The world as `GET /_sim/world` tells it: for judges and for the control page. The truth, not what an
//! AWS API would show from some Region.

use super::World;
use super::answers::Answer;
use super::aurora::Sync;
use super::clock::Moment;
use serde_json::{Value, json};

impl World {
    /// Everything at an instant. Times are wall times.
    pub fn view(&self, now: Moment) -> Value {
        let mut view = json!({
            "now": now.wall(now.virtual_ms).to_string(),
            "ahead_s": (now.virtual_ms - now.real_ms) as f64 / 1_000.0,
            "speed": self.clock.speed(),
            "control_account": self.control_account,
            "accounts": self.accounts.values().map(|a| json!({"id": a.id, "name": a.name})).collect::<Vec<_>>(),
            "regions": self.regions,
            "links": self.links,
            "global_clusters": self.global_clusters_view(now),
            "ecs_services": self.services_view(now),
            "auto_scaling_groups": self.groups.iter().map(|g| json!({
                "account": g.account, "region": g.region, "group": g.name, "min": g.size.min, "max": g.size.max,
                "desired": g.size.desired, "in_service": g.in_service(now.virtual_ms), "suspended": g.suspended,
            })).collect::<Vec<_>>(),
            "node_groups": self.node_groups.iter().map(|g| json!({
                "account": g.account, "region": g.region, "cluster": g.cluster, "node_group": g.name,
                "group": g.group, "updating": g.updating(now.virtual_ms),
            })).collect::<Vec<_>>(),
            "functions": self.functions.iter().map(|f| json!({
                "account": f.account, "region": f.region, "function": f.name, "reserved": f.reserved,
                "mappings": f.mappings.iter().map(|m| json!({
                    "uuid": m.uuid, "source": m.source_arn, "state": m.state(now.virtual_ms),
                })).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
            "record_sets": self.records_view(),
            "names": self.names_view(now),
            "changes": self.changes.iter().rev().take(50).map(|c| json!({
                "id": c.id, "account": c.account, "status": c.status(now.virtual_ms),
            })).collect::<Vec<_>>(),
            "accelerators": self.accelerators.iter().map(|a| json!({
                "account": a.account, "arn": a.arn(), "name": a.name, "status": a.status(now.virtual_ms),
                "endpoint_groups": a.groups,
            })).collect::<Vec<_>>(),
            "access_points": self.access_points.iter().map(|p| json!({
                "account": p.account, "arn": p.arn(), "name": p.name, "routes": p.effective(now.virtual_ms),
            })).collect::<Vec<_>>(),
            "health_checks": self.health_checks.iter().map(|c| json!({
                "account": c.account, "id": c.id, "watches": c.watches, "region": c.region, "version": c.version,
                "inverted": c.inverted, "disabled": c.disabled, "healthy": self.counts_healthy(c, now),
            })).collect::<Vec<_>>(),
            "routing_controls": self.controls_view(),
            "region_switch_plans": self.switches_view(now),
            "distributions": self.distributions.iter().map(|d| json!({
                "account": d.account, "id": d.id, "etag": d.etag, "status": d.status(now.virtual_ms),
                "origin_groups": d.groups().into_iter().map(|(id, members)| json!({"id": id, "members": members}))
                    .collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
            "supporting": self.supporting_view(),
        });
        if let Some(lists) = view.as_object_mut() {
            lists.extend(self.stores.view(now));
        }
        view
    }

    /// What secrets and parameters hold is not told.
    fn supporting_view(&self) -> Value {
        let all = &self.supporting;
        json!({
            "secrets": all.secrets.iter().map(|s| json!({
                "account": s.account, "name": s.name, "primary": s.primary, "versions": s.versions.len(),
                "replicas": s.replicas.iter().map(|r| json!({
                    "region": r.region, "status": r.status(s.versions.len()), "has": r.has,
                })).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
            "parameters": all.parameters.iter().map(|p| json!({
                "account": p.account, "region": p.region, "name": p.name, "type": p.kind, "version": p.version,
            })).collect::<Vec<_>>(),
            "keys": all.keys, "alarms": all.alarms, "quotas": all.quotas, "attachments": all.attachments,
            "recorders": all.recorders, "hubs": all.hubs,
            "stacks": all.stacks.iter().map(|s| json!({
                "account": s.account, "region": s.region, "name": s.name, "id": s.id(), "status": s.status,
                "reason": s.reason, "template_url": s.built.template_url, "parameters": s.built.parameters,
            })).collect::<Vec<_>>(),
            "organization": all.organization,
        })
    }

    fn controls_view(&self) -> Vec<Value> {
        let controls = self.clusters.iter().flat_map(|c| {
            c.panels.iter().flat_map(move |p| {
                p.controls.iter().map(move |control| {
                    json!({
                        "account": c.account, "cluster": c.arn(), "panel": p.name, "name": control.name,
                        "arn": c.control_arn(p, control), "on": control.on,
                    })
                })
            })
        });
        controls.collect()
    }

    fn switches_view(&self, now: Moment) -> Vec<Value> {
        let plans = self.switch_plans.iter().map(|p| {
            let executions = p.executions.iter().map(|e| {
                json!({
                    "id": e.id, "region": e.region, "action": e.action, "mode": e.mode,
                    "state": e.state(now.virtual_ms), "started": now.wall(e.started_ms).to_string(),
                })
            });
            json!({
                "account": p.account, "arn": p.arn(), "name": p.name, "regions": p.regions,
                "executions": executions.collect::<Vec<_>>(),
            })
        });
        plans.collect()
    }

    fn global_clusters_view(&self, now: Moment) -> Vec<Value> {
        let clusters = self.global_clusters.iter().map(|g| {
            let members = g.members.iter().map(|m| {
                json!({
                    "region": m.region, "cluster": m.cluster, "writer": m.writer,
                    "synchronization": match m.sync {
                        Sync::Connected => "connected",
                        Sync::PendingResync { .. } => "pending-resync",
                    },
                    "instances": m.instances.len(),
                    "lag_ms": m.lag.at(now.virtual_ms).map(f64::round),
                })
            });
            json!({
                "account": g.account, "id": g.id, "writer": g.writer().map(|w| &w.region),
                "moving": g.moving.as_ref().map(|m| json!({
                    "kind": m.kind, "status": m.status(now.virtual_ms), "from": m.from_region, "to": m.to_region,
                })),
                "members": members.collect::<Vec<_>>(),
                "history": g.history.iter().map(|h| json!({
                    "kind": h.kind, "from": h.from_region, "to": h.to_region, "cancelled": h.cancelled,
                    "ended": now.wall(h.ended_ms).to_string(), "lost_ms": h.lost_ms.round(),
                })).collect::<Vec<_>>(),
            })
        });
        clusters.collect()
    }

    /// What the name server answers now, for the middle of the draw.
    fn names_view(&self, now: Moment) -> Vec<Value> {
        let public = self.zones.iter().filter(|z| !z.is_private());
        let mut names: Vec<_> = public.flat_map(|z| z.records.iter().map(|r| (&r.name, &r.kind))).collect();
        names.dedup();
        let answered = names.into_iter().map(|(name, kind)| {
            let values = match self.answer(name, kind, 0.5, now) {
                Answer::Found { values, .. } => values,
                Answer::Elsewhere { name, .. } => vec![name],
                Answer::NoData { .. } | Answer::NoName { .. } | Answer::NotOurs => Vec::new(),
            };
            json!({"name": name, "type": kind, "answer": values})
        });
        answered.collect()
    }

    fn services_view(&self, now: Moment) -> Vec<Value> {
        let services = self.services.iter().map(|s| {
            json!({
                "account": s.account, "region": s.region, "cluster": s.cluster, "service": s.name,
                "desired": s.desired, "running": s.running(now.virtual_ms),
                "floor": s.scaling.map(|b| b.min), "ceiling": s.scaling.map(|b| b.max),
            })
        });
        services.collect()
    }

    fn records_view(&self) -> Vec<Value> {
        let records = self.zones.iter().flat_map(|z| {
            z.records.iter().map(|r| {
                json!({
                    "account": z.account, "hosted_zone_id": z.id, "private": z.is_private(),
                    "name": r.name, "type": r.kind,
                    "set_identifier": r.set_identifier, "weight": r.weight, "failover": r.failover,
                    "region": r.region, "geo": r.geo, "ttl_s": r.ttl_s, "values": r.values,
                    "alias": r.alias.as_ref().map(|a| &a.dns_name), "health_check_id": r.health_check_id,
                })
            })
        });
        records.collect()
    }
}
