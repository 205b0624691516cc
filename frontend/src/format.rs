//! Numbers and moments as pages write them. Units always stand beside the number; times are UTC.

use crate::words;
use holdfast_domain::Strategy;
use jiff::Timestamp;

/// Of a copy behind its writer: `840 ms`, `1.2 s`, `48 s`, `4m 12s`.
#[must_use]
pub fn lag(milliseconds: f64) -> String {
    if milliseconds < 999.5 {
        format!("{:.0} ms", milliseconds.max(0.0))
    } else {
        words::span(milliseconds / 1_000.0)
    }
}

/// `14:08:02`.
#[must_use]
pub fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

/// `2026-11-21 14:08:02 UTC`.
#[must_use]
pub fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

#[must_use]
pub fn seconds_between(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

/// A strategy's name as people say it; what is not one stays as it came.
#[must_use]
pub fn strategy(name: &str) -> String {
    Strategy::ALL
        .iter()
        .find(|s| s.as_str() == name)
        .map_or_else(|| name.to_owned(), |s| s.words().to_owned())
}

/// `1 step`, `2 steps`.
#[must_use]
pub fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// `failing_over` as `failing over`.
#[must_use]
pub fn plain(name: &str) -> String {
    name.replace('_', " ")
}

/// With a capital, as a sentence begins.
#[must_use]
pub fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// The last eight characters of an id, where two of them differ most.
#[must_use]
pub fn short(id: &str) -> String {
    match id.char_indices().rev().nth(7) {
        Some((start, _)) if start > 0 => format!("…{}", &id[start..]),
        _ => id.to_owned(),
    }
}

/// A digest of which the first twelve digits are shown.
#[must_use]
pub fn short_digest(digest: &str) -> String {
    digest.chars().take(12).collect()
}

/// What may stand in a link: a path of our own, or the first page.
#[must_use]
pub fn own_path(path: &str) -> String {
    let own = path.starts_with('/') && !path.starts_with("//") && !path.contains(['\\', '\n', '\r', '\t']);
    if own { path.to_owned() } else { "/".to_owned() }
}

/// One segment or value of a URL.
#[must_use]
pub fn encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            use std::fmt::Write as _;
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// `path?a=1&b=2` of the pairs that have a value.
#[must_use]
pub fn query(path: &str, pairs: &[(&str, Option<&str>)]) -> String {
    let given: Vec<String> = pairs
        .iter()
        .filter_map(|(name, value)| value.filter(|v| !v.is_empty()).map(|v| format!("{name}={}", encode(v))))
        .collect();
    if given.is_empty() { path.to_owned() } else { format!("{path}?{}", given.join("&")) }
}

/// For `inner_html` of `title` and `textarea`, whose text the renderer neither escapes nor leaves without markers.
#[must_use]
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_never_leaves_the_site() {
        for path in [
            "https://example.com/",
            "//example.com",
            "javascript:alert(1)",
            "/\\example.com",
            "/\t/example.com",
            "",
        ] {
            assert_eq!(own_path(path), "/", "{path}");
        }
        assert_eq!(own_path("/runs/1?a=b"), "/runs/1?a=b");
    }

    #[test]
    fn a_query_holds_only_what_has_a_value_and_escapes_it() {
        assert_eq!(query("/runs", &[("state", None), ("application", Some(""))]), "/runs");
        assert_eq!(query("/a", &[("q", Some("a&b =é"))]), "/a?q=a%26b%20%3D%C3%A9");
    }

    #[test]
    fn lag_below_a_second_is_in_milliseconds() {
        assert_eq!(lag(840.4), "840 ms");
        assert_eq!(lag(1_240.0), "1.2 s");
        assert_eq!(lag(48_000.0), "48 s");
    }
}
