//! What the collector's looks give way to: each other, a throttled API, an endpoint that does not answer. One for the
//! whole process, beside the sessions.

use crate::auto_scaling_group::{GROUPS_AT_ONCE, GroupBatches};
use crate::cloudwatch_alarm::{ALARMS_AT_ONCE, AlarmBatches};
use crate::ecs_service::{SERVICES_AT_ONCE, ScalableBatches, ServiceBatches, TARGETS_AT_ONCE};
use crate::failure::Call;
use crate::gate::{Gate, Place};
use crate::metrics::{MetricBatches, QUERIES_AT_ONCE};
use crate::pace::{Pace, Turn};
use crate::rds_read_replica::{DATABASES_AT_ONCE, DatabaseBatches};
use crate::settings::{AwsSettings, Service};
use crate::silence::{Asking, Silence};
use holdfast_cloud::{Error, ErrorKind};
use std::time::Instant;

#[derive(Debug)]
pub(crate) struct Traffic {
    pub pace: Pace,
    pub metrics: MetricBatches,
    pub ecs_services: ServiceBatches,
    pub scalable_targets: ScalableBatches,
    pub auto_scaling_groups: GroupBatches,
    pub alarms: AlarmBatches,
    pub databases: DatabaseBatches,
    gate: Gate,
}

/// What a look holds while its call is under way.
#[derive(Debug, Default)]
pub(crate) struct Permit {
    _place: Option<Place>,
    _asking: Asking,
}

impl Traffic {
    pub(crate) fn new(settings: &AwsSettings) -> Self {
        Self {
            pace: Pace::default(),
            metrics: MetricBatches::of_at_most(QUERIES_AT_ONCE),
            ecs_services: ServiceBatches::of_at_most(SERVICES_AT_ONCE),
            scalable_targets: ScalableBatches::of_at_most(TARGETS_AT_ONCE),
            auto_scaling_groups: GroupBatches::of_at_most(GROUPS_AT_ONCE),
            alarms: AlarmBatches::of_at_most(ALARMS_AT_ONCE),
            databases: DatabaseBatches::of_at_most(DATABASES_AT_ONCE),
            gate: Gate::new(settings.looks_at_once, settings.looks_at_once_per_account),
        }
    }

    /// When this look may be sent. An error where asking now would be of no use: it says so, in place of an answer.
    pub(crate) async fn admit(
        &self,
        account: &str,
        silence: &Silence,
        (service, region): (Service, &str),
        call: &Call,
    ) -> Result<Permit, Error> {
        match self.pace.turn(account, service, Instant::now()) {
            Turn::In(wait) if wait.is_zero() => {}
            Turn::In(wait) => tokio::time::sleep(wait).await,
            Turn::NotNow => {
                let held =
                    "not asked now: AWS throttles this account's calls, and the looks at it are spaced out";
                return Err(call.error(ErrorKind::Throttled, held));
            }
        }
        // After the pause: a throttled account must not keep others from the endpoint meanwhile.
        let Ok(_asking) = silence.turn(service, region).await else {
            let silent = "no answer: another look at the same endpoint has just waited in vain";
            return Err(call.error(ErrorKind::Unreachable, silent));
        };
        Ok(Permit { _place: Some(self.gate.enter(account).await), _asking })
    }
}
