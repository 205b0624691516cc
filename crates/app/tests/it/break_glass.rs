//! Break-glass: opened by one person with a strong factor, what it lifts and what it does not, its end, its review.

use crate::house::{AWAY, HOME, House, id, name, refused};
use holdfast_api::audit::{AuditFilter, Audits};
use holdfast_api::break_glass::{
    BreakGlassView, BreakGlasses, MakeSealedCode, OpenBreakGlass, ReviewBreakGlass,
};
use holdfast_api::compliance::Compliances;
use holdfast_api::now::Nows;
use holdfast_api::people::{ChangePerson, People, Policies};
use holdfast_api::runs::{RequestRun, RunVerb, RunView, Runs};
use holdfast_api::safeguards::{DeclareFreeze, Safeguards};
use holdfast_api::{Answer, IfMatch};
use holdfast_domain::{Actor, ApprovalPolicy, ApprovalRule, BreakGlassId, Role, Scope, Seconds};
use holdfast_failover::Intent;
use holdfast_failover::break_glass::OpenedWith;
use holdfast_failover::run::RunState;
use holdfast_store::{AuditActor, AuditEntry, CRASHES_AT_MOST};
use jiff::{SignedDuration, Timestamp};
use sqlx::{AssertSqlSafe, Executor as _};

/// `shop`, seen in both Regions, and an operator whose proof held a second factor.
async fn burning() -> (House, Actor) {
    let house = House::new().await;
    house.sees_services("shop", &[HOME, AWAY]).await;
    let operator = Actor { second_factor: true, ..house.operator.clone() };
    has_an_app(&house, &operator, "2 days").await;
    (house, operator)
}

/// Set up so long ago, and confirmed.
pub async fn has_an_app(house: &House, who: &Actor, ago: &str) {
    let sql =
        "INSERT INTO totp_factors (person, sealed_secret, confirmed_at) VALUES ($1, $2, now() - $3::interval)
               ON CONFLICT (person) DO UPDATE SET confirmed_at = EXCLUDED.confirmed_at";
    let set_up = sqlx::query(sql).bind(who.person.0).bind(vec![0_u8; 53]).bind(ago);
    set_up.execute(&mut house.database.owner().await).await.unwrap();
}

fn because(reason: &str) -> OpenBreakGlass {
    OpenBreakGlass { reason: reason.into(), incident: None, minutes: None, sealed_code: None }
}

async fn open(house: &House, who: &Actor) -> BreakGlassView {
    house.app.open_break_glass(who, because("nobody answers")).await.unwrap()
}

fn asked() -> RequestRun {
    RequestRun { break_glass: true, ..House::asked("shop", Intent::Failover, HOME, AWAY) }
}

async fn start(house: &House, who: &Actor, asked: RequestRun) -> Answer<RunView> {
    house.app.request_run(who, asked, &uuid::Uuid::now_v7().to_string()).await
}

fn glass_id(glass: &BreakGlassView) -> BreakGlassId {
    glass.id.parse().unwrap()
}

async fn review(house: &House, who: &Actor, glass: &BreakGlassView, words: &str) -> Answer<BreakGlassView> {
    house.app.review_break_glass(who, glass_id(glass), ReviewBreakGlass { words: words.into() }).await
}

/// As if its time had passed.
async fn age(house: &House, glass: &BreakGlassView) {
    let sql = format!(
        "ALTER TABLE break_glasses DISABLE TRIGGER USER;
         UPDATE break_glasses SET opened_at = opened_at - interval '2 h', expires_at = expires_at - interval '2 h' WHERE id = '{}';
         ALTER TABLE break_glasses ENABLE TRIGGER USER",
        glass.id
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut house.database.owner().await).await.unwrap();
}

#[tokio::test]
async fn a_run_starts_on_one_persons_word_is_marked_and_everything_of_it_is_in_the_log() {
    let (house, operator) = burning().await;
    let glass = open(&house, &operator).await;
    assert!(glass.open && glass.opened_with == OpenedWith::SecondFactor);
    let run = start(&house, &operator, asked()).await.unwrap();
    assert_eq!(run.summary.state, RunState::Running);
    assert_eq!(run.summary.break_glass.as_ref(), Some(&glass.id));
    assert!(run.reviews.is_empty() && !run.tally.met, "nobody has approved it, and it does not say so");
    let kinds: Vec<&str> = house
        .app
        .run_journal(&operator, id(&run))
        .await
        .unwrap()
        .iter()
        .map(|entry| entry.event.kind())
        .collect();
    assert_eq!(kinds, ["requested", "break_glass", "started"]);
    let listed = house.app.runs(&operator, &Default::default()).await.unwrap().items;
    assert_eq!(listed[0].break_glass.as_ref(), Some(&glass.id), "lists say so too");

    let entries = house.app.audit(&operator, &AuditFilter::default()).await.unwrap().items;
    let of = |action: &str| entries.iter().find(|entry| entry.action == action).unwrap();
    let opened = of("break_glass.open");
    assert_eq!(opened.detail["approvers"], serde_json::json!(["approver@example.com"]));
    assert_eq!(opened.detail["reason"], "nobody answers");
    assert_eq!(of("run.request").detail["break_glass"]["id"], glass.id.as_str());
}

#[tokio::test]
async fn another_account_of_the_same_person_opens_none_before_the_first_is_reviewed() {
    let (house, operator) = burning().await;
    let second = house.another("second@example.com", Role::Operator, &[]).await;
    has_an_app(&house, &second, "2 days").await;
    let admin = house.another("admin@example.com", Role::Admin, &[]).await;
    let one = ChangePerson { same_person_as: Some(operator.email.clone()), ..ChangePerson::default() };
    house.app.change_person(&admin, &second.email, one, &IfMatch::Unconditional).await.unwrap();
    let second = house.app.actor_of_session(second.person, Some(Timestamp::now())).await.unwrap();
    let second = Actor { second_factor: true, ..second };
    let glass = open(&house, &operator).await;
    let again = async || house.app.open_break_glass(&second, because("still")).await;
    assert_eq!(refused(again().await).code, "review_comes_first", "while the first is open");
    age(&house, &glass).await;
    assert_eq!(refused(again().await).code, "review_comes_first", "and after it");
    review(&house, &admin, &glass, "rightly").await.unwrap();
    again().await.unwrap();
}

#[tokio::test]
async fn a_request_that_waits_is_started_by_whoever_holds_it_open_and_by_nobody_else() {
    let (house, operator) = burning().await;
    let waiting = house.request(House::asked("shop", Intent::Failover, HOME, AWAY)).await.unwrap();
    let begin = async |who: &Actor| house.app.drive_run(who, id(&waiting), RunVerb::BreakGlass).await;
    assert_eq!(refused(begin(&operator).await).code, "break_glass_not_open");
    let verbs = |run: &RunView| run.verbs.iter().any(|verb| verb.verb == "break_glass");
    assert!(!verbs(&house.app.run(&operator, id(&waiting)).await.unwrap()), "not offered");
    let glass = open(&house, &operator).await;
    let other = house.another("other@example.com", Role::Operator, &[]).await;
    assert_eq!(refused(begin(&other).await).code, "break_glass_not_open", "another's glass is another's");
    assert!(verbs(&house.app.run(&operator, id(&waiting)).await.unwrap()), "offered");
    let run = begin(&operator).await.unwrap();
    assert_eq!((run.summary.state, run.summary.break_glass), (RunState::Running, Some(glass.id)));
}

#[tokio::test]
async fn it_takes_a_second_factor_or_a_sealed_code_and_never_a_password_alone() {
    let (house, strong) = burning().await;
    let weak = Actor { second_factor: false, ..strong.clone() };
    let app = &house.app;
    has_an_app(&house, &strong, "23 hours").await;
    let no = refused(app.open_break_glass(&strong, because("x")).await);
    assert_eq!(no.code, "factor_too_new", "whoever has only the password could have set it up");
    house.database.owner().await.execute("DELETE FROM totp_factors").await.unwrap();
    let no = refused(app.open_break_glass(&strong, because("x")).await);
    assert_eq!(no.code, "factor_too_new", "the session remembers one that is gone");
    let no = refused(app.open_break_glass(&weak, because("x")).await);
    assert_eq!((no.status, no.code.as_str()), (403, "strong_factor_needed"));
    for (field, bad) in [
        ("reason", because(" ")),
        ("minutes", OpenBreakGlass { minutes: Some(61), ..because("x") }),
        ("minutes", OpenBreakGlass { minutes: Some(0), ..because("x") }),
    ] {
        assert_eq!(refused(app.open_break_glass(&strong, bad).await).fields[0].path, field);
    }
    has_an_app(&house, &weak, "2 days").await;
    let mut owner = house.database.owner().await;
    let no = refused(app.open_break_glass(&weak, because("x")).await);
    assert_eq!(no.code, "fresh_identity_needed", "whoever has an app is led to the proof by it");
    owner.execute("DELETE FROM totp_factors").await.unwrap();
    let admin = house.another("admin@example.com", Role::Admin, &[]).await;
    let make = || MakeSealedCode { kept_at: "the safe in Dublin".into() };
    assert_eq!(refused(app.make_sealed_code(&strong, make()).await).status, 403, "an operator makes none");
    let made = app.make_sealed_code(&admin, make()).await.unwrap();
    let with = |code: &str| OpenBreakGlass { sealed_code: Some(code.into()), ..because("x") };
    let own = refused(app.open_break_glass(&admin, with(&made.code)).await);
    assert_eq!(own.code, "sealed_code_refused", "{own:?}");
    for wrong in ["abcd", &"a".repeat(32)] {
        assert_eq!(refused(app.open_break_glass(&weak, with(wrong)).await).code, "sealed_code_refused");
    }
    let maker = [admin.person];
    let second_of_maker = Actor { others: maker.to_vec(), ..weak.clone() };
    let own = refused(app.open_break_glass(&second_of_maker, with(&made.code)).await);
    assert_eq!(own.code, "sealed_code_refused", "with whichever account");
    let typed = made.code.to_uppercase().replace('-', " ");
    let glass = app.open_break_glass(&weak, with(&typed)).await.unwrap();
    assert_eq!(glass.opened_with, OpenedWith::SealedCode);
    let code = &app.sealed_codes(&admin).await.unwrap()[0];
    assert_eq!((code.used_by.as_deref(), code.is_good()), (Some("operator@example.com"), false));
    assert_eq!(refused(app.open_break_glass(&weak, because("x")).await).code, "strong_factor_needed");
    let other = house.another("other@example.com", Role::Operator, &[]).await;
    assert_eq!(refused(app.open_break_glass(&other, with(&made.code)).await).code, "sealed_code_refused");
    let second = app.make_sealed_code(&admin, make()).await.unwrap();
    app.withdraw_sealed_code(&admin, second.id).await.unwrap();
    assert_eq!(refused(app.open_break_glass(&other, with(&second.code)).await).code, "sealed_code_refused");

    let dump: Vec<(String,)> = sqlx::query_as(
        "SELECT to_jsonb(c)::text FROM sealed_codes c UNION ALL SELECT to_jsonb(e)::text FROM audit_entries e",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    let letters = made.code.replace('-', "");
    assert!(dump.iter().all(|(row,)| !row.contains(&made.code) && !row.contains(&letters)));
}

#[tokio::test]
async fn a_refused_opening_uses_no_code_up_and_tokens_and_other_roles_open_nothing() {
    let (house, operator) = burning().await;
    let admin = house.another("admin@example.com", Role::Admin, &[]).await;
    let made =
        house.app.make_sealed_code(&admin, MakeSealedCode { kept_at: "the safe".into() }).await.unwrap();
    open(&house, &operator).await;
    let again = OpenBreakGlass { sealed_code: Some(made.code.clone()), ..because("x") };
    assert_eq!(refused(house.app.open_break_glass(&operator, again).await).code, "break_glass_open");
    assert!(house.app.sealed_codes(&admin).await.unwrap()[0].is_good(), "rolled back with the rest");
    let token = Actor { token_scopes: Some(Scope::ALL.to_vec()), ..operator.clone() };
    assert_eq!(refused(house.app.open_break_glass(&token, because("x")).await).code, "person_needed");
    for role in [Role::Viewer, Role::Approver] {
        let who = Actor { roles: vec![role], second_factor: true, ..admin.clone() };
        assert_eq!(refused(house.app.open_break_glass(&who, because("x")).await).code, "forbidden");
    }
}

#[tokio::test]
async fn what_it_does_not_lift_stands_under_it() {
    let (house, operator) = burning().await;
    let admin = house.another("admin@example.com", Role::Admin, &[]).await;
    open(&house, &operator).await;
    let ends_at = Timestamp::now() + SignedDuration::from_hours(1);
    let freeze = DeclareFreeze { application: None, reason: "year's end".into(), starts_at: None, ends_at };
    house.app.declare_freeze(&admin, freeze).await.unwrap();
    assert_eq!(refused(start(&house, &operator, asked()).await).code, "override_needed");
    let stale = Actor { identity_proved_at: None, ..operator.clone() };
    assert_eq!(refused(start(&house, &stale, asked()).await).code, "fresh_identity_needed");
    let named = RequestRun { overrides: vec!["change_freeze".into()], ..asked() };
    let shown = RequestRun { plan_digest: Some("0".repeat(64)), ..named.clone() };
    assert_eq!(refused(start(&house, &operator, shown).await).code, "stale_plan");
    let policy = ApprovalPolicy {
        name: name("one-approver"),
        rules: vec![ApprovalRule { group: name("owners"), approvals: 1 }],
        expires_after: Seconds(7_200),
    };
    let edit = house.app.put_policy(&operator, policy, &IfMatch::Unconditional).await;
    assert_eq!(refused(edit).code, "forbidden");
    let dry = RequestRun { dry_run: true, ..named.clone() };
    assert_eq!(refused(start(&house, &operator, dry).await).code, "not_for_break_glass");
    let drill = RequestRun { intent: Intent::Drill, ..asked() };
    let drill = refused(start(&house, &operator, drill).await);
    assert!(["guard_refused", "not_for_break_glass"].contains(&drill.code.as_str()), "{drill:?}");
    let run = start(&house, &operator, named).await.unwrap();
    assert_eq!(run.overrides, ["change_freeze"], "overridden by name, and kept");
    let twice = RequestRun { overrides: vec!["change_freeze".into()], ..asked() };
    assert_eq!(refused(start(&house, &operator, twice).await).code, "run_active");
}

#[tokio::test]
async fn a_role_without_its_external_id_is_not_used_under_it_either() {
    let (house, operator) = burning().await;
    open(&house, &operator).await;
    let open_role = "INSERT INTO account_trust (account, role, since, at, demands_external_id)
                     SELECT id, 'act', now(), now(), false FROM accounts";
    house.database.owner().await.execute(open_role).await.unwrap();
    let no = refused(start(&house, &operator, asked()).await);
    assert!(no.detail.contains("external id"), "{no:?}");
    assert_eq!(no.code, "guard_refused");
}

#[tokio::test]
async fn it_lifts_that_nothing_starts_without_a_checkpoint() {
    let (house, operator) = burning().await;
    let old = "INSERT INTO audit_places (name, written_at, error) VALUES ('file', now() - interval '10 min', 'the disk is full')";
    house.database.owner().await.execute(old).await.unwrap();
    let usual = RequestRun { break_glass: false, ..asked() };
    assert_eq!(refused(start(&house, &operator, usual).await).code, "audit_not_kept");
    assert_eq!(refused(start(&house, &operator, asked()).await).code, "break_glass_not_open");
    open(&house, &operator).await;
    let preview = house.app.preview_run(&operator, &asked()).await.unwrap();
    assert!(preview.holds_break_glass && preview.refused.is_none(), "{:?}", preview.refused);
    let run = start(&house, &operator, asked()).await.unwrap();
    assert_eq!(run.summary.state, RunState::Running);
}

#[tokio::test]
async fn once_it_is_over_nothing_starts_and_its_holder_changes_nothing_while_others_go_on() {
    let (house, operator) = burning().await;
    let glass = open(&house, &operator).await;
    let run = start(&house, &operator, asked()).await.unwrap();
    let drive = async |who: &Actor, verb: RunVerb| house.app.drive_run(who, id(&run), verb).await;
    age(&house, &glass).await;
    assert!(!house.app.break_glass(&operator, glass_id(&glass)).await.unwrap().open);
    let other = house.another("other@example.com", Role::Operator, &[]).await;
    drive(&operator, RunVerb::Pause { reason: None }).await.unwrap();
    let no = refused(drive(&operator, RunVerb::Resume).await);
    assert_eq!(no.code, "break_glass_over", "{no:?}");
    let shown = house.app.run(&operator, id(&run)).await.unwrap();
    let resume = shown.verbs.iter().find(|verb| verb.verb == "resume").unwrap();
    assert_eq!(resume.refused.as_ref().map(|no| no.code.as_str()), Some("break_glass_over"), "not offered");
    let mut change = house.store.begin().await.unwrap();
    for _ in 0..CRASHES_AT_MOST {
        change.record_crash(id(&run), None, "a defect").await.unwrap();
    }
    let entry = AuditEntry::done("test.set_up", AuditActor::System { name: "test".into() }, "run", id(&run));
    change.commit(entry).await.unwrap();
    let no = refused(drive(&operator, RunVerb::TryAgain).await);
    assert_eq!(no.code, "break_glass_over", "it would go on as after a resume");
    drive(&other, RunVerb::TryAgain).await.unwrap();
    let taken_over = drive(&other, RunVerb::Resume).await.unwrap();
    assert_eq!(taken_over.summary.state, RunState::Running, "the run goes on");
    house.sees_services("pair", &[HOME, AWAY]).await;
    let second = RequestRun { application: "pair".into(), ..asked() };
    assert_eq!(refused(start(&house, &operator, second.clone()).await).code, "break_glass_not_open");
    // What the clock has ended is written down with the next opening, which somebody else has a say in; and both reviews are due.
    let no = refused(house.app.open_break_glass(&operator, because("not done yet")).await);
    assert_eq!(no.code, "review_comes_first", "{no:?}");
    let admin = house.another("admin@example.com", Role::Admin, &[]).await;
    let sealed =
        house.app.make_sealed_code(&admin, MakeSealedCode { kept_at: "the safe".into() }).await.unwrap();
    let with_it = OpenBreakGlass { sealed_code: Some(sealed.code), ..because("not done yet") };
    house.app.open_break_glass(&operator, with_it).await.unwrap();
    drive(&operator, RunVerb::Pause { reason: None }).await.unwrap();
    drive(&operator, RunVerb::Resume).await.unwrap();
    start(&house, &operator, second).await.unwrap();
    let state = house.app.break_glass_state(&operator).await.unwrap();
    assert_eq!((state.open.len(), state.reviews_due.len()), (1, 1));
    assert_eq!(state.reviews_due[0].ended_by.as_deref(), Some("the clock"));
}

#[tokio::test]
async fn its_holder_or_an_administrator_ends_it() {
    let (house, operator) = burning().await;
    let glass = open(&house, &operator).await;
    let other = house.another("other@example.com", Role::Operator, &[]).await;
    let admin = house.another("admin@example.com", Role::Admin, &[]).await;
    let end =
        async |who: &Actor, glass: &BreakGlassView| house.app.end_break_glass(who, glass_id(glass)).await;
    assert_eq!(refused(end(&other, &glass).await).code, "not_the_holder");
    let ended = end(&operator, &glass).await.unwrap();
    assert_eq!((ended.open, ended.ended_by.as_deref()), (false, Some("operator@example.com")));
    assert_eq!(refused(end(&operator, &glass).await).code, "break_glass_over");
    assert_eq!(refused(start(&house, &operator, asked()).await).code, "break_glass_not_open");
    review(&house, &house.approver, &glass, "rightly").await.unwrap();
    let again = open(&house, &operator).await;
    assert_eq!(end(&admin, &again).await.unwrap().ended_by.as_deref(), Some("admin@example.com"));
}

#[tokio::test]
async fn compliance_is_not_green_until_somebody_else_has_closed_the_review_with_words() {
    let (house, operator) = burning().await;
    let glass = open(&house, &operator).await;
    let run = start(&house, &operator, asked()).await.unwrap();
    let due = async || {
        let view = house.app.compliance(&operator).await.unwrap();
        let shop = view.rows.iter().find(|row| row.application == "shop").unwrap();
        assert!(!view.green, "no run has measured anything yet");
        (view.break_glass_reviews_due.len(), shop.break_glass_reviews_due.clone())
    };
    assert_eq!(due().await, (1, vec![glass.id.clone()]), "while it is open, too");
    let csv = house.app.compliance_csv(&operator).await.unwrap();
    assert!(csv.lines().any(|line| line.starts_with("shop,") && line.contains(&glass.id)), "{csv}");
    let needs = async || house.app.now(&operator).await.unwrap().needs;
    assert!(!needs().await.iter().any(|need| need.href.starts_with("/break-glass/")), "every page says it");

    assert_eq!(refused(review(&house, &house.approver, &glass, "rightly").await).code, "review_not_due");
    house.app.end_break_glass(&operator, glass_id(&glass)).await.unwrap();
    assert!(needs().await.iter().any(|need| need.href.starts_with("/break-glass/")), "its review is due");
    assert_eq!(refused(review(&house, &house.approver, &glass, "rightly").await).code, "review_not_due");
    let cancel = RunVerb::Cancel { reason: "a test".into() };
    house.app.drive_run(&operator, id(&run), cancel).await.unwrap();
    let both = Actor { roles: Role::ALL.to_vec(), ..operator.clone() };
    assert_eq!(refused(review(&house, &both, &glass, "rightly").await).code, "self_review");
    let other = house.another("other@example.com", Role::Operator, &[]).await;
    assert_eq!(refused(review(&house, &other, &glass, "rightly").await).code, "forbidden");
    let wordless = refused(review(&house, &house.approver, &glass, " ").await);
    assert_eq!(wordless.fields[0].path, "words");
    let closed = review(&house, &house.approver, &glass, "Rightly: the pager had failed").await.unwrap();
    assert_eq!(closed.review.map(|review| review.by).as_deref(), Some("approver@example.com"));
    assert_eq!(due().await, (0, vec![]));
    assert_eq!(refused(review(&house, &house.approver, &glass, "again").await).code, "review_closed");
    let marked = house.app.run(&operator, id(&run)).await.unwrap();
    assert_eq!(marked.summary.break_glass, Some(glass.id), "the mark outlives the review");
}

#[tokio::test]
async fn an_end_and_a_start_at_once_never_leave_a_run_that_began_after_the_end() {
    for _ in 0..6 {
        let (house, operator) = burning().await;
        let glass = open(&house, &operator).await;
        let (begun, ended) = tokio::join!(
            start(&house, &operator, asked()),
            house.app.end_break_glass(&operator, glass_id(&glass))
        );
        ended.unwrap();
        let mut owner = house.database.owner().await;
        let began: Vec<(bool,)> = sqlx::query_as(
            "SELECT e.at <= g.ended_at FROM run_events e JOIN runs r ON r.id = e.run JOIN break_glasses g ON g.id = r.break_glass
             WHERE e.kind = 'started'",
        )
        .fetch_all(&mut owner)
        .await
        .unwrap();
        match begun {
            Ok(_) => assert_eq!(began, [(true,)]),
            Err(problem) => assert_eq!((problem.code.as_str(), began.len()), ("break_glass_not_open", 0)),
        }
    }
}
