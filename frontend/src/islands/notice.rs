//! Tells a person who looks elsewhere that a run has ended or asks for somebody: a notification of the browser, where
//! they allowed it. A button offers it; nobody is asked without having pressed it.

use super::dom;
use wasm_bindgen::JsCast;
use web_sys::{
    Document, Element, Event, HtmlElement, Notification, NotificationOptions, NotificationPermission,
};

const BUTTON: &str = "[data-notify]";

pub fn start() {
    offer();
    let Some(document) = dom::document() else { return };
    // On the document, because the button is replaced with its part of the page.
    dom::listen::<Event>(&document, "click", |event| {
        let pressed = event.target().and_then(|t| t.dyn_into::<Element>().ok());
        if pressed.is_some_and(|e| e.closest(BUTTON).ok().flatten().is_some())
            && let Ok(answer) = Notification::request_permission()
        {
            leptos::task::spawn_local(async move {
                let _ = wasm_bindgen_futures::JsFuture::from(answer).await;
                offer();
            });
        }
    });
}

/// Shows the button while the browser has neither a yes nor a no.
pub fn offer() {
    let Some(document) = dom::document() else { return };
    let open = is_there() && Notification::permission() == NotificationPermission::Default;
    for button in dom::all(&document, BUTTON) {
        if let Some(button) = button.dyn_ref::<HtmlElement>() {
            button.set_hidden(!open);
        }
    }
}

/// Old browsers, and pages over plain http elsewhere than on localhost, have none.
fn is_there() -> bool {
    dom::window().is_some_and(|window| js_sys::Reflect::has(&window, &"Notification".into()).unwrap_or(false))
}

/// What the page says of itself: its shape, and the mark of its tab.
#[derive(PartialEq, Eq)]
pub struct Said {
    shape: String,
    mark: String,
}

impl Said {
    pub fn now() -> Option<Self> {
        dom::document().map(|document| Self::by(&document))
    }

    fn by(document: &Document) -> Self {
        let of = |selector: &str, attribute: &str| {
            let found = document.query_selector(selector).ok().flatten();
            found.and_then(|e| e.get_attribute(attribute)).unwrap_or_default()
        };
        Self { shape: of("main", "data-shape"), mark: of("link[rel=icon]", "href") }
    }

    fn is_over(&self) -> bool {
        self.shape == "run-ended"
    }

    /// A run that goes on no more without a person. Pages of many things bear that mark for other reasons.
    fn is_stuck(&self) -> bool {
        self.shape == "run-live" && self.mark.contains("mark-bad")
    }
}

/// After the page was brought up to date.
pub fn tell(before: Option<&Said>) {
    let (Some(before), Some(now)) = (before, Said::now()) else { return };
    let news = (now.is_over() && !before.is_over()) || (now.is_stuck() && !before.is_stuck());
    if !news || !is_there() || Notification::permission() != NotificationPermission::Granted {
        return;
    }
    let Some(document) = dom::document() else { return };
    let options = NotificationOptions::new();
    // One notification per page: the newer takes the older one's place.
    options.set_tag(&document.url().unwrap_or_default());
    let _ = Notification::new_with_options(&document.title(), &options);
}
