//! What the machine's own administrator does at its command line, before and beside any server: people,
//! groups, tokens, the demonstration. Audited like everything else, as `holdfast admin`.

use crate::App;
use crate::audit::done;
use crate::inventory::Edit;
use crate::people::{apart, email_address, group_names, person_view};
use crate::problems::{of_file, of_store};
use crate::tokens::IssueToken;
use holdfast_api::people::{NewPerson, PersonView, TokenView};
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Actor, HeldRole, PersonId, Reach, Role, Scope};
use holdfast_inventory::{Format, read};
use holdfast_store::NewPerson as StoredPerson;

/// Whoever can reach the database with the server's own settings.
fn administrator() -> Actor {
    Actor {
        person: PersonId(uuid::Uuid::nil()),
        email: "holdfast admin".into(),
        others: Vec::new(),
        roles: vec![Role::Admin, Role::Operator],
        scoped_roles: Vec::new(),
        groups: Vec::new(),
        token: None,
        token_scopes: None,
        token_within: Reach::default(),
        // Whoever has the database's URL has nothing more to prove.
        identity_proved_at: Some(holdfast_clock::now()),
        second_factor: false,
        passkey: None,
        due: None,
        sent: None,
        request: None,
        over: None,
    }
}

impl App {
    /// Makes a person, or gives an existing one a new password, role and groups.
    ///
    /// # Errors
    /// 422 for a bad address, password or group name.
    pub async fn create_person(&self, new: NewPerson) -> Answer<PersonView> {
        let NewPerson { email, role, groups, password } = new;
        self.put_person(email, vec![role.into()], groups, password).await
    }

    /// The same with any number of roles, over everything or over some applications only.
    ///
    /// # Errors
    /// As [`App::create_person`].
    pub async fn put_person(
        &self,
        email: String,
        held: Vec<HeldRole>,
        groups: Vec<String>,
        password: String,
    ) -> Answer<PersonView> {
        let (roles, scoped_roles) = apart(&held);
        let email = email_address(&email)?;
        let groups = group_names(&groups)?;
        let hash = self.hashed("password", password, &email).await?;
        let known = match self.store.person_by_email(&email).await {
            Ok(person) => Some(person.id),
            Err(holdfast_store::Error::NotFound(_)) => None,
            Err(error) => return Err(of_store(error)),
        };
        let mut change = self.store.begin().await.map_err(of_store)?;
        match known {
            Some(id) => {
                change.set_password_hash(id, &hash, None).await.map_err(of_store)?;
                change.set_roles(id, &roles).await.map_err(of_store)?;
                change.set_scoped_roles(id, &scoped_roles).await.map_err(of_store)?;
                change.set_groups(id, &groups).await.map_err(of_store)?;
                change.enable_person(id).await.map_err(of_store)?;
            }
            None => {
                let person = StoredPerson {
                    id: PersonId::fresh(),
                    email: email.clone(),
                    display_name: email.clone(),
                    password_hash: Some(hash),
                    roles,
                    scoped_roles,
                    groups: groups.clone(),
                };
                change.create_person(&person).await.map_err(of_store)?;
            }
        }
        let detail = serde_json::json!({ "roles": held, "groups": groups });
        let entry = done(&administrator(), "person.put", &format!("person:{email}")).with(detail);
        change.commit(entry).await.map_err(of_store)?;
        let person = self.store.person_by_email(&email).await.map_err(of_store)?;
        Ok(person_view(&person))
    }

    /// # Errors
    /// 404 for an unknown address.
    pub async fn disable_person(&self, email: &str) -> Answer<PersonView> {
        let person = self.person_named(email).await?;
        let mut change = self.store.begin().await.map_err(of_store)?;
        change.disable_person(person.id).await.map_err(of_store)?;
        let subject = format!("person:{}", person.email);
        change.commit(done(&administrator(), "person.disable", &subject)).await.map_err(of_store)?;
        Ok(person_view(&self.person_named(email).await?))
    }

    /// Says that a person who is kept here is somebody at the identity provider, and signs in there from then on too.
    ///
    /// # Errors
    /// 404 for an unknown address; 409 where either has another already.
    pub async fn link_identity(&self, email: &str, issuer: &str, subject: &str) -> Answer<PersonView> {
        let person = self.person_named(email).await?;
        let mut change = self.store.begin().await.map_err(of_store)?;
        change.add_identity(person.id, issuer, subject).await.map_err(of_store)?;
        let entry = done(&administrator(), "person.link", &format!("person:{}", person.email));
        let detail = serde_json::json!({ "provider": issuer, "subject": subject });
        change.commit(entry.with(detail)).await.map_err(of_store)?;
        Ok(person_view(&person))
    }

    /// Takes the second factor of somebody who has lost it, also where no other admin is there to do so.
    ///
    /// # Errors
    /// 404 for an unknown address, or where there is none.
    pub async fn reset_second_factor(&self, email: &str) -> Answer<PersonView> {
        let person = self.person_named(email).await?;
        self.take_factors(&administrator(), &person).await?;
        Ok(person_view(&person))
    }

    /// Puts a person into a group, which is made if need be.
    ///
    /// # Errors
    /// 404 for an unknown address, 422 for a bad group name.
    pub async fn add_to_group(&self, email: &str, group: &str) -> Answer<PersonView> {
        let person = self.person_named(email).await?;
        let mut groups = person.groups.clone();
        groups.extend(group_names(&[group.to_owned()])?.into_iter().filter(|g| !person.groups.contains(g)));
        let mut change = self.store.begin().await.map_err(of_store)?;
        change.set_groups(person.id, &groups).await.map_err(of_store)?;
        let detail = serde_json::json!({ "groups": groups });
        let entry = done(&administrator(), "person.put", &format!("person:{}", person.email)).with(detail);
        change.commit(entry).await.map_err(of_store)?;
        Ok(person_view(&self.person_named(email).await?))
    }

    /// # Errors
    /// When the database does not answer.
    pub async fn list_people(&self) -> Answer<Vec<PersonView>> {
        Ok(self.store.people().await.map_err(of_store)?.iter().map(person_view).collect())
    }

    /// # Errors
    /// 404 for an unknown address, 422 for no scopes or too many days.
    pub async fn create_token_for(
        &self,
        email: &str,
        name: &str,
        scopes: Vec<Scope>,
        days: u16,
    ) -> Answer<TokenView> {
        let person = self.person_named(email).await?;
        let new = IssueToken { name, scopes, within: Reach::default(), days };
        self.issue_token(&administrator(), (person.id, &person.email), new).await
    }

    /// Stores an inventory as the machine's administrator: how the demonstration is filled.
    ///
    /// # Errors
    /// 422 with every line that is wrong.
    pub async fn seed_inventory(&self, yaml: &str) -> Answer<()> {
        let sent = read(yaml.as_bytes(), Format::Yaml).map_err(|found| of_file("inventory", found))?;
        self.store_inventory(&administrator(), |_| Ok(sent), Edit::whole("inventory.apply")).await.map(|_| ())
    }

    /// # Errors
    /// When the database does not answer.
    pub async fn is_empty(&self) -> Answer<bool> {
        self.store.is_empty().await.map_err(of_store)
    }

    async fn person_named(&self, email: &str) -> Answer<holdfast_store::Person> {
        let email = email.trim().to_lowercase();
        match self.store.person_by_email(&email).await {
            Err(holdfast_store::Error::NotFound(_)) => Err(Problem::not_found("person", &email)),
            other => other.map_err(of_store),
        }
    }
}
