//! What the database has lost of runs' journals: said where the run is shown, and where Holdfast's own health is.

use crate::components::tone::{Tone, badge};
use crate::components::{applications, parts, runs, time};
use holdfast_api::system::GapView;
use leptos::prelude::*;

/// On the run's own page.
#[must_use]
pub fn said(gap: &GapView) -> AnyView {
    view! {
        <p>{badge(Tone::Bad, "journal went back")}" "{gap.says.clone()}" Noticed "{time::ago(gap.noticed_at)}". "{gap.way_out.clone()}</p>
    }
    .into_any()
}

/// Shown when there are any.
#[must_use]
pub fn card(gaps: &[GapView]) -> AnyView {
    let Some(way_out) = gaps.first().map(|gap| gap.way_out.clone()) else { return parts::nothing() };
    let rows = gaps
        .iter()
        .map(|gap| {
            view! {
                <tr>
                    <td><a class="row-link" href=applications::href(&gap.application)><b>{gap.application.clone()}</b></a></td>
                    <td>{gap.says.clone()}<div><a href=runs::href(&gap.run)>"Its page"</a></div></td>
                    <td>{time::ago(gap.noticed_at)}<div class="muted">{gap.noticed_by.clone()}</div></td>
                </tr>
            }
        })
        .collect_view();
    let head = view! { <th scope="col">"Application"</th><th scope="col">"What is lost"</th><th scope="col">"Noticed"</th> };
    let aside = view! { "noticed within the last seven days, by workers that remember them" };
    let body = view! { {parts::folding_table("Journals that went back", head.into_any(), rows.into_any())}<p>{way_out}</p> };
    parts::card("gaps", "Journals that went back", aside.into_any(), body.into_any())
}
