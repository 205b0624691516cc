//! The use cases as everybody is given them: each refusal of a change leaves an entry in the audit log, and so does a
//! reader who may not. Use cases say no and write nothing; what was done they write in the transaction that does it. A method
//! that a trait gains must be named here, as a change or as reading, before anything compiles.

mod break_glass;
mod bundles;
mod estate;
mod evidence;
mod notices;
mod on_call;
mod people;
mod plans;
mod runs;
mod sign_in;

use crate::App;
use crate::audit::refused;
use crate::problems::of_store;
use holdfast_api::{Answer, ControlPlane, Problem};
use holdfast_domain::Actor;
use holdfast_store::RefusalLimits;

/// An [`App`] that answers for what it refuses: the control plane.
#[derive(Debug, Clone)]
pub struct Accountable(App);

impl ControlPlane for Accountable {}

impl App {
    #[must_use]
    pub fn accountable(self) -> Accountable {
        Accountable(self)
    }

    /// What came of a change that somebody asked for, its refusal written down. `subject` is `kind:name`.
    pub(crate) async fn keep_refusal<T: Send>(
        &self,
        actor: &Actor,
        action: &str,
        subject: &str,
        answer: Answer<T>,
    ) -> Answer<T> {
        match answer {
            Err(problem) if problem.is_refusal() => {
                Err(self.write_down(actor, action, subject, problem, RefusalLimits::OF_CHANGES).await)
            }
            answer => answer,
        }
    }

    /// A refusal that cannot be written down is not told either.
    async fn write_down(
        &self,
        actor: &Actor,
        action: &str,
        subject: &str,
        problem: Problem,
        limits: RefusalLimits,
    ) -> Problem {
        match self.store.refuse_within(refused(actor, action, subject, &problem), limits).await {
            Ok(()) => Problem { written_down: true, ..problem },
            Err(error) => of_store(error),
        }
    }
}

impl Accountable {
    /// A change.
    async fn change<T: Send>(
        &self,
        actor: &Actor,
        action: &str,
        subject: &str,
        asked: impl Future<Output = Answer<T>> + Send,
    ) -> Answer<T> {
        self.0.keep_refusal(actor, action, subject, asked.await).await
    }

    /// A proof of one's identity: that it was wrong is written down too, though the answer is a 401.
    async fn proof<T: Send>(
        &self,
        actor: &Actor,
        action: &str,
        asked: impl Future<Output = Answer<T>> + Send,
    ) -> Answer<T> {
        let subject = format!("person:{}", actor.email);
        match asked.await {
            Err(problem) if problem.status == 401 => {
                Err(self.0.write_down(actor, action, &subject, problem, RefusalLimits::OF_CHANGES).await)
            }
            answer => self.0.keep_refusal(actor, action, &subject, answer).await,
        }
    }

    /// Reading: that somebody may not is written down, as `AREA.read`. What is not there or was asked wrongly harms nobody.
    async fn read<T: Send>(
        &self,
        actor: &Actor,
        area: &str,
        asked: impl Future<Output = Answer<T>> + Send,
    ) -> Answer<T> {
        match asked.await {
            Err(problem) if problem.status == 403 => {
                let (action, subject) = (format!("{area}.read"), format!("{area}:*"));
                Err(self.0.write_down(actor, &action, &subject, problem, RefusalLimits::OF_READING).await)
            }
            answer => answer,
        }
    }
}
