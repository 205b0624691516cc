//! What a browser says that a page was kept from is taken from whoever is signed in, counted, and told without what an address holds.

use crate::{
    heard,
    house::{House, URL},
};
use serde_json::json;

const PATH: &str = "/policy-reports";

fn report(page: &str) -> String {
    let report = json!({
        "document-uri": page, "referrer": format!("{URL}/?canary"), "blocked-uri": "https://evil.example/x.js?canary",
        "violated-directive": "script-src-elem", "effective-directive": "script-src-elem", "disposition": "enforce",
        "original-policy": "canary", "source-file": format!("{URL}/runs?canary#canary"), "line-number": 7, "status-code": 200,
    });
    json!({ "csp-report": report }).to_string()
}

async fn metric(house: &House) -> String {
    let text = house.token("GET", "/metrics", "").await.text;
    let line = text.lines().find_map(|line| line.strip_prefix("holdfast_policy_reports "));
    line.unwrap_or_else(|| panic!("{text}")).to_owned()
}

#[tokio::test]
async fn every_page_names_the_place_and_what_is_reported_there_is_counted_and_told_without_what_an_address_holds()
 {
    let house = House::new();
    let cookie = house.sign_in().await;
    let page = house.send("GET", "/applications", &[("cookie", &cookie)], "").await;
    let policy = page.header("content-security-policy");
    assert!(policy.split(';').any(|part| part.trim() == format!("report-uri {PATH}")), "{policy}");
    let (log, _heard) = heard::log();
    let sent = [("cookie", cookie.as_str()), ("origin", URL), ("content-type", "application/csp-report")];
    let answer = house.send("POST", PATH, &sent, &report(&format!("{URL}/runs?reason=canary"))).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    let lines = log.lines();
    let told: Vec<_> = lines.iter().filter(|line| line["level"] == "WARN").collect();
    assert_eq!(told.len(), 1, "{lines:?}");
    let fields = &told[0]["fields"];
    let page = format!("{URL}/runs");
    for (field, value) in [
        ("page", page.as_str()),
        ("blocked", "https://evil.example/x.js"),
        ("directive", "script-src-elem"),
        ("source", page.as_str()),
    ] {
        assert!(fields[field].to_string().contains(value), "{field}: {fields}");
    }
    assert!(lines.iter().all(|line| !line.to_string().contains("canary")), "{lines:?}");
    assert_eq!(metric(&house).await, "1");
}

#[tokio::test]
async fn a_stranger_another_site_and_what_is_no_report_are_not_listened_to() {
    let house = House::new();
    let cookie = house.sign_in().await;
    let good = report(URL);
    let stranger = house.send("POST", PATH, &[("origin", URL)], &good).await;
    assert_eq!((stranger.status, stranger.header("location").starts_with("/sign-in")), (303, true));
    let elsewhere = [("cookie", cookie.as_str()), ("origin", "https://evil.example")];
    assert_eq!(house.send("POST", PATH, &elsewhere, &good).await.status, 403);
    let here = [("cookie", cookie.as_str()), ("origin", URL)];
    for (body, status) in [
        (String::new(), 400),
        ("{".to_owned(), 400),
        ("{}".to_owned(), 422),
        (r#"{"csp-report": "none"}"#.to_owned(), 422),
        (r#"{"csp-report": []}"#.to_owned(), 422),
        (r#"{"csp-report": {"document-uri": 7}}"#.to_owned(), 422),
        (report(&"x".repeat(300 * 1024)), 413),
    ] {
        let answer = house.send("POST", PATH, &here, &body).await;
        assert_eq!(answer.status, status, "{body:.60}: {}", answer.text);
    }
    assert_eq!(metric(&house).await, "0");
    assert_eq!(
        house.send("POST", PATH, &here, r#"{"csp-report": {}}"#).await.status,
        204,
        "browsers leave out what they like"
    );
}

#[tokio::test]
async fn a_page_that_reports_without_end_does_not_fill_the_log() {
    let house = House::new();
    let cookie = house.sign_in().await;
    let (log, _heard) = heard::log();
    for _ in 0..100 {
        let sent = [("cookie", cookie.as_str()), ("origin", URL)];
        assert_eq!(house.send("POST", PATH, &sent, &report(URL)).await.status, 204);
    }
    let told = log.lines().iter().filter(|line| line["level"] == "WARN").count();
    assert_eq!((told, metric(&house).await.as_str()), (30, "100"));
}
