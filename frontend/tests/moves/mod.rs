//! What the pages promise of moves: of a request before it is made, of a run while it goes on and after, of a lot of them.

use crate::fixtures;
use holdfast_frontend::pages;

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
fn a_run_without_answers_calls_no_unanswered_step_done() {
    let html =
        fixtures::show("/", pages::run::page(fixtures::runs::all_unknown(), vec![], fixtures::signed()));
    assert_eq!(html.matches("class=\"step unknown").count(), 6);
    // In the list, in the drawing, and in what the drawing says to whoever does not see it.
    assert_eq!(html.matches("answer unknown").count(), 3 * 6);
    assert!(html.contains("could not be measured"));
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
fn an_application_that_cannot_be_read_is_named_on_the_systems_page_with_its_column_and_the_way_out() {
    let mut system = fixtures::settings::system();
    let html = fixtures::show("/system", pages::system::page(system.clone()));
    for said in ["reports", "column spec of resources: missing field", "Send the application anew, whole."] {
        assert!(html.contains(said), "{said} is missing");
    }
    system.unreadable.clear();
    assert!(!fixtures::show("/system", pages::system::page(system)).contains("cannot be read"));
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
