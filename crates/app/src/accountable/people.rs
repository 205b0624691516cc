//! Who there is: people, groups, tokens.

use super::Accountable;
use async_trait::async_trait;
use holdfast_api::people::{
    AddPerson, ChangePerson, GroupView, Groups, People, PersonView, PutGroup, TokenView, Tokens,
};
use holdfast_api::proofs::Admitted;
use holdfast_api::{Answer, IfMatch};
use holdfast_domain::{Actor, Name, PersonId, Reach, Scope};
use jiff::Timestamp;

#[async_trait]
impl People for Accountable {
    /// Strangers are counted, and told of as the sign-in itself says.
    async fn sign_in(&self, email: &str, password: &str, code: Option<&str>, from: &str) -> Answer<Admitted> {
        self.0.sign_in(email, password, code, from).await
    }

    async fn actor_of_session(
        &self,
        person: PersonId,
        identity_proved_at: Option<Timestamp>,
    ) -> Answer<Actor> {
        self.0.actor_of_session(person, identity_proved_at).await
    }

    async fn actor_of_token(&self, token: &str) -> Answer<Actor> {
        self.0.actor_of_token(token).await
    }

    /// Refused to nobody.
    async fn sign_out(&self, actor: &Actor) -> Answer<()> {
        self.0.sign_out(actor).await
    }

    async fn people(&self, actor: &Actor) -> Answer<Vec<PersonView>> {
        self.read(actor, "person", self.0.people(actor)).await
    }

    async fn person(&self, actor: &Actor, id: &str) -> Answer<PersonView> {
        self.read(actor, "person", self.0.person(actor, id)).await
    }

    async fn add_person(&self, actor: &Actor, new: AddPerson) -> Answer<PersonView> {
        let subject = format!("person:{}", new.email.trim().to_lowercase());
        self.change(actor, "person.add", &subject, self.0.add_person(actor, new)).await
    }

    async fn change_person(
        &self,
        actor: &Actor,
        id: &str,
        change: ChangePerson,
        if_match: &IfMatch,
    ) -> Answer<PersonView> {
        let subject = format!("person:{id}");
        self.change(actor, "person.put", &subject, self.0.change_person(actor, id, change, if_match)).await
    }
}

#[async_trait]
impl Groups for Accountable {
    async fn groups(&self, actor: &Actor) -> Answer<Vec<GroupView>> {
        self.read(actor, "group", self.0.groups(actor)).await
    }

    async fn group(&self, actor: &Actor, name: &Name) -> Answer<GroupView> {
        self.read(actor, "group", self.0.group(actor, name)).await
    }

    async fn add_group(&self, actor: &Actor, new: PutGroup) -> Answer<GroupView> {
        let subject = format!("group:{}", new.name);
        self.change(actor, "group.put", &subject, self.0.add_group(actor, new)).await
    }

    async fn put_group(&self, actor: &Actor, group: PutGroup, if_match: &IfMatch) -> Answer<GroupView> {
        let subject = format!("group:{}", group.name);
        self.change(actor, "group.put", &subject, self.0.put_group(actor, group, if_match)).await
    }
}

#[async_trait]
impl Tokens for Accountable {
    async fn tokens(&self, actor: &Actor) -> Answer<Vec<TokenView>> {
        self.read(actor, "token", self.0.tokens(actor)).await
    }

    async fn create_token(
        &self,
        actor: &Actor,
        name: &str,
        scopes: Vec<Scope>,
        within: Reach,
        days: u16,
    ) -> Answer<TokenView> {
        let subject = format!("person:{}", actor.email);
        let made = self.0.create_token(actor, name, scopes, within, days);
        self.change(actor, "token.create", &subject, made).await
    }

    async fn revoke_token(&self, actor: &Actor, id: &str) -> Answer<()> {
        self.change(actor, "token.revoke", &format!("token:{id}"), self.0.revoke_token(actor, id)).await
    }
}
