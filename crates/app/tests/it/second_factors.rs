//! Who must have a second factor, and what they may do before they have one.

use crate::house::{House, name, refused};
use holdfast_api::IfMatch;
use holdfast_api::applications::Applications;
use holdfast_api::break_glass::{BreakGlasses, MakeSealedCode, OpenBreakGlass};
use holdfast_api::people::{AddPerson, ChangePerson, People};
use holdfast_api::proofs::Proofs;
use holdfast_api::runs::{Decision, ReviewRun, Runs};
use holdfast_app::sealing::Sealing;
use holdfast_app::{App, RelyingParty, Settings};
use holdfast_domain::{Actor, Due, HeldRole, PersonId, Role};
use jiff::Timestamp;

const PASSWORD: &str = "a long enough password";
const FROM: &str = "198.51.100.1";

/// The same house where these roles ask for a second factor.
fn asking(house: &House, roles: &[Role]) -> App {
    let sealing = Sealing::parse(&Sealing::new_key().unwrap()).unwrap();
    let settings = Settings {
        sealing: Some(sealing),
        passkeys: RelyingParty::at("http://localhost:8080"),
        second_factor_for: roles.to_vec(),
        ..Settings::default()
    };
    App::new(house.store.clone(), settings)
}

/// As the door finds them at a request.
async fn finds(app: &App, person: PersonId) -> Actor {
    app.actor_of_session(person, Some(Timestamp::now())).await.unwrap()
}

async fn somebody(app: &App, email: &str, held: Vec<HeldRole>) -> PersonId {
    let made = app.put_person(email.into(), held, vec![], PASSWORD.into()).await.unwrap();
    PersonId(made.id.parse().unwrap())
}

/// Sets an authenticator app up.
async fn sets_one_up(app: &App, house: &House, who: &Actor) {
    let shown = app.begin_codes(who).await.unwrap();
    let secret = totp_rs::Secret::try_from_base32(&shown.secret).unwrap();
    let phone = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    let at = u64::try_from(house.store.now().await.unwrap().as_second()).unwrap();
    app.confirm_codes(who, &phone.generate(at).to_string(), FROM).await.unwrap();
}

#[tokio::test]
async fn whoever_holds_a_role_that_asks_for_one_has_to_set_one_up_and_nobody_else_has() {
    let house = House::new().await;
    for asked in Role::ALL {
        let app = asking(&house, &[asked]);
        for role in Role::ALL {
            for held in [HeldRole::from(role), format!("{}:team=payments", role.as_str()).parse().unwrap()] {
                let person = somebody(&app, "x@example.com", vec![held.clone()]).await;
                let due = finds(&app, person).await.due;
                assert_eq!(
                    due,
                    (role == asked).then_some(Due::SecondFactor),
                    "{held}, where {asked:?} is asked"
                );
            }
        }
    }
    assert_eq!(finds(&house.app, house.approver.person).await.due, None, "where nothing is asked");
}

#[tokio::test]
async fn until_it_is_set_up_an_approver_approves_nothing_and_needs_nobody_for_it() {
    let house = House::new().await;
    let app = asking(&house, &Role::ALL);
    let plane = app.clone().accountable();
    let who = finds(&app, house.approver.person).await;
    let review = ReviewRun { decision: Decision::Approve, plan_digest: "x".into(), comment: None };
    let no = refused(plane.review_run(&who, holdfast_testkit::run_id(), review).await);
    assert_eq!((no.status, no.code.as_str(), no.written_down), (403, "second_factor_due", true));
    assert!(no.way_out.contains("/me") && no.way_out.contains("Nobody else"), "{no:?}");
    sets_one_up(&app, &house, &who).await;
    let who = finds(&app, house.approver.person).await;
    assert_eq!(who.due, None);
    app.application(&who, &name("shop")).await.unwrap();
}

#[tokio::test]
async fn a_role_that_is_given_and_a_factor_that_is_taken_away_are_felt_at_the_next_request() {
    let house = House::new().await;
    let app = asking(&house, &[Role::Operator, Role::Approver, Role::Admin]);
    let admin = somebody(&app, "admin@example.com", vec![Role::Admin.into()]).await;
    sets_one_up(&app, &house, &finds(&app, admin).await).await;
    let admin = finds(&app, admin).await;
    let person = somebody(&app, "x@example.com", vec![Role::Viewer.into()]).await;
    assert_eq!(finds(&app, person).await.due, None);
    let more = ChangePerson {
        roles: Some(vec![Role::Viewer.into(), Role::Operator.into()]),
        ..ChangePerson::default()
    };
    app.change_person(&admin, "x@example.com", more, &IfMatch::Unconditional).await.unwrap();
    let who = finds(&app, person).await;
    assert_eq!(who.due, Some(Due::SecondFactor), "in the session that they have open");
    sets_one_up(&app, &house, &who).await;
    assert_eq!(finds(&app, person).await.due, None);
    app.reset_codes(&admin, "x@example.com").await.unwrap();
    assert_eq!(finds(&app, person).await.due, Some(Due::SecondFactor));
}

#[tokio::test]
async fn a_password_of_ones_own_comes_first_and_whom_a_provider_vouches_for_is_asked_there() {
    let house = House::new().await;
    let app = asking(&house, &[Role::Operator]);
    let admin = house.another("admin@example.com", Role::Admin, &[]).await;
    let add = |email: &str, password: Option<&str>| AddPerson {
        email: email.into(),
        roles: vec![Role::Operator.into()],
        groups: vec![],
        password: password.map(Into::into),
    };
    let given = app.add_person(&admin, add("given@example.com", Some(PASSWORD))).await.unwrap();
    assert_eq!(finds(&app, given.id.parse().unwrap()).await.due, Some(Due::OwnPassword));
    let by_provider = app.add_person(&admin, add("olivia@example.com", None)).await.unwrap();
    assert_eq!(finds(&app, by_provider.id.parse().unwrap()).await.due, None);
}

#[tokio::test]
async fn in_an_incident_an_operator_without_one_sets_it_up_and_breaks_the_glass_with_a_sealed_code() {
    let house = House::new().await;
    let app = asking(&house, &Role::ALL);
    let admin = house.another("admin@example.com", Role::Admin, &[]).await;
    let make = MakeSealedCode { kept_at: "the safe".into() };
    let code = house.app.make_sealed_code(&admin, make).await.unwrap().code;
    let open = |code: &str| OpenBreakGlass {
        reason: "the Region burns".into(),
        incident: None,
        minutes: None,
        sealed_code: Some(code.into()),
    };
    let who = finds(&app, house.operator.person).await;
    assert_eq!(refused(app.open_break_glass(&who, open(&code)).await).code, "second_factor_due");
    sets_one_up(&app, &house, &who).await;
    app.open_break_glass(&finds(&app, house.operator.person).await, open(&code)).await.unwrap();
}
