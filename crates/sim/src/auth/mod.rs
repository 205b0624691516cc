//! Who is calling: the account, the principal and, for an assumed role, its session.
//!
//! Keys that AssumeRole handed out are checked to the last byte. Any other key pair is taken for the
//! control account's, because its secret is not known here.

pub mod policy;
pub mod session;
pub mod sigv4;

use session::Session;
use sigv4::{Scope, SignedRequest};

/// Whoever makes a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Caller {
    /// The account that the call acts in.
    pub account: String,
    /// The caller's ARN.
    pub arn: String,
    /// `UserId` of GetCallerIdentity.
    pub user_id: String,
    /// Of an assumed role; `None` is the control account's own key pair.
    pub session: Option<Session>,
}

/// Why a caller was not let in. Each protocol has its own code for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthFault {
    /// A key or token that this simulator did not hand out, or not together.
    UnknownKey,
    /// Its time is over.
    Expired,
    /// The signature does not fit the request.
    BadSignature,
    /// Signed too long ago, or in the future.
    Skewed,
}

/// Tells who signed a request.
pub fn identify(
    request: &SignedRequest<'_>,
    scope: &Scope,
    control_account: &str,
    session_key: &[u8],
    real_ms: i64,
) -> Result<Caller, AuthFault> {
    let token = request.header("x-amz-security-token");
    if !session::handed_out(&scope.access_key, token.as_deref()) {
        return Ok(Caller {
            account: control_account.to_owned(),
            arn: format!("arn:aws:iam::{control_account}:user/holdfast"),
            user_id: "AIDASIMHOLDFASTCONTRL".to_owned(),
            session: None,
        });
    }
    let session = token
        .and_then(|t| session::read(&t, session_key))
        .filter(|s| s.access_key == scope.access_key)
        .ok_or(AuthFault::UnknownKey)?;
    if !sigv4::verify(request, scope, &session::secret(session_key, &session.access_key)) {
        return Err(AuthFault::BadSignature);
    }
    if sigv4::is_skewed(request, real_ms) {
        return Err(AuthFault::Skewed);
    }
    if session.expires_ms <= real_ms {
        return Err(AuthFault::Expired);
    }
    Ok(Caller {
        account: session.account.clone(),
        arn: session.arn(),
        user_id: format!("{}:{}", session.role_id(), session.name),
        session: Some(session),
    })
}
