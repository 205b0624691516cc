//! What the pages promise, whatever they are given.

#![allow(clippy::unwrap_used)] // outside of `#[test]` functions too, a panic is how a claim fails

mod drawn;
mod fixtures;
mod glass;
mod live;
mod moves;
mod payloads;

use holdfast_frontend::pages;
use holdfast_frontend::screen::{Automation, Clocks, Flash};
use payloads::{PAYLOAD, assert_harmless};

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
fn nobody_is_offered_to_change_their_own_rights() {
    let page = |me: &str| {
        let (people, groups) = (fixtures::settings::people(), fixtures::settings::groups());
        fixtures::show("/people", pages::people::page(people, groups, me.into()))
    };
    let boxes = |html: &str| html.matches("name=\"role-admin\"").count();
    assert_eq!(boxes(&page("stranger@example.com")), boxes(&page("admin@example.com")) + 1);
    // Another account of the operator's.
    assert_eq!(boxes(&page("stranger@example.com")), boxes(&page("another-address@example.com")) + 1);
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
fn a_declaration_says_what_heeds_it() {
    let html = fixtures::show("/regions", pages::regions::page(fixtures::world::regions(), true));
    assert!(html.contains("an evacuation sends nobody to a Region that is not declared normal"), "{html}");
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
