//! Builders of compute: groups, node groups, functions, what stands before them, and the images they start from.

use super::digits_of;
use crate::world::World;
use crate::world::compute::Scaling;
use crate::world::functions::{Function, Mapping, Provisioned};
use crate::world::groups::{AutoScalingGroup, Behind, NodeGroup, Size, TargetGroup};
use crate::world::images::{Image, ReplicationRule, Repository};

/// Long enough ago for everything to have come to rest.
const LONG_AGO_MS: i64 = 0;

impl World {
    /// Adds an Auto Scaling group that has `desired` instances in service, between one and `max`.
    pub fn group(mut self, account: &str, region: &str, name: &str, desired: u32, max: u32) -> Self {
        self.groups.push(AutoScalingGroup {
            account: account.to_owned(),
            region: region.to_owned(),
            name: name.to_owned(),
            size: Size { min: desired.min(1), max, desired },
            ran: desired,
            changed_ms: LONG_AGO_MS,
            suspended: Vec::new(),
            warm: None,
            schedule: Vec::new(),
            starved: false,
        });
        self
    }

    /// Gives the group that was added last a scheduled action.
    pub fn schedule(mut self, action: &str) -> Self {
        if let Some(group) = self.groups.last_mut() {
            group.schedule.push(action.to_owned());
        }
        self
    }

    /// Gives the group that was added last a warm pool.
    pub fn warm_pool(mut self, instances: u32) -> Self {
        if let Some(group) = self.groups.last_mut() {
            group.warm = Some(instances);
        }
        self
    }

    /// Adds a target group before an Auto Scaling group or an ECS service.
    pub fn target_group(mut self, account: &str, region: &str, name: &str, behind: Behind) -> Self {
        self.target_groups.push(TargetGroup {
            account: account.to_owned(),
            region: region.to_owned(),
            name: name.to_owned(),
            behind,
            sick: 0,
        });
        self
    }

    /// Adds an EKS node group and the Auto Scaling group that its nodes are in.
    pub fn node_group(
        self,
        account: &str,
        region: &str,
        (cluster, name): (&str, &str),
        desired: u32,
        max: u32,
    ) -> Self {
        let group = format!("eks-{name}-{}", digits_of(&format!("{account} {region} {cluster} {name}"), 8));
        let mut world = self.group(account, region, &group, desired, max);
        world.node_groups.push(NodeGroup {
            account: account.to_owned(),
            region: region.to_owned(),
            cluster: cluster.to_owned(),
            name: name.to_owned(),
            group,
            updates: Vec::new(),
        });
        world
    }

    /// Has Application Auto Scaling keep the service that was added last between these counts.
    pub fn scaling(mut self, min: u32, max: u32) -> Self {
        if let Some(service) = self.services.last_mut() {
            service.scaling = Some(Scaling { min, max, scale_in_suspended: false });
        }
        self
    }

    /// Has the task definition of the service that was added last name this image.
    pub fn image(mut self, image: &str) -> Self {
        if let Some(service) = self.services.last_mut() {
            service.images = vec![image.to_owned()];
        }
        self
    }

    /// Adds a function, with reserved concurrency or without.
    pub fn function(mut self, account: &str, region: &str, name: &str, reserved: Option<u32>) -> Self {
        self.functions.push(Function {
            account: account.to_owned(),
            region: region.to_owned(),
            name: name.to_owned(),
            reserved,
            provisioned: Vec::new(),
            mappings: Vec::new(),
        });
        self
    }

    /// Has a queue bring events to the function that was added last.
    pub fn mapping(mut self, uuid: &str, queue: &str, enabled: bool) -> Self {
        if let Some(function) = self.functions.last_mut() {
            function.mappings.push(Mapping {
                uuid: uuid.to_owned(),
                source_arn: format!("arn:aws:sqs:{}:{}:{queue}", function.region, function.account),
                alias: None,
                enabled,
                changed_ms: LONG_AGO_MS,
            });
        }
        self
    }

    /// Has the mapping that was added last bring its events to an alias.
    pub fn to_alias(mut self, alias: &str) -> Self {
        if let Some(mapping) = self.functions.last_mut().and_then(|f| f.mappings.last_mut()) {
            mapping.alias = Some(alias.to_owned());
        }
        self
    }

    /// Keeps an alias of the function that was added last warm.
    pub fn provisioned(mut self, qualifier: &str, count: u32) -> Self {
        if let Some(function) = self.functions.last_mut() {
            function.provisioned.push(Provisioned {
                qualifier: qualifier.to_owned(),
                requested: count,
                was: count,
                changed_ms: LONG_AGO_MS,
            });
        }
        self
    }

    /// Adds a repository with an image per tag, pushed a minute after the one before; images of the same repository and tag are the same everywhere.
    pub fn repository(mut self, account: &str, region: &str, name: &str, tags: &[&str]) -> Self {
        let images = tags.iter().enumerate().map(|(place, tag)| Image {
            digest: format!("sha256:{}", digits_of(&format!("{name}:{tag}"), 64)),
            tags: vec![(*tag).to_owned()],
            pushed_ms: i64::try_from(place).unwrap_or(0) * 60_000,
        });
        self.repositories.push(Repository {
            account: account.to_owned(),
            region: region.to_owned(),
            name: name.to_owned(),
            images: images.collect(),
        });
        self
    }

    /// Has a Region's registry replicate everything to other Regions.
    pub fn replicate_images(mut self, account: &str, region: &str, destinations: &[&str]) -> Self {
        self.replication_rules.push(ReplicationRule {
            account: account.to_owned(),
            region: region.to_owned(),
            destinations: destinations.iter().map(|d| (*d).to_owned()).collect(),
            prefixes: Vec::new(),
        });
        self
    }
}
