//! A password of one's own, changed by whoever knows the present one.

use crate::problem::Answer;
use async_trait::async_trait;
use holdfast_domain::Actor;
use std::fmt;

#[derive(Clone)]
pub struct ChangePassword {
    pub present: String,
    pub new: String,
}

impl fmt::Debug for ChangePassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangePassword").finish_non_exhaustive()
    }
}

#[async_trait]
pub trait Passwords {
    /// Wrong guesses at the present one are counted as at the sign-in. Of whoever has a second factor it wants fresh identity too.
    /// Ends every session of theirs but `here`, the one that asks. How many ended.
    async fn change_password(
        &self,
        actor: &Actor,
        change: ChangePassword,
        here: Option<&str>,
        from: &str,
    ) -> Answer<u64>;
}
