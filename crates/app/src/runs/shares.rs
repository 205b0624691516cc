//! What a run shares with other applications: whose store it moves too, which runs it would get in the way of, and who may do
//! that to them.

use super::request::{Thought, makes_way};
use crate::App;
use crate::authority::Action;
use crate::people::actor;
use crate::picture::may_approve;
use crate::problems::of_store;
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Actor, Application, ApprovalRule, Name, RunId};
use holdfast_failover::approval::FrozenPolicy;
use holdfast_failover::plan::EmergencyVariant;
use holdfast_failover::shared::{self, User};
use holdfast_failover::{Mode, Plan, Refusal};
use holdfast_store::{Holder, RunHead};

impl App {
    /// The other applications that are made of a store that this plan moves, or what it may become.
    pub(super) async fn users_of(
        &self,
        application: &Application,
        plan: &Plan,
        emergency: Option<&EmergencyVariant>,
    ) -> Answer<Vec<User>> {
        let mut users = Vec::new();
        for store in shared::moved_stores(application, plan, emergency) {
            let parts = shared::fragments(store);
            users
                .extend(self.store.users_of_store(&application.name, store, &parts).await.map_err(of_store)?);
        }
        Ok(users)
    }

    /// Those whose store is moved too are named, and asked.
    pub(super) async fn involve_owners(
        &self,
        users: &[User],
        plan: &mut Plan,
        emergency: Option<&mut EmergencyVariant>,
        policy: &mut FrozenPolicy,
        dry_run: bool,
    ) -> Answer<()> {
        if users.is_empty() {
            return Ok(());
        }
        // A dry run asks nobody.
        let policies =
            if dry_run { Vec::new() } else { self.store.approval_policies().await.map_err(of_store)? };
        shared::involve(users, &policies, plan, emergency, policy);
        Ok(())
    }

    /// Why the request would wait for nobody: those whose store it moves too are asked through a group, and nobody in that may
    /// approve over the application that is moved. A group that nobody is in yet is a finding, not this.
    pub(super) async fn nobody_approves(&self, thought: &Thought) -> Answer<Option<Refusal>> {
        if thought.users.is_empty() {
            return Ok(None);
        }
        let people = self.store.people().await.map_err(of_store)?;
        let people = people.iter().filter(|person| person.disabled_at.is_none());
        let people: Vec<Actor> = people.map(|person| actor(person, None)).collect();
        let application = &thought.judged.application;
        let waits_for_nobody = |group: &Name| {
            people.iter().any(|one| one.groups.contains(group))
                && !people.iter().any(|one| may_approve(one, group, application))
        };
        let mut groups = thought.policy.rules.iter().map(|rule| &rule.group);
        Ok(groups.find(|group| waits_for_nobody(group)).map(|group| {
            let of = &application.name;
            Refusal::new(
                "nobody_can_approve",
                format!("Group `{group}` is asked too, and nobody in it may approve over {of}."),
                format!("Give somebody of `{group}` approver over `{of}`."),
            )
        }))
    }

    /// What is asked beside the policy may be more than there is anybody for, which the policy's own findings do not tell.
    pub(super) async fn too_few(
        &self,
        application: &Application,
        policy: &FrozenPolicy,
    ) -> Answer<Vec<String>> {
        let people = self.store.people().await.map_err(of_store)?;
        let people = people.iter().filter(|person| person.disabled_at.is_none());
        let people: Vec<Actor> = people.map(|person| actor(person, None)).collect();
        let few = |rule: &ApprovalRule| {
            let mut there: Vec<&Actor> = Vec::new();
            for one in people.iter().filter(|one| may_approve(one, &rule.group, application)) {
                let barred = policy.editors.iter().any(|editor| one.is_own(editor.person));
                if !barred && !there.iter().any(|other| other.is_own(one.person)) {
                    there.push(one);
                }
            }
            (there.len() < usize::from(rule.approvals)).then(|| {
                format!(
                    "{} of {} are asked, and {} could approve: put back what was asked before the change, or add to the group.",
                    rule.approvals,
                    rule.group,
                    there.len()
                )
            })
        };
        Ok(policy.rules.iter().filter_map(few).collect())
    }

    /// Without approvals nobody has agreed for those whose store is moved too: whoever starts it must be one who may ask for
    /// their move.
    pub(super) async fn may_start_for(&self, actor: &Actor, users: &[User]) -> Answer<()> {
        if !actor.is_limited() {
            return Ok(());
        }
        for User { store, application, .. } in users {
            match self.may_over(actor, Action::RequestRun, application).await {
                Ok(_) => {}
                Err(problem) if problem.status >= 500 => return Err(problem),
                Err(_) => {
                    return Err(Problem::new(
                        403,
                        "out_of_scope",
                        "Outside of your scope",
                        format!(
                            "{store} is moved for {application} too, whose move you may not ask for: without approvals nobody has agreed to it."
                        ),
                        "Have it approved, or ask somebody who is operator or admin over both to start it.",
                    ));
                }
            }
        }
        Ok(())
    }

    /// As [`App::may_start_for`], of a run that waits for approval.
    pub(crate) async fn may_start_unapproved(&self, actor: &Actor, id: RunId) -> Answer<()> {
        if !actor.is_limited() {
            return Ok(());
        }
        let run = self.replayed(id).await?;
        let application = self.application_named(&run.request.application).await?;
        let (plan, emergency) = (&run.request.plan, run.request.emergency.as_ref());
        let users = self.users_of(&application, plan, emergency).await?;
        self.may_start_for(actor, &users).await
    }

    /// The runs of other applications that hold something that this one may change.
    pub(crate) async fn other_holders(&self, thought: &Thought, dry_run: bool) -> Answer<Vec<Holder>> {
        if dry_run {
            return Ok(Vec::new());
        }
        let mut holders = self.store.holders(&thought.holds()).await.map_err(of_store)?;
        holders.retain(|holder| holder.run.application != thought.judged.application.name);
        Ok(holders)
    }

    /// The runs that make way for this actor's request, and those that hold it up. Taking the place of another application's
    /// run is steering it: whoever's roles end before that application waits for it.
    pub(crate) async fn apart(
        &self,
        actor: &Actor,
        mode: Mode,
        holders: Vec<Holder>,
    ) -> Answer<(Vec<RunHead>, Vec<Holder>)> {
        let (mut making_way, mut holding) = (Vec::new(), Vec::new());
        for holder in holders {
            let mut gives_way = makes_way(mode, &holder.run);
            if gives_way && actor.is_limited() {
                gives_way = match self.may_over_run(actor, Action::DriveRun, holder.run.id).await {
                    Ok(_) => true,
                    Err(problem) if problem.status < 500 => false,
                    Err(problem) => return Err(problem),
                };
            }
            if gives_way {
                making_way.push(holder.run);
            } else {
                holding.push(holder);
            }
        }
        Ok((making_way, holding))
    }
}
