//! What plans and readiness ask of a kind, so that they need not know them all.

use super::ResourceKind;

impl ResourceKind {
    /// Of kinds that do the work: what their size counts, in the plural.
    #[must_use]
    pub fn unit(self) -> Option<&'static str> {
        match self {
            Self::EcsService => Some("tasks"),
            Self::AutoScalingGroup => Some("instances"),
            Self::EksNodeGroup => Some("nodes"),
            Self::LambdaFunction => Some("concurrent executions"),
            _ => None,
        }
    }

    /// Kinds that no plan rests on: they are looked at for readiness alone, so that one of them out of sight holds up
    /// no move.
    #[must_use]
    pub fn is_for_readiness_only(self) -> bool {
        matches!(
            self,
            Self::EcrRepository
                | Self::Secret
                | Self::SsmParameter
                | Self::KmsKey
                | Self::CloudwatchAlarm
                | Self::CloudwatchMetric
                | Self::ServiceQuota
                | Self::TransitGateway
                | Self::ConfigRecorder
                | Self::SecurityHub
                | Self::AwsHealth
        )
    }

    /// Stores whose writer is reached under a name of its Region, which [`crate::Facts::endpoint`] tells; of a vault it is
    /// that of the database which a move restores from it, and its restore job tells it.
    #[must_use]
    pub fn has_endpoint(self) -> bool {
        matches!(self, Self::AuroraGlobalDatabase | Self::RdsReadReplica | Self::BackupVault)
    }

    /// Kinds that tell whether something is well, which a step can wait for.
    #[must_use]
    pub fn is_signal(self) -> bool {
        matches!(self, Self::Probe | Self::CloudwatchAlarm | Self::CloudwatchMetric | Self::AwsHealth)
    }

    /// Kinds of which each Region is asked by itself, and knows nothing of the others.
    #[must_use]
    pub fn is_regional(self) -> bool {
        matches!(
            self,
            Self::EcsService
                | Self::AutoScalingGroup
                | Self::EksNodeGroup
                | Self::LambdaFunction
                | Self::S3SwitchObject
                | Self::CloudwatchAlarm
                | Self::CloudwatchMetric
                | Self::ServiceQuota
                | Self::TransitGateway
                | Self::ConfigRecorder
                | Self::SecurityHub
                | Self::CloudformationStack
                | Self::EndpointSetting
                | Self::Probe
        )
    }

    /// Kinds of store of which one Region takes the writes and the others copy.
    #[must_use]
    pub fn has_writer(self) -> bool {
        matches!(self, Self::AuroraGlobalDatabase | Self::RdsReadReplica | Self::ElasticacheGlobalDatastore)
    }

    /// Kinds of store that a move cuts off from where they got their data: what had not come by then is lost.
    #[must_use]
    pub fn is_cut(self) -> bool {
        self.has_writer() || self == Self::BackupVault
    }

    /// Kinds that hold the application's data: their lag is its RPO.
    #[must_use]
    pub fn is_store(self) -> bool {
        matches!(
            self,
            Self::AuroraGlobalDatabase
                | Self::RdsReadReplica
                | Self::DynamodbGlobalTable
                | Self::ElasticacheGlobalDatastore
                | Self::S3Replication
                | Self::BackupVault
        )
    }
}
