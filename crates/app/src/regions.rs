//! Regions: what was observed of them beside what operators declare.

use crate::App;
use crate::audit::done;
use crate::authority::{Action, may};
use crate::free_text::{LINE_AT_MOST, free_text};
use crate::picture::Judged;
use crate::problems::of_store;
use async_trait::async_trait;
use holdfast_api::regions::{RegionView, Regions, RegionsView, Replication};
use holdfast_api::{Answer, IfMatch, Problem, version};
use holdfast_domain::facts::AuroraMember;
use holdfast_domain::{Actor, Declaration, DeclaredRegion, Facts, RegionCode, ResourceSpec, Sight};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

#[async_trait]
impl Regions for App {
    async fn regions(&self, actor: &Actor) -> Answer<RegionsView> {
        may(actor, Action::ReadStatus)?;
        let now = holdfast_clock::now();
        let (judged, _) = self.judge_all(&self.seen(actor).await?, now).await?;
        let declared = self.store.declared_regions().await.map_err(of_store)?;
        Ok(regions_view(&judged, &declared))
    }

    async fn region(&self, actor: &Actor, code: &RegionCode) -> Answer<RegionView> {
        let all = self.regions(actor).await?;
        all.regions
            .into_iter()
            .find(|r| r.code == code.as_str())
            .ok_or_else(|| Problem::not_found("Region in the inventory", code.as_str()))
    }

    async fn declare_region(
        &self,
        actor: &Actor,
        code: &RegionCode,
        declared: Declaration,
        reason: Option<String>,
        if_match: &IfMatch,
    ) -> Answer<RegionView> {
        let subject = format!("region:{code}");
        may(actor, Action::DeclareRegion)?;
        let reason = free_text("reason", reason.as_deref(), LINE_AT_MOST)?;
        let mut change = self.store.begin().await.map_err(of_store)?;
        let stored = change.load_inventory_for_edit().await.map_err(of_store)?.inventory;
        if_match.check(&[version_of(stored.regions.unwrap_or_default(), code)])?;
        change.declare_region(code, declared, reason.as_deref()).await.map_err(of_store)?;
        let detail = serde_json::json!({ "declared": declared, "reason": reason });
        change.commit(done(actor, "region.declare", &subject).with(detail)).await.map_err(of_store)?;
        self.region(actor, code).await
    }
}

/// What nobody has declared anything of is normal.
fn version_of(declared: Vec<DeclaredRegion>, code: &RegionCode) -> String {
    let region = declared.into_iter().find(|d| &d.code == code).unwrap_or_else(|| DeclaredRegion {
        code: code.clone(),
        declared: Declaration::default(),
        reason: None,
    });
    version::of_region(&region)
}

pub(crate) fn regions_view(judged: &[Judged], declared: &[DeclaredRegion]) -> RegionsView {
    let codes: BTreeSet<&RegionCode> =
        judged.iter().flat_map(|j| j.application.regions()).chain(declared.iter().map(|d| &d.code)).collect();
    RegionsView {
        regions: codes.into_iter().filter_map(|code| region_view(code, judged, declared)).collect(),
        replication: replication(judged),
    }
}

const ELSEWHERE: &str = "nothing in this Region answers for itself; what is known of it comes from elsewhere";

/// What a sight says about the Region itself.
enum Reply {
    /// The Region's own endpoints answered.
    Given(Timestamp),
    Old,
    Missing(String),
    /// Told by endpoints in other Regions, which answer just as well while this one is dark.
    FromElsewhere,
    NotThere,
}

fn answer(spec: &ResourceSpec, code: &RegionCode, sight: &Sight) -> Reply {
    match spec {
        spec if !spec.is_in(code) => return Reply::NotThere,
        ResourceSpec::EcsService(_)
        | ResourceSpec::AutoScalingGroup(_)
        | ResourceSpec::EksNodeGroup(_)
        | ResourceSpec::LambdaFunction(_)
        | ResourceSpec::EcrRepository(_)
        | ResourceSpec::ArcRegionSwitchPlan(_)
        | ResourceSpec::AuroraGlobalDatabase(_)
        | ResourceSpec::RdsReadReplica(_)
        | ResourceSpec::DynamodbGlobalTable(_)
        | ResourceSpec::S3Replication(_)
        | ResourceSpec::BackupVault(_)
        | ResourceSpec::Secret(_)
        | ResourceSpec::SsmParameter(_)
        | ResourceSpec::KmsKey(_)
        | ResourceSpec::S3SwitchObject(_)
        | ResourceSpec::CloudwatchAlarm(_)
        | ResourceSpec::CloudwatchMetric(_)
        | ResourceSpec::ServiceQuota(_)
        | ResourceSpec::TransitGateway(_)
        | ResourceSpec::ConfigRecorder(_)
        | ResourceSpec::SecurityHub(_)
        | ResourceSpec::CloudformationStack(_)
        | ResourceSpec::EndpointSetting(_) => {}
        ResourceSpec::Route53Records(_)
        | ResourceSpec::Route53HealthCheck(_)
        | ResourceSpec::GlobalAccelerator(_)
        | ResourceSpec::CloudfrontDistribution(_)
        | ResourceSpec::ArcRoutingControl(_)
        | ResourceSpec::S3MultiRegionAccessPoint(_)
        | ResourceSpec::ElasticacheGlobalDatastore(_)
        | ResourceSpec::AwsHealth(_)
        // The application's own endpoint, wherever that is.
        | ResourceSpec::Probe(_) => return Reply::FromElsewhere,
    }
    // Any member's Region lists the whole global database; its cluster's status comes from its own Region alone.
    if let Sight::Known { facts, .. } | Sight::Stale { facts, .. } = sight
        && let Facts::AuroraMember(AuroraMember { cluster_status: None, cluster_arn, .. }) = facts
    {
        return Reply::Missing(format!("the Region was not heard about its cluster {cluster_arn}"));
    }
    match sight {
        Sight::Known { at, .. } => Reply::Given(*at),
        Sight::Stale { .. } => Reply::Old,
        Sight::Unknown { reason, .. } => Reply::Missing(reason.clone()),
    }
}

fn region_view(code: &RegionCode, judged: &[Judged], declared: &[DeclaredRegion]) -> Option<RegionView> {
    let info = code.info()?;
    let (mut known, mut stale, mut unknown, mut elsewhere) = (0, 0, 0, false);
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut observed_at: Option<Timestamp> = None;
    for judged in judged {
        for resource in &judged.application.resources {
            let Some(sight) = judged.observations.get(&(resource.name.clone(), code.clone())) else {
                continue;
            };
            match answer(&resource.spec, code, sight) {
                Reply::Given(at) => {
                    known += 1;
                    observed_at = Some(observed_at.map_or(at, |o| o.max(at)));
                }
                Reply::Old => stale += 1,
                Reply::Missing(reason) => {
                    unknown += 1;
                    *reasons.entry(reason).or_default() += 1;
                }
                Reply::FromElsewhere => elsewhere = true,
                Reply::NotThere => {}
            }
        }
    }
    if elsewhere && (known, stale, unknown) == (0, 0, 0) {
        reasons.insert(ELSEWHERE.to_owned(), 1);
    }
    let observed = match (known, stale, unknown) {
        (0, 0, 0) => "unknown",
        (_, 0, 0) => "good",
        (0, 0, _) => "dark",
        (0, _, _) => "stale",
        _ => "partial",
    };
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let said = declared.iter().find(|d| &d.code == code);
    let named = |keep: &dyn Fn(&Judged) -> bool| -> Vec<String> {
        judged.iter().filter(|j| keep(j)).map(|j| j.application.name.to_string()).collect()
    };
    Some(RegionView {
        code: code.to_string(),
        name: info.name.to_owned(),
        latitude: info.latitude,
        longitude: info.longitude,
        declared: said.map(|d| d.declared).unwrap_or_default().as_str().to_owned(),
        declared_reason: said.and_then(|d| d.reason.clone()),
        observed: observed.to_owned(),
        observed_at,
        known,
        stale,
        unknown,
        reasons: reasons.into_iter().map(|(reason, _)| reason).take(5).collect(),
        home_of: named(&|j| &j.application.home_region == code),
        serving: named(&|j| j.serving.regions.contains(code)),
        recovery_of: named(&|j| j.application.recovery_regions.contains(code)),
    })
}

/// From each store's writer to its copies. Where the writer is not known there is no arc: a guess would be a lie.
fn replication(judged: &[Judged]) -> Vec<Replication> {
    let mut arcs: BTreeMap<(String, String), Replication> = BTreeMap::new();
    for judged in judged {
        let limit = f64::from(judged.application.objectives.rpo.get()) * 1000.0;
        for (store, writer) in &judged.serving.writers {
            let Some(writer) = writer else { continue };
            for region in judged.application.regions().filter(|r| *r != writer) {
                let Some(sight) = judged.observations.get(&(store.clone(), region.clone())) else { continue };
                let lag = sight.known().and_then(Facts::lag).map(|lag| lag.milliseconds);
                let arc =
                    arcs.entry((writer.to_string(), region.to_string())).or_insert_with(|| Replication {
                        from: writer.to_string(),
                        to: region.to_string(),
                        stores: 0,
                        worst_lag_ms: Some(0.0),
                        above_objective: false,
                    });
                arc.stores += 1;
                // One unknown store makes the whole arc's worst unknown.
                arc.worst_lag_ms = match (arc.worst_lag_ms, lag) {
                    (Some(worst), Some(lag)) => Some(worst.max(lag)),
                    _ => None,
                };
                arc.above_objective |= lag.is_some_and(|lag| lag > limit);
            }
        }
    }
    arcs.into_values().collect()
}
