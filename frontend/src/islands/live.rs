//! The live mechanism of every page: an event stream says that there is news, and the page is fetched again.
//! It always says how far it may be believed: live, reconnecting, or stale since when.

use leptos::prelude::*;

/// `url`: the stream. `as_of`: when the server rendered the page, for whoever has no scripts.
#[island]
pub fn Live(url: String, as_of: String) -> impl IntoView {
    let class = RwSignal::new("live quiet");
    let words = RwSignal::new(format!("as of {as_of}"));
    #[cfg(feature = "hydrate")]
    super::stream::start(url, class, words);
    #[cfg(not(feature = "hydrate"))]
    let _ = url;
    view! { <span class=move || class.get() data-live-state="" role="status">{move || words.get()}</span> }
}
