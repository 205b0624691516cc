//! Building the switches of traffic into a world: routing controls, records that follow them, Region switch
//! plans, distributions.

use super::World;
use super::arc::{Cluster, Control, Panel, RuleKind, SafetyRule};
use super::build::digits_of;
use super::cloudfront::{DEPLOY_MS, Distribution, config_over, fresh_etag};
use super::dns::normal_name;
use super::health::Watch;
use super::region_switch::SwitchPlan;
use std::collections::BTreeMap;

/// The ARN of the control that stands for a Region in the panel of this name.
pub fn control_arn(account: &str, panel: &str, region: &str) -> String {
    format!(
        "arn:aws:route53-recovery-control::{account}:controlpanel/{}/routingcontrol/{}",
        panel_id(panel),
        control_id(panel, region)
    )
}

fn panel_id(panel: &str) -> String {
    digits_of(&format!("panel {panel}"), 32)
}

fn control_id(panel: &str, region: &str) -> String {
    digits_of(&format!("control {panel} {region}"), 16)
}

impl World {
    /// Adds a panel with a control per Region, and the rule that one of them at least is on, to a cluster (a UUID),
    /// which is made if need be.
    pub fn routing_controls(
        mut self,
        account: &str,
        cluster: &str,
        panel: &str,
        controls: &[(&str, bool)],
    ) -> Self {
        let made = Panel {
            id: panel_id(panel),
            name: panel.to_owned(),
            controls: controls
                .iter()
                .map(|(region, on)| Control {
                    id: control_id(panel, region),
                    name: format!("{panel}-{region}"),
                    on: *on,
                    was_on: *on,
                    changed_ms: 0,
                })
                .collect(),
            rules: vec![SafetyRule {
                id: digits_of(&format!("rule {panel}"), 16),
                name: format!("{panel}-one-region-on"),
                kind: RuleKind::Assertion {
                    controls: controls
                        .iter()
                        .map(|(region, _)| control_arn(account, panel, region))
                        .collect(),
                },
                matching: "ATLEAST".to_owned(),
                threshold: 1,
                inverted: false,
            }],
        };
        match self.clusters.iter_mut().find(|c| c.id == cluster) {
            Some(there) => there.panels.push(made),
            None => self.clusters.push(Cluster {
                account: account.to_owned(),
                id: cluster.to_owned(),
                name: panel.to_owned(),
                panels: vec![made],
            }),
        }
        self
    }

    /// Lets every record set of a name follow the control of the Region that its alias leads to, by a health check.
    pub fn following(mut self, zone_id: &str, name: &str, panel: &str, regions: &[&str]) -> Self {
        let account =
            self.zones.iter().find(|z| z.id == zone_id).map(|z| z.account.clone()).unwrap_or_default();
        for region in regions {
            let arn = control_arn(&account, panel, region);
            // A check of its own: the one of the endpoint, where there is any, goes.
            let check = self.add_health_check(
                zone_id,
                &format!("control of {name}"),
                region,
                Watch::RoutingControl { arn },
            );
            let zone = self.zones.iter_mut().find(|z| z.id == zone_id);
            for record in zone.into_iter().flat_map(|z| &mut z.records) {
                let leads =
                    record.alias.as_ref().is_some_and(|a| a.dns_name.contains(&format!(".{region}.")));
                if record.name == normal_name(name) && leads {
                    let before = record.health_check_id.replace(check.clone());
                    self.health_checks.retain(|c| Some(&c.id) != before.as_ref());
                }
            }
        }
        self
    }

    /// Lets the record set of a name that leads to a Region follow an inverted health check over an object: while that is in
    /// the bucket, with the text where one is given, the Region is held out.
    pub fn held_out_by(
        mut self,
        (zone_id, name): (&str, &str),
        held: &str,
        (bucket, key): (&str, &str),
        search: Option<&str>,
    ) -> Self {
        let watches = Watch::Object {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            search: search.map(str::to_owned),
        };
        let check = self.add_health_check(zone_id, &format!("object of {name}"), held, watches);
        let region = self.stores.buckets.iter().find(|b| b.name == bucket).map(|b| b.region.clone());
        for made in self.health_checks.iter_mut().filter(|c| c.id == check) {
            made.inverted = true;
            made.domain = format!("{bucket}.s3.{}.amazonaws.com", region.clone().unwrap_or_default());
        }
        let zone = self.zones.iter_mut().find(|z| z.id == zone_id);
        for record in zone.into_iter().flat_map(|z| &mut z.records) {
            let leads = record.alias.as_ref().is_some_and(|a| a.dns_name.contains(&format!(".{held}.")));
            if record.name == normal_name(name) && leads {
                let before = record.health_check_id.replace(check.clone());
                self.health_checks.retain(|c| Some(&c.id) != before.as_ref());
            }
        }
        self
    }

    /// Adds an active/passive Region switch plan that scales and then sets the panel's controls; the first Region
    /// is the primary.
    pub fn switch_plan(mut self, account: &str, name: &str, panel: &str, regions: &[&str]) -> Self {
        self.switch_plans.push(SwitchPlan {
            account: account.to_owned(),
            name: name.to_owned(),
            id: digits_of(&format!("plan {name}"), 6),
            approach: "activePassive".to_owned(),
            regions: regions.iter().map(|r| (*r).to_owned()).collect(),
            steps: vec!["scale".to_owned(), "switch".to_owned()],
            controls: regions
                .iter()
                .map(|region| ((*region).to_owned(), control_arn(account, panel, region)))
                .collect::<BTreeMap<_, _>>(),
            warnings: Vec::new(),
            broken_step: None,
            executions: Vec::new(),
        });
        self
    }

    /// Adds a distribution with one origin group over a balancer per Region; the first Region is tried first.
    pub fn distribution(mut self, account: &str, id: &str, name: &str, regions: &[&str]) -> Self {
        let origins: Vec<(String, String)> = regions
            .iter()
            .map(|region| {
                let balancer = digits_of(&format!("origin {name} {region}"), 8);
                ((*region).to_owned(), format!("origin-{balancer}.{region}.elb.amazonaws.com"))
            })
            .collect();
        self.distributions.push(Distribution {
            account: account.to_owned(),
            id: id.to_owned(),
            config: config_over(name, &origins),
            etag: fresh_etag(),
            updated_ms: -DEPLOY_MS,
        });
        self
    }
}
