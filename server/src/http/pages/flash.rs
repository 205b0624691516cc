//! What came of a form, carried over the redirect to the page that it came from: a cookie for that browser alone,
//! for a minute (ten, while a proof of who one is stands between), read once. It holds words of ours and what the person had typed; pages escape all of it.

use super::cookies;
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use holdfast_api::Problem;
use holdfast_frontend::screen::Flash;
use std::collections::BTreeMap;

pub const COOKIE: &str = "__Host-holdfast-flash";
const KEPT_SECONDS: u32 = 60;
/// Finding one's phone takes longer than reading a page.
const WAITS_SECONDS: u32 = 600;
/// Browsers keep 4,096 bytes of a cookie; Base64 takes a third more than what it carries.
const LONGEST_BYTES: usize = 2_700;

fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[must_use]
pub fn done(title: impl Into<String>) -> Flash {
    Flash { done: true, title: title.into(), ..Flash::default() }
}

/// What was done, and what of it was not.
#[must_use]
pub fn partly(title: &str, detail: &str, whole: bool) -> Flash {
    Flash { done: whole, detail: cut(detail, 500), ..done(cut(title, 300)) }
}

/// What a form's page is to tell, and the no that it is about.
#[derive(Debug)]
pub struct CameOf {
    pub flash: Flash,
    pub refusal: Option<Problem>,
}

impl From<Flash> for CameOf {
    fn from(flash: Flash) -> Self {
        Self { flash, refusal: None }
    }
}

/// `form` and `typed` go back into the form that was refused.
#[must_use]
pub fn refused(problem: &Problem, form: &str, typed: BTreeMap<String, String>) -> CameOf {
    let detail = if problem.fields.len() > 1 {
        let fields = problem.fields.iter().map(|f| format!(" {}: {}.", f.path, f.message));
        problem.detail.clone() + &fields.collect::<String>()
    } else {
        problem.detail.clone()
    };
    let flash = Flash {
        done: false,
        title: cut(&problem.title, 120),
        detail: cut(&detail, 500),
        way_out: cut(&problem.way_out, 300),
        run: problem.blocked_by.as_deref().map(|id| cut(id, 60)),
        prove_first: problem.code == "fresh_identity_needed",
        page: String::new(),
        form: form.to_owned(),
        typed,
    };
    CameOf { flash, refusal: Some(problem.clone()) }
}

/// Nothing was sent yet: the form's page shows what was typed once the person has proved who they are.
#[must_use]
pub fn waiting(refused: Flash, page: &str) -> Flash {
    Flash {
        done: true,
        title: "Ready to be sent".to_owned(),
        detail: "Nothing was done yet: it waited for a proof of who you are. What you had typed is still here; send it now."
            .to_owned(),
        prove_first: true,
        page: page.to_owned(),
        form: refused.form,
        typed: refused.typed,
        ..Flash::default()
    }
}

/// What was typed is left out where it does not fit; that a form was refused is always told.
#[must_use]
pub fn keep(mut flash: Flash) -> Option<HeaderValue> {
    let mut json = serde_json::to_vec(&flash).ok()?;
    if json.len() > LONGEST_BYTES {
        flash.typed.clear();
        json = serde_json::to_vec(&flash).ok()?;
    }
    if json.len() > LONGEST_BYTES {
        flash.detail = cut(&flash.detail, 120);
        flash.way_out = cut(&flash.way_out, 120);
        json = serde_json::to_vec(&flash).ok()?;
    }
    let seconds = if flash.prove_first { WAITS_SECONDS } else { KEPT_SECONDS };
    cookies::set(COOKIE, &URL_SAFE_NO_PAD.encode(json), seconds)
}

/// Whether the page at this path is the one to show it. Another tab that loads meanwhile is not.
#[must_use]
pub fn is_for(flash: &Flash, path: &str) -> bool {
    flash.page.is_empty() || flash.page == path
}

/// Whatever is not one of ours is no flash.
#[must_use]
pub fn read(headers: &HeaderMap) -> Option<Flash> {
    let json = URL_SAFE_NO_PAD.decode(cookies::read(headers, COOKIE)?).ok()?;
    serde_json::from_slice(&json).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::header;

    fn carried(flash: Flash) -> Option<Flash> {
        let set = keep(flash)?;
        let pair = set.to_str().ok()?.split(';').next()?.to_owned();
        read(&HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(&pair).ok()?)]))
    }

    #[test]
    fn a_refusal_comes_back_with_what_was_typed() {
        let problem =
            Problem::new(409, "run_active", "Already running", "A run holds shop — since 14:02.", "Wait.");
        let flash = refused(&problem, "request", [("reason".to_owned(), "<b>é".to_owned())].into()).flash;
        assert_eq!(carried(flash.clone()), Some(flash));
    }

    #[test]
    fn however_much_was_typed_the_cookie_fits_and_the_refusal_is_told() {
        let problem = Problem::new(422, "invalid", "Not accepted", "€".repeat(5_000), "€".repeat(5_000));
        let flash = refused(&problem, "request", [("reason".to_owned(), "x".repeat(9_000))].into()).flash;
        let length = keep(flash.clone()).map_or(0, |set| set.len());
        assert!((1..4_096).contains(&length), "{length}");
        assert_eq!(carried(flash).map(|f| (f.title, f.typed.len())), Some(("Not accepted".to_owned(), 0)));
    }

    #[test]
    fn what_waits_for_a_proof_keeps_what_was_typed_for_its_own_page_alone() {
        let problem = Problem::new(403, "fresh_identity_needed", "Prove who you are", "Old.", "Prove it.");
        let typed = [("comment".to_owned(), "read it".to_owned())].into();
        let refused = refused(&problem, "approve", typed).flash;
        let waits = carried(waiting(refused, "/runs/1"));
        let waits = waits.unwrap_or_default();
        assert_eq!(waits.typed.get("comment").map(String::as_str), Some("read it"));
        assert!(is_for(&waits, "/runs/1") && !is_for(&waits, "/runs/2") && !is_for(&waits, "/"));
        assert!(is_for(&done("Sent"), "/anything"));
    }

    #[test]
    fn a_cookie_of_nonsense_is_no_flash() {
        for value in ["", "x", "eyJ9"] {
            let line = format!("{COOKIE}={value}");
            let headers = HeaderValue::from_str(&line).map(|v| HeaderMap::from_iter([(header::COOKIE, v)]));
            assert!(headers.is_ok_and(|h| read(&h).is_none()), "{value}");
        }
    }
}
