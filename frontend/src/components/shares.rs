//! Who takes over what of the load of a Region that leaves an active-active application: percent now, percent to be.

use crate::components::tone::Tone;
use crate::components::{applications, bars, parts};
use holdfast_api::runs::RunPreview;
use holdfast_domain::{LoadSplit, RegionCode};
use holdfast_failover::plan::{Share, Split};
use leptos::prelude::*;

/// The card of a plan in which a Region leaves others.
#[must_use]
pub fn card(split: Option<&Split>) -> AnyView {
    let Some(split) = split else { return parts::nothing() };
    let aside = view! { {format!("when {} leaves", split.leaving)} };
    let body =
        view! { <p class="lead">{split.rule.clone()}</p>{table(split.leaving.as_str(), &split.shares)} };
    parts::card("split", "How the load is split", aside.into_any(), body.into_any())
}

/// Region by Region.
#[must_use]
pub fn table(leaving: &str, shares: &[Share]) -> AnyView {
    if shares.is_empty() {
        return parts::nothing();
    }
    let weighed = shares.iter().any(|share| share.to_be_percent.is_some());
    let rows = shares
        .iter()
        .map(|share| {
            let leaves = share.region.as_str() == leaving;
            let takes = if leaves { "leaves".to_owned() } else { format!("{} %", share.takes_percent) };
            let traffic = weighed.then(|| {
                let (now, to_be) = (percent(share.now_percent), percent(share.to_be_percent));
                let bar = share.to_be_percent.map(|p| bars::against(Some(f64::from(p)), 100.0, Tone::Moving));
                let words = view! { <span class="was">{now}</span><span class="arrow" aria-label="becomes">" → "</span><span class="to-be">{to_be}</span>{bar} };
                parts::labelled("Of all traffic", words.into_any())
            });
            view! {
                <tr>
                    <td><code>{share.region.to_string()}</code></td>
                    {parts::labelled("Takes over", view! { {takes} }.into_any())}
                    {traffic}
                </tr>
            }
        })
        .collect_view();
    let head = view! {
        <th scope="col">"Region"</th><th scope="col">"Takes over"</th>
        {weighed.then(|| view! { <th scope="col">"Of all traffic, now → to be"</th> })}
    };
    let unweighed = (!weighed).then(|| {
        view! { <p class="muted">"Nothing divides its traffic by weight: each client goes to the Region that AWS finds for it among those that remain."</p> }
    });
    view! { {parts::folding_table("Shares of the load", head.into_any(), rows.into_any())}{unweighed} }
        .into_any()
}

fn percent(of: Option<u32>) -> String {
    of.map_or_else(|| "not known".to_owned(), |percent| format!("{percent} %"))
}

/// The shares as links and forms carry them: `eu-central-1=60,ap-southeast-1=40`.
#[must_use]
pub fn sent(preview: &RunPreview) -> Option<String> {
    let split = preview.request.split.as_ref()?;
    Some(split.iter().map(|(region, percent)| format!("{region}={percent}")).collect::<Vec<_>>().join(","))
}

/// Other shares are another plan: choosing asks for the page anew. Where one Region takes all there is nothing to choose.
#[must_use]
pub fn choose(preview: &RunPreview) -> AnyView {
    let request = &preview.request;
    let Some(split) = preview.split.as_ref().filter(|_| request.drill.is_none()) else {
        return parts::nothing();
    };
    let stay: Vec<&Share> = split.shares.iter().filter(|share| share.region != split.leaving).collect();
    if stay.iter().filter(|share| share.parts > 0).count() < 2 {
        return parts::nothing();
    }
    let hidden = |name: &'static str, value: String| view! { <input type="hidden" name=name value=value /> };
    let field = |region: &RegionCode, percent: u32| {
        let id = format!("share_{region}");
        view! {
            <div class="field">
                <label for=id.clone()>{format!("{region} takes, in percent")}</label>
                <input id=id.clone() name=id type="number" min="0" max="100" value=percent.to_string() required />
            </div>
        }
    };
    let fields = stay.iter().map(|share| field(&share.region, share.takes_percent)).collect_view();
    let body = view! {
        <form method="get" action=format!("{}/runs/new", applications::href(&request.application)) class="filters">
            {hidden("intent", request.intent.as_str().to_owned())}
            {hidden("mode", request.mode.as_str().to_owned())}
            {hidden("from", preview.from_region.clone())}
            {request.commit_within_seconds.map(|seconds| hidden("commit", seconds.to_string()))}
            {request.break_glass.then(|| hidden("break_glass", "yes".to_owned()))}
            {fields}
            <div class="field"><button class="btn" type="submit">"Show the plan with these shares"</button></div>
        </form>
        <p class="hint">"They sum to 100. They are of this run alone; what the application does otherwise stands in the inventory, as "<code>"load_split"</code>"."</p>
    };
    let summary = view! { "Split it otherwise, this once" };
    parts::fold("other-shares".into(), false, "plain-fold", summary.into_any(), body.into_any())
}

/// The rule that an application states, in words.
#[must_use]
pub fn stated(rule: &LoadSplit) -> String {
    match rule {
        LoadSplit::Even => "in even shares".to_owned(),
        LoadSplit::Proportional => "in proportion to capacity".to_owned(),
        LoadSplit::Percent(all) => {
            let one = |(region, percent): (&RegionCode, &u8)| format!("{region} {percent} %");
            format!("in the ratio {}", all.iter().map(one).collect::<Vec<_>>().join(", "))
        }
    }
}
