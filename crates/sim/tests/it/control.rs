use crate::harness::{RECOVERY, acting, sim};
use serde_json::{Value, json};

fn http() -> reqwest::Client {
    // The client wants a TLS provider even where it only speaks plain http; a second one changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

#[tokio::test]
async fn the_ledger_is_told_as_json_lines_with_the_fields_of_the_contract() {
    let sim = sim().await;
    let ecs = aws_sdk_ecs::Client::new(&acting(&sim, RECOVERY).await);
    ecs.update_service().cluster("shop").service("web").desired_count(6).send().await.unwrap();
    let text = http().get(format!("{}/_sim/ledger", sim.url())).send().await.unwrap().text().await.unwrap();
    let lines: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let last = lines.last().unwrap();
    let fields: Vec<_> = last.as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        fields,
        [
            "at",
            "seq",
            "service",
            "operation",
            "action",
            "region",
            "account",
            "principal",
            "session_name",
            "source_identity",
            "session_policy",
            "user_agent",
            "request_id",
            "changing",
            "effect",
            "body"
        ]
    );
    assert_eq!(last["service"], "ecs");
    assert_eq!(last["effect"], "changed");
    assert_eq!(last["session_name"], "run-1");
    assert_eq!(last["source_identity"], "operator@example.com");
    assert_eq!(last["body"]["desiredCount"], 6);
    let since =
        http().get(format!("{}/_sim/ledger?since=1", sim.url())).send().await.unwrap().text().await.unwrap();
    assert_eq!(since.lines().count(), lines.len() - 1);
}

#[tokio::test]
async fn regions_links_clock_and_faults_are_changed_over_http() {
    let sim = sim().await;
    let (client, url) = (http(), sim.url());
    let patch = |path: &str, body: Value| client.patch(format!("{url}{path}")).body(body.to_string()).send();
    assert_eq!(patch("/_sim/regions/us-east-1", json!({"dark": true})).await.unwrap().status(), 200);
    assert!(sim.look(|w| w.regions["us-east-1"].dark));
    assert_eq!(patch("/_sim/regions/mars-1", json!({"dark": true})).await.unwrap().status(), 404);
    assert_eq!(patch("/_sim/regions/us-east-1", json!({"drak": true})).await.unwrap().status(), 422);
    assert_eq!(
        patch("/_sim/links/us-east-1/eu-central-1", json!({"cut": true, "lag_ms": 9000}))
            .await
            .unwrap()
            .status(),
        200
    );
    assert_eq!(
        patch("/_sim/links/us-east-1/eu-central-1", json!({"lag_ms": null})).await.unwrap().status(),
        200
    );
    assert_eq!(sim.look(|w| w.links["eu-central-1/us-east-1"].lag_ms), None);
    let post = |path: &str, body: Value| client.post(format!("{url}{path}")).body(body.to_string()).send();
    let clock: Value = serde_json::from_str(
        &post("/_sim/clock", json!({"advance_s": 90})).await.unwrap().text().await.unwrap(),
    )
    .unwrap();
    assert_eq!(clock["speed"], 0.0);
    assert_eq!(post("/_sim/clock", json!({"speed": -1})).await.unwrap().status(), 422);
    assert_eq!(
        post("/_sim/faults", json!({"service": "ecs", "kind": "throttle", "times": 2}))
            .await
            .unwrap()
            .status(),
        201
    );
    assert_eq!(post("/_sim/faults", json!({"kind": "explode"})).await.unwrap().status(), 422);
    let world = client.get(format!("{url}/_sim/world")).send().await.unwrap().text().await.unwrap();
    let world: Value = serde_json::from_str(&world).unwrap();
    assert_eq!(world["faults"][0]["kind"], "throttle");
    assert_eq!(world["regions"]["us-east-1"]["dark"], true);
    assert_eq!(client.delete(format!("{url}/_sim/faults")).send().await.unwrap().status(), 204);
}

#[tokio::test]
async fn another_sites_page_can_change_nothing() {
    let sim = sim().await;
    for (name, value) in [("origin", "http://evil.example"), ("sec-fetch-site", "cross-site")] {
        let request =
            http().post(format!("{}/_sim/clock", sim.url())).header(name, value).body("{\"speed\": 5}");
        assert_eq!(request.send().await.unwrap().status(), 403);
    }
    let origin = sim.url();
    let request =
        http().post(format!("{}/_sim/clock", sim.url())).header("origin", origin).body("{\"speed\": 5}");
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_unsigned_call_is_refused() {
    let sim = sim().await;
    let answer = http().post(sim.url()).body("Action=GetCallerIdentity").send().await.unwrap();
    assert_eq!(answer.status(), 403);
    assert!(answer.text().await.unwrap().contains("MissingAuthenticationToken"));
}

#[tokio::test]
async fn the_page_shows_the_world_and_its_forms_break_it() {
    let sim = sim().await;
    let (client, url) = (http(), sim.url());
    let page = client.get(&url).send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'"));
    let html = page.text().await.unwrap();
    for expected in
        ["<html lang=\"en\">", "us-east-1", "orders", "shop/web", "weight 100", "Nobody has called yet."]
    {
        assert!(html.contains(expected), "{expected}");
    }
    assert!(!html.contains("style=") && !html.contains("<script"));
    let submit = |body: &str| {
        let request = client.post(format!("{url}/_sim/form")).header("origin", url.clone());
        request.header("content-type", "application/x-www-form-urlencoded").body(body.to_owned()).send()
    };
    let answer = submit("do=dark&a=us-east-1&value=true&live=true").await.unwrap();
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()["location"], "/?live=true#regions");
    assert!(sim.look(|w| w.regions["us-east-1"].dark));
    assert_eq!(submit("do=cut&a=us-east-1&b=eu-central-1&value=true").await.unwrap().status(), 303);
    assert!(sim.look(|w| !w.reachable("us-east-1", "eu-central-1")));
    assert_eq!(submit("do=lag&a=us-west-2&b=us-east-1&value=48").await.unwrap().status(), 303);
    assert_eq!(sim.look(|w| w.links["us-east-1/us-west-2"].lag_ms), Some(48_000.0));
    assert_eq!(submit("do=fault&kind=throttle&account=222222222222&times=3").await.unwrap().status(), 303);
    assert_eq!(submit("do=advance&value=60").await.unwrap().status(), 303);
    for wrong in [
        "do=dark&a=mars-1&value=true",
        "do=lag&a=us-west-2&b=us-east-1&value=<b>",
        "do=speed&value=-1",
        "do=what",
    ] {
        let answer = submit(wrong).await.unwrap();
        assert_eq!(answer.status(), 422, "{wrong}");
        assert!(!answer.text().await.unwrap().contains("<b>"));
    }
    let html = client.get(format!("{url}/?live=true")).send().await.unwrap().text().await.unwrap();
    assert!(html.contains("http-equiv=\"refresh\"") && html.contains("throttled"));
}
