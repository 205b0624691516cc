//! Puts a freshly fetched page into the one that is open: only the parts that differ, never one that somebody
//! points at, types into or has focused. Folds stay as the reader left them.

use super::dom;
use std::cell::RefCell;
use std::collections::HashMap;
use wasm_bindgen::JsCast;
use web_sys::{
    Document, DomParser, Element, HtmlDetailsElement, HtmlInputElement, HtmlTextAreaElement, SupportedType,
};

thread_local! {
    /// How the server last rendered each part, clocks left out.
    static LAST: RefCell<HashMap<String, String>> = RefCell::new(HashMap::new());
}

/// Before any clock has run: how the server rendered the parts of this page.
pub fn remember() {
    let Some(document) = dom::document() else { return };
    LAST.with_borrow_mut(|last| {
        for part in dom::all(&document, "[data-live]") {
            last.insert(key(&part), fingerprint(&part));
        }
    });
}

/// True when everything that is new is in place; false when some part is in use and has to wait.
pub fn apply(html: &str) -> bool {
    let Some(open) = dom::document() else { return true };
    let Some(fresh) =
        DomParser::new().ok().and_then(|p| p.parse_from_string(html, SupportedType::TextHtml).ok())
    else {
        return true;
    };
    head(&open, &fresh);
    let done = match (main(&open), main(&fresh)) {
        (Some(old), Some(new)) if shape(&old) != shape(&new) || keys(&open) != keys(&fresh) => {
            whole(&old, &new)
        }
        _ => parts(&open, &fresh),
    };
    for (old, new) in dom::all(&open, ".side nav, .menu-sheet nav")
        .iter()
        .zip(dom::all(&fresh, ".side nav, .menu-sheet nav"))
    {
        if old.inner_html() != new.inner_html() && !busy(old) {
            old.set_inner_html(&new.inner_html());
        }
    }
    done
}

/// The tab tells too.
fn head(open: &Document, fresh: &Document) {
    if open.title() != fresh.title() {
        open.set_title(&fresh.title());
    }
    let icon = |d: &Document| d.query_selector("link[rel=icon]").ok().flatten();
    if let (Some(old), Some(new)) = (icon(open), icon(fresh)) {
        let href = new.get_attribute("href").unwrap_or_default();
        if old.get_attribute("href").as_deref() != Some(&href) {
            let _ = old.set_attribute("href", &href);
        }
    }
}

fn main(document: &Document) -> Option<Element> {
    document.get_element_by_id("main")
}

fn shape(main: &Element) -> Option<String> {
    main.get_attribute("data-shape")
}

/// Which parts a page has, in order: one that came or went changes the page as a whole.
fn keys(document: &Document) -> Vec<String> {
    dom::all(document, "[data-live]").iter().map(key).collect()
}

/// The page has other parts now: the whole of it is taken.
fn whole(old: &Element, new: &Element) -> bool {
    if busy(old) {
        return false;
    }
    old.set_inner_html(&new.inner_html());
    if let Some(shape) = shape(new) {
        let _ = old.set_attribute("data-shape", &shape);
    }
    LAST.with_borrow_mut(HashMap::clear);
    remember();
    true
}

fn parts(open: &Document, fresh: &Document) -> bool {
    let mut done = true;
    for new in dom::all(fresh, "[data-live]") {
        let key = key(&new);
        let print = fingerprint(&new);
        if LAST.with_borrow(|last| last.get(&key) == Some(&print)) {
            continue;
        }
        let Some(old) =
            open.query_selector(&format!("[data-live=\"{}\"]", key.replace(['"', '\\'], ""))).ok().flatten()
        else {
            continue;
        };
        if busy(&old) {
            done = false;
            continue;
        }
        keep_folds(&old, &new);
        if let Ok(node) = open.import_node_with_deep(&new, true) {
            let _ = old.replace_with_with_node_1(&node);
            LAST.with_borrow_mut(|last| last.insert(key, print));
        }
    }
    done
}

fn key(part: &Element) -> String {
    part.get_attribute("data-live").unwrap_or_default()
}

/// The part's HTML with clocks stopped, so that time alone is no news.
fn fingerprint(part: &Element) -> String {
    let Ok(copy) = part.clone_node_with_deep(true) else { return part.outer_html() };
    let Ok(copy) = copy.dyn_into::<Element>() else { return part.outer_html() };
    for clock in dom::within(&copy, "time[data-clock]") {
        clock.set_text_content(None);
    }
    for fold in dom::within(&copy, "details") {
        let _ = fold.remove_attribute("open");
    }
    copy.outer_html()
}

/// Focused, pointed at on something that can be pressed, or typed into.
fn busy(part: &Element) -> bool {
    if part.matches(":focus-within").unwrap_or(false) {
        return true;
    }
    let pressing =
        "a:hover, button:hover, summary:hover, input:hover, select:hover, textarea:hover, label:hover";
    if part.query_selector(pressing).ok().flatten().is_some() {
        return true;
    }
    dom::within(part, "input, textarea").into_iter().any(|field| {
        if let Some(input) = field.dyn_ref::<HtmlInputElement>() {
            return input.value() != input.default_value() || input.checked() != input.default_checked();
        }
        field
            .dyn_ref::<HtmlTextAreaElement>()
            .is_some_and(|area| area.default_value().is_ok_and(|given| area.value() != given))
    })
}

/// A fold that the reader opened or closed stays so; one that nobody touched follows the server.
fn keep_folds(old: &Element, new: &Element) {
    for fold in dom::within(old, "details[id]") {
        let Some(was) = fold.dyn_ref::<HtmlDetailsElement>() else { continue };
        let server = fold.get_attribute("data-open").as_deref() == Some("true");
        if was.open() == server {
            continue;
        }
        let id = fold.id();
        let twin = dom::within(new, "details[id]").into_iter().find(|d| d.id() == id);
        if let Some(twin) = twin.and_then(|t| t.dyn_into::<HtmlDetailsElement>().ok()) {
            twin.set_open(was.open());
        }
    }
}
