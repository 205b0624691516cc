//! Where the REST API is described, and how to begin with it.

use crate::components::parts;
use crate::screen::Screen;
use leptos::prelude::*;

#[must_use]
pub fn page(public_url: String) -> Screen {
    Screen::new("API", "/api", move || {
        let begin =
            format!("curl -H \"Authorization: Bearer $HOLDFAST_TOKEN\" {public_url}/api/v1/applications");
        view! {
            {parts::head("API", view! { "Everything that these pages do, the REST API does too." }.into_any(), parts::nothing())}
            <div class="grid halves">
                {parts::card("description", "Its description", parts::nothing(), view! {
                    <ul>
                        <li><a href="/api/v1/openapi.json">"OpenAPI as JSON"</a></li>
                        <li><a href="/api/docs">"The same as a page to try it out"</a></li>
                    </ul>
                }.into_any())}
                {parts::card("begin", "To begin", parts::nothing(), view! {
                    <p>"An admin makes a token: "<code>"holdfast admin token create --email E --scope status:read"</code></p>
                    <pre tabindex="0">{begin}</pre>
                    <p>"A token can request a run. It can never approve one."</p>
                }.into_any())}
            </div>
        }
        .into_any()
    })
}
