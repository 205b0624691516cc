//! What pages take from their address and from forms. A form with empty fields is the usual case, so empty means
//! not given; what is unknown is left aside, because links live longer than pages.

use crate::http::body::Raw;
use crate::state::AppState;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use std::collections::BTreeMap;
use std::convert::Infallible;

#[derive(Debug, Clone, Default)]
pub struct Fields(pub BTreeMap<String, String>);

impl Fields {
    fn parse(bytes: &[u8]) -> Self {
        let pairs =
            form_urlencoded::parse(bytes).map(|(name, value)| (name.into_owned(), value.into_owned()));
        Self(pairs.collect())
    }

    /// Trimmed; `None` when empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty()).map(str::to_owned)
    }

    #[must_use]
    pub fn text(&self, name: &str) -> String {
        self.get(name).unwrap_or_default()
    }

    /// As it came, blanks and all: a password is compared so at the sign-in.
    #[must_use]
    pub fn untrimmed(&self, name: &str) -> Option<String> {
        self.0.get(name).filter(|value| !value.is_empty()).cloned()
    }

    /// The fields whose names begin so, without that beginning; those that are empty too.
    #[must_use]
    pub fn beginning(&self, prefix: &str) -> Vec<(String, String)> {
        let named = self.0.iter().filter_map(|(name, value)| Some((name.strip_prefix(prefix)?, value)));
        named.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
    }

    /// What goes back into the form when it is refused: those fields and nothing hidden.
    #[must_use]
    pub fn typed(&self, names: &[&str]) -> BTreeMap<String, String> {
        names.iter().filter_map(|name| Some(((*name).to_owned(), self.get(name)?))).collect()
    }
}

/// The query of a page's address.
#[derive(Debug)]
pub struct Asked(pub Fields);

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Fields::parse(parts.uri.query().unwrap_or_default().as_bytes())))
    }
}

/// The body of a form.
#[derive(Debug)]
pub struct Sent(pub Fields);

impl FromRequest<AppState> for Sent {
    type Rejection = Response;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Response> {
        match Raw::from_request(request, state).await {
            Ok(Raw(bytes)) => Ok(Self(Fields::parse(&bytes))),
            Err(refused) => Err(refused.into_response()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_field_was_not_given() {
        let fields = Fields::parse(b"search=+shop+&tier=&x=%3Cb%3E");
        assert_eq!(fields.get("search").as_deref(), Some("shop"));
        assert_eq!(fields.get("tier"), None);
        assert_eq!(fields.typed(&["search", "tier", "none"]).len(), 1);
    }
}
