//! One's own password, on the page of one's sign-in.

use leptos::prelude::*;

/// The form's name.
pub const CHANGE: &str = "change-password";

/// `alone`: nothing else can be done on the page.
pub(super) fn own(alone: bool) -> AnyView {
    let button = if alone { "btn primary" } else { "btn" };
    view! {
        <form method="post" action="/me/password" class="stack">
            {field("present", "Present password", "current-password", None)}
            {field("new", "New password", "new-password", Some("At least 12 characters of any kind, and none of the common ones."))}
            {field("again", "New password, again", "new-password", None)}
            <p class="hint">"Every other place where you are signed in is signed out."</p>
            <button class=button type="submit">"Change the password"</button>
        </form>
    }
    .into_any()
}

fn field(
    name: &'static str,
    label: &'static str,
    autocomplete: &'static str,
    hint: Option<&'static str>,
) -> AnyView {
    let id = format!("{CHANGE}-{name}");
    let described = hint.map(|_| format!("{id}-hint"));
    let hint = hint.map(|hint| view! { <span class="hint" id=format!("{id}-hint")>{hint}</span> });
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <input id=id name=name type="password" required maxlength="1000" autocomplete=autocomplete aria-describedby=described />
            {hint}
        </div>
    }
    .into_any()
}
