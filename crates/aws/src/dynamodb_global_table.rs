//! DynamoDB global tables. Each Region's own endpoint says how its replica stands; how long a write takes from one
//! Region to another is a metric of the Region that it was written in.

use crate::clients::Caller;
use crate::metrics::{self, Wanted};
use crate::settings::Service;
use aws_sdk_dynamodb::types::{MultiRegionConsistency, TableDescription};
use futures::future::join_all;
use holdfast_cloud::{Error, ErrorKind, Looked};
use holdfast_domain::facts::{Consistency, LagFrom, TableReplica};
use holdfast_domain::resource::DynamodbGlobalTable;
use holdfast_domain::{Facts, RegionCode};
use std::collections::BTreeMap;

const DESCRIBE: &str = "dynamodb:DescribeTable";
const METRIC: &str = "ReplicationLatency";
const LAG_WINDOW_SECONDS: i64 = 300;

pub(crate) const LOOK: &[&str] = &[DESCRIBE, metrics::GET_METRIC_DATA];

/// One Region's answer: its replica, or that it has none.
type Described = Result<Option<TableDescription>, Error>;

pub(crate) async fn look(caller: &Caller, spec: &DynamodbGlobalTable, regions: &[RegionCode]) -> Looked {
    let described: BTreeMap<&RegionCode, Described> = join_all(
        regions.iter().map(|region| async move { (region, describe(caller, &spec.table, region).await) }),
    )
    .await
    .into_iter()
    .collect();
    let consistency = described.values().find_map(|d| d.as_ref().ok()?.as_ref()).map(consistency);
    let there: Vec<&RegionCode> =
        described.iter().filter(|(_, d)| matches!(d, Ok(Some(_)))).map(|(region, _)| *region).collect();
    let copied = |region: &RegionCode| is_copied(region, &described, &there);
    let measured = match consistency {
        Some(Consistency::Eventual) => latencies(caller, &spec.table, &there).await,
        _ => BTreeMap::new(),
    };
    let unreachable: Vec<&RegionCode> =
        described.iter().filter(|(_, d)| d.is_err()).map(|(region, _)| *region).collect();
    let seen_at = holdfast_clock::now();
    let facts = |region: &RegionCode, table: Option<&TableDescription>| match consistency {
        Some(consistency) => {
            let not_measured = there.iter().filter(|r| matches!(measured.get(**r), Some(Err(_))));
            Ok(Facts::TableReplica(TableReplica {
                status: table
                    .filter(|_| copied(region))
                    .and_then(|t| t.table_status())
                    .map(|status| status.as_str().to_owned()),
                consistency,
                witnesses: table.map(witnesses).unwrap_or_default(),
                lags: lags_into(region, &measured),
                not_asked: unreachable
                    .iter()
                    .chain(not_measured)
                    .filter(|r| **r != region)
                    .map(ToString::to_string)
                    .collect(),
                seen_at,
            }))
        }
        None => Err(absent(caller, &spec.table, region, &unreachable)),
    };
    described
        .iter()
        .map(|(region, described)| {
            let result = match described {
                Ok(table) => facts(region, table.as_ref()),
                Err(error) => Err(error.clone()),
            };
            ((*region).clone(), result)
        })
        .collect()
}

/// Whether a Region's table is a replica of another's here, where others have one at all: a table of the same name that
/// was made by itself is none.
fn is_copied(
    region: &RegionCode,
    described: &BTreeMap<&RegionCode, Described>,
    there: &[&RegionCode],
) -> bool {
    let lists = |one: &RegionCode, other: &RegionCode| {
        let table = described.get(one).and_then(|table| table.as_ref().ok()?.as_ref());
        let mut replicas = table.into_iter().flat_map(|table| table.replicas());
        replicas.any(|replica| replica.region_name() == Some(other.as_str()))
    };
    let mut others = described.keys().filter(|other| **other != region);
    there.len() < 2 || others.any(|other| lists(region, other) || lists(other, region))
}

/// Of a table that no Region that answered has: it is nowhere only where all have answered.
fn absent(caller: &Caller, table: &str, region: &RegionCode, silent: &[&RegionCode]) -> Error {
    let call = caller.call(region.as_str(), DESCRIBE);
    if silent.is_empty() {
        return call.error(ErrorKind::NotFound, format!("no table {table} in any of its Regions"));
    }
    let names: Vec<&str> = silent.iter().map(|region| region.as_str()).collect();
    call.error(
        ErrorKind::Unreachable,
        format!("no table {table} in {region}; whether it is elsewhere is not known, because {} could not be asked", names.join(", ")),
    )
}

async fn describe(caller: &Caller, table: &str, region: &RegionCode) -> Described {
    let sent = caller.dynamodb(region.as_str()).describe_table().table_name(table).send();
    match caller.ask(Service::DynamoDb, region.as_str(), DESCRIBE, sent).await {
        Ok(answer) => answer.table.map(Some).ok_or_else(|| {
            let call = caller.call(region.as_str(), DESCRIBE);
            call.error(ErrorKind::Unreadable, "the answer holds no table")
        }),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn consistency(table: &TableDescription) -> Consistency {
    match table.multi_region_consistency() {
        Some(MultiRegionConsistency::Strong) => Consistency::Strong,
        _ => Consistency::Eventual,
    }
}

fn witnesses(table: &TableDescription) -> Vec<String> {
    table
        .global_table_witnesses()
        .iter()
        .filter_map(|witness| witness.region_name())
        .map(str::to_owned)
        .collect()
}

/// By the Region that was written in, and the Region that it is copied to.
type Latencies = BTreeMap<RegionCode, Result<BTreeMap<RegionCode, metrics::Point>, Error>>;

/// One question to each Region, about all the others.
async fn latencies(caller: &Caller, table: &str, regions: &[&RegionCode]) -> Latencies {
    join_all(regions.iter().map(|source| async move {
        let receiving: Vec<&RegionCode> = regions.iter().filter(|r| r != &source).copied().collect();
        let wanted: Vec<Wanted> = receiving
            .iter()
            .map(|to| {
                let dimensions = vec![("TableName", table.to_owned()), ("ReceivingRegion", to.to_string())];
                Wanted::lag("AWS/DynamoDB", METRIC, dimensions)
            })
            .collect();
        let points = metrics::newest(caller, source.as_str(), LAG_WINDOW_SECONDS, &wanted).await;
        let points = points.map(|points| {
            receiving.into_iter().cloned().zip(points).filter_map(|(to, point)| Some((to, point?))).collect()
        });
        ((*source).clone(), points)
    }))
    .await
    .into_iter()
    .collect()
}

fn lags_into(region: &RegionCode, measured: &Latencies) -> Vec<LagFrom> {
    measured
        .iter()
        .filter_map(|(source, points)| {
            let point = points.as_ref().ok()?.get(region)?;
            Some(LagFrom { region: source.to_string(), lag: point.lag(METRIC, 1.0) })
        })
        .collect()
}
