//! What is said when AWS is slow, dark, silent or says no; the same for all kinds.

use crate::ecs_service::{self, scaled_to};
use crate::peers::Peer;
use crate::suite::ROWS;
use crate::words::{HOME, RECOVERY, acting, both, look, reading, region, resource as named};
use holdfast_aws::AwsCloud;
use holdfast_cloud::{Acting, Cloud, ErrorKind};
use holdfast_domain::ResourceSpec;
use holdfast_domain::resource::SsmParameter;
use holdfast_failover::Change;
use holdfast_sim::faults::{Fault, FaultKind};
use std::time::{Duration, Instant};

scenarios! {
    every_kind_is_seen_in_both_regions: simulator;
    a_change_that_hangs_is_given_up_at_its_deadline_as_unknown: simulator;
    a_change_may_have_happened_whose_answer_cannot_be_read: simulator;
    a_function_of_ones_own_has_as_long_as_its_step: simulator;
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
    let acting = acting("raise-web", None);
    let error = peer.cloud.perform(&peer.account, &acting, &scaled_to(6)).await.unwrap_err();
    assert!(error.outcome_unknown && error.kind == ErrorKind::Unreachable, "{error:?}");
    assert!(began.elapsed() < peer.cloud.call_deadline(&acting), "{:?}", began.elapsed());
}

async fn a_change_may_have_happened_whose_answer_cannot_be_read(peer: &Peer) {
    let run = Change::RunDocument {
        account: peer.account.name.clone(),
        region: region(RECOVERY),
        document: "warm-caches".into(),
        parameters: Default::default(),
        target_tag: "role".into(),
        target_value: "cache".into(),
    };
    for answer in ["not what it says it is", "{}"] {
        let cloud = peer.with_another("SSM", answer, Duration::ZERO).await;
        let error = cloud.perform(&peer.account, &acting("warm", None), &run).await.unwrap_err();
        assert_eq!((error.kind, error.outcome_unknown), (ErrorKind::Unreadable, true), "{error}");
        // A look has nothing to repeat blindly.
        let parameter = ResourceSpec::SsmParameter(SsmParameter { parameter: Some("/shop".into()) });
        let looked = cloud.observe(&peer.account, &reading(), &named("shop", parameter), &both()).await;
        for facts in looked.into_values() {
            let error = facts.unwrap_err();
            assert_eq!((error.kind, error.outcome_unknown), (ErrorKind::Unreadable, false), "{error}");
        }
    }
}

async fn a_function_of_ones_own_has_as_long_as_its_step(peer: &Peer) {
    let slow = peer.with_another("LAMBDA", "{}", Duration::from_millis(900)).await;
    let invoke = Change::InvokeLambda {
        account: peer.account.name.clone(),
        region: region(RECOVERY),
        function: "warm-caches".into(),
        payload: "{}".into(),
    };
    let within = |timeout| Acting { timeout, ..acting("warm", Some(invoke.clone())) };
    let [long, short, hours] = [30, 1, 3 * 3_600].map(|seconds| within(Duration::from_secs(seconds)));
    slow.perform(&peer.account, &long, &invoke).await.unwrap();
    let session = peer.settings.session_timeout;
    assert_eq!(slow.call_deadline(&long), session + Duration::from_secs(30));
    assert_eq!(slow.call_deadline(&hours), session + Duration::from_secs(900), "no function runs longer");

    let slower = peer.with_another("LAMBDA", "{}", Duration::from_secs(3)).await;
    let error = slower.perform(&peer.account, &short, &invoke).await.unwrap_err();
    assert_eq!((error.kind, error.outcome_unknown), (ErrorKind::Unreachable, true), "{error}");
}

async fn nothing_was_sent_where_nobody_listens(peer: &Peer) {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut settings = peer.settings.clone();
    settings.service_endpoints.insert("ECS".into(), format!("http://{closed}"));
    let cloud = AwsCloud::new(settings);
    let error = cloud.perform(&peer.account, &acting("raise-web", None), &scaled_to(6)).await.unwrap_err();
    assert_eq!((error.kind, error.outcome_unknown), (ErrorKind::Unreachable, false), "{error:?}");
    assert!(error.not_executed());
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
