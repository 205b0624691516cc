//! People of an identity provider: who they are here, and what their claims let them do. The provider's word on roles and groups
//! is taken anew at each sign-in; that somebody is shut out here is not the provider's to change.

use crate::App;
use crate::audit::done;
use crate::authority::{Action, FRESH_FOR, may};
use crate::people::{actor, apart, email_address, held_roles};
use crate::problems::of_store;
use async_trait::async_trait;
use holdfast_api::federation::{Federation, NotTaken, SIGN_OUT, SignedOut, Vouched};
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Actor, HeldRole, Name, PersonId};
use holdfast_store::{AuditActor, AuditEntry, Change, NewPerson, OfProvider, Person, RefusalLimits};
use serde_json::json;

/// What one of the provider's groups is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRule {
    /// As the provider calls it, to the letter.
    pub claim: String,
    pub roles: Vec<HeldRole>,
    pub groups: Vec<Name>,
}

/// Everything that is said of the provider's groups.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClaimRules(pub Vec<ClaimRule>);

impl ClaimRules {
    /// In order and without repeats.
    #[must_use]
    pub fn roles(&self, claimed: &[String]) -> Vec<HeldRole> {
        let mut roles: Vec<HeldRole> =
            self.that_apply(claimed).flat_map(|rule| rule.roles.iter().cloned()).collect();
        roles.sort();
        roles.dedup();
        roles
    }

    /// What a person who was in `before` is in afterwards: groups that no rule names are given here and stay.
    #[must_use]
    pub fn groups(&self, claimed: &[String], before: &[Name]) -> Vec<Name> {
        let managed = |group: &Name| self.0.iter().any(|rule| rule.groups.contains(group));
        let mut groups: Vec<Name> = before.iter().filter(|group| !managed(group)).cloned().collect();
        groups.extend(self.that_apply(claimed).flat_map(|rule| rule.groups.iter().cloned()));
        groups.sort();
        groups.dedup();
        groups
    }

    fn that_apply<'a>(&'a self, claimed: &'a [String]) -> impl Iterator<Item = &'a ClaimRule> {
        self.0.iter().filter(|rule| claimed.contains(&rule.claim))
    }
}

#[async_trait]
impl Federation for App {
    async fn sign_in_by_provider(&self, vouched: Vouched, from: &str) -> Answer<PersonId> {
        let rules = self.settings.claim_rules.clone();
        let roles = rules.roles(&vouched.groups);
        let mut change = self.store.begin().await.map_err(of_store)?;
        // Held until the end: two first sign-ins at once make one person.
        let people = change.load_people_for_edit().await.map_err(of_store)?;
        let known = change.person_of_identity(&vouched.issuer, &vouched.subject).await.map_err(of_store)?;
        let person = match known {
            Some(id) => {
                let found = people.iter().find(|person| person.id == id);
                let person = found.ok_or_else(|| Problem::not_found("person", &id.to_string()))?;
                if person.disabled_at.is_some() {
                    drop(change);
                    let refusal = shut_out();
                    let entry = AuditEntry::refused(
                        "session.sign_in",
                        of_provider(),
                        "person",
                        &person.email,
                        &refusal.code,
                    );
                    self.store.refuse_within(entry, RefusalLimits::OF_CHANGES).await.map_err(of_store)?;
                    return Err(refusal);
                }
                brought_up_to_date(
                    &mut change,
                    person,
                    &roles,
                    &rules.groups(&vouched.groups, &person.groups),
                )
                .await?
            }
            None if roles.is_empty() => return Err(no_role()),
            None => {
                welcomed(&mut change, &people, &vouched, &roles, rules.groups(&vouched.groups, &[])).await?
            }
        };
        let detail = json!({ "from": from, "provider": vouched.issuer, "claimed": vouched.groups });
        if held_roles(&person).next().is_none() {
            let refusal = no_role();
            let refused =
                AuditEntry::refused("session.sign_in", of_provider(), "person", &person.email, &refusal.code)
                    .with(detail);
            let had = people.iter().any(|b| b.id == person.id && held_roles(b).next().is_some());
            if had {
                // What they lost is lost all the same.
                change.commit(refused).await.map_err(of_store)?;
            } else {
                // Who never had any could come back for ever.
                drop(change);
                self.store.refuse_within(refused, RefusalLimits::OF_CHANGES).await.map_err(of_store)?;
            }
            return Err(refusal);
        }
        let entry = done(&actor(&person, None), "session.sign_in", &subject(&person)).with(detail);
        change.commit(entry).await.map_err(of_store)?;
        Ok(person.id)
    }

    async fn prove_by_provider(&self, actor: &Actor, vouched: Vouched, from: &str) -> Answer<()> {
        let about = format!("person:{}", actor.email);
        may(actor, Action::ProveOneself)?;
        let known =
            self.store.person_of_identity(&vouched.issuer, &vouched.subject).await.map_err(of_store)?;
        if known != Some(actor.person) {
            return Err(somebody_else());
        }
        let now = self.store.now().await.map_err(of_store)?;
        // The provider was asked to have it proved anew; one that did not is not believed.
        if vouched.authenticated_at.is_none_or(|at| now.duration_since(at) > FRESH_FOR) {
            return Err(not_anew());
        }
        let detail = json!({ "from": from, "with": ["provider"], "provider": vouched.issuer });
        self.store
            .audit(done(actor, "session.prove", &about).with(detail))
            .await
            .map(|_| ())
            .map_err(of_store)
    }

    async fn sign_out_by_provider(&self, word: SignedOut, from: &str) -> Answer<u64> {
        let SignedOut { issuer, subject, session, id, good_until } = word;
        let mut change = self.store.begin().await.map_err(of_store)?;
        if !change.take_sign_out(&issuer, &id, good_until).await.map_err(of_store)? {
            drop(change);
            let refusal = taken_before();
            let (code, why) = (refusal.code.as_str(), refusal.detail.as_str());
            let word = NotTaken { issuer: &issuer, action: SIGN_OUT, code, why, from };
            self.provider_not_taken(word).await?;
            return Err(refusal);
        }
        let person = match &subject {
            Some(subject) => change.person_of_identity(&issuer, subject).await.map_err(of_store)?,
            None => None,
        };
        let ended = match (person, session.as_deref()) {
            (Some(person), Some(session)) => Some(OfProvider::SessionOf(person, session)),
            (Some(person), None) => Some(OfProvider::Person(person)),
            // Of somebody who never came here.
            (None, _) if subject.is_some() => None,
            (None, session) => session.map(OfProvider::Session),
        };
        let ended = match &ended {
            Some(which) => change.end_sessions_of_provider(&issuer, which).await.map_err(of_store)?,
            None => Vec::new(),
        };
        let mut total: i64 = 0;
        for (email, sessions) in &ended {
            let entry = AuditEntry::done(SIGN_OUT, of_provider(), "person", email);
            let detail = json!({ "from": from, "provider": issuer, "sessions": sessions });
            change.also_audit(&entry.with(detail)).await.map_err(of_store)?;
            total += sessions;
        }
        let entry = AuditEntry::done(SIGN_OUT, of_provider(), "provider", &issuer);
        change.commit(entry.with(json!({ "from": from, "sessions": total }))).await.map_err(of_store)?;
        Ok(total.unsigned_abs())
    }

    async fn provider_not_taken(&self, word: NotTaken<'_>) -> Answer<()> {
        let NotTaken { issuer, action, code, why, from } = word;
        // It quotes what was sent, by whoever that was: as much of it as says what is wrong, and nothing that is no text.
        let why: String = why.chars().filter(|c| !c.is_control()).take(500).collect();
        let entry = AuditEntry::refused(action, of_provider(), "provider", issuer, code)
            .because(why)
            .with(json!({ "from": from }));
        self.store.refuse_within(entry, RefusalLimits::OF_CHANGES).await.map_err(of_store)
    }
}

/// With the roles and groups that the provider's word gives them now.
async fn brought_up_to_date(
    change: &mut Change,
    person: &Person,
    held: &[HeldRole],
    groups: &[Name],
) -> Answer<Person> {
    let (roles, scoped_roles) = apart(held);
    let (mut had, mut had_scoped, mut had_groups) =
        (person.roles.clone(), person.scoped_roles.clone(), person.groups.clone());
    had.sort();
    had_scoped.sort();
    had_groups.sort();
    if had != roles || had_scoped != scoped_roles || had_groups != groups {
        change.set_roles(person.id, &roles).await.map_err(of_store)?;
        change.set_scoped_roles(person.id, &scoped_roles).await.map_err(of_store)?;
        change.set_groups(person.id, groups).await.map_err(of_store)?;
        let entry = AuditEntry::done("person.put", of_provider(), "person", &person.email);
        change.also_audit(&entry.with(json!({ "roles": held, "groups": groups }))).await.map_err(of_store)?;
    }
    Ok(Person { roles, scoped_roles, groups: groups.to_vec(), ..person.clone() })
}

/// Somebody whom the provider vouches for for the first time.
async fn welcomed(
    change: &mut Change,
    people: &[Person],
    vouched: &Vouched,
    held: &[HeldRole],
    groups: Vec<Name>,
) -> Answer<Person> {
    let email = match (&vouched.email, vouched.email_verified) {
        (_, Some(false)) => return Err(no_address("says that nobody has verified the e-mail address")),
        (None, _) => return Err(no_address("gave no e-mail address")),
        (Some(email), _) => email_address(email).map_err(|_| no_address("gave what is no e-mail address"))?,
    };
    // The address alone proves nothing: whoever has it there need not be who has it here.
    if people.iter().any(|person| person.email == email) {
        return Err(taken(&email));
    }
    let (roles, scoped_roles) = apart(held);
    let new = NewPerson {
        id: PersonId::fresh(),
        email: email.clone(),
        display_name: email.clone(),
        password_hash: None,
        roles: roles.clone(),
        scoped_roles: scoped_roles.clone(),
        groups: groups.clone(),
    };
    change.create_person(&new).await.map_err(of_store)?;
    change.add_identity(new.id, &vouched.issuer, &vouched.subject).await.map_err(of_store)?;
    let entry = AuditEntry::done("person.add", of_provider(), "person", &email);
    let detail =
        json!({ "roles": held, "groups": groups, "provider": vouched.issuer, "subject": vouched.subject });
    change.also_audit(&entry.with(detail)).await.map_err(of_store)?;
    let created_at = change.now().await.map_err(of_store)?;
    Ok(Person {
        id: new.id,
        email: email.clone(),
        display_name: email,
        roles,
        scoped_roles,
        groups,
        created_at,
        disabled_at: None,
        temporary_password_until: None,
        has_password: false,
        has_second_factor: false,
        others: Vec::new(),
    })
}

fn of_provider() -> AuditActor {
    AuditActor::System { name: "identity provider".to_owned() }
}

fn subject(person: &Person) -> String {
    format!("person:{}", person.email)
}

fn shut_out() -> Problem {
    Problem::new(
        403,
        "person_disabled",
        "Not signed in",
        "This person has been shut out of Holdfast.",
        "Ask an admin to let you in again.",
    )
}

fn taken_before() -> Problem {
    Problem::new(
        400,
        "sign_out_taken_before",
        "Not taken",
        "This logout token was taken before.",
        "Send a new one, with a `jti` of its own.",
    )
}

fn no_role() -> Problem {
    Problem::new(
        403,
        "no_role",
        "Not signed in",
        "None of your groups at the identity provider gives you a role in Holdfast.",
        "Ask whoever keeps the groups for one that does; which ones do stands in Holdfast's configuration (oidc.groups).",
    )
}

fn no_address(why: &str) -> Problem {
    Problem::new(
        403,
        "no_address",
        "Not signed in",
        format!("The identity provider {why}."),
        "Have the provider send the verified e-mail address (scope `email`).",
    )
}

fn taken(email: &str) -> Problem {
    Problem::new(
        409,
        "address_taken",
        "Not signed in",
        format!("{email} is the address of an account that is kept here."),
        "The address alone does not prove that it is yours. An admin links the two: `holdfast admin user link`.",
    )
}

fn somebody_else() -> Problem {
    Problem::new(
        403,
        "somebody_else",
        "Not proved",
        "The identity provider vouched for somebody else than who is signed in here.",
        "Sign out, and sign in as the one whom the provider knows.",
    )
}

fn not_anew() -> Problem {
    Problem::new(
        403,
        "not_proved_anew",
        "Not proved",
        "The identity provider did not have you prove anew who you are, or does not say when you did.",
        "Sign out at the provider and try again; its administrator has it honour `max_age` and send `auth_time`.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdfast_domain::Role;

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    fn rules() -> ClaimRules {
        let rule = |claim: &str, roles: &[Role], groups: &[&str]| ClaimRule {
            claim: claim.into(),
            roles: roles.iter().copied().map(HeldRole::from).collect(),
            groups: groups.iter().map(|group| name(group)).collect(),
        };
        ClaimRules(vec![
            rule("everybody", &[Role::Viewer], &[]),
            rule("ops", &[Role::Operator, Role::Viewer], &["sre"]),
            rule("leads", &[Role::Approver], &["approvers", "sre"]),
        ])
    }

    fn claimed(groups: &[&str]) -> Vec<String> {
        groups.iter().map(|group| (*group).to_owned()).collect()
    }

    #[test]
    fn every_group_that_is_claimed_gives_what_its_rule_says_and_nothing_else_gives_anything() {
        let rules = rules();
        assert_eq!(
            rules.roles(&claimed(&["ops", "everybody"])),
            [Role::Viewer.into(), Role::Operator.into()]
        );
        assert_eq!(rules.roles(&claimed(&["leads"])), [HeldRole::from(Role::Approver)]);
        for nothing in [&[][..], &["Ops"], &["ops "], &["op"], &["admin"], &["sre"]] {
            assert_eq!(rules.roles(&claimed(nothing)), [], "{nothing:?}");
            assert_eq!(rules.groups(&claimed(nothing), &[]), [], "{nothing:?}");
        }
        assert_eq!(ClaimRules::default().roles(&claimed(&["ops"])), [], "without rules nobody may anything");
    }

    #[test]
    fn groups_that_are_given_here_stay_and_those_that_a_rule_names_follow_the_claim() {
        let rules = rules();
        let before = [name("business-owners"), name("approvers"), name("sre")];
        assert_eq!(rules.groups(&claimed(&["ops"]), &before), [name("business-owners"), name("sre")]);
        assert_eq!(rules.groups(&claimed(&[]), &before), [name("business-owners")]);
        assert_eq!(rules.groups(&claimed(&["leads", "ops"]), &[]), [name("approvers"), name("sre")]);
    }
}
