//! The fake control plane's people, groups, policies and tokens.

use super::views::{group_view, person_view, policy_view};
use super::{Fake, PASSWORD, TOKEN, operator};
use async_trait::async_trait;
use holdfast_api::{Answer, IfMatch, Problem, people::*, version};
use holdfast_domain::{Actor, ApprovalPolicy, Name, PersonId, Scope};
use jiff::Timestamp;

#[async_trait]
impl People for Fake {
    async fn sign_in(&self, email: &str, password: &str, _: &str) -> Answer<PersonId> {
        if email == "operator@example.com" && password == PASSWORD {
            Ok(operator().person)
        } else {
            Err(Problem::new(401, "sign_in_refused", "Not signed in", "Not right.", "Try again."))
        }
    }
    async fn actor_of_session(&self, _: PersonId, identity_proved_at: Option<Timestamp>) -> Answer<Actor> {
        if *self.disabled.lock().unwrap() {
            return Err(Problem::new(401, "sign_in_needed", "Sign in first", "Disabled.", "Sign in."));
        }
        Ok(Actor { identity_proved_at, ..operator() })
    }
    async fn actor_of_token(&self, token: &str) -> Answer<Actor> {
        if token == TOKEN {
            Ok(Actor { token_scopes: Some(Scope::ALL.to_vec()), ..operator() })
        } else {
            Err(Problem::new(401, "sign_in_needed", "Sign in first", "Not a token.", "Make one."))
        }
    }
    async fn sign_out(&self, actor: &Actor) -> Answer<()> {
        self.note(format!("sign_out {}", actor.email));
        Ok(())
    }
    async fn people(&self, _: &Actor) -> Answer<Vec<PersonView>> {
        Ok(vec![person_view()])
    }
    async fn person(&self, _: &Actor, _: &str) -> Answer<PersonView> {
        Ok(person_view())
    }
    async fn add_person(&self, actor: &Actor, new: AddPerson) -> Answer<PersonView> {
        self.change(actor, format!("add {} {:?}", new.email, new.roles))?;
        Ok(PersonView { email: new.email, ..person_view() })
    }
    async fn change_person(
        &self,
        actor: &Actor,
        id: &str,
        change: ChangePerson,
        if_match: &IfMatch,
    ) -> Answer<PersonView> {
        if_match.check(&[version::of_person(&person_view())])?;
        self.change(actor, format!("change {id} {:?} {:?}", change.roles, change.disabled))?;
        Ok(person_view())
    }
}

#[async_trait]
impl Groups for Fake {
    async fn groups(&self, _: &Actor) -> Answer<Vec<GroupView>> {
        Ok(vec![group_view()])
    }
    async fn group(&self, _: &Actor, _: &Name) -> Answer<GroupView> {
        Ok(group_view())
    }
    async fn add_group(&self, actor: &Actor, new: PutGroup) -> Answer<GroupView> {
        self.change(actor, format!("group {} {:?}", new.name, new.members))?;
        Ok(group_view())
    }
    async fn put_group(&self, actor: &Actor, group: PutGroup, if_match: &IfMatch) -> Answer<GroupView> {
        if_match.check(&[version::of_group(&group_view())])?;
        self.change(actor, format!("group {} {:?}", group.name, group.members))?;
        Ok(group_view())
    }
}

#[async_trait]
impl Policies for Fake {
    async fn policies(&self, _: &Actor) -> Answer<Vec<PolicyView>> {
        Ok(vec![policy_view()])
    }
    async fn policy(&self, _: &Actor, _: &Name) -> Answer<PolicyView> {
        Ok(policy_view())
    }
    async fn add_policy(&self, actor: &Actor, policy: ApprovalPolicy) -> Answer<PolicyView> {
        self.change(actor, format!("policy {}", policy.name))?;
        Ok(policy_view())
    }
    async fn put_policy(
        &self,
        actor: &Actor,
        policy: ApprovalPolicy,
        if_match: &IfMatch,
    ) -> Answer<PolicyView> {
        if_match.check(&[version::of_policy(&policy_view())])?;
        self.change(actor, format!("policy {}", policy.name))?;
        Ok(policy_view())
    }
    async fn remove_policy(&self, _: &Actor, name: &Name, _: &IfMatch) -> Answer<()> {
        self.note(format!("remove policy {name}"));
        Ok(())
    }
}

#[async_trait]
impl Tokens for Fake {
    async fn tokens(&self, _: &Actor) -> Answer<Vec<TokenView>> {
        Ok(vec![])
    }
    async fn create_token(&self, actor: &Actor, name: &str, scopes: Vec<Scope>, _: u16) -> Answer<TokenView> {
        self.change(actor, format!("token {name}"))?;
        Ok(TokenView {
            id: "1".into(),
            name: name.into(),
            email: actor.email.clone(),
            scopes: scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
            expires_at: Timestamp::UNIX_EPOCH,
            last_used_at: None,
            revoked: false,
            token: Some("hf_new".into()),
        })
    }
    async fn revoke_token(&self, _: &Actor, id: &str) -> Answer<()> {
        self.note(format!("revoke {id}"));
        Ok(())
    }
}
