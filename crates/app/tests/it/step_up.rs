//! What is not done on an old sign-in: all of it, in one table.

use crate::house::{House, name, refused};
use holdfast_api::accounts::Accounts;
use holdfast_api::applications::Applications;
use holdfast_api::break_glass::{BreakGlasses, MakeSealedCode, OpenBreakGlass, ReviewBreakGlass};
use holdfast_api::bundles::Bundles;
use holdfast_api::evacuations::{EvacuationVerb, Evacuations, RequestEvacuation, ReviewEvacuation};
use holdfast_api::inventory::{FileFormat, Inventories, Manner};
use holdfast_api::passkeys::{AddPasskey, Passkeys};
use holdfast_api::people::{AddPerson, ChangePerson, Groups, People, Policies, PutGroup, Tokens};
use holdfast_api::proofs::Proofs;
use holdfast_api::runs::{AbortRun, Decision, EscalateRun, RequestRun, ReviewRun, RunVerb, Runs};
use holdfast_api::sessions::Sessions;
use holdfast_api::{Answer, IfMatch};
use holdfast_domain::{
    Account, Actor, ApprovalPolicy, ApprovalRule, BreakGlassId, EvacuationId, Reach, Role, RunId, Scope,
    Seconds, StepId,
};
use holdfast_failover::Intent;
use jiff::SignedDuration;

/// Everything in the table, as this person: what each was answered.
async fn try_all(house: &House, who: &Actor) -> Vec<(&'static str, Answer<()>)> {
    let app = &house.app;
    let (run, lot) = (RunId::fresh(), EvacuationId::fresh());
    let review = |decision| ReviewRun { decision, plan_digest: "d".into(), comment: None };
    let of_lot = |decision| ReviewEvacuation { decision, plan_digest: "d".into(), comment: None };
    let overriding = RequestRun {
        overrides: vec!["change_freeze".into()],
        ..House::asked("shop", Intent::Failover, "us-east-1", "eu-central-1")
    };
    let breaking =
        || OpenBreakGlass { reason: "a test".into(), incident: None, minutes: None, sealed_code: None };
    let with_a_code = OpenBreakGlass { sealed_code: Some("a".repeat(32)), ..breaking() };
    let under_it = RequestRun { break_glass: true, overrides: vec![], ..overriding.clone() };
    let closing = ReviewBreakGlass { words: "rightly".into() };
    let lot_overriding: RequestEvacuation = serde_json::from_value(serde_json::json!({
        "region": "us-east-1", "mode": "planned", "reason": "a test", "overrides": ["change_freeze"],
        "stop_on_failure": true, "dry_run": false,
    }))
    .unwrap();
    let escalate =
        EscalateRun { reason: "a test".into(), confirm: "shop".into(), step: None, overrides: vec![] };
    let abort = AbortRun { reason: "a test".into(), confirm: "shop".into() };
    let skip = RunVerb::SkipStep { step: StepId::parse("observe").unwrap(), reason: "a test".into() };
    let policy = ApprovalPolicy {
        name: name("new"),
        rules: vec![ApprovalRule { group: name("approvers"), approvals: 1 }],
        expires_after: Seconds(7_200),
    };
    let account: Account = serde_json::from_value(serde_json::json!({
        "id": "333333333333", "name": "other", "read_role_arn": "arn:aws:iam::333333333333:role/r",
        "act_role_arn": "arn:aws:iam::333333333333:role/a",
    }))
    .unwrap();
    let somebody = AddPerson {
        email: "new@example.com".into(),
        roles: vec![Role::Viewer.into()],
        groups: vec![],
        password: None,
    };
    let group = || PutGroup { name: name("sre"), description: None, members: None };
    let any = IfMatch::Unconditional;
    let new_key = AddPasskey { name: "x".into(), answer: serde_json::Value::Null };
    let inventory = app.export_inventory(who, FileFormat::Yaml).await.unwrap();
    let waiving = inventory.replacen(
        "    resources:",
        "    waivers:\n      - {step: web, plane: ecs@us-east-1, by: a@example.com, reason: none other, review_on: 2027-03-01}\n    resources:",
        1,
    );
    assert_ne!(inventory, waiving);
    let apply = |file: String| async move {
        app.apply_inventory(who, file.as_bytes(), FileFormat::Yaml, &Manner::default()).await.map(drop)
    };
    vec![
        ("approve", app.review_run(who, run, review(Decision::Approve)).await.map(drop)),
        ("deny", app.review_run(who, run, review(Decision::Deny)).await.map(drop)),
        ("approve an evacuation", app.review_evacuation(who, lot, of_lot(Decision::Approve)).await.map(drop)),
        (
            "go on with an evacuation",
            app.drive_evacuation(who, lot, EvacuationVerb::GoOn { reason: "x".into() }).await.map(drop),
        ),
        ("override", app.request_run(who, overriding, "key").await.map(drop)),
        ("break the glass", app.open_break_glass(who, breaking()).await.map(drop)),
        ("break it with a sealed code", app.open_break_glass(who, with_a_code).await.map(drop)),
        ("start a request under it", app.drive_run(who, run, RunVerb::BreakGlass).await.map(drop)),
        ("request a run under it", app.request_run(who, under_it, "key").await.map(drop)),
        ("start a lot under it", app.drive_evacuation(who, lot, EvacuationVerb::BreakGlass).await.map(drop)),
        ("close its review", app.review_break_glass(who, BreakGlassId::fresh(), closing).await.map(drop)),
        (
            "make a sealed code",
            app.make_sealed_code(who, MakeSealedCode { kept_at: "x".into() }).await.map(drop),
        ),
        ("make an offline code", app.make_offline_code(who).await.map(drop)),
        ("override in an evacuation", app.request_evacuation(who, lot_overriding, "key").await.map(drop)),
        ("escalate", app.drive_run(who, run, RunVerb::Escalate(escalate)).await.map(drop)),
        ("abort", app.drive_run(who, run, RunVerb::Abort(abort)).await.map(drop)),
        ("skip", app.drive_run(who, run, skip).await.map(drop)),
        ("waive", apply(waiving).await),
        ("edit a policy in the file", apply(inventory.replacen("approvals: 1", "approvals: 3", 1)).await),
        ("add a policy", app.add_policy(who, policy.clone()).await.map(drop)),
        ("put a policy", app.put_policy(who, policy, &any).await.map(drop)),
        ("remove a policy", app.remove_policy(who, &name("none"), &any).await),
        ("put an account", app.put_account(who, account, &any).await.map(drop)),
        ("remove an account", app.remove_account(who, "333333333333", &any).await),
        ("a webhook's secret", app.new_webhook_secret(who, &name("shop"), &name("none")).await.map(drop)),
        ("add a person", app.add_person(who, somebody).await.map(drop)),
        (
            "change a person",
            app.change_person(who, "approver@example.com", ChangePerson::default(), &any).await.map(drop),
        ),
        ("add a group", app.add_group(who, group()).await.map(drop)),
        ("put a group", app.put_group(who, group(), &any).await.map(drop)),
        ("sign everybody out", app.end_everybodys_sessions(who, "everybody").await.map(drop)),
        ("reset a second factor", app.reset_codes(who, "approver@example.com").await),
        (
            "make a token",
            app.create_token(who, "t", vec![Scope::RunsRead], Reach::default(), 1).await.map(drop),
        ),
        ("begin a second factor", app.begin_codes(who).await.map(drop)),
        ("confirm a second factor", app.confirm_codes(who, "000000", "x").await.map(drop)),
        ("make codes to recover with", app.new_recovery_codes(who).await.map(drop)),
        ("ask a new key", app.begin_passkey(who, "here").await.map(drop)),
        ("register a key", app.add_passkey(who, new_key, "here", "x").await.map(drop)),
        ("rename a key", app.rename_passkey(who, uuid::Uuid::nil(), "x").await.map(drop)),
        ("remove a key", app.remove_passkey(who, uuid::Uuid::nil()).await),
        ("take a key away", app.remove_passkey_of(who, "approver@example.com", uuid::Uuid::nil()).await),
        ("remove a second factor", app.remove_codes(who).await),
    ]
}

#[tokio::test]
async fn nothing_in_the_table_is_done_on_an_old_sign_in_and_all_of_it_is_looked_at_on_a_fresh_one() {
    let house = House::new().await;
    let everything = house.another("all@example.com", Role::Admin, &[]).await;
    let now = house.store.now().await.unwrap();
    for proved in [None, Some(now - SignedDuration::from_secs(310)), Some(now + SignedDuration::from_mins(5))]
    {
        let stale = Actor { roles: Role::ALL.to_vec(), identity_proved_at: proved, ..everything.clone() };
        for (what, answer) in try_all(&house, &stale).await {
            let problem = refused(answer);
            assert_eq!(
                (problem.status, problem.code.as_str()),
                (403, "fresh_identity_needed"),
                "{what}: {proved:?}"
            );
            assert!(problem.way_out.contains("Prove who you are"), "{what}");
        }
    }
    let fresh = Actor { roles: Role::ALL.to_vec(), identity_proved_at: Some(now), ..everything.clone() };
    for (what, answer) in try_all(&house, &fresh).await {
        let code = answer.map_or_else(|problem| problem.code, |()| String::new());
        assert_ne!(code, "fresh_identity_needed", "{what}");
    }
}

#[tokio::test]
async fn a_token_does_nothing_in_the_table() {
    let house = House::new().await;
    let everything = house.another("all@example.com", Role::Admin, &[]).await;
    let token = Actor {
        roles: Role::ALL.to_vec(),
        token: Some(uuid::Uuid::nil()),
        token_scopes: Some(Scope::ALL.to_vec()),
        identity_proved_at: None,
        ..everything
    };
    for (what, answer) in try_all(&house, &token).await {
        let problem = refused(answer);
        assert!(
            matches!(problem.code.as_str(), "person_needed" | "fresh_identity_needed")
                && problem.status == 403,
            "{what}: {}",
            problem.code
        );
    }
}

#[tokio::test]
async fn what_makes_nothing_weaker_needs_no_new_proof() {
    let house = House::new().await;
    let operator = Actor { identity_proved_at: None, ..house.operator.clone() };
    let made = house
        .app
        .create_token(&house.operator, "t", vec![Scope::RunsRead], Reach::default(), 1)
        .await
        .unwrap();
    house.app.revoke_token(&operator, &made.id).await.unwrap();
    house.sees_services("shop", &["us-east-1", "eu-central-1"]).await;
    let asked = House::asked("shop", Intent::Failover, "us-east-1", "eu-central-1");
    let run = house.app.request_run(&operator, asked, "key").await.unwrap();
    let cancel = RunVerb::Cancel { reason: "a test".into() };
    house.app.drive_run(&operator, crate::house::id(&run), cancel).await.unwrap();
}
