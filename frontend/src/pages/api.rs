//! The REST API as a page: how to begin, and every operation by its area. Works without scripts.

use crate::components::parts;
use crate::format;
use crate::screen::Screen;
use leptos::prelude::*;

/// What belongs together, as the description groups it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Area {
    pub name: String,
    pub words: String,
    pub operations: Vec<Operation>,
}

/// One thing that can be asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Operation {
    pub id: String,
    pub method: String,
    pub path: String,
    pub words: Option<String>,
    pub parameters: Vec<Parameter>,
    /// What its body is, where it takes one.
    pub body: Option<String>,
    /// Status and meaning, without what holds for all.
    pub answers: Vec<(String, String)>,
}

/// `place`: path, query, header or cookie.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameter {
    pub name: String,
    pub place: &'static str,
    pub required: bool,
    pub words: Option<String>,
}

#[must_use]
pub fn page(public_url: String, areas: Vec<Area>) -> Screen {
    Screen::new("API", "/api", move || {
        let begin =
            format!("curl -H \"Authorization: Bearer $HOLDFAST_TOKEN\" {public_url}/api/v1/applications");
        let index = areas
            .iter()
            .map(|area| view! { <li><a href=format!("#h-{}", area.name)>{format::sentence(&area.name)}</a>": "{area.words.clone()}</li> })
            .collect_view();
        view! {
            {parts::head("API", view! { "Everything that these pages do, the REST API does too." }.into_any(), parts::nothing())}
            <div class="grid halves">
                {parts::card("description", "Its description", parts::nothing(), view! {
                    <ul>{index}</ul>
                    <p>"The same for programs: "<a href="/api/v1/openapi.json">"OpenAPI as JSON"</a>", with the shape of every body."</p>
                }.into_any())}
                {parts::card("begin", "To begin", parts::nothing(), view! {
                    <p>"An admin makes a token: "<code>"holdfast admin token create --email E --scope status:read"</code></p>
                    <pre tabindex="0">{begin}</pre>
                    <p>"A token can request a run. It can never approve one."</p>
                    <p>"Every no is a problem (RFC 9457) with a stable "<code>"code"</code>" and a "<code>"way_out"</code>": 400 malformed, 401 not signed in, 403 not allowed, 500 a defect, 503 the database does not answer, 504 no answer in time. What an operation answers besides stands with it."</p>
                }.into_any())}
            </div>
            {areas.iter().map(area).collect_view()}
        }
        .into_any()
    })
}

fn area(area: &Area) -> AnyView {
    let id = format!("h-{}", area.name);
    let operations = area.operations.iter().map(operation).collect_view();
    view! {
        <section class="card" aria-labelledby=id.clone()>
            <header><h2 id=id.clone()>{format::sentence(&area.name)}</h2><div class="aside">{area.words.clone()}</div></header>
            <ul class="bare operations">{operations}</ul>
        </section>
    }
    .into_any()
}

fn operation(operation: &Operation) -> AnyView {
    let words = operation.words.clone().unwrap_or_else(|| format::sentence(&format::plain(&operation.id)));
    let summary = view! {
        <span class="operation-call"><b>{operation.method.clone()}</b>" "<code>{operation.path.clone()}</code></span>
        " "<span class="muted">{words}</span>
    };
    let parameters = operation
        .parameters
        .iter()
        .map(|parameter| {
            let need = if parameter.required { "needed" } else { "optional" };
            let words = parameter.words.clone().map(|words| view! { ": "{parts::prose(&words)} });
            view! { <li><code>{parameter.name.clone()}</code><span class="muted">{format!(" in the {}, {need}", parameter.place)}</span>{words}</li> }
        })
        .collect_view();
    let takes = (!operation.parameters.is_empty())
        .then(|| view! { <tr><th scope="row">"Takes"</th><td><ul class="bare">{parameters}</ul></td></tr> });
    let body = operation
        .body
        .clone()
        .map(|body| view! { <tr><th scope="row">"Body"</th><td>{parts::prose(&body)}</td></tr> });
    let answers = operation
        .answers
        .iter()
        .map(|(status, words)| view! { <li><b>{status.clone()}</b>" "{parts::prose(words)}</li> })
        .collect_view();
    let detail = view! {
        <table class="plain pairs"><tbody>
            {takes}
            {body}
            <tr><th scope="row">"Answers"</th><td><ul class="bare">{answers}</ul></td></tr>
        </tbody></table>
    };
    view! { <li>{parts::fold(operation.id.clone(), false, "plain-fold", summary.into_any(), detail.into_any())}</li> }
        .into_any()
}
