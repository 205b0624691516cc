//! Who may do what: the one policy function. Pages, REST and the command line all come through here.
//! What a person may do to a *particular* run (their own, one that waits for their group) is the pure core's.

use holdfast_api::{Answer, Problem};
use holdfast_domain::{Actor, Role, Scope};
use jiff::{SignedDuration, Timestamp};

/// Everything that can be asked for, as far as rights go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    ReadInventory,
    /// Applications, groups and Regions of the inventory.
    WriteInventory,
    /// Accounts, roles and approval policies: whoever changes these could approve by other means.
    WriteProtected,
    ReadStatus,
    DeclareRegion,
    ReadRuns,
    RequestRun,
    DriveRun,
    /// From planned to emergency: the loss of data is accepted.
    EscalateRun,
    /// Taking back what a run has done.
    AbortRun,
    /// Saying that what a run has done stays.
    CommitRun,
    /// Saying that what a step of one's own waits for is so; a group that the step names is the pure core's.
    ConfirmStep,
    ReviewRun,
    /// Stopping all automation, and letting it go on.
    SwitchAutomation,
    /// Declaring a change freeze, and lifting it.
    DeclareFreeze,
    ReadAudit,
    ReadPeople,
    /// People, their roles and groups: whoever changes these could approve by other means.
    WritePeople,
    /// One's own API tokens.
    ManageOwnTokens,
    /// How one signs in oneself: second factor, sessions.
    ManageOwnSignIn,
    /// How one is told.
    ManageOwnChannels,
    /// Accepting in the inventory what readiness would hold against an application.
    Waive,
    /// Starting without others what would wait for them, for at most an hour.
    OpenBreakGlass,
    /// Before its time; that it is one's own, or that one is an administrator, is the pure core's.
    EndBreakGlass,
    /// Closing its review; that it is not one's own is the pure core's.
    ReviewBreakGlass,
    /// Making codes that break the glass, and withdrawing them.
    KeepSealedCodes,
    /// Who hears first: schedules of who is on call, and taking a duty over. Nobody's right rests on it.
    KeepOnCall,
    /// Having a code of one's own that opens bundles; that another's is ended by an administrator alone is the use case's.
    KeepOfflineCode,
    /// Taking a copy of the sealed bundle away.
    TakeBundle,
    /// Handing in what was carried out without a server.
    HandInJournal,
}

impl Action {
    pub const ALL: [Self; 30] = [
        Self::ReadInventory,
        Self::WriteInventory,
        Self::WriteProtected,
        Self::ReadStatus,
        Self::DeclareRegion,
        Self::ReadRuns,
        Self::RequestRun,
        Self::DriveRun,
        Self::EscalateRun,
        Self::AbortRun,
        Self::CommitRun,
        Self::ConfirmStep,
        Self::ReviewRun,
        Self::SwitchAutomation,
        Self::DeclareFreeze,
        Self::ReadAudit,
        Self::ReadPeople,
        Self::WritePeople,
        Self::ManageOwnTokens,
        Self::ManageOwnSignIn,
        Self::ManageOwnChannels,
        Self::Waive,
        Self::OpenBreakGlass,
        Self::EndBreakGlass,
        Self::ReviewBreakGlass,
        Self::KeepSealedCodes,
        Self::KeepOnCall,
        Self::KeepOfflineCode,
        Self::TakeBundle,
        Self::HandInJournal,
    ];

    /// The roles that may; reading is everybody's who is signed in, except people and the audit's author list.
    fn roles(self) -> &'static [Role] {
        match self {
            Self::ReadInventory
            | Self::ReadStatus
            | Self::ReadRuns
            | Self::ReadAudit
            | Self::ManageOwnTokens
            | Self::ManageOwnSignIn
            | Self::ManageOwnChannels => &Role::ALL,
            Self::ConfirmStep | Self::KeepOnCall => &[Role::Operator, Role::Approver, Role::Admin],
            Self::WriteInventory
            | Self::DeclareRegion
            | Self::RequestRun
            | Self::DriveRun
            | Self::EscalateRun
            | Self::AbortRun
            | Self::CommitRun
            | Self::SwitchAutomation
            | Self::Waive
            | Self::OpenBreakGlass
            | Self::EndBreakGlass
            | Self::KeepOfflineCode
            | Self::TakeBundle
            | Self::HandInJournal => &[Role::Operator, Role::Admin],
            Self::ReviewRun => &[Role::Approver],
            Self::ReviewBreakGlass => &[Role::Approver, Role::Admin],
            Self::WriteProtected
            | Self::ReadPeople
            | Self::WritePeople
            | Self::DeclareFreeze
            | Self::KeepSealedCodes => &[Role::Admin],
        }
    }

    /// The scope that an API token needs; `None`: only a person's own session may.
    fn scope(self) -> Option<Scope> {
        match self {
            Self::ReadInventory => Some(Scope::InventoryRead),
            Self::WriteInventory => Some(Scope::InventoryWrite),
            Self::ReadStatus | Self::TakeBundle => Some(Scope::StatusRead),
            Self::ReadRuns => Some(Scope::RunsRead),
            Self::RequestRun | Self::DriveRun => Some(Scope::RunsRequest),
            Self::ReadAudit => Some(Scope::AuditRead),
            Self::WriteProtected
            | Self::DeclareRegion
            | Self::EscalateRun
            | Self::AbortRun
            | Self::CommitRun
            | Self::ConfirmStep
            | Self::ReviewRun
            | Self::SwitchAutomation
            | Self::DeclareFreeze
            | Self::ReadPeople
            | Self::WritePeople
            | Self::ManageOwnTokens
            | Self::ManageOwnSignIn
            | Self::ManageOwnChannels
            | Self::Waive
            | Self::OpenBreakGlass
            | Self::EndBreakGlass
            | Self::ReviewBreakGlass
            | Self::KeepSealedCodes
            | Self::KeepOnCall
            | Self::KeepOfflineCode
            | Self::HandInJournal => None,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::ReadInventory => "reading the inventory",
            Self::WriteInventory => "changing the inventory",
            Self::WriteProtected => "changing accounts, roles or approval policies",
            Self::ReadStatus => "reading live status",
            Self::DeclareRegion => "declaring a Region's state",
            Self::ReadRuns => "reading runs",
            Self::RequestRun => "requesting a run",
            Self::DriveRun => "steering a run",
            Self::EscalateRun => "escalating a run",
            Self::AbortRun => "aborting a run",
            Self::CommitRun => "committing a run",
            Self::ConfirmStep => "confirming a step",
            Self::ReviewRun => "reviewing a run",
            Self::SwitchAutomation => "switching automation",
            Self::DeclareFreeze => "declaring or lifting a change freeze",
            Self::ReadAudit => "reading the audit log",
            Self::ReadPeople => "reading who the people are",
            Self::WritePeople => "changing people, their roles or groups",
            Self::ManageOwnTokens => "managing API tokens",
            Self::ManageOwnSignIn => "changing how one signs in",
            Self::ManageOwnChannels => "changing how one is told",
            Self::Waive => "waiving a finding",
            Self::OpenBreakGlass => "breaking the glass",
            Self::EndBreakGlass => "ending a break-glass",
            Self::ReviewBreakGlass => "closing the review of a break-glass",
            Self::KeepSealedCodes => "making and withdrawing sealed codes",
            Self::KeepOnCall => "changing who is on call",
            Self::KeepOfflineCode => "having a code that opens bundles",
            Self::TakeBundle => "taking a copy of the bundle",
            Self::HandInJournal => "handing in what was carried out without a server",
        }
    }
}

/// How long a proof of identity stays fresh.
pub const FRESH_FOR: SignedDuration = SignedDuration::from_mins(5);

/// How far apart the server's clock and the database's may be; a proof from further ahead proves nothing.
const SKEW: SignedDuration = SignedDuration::from_secs(2);

/// # Errors
/// 403 with what would be needed.
pub fn may(actor: &Actor, action: Action) -> Answer<()> {
    if let Some(scopes) = &actor.token_scopes {
        match action.scope() {
            None => {
                return Err(Problem::new(
                    403,
                    "person_needed",
                    "Not for API tokens",
                    format!("An API token cannot do this: {}.", action.words()),
                    "Sign in as a person and do it from a session.",
                ));
            }
            Some(scope) if !scopes.contains(&scope) => {
                return Err(Problem::new(
                    403,
                    "scope_missing",
                    "Not allowed",
                    format!("The API token lacks the scope `{}` for {}.", scope.as_str(), action.words()),
                    "Make a token with that scope.",
                ));
            }
            Some(_) => {}
        }
    }
    if action.roles().iter().any(|role| actor.has(*role)) {
        return Ok(());
    }
    let names: Vec<_> = action.roles().iter().map(|r| r.as_str()).collect();
    Err(Problem::forbidden(&format!("the role {} ({})", names.join(" or "), action.words())))
}

/// # Errors
/// 403 `fresh_identity_needed` when the last proof is older than five minutes or from the future, or there is none.
pub fn fresh(actor: &Actor, now: Timestamp) -> Answer<()> {
    match actor.identity_proved_at {
        Some(at) if (-SKEW..=FRESH_FOR).contains(&now.duration_since(at)) => Ok(()),
        _ => Err(Problem::new(
            403,
            "fresh_identity_needed",
            "Prove who you are",
            "This needs a proof of who you are that is at most five minutes old.",
            "Prove who you are (on the page, or by POST /api/v1/session/proof), then repeat it.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdfast_domain::PersonId;

    fn actor(role: Option<Role>, scopes: Option<Vec<Scope>>) -> Actor {
        Actor {
            person: PersonId::fresh(),
            email: "somebody@example.com".into(),
            roles: role.into_iter().collect(),
            groups: Vec::new(),
            token: None,
            token_scopes: scopes,
            identity_proved_at: None,
            second_factor: false,
            sent: None,
        }
    }

    #[test]
    fn the_whole_matrix_of_roles_is_as_written_down() {
        // viewer, operator, approver, admin
        let expected = |action| match action {
            Action::ReadInventory
            | Action::ReadStatus
            | Action::ReadRuns
            | Action::ReadAudit
            | Action::ManageOwnTokens
            | Action::ManageOwnSignIn
            | Action::ManageOwnChannels => [true, true, true, true],
            Action::ConfirmStep | Action::KeepOnCall => [false, true, true, true],
            Action::WriteInventory
            | Action::DeclareRegion
            | Action::RequestRun
            | Action::DriveRun
            | Action::EscalateRun
            | Action::AbortRun
            | Action::CommitRun
            | Action::SwitchAutomation
            | Action::Waive
            | Action::OpenBreakGlass
            | Action::EndBreakGlass
            | Action::KeepOfflineCode
            | Action::TakeBundle
            | Action::HandInJournal => [false, true, false, true],
            Action::ReviewRun => [false, false, true, false],
            Action::ReviewBreakGlass => [false, false, true, true],
            Action::WriteProtected
            | Action::ReadPeople
            | Action::WritePeople
            | Action::DeclareFreeze
            | Action::KeepSealedCodes => [false, false, false, true],
        };
        for action in Action::ALL {
            for (role, allowed) in Role::ALL.into_iter().zip(expected(action)) {
                assert_eq!(may(&actor(Some(role), None), action).is_ok(), allowed, "{action:?} by {role:?}");
            }
            assert!(may(&actor(None, None), action).is_err(), "{action:?} by somebody without a role");
        }
    }

    #[test]
    fn a_token_does_no_more_than_its_scopes_and_no_more_than_its_person() {
        for action in Action::ALL {
            for role in Role::ALL {
                let person = may(&actor(Some(role), None), action).is_ok();
                let none = may(&actor(Some(role), Some(Vec::new())), action);
                assert!(none.is_err(), "{action:?} without any scope");
                let all = may(&actor(Some(role), Some(Scope::ALL.to_vec())), action);
                assert_eq!(all.is_ok(), person && action.scope().is_some(), "{action:?} as {role:?}");
            }
        }
        assert!(may(&actor(Some(Role::Approver), Some(Scope::ALL.to_vec())), Action::ReviewRun).is_err());
    }

    #[test]
    fn a_proof_of_identity_is_fresh_for_five_minutes() {
        let now = Timestamp::UNIX_EPOCH;
        let mut who = actor(Some(Role::Approver), None);
        assert_eq!(fresh(&who, now).unwrap_err().code, "fresh_identity_needed");
        who.identity_proved_at = Some(now - SignedDuration::from_secs(300));
        assert!(fresh(&who, now).is_ok());
        who.identity_proved_at = Some(now - SignedDuration::from_secs(301));
        assert!(fresh(&who, now).is_err());
    }

    #[test]
    fn a_proof_from_the_future_is_none_beyond_what_clocks_differ() {
        let now = Timestamp::UNIX_EPOCH;
        let mut who = actor(Some(Role::Approver), None);
        for (ahead, good) in [(0, true), (2, true), (3, false), (86_400, false)] {
            who.identity_proved_at = Some(now + SignedDuration::from_secs(ahead));
            assert_eq!(fresh(&who, now).is_ok(), good, "{ahead} s ahead");
        }
    }
}
