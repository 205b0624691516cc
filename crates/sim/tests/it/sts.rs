use crate::harness::{SHOP, acting, code, config, control_keys, credentials_of, role, sim, sts};
use aws_credential_types::Credentials;
use aws_sdk_sts::types::Tag;
use holdfast_sim::ledger::Effect;

const ACT: &str = "arn:aws:iam::222222222222:role/holdfast-act";

#[tokio::test]
async fn any_key_pair_is_the_control_accounts() {
    let sim = sim().await;
    let me = sts(&sim).await.get_caller_identity().send().await.unwrap();
    assert_eq!(me.account(), Some("111111111111"));
}

#[tokio::test]
async fn an_assumed_role_says_who_it_is_and_the_ledger_says_for_whom() {
    let sim = sim().await;
    let policy =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ecs:*","Resource":"*"}]}"#;
    let assumed = sts(&sim)
        .await
        .assume_role()
        .role_arn(ACT)
        .role_session_name("run-42")
        .external_id("demo-shop-prod")
        .source_identity("operator@example.com")
        .policy(policy)
        .duration_seconds(900)
        .tags(Tag::builder().key("step").value("web").build().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(assumed.source_identity(), Some("operator@example.com"));
    let config = config(&sim, "eu-west-1", credentials_of(&assumed)).await;
    let me = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await.unwrap();
    assert_eq!(me.account(), Some(SHOP));
    assert_eq!(me.arn(), Some("arn:aws:sts::222222222222:assumed-role/holdfast-act/run-42"));
    let last = sim.ledger().last().cloned().unwrap();
    assert_eq!(last.session_name.as_deref(), Some("run-42"));
    assert_eq!(last.source_identity.as_deref(), Some("operator@example.com"));
    assert_eq!(last.session_policy.as_deref(), Some(policy));
    assert_eq!((last.account.as_str(), last.region.as_str()), (SHOP, "eu-west-1"));
}

#[tokio::test]
async fn a_wrong_or_missing_external_id_is_refused() {
    let sim = sim().await;
    let sts = sts(&sim).await;
    let call = || sts.assume_role().role_arn(ACT).role_session_name("run-1");
    for external_id in [None, Some("demo-platform-prod".to_owned())] {
        let refused = call().set_external_id(external_id).send().await;
        assert_eq!(code(&refused).as_deref(), Some("AccessDenied"));
        let status = refused.as_ref().err().and_then(|e| e.raw_response()).map(|r| r.status().as_u16());
        assert_eq!(status, Some(403));
    }
    assert!(sim.ledger().iter().all(|e| e.effect == Effect::Refused && e.operation == "AssumeRole"));
}

#[tokio::test]
async fn a_role_that_is_not_there_is_refused_like_one_that_does_not_trust() {
    let sim = sim().await;
    let sts = sts(&sim).await;
    let call = sts.assume_role().role_arn("arn:aws:iam::999999999999:role/holdfast-act");
    let refused = call.role_session_name("run-1").external_id("demo-shop-prod").send().await;
    assert_eq!(code(&refused).as_deref(), Some("AccessDenied"));
}

#[tokio::test]
async fn what_aws_would_not_take_is_not_taken() {
    let sim = sim().await;
    let sts = sts(&sim).await;
    let call = || sts.assume_role().role_arn(ACT).role_session_name("run-1").external_id("demo-shop-prod");
    let long = call().duration_seconds(7_200).send().await;
    assert_eq!(code(&long).as_deref(), Some("ValidationError"));
    let malformed = call().policy("{").send().await;
    assert_eq!(code(&malformed).as_deref(), Some("MalformedPolicyDocument"));
    let name = call().role_session_name("a b").send().await;
    assert_eq!(code(&name).as_deref(), Some("ValidationError"));
}

#[tokio::test]
async fn a_trust_policy_without_tag_session_refuses_tags() {
    let sim = sim().await;
    sim.tamper(|world| {
        let role = world.accounts.get_mut(SHOP).unwrap().roles.get_mut("holdfast-act").unwrap();
        role.may_tag_session = false;
        role.may_set_source_identity = false;
    });
    let sts = sts(&sim).await;
    let call = || sts.assume_role().role_arn(ACT).role_session_name("run-1").external_id("demo-shop-prod");
    assert!(call().send().await.is_ok());
    let tagged = call().tags(Tag::builder().key("k").value("v").build().unwrap()).send().await;
    assert_eq!(code(&tagged).as_deref(), Some("AccessDenied"));
    let identified = call().source_identity("operator").send().await;
    assert_eq!(code(&identified).as_deref(), Some("AccessDenied"));
}

#[tokio::test]
async fn a_forged_secret_or_token_is_found_out() {
    let sim = sim().await;
    let good = role(&sim, "holdfast-read").await;
    let token = good.session_token().map(str::to_owned);
    let forged = Credentials::new(good.access_key_id(), "another secret", token.clone(), None, "test");
    let answer =
        aws_sdk_ecs::Client::new(&config(&sim, "us-east-1", forged).await).list_clusters().send().await;
    assert_eq!(code(&answer).as_deref(), Some("InvalidSignatureException"));
    let swapped = Credentials::new("ASIASIMAAAAAAAAAAAAA", good.secret_access_key(), token, None, "test");
    let answer =
        aws_sdk_ecs::Client::new(&config(&sim, "us-east-1", swapped).await).list_clusters().send().await;
    assert_eq!(code(&answer).as_deref(), Some("UnrecognizedClientException"));
    let bare = Credentials::new(good.access_key_id(), good.secret_access_key(), None, None, "test");
    let answer =
        aws_sdk_rds::Client::new(&config(&sim, "us-east-1", bare).await).describe_db_clusters().send().await;
    assert_eq!(code(&answer).as_deref(), Some("InvalidClientTokenId"));
}

#[tokio::test]
async fn the_read_role_cannot_act() {
    let sim = sim().await;
    let config = config(&sim, "eu-central-1", role(&sim, "holdfast-read").await).await;
    let ecs = aws_sdk_ecs::Client::new(&config);
    assert!(ecs.describe_services().cluster("shop").services("web").send().await.is_ok());
    let refused = ecs.update_service().cluster("shop").service("web").desired_count(6).send().await;
    assert_eq!(code(&refused).as_deref(), Some("AccessDeniedException"));
    assert_eq!(sim.ledger().last().map(|e| e.effect), Some(Effect::Refused));
}

#[tokio::test]
async fn a_session_policy_narrows_by_action_and_resource() {
    let sim = sim().await;
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ecs:UpdateService"],
        "Resource":["arn:aws:ecs:eu-central-1:222222222222:service/shop/web"]}]}"#;
    let assumed = sts(&sim)
        .await
        .assume_role()
        .role_arn(ACT)
        .role_session_name("run-1")
        .external_id("demo-shop-prod")
        .policy(policy)
        .send()
        .await
        .unwrap();
    let ecs = |region: &'static str| {
        let (sim, credentials) = (&sim, credentials_of(&assumed));
        async move { aws_sdk_ecs::Client::new(&config(sim, region, credentials).await) }
    };
    let here = ecs("eu-central-1").await;
    assert!(here.update_service().cluster("shop").service("web").desired_count(3).send().await.is_ok());
    let describe = here.describe_services().cluster("shop").services("web").send().await;
    assert_eq!(code(&describe).as_deref(), Some("AccessDeniedException"));
    let other = here.update_service().cluster("catalog").service("catalog").desired_count(3).send().await;
    assert_eq!(code(&other).as_deref(), Some("AccessDeniedException"));
    let elsewhere = ecs("us-east-1").await;
    let elsewhere = elsewhere.update_service().cluster("shop").service("web").desired_count(3).send().await;
    assert_eq!(code(&elsewhere).as_deref(), Some("AccessDeniedException"));
}

#[tokio::test]
async fn accounts_do_not_see_each_other() {
    let sim = sim().await;
    let shop = aws_sdk_rds::Client::new(&acting(&sim, "us-east-1").await);
    let seen = shop.describe_global_clusters().send().await.unwrap();
    let ids: Vec<_> = seen.global_clusters().iter().filter_map(|g| g.global_cluster_identifier()).collect();
    assert_eq!(ids, ["orders", "catalog", "tickets"]);
    let control = aws_sdk_rds::Client::new(&config(&sim, "us-east-1", control_keys()).await);
    assert!(control.describe_global_clusters().send().await.unwrap().global_clusters().is_empty());
}
