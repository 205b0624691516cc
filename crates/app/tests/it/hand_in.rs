//! Journals that holders of codes hand in: each is believed in its holder's own name, and in no other's.

use crate::break_glass::has_an_app;
use crate::house::{AWAY, FAR, HOME, House, refused};
use holdfast_api::bundles::{Bundles, HandInJournal};
use holdfast_audit::SigningKey;
use holdfast_domain::{Actor, BreakGlassId, Role, RunId};
use holdfast_failover::break_glass::UnderBreakGlass;
use holdfast_failover::run::{Entry, Event, Run, Who};
use holdfast_offline::bundle::{Asked, Bundle, Open};
use holdfast_offline::journal::{Begun, Line, Opening, begin};
use jiff::Timestamp;
use uuid::Uuid;

/// A bundle with a plan of `shop`, as the operator and an administrator have opened it.
async fn opened() -> (House, Open, Open) {
    let house = House::new().await;
    house.sees_services("shop", &[HOME, AWAY, FAR]).await;
    house.app.look_after_plans(20).await.unwrap();
    let admin = house.another("admin2@example.com", Role::Admin, &[]).await;
    let mut codes = Vec::new();
    for person in [&house.operator, &admin] {
        let person = Actor { second_factor: true, ..person.clone() };
        has_an_app(&house, &person, "2 days").await;
        codes.push(house.app.make_offline_code(&person).await.unwrap().code);
    }
    let key = SigningKey::of("holdfast-audit-x", &[1; 32]).unwrap();
    let known = sqlx::query("INSERT INTO audit_keys (public_key, from_size) VALUES ($1, 0)");
    let known = known.bind(key.public().to_string());
    known.execute(&mut house.database.owner().await).await.unwrap();
    let draft = house.app.bundle_draft().await.unwrap().unwrap();
    let text = draft.sign(Uuid::now_v7(), Timestamp::now(), "test", &key).unwrap();
    let bundle = Bundle::read(&text, &[key.public()]).unwrap();
    let (operator, admin) = (bundle.open(&codes[0]).unwrap(), bundle.open(&codes[1]).unwrap());
    (house, operator, admin)
}

/// A run that was cancelled at once: written by whoever opened it, who says that it was opened with this code and is `by`.
fn journal(open: &Open, code: Uuid, opened_by: &Who, by: &Who) -> HandInJournal {
    let of = open.application("shop").unwrap();
    let mut plan = of.plans[0].clone();
    plan.refused = None;
    let overrides = plan.to_override.iter().map(|one| one.guard.clone()).collect();
    let reason = "our Region is lost".to_owned();
    let asked = Asked { by: by.clone(), reason: reason.clone(), incident: None, overrides };
    let request = plan.request(&of.application, open, asked).unwrap();
    let (run, glass, now) = (RunId::fresh(), BreakGlassId::fresh(), Timestamp::now());
    let offline = Some(open.head.id);
    let under = UnderBreakGlass { id: glass, by: by.clone(), reason: reason.clone(), until: now, offline };
    let mut events = Run::request_under(request, under).unwrap();
    events.push(Event::Cancelled { by: by.clone(), reason: reason.clone() });
    let entries = (1..).zip(events).map(|(seq, event)| Entry { seq, at: now, event }).collect();
    let (begun, mut writer) = begin(open, run, glass);
    let (version, host) = ("test".to_owned(), "laptop".to_owned());
    let opening = Opening { by: opened_by.clone(), code, at: now, reason, version, host };
    let lines = [Line::Begun(Begun { code, ..begun }), Line::Opened(opening), Line::Entries(entries)];
    HandInJournal { journal: lines.iter().map(|line| writer.line(line).unwrap()).collect() }
}

#[tokio::test]
async fn a_holder_hands_in_what_is_their_own_and_nothing_in_the_name_of_another() {
    let (house, operator, admin) = opened().await;
    let hand_in = async |journal| house.app.hand_in_journal(&house.operator, journal).await;
    let (victim, forger) = (&operator.by, &admin.by);
    // Whose id it is that decides who may review it.
    let mixed = Who { id: victim.person.id, email: forger.person.email.clone() };
    for (code, opened_by, by) in [
        (victim.code, &victim.person, &victim.person),
        (forger.code, &victim.person, &victim.person),
        (forger.code, &forger.person, &victim.person),
        (forger.code, &forger.person, &mixed),
        (forger.code, &mixed, &mixed),
    ] {
        let refused = refused(hand_in(journal(&admin, code, opened_by, by)).await);
        assert_eq!((refused.status, refused.code.as_str()), (422, "journal_tampered"), "{code} {by:?}");
    }
    let due = "SELECT count(*) FROM break_glasses";
    let count = async || {
        let count = sqlx::query_scalar::<_, i64>(due);
        count.fetch_one(&mut house.database.owner().await).await.unwrap()
    };
    assert_eq!(count().await, 0, "nothing of them is written");
    let own = journal(&admin, forger.code, &forger.person, &forger.person);
    assert_eq!(hand_in(own).await.unwrap().entries, 4);
    assert_eq!(count().await, 1);
}
