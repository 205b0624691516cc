//! A password that somebody else chose: good for choosing one's own, and for three days.

use crate::house::{House, refused};
use holdfast_api::IfMatch;
use holdfast_api::audit::{AuditFilter, Audits};
use holdfast_api::passwords::{ChangePassword, Passwords};
use holdfast_api::people::{AddPerson, ChangePerson, People};
use holdfast_api::proofs::{Admitted, Proof, Proofs};
use holdfast_api::runs::{RunFilter, Runs};
use holdfast_api::sessions::Sessions;
use holdfast_domain::{Actor, Due, Role};

const EMAIL: &str = "night@example.com";
const GIVEN: &str = "a long enough password";
const OWN: &str = "another long password";
const FROM: &str = "198.51.100.1";

/// The admin who gives it, in a house where somebody was made with it.
async fn given() -> (House, Actor) {
    let house = House::new().await;
    let admin = house.another("admin@example.com", Role::Admin, &[]).await;
    let new = AddPerson {
        email: EMAIL.into(),
        roles: vec![Role::Operator.into()],
        groups: vec![],
        password: Some(GIVEN.into()),
    };
    let made = house.app.add_person(&admin, new).await.unwrap();
    assert!(made.temporary_password_until.is_some());
    (house, admin)
}

/// As the door finds them at the next request.
async fn signs_in(house: &House, password: &str) -> Result<Actor, String> {
    let admitted = house.app.sign_in(EMAIL, password, None, FROM).await.map_err(|problem| problem.code)?;
    let Admitted::Whole(person) = admitted else { panic!("{admitted:?}") };
    Ok(house.app.actor_of_session(person, Some(house.store.now().await.unwrap())).await.unwrap())
}

async fn chooses(house: &House, who: &Actor, present: &str, new: &str) -> Result<u64, String> {
    let change = ChangePassword { present: present.into(), new: new.into() };
    house.app.change_password(who, change, None, FROM).await.map_err(|problem| problem.code)
}

async fn three_days_pass(house: &House) {
    sqlx::query(
        "UPDATE people SET password_temporary_until = password_temporary_until - interval '72 hours'",
    )
    .execute(&mut house.database.owner().await)
    .await
    .unwrap();
}

#[tokio::test]
async fn what_an_admin_chose_is_good_for_choosing_ones_own_and_for_nothing_else() {
    let (house, admin) = given().await;
    // Given anew it is as the first one.
    for _ in 0..2 {
        let who = signs_in(&house, GIVEN).await.unwrap();
        assert_eq!(who.due, Some(Due::OwnPassword));
        let plane = house.app.clone().accountable();
        let no = refused(plane.runs(&who, &RunFilter::default()).await);
        assert_eq!((no.status, no.code.as_str(), no.written_down), (403, "own_password_due", true));
        assert!(no.way_out.contains("/me") && no.way_out.contains("holdfast password"), "{no:?}");
        assert_eq!(refused(plane.begin_codes(&who).await).code, "own_password_due");
        assert_eq!(refused(plane.end_sessions(&who, None).await).code, "own_password_due");
        let proof = Proof { password: Some(GIVEN.into()), ..Proof::default() };
        assert!(plane.prove(&who, proof, FROM).await.is_ok(), "a proof may be asked for on the way");
        assert_eq!(
            chooses(&house, &who, GIVEN, GIVEN).await,
            Err("invalid".into()),
            "it is no choice of theirs"
        );
        assert_eq!(chooses(&house, &who, GIVEN, OWN).await, Ok(0));
        assert_eq!(signs_in(&house, OWN).await.unwrap().due, None);
        let view = house.app.person(&admin, EMAIL).await.unwrap();
        assert_eq!(view.temporary_password_until, None);
        assert!(house.app.runs(&signs_in(&house, OWN).await.unwrap(), &RunFilter::default()).await.is_ok());
        let anew = ChangePerson { password: Some(GIVEN.into()), ..ChangePerson::default() };
        house.app.change_person(&admin, EMAIL, anew, &IfMatch::Unconditional).await.unwrap();
    }
}

#[tokio::test]
async fn after_three_days_it_lets_nobody_in_and_says_who_gives_another() {
    let (house, admin) = given().await;
    let who = signs_in(&house, GIVEN).await.unwrap();
    three_days_pass(&house).await;
    let no = refused(house.app.sign_in(EMAIL, GIVEN, None, FROM).await);
    assert_eq!((no.status, no.code.as_str()), (403, "password_expired"));
    assert!(no.detail.contains("72 hours") && no.way_out.contains("administrator"), "{no:?}");
    assert_eq!(
        signs_in(&house, "wrong").await.unwrap_err(),
        "sign_in_refused",
        "of a wrong one nothing is told"
    );
    let late = chooses(&house, &who, GIVEN, OWN).await;
    assert_eq!(
        late,
        Err("password_expired".into()),
        "whoever was in time to sign in is not in time to choose"
    );
    let filter = AuditFilter {
        action: Some("session.sign_in".into()),
        outcome: Some("refused".into()),
        ..AuditFilter::default()
    };
    let told = house.app.audit(&admin, &filter).await.unwrap().items;
    assert_eq!(told.len(), 1, "once within the window: {told:?}");
    assert_eq!(
        (told[0].code.as_deref(), told[0].subject.as_str()),
        (Some("password_expired"), "person:night@example.com")
    );
    let anew = ChangePerson { password: Some(GIVEN.into()), ..ChangePerson::default() };
    house.app.change_person(&admin, EMAIL, anew, &IfMatch::Unconditional).await.unwrap();
    assert_eq!(signs_in(&house, GIVEN).await.unwrap().due, Some(Due::OwnPassword));
}

#[tokio::test]
async fn what_is_chosen_at_the_machine_stays() {
    let (house, _) = given().await;
    house.app.put_person(EMAIL.into(), vec![Role::Admin.into()], vec![], GIVEN.into()).await.unwrap();
    assert_eq!(signs_in(&house, GIVEN).await.unwrap().due, None);
}
