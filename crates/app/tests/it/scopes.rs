//! Roles over some applications only, where a matrix of routes does not look: votes that lapse with them, who is told, lists
//! that count, a plan that runs another's, and what an edit of the inventory may take along.

use crate::house::{AWAY, FAR, HOME, House, id, name, refused, weighted};
use crate::shared::evacuation;
use holdfast_api::IfMatch;
use holdfast_api::applications::{ApplicationFilter, Applications};
use holdfast_api::audit::{AuditFilter, Audits};
use holdfast_api::compliance::Compliances;
use holdfast_api::evacuations::Evacuations as _;
use holdfast_api::inventory::{FileFormat, Inventories as _, Manner};
use holdfast_api::notices::Notices;
use holdfast_api::now::Nows;
use holdfast_api::people::People as _;
use holdfast_api::regions::Regions;
use holdfast_api::runs::{RunFilter, RunVerb, RunView, Runs};
use holdfast_app::authority::{Action, may};
use holdfast_domain::{Actor, PersonId};
use holdfast_failover::run::RunState;
use holdfast_failover::{Intent, Mode};
use jiff::Timestamp;
use std::time::Duration;

/// Somebody who holds these roles and is in `approvers`.
pub async fn holder(house: &House, email: &str, held: &[&str]) -> Actor {
    let held = held.iter().map(|text| text.parse().unwrap()).collect();
    let groups = vec!["approvers".to_owned()];
    let made =
        house.app.put_person(email.into(), held, groups, "a long enough password".into()).await.unwrap();
    let person = PersonId(made.id.parse().unwrap());
    house.app.actor_of_session(person, Some(Timestamp::now())).await.unwrap()
}

async fn of_another_team(house: &House, application: &str) {
    let inventory = house.store.load_inventory().await.unwrap();
    let mut moved =
        inventory.applications.into_iter().flatten().find(|a| a.name == name(application)).unwrap();
    moved.owner = name("library");
    let admin = house.another("owner-of-all@example.com", holdfast_domain::Role::Admin, &[]).await;
    house.app.put_application(&admin, moved, &IfMatch::Unconditional).await.unwrap();
}

/// Served from home.
async fn sees_front(house: &House) {
    house.sees_services("front", &[HOME, AWAY]).await;
    for (code, weight) in [(HOME, 100), (AWAY, 0)] {
        house.look("front", "front-door", code, Ok(weighted(code, weight))).await;
    }
}

async fn waiting(house: &House, application: &str) -> RunView {
    house.sees_services(application, &[HOME, AWAY, FAR]).await;
    house.request(House::asked(application, Intent::Failover, HOME, AWAY)).await.unwrap()
}

#[tokio::test]
async fn a_vote_is_gone_when_the_application_is_no_longer_within_the_approvers_limits() {
    let house = House::new().await;
    let run = waiting(&house, "pair").await;
    let ours = holder(&house, "ours@example.com", &["approver:team=payments"]).await;
    let all = holder(&house, "all@example.com", &["approver"]).await;
    let third = holder(&house, "third@example.com", &["approver"]).await;
    assert_eq!(house.app.approvals(&ours).await.unwrap().len(), 1);
    house.approve(&ours, &run).await.unwrap();
    of_another_team(&house, "pair").await;
    assert!(house.app.approvals(&ours).await.unwrap().is_empty());
    let shown = house.app.run(&house.operator, id(&run)).await.unwrap();
    assert!(shown.reviews.is_empty(), "it is not shown as counting either");
    assert_eq!(house.approve(&all, &run).await.unwrap().summary.state, RunState::AwaitingApproval);
    assert_eq!(house.approve(&third, &run).await.unwrap().summary.state, RunState::Running);
}

#[tokio::test]
async fn an_approver_of_another_team_cannot_review_and_is_not_told() {
    let house = House::new().await;
    let run = waiting(&house, "shop").await;
    let others = holder(&house, "others@example.com", &["approver:team=library"]).await;
    let ours = holder(&house, "ours@example.com", &["approver:team=payments"]).await;
    assert_eq!(refused(house.approve(&others, &run).await).code, "not_found");
    assert_eq!(refused(house.app.run(&others, id(&run)).await).code, "not_found");
    assert!(house.app.address_notices(10, Duration::from_secs(60)).await.unwrap() > 0);
    let told = house.app.told_of_run(&house.operator, id(&run)).await.unwrap();
    let whom: Vec<&str> = told.iter().map(|delivery| delivery.person.as_str()).collect();
    assert!(whom.contains(&ours.email.as_str()), "{whom:?}");
    assert!(!whom.contains(&others.email.as_str()), "{whom:?}");
    house.approve(&ours, &run).await.unwrap();
}

#[tokio::test]
async fn a_lot_is_told_to_nobody_from_whom_anything_that_it_leaves_out_is_hidden() {
    let house = House::new().await;
    of_another_team(&house, "pair").await;
    house.sees_services("pair", &[HOME, AWAY, FAR]).await;
    sees_front(&house).await;
    let ours = holder(&house, "ours@example.com", &["approver:team=payments"]).await;
    let all = holder(&house, "all@example.com", &["approver"]).await;
    let asked = evacuation(Mode::Planned, &["front"]);
    let lot = house.app.request_evacuation(&house.operator, asked, "first").await.unwrap();
    assert!(lot.left_out.iter().any(|left| left.application == "pair"), "{:?}", lot.left_out);
    assert!(house.app.address_notices(10, Duration::from_secs(60)).await.unwrap() > 0);
    let lot = lot.summary.id.parse().unwrap();
    let told = house.app.told_of_evacuation(&house.operator, lot).await.unwrap();
    let whom: Vec<&str> = told.iter().map(|delivery| delivery.person.as_str()).collect();
    assert!(whom.contains(&all.email.as_str()), "{whom:?}");
    assert!(!whom.contains(&ours.email.as_str()), "{whom:?}");
}

#[tokio::test]
async fn what_is_counted_and_listed_is_of_what_may_be_seen() {
    let house = House::new().await;
    of_another_team(&house, "pair").await;
    let run = waiting(&house, "pair").await;
    waiting(&house, "shop").await;
    let who = holder(&house, "one@example.com", &["viewer:application=shop"]).await;
    let app = &house.app;
    let listed = app.applications(&who, &ApplicationFilter::default()).await.unwrap();
    assert_eq!(listed.items.iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), ["shop"]);
    let runs = app.runs(&who, &RunFilter { limit: Some(1), ..RunFilter::default() }).await.unwrap();
    assert_eq!(runs.items.iter().map(|r| r.application.as_str()).collect::<Vec<_>>(), ["shop"]);
    let compliance = app.compliance(&who).await.unwrap();
    assert_eq!((compliance.rows.len(), compliance.met + compliance.missed + compliance.unknown), (1, 1));
    let now = app.now(&who).await.unwrap();
    assert_eq!((now.applications.len(), now.active_runs.len()), (1, 1));
    for region in app.regions(&who).await.unwrap().regions {
        let named = region.home_of.iter().chain(&region.serving).chain(&region.recovery_of);
        assert!(named.clone().all(|name| name == "shop"), "{region:?}");
    }
    let log = app.audit(&who, &AuditFilter::default()).await.unwrap();
    let hidden = run.summary.id.as_str();
    assert!(!log.items.is_empty() && log.items.iter().all(|e| !e.subject.contains(hidden)), "{log:?}");
}

#[tokio::test]
async fn a_role_everywhere_and_one_over_some_are_each_taken_for_what_they_are() {
    let house = House::new().await;
    of_another_team(&house, "pair").await;
    let (ours, others) = (waiting(&house, "shop").await, waiting(&house, "pair").await);
    let who = holder(&house, "both@example.com", &["viewer", "operator:team=payments"]).await;
    let pause =
        async |run: &RunView| house.app.drive_run(&who, id(run), RunVerb::Pause { reason: None }).await;
    assert_ne!(refused(pause(&ours).await).code, "out_of_scope");
    let no = refused(pause(&others).await);
    assert_eq!(no.code, "out_of_scope");
    assert!(no.detail.contains("operator:team=payments") && no.way_out.starts_with("Ask "), "{no:?}");
    let shown = house.app.run(&who, id(&others)).await.unwrap();
    let cancel = shown.verbs.iter().find(|verb| verb.verb == "cancel").unwrap();
    assert_eq!(
        cancel.refused.as_ref().map(|r| r.code.as_str()),
        Some("out_of_scope"),
        "the page says it before"
    );
    let shown = house.app.run(&who, id(&ours)).await.unwrap();
    assert!(shown.verbs.iter().any(|verb| verb.verb == "cancel" && verb.refused.is_none()));
}

#[tokio::test]
async fn an_application_is_neither_given_away_nor_taken_in() {
    let house = House::new().await;
    of_another_team(&house, "pair").await;
    let who = holder(&house, "ours@example.com", &["operator:team=payments"]).await;
    let inventory = house.store.load_inventory().await.unwrap();
    let stored =
        |of: &str| inventory.applications.iter().flatten().find(|a| a.name == name(of)).unwrap().clone();
    let mut given = stored("shop");
    given.owner = name("library");
    let mut taken = stored("pair");
    taken.owner = name("payments");
    let mut depends = stored("shop");
    depends.depends_on = vec![name("pair")];
    for (edit, code) in [(given, "out_of_scope"), (taken, "out_of_scope"), (depends, "inventory_invalid")] {
        let no = refused(house.app.put_application(&who, edit, &IfMatch::Unconditional).await);
        assert_eq!(no.code, code, "{no:?}");
        assert!(
            code == "out_of_scope" || !no.way_out.contains("pair") && !no.detail.contains("did you mean")
        );
    }
    let after = house.store.load_inventory().await.unwrap();
    assert_eq!(after.applications.map(|all| all.len()), inventory.applications.as_ref().map(Vec::len));
    let mut own = stored("shop");
    own.tier = 2;
    house.app.put_application(&who, own, &IfMatch::Unconditional).await.unwrap();
    let all = house.store.load_inventory().await.unwrap().applications.unwrap();
    assert!(all.iter().any(|a| a.name == name("pair") && a.owner == name("library")), "nothing else went");
}

#[tokio::test]
async fn an_account_that_none_of_their_applications_uses_does_not_come_within_reach() {
    let house = House::new().await;
    let who = holder(&house, "theirs@example.com", &["operator:team=library"]).await;
    let inventory = house.store.load_inventory().await.unwrap();
    let mut kiosk = inventory.applications.into_iter().flatten().find(|a| a.name == name("shop")).unwrap();
    (kiosk.name, kiosk.owner) = (name("kiosk"), name("library"));
    let put = async |application| house.app.put_application(&who, application, &IfMatch::Unconditional).await;
    let no = refused(put(kiosk.clone()).await);
    assert_eq!((no.status, no.code.as_str()), (403, "out_of_scope"), "{no:?}");
    assert!(no.fields[0].message.contains("`prod`") && no.way_out.contains("ask somebody"), "{no:?}");
    of_another_team(&house, "pair").await;
    put(kiosk).await.unwrap();
}

#[tokio::test]
async fn an_edit_of_a_plan_that_is_not_theirs_is_refused_and_not_tried() {
    let house = House::new().await;
    sees_front(&house).await;
    of_another_team(&house, "front").await;
    let edits = format!(
        "plans:\n  - application: front\n    edits:\n      - intent: failover\n        from: {HOME}\n        to: {AWAY}\n        edits:\n          - {{edit: leave_out, step: route-front-door}}\n"
    );
    let sent = async |who: &Actor| {
        let file = house.app.export_inventory(who, FileFormat::Yaml).await.unwrap();
        assert!(file.contains("plans: []\n"), "{file}");
        let file = file.replace("plans: []\n", &edits);
        let manner = Manner { dry_run: true, prune: false, if_match: IfMatch::Unconditional };
        refused(house.app.apply_inventory(who, file.as_bytes(), FileFormat::Yaml, &manner).await)
    };
    assert_eq!(sent(&house.operator).await.code, "inventory_invalid", "it does not fit");
    let hidden = holder(&house, "ours@example.com", &["operator:team=payments"]).await;
    let seen = holder(&house, "both@example.com", &["viewer", "operator:team=payments"]).await;
    for who in [hidden, seen] {
        let no = sent(&who).await;
        assert_eq!((no.status, no.code.as_str()), (403, "out_of_scope"), "{no:?}");
        assert!(!format!("{no:?}").contains("route-front-door"), "{no:?}");
    }
}

#[tokio::test]
async fn who_is_asked_about_no_application_is_not_asked_about_all() {
    let house = House::new().await;
    let who = holder(&house, "ours@example.com", &["admin:team=payments"]).await;
    assert!(may(&who, Action::RequestRun).is_ok(), "they may ask at all");
    assert_eq!(refused(may(&who, Action::WritePeople)).code, "out_of_scope");
    let freeze = holdfast_api::safeguards::DeclareFreeze {
        application: None,
        reason: "the year's end".into(),
        starts_at: None,
        ends_at: Timestamp::now() + jiff::SignedDuration::from_hours(1),
    };
    use holdfast_api::safeguards::Safeguards as _;
    assert_eq!(refused(house.app.declare_freeze(&who, freeze.clone()).await).code, "out_of_scope");
    let own = holdfast_api::safeguards::DeclareFreeze { application: Some("shop".into()), ..freeze };
    house.app.declare_freeze(&who, own).await.unwrap();
}
