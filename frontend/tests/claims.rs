//! What the pages promise, whatever they are given.

#![allow(clippy::unwrap_used)] // outside of `#[test]` functions too, a panic is how a claim fails

mod drawn;
mod fixtures;
mod live;
mod payloads;

use holdfast_frontend::pages;
use holdfast_frontend::screen::{Automation, Clocks, Flash, Glass};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

const PAYLOAD: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&";

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
enum Key {
    Name(String),
    Index(usize),
}

fn collect(value: &Value, at: &mut Vec<Key>, found: &mut Vec<Vec<Key>>) {
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

fn assert_harmless(page: &str, html: &str) {
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
            payloads::each_stays_text(stringify!($name), &$view, show);
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
    a_payload_in_every_text_of_the_events_stays_text: fixtures::runs::events(22) => |v| pages::run::page(fixtures::runs::live(), v, fixtures::signed());
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

/// What nothing but a script can send is hidden until one runs, and what there is without is said.
#[test]
fn a_key_is_asked_by_a_script_and_without_one_there_is_another_way() {
    let settings = fixtures::settings::factors_with_keys;
    let due = fixtures::settings::due;
    let prove = pages::prove::page(settings(), "/runs/1".into(), None, None);
    for (name, html) in [
        ("prove", fixtures::show("/prove", prove)),
        ("sign-in", fixtures::show("/sign-in", pages::sign_in::code_page("/runs".into(), None, due(true)))),
        ("me", fixtures::show("/me", pages::me::page(settings(), vec![], vec![]))),
    ] {
        let form = html.split("<form").find(|form| form.contains("data-passkey=")).unwrap_or_default();
        assert!(form.contains(" hidden") && form.contains("data-challenge=\"/"), "{name}: {form}");
        assert_eq!(html.matches("src=\"/assets/passkey.js\"").count(), 1, "{name}");
        assert!(html.contains("<noscript>") && html.contains("scripts are off"), "{name}");
    }
    let alone = fixtures::show("/prove", pages::prove::page(settings(), "/".into(), None, None));
    assert!(alone.contains("name=\"password\"") && alone.contains("name=\"code\""), "the other way");
    let none =
        fixtures::show("/me", pages::me::page(fixtures::settings::factors_not_offered(), vec![], vec![]));
    assert!(
        none.contains("is a number") && !none.contains("data-passkey"),
        "where no key can be asked it says why"
    );
    let without = fixtures::show(
        "/prove",
        pages::prove::page(fixtures::settings::factors(true), "/".into(), None, None),
    );
    assert!(!without.contains("data-passkey"), "who has no key is not asked for one");
}

#[test]
fn the_next_page_of_applications_keeps_the_filters() {
    let filter = holdfast_api::applications::ApplicationFilter { tier: Some(1), ..Default::default() };
    let html =
        fixtures::show("/applications", pages::applications::page(fixtures::applications::page(), filter));
    assert!(html.contains("/applications?tier=1&amp;cursor=zeta"), "the way to the next page");
    let last = fixtures::show(
        "/applications",
        pages::applications::page(fixtures::applications::no_page(), Default::default()),
    );
    assert!(!last.contains("More applications"));
}

#[test]
fn a_recovery_time_tells_detecting_from_deciding_only_where_somebody_said_when_it_was_detected() {
    let html = |run| fixtures::show("/", pages::run::page(run, vec![], fixtures::signed()));
    let told = html(fixtures::runs::completed());
    assert!(told.contains(">detect<") && told.contains(">decide<"), "each by itself");
    let mut run = fixtures::runs::completed();
    (run.measured.rto.detect_seconds, run.measured.rto.decide_seconds) = (None, None);
    let untold = html(run);
    assert!(untold.contains("detect and decide (nobody said when it was detected)"));
    assert!(!untold.contains(">decide<"), "what nothing tells apart is not told apart");
    let nothing = html(fixtures::runs::exceptions());
    assert!(nothing.contains("detect (nobody said when the impact began)") && nothing.contains(">decide<"));
    let compliance = fixtures::show("/compliance", pages::compliance::page(fixtures::evidence::compliance()));
    assert!(compliance.contains("detect 2m 30s, decide 1m, approve 2m"), "in the evidence too");
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

#[test]
fn what_was_typed_comes_back_only_into_the_form_that_was_refused() {
    let mut chrome = fixtures::chrome("/runs/1");
    chrome.flash = Some(Flash {
        form: "deny".into(),
        typed: [("comment".to_owned(), "too risky now".to_owned())].into(),
        ..Flash::default()
    });
    let html = pages::run::page(fixtures::runs::awaiting(), vec![], fixtures::signed()).render(chrome);
    assert_eq!(html.matches("too risky now").count(), 1);
    assert!(html.contains("id=\"deny-comment\"") && html.contains("value=\"too risky now\""));
}

/// Everything that says how things are is in a `state` element; where nothing is known none may be good.
#[test]
fn where_nothing_is_known_nothing_is_good() {
    let pages = [
        ("now", fixtures::show("/", pages::now::page(fixtures::world::now_unknown()))),
        (
            "application",
            fixtures::show("/", pages::application::page(fixtures::applications::application_unknown())),
        ),
    ];
    for (name, html) in pages {
        let main = html.split_once("<main").map_or("", |(_, main)| main);
        let shown = main.replace("<ul class=\"legend\">", "\u{0}").split('\u{0}').enumerate().fold(
            String::new(),
            |all, (i, part)| {
                all + if i == 0 { part } else { part.split_once("</ul>").map_or("", |(_, rest)| rest) }
            },
        );
        for class in ["state good", "callout good", "map-region good", "bar good", "mark-good"] {
            assert!(!shown.contains(class), "{name} calls something good ({class})");
        }
        assert!(shown.contains("state unknown"), "{name} does not say that it knows nothing");
    }
}

#[test]
fn a_run_without_answers_calls_no_unanswered_step_done() {
    let html =
        fixtures::show("/", pages::run::page(fixtures::runs::all_unknown(), vec![], fixtures::signed()));
    assert_eq!(html.matches("class=\"step unknown").count(), 6);
    // In the list, in the drawing, and in what the drawing says to whoever does not see it.
    assert_eq!(html.matches("answer unknown").count(), 3 * 6);
    assert!(html.contains("could not be measured"));
}

#[test]
fn a_verb_that_is_refused_is_shown_with_its_reason_and_its_way_out_and_no_button() {
    let mut run = fixtures::runs::awaiting();
    for verb in &mut run.verbs {
        verb.refused = Some(holdfast_failover::Refusal::new(
            "self_review",
            "You asked for this run.",
            "Somebody else of approvers can.",
        ));
    }
    let html = fixtures::show("/", pages::run::page(run, vec![], fixtures::signed()));
    assert!(html.contains("You asked for this run.") && html.contains("Somebody else of approvers can."));
    assert!(!html.contains("name=\"decision\""), "a refused decision has a form");
    assert!(!html.contains("/cancel\""), "a refused cancel has a form");
}

#[test]
fn a_move_that_is_refused_has_no_link_and_says_why() {
    let html = fixtures::show("/", pages::application::page(fixtures::applications::application_unknown()));
    assert!(!html.contains("/runs/new"));
    assert!(html.contains("eu-central-1 cannot be seen since 14:01."));
}

#[test]
fn a_request_that_would_be_refused_can_be_run_dry_only_where_a_dry_run_would_not_be() {
    let offers = |code: &str| {
        let mut preview = fixtures::requests::preview_refused();
        preview.refused = preview.refused.map(|why| holdfast_failover::Refusal { code: code.into(), ..why });
        let html = fixtures::show("/", pages::review::page(preview, "key".into()));
        ["true", "false"].map(|dry| html.contains(&format!("name=\"dry_run\" value=\"{dry}\"")))
    };
    for holds_back_runs_only in ["run_active", "audit_not_kept"] {
        assert_eq!(offers(holds_back_runs_only), [true, false], "{holds_back_runs_only}");
    }
    assert_eq!(offers("guard_refused"), [false, false]);
}

#[test]
fn sending_a_form_by_the_enter_key_changes_nothing() {
    let html = fixtures::show("/", pages::review::page(fixtures::requests::preview(), "key".into()));
    let (dry, real) =
        (html.find("name=\"dry_run\" value=\"true\""), html.find("name=\"dry_run\" value=\"false\""));
    assert!(dry.is_some() && dry < real, "the first button of the form is the harmless one");
}

#[test]
fn a_page_that_asks_for_words_does_not_reload_under_them() {
    let reloads = |run| {
        fixtures::show("/", pages::run::page(run, vec![], fixtures::signed()))
            .contains("http-equiv=\"refresh\"")
    };
    assert!(reloads(fixtures::runs::live()));
    assert!(!reloads(fixtures::runs::awaiting()));
    assert!(!reloads(fixtures::runs::parked()));
    let mut waits_for_a_word = fixtures::runs::live();
    waits_for_a_word.steps[4].may_confirm = true;
    assert!(!reloads(waits_for_a_word));
    assert!(!reloads(fixtures::runs::completed()));
}

#[test]
fn every_page_fits_the_strict_policy_and_has_one_main_heading() {
    for (name, html) in fixtures::gallery() {
        assert!(!html.contains(" style="), "{name} has a style attribute");
        assert!(!html.contains("<style"), "{name} has a style element");
        assert!(!html.contains(" onclick="), "{name} has a handler");
        assert_eq!(html.matches("<h1").count(), 1, "{name}");
        assert!(html.starts_with("<!DOCTYPE html>"), "{name}");
        assert!(html.contains("<title>"), "{name}");
    }
}

#[test]
fn the_tab_tells_the_state_of_a_run() {
    let title = |run| {
        let html = fixtures::show("/", pages::run::page(run, vec![], fixtures::signed()));
        html.split_once("<title>")
            .and_then(|(_, rest)| rest.split_once("</title>"))
            .map(|(t, _)| t.to_owned())
            .unwrap()
    };
    assert_eq!(title(fixtures::runs::live()), "▶ 3 of 9 · shop → eu-central-1 · Holdfast");
    assert_eq!(title(fixtures::runs::completed()), "● completed · shop → eu-central-1 · Holdfast");
    assert_eq!(title(fixtures::runs::parked()), "■ needs a person · shop → eu-central-1 · Holdfast");
}

#[test]
fn a_run_that_nobody_drives_says_so_and_how_it_goes_on() {
    for (run, steps) in [(fixtures::runs::set_aside(), true), (fixtures::runs::unreadable(), false)] {
        let html = fixtures::show("/", pages::run::page(run, vec![], fixtures::signed()));
        assert!(html.contains("<title>■ set aside · shop → eu-central-1"), "{html}");
        assert!(html.contains("attempt to subtract with overflow") && html.contains("have it tried again"));
        assert!(html.contains("/try_again\"") && html.contains("/cancel\""));
        assert_eq!(html.contains("id=\"h-timeline\""), steps, "{html}");
        assert_eq!(html.contains("RTO so far"), steps, "no figures of what is not known");
    }
    let html = fixtures::show("/system", pages::system::page(fixtures::settings::system()));
    assert!(html.contains("Runs set aside") && html.contains("attempt to subtract with overflow"), "{html}");
}

#[test]
fn a_run_that_nobody_drives_is_shown_so_by_its_evacuation_and_by_the_step_that_asked_for_it() {
    let mut lot = fixtures::lots::running();
    let of_lot = |lot| fixtures::show("/", pages::evacuation::page(lot, fixtures::signed()));
    assert!(!of_lot(lot.clone()).contains("set aside"));
    let part = lot.waves.iter_mut().flatten().find(|run| run.state == holdfast_failover::RunState::Running);
    part.expect("one is under way").set_aside = fixtures::runs::set_aside().summary.set_aside;
    assert!(of_lot(lot).contains("set aside"));
    let mut run = fixtures::runs::among_others();
    let other = run.steps[2].other_run.as_mut().expect("it asked for one");
    (other.state, other.set_aside) = (holdfast_failover::RunState::Running, true);
    let html = fixtures::show("/", pages::run::page(run, vec![], fixtures::signed()));
    assert!(html.contains("set aside"), "{html}");
}

#[test]
fn a_running_run_says_when_it_may_end_and_what_that_rests_on() {
    let show = |run| fixtures::show("/", pages::run::page(run, vec![], fixtures::signed()));
    let mut run = fixtures::runs::live();
    let html = show(run.clone());
    assert!(html.contains("1m 14s – 2m 11s") && html.contains("3 earlier runs"), "{html}");
    assert_eq!(html.matches(", on the critical path<").count(), 6, "what is done decides nothing any more");
    let left = html.split_once("The end waits for").map_or("", |(_, rest)| rest);
    let left = left.split_once("</ol>").map_or("", |(list, _)| list);
    assert_eq!(left.matches("<li><a href=\"#d-step-").count(), 6, "what is done is waited for no longer");
    if let Some(forecast) = &mut run.forecast {
        (forecast.likely_seconds, forecast.earlier_runs, forecast.steps_that_never_ran) = (None, 0, 6);
    }
    let html = show(run);
    assert!(html.contains("at most 2m 11s") && html.contains("by the plan's time limits"), "{html}");
    let over = show(fixtures::runs::completed());
    assert!(!over.contains("May end in") && !over.contains("on the critical path"));
}

#[test]
fn runs_that_wait_for_each_other_are_linked_and_one_that_outlives_its_parent_is_shown() {
    let show = |run| fixtures::show("/runs/x", pages::run::page(run, vec![], fixtures::signed()));
    let mut run = fixtures::runs::among_others();
    let html = show(run.clone());
    let link = |id: &str| format!("href=\"/runs/{id}\"");
    assert!(
        html.contains(&link(fixtures::runs::OTHER)) && html.contains("a run of payments"),
        "to its parent"
    );
    assert!(
        html.contains(&link(fixtures::runs::ANOTHER)) && html.contains("Run of identity"),
        "to its child"
    );
    assert!(
        html.contains("Waits for 1 approval from group sre") && html.contains("abort that run by itself")
    );
    assert!(!html.contains("It goes on"));
    run.summary.state = holdfast_failover::RunState::Cancelled;
    run.summary.ended_at = Some(fixtures::now());
    assert!(show(run.clone()).contains("It goes on"));
    if let Some(other) = &mut run.steps[2].other_run {
        other.state = holdfast_failover::RunState::Completed;
    }
    assert!(!show(run).contains("It goes on"));
}

#[test]
fn a_page_offers_to_notify_only_while_there_is_news_to_come() {
    let show = |run| fixtures::show("/", pages::run::page(run, vec![], fixtures::signed()));
    assert!(show(fixtures::runs::live()).contains("data-notify"));
    assert!(!show(fixtures::runs::completed()).contains("data-notify"));
}

#[test]
fn nobody_is_offered_to_change_their_own_rights() {
    let page = |me: &str| {
        let (people, groups) = (fixtures::settings::people(), fixtures::settings::groups());
        fixtures::show("/people", pages::people::page(people, groups, me.into()))
    };
    let boxes = |html: &str| html.matches("name=\"role-admin\"").count();
    assert_eq!(boxes(&page("stranger@example.com")), boxes(&page("admin@example.com")) + 1);
    let passwords = |html: &str| html.matches("name=\"password\"").count();
    assert_eq!(passwords(&page("stranger@example.com")), passwords(&page("admin@example.com")) + 1);
}

#[test]
fn a_webhooks_secret_is_shown_by_the_page_that_made_it_and_only_admins_are_offered_to_make_one() {
    let show = |screen| fixtures::show("/applications/shop", screen);
    let made = show(pages::webhook::made(fixtures::settings::webhook(), format!("whsec_{PAYLOAD}")));
    assert_harmless("webhook", &made);
    assert!(made.contains("whsec_") && made.contains("it is not shown again"));
    let offers = |may_make| {
        show(pages::webhook::page(fixtures::settings::webhook(), may_make))
            .contains("method=\"post\" action=\"/applications/shop/webhooks/tell-the-bank/secret\"")
    };
    assert!(offers(true) && !offers(false));
    let application = show(pages::application::page(fixtures::applications::application()));
    assert!(application.contains("href=\"/applications/shop/webhooks/tell-the-bank/secret\""));
}

#[test]
fn automation_that_could_not_be_read_is_not_taken_for_on() {
    let html = |automation| {
        let mut chrome = fixtures::chrome("/");
        chrome.automation = automation;
        pages::now::page(fixtures::world::now_calm()).render(chrome)
    };
    let unknown = html(Automation::NotKnown);
    assert!(unknown.contains("Whether automation is on is not known"));
    assert!(!html(Automation::On).contains("utomation is"));
}

#[test]
fn an_emergencys_review_shows_what_may_be_lost_and_folds_only_counts_away() {
    let mut preview = fixtures::requests::preview_emergency();
    preview.measurements.iter_mut().for_each(|m| m.limit = None);
    let html = fixtures::show("/", pages::review::page(preview, "key".into()));
    let (shown, folded) = html.split_once("<details id=\"unlimited\"").unwrap_or_default();
    assert!(shown.contains("840 ms") && !folded.contains("840 ms"), "the lag is folded away");
    assert!(folded.contains("1 figure") && folded.contains("2 tasks"));
}

#[test]
fn what_an_emergency_needs_of_planes_is_named_already_and_what_gives_something_up_is_not() {
    let mut preview = fixtures::requests::preview_emergency();
    let mut lint = preview.overrides_needed[0].clone();
    lint.guard = "plane_lint".into();
    preview.overrides_needed.push(lint);
    let html = fixtures::show("/", pages::review::page(preview, "key".into()));
    let ticked = |guard: &str| {
        let after = html.split_once(&format!("id=\"override_{guard}\"")).unwrap_or_default().1;
        after.split_once('>').unwrap_or_default().0.contains("checked")
    };
    assert!(ticked("plane_lint") && !ticked("target_not_seen"));
}

#[test]
fn an_escalation_names_what_is_given_up_asks_for_the_name_and_is_not_offered_where_it_is_refused() {
    let html = |review| fixtures::show("/", pages::escalate::page(review, fixtures::signed()));
    let open = html(fixtures::escalations::escalation());
    for said in ["Data may be lost", "name=\"confirm\"", "name=\"override_target_not_seen\"", "Emergency: "] {
        assert!(open.contains(said), "{said} is missing");
    }
    let mut refused = fixtures::escalations::escalation();
    refused.refused = Some(holdfast_failover::Refusal::new("wrong_state", "It is over.", "Ask anew."));
    let refused = html(refused);
    assert!(refused.contains("It is over.") && !refused.contains("name=\"confirm\""));
}

#[test]
fn an_abort_shows_what_is_taken_back_and_what_stays_and_asks_for_the_name_only_where_something_does() {
    let html = |review| fixtures::show("/", pages::abort::page(review, fixtures::signed()));
    let open = html(fixtures::aborts::abort());
    for said in ["Take back: Scale web", "What stays as it is", "never copies again", "name=\"confirm\""] {
        assert!(open.contains(said), "{said} is missing");
    }
    let mut whole = fixtures::aborts::abort();
    whole.stays.clear();
    let whole = html(whole);
    assert!(whole.contains("name=\"reason\"") && !whole.contains("name=\"confirm\""));
    let mut refused = fixtures::aborts::abort();
    refused.refused = Some(holdfast_failover::Refusal::new("wrong_state", "It is over.", "Ask anew."));
    let refused = html(refused);
    assert!(refused.contains("It is over.") && !refused.contains("name=\"reason\""));
}

#[test]
fn a_run_that_waits_for_a_commit_says_until_when_and_offers_it() {
    let run = fixtures::aborts::awaiting_commit();
    let html = fixtures::show("/", pages::run::page(run, vec![], fixtures::signed()));
    assert!(html.contains("Without a commit it is taken back in") && html.contains("/commit\""), "{html}");
    let mut preview = fixtures::requests::preview();
    preview.request.commit_within_seconds = Some(600);
    let html = fixtures::show("/", pages::review::page(preview, "key".into()));
    assert!(html.contains("name=\"commit\" value=\"600\""), "the form asks for what was shown");
}

#[test]
fn what_a_database_lost_of_a_journal_is_said_on_the_runs_page_and_of_the_system_with_the_way_out() {
    let run = fixtures::runs::rewound();
    let page = fixtures::show("/", pages::run::page(run, vec![], fixtures::signed()));
    let system = fixtures::show("/system", pages::system::page(fixtures::settings::system()));
    for html in [&page, &system] {
        for said in ["has lost 7 entries", "13 to 19", "say it again where it still holds"] {
            assert!(html.contains(said), "{said} is missing");
        }
    }
    let whole = fixtures::runs::live();
    let whole = fixtures::show("/", pages::run::page(whole, vec![], fixtures::signed()));
    assert!(!whole.contains("journal went back"));
    let mut well = fixtures::settings::system();
    well.gaps.clear();
    assert!(!fixtures::show("/system", pages::system::page(well)).contains("Journals that went back"));
}

#[test]
fn a_declaration_says_what_heeds_it() {
    let html = fixtures::show("/regions", pages::regions::page(fixtures::world::regions(), true));
    assert!(html.contains("an evacuation sends nobody to a Region that is not declared normal"), "{html}");
}

#[test]
fn an_evacuation_names_who_is_left_out_before_and_after_and_offers_only_what_may_be_done() {
    use fixtures::lots;
    let show = |view| fixtures::show("/", pages::evacuation::page(view, fixtures::signed()));
    let preview = fixtures::show("/", pages::evacuate::page(lots::preview(), "key".into()));
    let (waits, stopped, ended) = (show(lots::awaiting()), show(lots::stopped()), show(lots::ended()));
    for html in [&preview, &waits, &stopped, &ended] {
        assert!(html.contains("41s behind in eu-central-1"), "the reason is said");
        assert!(html.contains("/applications/ledger"));
    }
    assert!(waits.contains("Approve: evacuate us-east-1") && waits.contains("Deny: evacuate us-east-1"));
    assert!(!waits.contains("/go-on") && !waits.contains("/cancel\""));
    assert!(stopped.contains("/go-on") && stopped.contains("Go on past wave 1"));
    assert!(!ended.contains("<form method=\"post\" action=\"/evacuations/"));
    let refused = fixtures::show("/", pages::evacuate::page(lots::preview_refused(), "key".into()));
    assert!(!refused.contains("Ask to evacuate"), "what would be refused is not offered");
}

#[test]
fn a_lot_whose_runs_wait_for_their_commit_offers_one_word_for_all_of_them_to_whoever_may() {
    use fixtures::lots;
    let show = |view| fixtures::show("/", pages::evacuation::page(view, fixtures::signed()));
    // Without the marks between one text and the next.
    let html = show(lots::to_commit()).replace("<!>", "");
    assert!(html.contains("/commit\"") && html.contains("Commit the 2 runs that wait for it"), "{html}");
    assert!(
        html.contains("shop</a> stays in eu-central-1") && html.contains("reports</a> stays in"),
        "{html}"
    );
    let mut refused = lots::to_commit();
    let why =
        holdfast_failover::Refusal::new("forbidden", "This needs the role operator.", "Ask an operator.");
    refused.verbs[0].refused = Some(why);
    let refused = show(refused);
    assert!(!refused.contains("/commit\"") && refused.contains("This needs the role operator."), "{refused}");
    assert!(!show(lots::running()).contains("/commit\""), "none waits for it");
}

#[test]
fn a_lot_that_brings_home_is_called_so_wherever_it_is_named() {
    use fixtures::lots;
    use holdfast_failover::evacuation::{Direction, State};
    let mut waits = lots::summary(State::AwaitingApproval);
    waits.direction = Direction::Home;
    let inbox = fixtures::show("/approvals", pages::approvals::page(vec![], vec![waits]));
    assert!(inbox.contains("Review: bring applications home to us-east-1"), "{inbox}");
    let mut preview = lots::preview();
    preview.request.direction = Direction::Home;
    let preview = fixtures::show("/", pages::evacuate::page(preview, "key".into()));
    assert!(preview.contains("that need not come home") && !preview.contains("without a foot"), "{preview}");
    // A part of an evacuation goes home, where that is the other Region of its application.
    for (direction, called) in
        [(Direction::Out, "Evacuation of us-east-1"), (Direction::Home, "Return home to eu-central-1")]
    {
        let mut part = fixtures::runs::awaiting();
        part.summary.intent = holdfast_failover::Intent::Failback;
        part.summary.evacuation = Some("01900000-0000-7000-8000-0000000000e1".into());
        part.lot_direction = Some(direction);
        let html = fixtures::show("/", pages::run::page(part, vec![], fixtures::signed()));
        assert!(html.contains(called), "{html}");
    }
}

#[test]
fn plans_that_are_stale_or_not_made_are_shown_as_unknown_and_never_as_good() {
    for view in [fixtures::plans::stale(), fixtures::plans::none_yet()] {
        let page = pages::plans::page(fixtures::plans::seen_by_an_operator(view));
        let html = page.render(fixtures::chrome("/applications/shop/plans"));
        let card = html.split("card-evaluation").nth(1).unwrap().split("</section>").next().unwrap();
        assert!(card.contains("unknown") && !card.contains(">good<"), "{card}");
    }
}

#[test]
fn an_edit_is_offered_on_the_newest_version_to_whoever_may_and_on_no_other() {
    let of = |view| pages::plan::page(view).render(fixtures::chrome("/applications/shop/plans/4"));
    let forms = |html: &str| html.matches("/edit\"").count();
    assert!(forms(&of(fixtures::plans::version())) > 4);
    assert_eq!(forms(&of(fixtures::plans::older())), 0);
    let html = of(fixtures::plans::version());
    assert!(html.contains("does not apply") && html.contains("edited"), "edits are marked");
}

#[test]
fn an_open_break_glass_is_told_on_every_page_with_who_holds_it_and_why_and_a_whole_one_on_none() {
    let pages: [fn() -> holdfast_frontend::screen::Screen; 4] = [
        || pages::now::page(fixtures::world::now_calm()),
        || pages::run::page(fixtures::runs::live(), vec![], fixtures::signed()),
        || pages::tokens::page(vec![], None),
        || pages::problem::page(holdfast_api::Problem::not_found("run", "x")),
    ];
    for page in pages {
        let html = page().render(fixtures::under_glass("/"));
        for said in ["Break-glass is open", "olga@example.com", "nobody on call answers", "role=\"alert\""] {
            assert!(html.contains(said), "{said} is missing");
        }
        assert!(!fixtures::show("/", page()).contains("Break-glass is open"));
        let mut unknown = fixtures::chrome("/");
        unknown.glass = Glass::NotKnown;
        assert!(page().render(unknown).contains("Whether break-glass is open is not known"));
    }
}

#[test]
fn whether_there_is_a_fresh_bundle_is_said_where_one_looks_for_it_and_a_code_once() {
    let page = |bundle, made| {
        let view = pages::break_glass::BreakGlass { bundle, ..fixtures::glass::whole() };
        fixtures::show("/break-glass", pages::break_glass::page(view, made))
    };
    let none = page(fixtures::glass::no_bundle(), None);
    for said in ["Nothing fresh could be carried out without a server", "Nobody has an offline code"] {
        assert!(none.contains(said), "{said} is missing");
    }
    assert!(!none.contains("Take a copy"));
    let partly = page(fixtures::glass::bundle(), None);
    for said in ["fresh", "stale", "Something is wrong", "s3://bundles/ in eu-west-1", "olga@example.com"] {
        assert!(partly.contains(said), "{said} is missing");
    }
    let mut old = fixtures::glass::bundle();
    old.stale = true;
    assert!(page(old, None).contains("Nothing fresh could be carried out"));
    let code = "2345-6789-abcd-efgh-jkmn-pqrs-tuvw-xyz0";
    assert!(page(fixtures::glass::bundle(), Some(fixtures::glass::offline())).contains(code));
    assert!(!partly.contains(code));
    let mut hers = fixtures::glass::page(fixtures::glass::broken());
    assert!(!partly.contains("End the code of"), "it is another's");
    hers.signed.email = "olga@example.com".into();
    let hers = fixtures::show("/break-glass", pages::break_glass::page(hers, None));
    assert!(hers.contains("End the code of olga@example.com"));
}

#[test]
fn clocks_that_are_apart_are_told_on_every_page_with_the_way_out_and_those_that_are_together_on_none() {
    use fixtures::clocks::{apart, together, unknown};
    let html = |clocks| {
        let mut chrome = fixtures::chrome("/");
        chrome.clocks = clocks;
        pages::tokens::page(vec![], None).render(chrome)
    };
    let told = html(Clocks::Compared(vec![together(), apart()]));
    for said in ["Two clocks are apart", "10 min behind", "Let NTP set the clock", "role=\"alert\""] {
        assert!(told.contains(said), "{said} is missing");
    }
    assert!(!html(Clocks::Compared(vec![together(), unknown()])).contains("clocks"));
    assert!(html(Clocks::NotKnown).contains("Whether the clocks are right is not known"));
    let system = fixtures::show("/system", pages::system::page(fixtures::settings::system()));
    assert!(system.contains("has heard no time from AWS lately"), "what is not known is said, too");
}

#[test]
fn a_sealed_code_is_on_the_page_of_its_making_alone_and_the_field_for_one_is_never_filled() {
    let page = |made| {
        let view = fixtures::glass::page(fixtures::glass::broken());
        fixtures::show("/break-glass", pages::break_glass::page(view, made))
    };
    let code = fixtures::glass::made().code;
    assert!(page(Some(fixtures::glass::sealed())).contains(&code));
    assert!(!page(None).contains(&code));
    let mut chrome = fixtures::chrome("/break-glass");
    let typed = [("sealed_code".to_owned(), code.clone()), ("reason".to_owned(), "a fire".to_owned())];
    chrome.flash = Some(Flash { form: "open-break-glass".into(), typed: typed.into(), ..Flash::default() });
    let html = pages::break_glass::page(fixtures::glass::whole(), None).render(chrome);
    assert!(html.contains("a fire") && !html.contains(&code));
}

#[test]
fn what_break_glass_lifts_is_told_from_the_rules_and_only_those_who_may_are_offered_the_form() {
    let whole = |roles: &[&str]| {
        let mut view = fixtures::glass::whole();
        view.signed.roles = roles.iter().map(ToString::to_string).collect();
        fixtures::show("/break-glass", pages::break_glass::page(view, None))
    };
    let html = whole(&["operator"]);
    for said in ["Others approve what is done", "Nobody edits the audit log", "name=\"sealed_code\""] {
        assert!(html.contains(said), "{said} is missing");
    }
    for roles in [["viewer"], ["approver"]] {
        assert!(!whole(&roles).contains("name=\"sealed_code\""), "{roles:?}");
    }
}

#[test]
fn a_role_over_some_applications_only_is_offered_what_it_may_do_there() {
    let offered = |held: &str| {
        let mut glass = fixtures::glass::whole();
        let mut plans = fixtures::plans::seen_by_an_operator(fixtures::plans::failed());
        let mut safeguards = fixtures::settings::safeguards(true, Vec::new());
        for signed in [&mut glass.signed, &mut plans.signed, &mut safeguards.signed] {
            signed.roles = vec![held.into()];
        }
        let shown = |path, screen, form: &str| fixtures::show(path, screen).contains(form);
        [
            shown("/break-glass", pages::break_glass::page(glass, None), "name=\"sealed_code\""),
            shown("/applications/shop/plans", pages::plans::page(plans), "Waive it in my name"),
            shown("/safeguards", pages::safeguards::page(safeguards), "Declare the freeze"),
        ]
    };
    assert_eq!(offered("operator:team=payments"), [true, true, false]);
    assert_eq!(offered("admin:team=payments"), [true, true, true]);
    assert_eq!(offered("approver:team=payments"), [false, false, false]);
}

#[test]
fn a_review_is_offered_to_somebody_else_once_all_is_over() {
    use fixtures::glass;
    let html = |view, signed| fixtures::show("/", pages::break_glass::one(view, signed));
    let form = "Close the review";
    assert!(html(glass::due(), glass::approver()).contains(form));
    let mut holder = glass::approver();
    holder.email = "olga@example.com".into();
    assert!(!html(glass::due(), holder).contains(form), "never to its holder");
    assert!(!html(glass::due(), fixtures::signed()).contains(form), "an operator");
    assert!(!html(glass::open(), glass::approver()).contains(form), "while it lasts");
    let mut running = glass::due();
    running.runs.iter_mut().for_each(|run| run.state = holdfast_failover::RunState::Running);
    assert!(!html(running, glass::approver()).contains(form), "while a run goes on");
    assert!(html(glass::reviewed(), glass::approver()).contains("the pager had failed"));
}

#[test]
fn a_run_that_was_started_under_break_glass_says_so_for_ever_and_compliance_is_not_green() {
    let mut run = fixtures::runs::completed();
    run.summary.break_glass = Some(fixtures::glass::ID.into());
    let html = fixtures::show("/", pages::run::page(run.clone(), vec![], fixtures::signed()));
    assert!(html.contains("Started under break-glass"));
    let list = holdfast_api::Page { items: vec![run.summary], next: None };
    assert!(fixtures::show("/", pages::runs::page(list, Default::default())).contains("under break-glass"));
    let due = fixtures::show("/", pages::compliance::page(fixtures::evidence::compliance()));
    assert!(due.contains("Break-glass reviews are due") && due.contains("Compliance is not green"));
}

#[test]
fn whoever_holds_break_glass_open_is_offered_to_start_at_once_and_nobody_else() {
    let html = |holds, under| {
        let mut preview = fixtures::requests::preview();
        (preview.holds_break_glass, preview.request.break_glass) = (holds, under);
        fixtures::show("/", pages::review::page(preview, "key".into()))
    };
    assert!(!html(false, false).contains("break_glass=yes"));
    let offered = html(true, false);
    assert!(offered.contains("break_glass=yes") && !offered.contains("name=\"break_glass\""));
    let under = html(true, true);
    assert!(under.contains("name=\"break_glass\"") && under.contains("Start now, without approvals:"));
}

#[test]
fn a_channels_secret_is_shown_by_the_page_that_made_it_alone_and_who_was_not_reached_is_said() {
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let page =
        |made| fixtures::show("/me/channels", pages::channels::page(fixtures::settings::channels(), made));
    assert!(page(Some(fixtures::settings::made_channel())).contains(secret));
    let later = page(None);
    assert!(!later.contains(secret) && later.contains("The receiver answered 404"), "{later}");
    let told = fixtures::settings::told();
    let run = fixtures::runs::awaiting();
    let html = fixtures::show("/", pages::run::page_with(run, vec![], told, vec![], fixtures::signed()));
    for words in [
        "delivered",
        "on its way",
        "not delivered",
        "no longer needed",
        "has told no channel",
        "2 earlier messages",
    ] {
        assert!(html.contains(words), "{words}");
    }
}
