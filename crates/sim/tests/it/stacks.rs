use crate::harness::{RECOVERY, SHOP, acting, code, sim_with};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::Parameter;
use holdfast_sim::Sim;
use holdfast_sim::ledger::Effect;
use holdfast_sim::world::World;
use std::time::Duration;

const URL: &str = "https://templates.s3.eu-central-1.amazonaws.com/recovery.yaml";

async fn sim() -> (Sim, Client) {
    let world = World::empty().account(SHOP, "shop-prod", "demo-shop-prod").template(URL);
    let sim = sim_with(world, None, 0.0).await;
    let client = Client::new(&acting(&sim, RECOVERY).await);
    (sim, client)
}

async fn status(client: &Client) -> Option<String> {
    let described = client.describe_stacks().stack_name("recovery").send().await.unwrap();
    described.stacks()[0].stack_status().map(|status| status.as_str().to_owned())
}

fn effect(sim: &Sim) -> Option<Effect> {
    sim.ledger().last().map(|entry| entry.effect)
}

fn parameter(value: &str) -> Parameter {
    Parameter::builder().parameter_key("Size").parameter_value(value).build()
}

#[tokio::test]
async fn a_stack_takes_its_time_and_the_same_request_makes_no_second_one() {
    let (sim, client) = sim().await;
    let create = |token: &str| {
        client.create_stack().stack_name("recovery").template_url(URL).client_request_token(token).send()
    };
    let first = create("one").await.unwrap();
    assert_eq!(effect(&sim), Some(Effect::Changed));
    assert_eq!(create("one").await.unwrap().stack_id(), first.stack_id());
    assert_eq!(effect(&sim), Some(Effect::Unchanged));
    let other = create("two").await;
    assert!(other.is_err_and(|e| e.into_service_error().is_already_exists_exception()));
    assert_eq!(status(&client).await.as_deref(), Some("CREATE_IN_PROGRESS"));
    sim.advance(Duration::from_secs(6));
    assert_eq!(status(&client).await.as_deref(), Some("CREATE_COMPLETE"));
}

#[tokio::test]
async fn an_update_is_followed_by_its_token_and_one_that_changes_nothing_is_refused() {
    let (sim, client) = sim().await;
    client.create_stack().stack_name("recovery").template_url(URL).send().await.unwrap();
    let update = |token: &str| {
        let update =
            client.update_stack().stack_name("recovery").template_url(URL).parameters(parameter("large"));
        update.client_request_token(token).send()
    };
    let early = update("one").await;
    assert_eq!(code(&early).as_deref(), Some("ValidationError"));
    sim.advance(Duration::from_secs(6));
    update("one").await.unwrap();
    sim.advance(Duration::from_secs(4));
    let events = client.describe_stack_events().stack_name("recovery").send().await.unwrap();
    let newest = &events.stack_events()[0];
    assert_eq!(newest.client_request_token(), Some("one"));
    assert_eq!(newest.resource_status().map(|status| status.as_str()), Some("UPDATE_COMPLETE"));
    let nothing = update("two").await.unwrap_err().into_service_error();
    assert!(nothing.to_string().contains("No updates") || format!("{nothing:?}").contains("No updates"));
}

#[tokio::test]
async fn what_fails_is_rolled_back_with_its_reason() {
    let (sim, client) = sim().await;
    sim.tamper(|world| {
        let template = world.supporting.templates.get_mut(URL).unwrap();
        template.fails = Some("Resource limit exceeded: vCPU".into());
    });
    client.create_stack().stack_name("recovery").template_url(URL).send().await.unwrap();
    sim.advance(Duration::from_secs(6));
    assert_eq!(status(&client).await.as_deref(), Some("ROLLBACK_IN_PROGRESS"));
    sim.advance(Duration::from_secs(3));
    assert_eq!(status(&client).await.as_deref(), Some("ROLLBACK_COMPLETE"));
    let events = client.describe_stack_events().stack_name("recovery").send().await.unwrap();
    let reasons: Vec<_> = events.stack_events().iter().filter_map(|e| e.resource_status_reason()).collect();
    assert!(reasons.iter().any(|reason| reason.contains("vCPU")), "{reasons:?}");
}

#[tokio::test]
async fn a_template_that_makes_iam_needs_a_capability_that_nobody_sends() {
    let (sim, client) = sim().await;
    sim.tamper(|world| world.supporting.templates.get_mut(URL).unwrap().makes_iam = true);
    let refused = client.create_stack().stack_name("recovery").template_url(URL).send().await;
    assert!(refused.is_err_and(|e| e.into_service_error().is_insufficient_capabilities_exception()));
    let missing = client.describe_stacks().stack_name("recovery").send().await;
    assert_eq!(code(&missing).as_deref(), Some("ValidationError"));
}
