//! The sessions that all kinds share: which role, under which name, narrowed to what, and how often they are asked for.

use crate::ecs_service::{self, scaled_to};
use crate::peers::{MEMBER, Peer};
use crate::words::{
    HOME, RECOVERY, account, acting, both, look, per_region, reading, region, resource as named,
};
use crate::{aurora_global_database, route53_records};
use holdfast_cloud::{Access, Acting, Cloud, ErrorKind};
use holdfast_domain::resource::{
    AlarmPlace, AutoScalingGroup, AutoScalingPlace, CloudwatchAlarm, EcsPlace, EcsService, RdsPlace,
    RdsReadReplica,
};
use holdfast_domain::{Facts, ResourceKind, ResourceSpec};
use holdfast_sim::ledger::{Effect, Entry};
use std::sync::Arc;

scenarios! {
    both_roles_of_another_account_are_assumed: simulator, ministack;
    a_wrong_external_id_is_denied_with_what_to_look_at: simulator, ministack;
    a_role_that_demands_its_external_id_refuses_whoever_has_none: simulator, ministack;
    a_role_that_demands_no_external_id_is_found_out: simulator;
    the_act_role_is_tried_as_a_step_would_assume_it_and_may_then_do_nothing: simulator, ministack;
    a_trust_that_takes_no_tags_is_denied_and_names_them: simulator;
    a_steps_session_is_refused_what_is_not_its_own: simulator, ministack;
    a_wrong_external_id_is_asked_once: simulator;
    looking_goes_under_the_read_role_and_its_narrowed_session: simulator;
    a_change_carries_run_person_step_and_a_policy_of_its_own: simulator;
    the_check_and_the_change_of_one_step_share_a_session_and_two_steps_do_not: simulator;
    a_crowd_of_looks_makes_one_session: simulator;
    sessions_come_from_another_region_when_the_first_is_dark: simulator;
    what_is_looked_at_at_once_is_asked_together: simulator;
}

fn assumed(peer: &Peer) -> Vec<Arc<Entry>> {
    peer.sim().ledger().into_iter().filter(|entry| entry.operation == "AssumeRole").collect()
}

async fn both_roles_of_another_account_are_assumed(peer: &Peer) {
    let read = peer.cloud.probe(&peer.account, &reading()).await.unwrap();
    assert_eq!(read.account, MEMBER);
    assert!(read.arn.contains("assumed-role/holdfast-read/holdfast-read"), "{}", read.arn);
    let acting = acting("probe", None);
    let act = peer.cloud.probe(&peer.account, &Access::Act(acting.clone())).await.unwrap();
    assert!(act.arn.ends_with(&format!("assumed-role/holdfast-act/{}", acting.run)), "{}", act.arn);
}

async fn a_wrong_external_id_is_denied_with_what_to_look_at(peer: &Peer) {
    let error = peer.cloud.probe(&account(MEMBER, "somebody-else"), &reading()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    for word in ["somebody-else", "role/holdfast-read", "external id"] {
        assert!(error.message.contains(word), "{}", error.message);
    }
}

async fn a_role_that_demands_its_external_id_refuses_whoever_has_none(peer: &Peer) {
    for acts in [true, false] {
        let error = peer.cloud.probe(&peer.account, &Access::WithoutExternalId { acts }).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Denied, "{error}");
    }
}

/// What is tried is the external id alone: a role that takes neither tags nor a source identity is open all the same.
async fn a_role_that_demands_no_external_id_is_found_out(peer: &Peer) {
    peer.sim().tamper(|world| {
        for role in world.accounts.get_mut(MEMBER).unwrap().roles.values_mut() {
            role.external_id = None;
            (role.may_tag_session, role.may_set_source_identity) = (false, false);
        }
    });
    for (acts, role) in [(true, "holdfast-act"), (false, "holdfast-read")] {
        let session = peer.cloud.probe(&peer.account, &Access::WithoutExternalId { acts }).await.unwrap();
        assert!(session.arn.ends_with(&format!("{role}/holdfast-trust-check")), "{}", session.arn);
    }
}

async fn the_act_role_is_tried_as_a_step_would_assume_it_and_may_then_do_nothing(peer: &Peer) {
    let tried = peer.cloud.probe(&peer.account, &Access::Rehearsal).await.unwrap();
    assert!(tried.arn.ends_with("assumed-role/holdfast-act/holdfast-rehearsal"), "{}", tried.arn);
    let front_door = route53_records::resource(peer).await;
    for facts in
        peer.cloud.observe(&peer.account, &Access::Rehearsal, &front_door, &both()).await.into_values()
    {
        assert_eq!(facts.unwrap_err().kind, ErrorKind::Denied);
    }
}

async fn a_trust_that_takes_no_tags_is_denied_and_names_them(peer: &Peer) {
    peer.sim().tamper(|world| {
        let member = world.accounts.get_mut(MEMBER).unwrap();
        member.roles.get_mut("holdfast-act").unwrap().may_tag_session = false;
    });
    peer.cloud.probe(&peer.account, &reading()).await.unwrap();
    let error = peer.cloud.probe(&peer.account, &Access::Rehearsal).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    let words = "role/holdfast-act must allow sts:TagSession beside sts:AssumeRole";
    assert!(error.message.ends_with(words), "{}", error.message);
}

/// The act role may list records; the session made for the step of a database may not.
async fn a_steps_session_is_refused_what_is_not_its_own(peer: &Peer) {
    let orders = aurora_global_database::resource(peer).await;
    let front_door = route53_records::resource(peer).await;
    for change in aurora_global_database::changes(peer, &orders).await {
        let access = Access::Act(acting("switch-orders", Some(change)));
        let looked = peer.cloud.observe(&peer.account, &access, &front_door, &both()).await;
        for facts in looked.into_values() {
            assert_eq!(facts.unwrap_err().kind, ErrorKind::Denied);
        }
    }
}

async fn a_wrong_external_id_is_asked_once(peer: &Peer) {
    let (wrong, web) = (account(MEMBER, "somebody-else"), ecs_service::resource(peer).await);
    for _ in 0..6 {
        let looked = peer.cloud.observe(&wrong, &reading(), &web, &both()).await;
        assert!(looked.into_values().all(|facts| facts.is_err_and(|error| error.kind == ErrorKind::Denied)));
    }
    assert_eq!(assumed(peer).len(), 1);
}

async fn looking_goes_under_the_read_role_and_its_narrowed_session(peer: &Peer) {
    look(peer, &ecs_service::resource(peer).await).await;
    let entry = peer.sim().ledger().into_iter().find(|entry| entry.operation == "DescribeServices").unwrap();
    assert_eq!(entry.session_name.as_deref(), Some("holdfast-read"));
    assert_eq!(entry.source_identity, None);
    let all = ResourceKind::ALL.iter().copied().collect();
    assert_eq!(entry.session_policy, holdfast_aws::policy::looking(&all));
}

async fn a_change_carries_run_person_step_and_a_policy_of_its_own(peer: &Peer) {
    let acting = acting("raise-web", None);
    let answer = peer.cloud.perform(&peer.account, &acting, &scaled_to(6)).await.unwrap();
    assert_eq!((answer.action.as_str(), answer.region.as_str()), ("ecs:UpdateService", RECOVERY));
    let changed = peer.sim().ledger().into_iter().filter(|entry| entry.effect == Effect::Changed);
    let [entry] = &changed.collect::<Vec<_>>()[..] else { panic!("one change was expected") };
    assert_eq!(answer.request_id.as_deref(), Some(entry.request_id.as_str()));
    assert_eq!(entry.session_name, Some(acting.run.to_string()));
    assert_eq!(entry.source_identity.as_deref(), Some("operator@example.com"));
    assert_eq!(entry.session_policy, holdfast_aws::policy::changing(&peer.account, &scaled_to(6)).ok());
    let mark = "holdfast-step/raise-web holdfast-direction/do holdfast-epoch/7";
    assert!(entry.user_agent.ends_with(mark), "{}", entry.user_agent);
    let [assumed] = &assumed(peer)[..] else { panic!("one session was expected") };
    assert!(assumed.user_agent.ends_with(mark), "{}", assumed.user_agent);
    let tags = assumed.body["Tags"].to_string();
    assert!(tags.contains("holdfast-step") && tags.contains("raise-web"), "{}", assumed.body);
}

async fn the_check_and_the_change_of_one_step_share_a_session_and_two_steps_do_not(peer: &Peer) {
    let web = ecs_service::resource(peer).await;
    let first = acting("raise-web", Some(scaled_to(6)));
    peer.cloud.observe(&peer.account, &Access::Act(first.clone()), &web, &both()).await;
    peer.cloud.perform(&peer.account, &first, &scaled_to(6)).await.unwrap();
    assert_eq!(assumed(peer).len(), 1);
    let second = Acting { step: "raise-web-again".parse().unwrap(), ..first };
    peer.cloud.perform(&peer.account, &second, &scaled_to(6)).await.unwrap();
    assert_eq!(assumed(peer).len(), 2);
}

async fn a_crowd_of_looks_makes_one_session(peer: &Peer) {
    let web = ecs_service::resource(peer).await;
    futures::future::join_all((0..20).map(|_| look(peer, &web))).await;
    assert_eq!(assumed(peer).len(), 1);
}

async fn sessions_come_from_another_region_when_the_first_is_dark(peer: &Peer) {
    peer.sim().set_region_dark(RECOVERY, true);
    let services = look(peer, &ecs_service::resource(peer).await).await;
    assert!(services[&region(HOME)].is_ok(), "{services:?}");
    let mut lent = assumed(peer).into_iter().filter(|entry| entry.effect == Effect::None);
    assert!(lent.any(|entry| entry.region == "us-west-2"));
}

/// One call for all, where AWS answers for many; each look is told its own, or that it is not there.
async fn what_is_looked_at_at_once_is_asked_together(peer: &Peer) {
    let alarm = |name: &str| {
        let per_region = per_region(|_| AlarmPlace { alarm: name.to_owned() });
        named("alarm", ResourceSpec::CloudwatchAlarm(CloudwatchAlarm { per_region }))
    };
    let group = |name: &str| {
        let place = |_: &str| AutoScalingPlace {
            group: name.to_owned(),
            target_group_arn: None,
            desired_in_recovery: None,
        };
        named("workers", ResourceSpec::AutoScalingGroup(AutoScalingGroup { per_region: per_region(place) }))
    };
    let database = |instance: Option<&str>, cluster: Option<&str>| {
        let place =
            |_: &str| RdsPlace { instance: instance.map(str::to_owned), cluster: cluster.map(str::to_owned) };
        named("books", ResourceSpec::RdsReadReplica(RdsReadReplica { per_region: per_region(place) }))
    };
    let service = |name: &str| {
        let place = |_: &str| EcsPlace {
            cluster: "shop".into(),
            service: name.to_owned(),
            desired_in_recovery: None,
        };
        named("web", ResourceSpec::EcsService(EcsService { per_region: per_region(place) }))
    };
    let resources = [
        alarm("orders-lag"),
        alarm("nobody"),
        alarm("orders-lag"),
        group("workers"),
        group("nobody"),
        database(Some("books-replica"), None),
        database(Some("nobody"), None),
        database(None, Some("catalog-replica")),
        database(None, Some("nothing")),
        service("web"),
        service("nobody"),
    ];
    // The session is there, so that all are asked in the same moment.
    look(peer, &resources[0]).await;
    let before = peer.sim().ledger().len();
    let looked = futures::future::join_all(resources.iter().map(|resource| look(peer, resource))).await;
    let is_there: Vec<bool> = looked
        .into_iter()
        .map(|mut looked| match looked.remove(&region(RECOVERY)).unwrap() {
            Ok(Facts::Alarm { alarm }) => alarm.is_some(),
            Ok(Facts::EcsService(service)) => service.scaling.is_some(),
            Ok(_) => true,
            Err(error) => {
                assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
                false
            }
        })
        .collect();
    assert_eq!(is_there, [true, false, true, true, false, true, false, true, false, true, false]);
    let made = peer.sim().ledger().split_off(before);
    for (operation, calls) in [
        ("DescribeAlarms", 1),
        ("DescribeAutoScalingGroups", 1),
        ("DescribeDBClusters", 1),
        ("DescribeServices", 1),
        ("DescribeScalableTargets", 1),
        // And once more for the instances of the cluster that is there.
        ("DescribeDBInstances", 2),
    ] {
        let of = |entry: &&Arc<Entry>| entry.operation == operation && entry.region == RECOVERY;
        assert_eq!(made.iter().filter(of).count(), calls, "{operation}");
    }
}
