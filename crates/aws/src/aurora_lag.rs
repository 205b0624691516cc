//! How far an Aurora secondary is behind, as CloudWatch of its own Region has it.

use crate::clients::Caller;
use crate::metrics::{Wanted, newest};
use holdfast_cloud::Error;
use holdfast_domain::RegionCode;
use holdfast_domain::facts::Lag;

const WINDOW_SECONDS: i64 = 300;

/// The first that has data is taken. The RPO lag is the one that means lost transactions; the other two stand
/// in where an engine version does not report it.
const METRICS: &[&str] =
    &["AuroraGlobalDBRPOLag", "AuroraGlobalDBReplicationLag", "AuroraGlobalDBProgressLag"];

/// `None`: CloudWatch answered and has nothing of the last five minutes.
pub(crate) async fn measure(
    caller: &Caller,
    region: &RegionCode,
    cluster: &str,
) -> Result<Option<Lag>, Error> {
    let wanted: Vec<Wanted> = METRICS
        .iter()
        .map(|metric| Wanted::lag("AWS/RDS", metric, vec![("DBClusterIdentifier", cluster.to_owned())]))
        .collect();
    let points = newest(caller, region.as_str(), WINDOW_SECONDS, &wanted).await?;
    Ok(METRICS.iter().zip(points).find_map(|(metric, point)| Some(point?.lag(metric, 1.0))))
}
