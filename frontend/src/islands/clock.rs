//! Keeps relative times true. It trusts the server's clock: the page says what time it was there when it was
//! made, and only the time that passed since is measured here.

use super::dom;
use crate::words;
use std::cell::Cell;

thread_local! {
    /// The server's clock less this browser's, in milliseconds.
    static AHEAD: Cell<f64> = const { Cell::new(0.0) };
}

pub fn start() {
    if let Some(root) = dom::document().and_then(|d| d.document_element()) {
        let server = js_sys::Date::parse(&root.get_attribute("data-now").unwrap_or_default());
        if server.is_finite() {
            AHEAD.set(server - dom::now_ms());
        }
        let _ = root.class_list().add_1("js");
    }
    dom::every(1_000, tick);
}

/// The server's time now, in milliseconds since 1970.
pub fn server_now_ms() -> f64 {
    dom::now_ms() + AHEAD.get()
}

pub fn tick() {
    let Some(document) = dom::document() else { return };
    let now = server_now_ms();
    for element in dom::all(&document, "time[data-clock]") {
        let at = js_sys::Date::parse(&element.get_attribute("datetime").unwrap_or_default());
        if !at.is_finite() {
            continue;
        }
        let seconds = (now - at) / 1_000.0;
        let text = match element.get_attribute("data-clock").as_deref() {
            Some("since") => words::clock(seconds),
            Some("until") => words::clock(-seconds),
            _ => words::ago(seconds),
        };
        if element.text_content().as_deref() != Some(&text) {
            element.set_text_content(Some(&text));
        }
    }
}
