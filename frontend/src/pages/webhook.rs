//! A webhook's signing secret: what a new one would do, and the one moment at which it is shown.

use crate::components::tone::Tone;
use crate::components::{applications, own_steps, parts};
use crate::screen::Screen;
use holdfast_api::applications::ApplicationView;
use holdfast_domain::own_step::OwnWork;
use leptos::prelude::*;

/// A webhook among an application's own steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    pub application: String,
    pub step: String,
    pub url: String,
}

impl Webhook {
    /// `None`: the application has no webhook of this name.
    #[must_use]
    pub fn of(view: &ApplicationView, step: &str) -> Option<Self> {
        view.own_steps.iter().filter(|own| own.name.as_str() == step).find_map(|own| match &own.work {
            OwnWork::Webhook { url } => {
                Some(Self { application: view.summary.name.clone(), step: step.to_owned(), url: url.clone() })
            }
            _ => None,
        })
    }
}

/// `may_make`: whether the form is shown; whether it is accepted is the control plane's to say.
#[must_use]
pub fn page(webhook: Webhook, may_make: bool) -> Screen {
    screen(webhook, move |webhook| {
        let form = if may_make {
            ask(
                webhook,
                "Make a new secret",
                "The one before signs nothing any more: whoever verifies with it refuses what Holdfast sends, and the step then asks a person.",
            )
        } else {
            view! { <p class="hint">"Making a new one needs an administrator."</p> }.into_any()
        };
        let body = view! {
            <p class="lead">"Every delivery is signed with it, as Standard Webhooks has it: the headers "<code>"webhook-id"</code>", "<code>"webhook-timestamp"</code>" and "<code>"webhook-signature"</code>". It is shown once, when it is made."</p>
            {form}
        };
        parts::card(
            "secret",
            "What it is signed with",
            parts::nothing(),
            view! { <div class="stack">{body}</div> }.into_any(),
        )
    })
}

/// The only page that ever shows this secret.
#[must_use]
pub fn made(webhook: Webhook, secret: String) -> Screen {
    screen(webhook, move |webhook| {
        let words = view! {
            <p>"Copy it now: it is not shown again. Whoever has it can sign as Holdfast does."</p>
            <p><code class="secret">{secret}</code></p>
            <p>"Give it to what answers at "<code>{webhook.url.clone()}</code>". Until then that refuses what Holdfast sends."</p>
        };
        let lost = view! {
            <p>"Lost, or seen by somebody who should not have it? Make another."</p>
            {ask(webhook, "Make another secret", "This one then signs nothing any more.")}
        };
        view! {
            <div role="status">{parts::callout(Tone::Good, format!("The new secret of {}", webhook.step), words.into_any())}</div>
            {parts::card("secret", "If it is lost", parts::nothing(), view! { <div class="stack">{lost}</div> }.into_any())}
            <p><a class="btn" href=applications::href(&webhook.application)>{format!("Back to {}", webhook.application)}</a></p>
        }
        .into_any()
    })
}

fn screen(webhook: Webhook, body: impl FnOnce(&Webhook) -> AnyView + Send + 'static) -> Screen {
    let (application, step) = (webhook.application.clone(), webhook.step.clone());
    Screen::new(format!("Secret of {step}"), "/applications", move || {
        let under =
            view! { {format!("a webhook of {} to ", webhook.application)}<code>{webhook.url.clone()}</code> };
        let body = body(&webhook);
        view! {
            {parts::head(format!("Signing secret of {}", webhook.step), under.into_any(), parts::nothing())}
            {body}
        }
        .into_any()
    })
    .crumb("Applications", "/applications")
    .crumb(application.clone(), applications::href(&application))
}

fn ask(webhook: &Webhook, words: &'static str, means: &'static str) -> AnyView {
    view! {
        <form method="post" action=own_steps::secret_href(&webhook.application, &webhook.step) class="stack">
            <button class="btn danger" type="submit">{format!("{words} for {}", webhook.step)}</button>
            <p class="hint">{means}</p>
        </form>
    }
    .into_any()
}
