//! Versions of what can be edited, so that two people who edit at once do not undo each other unseen. A version is an
//! entity tag (RFC 9110, 8.8.3) over what an edit can change; live status beside it has no part in it, because it
//! changes with every sweep.

use crate::accounts::AccountView;
use crate::people::{GroupView, PersonView, PolicyView};
use crate::problem::{Answer, Problem};
use crate::regions::RegionView;
use holdfast_domain::{Account, Application, DeclaredRegion};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// What the sender of an edit says of what is stored (`If-Match`). It is looked at in the edit's own transaction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum IfMatch {
    /// Nothing.
    #[default]
    Unconditional,
    /// `*`: that there is something.
    Anything,
    OneOf(Vec<String>),
}

impl IfMatch {
    /// `stored`: the versions of what is stored now, one for each form in which it is given out; none: nothing is.
    ///
    /// # Errors
    /// 412 when it is another version.
    pub fn check(&self, stored: &[String]) -> Answer<()> {
        let matches = match self {
            Self::Unconditional => true,
            Self::Anything => !stored.is_empty(),
            Self::OneOf(wanted) => wanted.iter().any(|tag| stored.contains(tag)),
        };
        if matches {
            return Ok(());
        }
        Err(Problem::new(
            412,
            "changed_meanwhile",
            "Changed meanwhile",
            "What is stored is no longer the version that this change was made on.",
            "Read it again and make the change on that; by REST, send it with the new ETag.",
        ))
    }
}

/// A strong tag: SHA-256 of the bytes.
#[must_use]
pub fn of_bytes(bytes: &[u8]) -> String {
    format!("\"{}\"", hex::encode(Sha256::digest(bytes)))
}

/// A value that cannot be written as JSON has a version that nothing matches.
fn of<T: Serialize>(value: &T) -> String {
    serde_json::to_vec(value).map_or_else(|_| "\"unreadable\"".to_owned(), |bytes| of_bytes(&bytes))
}

#[must_use]
pub fn of_application(application: &Application) -> String {
    of(application)
}

#[must_use]
pub fn of_account(account: &Account) -> String {
    of(&(
        account.id.as_str(),
        account.name.as_str(),
        &account.read_role_arn,
        &account.act_role_arn,
        &account.external_id,
    ))
}

#[must_use]
pub fn of_account_view(view: &AccountView) -> String {
    of(&(&view.id, &view.name, &view.read_role_arn, &view.act_role_arn, &view.external_id))
}

#[must_use]
pub fn of_region(region: &DeclaredRegion) -> String {
    of(&(region.code.as_str(), region.declared.as_str(), &region.reason))
}

#[must_use]
pub fn of_region_view(view: &RegionView) -> String {
    of(&(&view.code, &view.declared, &view.declared_reason))
}

#[must_use]
pub fn of_person(view: &PersonView) -> String {
    of(view)
}

#[must_use]
pub fn of_group(view: &GroupView) -> String {
    of(view)
}

#[must_use]
pub fn of_policy(view: &PolicyView) -> String {
    of(view)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_of_another_version_is_refused() {
        let stored = [of_bytes(b"one")];
        assert!(IfMatch::Unconditional.check(&stored).is_ok());
        assert!(IfMatch::OneOf(vec!["\"other\"".into(), stored[0].clone()]).check(&stored).is_ok());
        assert_eq!(IfMatch::OneOf(vec!["\"other\"".into()]).check(&stored).map_err(|p| p.status), Err(412));
        assert!(IfMatch::Anything.check(&stored).is_ok());
        assert!(IfMatch::Anything.check(&[]).is_err(), "a star asks for something to be there");
    }
}
