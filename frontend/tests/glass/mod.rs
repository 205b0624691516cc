//! What the pages promise of break-glass, of its codes, and of what is carried out without a server.

use crate::fixtures;
use holdfast_frontend::pages;
use holdfast_frontend::screen::{Flash, Glass};

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
