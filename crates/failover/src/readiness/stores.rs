//! Would the data be there: a connected copy, how far behind, and something to serve it with.

use super::{Look, Severity};
use crate::step::LAG_MAX_AGE_SECONDS;
use holdfast_domain::facts::AuroraMember;
use holdfast_domain::{Facts, RegionCode, Resource, ResourceSpec};
use jiff::SignedDuration;

pub(super) fn look(look: &mut Look<'_>, resource: &Resource) {
    let ResourceSpec::AuroraGlobalDatabase(_) = &resource.spec else { return };
    let mut members: Vec<(&RegionCode, &AuroraMember)> = Vec::new();
    for region in look.application.regions() {
        if let Some(Facts::AuroraMember(member)) = look.known(resource, region) {
            members.push((region, member));
        }
    }
    let writer = members.iter().find(|(_, m)| m.writer).copied();
    let unseen = members.len() < look.application.regions().count();
    if writer.is_none() {
        look.add(
            if unseen { Severity::Unknown } else { Severity::Blocker },
            "writer_not_known",
            Some(resource),
            None,
            format!("{} shows no writer in the application's Regions.", resource.name),
            "Look at the global database; its writer may be in a Region that the inventory does not name.",
        );
    }
    for (region, member) in members.iter().filter(|(_, m)| !m.writer) {
        copy(look, resource, region, member, writer.map(|(_, m)| m));
    }
}

fn copy(
    look: &mut Look<'_>,
    resource: &Resource,
    region: &RegionCode,
    member: &AuroraMember,
    writer: Option<&AuroraMember>,
) {
    let name = &resource.name;
    match member.synchronization.as_deref() {
        Some("connected") => {}
        Some(state) => look.add(
            Severity::Blocker,
            "copy_not_connected",
            Some(resource),
            Some(region),
            format!("The copy of {name} in {region} is {state}."),
            "Wait until it is connected; if it stays so, add the copy anew.",
        ),
        None => look.add(
            Severity::Unknown,
            "copy_not_connected",
            Some(resource),
            Some(region),
            format!("Whether the copy of {name} in {region} is connected is not known."),
            "Allow rds:DescribeGlobalClusters to the read role, then refresh.",
        ),
    }
    if let Some(status) = member.cluster_status.as_deref().filter(|s| *s != "available") {
        look.add(
            Severity::Warning,
            "cluster_not_available",
            Some(resource),
            Some(region),
            format!("The cluster of {name} in {region} is {status}."),
            "Wait until it is available.",
        );
    }
    match member.instances {
        Some(0) => look.add(
            Severity::Blocker,
            "copy_without_instance",
            Some(resource),
            Some(region),
            format!("{name} has no instance in {region}: after a promotion nothing could connect."),
            "Add an instance to the cluster there.",
        ),
        Some(_) => {}
        None => look.add(
            Severity::Unknown,
            "instances_not_known",
            Some(resource),
            Some(region),
            format!("How many instances {name} has in {region} is not known."),
            "Allow rds:DescribeDBClusters and rds:DescribeDBInstances to the read role, then refresh.",
        ),
    }
    smaller(look, resource, region, member, writer);
    lag(look, resource, region, member);
}

fn lag(look: &mut Look<'_>, resource: &Resource, region: &RegionCode, member: &AuroraMember) {
    let name = &resource.name;
    let rpo = look.application.objectives.rpo;
    let limit_ms = f64::from(rpo.get()) * 1000.0;
    let unknown = |look: &mut Look<'_>, why: String| {
        look.add(
            Severity::Unknown,
            "lag_not_measured",
            Some(resource),
            Some(region),
            format!("How far {name} is behind in {region} is not known: {why}."),
            "Allow cloudwatch:GetMetricData to the read role, and see that the Region's metrics arrive.",
        );
    };
    match &member.lag {
        None => unknown(look, "no lag was measured".into()),
        Some(l)
            if look.now.duration_since(l.measured_at) > SignedDuration::from_secs(LAG_MAX_AGE_SECONDS) =>
        {
            unknown(look, format!("the newest measurement is of {}", l.measured_at));
        }
        Some(l) if l.milliseconds > limit_ms => look.add(
            Severity::Blocker,
            "lag_above_rpo",
            Some(resource),
            Some(region),
            format!(
                "{name} is {:.0} s behind in {region}; the objective is an RPO of {rpo}.",
                l.milliseconds / 1000.0
            ),
            "Find what slows replication (write load, a cut link, a small instance), or widen the objective.",
        ),
        Some(l) if l.milliseconds.is_nan() => unknown(look, "what was measured is not a number".into()),
        Some(_) => {}
    }
}

/// Sizes within one family, smallest first. `metal` is as large as it gets.
const SIZES: [&str; 4] = ["small", "medium", "large", "xlarge"];

/// (family, size) of a class such as `db.r6g.2xlarge`; `None` where the name says no size (serverless).
fn size(class: &str) -> Option<(&str, u32)> {
    let (family, size) = class.rsplit_once('.')?;
    let rank = if size == "metal" {
        u32::MAX
    } else if let Some(times) = size.strip_suffix("xlarge").filter(|t| !t.is_empty()) {
        times.parse::<u32>().ok()?.checked_add(2)?
    } else {
        u32::try_from(SIZES.iter().position(|s| *s == size)?).ok()?
    };
    Some((family, rank))
}

fn smaller(
    look: &mut Look<'_>,
    resource: &Resource,
    region: &RegionCode,
    member: &AuroraMember,
    writer: Option<&AuroraMember>,
) {
    let largest = |m: &AuroraMember| m.instance_classes.iter().filter_map(|c| size(c).map(|s| s.1)).max();
    let Some((there, here)) = writer.and_then(largest).zip(largest(member)) else { return };
    if here < there {
        look.add(
            Severity::Warning,
            "smaller_instance",
            Some(resource),
            Some(region),
            format!(
                "{} has {} in {region}, smaller than the writer's {}.",
                resource.name,
                member.instance_classes.join(", "),
                writer.map(|w| w.instance_classes.join(", ")).unwrap_or_default()
            ),
            "Give the copy an instance of the writer's size.",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn instance_classes_are_ordered_by_their_size() {
        let rank = |class| size(class).map(|s| s.1);
        for pair in [
            "db.t4g.medium",
            "db.r6g.large",
            "db.r6g.xlarge",
            "db.r6g.2xlarge",
            "db.r6g.16xlarge",
            "db.x2g.metal",
        ]
        .windows(2)
        {
            assert!(rank(pair[0]) < rank(pair[1]), "{pair:?}");
        }
        assert_eq!(rank("db.serverless"), None);
    }
}
