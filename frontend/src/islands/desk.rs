//! What goes with every page: keys, clocks that run, and a theme that changes without a reload.

use leptos::prelude::*;

const GO: &[(&str, &str)] = &[
    ("n", "Now"),
    ("a", "Applications"),
    ("r", "Runs"),
    ("v", "Approvals"),
    ("e", "Regions"),
    ("c", "Compliance"),
    ("u", "Audit"),
];

/// The dialog that `?` opens; it is not displayed before.
#[island]
pub fn Desk() -> impl IntoView {
    #[cfg(feature = "hydrate")]
    {
        super::keys::start();
        super::clock::start();
        super::theme::start();
    }
    let rows = GO
        .iter()
        .map(|(key, words)| view! { <li><span><kbd>"g"</kbd>" "<kbd>{*key}</kbd></span>" "{format!("go to {words}")}</li> })
        .collect_view();
    view! {
        <dialog id="keys" class="keys" aria-labelledby="h-keys">
            <h2 id="h-keys">"Keys"</h2>
            <ul class="bare">
                <li><kbd>"/"</kbd>" search"</li>
                {rows}
                <li><kbd>"?"</kbd>" this list"</li>
            </ul>
            <form method="dialog"><button class="btn" type="submit">"Close"</button></form>
        </dialog>
    }
}
