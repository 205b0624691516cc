//! How far an Aurora secondary is behind, as CloudWatch of its own Region has it. The age of the measurement
//! goes along: an old number is not a small one.

use crate::clients::Caller;
use crate::metrics::{Wanted, newest};
use holdfast_cloud::Error;
use holdfast_domain::RegionCode;
use holdfast_domain::facts::Lag;

/// The first that has data is taken. The RPO lag is the one that means lost transactions; the other two stand
/// in where an engine version does not report it.
const METRICS: [&str; 3] =
    ["AuroraGlobalDBRPOLag", "AuroraGlobalDBReplicationLag", "AuroraGlobalDBProgressLag"];

/// `None`: CloudWatch answered and has nothing of the last five minutes.
pub(crate) async fn measure(
    caller: &Caller,
    region: &RegionCode,
    cluster: &str,
) -> Result<Option<Lag>, Error> {
    let wanted = METRICS.iter().map(|metric| of_cluster(metric, cluster)).collect();
    let points = newest(caller, region.as_str(), wanted).await?;
    let measured = METRICS.iter().zip(points).find_map(|(metric, point)| Some((metric, point?)));
    Ok(measured.map(|(metric, point)| Lag {
        milliseconds: point.value,
        measured_at: point.at,
        metric: (*metric).to_owned(),
    }))
}

/// The worst within each minute, not the mean: the data loss of a cut is what was behind at that moment.
fn of_cluster(metric: &'static str, cluster: &str) -> Wanted {
    Wanted {
        namespace: "AWS/RDS",
        metric,
        dimensions: vec![("DBClusterIdentifier", cluster.to_owned())],
        statistic: "Maximum",
        period_seconds: 60,
        window_seconds: 300,
    }
}
