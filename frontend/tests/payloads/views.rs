//! Every view with what a browser would run in each of its texts, on each page that shows it.

use super::each_stays_text;
use crate::fixtures;
use holdfast_frontend::pages;
use holdfast_frontend::screen::Flash;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub const PAYLOAD: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&";

/// Puts the payload into every text of the view that bears it, one text at a time kept only if the view still
/// reads: ids and enumerations refuse it and stay.
fn poisoned<T: Serialize + DeserializeOwned>(view: &T) -> (T, usize) {
    let mut whole = serde_json::to_value(view).unwrap();
    let mut paths = Vec::new();
    collect(&whole, &mut Vec::new(), &mut paths);
    let mut count = 0;
    for path in paths {
        let before = whole.clone();
        if let Some(place) = path.iter().try_fold(&mut whole, |at, key| match key {
            Key::Name(name) => at.get_mut(name),
            Key::Index(index) => at.get_mut(*index),
        }) {
            *place = Value::String(PAYLOAD.into());
        }
        if serde_json::from_value::<T>(whole.clone()).is_ok() {
            count += 1;
        } else {
            whole = before;
        }
    }
    (serde_json::from_value(whole).unwrap(), count)
}

#[derive(Clone)]
pub enum Key {
    Name(String),
    Index(usize),
}

pub fn collect(value: &Value, at: &mut Vec<Key>, found: &mut Vec<Vec<Key>>) {
    match value {
        Value::String(_) => found.push(at.clone()),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                at.push(Key::Index(index));
                collect(item, at, found);
                at.pop();
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                at.push(Key::Name(name.clone()));
                collect(field, at, found);
                at.pop();
            }
        }
        _ => {}
    }
}

pub fn assert_harmless(page: &str, html: &str) {
    assert!(!html.contains("<script>alert"), "{page} runs the payload");
    assert!(!html.contains("<img src=x"), "{page} takes the payload's element");
    assert!(!html.contains("\"'><"), "{page} lets the payload out of an attribute");
    assert!(
        html.contains("&lt;script&gt;") || html.contains("&lt;script>"),
        "{page} does not show the payload at all"
    );
}

macro_rules! bears {
    ($($name:ident: $view:expr => $page:expr;)*) => {$(
        #[test]
        fn $name() {
            let (view, texts) = poisoned(&$view);
            assert!(texts > 3, "only {texts} texts could be poisoned");
            let show = |view| fixtures::show("/", ($page)(view));
            assert_harmless(stringify!($name), &show(view));
            each_stays_text(stringify!($name), &$view, show);
        }
    )*};
}

bears! {
    a_payload_in_every_text_of_now_stays_text: fixtures::world::now_view() => pages::now::page;
    a_payload_in_every_text_of_applications_stays_text: fixtures::applications::page() => |v| pages::applications::page(v, Default::default());
    a_payload_in_every_text_of_an_application_stays_text: fixtures::applications::application() => pages::application::page;
    a_payload_in_every_text_of_an_unseen_application_stays_text: fixtures::applications::application_unknown() => pages::application::page;
    a_payload_in_every_text_of_a_review_stays_text: fixtures::requests::preview_emergency() => |v| pages::review::page(v, PAYLOAD.into());
    a_payload_in_every_text_of_a_waiting_run_stays_text: fixtures::runs::awaiting() => |v| pages::run::page(v, vec![], fixtures::signed());
    a_payload_in_every_text_of_a_parked_run_stays_text: fixtures::runs::parked() => |v| pages::run::page(v, vec![], fixtures::signed());
    a_payload_in_every_text_of_an_escalation_stays_text: fixtures::escalations::escalation() => |v| pages::escalate::page(v, fixtures::signed());
    a_payload_in_every_text_of_an_escalated_run_stays_text: fixtures::escalations::escalated() => |v| pages::run::page(v, vec![], fixtures::signed());
    a_payload_in_every_text_of_an_abort_stays_text: fixtures::aborts::abort() => |v| pages::abort::page(v, fixtures::signed());
    a_payload_in_every_text_of_a_run_that_is_taken_back_stays_text: fixtures::aborts::undoing() => |v| pages::run::page(v, vec![], fixtures::signed());
    a_payload_in_every_text_of_a_run_among_others_stays_text: fixtures::runs::among_others() => |v| pages::run::page(v, vec![], fixtures::signed());
    a_payload_in_every_text_of_a_run_set_aside_stays_text: fixtures::runs::unreadable() => |v| pages::run::page(v, vec![], fixtures::signed());
    a_payload_in_every_text_of_a_run_whose_journal_went_back_stays_text: fixtures::runs::rewound() => |v| pages::run::page(v, vec![], fixtures::signed());
    a_payload_in_every_text_of_an_ended_run_stays_text: fixtures::runs::exceptions() => |v| pages::run::page(v, vec![], fixtures::signed());
    a_payload_in_every_text_of_the_events_stays_text: fixtures::journals::events(22) => |v| pages::run::page(fixtures::runs::live(), v, fixtures::signed());
    a_payload_in_every_text_of_the_runs_stays_text: fixtures::requests::page() => |v| pages::runs::page(v, Default::default());
    a_payload_in_every_text_of_the_approvals_stays_text: fixtures::requests::waiting() => |v| pages::approvals::page(v, vec![]);
    a_payload_in_every_text_of_the_evacuations_to_approve_stays_text: fixtures::lots::page().items => |v| pages::approvals::page(vec![], v);
    a_payload_in_every_text_of_an_evacuations_preview_stays_text: fixtures::lots::preview_emergency() => |v| pages::evacuate::page(v, PAYLOAD.into());
    a_payload_in_every_text_of_a_waiting_evacuation_stays_text: fixtures::lots::awaiting() => |v| pages::evacuation::page(v, fixtures::signed());
    a_payload_in_every_text_of_a_stopped_evacuation_stays_text: fixtures::lots::stopped() => |v| pages::evacuation::page(v, fixtures::signed());
    a_payload_in_every_text_of_an_evacuation_to_commit_stays_text: fixtures::lots::to_commit() => |v| pages::evacuation::page(v, fixtures::signed());
    a_payload_in_every_text_of_an_ended_evacuation_stays_text: fixtures::lots::ended() => |v| pages::evacuation::page(v, fixtures::signed());
    a_payload_in_every_text_of_the_evacuations_stays_text: fixtures::lots::page() => pages::evacuation::list;
    a_payload_in_every_text_of_the_accounts_stays_text: fixtures::settings::accounts() => |v| pages::accounts::page(v, vec![]);
    a_payload_in_every_text_of_the_discovered_accounts_stays_text: fixtures::settings::discovered() => |v| pages::accounts::page(vec![], v);
    a_payload_in_every_text_of_the_kept_plans_stays_text: fixtures::plans::failed() => |v| pages::plans::page(fixtures::plans::seen_by_an_operator(v));
    a_payload_in_every_text_of_a_plans_version_stays_text: fixtures::plans::version() => pages::plan::page;
    a_payload_in_every_text_of_a_plans_diff_stays_text: fixtures::plans::diff() => pages::plan::diff_page;
    a_payload_in_every_text_of_the_regions_stays_text: fixtures::world::regions() => |v| pages::regions::page(v, true);
    a_payload_in_every_text_of_a_region_stays_text: fixtures::world::regions().regions.remove(0) => |v| pages::regions::one(v, true);
    a_payload_in_every_text_of_compliance_stays_text: fixtures::evidence::compliance() => pages::compliance::page;
    a_payload_in_every_text_of_the_people_stays_text: fixtures::settings::people() => |v| pages::people::page(v, fixtures::settings::groups(), PAYLOAD.into());
    a_payload_in_every_text_of_the_groups_stays_text: fixtures::settings::groups() => |v| pages::people::page(fixtures::settings::people(), v, PAYLOAD.into());
    a_payload_in_every_text_of_the_policies_stays_text: fixtures::settings::policies() => |v| pages::policies::page(v, true);
    a_payload_in_every_text_of_the_tokens_stays_text: fixtures::settings::tokens() => |v| pages::tokens::page(v, None);
    a_payload_in_every_text_of_ones_own_sessions_stays_text: fixtures::settings::sessions() => |v| pages::me::page(fixtures::settings::factors(true), vec![], v);
    a_payload_in_every_text_of_ones_own_keys_stays_text: fixtures::settings::passkeys() => |v| pages::me::page(fixtures::settings::factors_with_keys(), v, vec![]);
    a_payload_in_every_text_of_somebodys_keys_stays_text: fixtures::settings::passkeys() => |v| pages::passkeys::of_somebody(fixtures::settings::people().remove(0), v, false);
    a_payload_in_every_text_of_ones_own_channels_stays_text: fixtures::settings::channels() => |v| pages::channels::page(v, None);
    a_payload_in_every_text_of_who_was_told_of_a_run_stays_text: fixtures::settings::told() => |v| pages::run::page_with(fixtures::runs::awaiting(), vec![], v, vec![], fixtures::signed());
    a_payload_in_every_text_of_who_is_on_call_stays_text: fixtures::settings::on_call() => |v| pages::on_call::page(v, fixtures::signed());
    a_payload_in_every_text_of_who_was_told_of_an_evacuation_stays_text: fixtures::settings::told() => |v| pages::evacuation::page_with(fixtures::lots::awaiting(), v, fixtures::signed());
    a_payload_in_every_text_of_the_freezes_stays_text: fixtures::settings::freezes() => |v| pages::safeguards::page(fixtures::settings::safeguards(false, v));
    a_payload_in_every_text_of_a_bundle_stays_text: fixtures::glass::bundle() => |v| {
        let view = pages::break_glass::BreakGlass { bundle: v, ..fixtures::glass::whole() };
        pages::break_glass::page(view, None)
    };
    a_payload_in_every_text_of_break_glass_stays_text: fixtures::glass::broken() => |v| pages::break_glass::page(fixtures::glass::page(v), None);
    a_payload_in_every_text_of_one_break_glass_stays_text: fixtures::glass::reviewed() => |v| pages::break_glass::one(v, fixtures::signed());
    a_payload_in_every_text_of_the_sealed_codes_stays_text: fixtures::glass::codes() => |v| {
        let view = pages::break_glass::BreakGlass { codes: Some(v), ..fixtures::glass::whole() };
        pages::break_glass::page(view, None)
    };
    a_payload_in_every_text_of_the_audit_stays_text: fixtures::evidence::audit() => |v| pages::audit::page(v, Default::default(), fixtures::evidence::log());
    a_payload_in_every_text_of_the_calls_stays_text: fixtures::evidence::calls() => |v| pages::calls::page(v, Default::default());
    a_payload_in_every_text_of_the_audit_log_stays_text: fixtures::evidence::log_lost() => |v| pages::audit::page(fixtures::evidence::audit(), Default::default(), v);
    a_payload_in_every_text_of_the_system_stays_text: fixtures::settings::system() => pages::system::page;
}

#[test]
fn a_payload_in_the_flash_in_what_was_typed_and_in_the_chrome_stays_text() {
    let mut chrome = fixtures::chrome(PAYLOAD);
    chrome.flash = Some(Flash {
        title: PAYLOAD.into(),
        detail: PAYLOAD.into(),
        way_out: PAYLOAD.into(),
        run: Some(PAYLOAD.into()),
        prove_first: true,
        form: "request".into(),
        typed: [("reason".to_owned(), PAYLOAD.to_owned()), ("incident".to_owned(), PAYLOAD.to_owned())]
            .into(),
        ..Flash::default()
    });
    if let Some(signed) = &mut chrome.signed {
        signed.email = PAYLOAD.into();
    }
    let html = pages::review::page(fixtures::requests::preview(), "key".into()).render(chrome);
    assert_harmless("flash", &html);
}
