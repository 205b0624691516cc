//! The second factor: set up, asked for, used once, lost, taken away.

use crate::house::{House, refused};
use holdfast_api::audit::{AuditFilter, Audits};
use holdfast_api::people::People;
use holdfast_api::proofs::{Admitted, Proof, Proofs};
use holdfast_domain::{Actor, Role};
use sqlx::Row as _;
use totp_rs::{Builder, Secret, Totp};

const PASSWORD: &str = "a long enough password";
const FROM: &str = "198.51.100.1";

/// An authenticator app.
struct Phone {
    totp: Totp,
    recovery_codes: Vec<String>,
}

impl Phone {
    /// Set up with the code of the step before this one, so that this one's and the next are left to use.
    async fn set_up(house: &House, actor: &Actor) -> Self {
        let shown = house.app.begin_codes(actor).await.unwrap();
        assert!(shown.uri.contains(&shown.secret), "{}", shown.uri);
        let totp =
            Builder::new().with_secret(Secret::try_from_base32(&shown.secret).unwrap()).build().unwrap();
        let mut phone = Self { totp, recovery_codes: Vec::new() };
        let code = phone.code(house, -30).await;
        phone.recovery_codes = house.app.confirm_codes(actor, &code, FROM).await.unwrap().recovery_codes;
        phone
    }

    async fn code(&self, house: &House, seconds_from_now: i64) -> String {
        let at = house.store.now().await.unwrap().as_second() + seconds_from_now;
        self.totp.generate(u64::try_from(at).unwrap()).to_string()
    }

    /// A code that is none of those taken now.
    async fn wrong(&self, house: &House) -> String {
        let mut good = Vec::new();
        for step in -2..=2 {
            good.push(self.code(house, step * 30).await);
        }
        (0..).map(|n| format!("{n:06}")).find(|code| !good.contains(code)).unwrap()
    }
}

async fn sign_in(house: &House, code: Option<&str>, from: &str) -> Result<Admitted, String> {
    house.app.sign_in("approver@example.com", PASSWORD, code, from).await.map_err(|problem| problem.code)
}

#[tokio::test]
async fn once_it_is_set_up_a_code_is_asked_for_beside_the_password_and_works_once() {
    let house = House::new().await;
    let person = house.approver.person;
    assert_eq!(sign_in(&house, None, FROM).await, Ok(Admitted::Whole(person)));
    let phone = Phone::set_up(&house, &house.approver).await;
    assert_eq!(sign_in(&house, None, FROM).await, Ok(Admitted::CodeDue(person)));
    let code = phone.code(&house, 0).await;
    assert_eq!(sign_in(&house, Some(&code), FROM).await, Ok(Admitted::WithCode(person)));
    assert_eq!(sign_in(&house, Some(&code), FROM).await, Err("code_refused".into()), "used");
    let older = phone.code(&house, -30).await;
    assert_eq!(
        sign_in(&house, Some(&older), FROM).await,
        Err("code_refused".into()),
        "older than one that was used"
    );
    let next = phone.code(&house, 30).await;
    assert_eq!(
        sign_in(&house, Some(&next), FROM).await,
        Ok(Admitted::WithCode(person)),
        "a clock that is ahead"
    );
    let wrong = house.app.sign_in("approver@example.com", "wrong", Some("000000"), FROM).await;
    assert_eq!(refused(wrong).code, "sign_in_refused", "of a wrong password nothing more is told");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_sent_many_times_at_once_signs_in_once() {
    let house = House::new().await;
    let phone = Phone::set_up(&house, &house.approver).await;
    for code in [phone.code(&house, 0).await, phone.recovery_codes[0].clone()] {
        let mut all = tokio::task::JoinSet::new();
        for n in 0..5 {
            let (app, person, code) = (house.app.clone(), house.approver.person, code.clone());
            all.spawn(async move { app.finish_sign_in(person, &code, &format!("192.0.2.{n}")).await });
        }
        let answers = all.join_all().await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    }
}

#[tokio::test]
async fn guessing_codes_is_stopped_after_five_from_one_place_and_ten_from_everywhere() {
    let house = House::new().await;
    let phone = Phone::set_up(&house, &house.approver).await;
    let wrong = phone.wrong(&house).await;
    for _ in 0..5 {
        assert_eq!(sign_in(&house, Some(&wrong), FROM).await, Err("code_refused".into()));
        // The password goes on to be right from elsewhere, and opens nothing here.
    }
    let right = phone.code(&house, 0).await;
    let by_code = |code: String, from: &'static str| {
        let (app, person) = (house.app.clone(), house.approver.person);
        async move { app.finish_sign_in(person, &code, from).await.map_err(|problem| problem.code) }
    };
    assert_eq!(by_code(right.clone(), FROM).await, Err("code_locked".into()), "the right one too");
    for n in ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5"] {
        assert_eq!(by_code(wrong.clone(), n).await, Err("code_refused".into()));
    }
    for n in ["192.0.2.6", "192.0.2.7"] {
        assert_eq!(by_code(right.clone(), n).await, Err("code_locked".into()), "from everywhere");
    }
    assert_eq!(
        sign_in(&house, None, "192.0.2.8").await,
        Ok(Admitted::CodeDue(house.approver.person)),
        "the first door stays as it was"
    );
    let filter = AuditFilter { action: Some("session.code".into()), ..AuditFilter::default() };
    let told = house.app.audit(&house.operator, &filter).await.unwrap().items;
    assert!(
        !told.is_empty() && told.iter().all(|entry| entry.code.as_deref() == Some("code_locked")),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_code_to_recover_with_works_once_however_it_is_written_and_not_after_new_ones_are_made() {
    let house = House::new().await;
    let phone = Phone::set_up(&house, &house.approver).await;
    let person = house.approver.person;
    assert_eq!(phone.recovery_codes.len(), 10);
    let typed = phone.recovery_codes[0].to_uppercase().replace('-', " ");
    assert_eq!(sign_in(&house, Some(&typed), FROM).await, Ok(Admitted::WithCode(person)));
    assert_eq!(sign_in(&house, Some(&typed), FROM).await, Err("code_refused".into()));
    assert_eq!(house.app.factors(&house.approver).await.unwrap().recovery_codes_left, 9);
    let new = house
        .app
        .new_recovery_codes(&Actor { second_factor: true, ..house.approver.clone() })
        .await
        .unwrap()
        .recovery_codes;
    assert_eq!(sign_in(&house, Some(&phone.recovery_codes[1]), FROM).await, Err("code_refused".into()));
    assert_eq!(sign_in(&house, Some(&new[0]), FROM).await, Ok(Admitted::WithCode(person)));
    // Another's codes are not one's own.
    let others = Phone::set_up(&house, &house.operator).await;
    assert_eq!(sign_in(&house, Some(&others.recovery_codes[0]), FROM).await, Err("code_refused".into()));
}

#[tokio::test]
async fn who_has_both_proves_both() {
    let house = House::new().await;
    let prove = |password: Option<&str>, code: Option<&str>| {
        let proof =
            Proof { password: password.map(Into::into), code: code.map(Into::into), ..Proof::default() };
        let (app, actor) = (house.app.clone(), house.approver.clone());
        async move {
            let proved = app.prove(&actor, proof, FROM).await;
            proved.map(|proved| proved.second_factor).map_err(|problem| problem.code)
        }
    };
    assert_eq!(prove(Some(PASSWORD), None).await, Ok(false), "there is no second factor yet");
    assert_eq!(prove(Some("wrong"), None).await, Err("sign_in_refused".into()));
    assert_eq!(prove(None, None).await, Err("proof_incomplete".into()));
    let phone = Phone::set_up(&house, &house.approver).await;
    let code = phone.code(&house, 0).await;
    assert_eq!(prove(Some(PASSWORD), None).await, Err("proof_incomplete".into()));
    assert_eq!(prove(None, Some(&code)).await, Err("proof_incomplete".into()));
    assert_eq!(prove(Some("wrong"), Some(&code)).await, Err("sign_in_refused".into()));
    assert_eq!(prove(Some(PASSWORD), Some(&code)).await, Ok(true), "a refused try has not used the code up");
    assert_eq!(prove(Some(PASSWORD), Some(&code)).await, Err("code_refused".into()));
    let token = Actor { token_scopes: Some(vec![]), ..house.approver.clone() };
    let by_token = house.app.prove(&token, Proof::default(), FROM).await;
    assert_eq!(refused(by_token).code, "person_needed");
}

#[tokio::test]
async fn neither_the_table_nor_the_log_holds_what_would_make_a_code() {
    let house = House::new().await;
    let shown = house.app.begin_codes(&house.approver).await.unwrap();
    let secret = Secret::try_from_base32(&shown.secret).unwrap();
    let mut owner = house.database.owner().await;
    let row = sqlx::query("SELECT sealed_secret FROM totp_factors").fetch_one(&mut owner).await.unwrap();
    let sealed: Vec<u8> = row.get(0);
    assert!(!sealed.windows(8).any(|window| secret.as_bytes().windows(8).any(|part| part == window)));
    let plain =
        sqlx::query("UPDATE totp_factors SET sealed_secret = $1").bind(secret.as_bytes()).execute(&mut owner);
    assert!(plain.await.is_err(), "a secret as it is fits into no row");
    let phone = Phone::set_up(&house, &house.operator).await;
    let entries = house.app.audit(&house.operator, &AuditFilter::default()).await.unwrap().items;
    let log = serde_json::to_string(&entries).unwrap();
    assert!(log.contains("factor.begin") && log.contains("factor.add"), "{log}");
    for secret in phone.recovery_codes.iter().chain([&shown.secret]) {
        assert!(!log.contains(secret.as_str()), "{log}");
    }
    // Put into another's row by whoever may write there, it opens nothing.
    sqlx::query("UPDATE totp_factors t SET sealed_secret = o.sealed_secret FROM totp_factors o WHERE t.person <> o.person")
        .execute(&mut owner)
        .await
        .unwrap();
    let code = phone.code(&house, 0).await;
    let stolen = house.app.finish_sign_in(house.operator.person, &code, FROM).await;
    assert_eq!(refused(stolen).code, "factor_unreadable");
}

#[tokio::test]
async fn what_is_begun_proves_nothing_until_a_code_confirms_it() {
    let house = House::new().await;
    let first = house.app.begin_codes(&house.approver).await.unwrap();
    let second = house.app.begin_codes(&house.approver).await.unwrap();
    assert_ne!(first.secret, second.secret, "a secret is shown once");
    assert_eq!(sign_in(&house, None, FROM).await, Ok(Admitted::Whole(house.approver.person)));
    let phone = |secret: &str| {
        let totp = Builder::new().with_secret(Secret::try_from_base32(secret).unwrap()).build().unwrap();
        Phone { totp, recovery_codes: Vec::new() }
    };
    let old = phone(&first.secret).code(&house, 0).await;
    assert_eq!(refused(house.app.confirm_codes(&house.approver, &old, FROM).await).code, "code_refused");
    sqlx::query("UPDATE totp_factors SET begun_at = begun_at - interval '16 minutes'")
        .execute(&mut house.database.owner().await)
        .await
        .unwrap();
    let late = phone(&second.secret).code(&house, 0).await;
    assert_eq!(refused(house.app.confirm_codes(&house.approver, &late, FROM).await).code, "nothing_begun");
    Phone::set_up(&house, &house.approver).await;
    assert_eq!(refused(house.app.begin_codes(&house.approver).await).code, "already_there");
}

#[tokio::test]
async fn who_has_lost_it_is_helped_by_another_admin_and_by_the_machines_own() {
    let house = House::new().await;
    let admin = house.another("admin@example.com", Role::Admin, &[]).await;
    Phone::set_up(&house, &admin).await;
    Phone::set_up(&house, &house.approver).await;
    assert_eq!(refused(house.app.reset_codes(&admin, &admin.email).await).code, "own_rights");
    assert_eq!(
        refused(house.app.reset_codes(&house.operator, &house.approver.email).await).code,
        "forbidden"
    );
    house.app.reset_codes(&admin, &house.approver.email).await.unwrap();
    assert_eq!(sign_in(&house, None, FROM).await, Ok(Admitted::Whole(house.approver.person)));
    assert_eq!(house.app.factors(&house.approver).await.unwrap().recovery_codes_left, 0);
    house.app.reset_second_factor("admin@example.com").await.unwrap();
    house.app.remove_codes(&admin).await.unwrap_err();
    assert_eq!(house.app.factors(&admin).await.unwrap().codes_since, None);
}
