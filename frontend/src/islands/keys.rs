//! Keys: `/` searches, `g` then a letter goes, `?` lists them. Never while something is being typed.

use super::dom;
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{HtmlDialogElement, HtmlElement, KeyboardEvent};

/// How long `g` waits for its letter.
const PATIENCE_MS: f64 = 1_500.0;

pub fn start() {
    let Some(document) = dom::document() else { return };
    let went = Rc::new(Cell::new(f64::NEG_INFINITY));
    dom::listen::<KeyboardEvent>(&document, "keydown", move |event| {
        if event.ctrl_key() || event.meta_key() || event.alt_key() || is_typing(&event) {
            return;
        }
        let after_g = dom::now_ms() - went.get() < PATIENCE_MS;
        went.set(f64::NEG_INFINITY);
        let key = event.key();
        if after_g && let Some(path) = place(&key) {
            event.prevent_default();
            go(path);
            return;
        }
        match key.as_str() {
            "g" => went.set(dom::now_ms()),
            "/" => {
                event.prevent_default();
                search();
            }
            "?" => {
                event.prevent_default();
                help();
            }
            _ => {}
        }
    });
}

fn place(key: &str) -> Option<&'static str> {
    Some(match key {
        "n" => "/",
        "a" => "/applications",
        "r" => "/runs",
        "v" => "/approvals",
        "e" => "/regions",
        "c" => "/compliance",
        "u" => "/audit",
        _ => return None,
    })
}

fn is_typing(event: &KeyboardEvent) -> bool {
    let Some(element) = event.target().and_then(|t| t.dyn_into::<HtmlElement>().ok()) else { return false };
    matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT") || element.is_content_editable()
}

fn go(path: &str) {
    if let Some(window) = dom::window() {
        let _ = window.location().set_href(path);
    }
}

/// The page's own search, or that of the applications.
fn search() {
    let field = dom::document().and_then(|d| d.query_selector("[data-search]").ok().flatten());
    match field.and_then(|f| f.dyn_into::<HtmlElement>().ok()) {
        Some(field) => {
            let _ = field.focus();
        }
        None => go("/applications#f-search"),
    }
}

fn help() {
    let dialog = dom::document()
        .and_then(|d| d.get_element_by_id("keys"))
        .and_then(|d| d.dyn_into::<HtmlDialogElement>().ok());
    if let Some(dialog) = dialog
        && !dialog.open()
    {
        let _ = dialog.show_modal();
    }
}
