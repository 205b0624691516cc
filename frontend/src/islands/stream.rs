//! Listens for news, fetches the page again, and says how far the page may be believed.

use super::{clock, dom, notice, patch};
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Event, EventSource, MessageEvent, Response};

/// News within this time are answered by one look.
const GATHER_MS: i32 = 250;
/// A look without news now and then: a connection can be dead without anybody noticing.
const LOOK_EVERY_MS: f64 = 30_000.0;
/// So long without the server and the page is called stale.
const STALE_AFTER_MS: f64 = 12_000.0;

struct Watch {
    url: String,
    class: RwSignal<&'static str>,
    words: RwSignal<String>,
    source: RefCell<Option<EventSource>>,
    /// The last time the server was heard, by this browser's clock.
    heard_at: Cell<f64>,
    open: Cell<bool>,
    wanted: Cell<bool>,
    looking: Cell<bool>,
    /// Some part was in use; look again when it is not.
    left: Cell<bool>,
    looked_at: Cell<f64>,
    over: Cell<bool>,
}

pub fn start(url: String, class: RwSignal<&'static str>, words: RwSignal<String>) {
    patch::remember();
    let now = dom::now_ms();
    let watch = Rc::new(Watch {
        url,
        class,
        words,
        source: RefCell::new(None),
        heard_at: Cell::new(now),
        open: Cell::new(false),
        wanted: Cell::new(false),
        looking: Cell::new(false),
        left: Cell::new(false),
        looked_at: Cell::new(now),
        over: Cell::new(false),
    });
    notice::start();
    watch.say("live quiet", "connecting");
    connect(&watch);
    let ticking = Rc::clone(&watch);
    dom::every(1_000, move || tick(&ticking));
}

impl Watch {
    fn say(&self, class: &'static str, words: &str) {
        if self.class.get_untracked() != class {
            self.class.set(class);
        }
        if self.words.with_untracked(|w| w != words) {
            self.words.set(words.to_owned());
        }
    }

    fn is_of_a_run(&self) -> bool {
        self.url.starts_with("/api/v1/runs/")
    }

    fn heard(&self) {
        self.heard_at.set(dom::now_ms());
    }
}

fn connect(watch: &Rc<Watch>) {
    if let Some(old) = watch.source.take() {
        old.close();
    }
    let Ok(source) = EventSource::new(&watch.url) else { return };
    let opened = Rc::clone(watch);
    dom::listen::<Event>(&source, "open", move |_| {
        opened.open.set(true);
        opened.heard();
        opened.say("live good", "live");
        // Whatever was missed in between.
        want(&opened);
    });
    for name in ["message", "look-again"] {
        let told = Rc::clone(watch);
        dom::listen::<MessageEvent>(&source, name, move |_| {
            told.heard();
            want(&told);
        });
    }
    let broken = Rc::clone(watch);
    dom::listen::<Event>(&source, "error", move |_| broken.open.set(false));
    watch.source.replace(Some(source));
}

fn tick(watch: &Rc<Watch>) {
    if watch.over.get() {
        return;
    }
    let now = dom::now_ms();
    let open = watch.open.get();
    if !open {
        let silent = now - watch.heard_at.get();
        if silent > STALE_AFTER_MS {
            watch.say("live bad", &format!("stale since {}", time_of_day(watch.heard_at.get())));
        } else {
            watch.say("live watch", "reconnecting");
        }
        // A browser gives up for good after a refusal; we do not.
        let closed = watch.source.borrow().as_ref().is_none_or(|s| s.ready_state() == EventSource::CLOSED);
        if closed && silent > 2_000.0 && (silent / 1_000.0) as u64 % 3 == 0 {
            connect(watch);
        }
    }
    if watch.left.get() || now - watch.looked_at.get() > LOOK_EVERY_MS {
        want(watch);
    }
}

fn want(watch: &Rc<Watch>) {
    if watch.wanted.replace(true) {
        return;
    }
    let watch = Rc::clone(watch);
    dom::after(GATHER_MS, move || {
        watch.wanted.set(false);
        if watch.looking.get() || watch.over.get() {
            watch.left.set(true);
            return;
        }
        watch.looking.set(true);
        spawn_local(async move {
            look(&watch).await;
            watch.looking.set(false);
        });
    });
}

async fn look(watch: &Rc<Watch>) {
    let Some(window) = dom::window() else { return };
    let Ok(href) = window.location().href() else { return };
    watch.looked_at.set(dom::now_ms());
    let page = href.split('#').next().unwrap_or(&href);
    let Ok(answer) = JsFuture::from(window.fetch_with_str(page)).await else {
        watch.open.set(false);
        return;
    };
    let Ok(answer) = answer.dyn_into::<Response>() else { return };
    if answer.redirected() && answer.url().contains("/sign-in") {
        watch.over.set(true);
        watch.say("live bad", "signed out: reload to sign in");
        if let Some(source) = watch.source.take() {
            source.close();
        }
        return;
    }
    if !answer.ok() {
        return;
    }
    let Ok(text) = answer.text() else { return };
    let Some(html) = JsFuture::from(text).await.ok().and_then(|t| t.as_string()) else { return };
    watch.heard();
    let before = watch.is_of_a_run().then(notice::Said::now).flatten();
    watch.left.set(!patch::apply(&html));
    notice::offer();
    notice::tell(before.as_ref());
    clock::tick();
    finish(watch, &html);
}

/// A run that has ended has no more news: its stream is over, and the page says so.
fn finish(watch: &Rc<Watch>, html: &str) {
    if watch.is_of_a_run() && html.contains("data-shape=\"run-ended\"") && !watch.left.get() {
        watch.over.set(true);
        watch.say("live quiet", "ended");
        if let Some(source) = watch.source.take() {
            source.close();
        }
    }
}

/// By the server's clock, in UTC, as every time on the page.
fn time_of_day(browser_ms: f64) -> String {
    let server = browser_ms + (clock::server_now_ms() - dom::now_ms());
    let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(server));
    format!("{:02}:{:02}:{:02}", date.get_utc_hours(), date.get_utc_minutes(), date.get_utc_seconds())
}
