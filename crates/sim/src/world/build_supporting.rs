//! Building what a Region must have beside traffic, stores and compute.

use super::World;
use super::build::digits_of;
use super::stacks::{Built, Stack, Template};
use super::supporting::{
    Alarm, Attachment, Hub, Key, Member, Metric, Organization, Parameter, Quota, Recorder, Replica, Secret,
    SecretVersion,
};
use std::collections::BTreeMap;

impl World {
    /// Adds a secret; the first Region is its primary, the others have replicas that are in sync.
    pub fn secret(mut self, account: &str, name: &str, regions: &[&str], content: &str) -> Self {
        let (primary, others) = regions.split_first().unwrap_or((&"us-east-1", &[]));
        let replica =
            |region: &&str| Replica { region: (*region).to_owned(), has: 1, synced_ms: 0, failed: None };
        self.supporting.secrets.push(Secret {
            account: account.to_owned(),
            name: name.to_owned(),
            primary: (*primary).to_owned(),
            replicas: others.iter().map(replica).collect(),
            versions: vec![SecretVersion {
                id: format!("{}-made-with-the-world", digits_of(name, 12)),
                content: content.to_owned(),
            }],
            deleted: false,
        });
        self
    }

    /// Adds a plain parameter to one Region.
    pub fn parameter(mut self, account: &str, region: &str, name: &str, value: &str) -> Self {
        self.supporting.parameters.push(Parameter {
            account: account.to_owned(),
            region: region.to_owned(),
            name: name.to_owned(),
            kind: "String".to_owned(),
            value: value.to_owned(),
            version: 1,
        });
        self
    }

    /// The id that [`World::key`] gives a key.
    pub fn key_id(name: &str) -> String {
        format!("mrk-{}", digits_of(&format!("key {name}"), 32))
    }

    /// Adds a multi-Region key; the first Region has the primary.
    pub fn key(mut self, account: &str, name: &str, regions: &[&str]) -> Self {
        for region in regions {
            self.supporting.keys.push(Key {
                account: account.to_owned(),
                region: (*region).to_owned(),
                id: Self::key_id(name),
                state: "Enabled".to_owned(),
                primary: regions.first().map(|primary| (*primary).to_owned()),
            });
        }
        self
    }

    /// Adds an alarm on how far an Aurora member is behind, in seconds.
    pub fn lag_alarm(mut self, account: &str, region: &str, name: &str, cluster: &str, above_s: f64) -> Self {
        self.supporting.alarms.push(Alarm {
            account: account.to_owned(),
            region: region.to_owned(),
            name: name.to_owned(),
            namespace: "AWS/RDS".to_owned(),
            metric: "AuroraGlobalDBProgressLag".to_owned(),
            dimensions: BTreeMap::from([("DBClusterIdentifier".to_owned(), cluster.to_owned())]),
            threshold: above_s * 1_000.0,
            actions_enabled: true,
            otherwise: "INSUFFICIENT_DATA".to_owned(),
        });
        self
    }

    /// Adds an alarm that is OK as long as nobody is connected to a database instance: nobody is, in this world.
    pub fn clients_alarm(mut self, account: &str, region: &str, name: &str, instance: &str) -> Self {
        self.supporting.alarms.push(Alarm {
            account: account.to_owned(),
            region: region.to_owned(),
            name: name.to_owned(),
            namespace: "AWS/RDS".to_owned(),
            metric: "DatabaseConnections".to_owned(),
            dimensions: BTreeMap::from([("DBInstanceIdentifier".to_owned(), instance.to_owned())]),
            threshold: 0.0,
            actions_enabled: true,
            otherwise: "OK".to_owned(),
        });
        self
    }

    /// Adds a metric of the application's own.
    pub fn metric(
        mut self,
        account: &str,
        region: &str,
        (namespace, name): (&str, &str),
        dimensions: &[(&str, &str)],
        value: f64,
    ) -> Self {
        let dimensions = dimensions.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.supporting.metrics.push(Metric {
            account: account.to_owned(),
            region: region.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            dimensions: dimensions.collect(),
            value,
            silent_from_ms: None,
        });
        self
    }

    /// Adds a quota to one Region; `applied` where it was raised.
    pub fn quota(
        mut self,
        account: &str,
        region: &str,
        (service, code, name): (&str, &str, &str),
        default: f64,
        applied: Option<f64>,
    ) -> Self {
        self.supporting.quotas.push(Quota {
            account: account.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            code: code.to_owned(),
            name: name.to_owned(),
            default,
            applied,
        });
        self
    }

    /// Adds a peering of the Transit Gateways of two Regions; each side has the same id.
    pub fn peering(mut self, account: &str, id: &str, regions: [&str; 2]) -> Self {
        let gateway = |region: &str| format!("tgw-{}", digits_of(&format!("gateway {account} {region}"), 17));
        for (here, there) in [(regions[0], regions[1]), (regions[1], regions[0])] {
            self.supporting.attachments.push(Attachment {
                account: account.to_owned(),
                region: here.to_owned(),
                id: id.to_owned(),
                gateway: gateway(here),
                state: "available".to_owned(),
                peer: Some((there.to_owned(), gateway(there))),
            });
        }
        self
    }

    /// Adds a peering connection of a VPC in each of two Regions.
    pub fn vpc_peering(mut self, account: &str, id: &str, regions: [&str; 2]) -> Self {
        let vpc = |region: &str| format!("vpc-{}", digits_of(&format!("vpc {account} {region}"), 17));
        for (here, there) in [(regions[0], regions[1]), (regions[1], regions[0])] {
            self.supporting.attachments.push(Attachment {
                account: account.to_owned(),
                region: here.to_owned(),
                id: id.to_owned(),
                gateway: vpc(here),
                state: "active".to_owned(),
                peer: Some((there.to_owned(), vpc(there))),
            });
        }
        self
    }

    /// Adds AWS Config, recording, and Security Hub, with nothing found, to these Regions.
    pub fn watched(mut self, account: &str, regions: &[&str]) -> Self {
        for region in regions {
            let (account, region) = (account.to_owned(), (*region).to_owned());
            self.supporting.hubs.push(Hub {
                account: account.clone(),
                region: region.clone(),
                critical: 0,
                high: 0,
            });
            self.supporting.recorders.push(Recorder { account, region, recording: true, failure: None });
        }
        self
    }

    /// Adds a template that stacks can be built from.
    pub fn template(mut self, url: &str) -> Self {
        self.supporting.templates.insert(url.to_owned(), Template { version: 1, ..Template::default() });
        self
    }

    /// Adds a stack that was built long ago.
    pub fn stack_of(mut self, account: &str, region: &str, name: &str, template_url: &str) -> Self {
        self.supporting.stacks.push(Stack {
            account: account.to_owned(),
            region: region.to_owned(),
            name: name.to_owned(),
            uuid: format!("{}-0000-4000-8000-{}", digits_of(name, 8), digits_of(template_url, 12)),
            built: Built { template_url: template_url.to_owned(), version: 0, parameters: BTreeMap::new() },
            before: None,
            role_arn: None,
            status: "CREATE_COMPLETE".to_owned(),
            reason: None,
            operation: None,
            created_wall_ms: 0,
            updated_wall_ms: None,
            events: Vec::new(),
        });
        self
    }

    /// Makes an organization of the world's accounts and of `others`; its first administrator is the management account.
    pub fn organization(mut self, administrators: &[&str], others: &[(&str, &str)]) -> Self {
        let known = self.accounts.values().map(|a| (a.id.clone(), a.name.clone()));
        let others = others.iter().map(|(id, name)| ((*id).to_owned(), (*name).to_owned()));
        let members = known.chain(others).map(|(id, name)| Member { id, name, status: "ACTIVE".to_owned() });
        let members = members.collect();
        let administrators = administrators.iter().map(|id| (*id).to_owned()).collect();
        self.supporting.organization = Some(Organization { administrators, members });
        self
    }
}
