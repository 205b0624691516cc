//! What people write in their own words: bounded, and nothing that the database or a terminal would stumble over.

use holdfast_api::{Answer, Problem};

/// Characters that a reason may have; a page is not the place for more.
pub const REASON_AT_MOST: usize = 2_000;
/// Of a number, a link, a name.
pub const LINE_AT_MOST: usize = 500;

/// Trimmed; `None` when nothing is left.
///
/// # Errors
/// 422 that names the field, for too much or for control characters.
pub fn free_text(field: &str, text: Option<&str>, at_most: usize) -> Answer<Option<String>> {
    let Some(text) = text.map(str::trim).filter(|t| !t.is_empty()) else { return Ok(None) };
    if text.chars().count() > at_most {
        let message = format!("is longer than {at_most} characters");
        return Err(Problem::bad_field(field, message, "Say it in fewer words, or put it behind a link."));
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(Problem::bad_field(
            field,
            "has control characters",
            "Take them out; line breaks may stay.",
        ));
    }
    Ok(Some(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_trimmed_and_what_is_none_is_refused_with_the_fields_name() {
        assert_eq!(free_text("reason", Some("  why\nnot  "), 20), Ok(Some("why\nnot".into())));
        assert_eq!(free_text("reason", Some(" \n "), 20), Ok(None));
        for bad in ["nul\0", "bell\u{7}", "escape \u{1b}[31m", "far too long a text"] {
            let problem = free_text("reason", Some(bad), 12).unwrap_err();
            assert_eq!((problem.status, problem.fields[0].path.as_str()), (422, "reason"), "{bad:?}");
        }
    }
}
