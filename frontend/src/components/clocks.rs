//! Whether the times are right by which everything is judged: said on every page when they are not.

use crate::components::tone::{Tone, badge};
use crate::components::{parts, time};
use crate::screen::Clocks;
use holdfast_api::system::ClockView;
use leptos::prelude::*;

/// On every page while two clocks are apart, or when it cannot be told whether they are.
#[must_use]
pub fn banner(clocks: &Clocks) -> AnyView {
    let found = match clocks {
        Clocks::Compared(found) => found,
        Clocks::NotKnown => {
            let body = view! { <p>"It could not be read just now. Load the page again; if that does not help, "<a href="/system">"system health"</a>" may say why."</p> };
            return parts::callout(
                Tone::Unknown,
                "Whether the clocks are right is not known",
                body.into_any(),
            );
        }
    };
    let apart: Vec<AnyView> = found.iter().filter(|clock| clock.state == "bad").map(said).collect();
    if apart.is_empty() {
        return parts::nothing();
    }
    let body = view! { {apart}<p><a href="/system">"System health"</a></p> };
    view! { <div role="alert">{parts::callout(Tone::Bad, "Two clocks are apart", body.into_any())}</div> }
        .into_any()
}

fn said(clock: &ClockView) -> AnyView {
    let says = clock.says.clone().unwrap_or_default();
    let way_out = clock.way_out.clone().unwrap_or_default();
    view! { <p>{says}" "{way_out}</p> }.into_any()
}

/// How each stands.
#[must_use]
pub fn card(clocks: &[ClockView]) -> AnyView {
    let aside = view! { "against the database's, by which everything is judged" };
    if clocks.is_empty() {
        let body = view! { {badge(Tone::Unknown, "not known")}" No worker lives, so no clock is compared." };
        return parts::card("clocks", "Clocks", aside.into_any(), body.into_any());
    }
    let head = view! { <tr><th scope="col">"Worker"</th><th scope="col">"State"</th><th scope="col">"Its own"</th><th scope="col">"AWS's"</th><th scope="col">"Compared"</th></tr> };
    let rows = clocks.iter().map(row).collect_view();
    parts::card(
        "clocks",
        "Clocks",
        aside.into_any(),
        parts::table("Clocks", head.into_any(), rows.into_any()),
    )
}

fn row(clock: &ClockView) -> AnyView {
    let (tone, word) = match clock.state.as_str() {
        "good" => (Tone::Good, "together"),
        "bad" => (Tone::Bad, "apart"),
        _ => (Tone::Unknown, "not known"),
    };
    let says = clock.says.clone().map(|_| view! { <div class="muted">{said(clock)}</div> });
    view! {
        <tr>
            <th scope="row"><code>{clock.worker.clone()}</code></th>
            <td>{badge(tone, word)}{says}</td>
            <td class="num">{ahead(clock.own_ahead_seconds)}</td>
            <td class="num">{ahead(clock.aws_ahead_seconds)}</td>
            <td>{time::ago(clock.compared_at)}</td>
        </tr>
    }
    .into_any()
}

fn ahead(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| "not known".to_owned(), |seconds| format!("{seconds:+.1} s"))
}
