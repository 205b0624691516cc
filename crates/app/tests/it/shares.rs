//! Who takes over what when a Region leaves an active-active application: stated in the inventory, or for one run alone.

use crate::house::{AWAY, FAR, HOME, House, name, refused};
use holdfast_api::IfMatch;
use holdfast_api::applications::Applications as _;
use holdfast_api::inventory::{FileFormat, Inventories as _};
use holdfast_api::runs::{RequestRun, RunPreview, Runs as _};
use holdfast_domain::LoadSplit;
use holdfast_failover::Intent;
use std::collections::BTreeMap;

fn out() -> RequestRun {
    House::asked("feed", Intent::Failover, HOME, AWAY)
}

fn split(shares: &[(&str, u8)]) -> RequestRun {
    let split = shares.iter().map(|(region, percent)| ((*region).to_owned(), *percent)).collect();
    RequestRun { to_region: None, split: Some(split), ..out() }
}

/// Of each Region that stays what it takes over, and its share of all traffic then.
fn shares(preview: &RunPreview) -> BTreeMap<String, (u32, Option<u32>)> {
    let all = preview.split.iter().flat_map(|split| &split.shares);
    all.filter(|s| s.parts > 0).map(|s| (s.region.to_string(), (s.takes_percent, s.to_be_percent))).collect()
}

fn wants(preview: &RunPreview, id: &str) -> String {
    preview.steps.iter().find(|step| step.id == id).map(|step| step.value_to_be.clone()).unwrap_or_default()
}

#[tokio::test]
async fn without_a_word_a_load_is_split_evenly_and_a_stated_rule_is_kept_with_the_application() {
    let house = House::active_in_three().await;
    let even = house.app.preview_run(&house.operator, &out()).await.unwrap();
    assert_eq!(shares(&even)[AWAY], (50, Some(50)));
    assert_eq!(wants(&even, &format!("scale-web-{AWAY}")), "15 tasks");

    let mut entry = house.app.application(&house.operator, &name("feed")).await.unwrap().application;
    let stated = [(HOME, 50), (AWAY, 30), (FAR, 20)];
    entry.load_split = LoadSplit::Percent(stated.map(|(code, p)| (code.parse().unwrap(), p)).into());
    house.app.put_application(&house.operator, entry, &IfMatch::Unconditional).await.unwrap();
    let file = house.app.export_inventory(&house.operator, FileFormat::Yaml).await.unwrap();
    assert!(file.contains(&format!("load_split: {{{HOME}: 50, {AWAY}: 30, {FAR}: 20}}")), "{file}");
    let ruled = house.app.preview_run(&house.operator, &out()).await.unwrap();
    assert_eq!((shares(&ruled)[AWAY], shares(&ruled)[FAR]), ((60, Some(55)), (40, Some(45))));
    assert_eq!(wants(&ruled, &format!("scale-web-{AWAY}")), "16 tasks");
    assert_ne!(ruled.plan_digest, even.plan_digest);
}

#[tokio::test]
async fn a_request_may_state_its_own_shares_for_that_run_alone() {
    let house = House::active_in_three().await;
    let asked = split(&[(AWAY, 20), (FAR, 80)]);
    let preview = house.app.preview_run(&house.operator, &asked).await.unwrap();
    assert_eq!(preview.to_region, FAR, "the move goes where most of it goes");
    assert_eq!((shares(&preview)[AWAY], shares(&preview)[FAR]), ((20, Some(35)), (80, Some(65))));
    let run = house.request(asked).await.unwrap();
    assert_eq!(run.split.map(|split| split.shares), preview.split.map(|split| split.shares));
    let entry = house.app.application(&house.operator, &name("feed")).await.unwrap().application;
    assert!(entry.load_split.is_even(), "the application's own rule is as it was");
}

#[tokio::test]
async fn shares_that_make_no_sense_are_refused_with_their_field() {
    let house = House::active_in_three().await;
    house.look("feed", "front-door", FAR, Ok(crate::house::weighted(FAR, 0))).await;
    for (asked, says) in [
        (split(&[(AWAY, 99)]), "sums to 99"),
        (split(&[(HOME, 50), (AWAY, 50)]), "none of the Regions that stay"),
        (split(&[("eu-north-1", 100)]), "names no Region"),
        (split(&[(AWAY, 60), (FAR, 40)]), "is not served now"),
        (RequestRun { to_region: Some(FAR.into()), ..split(&[(AWAY, 100)]) }, "gives"),
    ] {
        let problem = refused(house.app.preview_run(&house.operator, &asked).await);
        assert_eq!(problem.status, 422, "{asked:?}");
        assert!(problem.detail.contains(says), "{}: {says}", problem.detail);
    }
    let other = House::new().await;
    let asked = RequestRun { application: "shop".into(), ..split(&[(AWAY, 100)]) };
    let problem = refused(other.app.preview_run(&other.operator, &asked).await);
    assert!(problem.detail.contains("active-active"), "{}", problem.detail);
}
