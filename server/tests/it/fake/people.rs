//! The fake control plane's people, groups, policies and tokens.

use super::views::{group_view, person_view, policy_view};
use super::{Fake, PASSWORD, TOKEN, operator};
use async_trait::async_trait;
use holdfast_api::{
    Answer, IfMatch, Problem, federation::*, passwords::*, people::*, proofs::*, sessions::*, version,
};
use holdfast_domain::{Actor, ApprovalPolicy, Name, PersonId, Scope};
use jiff::Timestamp;

#[async_trait]
impl People for Fake {
    async fn sign_in(&self, email: &str, password: &str, code: Option<&str>, from: &str) -> Answer<Admitted> {
        self.note(format!("sign in from {from}"));
        if email == "operator@example.com" && password == PASSWORD {
            Ok(Admitted::Whole(operator().person))
        } else if email == "careful@example.com" && password == PASSWORD {
            match code {
                Some(code) => self.finish_sign_in(operator().person, code, "").await,
                None => return Ok(Admitted::CodeDue(operator().person)),
            }
            .map(|()| Admitted::WithCode(operator().person))
        } else {
            Err(Problem::new(401, "sign_in_refused", "Not signed in", "Not right.", "Try again."))
        }
    }
    async fn actor_of_session(&self, _: PersonId, identity_proved_at: Option<Timestamp>) -> Answer<Actor> {
        self.may_be_broken();
        if *self.disabled.lock().unwrap() {
            return Err(Problem::new(401, "sign_in_needed", "Sign in first", "Disabled.", "Sign in."));
        }
        Ok(Actor { identity_proved_at, ..operator() })
    }
    async fn actor_of_token(&self, token: &str) -> Answer<Actor> {
        self.may_be_broken();
        if token == TOKEN {
            Ok(Actor {
                token: Some(uuid::Uuid::nil()),
                token_scopes: Some(Scope::ALL.to_vec()),
                ..operator()
            })
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
        let roles: Vec<String> = new.roles.iter().map(ToString::to_string).collect();
        self.change(actor, format!("add {} {roles:?}", new.email))?;
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
impl Passwords for Fake {
    async fn change_password(
        &self,
        actor: &Actor,
        change: ChangePassword,
        here: Option<&str>,
        _: &str,
    ) -> Answer<u64> {
        if actor.token_scopes.is_some() {
            return Err(Problem::new(403, "person_needed", "Not for API tokens", "No.", "Sign in."));
        }
        self.note(format!("change password here {}", here.is_some()));
        match change.present.as_str() {
            PASSWORD => Ok(2),
            _ => Err(Problem::new(401, "password_refused", "Not changed", "Not right.", "Try again.")),
        }
    }
}

pub const CODE: &str = "123456";

#[async_trait]
impl Proofs for Fake {
    async fn finish_sign_in(&self, _: PersonId, code: &str, _: &str) -> Answer<()> {
        let wrong = || Problem::new(401, "code_refused", "Not right", "Not right.", "Wait.");
        if code == CODE { Ok(()) } else { Err(wrong()) }
    }
    async fn prove(&self, actor: &Actor, proof: Proof, _: &str) -> Answer<Proved> {
        if actor.token_scopes.is_some() {
            return Err(Problem::new(403, "person_needed", "Not for API tokens", "No.", "Sign in."));
        }
        self.note(format!("prove {}", actor.email));
        if let Some(answer) = &proof.passkey {
            return Ok(Proved { second_factor: true, passkey: Some(self.right(answer)?) });
        }
        match proof.password.as_deref() {
            Some(PASSWORD) => Ok(Proved { second_factor: proof.code.is_some(), passkey: None }),
            _ => Err(Problem::new(401, "sign_in_refused", "Not signed in", "Not right.", "Try again.")),
        }
    }
    async fn factors(&self, _: &Actor) -> Answer<FactorsView> {
        Ok(FactorsView { password: true, ..FactorsView::default() })
    }
    async fn begin_codes(&self, actor: &Actor) -> Answer<EnrolmentView> {
        self.change(actor, "begin codes")?;
        Ok(EnrolmentView { secret: "GEZDGNBV".into(), uri: "otpauth://totp/x?secret=GEZDGNBV".into() })
    }
    async fn confirm_codes(&self, actor: &Actor, code: &str, _: &str) -> Answer<RecoveryCodesView> {
        self.finish_sign_in(actor.person, code, "").await?;
        self.note("confirm codes");
        Ok(RecoveryCodesView { recovery_codes: vec!["abcd-efgh-jkmn-pqrs".into()] })
    }
    async fn remove_codes(&self, _: &Actor) -> Answer<()> {
        self.note("remove codes");
        Ok(())
    }
    async fn new_recovery_codes(&self, actor: &Actor) -> Answer<RecoveryCodesView> {
        self.change(actor, "recovery codes")?;
        Ok(RecoveryCodesView { recovery_codes: vec!["abcd-efgh-jkmn-pqrs".into()] })
    }
    async fn reset_codes(&self, _: &Actor, id: &str) -> Answer<()> {
        self.note(format!("reset codes {id}"));
        Ok(())
    }
}

#[async_trait]
impl Federation for Fake {
    async fn sign_in_by_provider(&self, vouched: Vouched, _: &str) -> Answer<PersonId> {
        self.note(format!("vouched {}", vouched.subject));
        Ok(operator().person)
    }
    async fn prove_by_provider(&self, _: &Actor, vouched: Vouched, _: &str) -> Answer<()> {
        self.note(format!("proved {}", vouched.subject));
        Ok(())
    }
    async fn sign_out_by_provider(&self, word: SignedOut, _: &str) -> Answer<u64> {
        self.note(format!("signed out there {:?}", word.subject));
        Ok(1)
    }
    async fn provider_not_taken(&self, word: NotTaken<'_>) -> Answer<()> {
        self.note(format!("not taken: {}", word.code));
        Ok(())
    }
}

#[async_trait]
impl Sessions for Fake {
    async fn own_sessions(&self, _: &Actor, current: Option<&str>) -> Answer<Vec<OwnSession>> {
        Ok(current
            .map(|id| OwnSession {
                id: id.to_owned(),
                signed_in_at: Timestamp::UNIX_EPOCH,
                last_seen_at: Timestamp::UNIX_EPOCH,
                from: None,
                agent: None,
                current: true,
            })
            .into_iter()
            .collect())
    }
    async fn end_session(&self, _: &Actor, id: &str) -> Answer<()> {
        self.note(format!("end session {id}"));
        Ok(())
    }
    async fn end_sessions(&self, _: &Actor, but: Option<&str>) -> Answer<u64> {
        self.note(format!("end sessions but {}", but.is_some()));
        Ok(1)
    }
    async fn end_everybodys_sessions(&self, actor: &Actor, confirm: &str) -> Answer<u64> {
        self.change(actor, format!("end everybody's sessions {confirm}"))?;
        Ok(3)
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
    async fn create_token(
        &self,
        actor: &Actor,
        name: &str,
        scopes: Vec<Scope>,
        within: holdfast_domain::Reach,
        _: u16,
    ) -> Answer<TokenView> {
        self.change(actor, format!("token {name}"))?;
        Ok(TokenView {
            id: "1".into(),
            name: name.into(),
            email: actor.email.clone(),
            scopes: scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
            within: (!within.is_everything()).then(|| within.to_string()),
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
