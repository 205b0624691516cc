//! The port to the cloud, over the AWS SDK. The only crate that names `aws-sdk-*`, and no type of theirs leaves
//! it. It looks and it makes single calls; when to call, and what follows, is decided elsewhere.
#![allow(
    clippy::result_large_err,
    reason = "the port's error is a few words wider than the lint likes, and rare"
)]

mod arc_clusters;
mod arc_region_switch_plan;
mod arc_routing_control;
mod aurora_global_database;
mod aurora_lag;
mod auto_scaling_group;
mod aws_clock;
mod aws_health;
mod backup_vault;
mod batch;
mod checkpoint_bucket;
mod clients;
mod cloudformation_stack;
mod cloudfront_distribution;
mod cloudwatch_alarm;
mod cloudwatch_metric;
mod config_recorder;
mod credentials;
mod dynamodb_global_table;
mod ecr_repository;
mod ecs_service;
mod eks_node_group;
mod elasticache_global_datastore;
mod endpoint_setting;
mod failure;
mod gate;
mod global_accelerator;
mod hedge;
mod kms_key;
mod lambda_function;
mod metrics;
mod outside_view;
mod own_calls;
mod pace;
mod pages;
mod perform;
pub mod policy;
mod presigned;
mod rds_read_replica;
mod reading;
mod regional;
mod registry;
mod route53_health_check;
mod route53_records;
mod s3_multi_region_access_point;
mod s3_replication;
mod s3_switch_object;
mod secret;
mod security_hub;
mod service_quota;
mod settings;
mod signed;
mod silence;
mod ssm_parameter;
mod survey;
mod target_health;
mod traffic;
mod transit_gateway;
mod user_agent;
mod waited;
mod wrapped_keys;

pub use checkpoint_bucket::{BucketPlace, CheckpointBucket};
pub use holdfast_outside::{Egress, Settings as OutsideSettings};
pub use settings::{AwsSettings, ControlCredentials};
pub use wrapped_keys::{KeyWrapping, Purpose, WRAPPED};

use crate::credentials::Sessions;
use crate::outside_view::OutsideView;
use crate::settings::Service;
use async_trait::async_trait;
use holdfast_cloud::{
    Access, Acting, Cloud, Delivery, Error, ErrorKind, HeardClock, Identity, Looked, OrganizationAccount,
    Settled,
};
use holdfast_domain::{Account, Facts, Missing, Need, RegionCode, Resource, ResourceSpec};
use holdfast_failover::Change;
use holdfast_failover::run::Answer;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

const GET_CALLER_IDENTITY: &str = "sts:GetCallerIdentity";

/// One for the whole process: it holds the sessions and the connections.
#[derive(Debug)]
pub struct AwsCloud {
    settings: Arc<AwsSettings>,
    sessions: Sessions,
    view: Arc<OutsideView>,
}

impl AwsCloud {
    #[must_use]
    pub fn new(settings: AwsSettings) -> Self {
        let settings = Arc::new(settings);
        let view = Arc::new(OutsideView::new(settings.outside.clone()));
        Self { sessions: Sessions::new(settings.clone(), view.clone()), settings, view }
    }
}

impl AwsCloud {
    /// AWS answers a change when it has taken it in; a function when it has done all that it does.
    fn change_timeout(&self, acting: &Acting) -> Duration {
        match acting.change {
            Some(Change::InvokeLambda { .. }) => acting.timeout.min(own_calls::LONGEST_INVOCATION),
            _ => self.settings.change_timeout,
        }
    }

    async fn surveyor(&self, account: &Account) -> Result<clients::Caller, Error> {
        self.sessions.caller(account, (&Access::Survey, None), false, self.settings.operation_timeout).await
    }
}

#[async_trait]
impl Cloud for AwsCloud {
    async fn probe(&self, account: &Account, access: &Access) -> Result<Identity, Error> {
        let caller = self.sessions.fresh_caller(account, access, self.settings.operation_timeout).await?;
        let order =
            caller.silence.order(Service::Sts, self.settings.sts_regions.iter().map(RegionCode::as_str));
        let asked =
            hedge::first_answer(order, self.settings.patience, |_| true, |region| who(&caller, region)).await;
        let (region, identity) = asked.unwrap_or_else(|| {
            Err(caller
                .call("", GET_CALLER_IDENTITY)
                .error(ErrorKind::Invalid, "no Region's STS is configured: set sts_regions"))
        })?;
        if identity.account != account.id.as_str() {
            let message = format!(
                "the role belongs to account {} and the inventory says {}: give the role ARN of the account itself",
                identity.account, account.id
            );
            return Err(caller.call(&region, GET_CALLER_IDENTITY).error(ErrorKind::Invalid, message));
        }
        Ok(identity)
    }

    async fn observe(
        &self,
        account: &Account,
        access: &Access,
        resource: &Resource,
        regions: &[RegionCode],
    ) -> Looked {
        // Asked from here, as nobody in particular: no role of any account stands in between.
        if let ResourceSpec::Probe(spec) = &resource.spec {
            return self.view.probe(account.id.as_str(), spec, regions).await;
        }
        match self
            .sessions
            .caller(account, (access, Some(resource.spec.kind())), false, self.settings.operation_timeout)
            .await
        {
            Ok(caller) => registry::look(&caller, resource, regions).await,
            Err(error) => registry::everywhere(regions, &error),
        }
    }

    async fn perform(&self, account: &Account, acting: &Acting, change: &Change) -> Result<Answer, Error> {
        // The session is made from the change that is performed, whatever the step was looking at before.
        let acting = Acting { change: Some(change.clone()), ..acting.clone() };
        let (whole, call) = (self.call_deadline(&acting), self.change_timeout(&acting));
        let caller = self.sessions.caller(account, (&Access::Act(acting), None), true, whole).await?;
        perform::perform(&caller.briefly(call), change).await
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<Answer, Error> {
        self.view.deliver(delivery, self.settings.change_timeout).await
    }

    async fn settled(
        &self,
        account: &Account,
        access: &Access,
        change: &Change,
        tracking: &str,
    ) -> Result<Settled, Error> {
        let caller =
            self.sessions.caller(account, (access, None), false, self.settings.operation_timeout).await?;
        perform::settled(&caller, change, tracking).await
    }

    fn heard_clock(&self) -> Option<HeardClock> {
        self.sessions.aws_clock().last()
    }

    fn recall(&self, facts: &Facts) {
        self.sessions.clusters().recall(facts);
    }

    async fn organization(&self, account: &Account) -> Result<Vec<OrganizationAccount>, Error> {
        survey::organization(&self.surveyor(account).await?).await
    }

    async fn missing_permissions(
        &self,
        account: &Account,
        acts: bool,
        needs: &BTreeSet<Need>,
    ) -> Result<Vec<Missing>, Error> {
        let role_arn = if acts { &account.act_role_arn } else { &account.read_role_arn };
        let needed = survey::needed(acts, needs);
        if needed.is_empty() {
            return Ok(Vec::new());
        }
        survey::missing(&self.surveyor(account).await?, role_arn, &needed).await
    }

    fn call_deadline(&self, acting: &Acting) -> Duration {
        self.settings.session_timeout + self.change_timeout(acting)
    }
}

async fn who(caller: &clients::Caller, region: String) -> Result<(String, Identity), Error> {
    let sent = caller.sts(&region).get_caller_identity().send();
    let answer = caller.ask(Service::Sts, &region, GET_CALLER_IDENTITY, sent).await?;
    match (answer.account, answer.arn) {
        (Some(account), Some(arn)) => Ok((region, Identity { account, arn })),
        _ => Err(caller
            .call(&region, GET_CALLER_IDENTITY)
            .error(ErrorKind::Unreadable, "the answer does not say who we are")),
    }
}
