//! Small parts that every page uses: cards, figures, callouts, empty states, fields.

use crate::components::tone::{Tone, badge};
use crate::screen;
use holdfast_failover::Refusal;
use leptos::prelude::*;

/// The page's first line: its name, what it is about, what can be done.
#[must_use]
pub fn head(title: impl Into<String>, under: AnyView, verbs: AnyView) -> AnyView {
    view! {
        <div class="head">
            <div class="head-words"><h1>{unbroken(&title.into())}</h1><div class="under">{under}</div></div>
            <div class="verbs">{verbs}</div>
        </div>
    }
    .into_any()
}

/// A Region's code is not broken at its hyphens: `us-east-` at a line's end is no Region. Longer words may be.
fn unbroken(title: &str) -> AnyView {
    const FITS_A_PHONE: usize = 20;
    title
        .split_inclusive(' ')
        .map(|word| match word.trim_end() {
            code if code.contains('-') && code.len() <= FITS_A_PHONE => {
                let rest = word[code.len()..].to_owned();
                view! { <span class="unbroken">{code.to_owned()}</span>{rest} }.into_any()
            }
            _ => word.to_owned().into_any(),
        })
        .collect_view()
        .into_any()
}

#[must_use]
pub fn nothing() -> AnyView {
    ().into_any()
}

/// A titled part of a page. `key` names it to the live island, which replaces it when it changes.
#[must_use]
pub fn card(key: &'static str, title: impl Into<String>, aside: AnyView, body: AnyView) -> AnyView {
    let id = format!("h-{key}");
    view! {
        <section class=format!("card card-{key}") data-live=key aria-labelledby=id.clone()>
            <header><h2 id=id.clone()>{title.into()}</h2><div class="aside">{aside}</div></header>
            {body}
        </section>
    }
    .into_any()
}

/// One figure with what it means.
#[must_use]
pub fn figure(label: impl Into<String>, value: AnyView, note: AnyView) -> AnyView {
    view! {
        <div class="figure"><dt>{label.into()}</dt><dd><strong>{value}</strong><div class="figure-note">{note}</div></dd></div>
    }
    .into_any()
}

#[must_use]
pub fn figures(key: &'static str, items: Vec<AnyView>) -> AnyView {
    view! { <dl class="card figures" data-live=key>{items}</dl> }.into_any()
}

/// Something to read before anything else on its part of the page.
#[must_use]
pub fn callout(tone: Tone, title: impl Into<String>, body: AnyView) -> AnyView {
    view! {
        <div class=format!("callout {}", tone.as_str())>
            <div class="callout-title">{badge(tone, title)}</div>
            <div class="callout-body">{body}</div>
        </div>
    }
    .into_any()
}

/// A list with nothing in it says why, and what to do next.
#[must_use]
pub fn empty(title: impl Into<String>, next: AnyView) -> AnyView {
    view! { <div class="empty"><p class="empty-title">{title.into()}</p><div class="muted">{next}</div></div> }.into_any()
}

/// A sentence of ours in which names stand between backticks.
#[must_use]
pub fn prose(text: &str) -> AnyView {
    if text.matches('`').count() % 2 == 1 {
        return view! { <span>{text.to_owned()}</span> }.into_any();
    }
    let pieces = text
        .split('`')
        .enumerate()
        .map(|(i, piece)| {
            let piece = piece.to_owned();
            if i % 2 == 1 { view! { <code>{piece}</code> }.into_any() } else { view! { {piece} }.into_any() }
        })
        .collect_view();
    view! { <span>{pieces}</span> }.into_any()
}

/// A no, with its way out.
#[must_use]
pub fn refusal(refusal: Refusal) -> AnyView {
    view! {
        <span class="refusal">{prose(&refusal.sentence)}" "<span class="way-out">{prose(&refusal.way_out)}</span>" "<code>{refusal.code}</code></span>
    }
    .into_any()
}

/// What is refused now, by the name of the verb.
#[must_use]
pub fn refused_verb(words: impl Into<String>, why: Refusal) -> AnyView {
    view! { <div class="refused"><span class="refused-verb">{words.into()}</span>{refusal(why)}</div> }
        .into_any()
}

/// A line of text to fill in, with what had been typed before.
#[must_use]
pub fn text_field(
    form: &str,
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    required: bool,
) -> AnyView {
    let value = screen::typed(form, name).unwrap_or_default();
    let id = format!("{form}-{name}");
    let hint_id = format!("{id}-hint");
    let hint = (!hint.is_empty()).then(|| view! { <span class="hint" id=hint_id.clone()>{hint}</span> });
    let described = hint.is_some().then_some(hint_id);
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <input id=id name=name type="text" value=value required=required maxlength="500" autocomplete="off" aria-describedby=described />
            {hint}
        </div>
    }
    .into_any()
}

/// A choice of a filter: the empty value means any.
#[must_use]
pub fn choice(
    name: &'static str,
    label: &'static str,
    any: &'static str,
    options: Vec<(String, String)>,
    chosen: Option<&str>,
) -> AnyView {
    let id = format!("f-{name}");
    let chosen = chosen.unwrap_or_default().to_owned();
    let options = options
        .into_iter()
        .map(|(value, words)| {
            let selected = value == chosen;
            view! { <option value=value selected=selected>{words}</option> }
        })
        .collect_view();
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <select id=id name=name><option value="">{any}</option>{options}</select>
        </div>
    }
    .into_any()
}

#[must_use]
pub fn search(name: &'static str, label: &'static str, value: Option<&str>) -> AnyView {
    let id = format!("f-{name}");
    view! {
        <div class="field grow">
            <label for=id.clone()>{label}</label>
            <input id=id name=name type="search" value=value.unwrap_or_default().to_owned() maxlength="200" data-search="" autocomplete="off" />
        </div>
    }
    .into_any()
}

/// A table that may be wider than the page: it then scrolls by itself, also by keyboard.
#[must_use]
pub fn table(label: &'static str, head: AnyView, rows: AnyView) -> AnyView {
    shaped(label, "", head, rows)
}

/// A table whose lines become blocks where there is no room for columns: every cell must say what it is.
#[must_use]
pub fn folding_table(label: &str, head: AnyView, rows: AnyView) -> AnyView {
    shaped(label, "folding", head, rows)
}

/// A folding table of short values: where it folds they stand two and two, each under its label (`labelled`); the first
/// cell of a line, and one of the class `whole`, alone.
#[must_use]
pub fn paired_table(label: &'static str, head: AnyView, rows: AnyView) -> AnyView {
    shaped(label, "folding paired", head, rows)
}

/// A cell that says what it is where its column's head is not shown.
#[must_use]
pub fn labelled(label: &'static str, value: AnyView) -> AnyView {
    view! { <td><span class="narrow-label">{label}</span>{value}</td> }.into_any()
}

fn shaped(label: &str, class: &'static str, head: AnyView, rows: AnyView) -> AnyView {
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label=format!("{label}, table")>
            <table class=class><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>
        </div>
    }
    .into_any()
}

/// A part that opens. `open` is how the server would have it; the browser keeps what the reader chose.
#[must_use]
pub fn fold(id: String, open: bool, class: &'static str, summary: AnyView, body: AnyView) -> AnyView {
    let server = if open { "true" } else { "false" };
    view! { <details id=id class=class open=open data-open=server><summary>{summary}</summary><div class="fold">{body}</div></details> }.into_any()
}
