//! The routes of an S3 Multi-Region Access Point, which any of five Regions can tell.

use crate::clients::Caller;
use crate::hedge::first_answer;
use crate::perform::answered;
use crate::registry::everywhere;
use crate::settings::{ACCESS_POINT_ROUTE_REGIONS, Service};
use aws_sdk_s3control::types::MultiRegionAccessPointRoute;
use holdfast_cloud::{Error, ErrorKind, Looked};
use holdfast_domain::resource::S3MultiRegionAccessPoint;
use holdfast_domain::{Facts, RegionCode};
use holdfast_failover::change::AccessPointRouteTarget;
use holdfast_failover::run::Answer;
use std::collections::BTreeMap;

const GET: &str = "s3:GetMultiRegionAccessPointRoutes";

pub(crate) const LOOK: &[&str] = &[GET];

pub(crate) const CHANGES: &[&str] = &["s3:SubmitMultiRegionAccessPointRoutes"];

pub(crate) async fn look(caller: &Caller, spec: &S3MultiRegionAccessPoint, regions: &[RegionCode]) -> Looked {
    let order = caller.silence.order(Service::S3Control, ACCESS_POINT_ROUTE_REGIONS);
    let go_on = |error: &Error| {
        matches!(error.kind, ErrorKind::Unreachable | ErrorKind::ServiceError | ErrorKind::Unreadable)
    };
    let asked =
        first_answer(order, caller.settings.patience, go_on, |via| routes(caller, &spec.mrap_arn, via)).await;
    match asked {
        Some(Ok((via, routes))) => {
            regions.iter().map(|region| (region.clone(), fact(caller, &via, &routes, region))).collect()
        }
        Some(Err(error)) => everywhere(regions, &error),
        None => Looked::new(),
    }
}

async fn routes(
    caller: &Caller,
    arn: &str,
    via: String,
) -> Result<(String, Vec<MultiRegionAccessPointRoute>), Error> {
    let sent = caller
        .s3control(&via)
        .get_multi_region_access_point_routes()
        .account_id(&caller.account)
        .mrap(arn)
        .send();
    let answer = caller.ask(Service::S3Control, &via, GET, sent).await?;
    Ok((via, answer.routes.unwrap_or_default()))
}

fn fact(
    caller: &Caller,
    via: &str,
    routes: &[MultiRegionAccessPointRoute],
    region: &RegionCode,
) -> Result<Facts, Error> {
    let Some(route) = routes.iter().find(|route| route.region() == Some(region.as_str())) else {
        return Err(caller.call(via, GET).error(
            ErrorKind::NotFound,
            format!("the access point has no bucket in {region}: its Regions are fixed when it is made"),
        ));
    };
    match (route.bucket(), u8::try_from(route.traffic_dial_percentage())) {
        (Some(bucket), Ok(traffic_dial_percent)) if traffic_dial_percent <= 100 => {
            Ok(Facts::AccessPointRoute { bucket: bucket.to_owned(), traffic_dial_percent })
        }
        _ => Err(caller
            .call(via, GET)
            .error(ErrorKind::Unreadable, format!("the route to {region} has no bucket or no dial"))),
    }
}

/// The next Region is tried only where the one before cannot have taken the routes on its own authority: it was
/// never connected to, or said itself that it failed. After silence nothing more is sent.
pub(crate) async fn set_routes(
    caller: &Caller,
    action: &'static str,
    mrap_arn: &str,
    routes: &BTreeMap<RegionCode, AccessPointRouteTarget>,
    via: &[RegionCode],
) -> Result<Answer, Error> {
    let order = caller.silence.order(Service::S3Control, via.iter().map(RegionCode::as_str));
    let updates = routes
        .iter()
        .map(|(region, target)| {
            MultiRegionAccessPointRoute::builder()
                .bucket(&target.bucket)
                .region(region.as_str())
                .traffic_dial_percentage(i32::from(target.traffic_dial_percent))
                .build()
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(|why| {
            caller
                .call("", action)
                .error(ErrorKind::Invalid, format!("the routes cannot be written for AWS: {why}"))
        })?;
    let mut perhaps = false;
    let mut last = None;
    for region in &order {
        let sent = caller
            .s3control(region)
            .submit_multi_region_access_point_routes()
            .account_id(&caller.account)
            .mrap(mrap_arn)
            .set_route_updates(Some(updates.clone()))
            .send();
        match caller.ask(Service::S3Control, region, action, sent).await {
            Ok(answer) => return answered(action, region, &answer, None),
            Err(error) => {
                let next_may_do = error.kind == ErrorKind::ServiceError
                    || (error.kind == ErrorKind::Unreachable && !error.outcome_unknown);
                perhaps |= error.outcome_unknown;
                let error = Error { outcome_unknown: perhaps, ..error };
                if !next_may_do {
                    return Err(error);
                }
                last = Some(error);
            }
        }
    }
    Err(last.unwrap_or_else(|| {
        caller.call("", action).error(ErrorKind::Invalid, "the change names no Region to be sent through")
    }))
}
