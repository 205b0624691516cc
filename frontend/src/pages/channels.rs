//! How whoever looks is told: their channels. What signs a webhook's messages is shown by the answer that makes it, once.

use crate::components::tone::Tone;
use crate::components::tone::badge;
use crate::components::{parts, time, told};
use crate::format;
use crate::screen::{Screen, typed};
use holdfast_api::notices::ChannelView;
use holdfast_domain::ChannelKind;
use leptos::prelude::*;

pub const PATH: &str = "/me/channels";
/// The form of a new channel.
pub const ADD: &str = "add-channel";
const TITLE: &str = "How you are told";

/// `made`: the channel that the form just made, with its secret: this page is the only one that ever shows it.
#[must_use]
pub fn page(channels: Vec<ChannelView>, made: Option<ChannelView>) -> Screen {
    Screen::new(TITLE, "/me", move || body(&channels, made.as_ref())).crumb("Your sign-in", "/me")
}

fn body(channels: &[ChannelView], made: Option<&ChannelView>) -> AnyView {
    let secret = made.and_then(|c| c.secret.clone().map(|secret| (c.name.clone(), secret))).map(|(name, secret)| {
        let words = view! {
            <p>"Messages are signed with it (Standard Webhooks). Copy it now: it is not shown again."</p>
            <p><code class="secret">{secret}</code></p>
        };
        view! { <div role="status">{parts::callout(Tone::Good, format!("The secret of {name}"), words.into_any())}</div> }
    });
    let list = if channels.is_empty() {
        let next = view! { "Until there is one, what waits for you waits on the pages alone." };
        parts::empty("You are not told of anything", next.into_any())
    } else {
        let head = view! {
            <th scope="col">"Name"</th><th scope="col">"Leads to"</th><th scope="col">"Last message"</th>
            <th scope="col"><span class="sr">"Try or remove"</span></th>
        };
        let rows = channels.iter().map(channel).collect_view();
        parts::paired_table("Channels", head.into_any(), rows.into_any())
    };
    let under = view! {
        "You hear at once of requests that wait for your approval, of every emergency, and of what becomes of your own requests; again where nobody answers."
    };
    view! {
        {parts::head(TITLE, under.into_any(), parts::nothing())}
        {secret}
        {parts::card("channels", format::count(channels.len(), "channel", "channels"), parts::nothing(), list)}
        {parts::card(ADD, "Add a channel", parts::nothing(), add())}
    }
    .into_any()
}

fn channel(channel: &ChannelView) -> AnyView {
    let path = format!("{PATH}/{}", format::encode(&channel.id));
    let last = match &channel.last {
        None => view! { <span class="muted">"none yet"</span> }.into_any(),
        Some(last) => {
            let (tone, word) = told::state(&last.state);
            let why = last.error.clone().filter(|_| last.state != "delivered").map(|why| {
                view! { <div class="why">{format::sentence(&why)}</div> }
            });
            view! { {badge(tone, word)}" "{time::ago(last.at)}{why} }.into_any()
        }
    };
    let of = channel.name.clone();
    view! {
        <tr>
            <td><b>{channel.name.clone()}</b>" "<span class="muted">{channel.kind.words()}</span></td>
            {parts::labelled("Leads to", view! { {channel.leads_to.clone()} }.into_any())}
            {parts::labelled("Last message", last)}
            <td class="whole">
                <div class="verbs">
                    <form method="post" action=format!("{path}/test")><button class="btn small" type="submit">"Send a test"<span class="sr">{format!(" to {of}")}</span></button></form>
                    <form method="post" action=format!("{path}/remove")><button class="btn small danger" type="submit">"Remove"<span class="sr">{format!(" {}", channel.name)}</span></button></form>
                </div>
            </td>
        </tr>
    }
    .into_any()
}

fn add() -> AnyView {
    let chosen = typed(ADD, "kind").unwrap_or_else(|| ChannelKind::Email.as_str().to_owned());
    let kinds = ChannelKind::ALL
        .iter()
        .map(|kind| {
            let selected = kind.as_str() == chosen;
            view! { <option value=kind.as_str() selected=selected>{kind.words()}</option> }
        })
        .collect_view();
    view! {
        <form method="post" action=PATH class="stack">
            <div class="field"><label for="add-channel-kind">"Kind"</label><select id="add-channel-kind" name="kind">{kinds}</select></div>
            {parts::text_field(ADD, "name", "Name", "Which of yours it is, such as: my phone.", true)}
            <div class="field">
                <label for="add-channel-to">"Where it leads"</label>
                <input id="add-channel-to" name="to" type="text" maxlength="2000" autocomplete="off" aria-describedby="add-channel-to-hint" />
                <span class="hint" id="add-channel-to-hint">"An e-mail address (yours where nothing is said), the URL of a webhook or of Slack's incoming webhook, or PagerDuty's integration key. It is kept sealed and not shown again."</span>
            </div>
            <button class="btn primary" type="submit">"Add this channel"</button>
        </form>
    }
    .into_any()
}
