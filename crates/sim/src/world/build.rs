//! Building a world: an empty one, and a builder that puts resources into it. The demonstration and the
//! tests' worlds are made with nothing else.

mod compute;

use super::World;
use super::accounts::Account;
use super::aurora::{GlobalCluster, Instance, Member, Sync};
use super::clock::Clock;
use super::compute::EcsService;
use super::dns::{Alias, Geo, HostedZone, RecordSet, labels, normal_name};
use super::health::{HealthCheck, Watch};
use super::lag::Lag;
use super::regions::{REGIONS, Region};
use super::stores::Stores;
use super::traffic::{Accelerator, AccessPoint, Endpoint, EndpointGroup, Route};
use rand::RngCore;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The account that Holdfast itself runs in, in every world.
pub const CONTROL_ACCOUNT: &str = "111111111111";

/// How record sets of one name choose between Regions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Routing {
    /// One Region carries everything; set identifiers are Region codes.
    Weighted,
    /// `primary` and `secondary`.
    Failover,
    /// By latency; set identifiers are Region codes.
    Latency,
    /// The Americas here, everybody else there: `americas` and `rest-of-world`.
    Geolocation,
}

/// Six hex digits that belong to a name: stable ids without a list of them.
pub(crate) fn digits_of(name: &str, count: usize) -> String {
    hex::encode(Sha256::digest(name.as_bytes())).chars().take(count).collect()
}

impl World {
    /// A world with Regions and a control account and nothing else; its clock is set by `start`.
    pub fn empty() -> Self {
        let mut key = [0_u8; 32];
        rand::rng().fill_bytes(&mut key);
        Self {
            clock: Clock::starting(0, 1.0),
            control_account: CONTROL_ACCOUNT.to_owned(),
            session_key: hex::encode(key),
            accounts: BTreeMap::new(),
            regions: REGIONS.iter().map(|code| ((*code).to_owned(), Region::default())).collect(),
            links: BTreeMap::new(),
            global_clusters: Vec::new(),
            stores: Stores::default(),
            services: Vec::new(),
            zones: Vec::new(),
            health_checks: Vec::new(),
            changes: Vec::new(),
            accelerators: Vec::new(),
            access_points: Vec::new(),
            clusters: Vec::new(),
            switch_plans: Vec::new(),
            distributions: Vec::new(),
            groups: Vec::new(),
            node_groups: Vec::new(),
            target_groups: Vec::new(),
            functions: Vec::new(),
            repositories: Vec::new(),
            replication_rules: Vec::new(),
            supporting: Default::default(),
        }
    }

    /// Adds an account with the roles `holdfast-read` and `holdfast-act`, both asking for this external id.
    pub fn account(mut self, id: &str, name: &str, external_id: &str) -> Self {
        let account = Account::with_roles(id, name, &self.control_account, external_id);
        self.accounts.insert(id.to_owned(), account);
        self
    }

    /// Adds a global database; the first Region writes. Clusters are named `ID-REGION`.
    pub fn aurora(mut self, account: &str, id: &str, regions: &[&str]) -> Self {
        let members = regions.iter().enumerate().map(|(i, region)| {
            let cluster = format!("{id}-{region}");
            let instances = (1..=2_usize.saturating_sub(i.min(1)))
                .map(|n| Instance { id: format!("{cluster}-{n}"), class: "db.r7g.large".to_owned() })
                .collect();
            let region = (*region).to_owned();
            Member { region, cluster, writer: i == 0, sync: Sync::Connected, instances, lag: Lag::default() }
        });
        self.global_clusters.push(GlobalCluster {
            account: account.to_owned(),
            id: id.to_owned(),
            resource_id: format!("cluster-{}", digits_of(id, 16)),
            engine: "aurora-postgresql".to_owned(),
            engine_version: "16.6".to_owned(),
            members: members.collect(),
            moving: None,
            history: Vec::new(),
        });
        self
    }

    /// Adds an ECS service that runs `count` tasks.
    pub fn service(mut self, account: &str, region: &str, cluster: &str, name: &str, count: u32) -> Self {
        self.services.push(EcsService {
            account: account.to_owned(),
            region: region.to_owned(),
            cluster: cluster.to_owned(),
            name: name.to_owned(),
            task_definition: format!("{cluster}-{name}:12"),
            desired: count,
            ran: count,
            changed_ms: 0,
            deployment: 1,
            starved: false,
            images: vec![format!("{account}.dkr.ecr.{region}.amazonaws.com/{cluster}/{name}:1.12.0")],
            scaling: None,
        });
        self
    }

    /// Adds a hosted zone.
    pub fn zone_named(mut self, account: &str, id: &str, name: &str) -> Self {
        let name = normal_name(name);
        let (account, id) = (account.to_owned(), id.to_owned());
        self.zones.push(HostedZone { account, id, name, records: Vec::new(), vpc_regions: Vec::new() });
        self
    }

    /// Adds a private hosted zone that answers in one VPC of each of these Regions.
    pub fn private_zone(self, account: &str, id: &str, name: &str, regions: &[&str]) -> Self {
        let mut world = self.zone_named(account, id, name);
        if let Some(zone) = world.zones.last_mut() {
            zone.vpc_regions = regions.iter().map(|region| (*region).to_owned()).collect();
        }
        world
    }

    /// Adds a name that leads to another, for half a minute at a time.
    pub fn cname(self, zone_id: &str, name: &str, leads_to: &str) -> Self {
        let record = RecordSet {
            name: normal_name(name),
            kind: "CNAME".to_owned(),
            ttl_s: Some(30),
            values: vec![leads_to.to_owned()],
            ..RecordSet::default()
        };
        self.record(zone_id, record)
    }

    /// Adds one record set to a zone of this world; a zone that is not there takes none.
    pub fn record(mut self, zone_id: &str, record: RecordSet) -> Self {
        if let Some(zone) = self.zones.iter_mut().find(|z| z.id == zone_id) {
            zone.records.push(record);
            zone.records.sort_by(|a, b| a.order().cmp(&b.order()));
        }
        self
    }

    /// Adds the record sets of one name, an alias to a balancer per Region; the first Region is at home.
    pub fn front_door(mut self, zone_id: &str, name: &str, routing: Routing, regions: &[&str]) -> Self {
        for (i, region) in regions.iter().enumerate() {
            let home = i == 0;
            let check = format!("{name} {region}");
            let mut record = RecordSet {
                name: normal_name(name),
                kind: "A".to_owned(),
                set_identifier: Some((*region).to_owned()),
                alias: Some(Alias {
                    hosted_zone_id: balancer_zone(region).to_owned(),
                    dns_name: format!(
                        "{}-{}.{region}.elb.amazonaws.com.",
                        labels(name).last().unwrap_or(&"app"),
                        digits_of(&check, 8)
                    ),
                    evaluate_target_health: true,
                }),
                ..RecordSet::default()
            };
            match routing {
                Routing::Weighted => record.weight = Some(if home { 100 } else { 0 }),
                Routing::Latency => record.region = Some((*region).to_owned()),
                Routing::Failover => {
                    record.failover = Some(if home { "PRIMARY" } else { "SECONDARY" }.to_owned());
                    record.set_identifier = Some(if home { "primary" } else { "secondary" }.to_owned());
                    if home {
                        record.health_check_id =
                            Some(self.add_health_check(zone_id, name, region, Watch::Endpoint));
                    }
                }
                Routing::Geolocation => {
                    record.geo = Some(if home {
                        Geo { continent: Some("NA".to_owned()), ..Geo::default() }
                    } else {
                        Geo { country: Some("*".to_owned()), ..Geo::default() }
                    });
                    record.set_identifier = Some(if home { "americas" } else { "rest-of-world" }.to_owned());
                }
            }
            self = self.record(zone_id, record);
        }
        self
    }

    /// Adds a health check to the account of a zone; its id follows from name and Region.
    pub(super) fn add_health_check(
        &mut self,
        zone_id: &str,
        name: &str,
        region: &str,
        watches: Watch,
    ) -> String {
        let hex = digits_of(&format!("check {name} {region}"), 32);
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
        let id = [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-");
        let account =
            self.zones.iter().find(|z| z.id == zone_id).map(|z| z.account.clone()).unwrap_or_default();
        self.health_checks.push(HealthCheck {
            account,
            id: id.clone(),
            domain: format!("{region}.{name}"),
            path: "/healthz".to_owned(),
            region: region.to_owned(),
            version: 1,
            inverted: false,
            disabled: false,
            watches,
        });
        id
    }

    /// Adds an accelerator with an endpoint group per Region and its dial in percent.
    pub fn accelerator(mut self, account: &str, id: &str, name: &str, dials: &[(&str, f64)]) -> Self {
        let groups = dials.iter().map(|(region, dial)| {
            let balancer = format!(
                "arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/app/{name}/{}",
                digits_of(&format!("{id} {region}"), 16)
            );
            EndpointGroup {
                id: digits_of(&format!("group {id} {region}"), 12),
                region: (*region).to_owned(),
                dial: *dial,
                endpoints: vec![Endpoint { id: balancer, weight: 128 }],
                listener: None,
            }
        });
        self.accelerators.push(Accelerator {
            account: account.to_owned(),
            id: id.to_owned(),
            name: name.to_owned(),
            listener: digits_of(&format!("listener {id}"), 8),
            groups: groups.collect(),
            updated_ms: 0,
        });
        self
    }

    /// Gives the accelerator that was added last another listener, with groups like those of its first.
    pub fn another_listener(mut self, listener: &str) -> Self {
        if let Some(accelerator) = self.accelerators.last_mut() {
            let first = accelerator.groups.iter().filter(|group| group.listener.is_none());
            let like: Vec<_> = first
                .map(|group| EndpointGroup {
                    id: digits_of(&format!("group {listener} {}", group.id), 12),
                    listener: Some(listener.to_owned()),
                    ..group.clone()
                })
                .collect();
            accelerator.groups.extend(like);
        }
        self
    }

    /// Adds an S3 Multi-Region Access Point; a route is active where the flag says so.
    pub fn access_point(mut self, account: &str, name: &str, alias: &str, routes: &[(&str, bool)]) -> Self {
        let routes = routes.iter().map(|(region, active)| Route {
            bucket: format!("{name}-{region}"),
            region: (*region).to_owned(),
            dial: if *active { 100 } else { 0 },
        });
        self.access_points.push(AccessPoint {
            account: account.to_owned(),
            name: name.to_owned(),
            alias: alias.to_owned(),
            routes: routes.collect(),
            coming: None,
        });
        self
    }
}

/// The hosted zone that load balancers of a Region have their names in, as AWS publishes them.
fn balancer_zone(region: &str) -> &'static str {
    match region {
        "us-east-1" => "Z35SXDOTRQ7X7K",
        "us-west-2" => "Z1H1FL5HABSF5",
        "eu-central-1" => "Z215JYRZR1TBD5",
        "eu-west-1" => "Z32O12XQLNTSW2",
        "ap-southeast-1" => "Z1LMS91P8CMLE5",
        "ap-northeast-1" => "Z14GRHDCWA56QT",
        _ => "Z1GM3OXH4ZPM65",
    }
}
