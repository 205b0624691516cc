//! RFC 9457 problem details: the one shape of every no and every failure.

use holdfast_domain::Due;
use serde::{Deserialize, Serialize};

pub type Answer<T> = Result<T, Problem>;

/// `code` is stable; `detail` says what blocks it; `way_out` who can lift it and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, thiserror::Error)]
#[error("{title}: {detail}")]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    pub code: String,
    pub title: String,
    pub detail: String,
    pub way_out: String,
    /// Where in what was sent, for bad input.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldProblem>,
    /// The id of what stands in the way, such as the run that is active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked_by: Option<String>,
    /// When asking again can help, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u32>,
    /// Whether the audit log has an entry of it; never on the wire.
    #[serde(skip)]
    pub written_down: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FieldProblem {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// Such as `applications[3].objectives.rto`.
    pub path: String,
    pub message: String,
    pub way_out: String,
}

impl Problem {
    #[must_use]
    pub fn new(
        status: u16,
        code: &str,
        title: &str,
        detail: impl Into<String>,
        way_out: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            title: title.into(),
            detail: detail.into(),
            way_out: way_out.into(),
            fields: Vec::new(),
            blocked_by: None,
            retry_after_seconds: None,
            written_down: false,
        }
    }

    /// A no to somebody who is known, as against a failure, a stranger, or one who has to wait.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        (400..500).contains(&self.status) && !matches!(self.status, 401 | 429)
    }

    #[must_use]
    pub fn not_found(what: &str, name: &str) -> Self {
        Self::new(
            404,
            "not_found",
            "Not found",
            format!("There is no {what} `{name}`."),
            "Look it up in the list.",
        )
    }

    #[must_use]
    pub fn forbidden(needs: &str) -> Self {
        Self::new(
            403,
            "forbidden",
            "Not allowed",
            format!("This needs {needs}."),
            "Ask an admin for the role, or somebody who has it to do this.",
        )
    }

    /// Something comes first.
    #[must_use]
    pub fn first(due: Due) -> Self {
        match due {
            Due::OwnPassword => Self::new(
                403,
                "own_password_due",
                "Choose a password of your own first",
                "The password that you signed in with was chosen by an administrator, and is good for choosing your own alone.",
                "Change it on the page of your sign-in (/me), with `holdfast password`, or by PUT /api/v1/session/password.",
            ),
            Due::SecondFactor => Self::new(
                403,
                "second_factor_due",
                "Set up a second factor first",
                "A role of yours asks for a second factor beside the password, and you have none yet.",
                "Set up an authenticator app or register a passkey on the page of your sign-in (/me), or by POST \
                 /api/v1/session/factors/totp. Nobody else is needed for it.",
            ),
        }
    }

    /// `path` in dotted form; for input that is one value rather than a file.
    #[must_use]
    pub fn bad_field(path: &str, message: impl Into<String>, way_out: impl Into<String>) -> Self {
        let (message, way_out) = (message.into(), way_out.into());
        let mut problem =
            Self::new(422, "invalid", "Not accepted", format!("{path}: {message}"), way_out.clone());
        problem.fields.push(FieldProblem { line: None, column: None, path: path.into(), message, way_out });
        problem
    }
}
