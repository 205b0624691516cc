//! Who acts: people with a role and groups, and the API tokens that act for them.

use crate::ids::{Name, PersonId};
use crate::reach::{HeldRole, Labels, Reach};
use serde::{Deserialize, Serialize};

/// Each role may do what those before it may, except that approving is its own right:
/// an approver does not operate, an admin does not approve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Viewer,
    Operator,
    Approver,
    Admin,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Approver, Self::Admin];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Approver => "approver",
            Self::Admin => "admin",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = crate::Invalid;
    fn from_str(text: &str) -> Result<Self, crate::Invalid> {
        Self::ALL.into_iter().find(|r| r.as_str() == text).ok_or_else(|| {
            crate::Invalid(format!("`{text}` is not a role: viewer, operator, approver or admin"))
        })
    }
}

/// What an API token may do; a token never does more than its person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scope {
    #[serde(rename = "inventory:read")]
    InventoryRead,
    #[serde(rename = "inventory:write")]
    InventoryWrite,
    #[serde(rename = "status:read")]
    StatusRead,
    #[serde(rename = "runs:read")]
    RunsRead,
    #[serde(rename = "runs:request")]
    RunsRequest,
    #[serde(rename = "audit:read")]
    AuditRead,
}

impl Scope {
    pub const ALL: [Self; 6] = [
        Self::InventoryRead,
        Self::InventoryWrite,
        Self::StatusRead,
        Self::RunsRead,
        Self::RunsRequest,
        Self::AuditRead,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InventoryRead => "inventory:read",
            Self::InventoryWrite => "inventory:write",
            Self::StatusRead => "status:read",
            Self::RunsRead => "runs:read",
            Self::RunsRequest => "runs:request",
            Self::AuditRead => "audit:read",
        }
    }
}

impl std::str::FromStr for Scope {
    type Err = crate::Invalid;
    fn from_str(text: &str) -> Result<Self, crate::Invalid> {
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or_else(|| {
            let all: Vec<_> = Self::ALL.iter().map(|s| s.as_str()).collect();
            crate::Invalid(format!("`{text}` is not a scope: {}", all.join(", ")))
        })
    }
}

/// What somebody has to do at their sign-in before anything else is done for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// The password is one that an administrator chose: it is good for choosing one's own.
    OwnPassword,
    /// A role of theirs asks for a second factor, and they have none.
    SecondFactor,
}

impl Due {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OwnPassword => "own_password",
            Self::SecondFactor => "second_factor",
        }
    }
}

/// Whoever asks, as the door established it. Authority is decided from this alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    pub person: PersonId,
    pub email: String,
    /// The other accounts that are known as the same person's: what nobody does for themselves they do with none of them.
    pub others: Vec<PersonId>,
    /// Over everything.
    pub roles: Vec<Role>,
    /// Over some applications only.
    pub scoped_roles: Vec<HeldRole>,
    pub groups: Vec<Name>,
    /// The API token that acts for the person; `None`: the person's own session.
    pub token: Option<uuid::Uuid>,
    /// What the token may do, when there is one.
    pub token_scopes: Option<Vec<Scope>>,
    /// What the token is limited to, beside what its person is.
    pub token_within: Reach,
    /// When the person last proved who they are in this session (sign-in or step-up); never for a token.
    pub identity_proved_at: Option<jiff::Timestamp>,
    /// Whether that proof held a second factor that Holdfast itself has checked.
    pub second_factor: bool,
    /// Which key that was, where it was one and not a code.
    pub passkey: Option<uuid::Uuid>,
    /// What comes first; until it is done they may do nothing else.
    pub due: Option<Due>,
    /// What makes a second sending of this request the same request; `None`: the sender asked for no such thing.
    pub sent: Option<RequestKey>,
    /// The request that they ask by, as its answer calls it; `None`: it came by no server, or nobody sent it.
    pub request: Option<uuid::Uuid>,
    /// The application that is asked about; `None`: none in particular. Said by the use case, never by the door.
    pub over: Option<Labels>,
}

/// An `Idempotency-Key` with what it was sent with. Whatever the request changes is committed together with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    pub key: String,
    /// Method and path, such as `POST /api/v1/people`.
    pub route: String,
    /// By what the body is known again; a keyed hash.
    pub body_hash: [u8; 32],
    /// This very sending: two with the same key are told apart by it.
    pub sending: uuid::Uuid,
}

impl Actor {
    /// Over everything.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether the account is theirs: this one, or another that is known as the same person's.
    #[must_use]
    pub fn is_own(&self, account: PersonId) -> bool {
        self.person == account || self.others.contains(&account)
    }

    /// Every role that they hold, as they hold it.
    pub fn held(&self) -> impl Iterator<Item = HeldRole> {
        self.roles.iter().copied().map(HeldRole::from).chain(self.scoped_roles.iter().cloned())
    }

    /// Whether anything that they may do ends somewhere.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        !self.scoped_roles.is_empty() || !self.token_within.is_everything()
    }
}
