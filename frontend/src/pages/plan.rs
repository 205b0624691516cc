//! One version of a kept plan: its steps in both forms with the planes that they need, the edits over it, and the plain
//! forms that change them.

mod change;
mod diff;

pub use change::{INSERT, ORDER, TIME, WHEN};
pub use diff::page as diff_page;

use super::plans::{href, made_words, version_href};
use crate::components::tone::{Tone, badge};
use crate::components::{applications, graph, parts, plan, shares};
use crate::screen::Screen;
use crate::{format, words};
use holdfast_api::plans::{EditView, FormView, PlanVersionView};
use holdfast_api::runs::StepView;
use holdfast_failover::Mode;
use holdfast_failover::plan::sheet::{Lint, LintFinding};
use leptos::prelude::*;

#[must_use]
pub fn page(view: PlanVersionView) -> Screen {
    let failed = view.lint.iter().any(|found| found.lint == Lint::Failed);
    let mark = if failed { Tone::Bad } else { Tone::Quiet };
    let application = view.application.clone();
    Screen::new(title(&view), "/applications", move || body(&view))
        .mark(mark)
        .crumb("Applications", "/applications")
        .crumb(application.clone(), applications::href(&application))
        .crumb("Plans", href(&application))
}

fn title(view: &PlanVersionView) -> String {
    let head = &view.head;
    format!("{} from {} to {}", format::sentence(head.intent.as_str()), head.from_region, head.to_region)
}

fn body(view: &PlanVersionView) -> AnyView {
    let head = &view.head;
    let under = view! { {format!("{}, version {}: ", view.application, head.version)}{made_words(head)} };
    let newer = (view.newest != head.version).then(|| {
        let to = version_href(&view.application, view.newest);
        let link = view! { <a class="btn" href=to>{format!("See version {}", view.newest)}</a> };
        parts::callout(Tone::Watch, "There is a newer version", link.into_any())
    });
    let split = view.split.clone().map(|rule| {
        parts::card(
            "split",
            "How the load is split",
            parts::nothing(),
            view! { <p class="lead">{rule}</p>{shares::table(&head.from_region, &view.shares)} }.into_any(),
        )
    });
    view! {
        {parts::head(title(view), under.into_any(), parts::nothing())}
        {newer}
        {split}
        {parts::card("edits", "Edits over what is generated", view! { {format::count(view.edits.len(), "edit", "edits")} }.into_any(), edits(view))}
        {form("planned", "Planned", Mode::Planned, &view.planned, view)}
        {form("emergency", "Emergency", Mode::Emergency, &view.emergency, view)}
        {parts::card("versions", "Versions", parts::nothing(), versions(view))}
    }
    .into_any()
}

fn edits(view: &PlanVersionView) -> AnyView {
    let newest = view.newest == view.head.version;
    let list = if view.edits.is_empty() {
        parts::empty("Nothing was changed", view! { "The plan is as it is generated." }.into_any())
    } else {
        let items =
            view.edits.iter().enumerate().map(|(at, edit)| one_edit(view, at, edit, newest)).collect_view();
        view! { <ul class="plain-list">{items}</ul> }.into_any()
    };
    let forms = (newest && view.may_edit).then(|| change::forms(view));
    view! { <div class="stack">{list}{forms}</div> }.into_any()
}

fn one_edit(view: &PlanVersionView, at: usize, edit: &EditView, newest: bool) -> AnyView {
    let misfit = edit.misfit.as_ref().map(|misfit| {
        view! { " "{badge(Tone::Bad, "does not apply")}" "{parts::prose(&misfit.sentence)}" "<span class="way-out">{parts::prose(&misfit.way_out)}</span> }
    });
    let back = (newest && view.may_edit).then(|| {
        view! {
            <form method="post" action=format!("{}/edit", version_href(&view.application, view.head.version))>
                <input type="hidden" name="take_back" value=at.to_string() />
                <button class="btn small" type="submit">{format!("Take edit {} back", at + 1)}</button>
            </form>
        }
    });
    view! { <li>{format!("{}. {}", at + 1, format::sentence(&edit.words))}{misfit}{back}</li> }.into_any()
}

fn form(
    key: &'static str,
    word: &'static str,
    mode: Mode,
    form: &FormView,
    view: &PlanVersionView,
) -> AnyView {
    let aside = view! { {format::count(form.steps.len(), "step", "steps")} }.into_any();
    if let Some(refusal) = &form.refused {
        let body = parts::callout(Tone::Watch, "None can be made", parts::refusal(refusal.clone()));
        return parts::card(key, word, aside, body);
    }
    let lint: Vec<&LintFinding> = view.lint.iter().filter(|found| found.mode == mode).collect();
    let rows = form.steps.iter().enumerate().map(|(i, step)| row(i, step, &lint, view)).collect_view();
    let head = view! {
        <th scope="col">"Step"</th><th scope="col">"Begins after"</th><th scope="col">"Plane"</th><th scope="col">"Time"</th>
    };
    let notes = (!form.notes.is_empty()).then(|| plan::notes(&form.notes));
    let body = view! {
        {parts::folding_table(word, head.into_any(), rows.into_any())}
        {graph::fold(&form.steps, key, word)}
        {notes}
    };
    parts::card(key, word, aside, body.into_any())
}

fn row(at: usize, step: &StepView, lint: &[&LintFinding], view: &PlanVersionView) -> AnyView {
    let edited = view.edits.iter().any(|edit| edit.step == step.id && edit.misfit.is_none());
    let edited = edited.then(|| view! { <span class="tag accent">"edited"</span> });
    let irreversible = step.irreversible.then(|| badge(Tone::Bad, "cannot be undone"));
    let how = step.note.clone().map(|how| view! { <div class="muted">{how}</div> });
    let needs = lint.iter().find(|found| found.step.as_str() == step.id).map(|found| {
        let tone = match found.lint {
            Lint::Failed => Tone::Bad,
            Lint::Waived => Tone::Watch,
            Lint::Note => Tone::Quiet,
        };
        let sentence = found.sentence.clone();
        view! { <div>{badge(tone, found.lint.as_str())}" "<span class="muted">{parts::prose(&sentence)}</span></div> }
    });
    let after = if step.after.is_empty() { "nothing".to_owned() } else { step.after.join(", ") };
    view! {
        <tr>
            <td>
                <span class="plan-n">{(at + 1).to_string()}</span>" "<b>{step.title.clone()}</b>" "{edited}" "{irreversible}
                <div class="muted"><code>{step.id.clone()}</code></div>{how}
            </td>
            {parts::labelled("Begins after", view! { <span class="muted">{after}</span> }.into_any())}
            {parts::labelled("Plane", view! { <code>{step.plane.clone()}</code>{needs} }.into_any())}
            {parts::labelled("Time", view! { {words::span(f64::from(step.timeout_seconds))} }.into_any())}
        </tr>
    }
    .into_any()
}

fn versions(view: &PlanVersionView) -> AnyView {
    let rows = view
        .versions
        .iter()
        .map(|head| {
            let here = (head.version == view.head.version).then(|| view! { " "<span class="tag">"this one"</span> });
            let older = view.versions.iter().map(|h| h.version).filter(|v| *v < head.version).max();
            let diff = older.map(|older| {
                let to = format!("{}/diff?with={older}", version_href(&view.application, head.version));
                view! { <a href=to>{format!("What changed since version {older}")}</a> }
            });
            view! {
                <tr>
                    <td><a href=version_href(&view.application, head.version)>{format!("Version {}", head.version)}</a>{here}</td>
                    {parts::labelled("Made", made_words(head))}
                    {parts::labelled("Digest", view! { <code>{head.digest.chars().take(12).collect::<String>()}</code> }.into_any())}
                    {parts::labelled("Changes", diff.into_any())}
                </tr>
            }
        })
        .collect_view();
    let head = view! {
        <th scope="col">"Version"</th><th scope="col">"Made"</th><th scope="col">"Digest"</th><th scope="col">"Changes"</th>
    };
    parts::folding_table("Versions", head.into_any(), rows.into_any())
}
