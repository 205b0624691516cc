//! The pages' own two cookies, to the letter: what a form was told, and the theme. `__Host-`: only this host, only
//! `/`, only Secure (browsers count localhost as that).

use axum::http::{HeaderMap, HeaderValue, header};

/// A year.
pub const REMEMBERED_SECONDS: u32 = 31_536_000;

#[must_use]
pub fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(';')).find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key.trim() == name).then(|| value.trim())
    })
}

/// `value` must be of characters that a cookie may hold; `None` where it is not.
#[must_use]
pub fn set(name: &str, value: &str, seconds: u32) -> Option<HeaderValue> {
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax");
    HeaderValue::from_str(&text).ok()
}

#[must_use]
pub fn remove(name: &str) -> Option<HeaderValue> {
    set(name, "", 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers
            .insert(header::COOKIE, HeaderValue::from_static("a=1; __Host-holdfast-theme=dark; theme=light"));
        assert_eq!(read(&headers, "__Host-holdfast-theme"), Some("dark"));
        assert_eq!(read(&headers, "holdfast-theme"), None);
    }
}
