//! The theme's buttons without a reload. The server remembers the choice, as it does without scripts.

use super::dom;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlButtonElement, HtmlFormElement, RequestInit, SubmitEvent};

pub fn start() {
    let Some(document) = dom::document() else { return };
    dom::listen::<SubmitEvent>(&document, "submit", |event| {
        let form = event.target().and_then(|t| t.dyn_into::<HtmlFormElement>().ok());
        let button = event.submitter().and_then(|b| b.dyn_into::<HtmlButtonElement>().ok());
        let (Some(form), Some(button)) = (form, button) else { return };
        if form.has_attribute("data-theme-form") {
            event.prevent_default();
            choose(&button.value());
        }
    });
}

fn choose(theme: &str) {
    let (Some(window), Some(document)) = (dom::window(), dom::document()) else { return };
    if let Some(root) = document.document_element() {
        let _ = root.set_attribute("data-theme", theme);
    }
    for button in dom::all(&document, "form[data-theme-form] button") {
        let pressed = button.get_attribute("value").as_deref() == Some(theme);
        let _ = Element::set_attribute(&button, "aria-pressed", if pressed { "true" } else { "false" });
    }
    let init = RequestInit::new();
    init.set_method("POST");
    let body = web_sys::UrlSearchParams::new();
    if let Ok(body) = body {
        body.append("theme", theme);
        body.append("back", "/");
        init.set_body(body.as_ref());
        // Not remembered is no harm: the choice holds on this page.
        let _ = window.fetch_with_str_and_init("/theme", &init);
    }
}
