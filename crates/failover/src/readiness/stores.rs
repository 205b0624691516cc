//! Would the data be there: a copy that is kept up to date, how far behind it is, and something to serve it with. Each
//! kind of store has its own file; what is asked of all of them stands here.

mod aurora;
mod backup;
mod buckets;
mod datastore;
mod replica;
mod tables;

use super::{Look, Severity};
use crate::step::measured;
use holdfast_domain::facts::Lag;
use holdfast_domain::{RegionCode, Resource, ResourceSpec, Seconds};

pub(super) fn look(look: &mut Look<'_>, resource: &Resource) {
    match &resource.spec {
        ResourceSpec::AuroraGlobalDatabase(_) => aurora::look(look, resource),
        ResourceSpec::RdsReadReplica(spec) => replica::look(look, resource, spec),
        ResourceSpec::DynamodbGlobalTable(_) => tables::look(look, resource),
        ResourceSpec::ElasticacheGlobalDatastore(_) => datastore::look(look, resource),
        ResourceSpec::S3Replication(_) => buckets::look(look, resource),
        ResourceSpec::BackupVault(spec) => backup::look(look, resource, spec),
        _ => {}
    }
}

/// `seen`: in how many of the application's Regions the store was seen.
fn without_writer(look: &mut Look<'_>, resource: &Resource, seen: usize) {
    let unseen = seen < look.application.regions().count();
    look.add(
        if unseen { Severity::Unknown } else { Severity::Blocker },
        "writer_not_known",
        Some(resource),
        None,
        format!("{} shows no writer in the application's Regions.", resource.name),
        "Look at the store in AWS; its writer may be in a Region that the inventory does not name.",
    );
}

/// A copy that does not get the data from its source.
fn not_connected(look: &mut Look<'_>, resource: &Resource, region: &RegionCode, state: &str) {
    look.add(
        Severity::Blocker,
        "copy_not_connected",
        Some(resource),
        Some(region),
        format!("The copy of {} in {region} is {state}.", resource.name),
        "Wait until it is connected; if it stays so, add the copy anew.",
    );
}

fn lag(look: &mut Look<'_>, resource: &Resource, region: &RegionCode, lag: Option<&Lag>) {
    let name = &resource.name;
    let rpo = look.application.objectives.rpo;
    let limit_ms = f64::from(rpo.get()) * 1000.0;
    match measured(lag, look.now) {
        Err(why) => look.add(
            Severity::Unknown,
            "lag_not_measured",
            Some(resource),
            Some(region),
            format!("How far {name} is behind in {region} is not known: {why}."),
            "Allow cloudwatch:GetMetricData to the read role, and see that the Region's metrics arrive.",
        ),
        Ok(lag) if lag.milliseconds > limit_ms => look.add(
            Severity::Blocker,
            "lag_above_rpo",
            Some(resource),
            Some(region),
            format!(
                "{name} is {} behind in {region}; the objective is an RPO of {rpo}.",
                Seconds::up_from_ms(lag.milliseconds)
            ),
            "Find what slows replication (write load, a cut link, a small instance), or widen the objective.",
        ),
        Ok(_) => {}
    }
}

/// A class below the writer's would serve the load worse.
fn smaller_class(
    look: &mut Look<'_>,
    resource: &Resource,
    region: &RegionCode,
    here: Option<&str>,
    writer: Option<&str>,
) {
    let (Some(here), Some(writer)) = (here, writer) else { return };
    if let (Some(mine), Some(theirs)) = (strength(here), strength(writer))
        && mine < theirs
    {
        look.add(
            Severity::Warning,
            "smaller_instance",
            Some(resource),
            Some(region),
            format!("{} has {here} in {region}, which is less than the writer's {writer}.", resource.name),
            "Give the copy an instance of the writer's class.",
        );
    }
}

/// Sizes within one family, smallest first. `metal` is as large as it gets.
const SIZES: [&str; 4] = ["small", "medium", "large", "xlarge"];

/// Of two classes the lesser compares as less: a burstable one, whatever its size, then the smaller size, then less
/// memory for each processor.
type Strength = (bool, u32, u32);

/// Of a class such as `db.r6g.2xlarge`; `None` where the name says no size (serverless).
fn strength(class: &str) -> Option<Strength> {
    let (family, size) = class.rsplit_once('.')?;
    let family = family.rsplit('.').next()?;
    let letters: &str = family.split(|c: char| c.is_ascii_digit()).next()?;
    // GiB for each vCPU of such a family (EC2 instance types; RDS takes its classes from them).
    let memory = match letters {
        "c" => 2,
        "r" | "z" => 8,
        "x" => 16,
        _ => 4,
    };
    let rank = if size == "metal" {
        u32::MAX
    } else if let Some(times) = size.strip_suffix("xlarge").filter(|t| !t.is_empty()) {
        times.parse::<u32>().ok()?.checked_add(2)?
    } else {
        u32::try_from(SIZES.iter().position(|s| *s == size)?).ok()?
    };
    Some((letters != "t", rank, memory))
}

#[cfg(test)]
mod tests {
    use super::strength;

    #[test]
    fn instance_classes_are_ordered_by_their_family_and_size() {
        for pair in [
            "db.t4g.medium",
            "db.t4g.2xlarge",
            "db.m6g.large",
            "db.r6g.large",
            "db.r6g.xlarge",
            "db.r6g.2xlarge",
            "db.r6g.16xlarge",
            "db.x2g.metal",
        ]
        .windows(2)
        {
            assert!(strength(pair[0]) < strength(pair[1]), "{pair:?}");
        }
        assert_eq!(strength("db.r5.large"), strength("db.r6g.large"), "a generation is no size");
        assert_eq!(strength("db.serverless"), None);
    }
}
