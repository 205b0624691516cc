//! What is said when AWS is slow, dark, silent or says no; the same for all kinds.

use crate::ecs_service::{self, scaled_to};
use crate::peers::Peer;
use crate::suite::ROWS;
use crate::words::{HOME, RECOVERY, acting, look, region};
use holdfast_aws::AwsCloud;
use holdfast_cloud::{Cloud, ErrorKind};
use holdfast_sim::faults::{Fault, FaultKind};
use std::time::Instant;

scenarios! {
    every_kind_is_seen_in_both_regions: simulator;
    a_change_that_hangs_is_given_up_at_its_deadline_as_unknown: simulator;
    nothing_was_sent_where_nobody_listens: simulator;
    a_dark_region_is_unreachable_and_the_other_stays_known: simulator;
}

async fn every_kind_is_seen_in_both_regions(peer: &Peer) {
    for row in ROWS {
        let resource = (row.resource)(peer).await;
        for (region, facts) in look(peer, &resource).await {
            assert!(facts.is_ok(), "{} in {region}: {facts:?}", resource.name);
        }
    }
}

async fn a_change_that_hangs_is_given_up_at_its_deadline_as_unknown(peer: &Peer) {
    peer.sim().add_fault(Fault { operation: Some("UpdateService".into()), ..Fault::new(FaultKind::Hang) });
    let began = Instant::now();
    let error =
        peer.cloud.perform(&peer.account, &acting("raise-web", None), &scaled_to(6)).await.unwrap_err();
    assert!(error.outcome_unknown && error.kind == ErrorKind::Unreachable, "{error:?}");
    assert!(began.elapsed() < peer.cloud.call_deadline(), "{:?}", began.elapsed());
}

async fn nothing_was_sent_where_nobody_listens(peer: &Peer) {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut settings = peer.settings.clone();
    settings.service_endpoints.insert("ECS".into(), format!("http://{closed}"));
    let cloud = AwsCloud::new(settings);
    let error = cloud.perform(&peer.account, &acting("raise-web", None), &scaled_to(6)).await.unwrap_err();
    assert_eq!((error.kind, error.outcome_unknown), (ErrorKind::Unreachable, false), "{error:?}");
}

async fn a_dark_region_is_unreachable_and_the_other_stays_known(peer: &Peer) {
    peer.sim().set_region_dark(HOME, true);
    let began = Instant::now();
    let services = look(peer, &ecs_service::resource(peer).await).await;
    assert!(began.elapsed() < peer.settings.operation_timeout * 2, "{:?}", began.elapsed());
    assert!(services[&region(RECOVERY)].is_ok(), "{services:?}");
    let dark = services[&region(HOME)].as_ref().unwrap_err();
    assert_eq!((dark.kind, dark.region.as_str()), (ErrorKind::Unreachable, HOME));
}
