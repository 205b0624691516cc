//! A page that cannot be shown says what is in the way and who can lift it.

use crate::components::parts;
use crate::components::tone::Tone;
use crate::screen::Screen;
use holdfast_api::Problem;
use leptos::prelude::*;

#[must_use]
pub fn page(problem: Problem) -> Screen {
    let tone = if problem.status >= 500 { Tone::Bad } else { Tone::Watch };
    let title = problem.title.clone();
    Screen::new(title, "", move || {
        let fields = (!problem.fields.is_empty()).then(|| {
            let items = problem
                .fields
                .iter()
                .map(|f| view! { <li><code>{f.path.clone()}</code>": "{f.message.clone()}" "{f.way_out.clone()}</li> })
                .collect_view();
            view! { <ul>{items}</ul> }
        });
        let run = problem.blocked_by.clone().map(|id| view! { <a class="btn" href=crate::components::runs::href(&id)>"Open the run in the way"</a> });
        let again = (problem.status >= 500).then(|| view! { <a class="btn" href="">"Try this page again"</a> });
        view! {
            <div class="problem">
                <p class="muted">{format!("{} · ", problem.status)}<code>{problem.code}</code></p>
                <h1>{problem.title}</h1>
                {parts::callout(tone, problem.detail, view! { <p>{parts::prose(&problem.way_out)}</p>{fields} }.into_any())}
                <div class="verbs">{run}{again}<a class="btn" href="/">"Go to Now"</a></div>
            </div>
        }
        .into_any()
    })
    .mark(tone)
}
