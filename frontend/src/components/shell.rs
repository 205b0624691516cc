//! The document around every page: head, menu, the strip with the live state, the flash.

use crate::components::icon::sized;
use crate::components::{clocks, menu, parts, time};
use crate::islands::{Desk, Live};
use crate::pages::break_glass;
use crate::screen::{Automation, Chrome, Flash, Glass, Screen};
use crate::{components::tone::Tone, format};
use leptos::prelude::*;

/// In the order in which they are loaded; the layers inside decide who wins.
pub const STYLES: &[&str] = &["app.css", "parts.css", "pages.css"];

#[must_use]
pub fn document(screen: Screen, chrome: Chrome) -> AnyView {
    let assets = chrome.assets;
    let styles =
        STYLES.iter().map(|name| view! { <link rel="stylesheet" href=assets.get(name) /> }).collect_view();
    let loader = assets.module.map(|module| {
        view! {
            <script
                type="module"
                nonce=chrome.nonce.clone()
                src=assets.get("load.js")
                data-module=format!("/assets/{module}")
            ></script>
        }
    });
    let refresh = screen.refresh_seconds.map(|seconds| {
        view! { <noscript><meta http-equiv="refresh" content=seconds.to_string() /></noscript> }
    });
    let title = format::escaped(&format!("{} · Holdfast", screen.title));
    let mark = assets.get(&format!("mark-{}.svg", screen.mark.as_str()));
    let (theme, now) = (chrome.theme.as_str(), chrome.now.to_string());
    let body = if chrome.signed.is_some() { within(screen, chrome) } else { alone(screen, &chrome) };
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme data-now=now>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <title inner_html=title></title>
                <link rel="icon" type="image/svg+xml" href=mark />
                {styles}
                {refresh}
                {loader}
            </head>
            <body>{body}</body>
        </html>
    }
    .into_any()
}

#[must_use]
fn brand() -> AnyView {
    view! { <a class="brand" href="/">{sized("holdfast", 20)}<span>"Holdfast"</span></a> }.into_any()
}

fn within(screen: Screen, chrome: Chrome) -> AnyView {
    let section = screen.section;
    let crumbs = screen
        .crumbs
        .into_iter()
        .map(|(words, href)| view! { <li><a href=href>{words}</a></li> })
        .collect_view();
    let live = screen.live.map(|url| view! { <Live url as_of=format::clock(chrome.now) /> });
    let flash = chrome.flash.clone().map(flash_view);
    let automation = automation(&chrome.automation);
    let glass = glass(&chrome.glass);
    let clocks = clocks::banner(&chrome.clocks);
    let body = (screen.body)();
    view! {
        <a class="skip" href="#main">"Skip to the content"</a>
        <div class="shell">
            <aside class="side">
                {brand()}
                <nav aria-label="Main">{menu::links(&chrome, section)}</nav>
                <div class="side-foot">{menu::person(&chrome)}</div>
            </aside>
            <div class="column">
                <header class="strip">
                    <div class="narrow">
                        {brand()}
                    </div>
                    <nav class="crumbs" aria-label="Where you are"><ol>{crumbs}</ol></nav>
                    <div class="strip-end">
                        {live}
                        <details class="menu" id="menu">
                            <summary>{sized("menu", 20)}<span class="sr">"Menu"</span></summary>
                            <div class="menu-sheet">
                                <nav aria-label="Main, narrow">{menu::links(&chrome, section)}</nav>
                                <div class="side-foot">{menu::person(&chrome)}</div>
                            </div>
                        </details>
                    </div>
                </header>
                <main id="main" tabindex="-1" data-shape=screen.shape>{glass}{automation}{clocks}{flash}{body}</main>
                <footer class="foot muted">"Times are UTC. "<span class="needs-js">"Press " <kbd>"?"</kbd> " for keys."</span></footer>
            </div>
        </div>
        <Desk />
    }
    .into_any()
}

/// On every page, so that nobody who could say no does not hear of it.
fn glass(glass: &Glass) -> AnyView {
    match glass {
        Glass::Open(open) => break_glass::banner(open),
        Glass::NotKnown => {
            let body = view! { <p>"It could not be read just now. Load the page again; if that does not help, "<a href="/system">"system health"</a>" may say why."</p> };
            parts::callout(Tone::Unknown, "Whether break-glass is open is not known", body.into_any())
        }
    }
}

/// On every page, so that nobody waits for what will not start by itself.
fn automation(automation: &Automation) -> AnyView {
    let off = match automation {
        Automation::On => return parts::nothing(),
        Automation::NotKnown => {
            let body = view! { <p>"It could not be read just now. Load the page again; if that does not help, "<a href="/system">"system health"</a>" may say why."</p> };
            return parts::callout(Tone::Unknown, "Whether automation is on is not known", body.into_any());
        }
        Automation::Off(off) => off.clone(),
    };
    let by = off.changed_by.unwrap_or_else(|| "somebody".into());
    let at = off.changed_at.map(time::ago);
    let why = off.reason.map(|reason| view! { <p>{parts::prose(&reason)}</p> });
    let body = view! {
        <p>{format!("Switched off by {by} ")}{at}". "<a href="/safeguards">"Safeguards"</a></p>
        {why}
    };
    parts::callout(Tone::Watch, "Automation is off", body.into_any())
}

/// Nobody is signed in: no menu, one thing to do.
fn alone(screen: Screen, chrome: &Chrome) -> AnyView {
    let flash = chrome.flash.clone().map(flash_view);
    let body = (screen.body)();
    view! {
        <div class="alone">
            <header>{brand()}</header>
            <main id="main" data-shape=screen.shape>{flash}{body}</main>
        </div>
    }
    .into_any()
}

fn flash_view(flash: Flash) -> AnyView {
    let (tone, role) = if flash.done { (Tone::Good, "status") } else { (Tone::Bad, "alert") };
    let run = flash.run.map(
        |id| view! { <a class="btn small" href=format!("/runs/{}", format::encode(&id))>"Open that run"</a> },
    );
    let detail = (!flash.detail.is_empty()).then(|| view! { <p>{parts::prose(&flash.detail)}</p> });
    let way_out = (!flash.way_out.is_empty()).then(|| view! { <p>{parts::prose(&flash.way_out)}</p> });
    view! {
        <div role=role class="flash">
            {parts::callout(tone, flash.title, view! { {detail}{way_out}<div class="verbs">{run}</div> }.into_any())}
        </div>
    }
    .into_any()
}
