//! Keys: registered, asked for at sign-in and again, and every answer that is none.

use crate::break_glass::has_an_app;
use crate::house::{AWAY, HOME, House, refused};
use crate::software_key::SoftwareKey;
use holdfast_api::audit::{AuditEntryView, AuditFilter, Audits};
use holdfast_api::break_glass::{BreakGlasses, OpenBreakGlass};
use holdfast_api::passkeys::{AddPasskey, AddedPasskeyView, PasskeyAnswer, Passkeys};
use holdfast_api::people::People;
use holdfast_api::proofs::{Admitted, Proof, Proofs, Proved};
use holdfast_api::{Answer, Problem};
use holdfast_app::{App, Settings};
use holdfast_domain::{Actor, Role, Scope};
use holdfast_failover::Intent;
use serde_json::{Value, json};
use sqlx::Executor as _;
use uuid::Uuid;

const ORIGIN: &str = "http://localhost:8080";
const PASSWORD: &str = "a long enough password";
const FROM: &str = "198.51.100.1";
/// The session that asks; whose it is, the door knows.
const HERE: &str = "00112233445566778899aabbccddeeff";

async fn register(house: &House, who: &Actor, key: &mut SoftwareKey, name: &str) -> Answer<AddedPasskeyView> {
    let asked = house.app.begin_passkey(who, HERE).await?.public_key;
    let answer = key.create(&asked, ORIGIN).await;
    house.app.add_passkey(who, AddPasskey { name: name.into(), answer }, HERE, FROM).await
}

/// The approver, who has just proved by a second factor who they are, with a key that is registered.
async fn with_a_key() -> (House, Actor, SoftwareKey, AddedPasskeyView) {
    let house = House::new().await;
    let mut key = SoftwareKey::default();
    let added = register(&house, &house.approver, &mut key, "on my ring").await.unwrap();
    let strong = Actor { second_factor: true, passkey: Some(added.passkey.id), ..house.approver.clone() };
    (house, strong, key, added)
}

fn said(answer: Value) -> PasskeyAnswer {
    PasskeyAnswer { answer, session: HERE.into(), page: None }
}

async fn sign_in(house: &House, key: &mut SoftwareKey) -> Answer<Uuid> {
    let person = house.approver.person;
    let asked = house.app.challenge_sign_in(person, HERE, FROM).await?.public_key;
    let answer = key.get(&asked, ORIGIN).await.unwrap();
    house.app.finish_sign_in_by_passkey(person, said(answer), FROM).await
}

async fn prove(house: &House, who: &Actor, answer: PasskeyAnswer) -> Answer<Proved> {
    house.app.prove(who, Proof { passkey: Some(answer), ..Proof::default() }, FROM).await
}

async fn prove_by(house: &House, who: &Actor, key: &mut SoftwareKey) -> Answer<Proved> {
    let asked = house.app.challenge_proof(who, None, HERE, FROM).await?.public_key;
    let answer = key.get(&asked, ORIGIN).await.unwrap();
    prove(house, who, said(answer)).await
}

async fn told(house: &House, action: &str) -> Vec<AuditEntryView> {
    let filter = AuditFilter { action: Some(action.into()), ..AuditFilter::default() };
    house.app.audit(&house.operator, &filter).await.unwrap().items
}

fn code<T: std::fmt::Debug>(answer: Answer<T>) -> String {
    refused(answer).code
}

#[tokio::test]
async fn a_key_that_is_registered_is_asked_for_beside_the_password_and_signs_in() {
    let (house, _, mut key, added) = with_a_key().await;
    assert_eq!((added.passkey.name.as_str(), added.recovery_codes.len()), ("on my ring", 10));
    let person = house.approver.person;
    let by_password = |code: Option<String>| {
        let app = house.app.clone();
        async move { app.sign_in("approver@example.com", PASSWORD, code.as_deref(), FROM).await }
    };
    assert_eq!(by_password(None).await, Ok(Admitted::CodeDue(person)), "the password alone is worth nothing");
    let due = house.app.factors_due(person).await.unwrap();
    assert!(due.passkeys && !due.codes);
    assert_eq!(sign_in(&house, &mut key).await, Ok(added.passkey.id));
    assert_eq!(sign_in(&house, &mut key).await, Ok(added.passkey.id), "and again, to another challenge");
    let entry = &told(&house, "session.sign_in").await[0];
    assert_eq!(entry.detail["factor"], "passkey");
    assert_eq!(entry.detail["passkey"], added.passkey.id.to_string());
    let key = &house.app.passkeys(&house.approver).await.unwrap()[0];
    assert!(key.last_used_at.is_some());
    // Without the key: a code to recover with, once.
    let recovery = added.recovery_codes[0].clone();
    assert_eq!(by_password(Some(recovery.clone())).await, Ok(Admitted::WithCode(person)));
    assert_eq!(code(by_password(Some(recovery)).await), "code_refused");
    assert_eq!(code(by_password(Some("123456".into())).await), "code_refused", "there is no app");
}

#[tokio::test]
async fn a_key_alone_proves_anew_who_somebody_is_and_the_log_says_for_what() {
    let (house, strong, mut key, added) = with_a_key().await;
    house.sees_services("shop", &[HOME, AWAY]).await;
    let run = house.request(House::asked("shop", Intent::Failover, HOME, AWAY)).await.unwrap();
    let page = format!("/runs/{}", run.summary.id);
    let asked = house.app.challenge_proof(&strong, Some(&page), HERE, FROM).await.unwrap().public_key;
    let answer = key.get(&asked, ORIGIN).await.unwrap();
    let proved =
        prove(&house, &strong, PasskeyAnswer { page: Some(page.clone()), ..said(answer) }).await.unwrap();
    assert_eq!(proved, Proved { second_factor: true, passkey: Some(added.passkey.id) });
    let entry = &told(&house, "session.prove").await[0];
    assert_eq!(entry.detail["for"], json!({ "page": page, "plan_digest": run.plan_digest }));
    assert_eq!(entry.detail["with"], json!(["passkey"]));

    // An answer for one page leads to no other, and is used up by the try.
    let asked = house.app.challenge_proof(&strong, Some("/people"), HERE, FROM).await.unwrap().public_key;
    let answer = key.get(&asked, ORIGIN).await.unwrap();
    let elsewhere = PasskeyAnswer { page: Some(page), ..said(answer.clone()) };
    assert_eq!(code(prove(&house, &strong, elsewhere).await), "challenge_for_something_else");
    let late = PasskeyAnswer { page: Some("/people".into()), ..said(answer) };
    assert_eq!(code(prove(&house, &strong, late).await), "challenge_gone");
    // What was typed is no proof where there is a key: the password wants a code beside it.
    let password = Proof { password: Some(PASSWORD.into()), ..Proof::default() };
    assert_eq!(code(house.app.prove(&strong, password.clone(), FROM).await), "proof_incomplete");
    let with_code = Proof { code: Some(added.recovery_codes[0].clone()), ..password };
    let proved = house.app.prove(&strong, with_code, FROM).await.unwrap();
    assert_eq!(proved, Proved { second_factor: true, passkey: None });
}

#[tokio::test]
async fn an_answer_is_taken_once_in_its_session_in_its_time_and_for_its_purpose() {
    let (house, strong, mut key, _) = with_a_key().await;
    let ask = || house.app.challenge_proof(&strong, None, HERE, FROM);
    let answer = key.get(&ask().await.unwrap().public_key, ORIGIN).await.unwrap();
    let other_session = PasskeyAnswer { session: "another".into(), ..said(answer.clone()) };
    assert_eq!(code(prove(&house, &strong, other_session).await), "challenge_gone", "another session's");
    let person = house.approver.person;
    let to_sign_in = house.app.finish_sign_in_by_passkey(person, said(answer.clone()), FROM).await;
    assert_eq!(code(to_sign_in), "challenge_gone", "it was asked for a proof");
    prove(&house, &strong, said(answer.clone())).await.unwrap();
    assert_eq!(code(prove(&house, &strong, said(answer)).await), "challenge_gone", "a replay");

    let answer = key.get(&ask().await.unwrap().public_key, ORIGIN).await.unwrap();
    let later = "UPDATE passkey_challenges SET expires_at = clock_timestamp() - interval '1 second'";
    house.database.owner().await.execute(later).await.unwrap();
    assert_eq!(code(prove(&house, &strong, said(answer)).await), "challenge_gone", "more than five minutes");

    let first = key.get(&ask().await.unwrap().public_key, ORIGIN).await.unwrap();
    ask().await.unwrap();
    assert_eq!(code(prove(&house, &strong, said(first)).await), "passkey_refused", "of the challenge before");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_sent_many_times_at_once_proves_once() {
    let (house, strong, mut key, _) = with_a_key().await;
    let asked = house.app.challenge_proof(&strong, None, HERE, FROM).await.unwrap().public_key;
    let answer = key.get(&asked, ORIGIN).await.unwrap();
    let mut all = tokio::task::JoinSet::new();
    for n in 0..5 {
        let (app, who, answer) = (house.app.clone(), strong.clone(), said(answer.clone()));
        let proof = Proof { passkey: Some(answer), ..Proof::default() };
        all.spawn(async move { app.prove(&who, proof, &format!("192.0.2.{n}")).await });
    }
    let answers = all.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
}

#[tokio::test]
async fn the_answer_of_another_origin_or_key_or_of_one_that_made_sure_of_nobody_is_none() {
    let (house, strong, mut key, _) = with_a_key().await;
    let ask = || house.app.challenge_proof(&strong, None, HERE, FROM);
    let asked = ask().await.unwrap().public_key;
    let elsewhere = key.get(&asked, "http://localhost:9999").await.unwrap();
    assert_eq!(code(prove(&house, &strong, said(elsewhere)).await), "passkey_refused", "another origin");

    let mut asked = ask().await.unwrap().public_key;
    asked["userVerification"] = json!("discouraged");
    let untouched = key.get(&asked, ORIGIN).await.unwrap();
    assert_eq!(
        code(prove(&house, &strong, said(untouched)).await),
        "passkey_refused",
        "nobody was made sure of"
    );

    // Somebody else's key, registered here by them, in their place.
    let mut others = SoftwareKey::default();
    register(&house, &house.operator, &mut others, "theirs").await.unwrap();
    let asked = ask().await.unwrap().public_key;
    assert!(others.get(&asked, ORIGIN).await.is_none(), "it is not even asked");
    let of_others =
        house.app.challenge_proof(&house.operator, None, "theirs", FROM).await.unwrap().public_key;
    let mut forged = of_others.clone();
    forged["challenge"] = asked["challenge"].clone();
    let answer = others.get(&forged, ORIGIN).await.unwrap();
    assert_eq!(code(prove(&house, &strong, said(answer)).await), "passkey_refused", "another's key");
    // A key of another relying party, as one of a look-alike site would be.
    let asked = ask().await.unwrap().public_key;
    let mut of_another = asked.clone();
    of_another["rpId"] = json!("evil.example");
    let answer = key.get(&of_another, "https://evil.example").await.unwrap();
    assert_eq!(code(prove(&house, &strong, said(answer)).await), "passkey_refused", "another relying party");
}

#[tokio::test]
async fn a_count_that_goes_back_is_refused_and_told() {
    let (house, strong, mut key, _) = with_a_key().await;
    let mut copy = key.clone();
    prove_by(&house, &strong, &mut key).await.unwrap();
    let accountable = house.app.clone().accountable();
    let asked = house.app.challenge_proof(&strong, None, HERE, FROM).await.unwrap().public_key;
    let answer = said(copy.get(&asked, ORIGIN).await.unwrap());
    let proof = Proof { passkey: Some(answer), ..Proof::default() };
    assert_eq!(code(accountable.prove(&strong, proof, FROM).await), "passkey_count_went_back");
    let entry = &told(&house, "session.prove").await[0];
    assert_eq!(entry.code.as_deref(), Some("passkey_count_went_back"));

    // At sign-in, where nobody is known yet, it is told all the same. The copy has caught up meanwhile, the key has gone on.
    prove_by(&house, &strong, &mut key).await.unwrap();
    assert_eq!(code(sign_in(&house, &mut copy).await), "passkey_count_went_back");
    let entry = &told(&house, "session.sign_in").await[0];
    assert_eq!(entry.code.as_deref(), Some("passkey_count_went_back"));
    assert_eq!(entry.subject, "person:approver@example.com");
    prove_by(&house, &strong, &mut key).await.unwrap();
}

#[tokio::test]
async fn two_answers_that_were_asked_for_before_either_came_do_not_both_count() {
    let (house, strong, mut key, _) = with_a_key().await;
    let mut copy = key.clone();
    let ask = |session: &'static str| house.app.challenge_proof(&strong, None, session, FROM);
    let (mine, theirs) = (ask(HERE).await.unwrap().public_key, ask("theirs").await.unwrap().public_key);
    let (mine, theirs) = (key.get(&mine, ORIGIN).await.unwrap(), copy.get(&theirs, ORIGIN).await.unwrap());
    prove(&house, &strong, said(mine)).await.unwrap();
    let late = PasskeyAnswer { session: "theirs".into(), ..said(theirs) };
    assert_eq!(code(prove(&house, &strong, late).await), "passkey_count_went_back");
}

#[tokio::test]
async fn who_has_a_factor_gives_it_before_another_is_added_or_one_is_taken_away() {
    let (house, strong, mut key, added) = with_a_key().await;
    let weak = &house.approver;
    let mut second = SoftwareKey::default();
    assert_eq!(code(register(&house, weak, &mut second, "second").await), "fresh_identity_needed");
    assert_eq!(code(house.app.begin_codes(weak).await), "fresh_identity_needed", "nor an app beside it");
    assert_eq!(code(house.app.remove_passkey(weak, added.passkey.id).await), "fresh_identity_needed");
    let two = register(&house, &strong, &mut second, "in the safe").await.unwrap();
    assert!(two.recovery_codes.is_empty(), "there are some already");
    for bad in ["", " ", &"x".repeat(101), "a\u{7}"] {
        let renamed = house.app.rename_passkey(&strong, two.passkey.id, bad).await;
        assert_eq!(refused(renamed).fields[0].path, "name", "{bad:?}");
    }
    let renamed = house.app.rename_passkey(&strong, two.passkey.id, "in the safe in Dublin").await.unwrap();
    assert_eq!(renamed.name, "in the safe in Dublin");

    house.app.remove_passkey(&strong, added.passkey.id).await.unwrap();
    assert_eq!(house.app.factors(&strong).await.unwrap().recovery_codes_left, 10, "a key is left");
    let asked = house.app.challenge_proof(&strong, None, HERE, FROM).await.unwrap().public_key;
    assert!(key.get(&asked, ORIGIN).await.is_none(), "the one that was removed is not asked");
    house.app.remove_passkey(&strong, two.passkey.id).await.unwrap();
    assert_eq!(house.app.factors(&strong).await.unwrap().recovery_codes_left, 0, "they stood for the keys");
    let alone = house.app.sign_in("approver@example.com", PASSWORD, None, FROM).await;
    assert_eq!(alone, Ok(Admitted::Whole(strong.person)));
    assert_eq!(refused(house.app.remove_passkey(&strong, two.passkey.id).await).status, 404);
}

#[tokio::test]
async fn a_key_that_is_taken_away_between_question_and_answer_proves_nothing() {
    let (house, strong, mut key, added) = with_a_key().await;
    let admin = house.another("admin@example.com", Role::Admin, &[]).await;
    let asked = house.app.challenge_proof(&strong, None, HERE, FROM).await.unwrap().public_key;
    let answer = key.get(&asked, ORIGIN).await.unwrap();
    let app = &house.app;
    assert_eq!(
        app.passkeys_of(&admin, "approver@example.com").await.unwrap(),
        std::slice::from_ref(&added.passkey)
    );
    assert_eq!(refused(app.passkeys_of(&house.operator, "approver@example.com").await).status, 403);
    let take =
        |by: Actor, of: &'static str| async move { app.remove_passkey_of(&by, of, added.passkey.id).await };
    assert_eq!(refused(take(house.operator.clone(), "approver@example.com").await).status, 403);
    assert_eq!(code(take(admin.clone(), "admin@example.com").await), "own_rights");
    assert_eq!(refused(take(admin.clone(), "operator@example.com").await).status, 404, "it is not theirs");
    take(admin, "approver@example.com").await.unwrap();
    assert_eq!(code(prove(&house, &strong, said(answer)).await), "passkey_refused");
    let entry = &told(&house, "passkey.remove").await[0];
    assert_eq!(
        (entry.actor.as_str(), entry.subject.as_str()),
        ("admin@example.com", "person:approver@example.com")
    );
}

#[tokio::test]
async fn who_has_lost_everything_is_helped_by_an_admin_and_their_keys_go_too() {
    let (house, strong, ..) = with_a_key().await;
    has_an_app(&house, &strong, "2 days").await;
    let admin = house.another("admin@example.com", Role::Admin, &[]).await;
    house.app.remove_codes(&strong).await.unwrap();
    assert_eq!(house.app.factors(&strong).await.unwrap().recovery_codes_left, 10, "a key is left");
    house.app.reset_codes(&admin, "approver@example.com").await.unwrap();
    assert_eq!(house.app.passkeys(&strong).await.unwrap(), []);
    let alone = house.app.sign_in("approver@example.com", PASSWORD, None, FROM).await;
    assert_eq!(alone, Ok(Admitted::Whole(strong.person)));
}

#[tokio::test]
async fn a_key_breaks_the_glass_once_it_has_stood_for_a_day_and_is_still_there() {
    let house = House::new().await;
    let mut key = SoftwareKey::default();
    let added = register(&house, &house.operator, &mut key, "on my ring").await.unwrap();
    let operator = Actor { second_factor: true, passkey: Some(added.passkey.id), ..house.operator.clone() };
    let open = || OpenBreakGlass { reason: "x".into(), incident: None, minutes: None, sealed_code: None };
    // An app that is old enough does not make a key older: it was the key that was given.
    has_an_app(&house, &operator, "2 days").await;
    assert_eq!(code(house.app.open_break_glass(&operator, open()).await), "factor_too_new");
    let weak = Actor { second_factor: false, passkey: None, ..operator.clone() };
    assert_eq!(code(house.app.open_break_glass(&weak, open()).await), "fresh_identity_needed");
    let older = "UPDATE passkeys SET added_at = added_at - interval '2 days'";
    house.database.owner().await.execute(older).await.unwrap();
    let gone = Actor { passkey: Some(Uuid::now_v7()), ..operator.clone() };
    assert_eq!(
        code(house.app.open_break_glass(&gone, open()).await),
        "factor_too_new",
        "it is there no more"
    );
    house.app.open_break_glass(&operator, open()).await.unwrap();
}

#[tokio::test]
async fn asking_and_answering_are_counted_with_the_codes() {
    let (house, strong, mut key, _) = with_a_key().await;
    let ask = || house.app.challenge_proof(&strong, None, HERE, FROM);
    for _ in 0..5 {
        let asked = ask().await.unwrap().public_key;
        let wrong = key.get(&asked, "http://localhost:9999").await.unwrap();
        assert_eq!(code(prove(&house, &strong, said(wrong)).await), "passkey_refused");
    }
    let asked = ask().await.unwrap().public_key;
    let right = key.get(&asked, ORIGIN).await.unwrap();
    let shut: Problem = refused(prove(&house, &strong, said(right)).await);
    assert_eq!((shut.status, shut.code.as_str()), (429, "code_locked"), "the right one too");
    let mut asked = 6;
    let shut = loop {
        match ask().await {
            Ok(_) => asked += 1,
            Err(problem) => break problem,
        }
        assert!(asked <= 20, "it may be asked for ever");
    };
    assert_eq!((asked, shut.code.as_str()), (20, "challenge_locked"));
    assert_eq!(told(&house, "session.challenge").await[0].code.as_deref(), Some("challenge_locked"));
}

#[tokio::test]
async fn whoever_has_no_password_here_no_session_or_no_name_to_answer_to_has_no_key() {
    let (house, strong, ..) = with_a_key().await;
    let token = Actor { token_scopes: Some(Scope::ALL.to_vec()), ..strong.clone() };
    for refusal in [
        refused(house.app.passkeys(&token).await),
        refused(house.app.begin_passkey(&token, HERE).await),
        refused(house.app.challenge_proof(&token, None, HERE, FROM).await),
        refused(house.app.remove_passkey(&token, Uuid::nil()).await),
    ] {
        assert_eq!((refusal.status, refusal.code.as_str()), (403, "person_needed"));
    }
    let nameless = App::new(house.store.clone(), Settings::default());
    assert_eq!(code(nameless.begin_passkey(&strong, HERE).await), "passkeys_not_offered");
    assert!(nameless.factors(&strong).await.unwrap().passkeys_not_offered.is_some());
    let due = nameless.factors_due(strong.person).await.unwrap();
    assert!(!due.passkeys, "a key is not offered where none can be asked");
    assert_eq!(
        nameless.sign_in("approver@example.com", PASSWORD, None, FROM).await,
        Ok(Admitted::CodeDue(strong.person)),
        "and the password alone is worth nothing there either"
    );
    let forget = "UPDATE people SET password_hash = NULL WHERE email = 'approver@example.com'";
    house.database.owner().await.execute(forget).await.unwrap();
    assert_eq!(code(house.app.begin_passkey(&strong, HERE).await), "no_password");
    assert_eq!(code(house.app.challenge_proof(&strong, None, HERE, FROM).await), "no_password");
}

/// Whatever is sent in place of an answer is refused by name; nothing of it is a failure of the server's.
#[tokio::test]
async fn noise_in_place_of_an_answer_is_refused_and_never_a_failure() {
    let (house, strong, mut key, _) = with_a_key().await;
    let asked = house.app.challenge_proof(&strong, None, HERE, FROM).await.unwrap().public_key;
    let good = key.get(&asked, ORIGIN).await.unwrap();
    let mut owner = house.database.owner().await;
    owner.execute("CREATE TABLE kept AS TABLE passkey_challenges").await.unwrap();
    let mut noise = vec![Value::Null, json!([]), json!("x"), json!({ "id": {} })];
    for part in ["clientDataJSON", "authenticatorData", "signature", "userHandle"] {
        for text in ["", "AA", "!", "e30", &"A".repeat(10_000)] {
            let mut bad = good.clone();
            bad["response"][part] = json!(text);
            noise.push(bad);
        }
    }
    let letters = good["response"]["authenticatorData"].as_str().unwrap().to_owned();
    for at in 0..letters.len() {
        let mut bad = good.clone();
        let other = if letters.as_bytes()[at] == b'A' { "B" } else { "A" };
        let mut flipped = letters.clone();
        flipped.replace_range(at..=at, other);
        bad["response"]["authenticatorData"] = json!(flipped);
        noise.push(bad);
    }
    let mut refusals = 0;
    for bad in noise {
        // The handle is not part of what is signed, nor looked at: whose key it is, the server knows.
        let same = |part: &str| bad["response"][part] == good["response"][part];
        if bad["response"].is_object()
            && same("clientDataJSON")
            && same("authenticatorData")
            && same("signature")
        {
            continue;
        }
        let again = "DELETE FROM login_attempts; DELETE FROM passkey_challenges; INSERT INTO passkey_challenges TABLE kept";
        sqlx::raw_sql(again).execute(&mut owner).await.unwrap();
        let refusal = refused(prove(&house, &strong, said(bad.clone())).await);
        assert!(matches!(refusal.status, 401 | 422), "{bad}: {refusal:?}");
        refusals += 1;
    }
    assert!(refusals > 50, "{refusals}");
    let again = "DELETE FROM login_attempts; INSERT INTO passkey_challenges TABLE kept";
    sqlx::raw_sql(again).execute(&mut owner).await.unwrap();
    prove(&house, &strong, said(good)).await.unwrap();
}
