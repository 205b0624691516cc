//! CloudFormation stacks of the recovery Region: their state, and building them from their template under their own role.

use crate::peers::{Peer, Which};
use crate::words::{HOME, RECOVERY, act, acting, per_region, region, resource as named, seen};
use holdfast_cloud::{Cloud, ErrorKind, Settled};
use holdfast_domain::facts::StackFacts;
use holdfast_domain::resource::{CloudformationStack, StackPlace};
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;
use holdfast_failover::change::StackBuild;
use holdfast_sim::ledger::Effect;
use std::collections::BTreeMap;
use std::time::Duration;

pub const TEMPLATE: &str = "https://templates.s3.eu-central-1.amazonaws.com/recovery.yaml";
const ROLE: &str = "arn:aws:iam::222222222222:role/build";
/// Stands in the recovery Region since the world began.
pub const STANDING: &str = "network";

/// Of this name one stands at home, whose last update failed; in the recovery Region there is none yet.
pub const FAILED: &str = "recovery";

scenarios! {
    a_stack_is_seen_where_it_stands_and_told_as_missing_where_it_does_not: simulator, ministack, moto;
    a_stack_is_created_with_its_token_its_role_and_no_capability: simulator;
    a_template_that_makes_iam_is_refused_and_a_failure_tells_its_reason: simulator;
    an_update_is_followed_to_its_end_and_nothing_to_update_is_the_end: simulator;
    a_template_that_the_session_may_not_read_builds_nothing: simulator;
}

pub async fn resource(_: &Peer) -> Resource {
    of(FAILED)
}

pub fn of(stack: &str) -> Resource {
    let per_region = per_region(|_| StackPlace {
        stack: stack.to_owned(),
        template_url: Some(TEMPLATE.into()),
        parameters: BTreeMap::new(),
        role_arn: Some(ROLE.into()),
    });
    named("platform", ResourceSpec::CloudformationStack(CloudformationStack { per_region }))
}

fn build(stack: &str, size: Option<&str>) -> StackBuild {
    StackBuild {
        stack: stack.to_owned(),
        template_url: TEMPLATE.into(),
        parameters: size.map(|size| ("Size".to_owned(), size.to_owned())).into_iter().collect(),
        role_arn: Some(ROLE.into()),
    }
}

fn create() -> Change {
    Change::CreateStack { region: region(RECOVERY), build: build(FAILED, None) }
}

fn update() -> Change {
    Change::UpdateStack { region: region(RECOVERY), build: build(STANDING, Some("large")) }
}

pub async fn changes(_: &Peer, _: &Resource) -> Vec<Change> {
    vec![create(), update()]
}

async fn stack(peer: &Peer, of: &Resource, code: &str) -> Option<StackFacts> {
    match seen(peer, of, code).await {
        Facts::Stack { stack } => stack,
        other => panic!("a stack was expected, not {other:?}"),
    }
}

/// The same as in the simulator's world, made in a peer.
async fn standing(peer: &Peer) {
    let topic = r#"{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}"#;
    let form = [("StackName", STANDING), ("TemplateBody", topic)]
        .map(|(key, value)| format!("{key}={}", crate::peers::percent(value)))
        .join("&");
    let request = peer
        .http()
        .post(&peer.url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("Action=CreateStack&Version=2010-05-15&{form}"));
    peer.by_hand(RECOVERY, "cloudformation", request).await;
}

async fn a_stack_is_seen_where_it_stands_and_told_as_missing_where_it_does_not(peer: &Peer) {
    if peer.which != Which::Simulator {
        standing(peer).await;
    }
    let network = of(STANDING);
    assert_eq!(stack(peer, &network, HOME).await, None);
    assert_eq!(stack(peer, &network, RECOVERY).await.unwrap().status, "CREATE_COMPLETE");
}

async fn a_stack_is_created_with_its_token_its_role_and_no_capability(peer: &Peer) {
    let platform = resource(peer).await;
    assert_eq!(stack(peer, &platform, RECOVERY).await, None);
    let acting = acting("build-platform", None);
    for _ in 0..2 {
        peer.cloud.perform(&peer.account, &acting, &create()).await.unwrap();
    }
    let made = peer.sim().ledger().into_iter().filter(|entry| entry.effect == Effect::Changed);
    let [made] = &made.collect::<Vec<_>>()[..] else { panic!("one stack was expected") };
    assert_eq!(made.body["ClientRequestToken"], acting.token());
    assert_eq!(made.body["RoleARN"], ROLE);
    assert_eq!(made.body.get("Capabilities"), None);
    assert_eq!(stack(peer, &platform, RECOVERY).await.unwrap().status, "CREATE_IN_PROGRESS");
    peer.pass_time();
    assert_eq!(stack(peer, &platform, RECOVERY).await.unwrap().status, "CREATE_COMPLETE");
}

async fn a_template_that_makes_iam_is_refused_and_a_failure_tells_its_reason(peer: &Peer) {
    let platform = resource(peer).await;
    peer.sim().tamper(|world| world.supporting.templates.get_mut(TEMPLATE).unwrap().makes_iam = true);
    let refused = peer.cloud.perform(&peer.account, &acting("build", None), &create()).await.unwrap_err();
    assert!(refused.kind == ErrorKind::Invalid && refused.message.contains("CAPABILITY"), "{refused}");
    peer.sim().tamper(|world| {
        let template = world.supporting.templates.get_mut(TEMPLATE).unwrap();
        template.makes_iam = false;
        template.fails = Some("vCPU limit exceeded".into());
    });
    peer.cloud.perform(&peer.account, &acting("build", None), &create()).await.unwrap();
    peer.pass_time();
    let failed = stack(peer, &platform, RECOVERY).await.unwrap();
    let told = (failed.status.as_str(), failed.reason.as_deref());
    assert_eq!(told, ("ROLLBACK_COMPLETE", Some("vCPU limit exceeded")));
}

async fn an_update_is_followed_to_its_end_and_nothing_to_update_is_the_end(peer: &Peer) {
    let (account, change, access) = (&peer.account, update(), act("build", &update()));
    let answer = peer.cloud.perform(account, &acting("build", None), &change).await.unwrap();
    let tracking = answer.tracking.unwrap();
    let settled = async || peer.cloud.settled(account, &access, &change, &tracking).await.unwrap();
    assert_eq!(settled().await, Settled::NotYet("UPDATE_IN_PROGRESS".into()));
    peer.sim().advance(Duration::from_secs(10));
    assert_eq!(settled().await, Settled::Yes);
    assert_eq!(stack(peer, &of(STANDING), RECOVERY).await.unwrap().status, "UPDATE_COMPLETE");

    // By another run, with another token.
    let again = peer.cloud.perform(account, &acting("build", None), &change).await.unwrap();
    let tracking = again.tracking.unwrap();
    assert_eq!(peer.cloud.settled(account, &access, &change, &tracking).await, Ok(Settled::Yes));
}

/// CloudFormation reads it in the name of whoever asks for the stack: here of a role that may read other objects alone.
async fn a_template_that_the_session_may_not_read_builds_nothing(peer: &Peer) {
    peer.sim().tamper(|world| {
        let roles = &mut world.accounts.get_mut(crate::peers::MEMBER).unwrap().roles;
        roles.get_mut("holdfast-act").unwrap().allow.retain(|action| action != "s3:GetObject");
    });
    let error = peer.cloud.perform(&peer.account, &acting("build", None), &create()).await.unwrap_err();
    assert!(error.message.contains("S3 error: Access Denied"), "{error}");
    assert!(!error.outcome_unknown, "{error:?}");
}
