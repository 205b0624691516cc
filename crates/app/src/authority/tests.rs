//! The whole matrix of rights, as written down here and as the policies have it.

use super::*;
use holdfast_domain::{Labels, Name, PersonId};

fn actor(role: Option<Role>, scopes: Option<Vec<Scope>>) -> Actor {
    Actor {
        person: PersonId::fresh(),
        email: "somebody@example.com".into(),
        others: Vec::new(),
        roles: role.into_iter().collect(),
        scoped_roles: Vec::new(),
        groups: Vec::new(),
        token: None,
        token_scopes: scopes,
        token_within: Reach::default(),
        identity_proved_at: None,
        second_factor: false,
        passkey: None,
        due: None,
        sent: None,
        request: None,
        over: None,
    }
}

#[test]
fn the_whole_matrix_of_roles_is_as_written_down() {
    // viewer, operator, approver, admin
    let expected = |action| match action {
        Action::See
        | Action::ReadInventory
        | Action::ReadStatus
        | Action::ReadRuns
        | Action::ReadAudit
        | Action::ReadWholeLog
        | Action::ManageOwnTokens
        | Action::ManageOwnSignIn
        | Action::ProveOneself
        | Action::ChangeOwnPassword
        | Action::ManageOwnChannels => [true, true, true, true],
        Action::ConfirmStep | Action::KeepOnCall => [false, true, true, true],
        Action::WriteInventory
        | Action::WriteShared
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
fn until_what_is_due_is_done_nothing_else_is() {
    let first = |due| match due {
        Due::OwnPassword => vec![Action::ProveOneself, Action::ChangeOwnPassword],
        Due::SecondFactor => {
            vec![Action::ProveOneself, Action::ChangeOwnPassword, Action::ManageOwnSignIn]
        }
    };
    for due in [Due::OwnPassword, Due::SecondFactor] {
        for action in Action::ALL {
            let everything = Actor { roles: Role::ALL.to_vec(), due: Some(due), ..actor(None, None) };
            if first(due).contains(&action) {
                assert!(may(&everything, action).is_ok(), "{action:?} before {due:?}");
                continue;
            }
            for over in [None, Some(shop())] {
                let no = may(&Actor { over, ..everything.clone() }, action).unwrap_err();
                assert_eq!(no.code, format!("{}_due", due.as_str()), "{action:?}");
            }
        }
    }
}

#[test]
fn a_token_does_no_more_than_its_scopes_and_no_more_than_its_person() {
    for action in Action::ALL {
        let of_a_token = scope_of(action).is_some();
        for role in Role::ALL {
            let person = may(&actor(Some(role), None), action).is_ok();
            let none = may(&actor(Some(role), Some(Vec::new())), action);
            assert_eq!(none.is_ok(), action == Action::See, "{action:?} without any scope");
            let all = may(&actor(Some(role), Some(Scope::ALL.to_vec())), action);
            assert_eq!(all.is_ok(), person && of_a_token, "{action:?} as {role:?}");
        }
    }
    assert!(may(&actor(Some(Role::Approver), Some(Scope::ALL.to_vec())), Action::ReviewRun).is_err());
}

fn labels(application: &str, tier: u8, team: &str, environment: Option<&str>) -> Labels {
    let name = |text: &str| Name::parse(text).unwrap();
    Labels { application: name(application), tier, team: name(team), environment: environment.map(name) }
}

fn shop() -> Labels {
    labels("shop", 1, "payments", Some("production"))
}

/// Who holds this one role, asked about this application.
fn holder(held: &str, over: Option<Labels>) -> Actor {
    let held: HeldRole = held.parse().unwrap();
    let (roles, scoped_roles) =
        if held.is_limited() { (vec![], vec![held]) } else { (vec![held.role], vec![]) };
    Actor { roles, scoped_roles, over, ..actor(None, None) }
}

/// What is asked of no application.
const OF_ONESELF: [Action; 7] = [
    Action::ManageOwnTokens,
    Action::ManageOwnSignIn,
    Action::ProveOneself,
    Action::ChangeOwnPassword,
    Action::ManageOwnChannels,
    Action::OpenBreakGlass,
    Action::EndBreakGlass,
];

/// What is of no one application.
const WHOLE: [Action; 14] = [
    Action::WriteShared,
    Action::WriteProtected,
    Action::DeclareRegion,
    Action::SwitchAutomation,
    Action::DeclareFreeze,
    Action::ReadWholeLog,
    Action::ReadPeople,
    Action::WritePeople,
    Action::ReviewBreakGlass,
    Action::KeepSealedCodes,
    Action::KeepOnCall,
    Action::KeepOfflineCode,
    Action::TakeBundle,
    Action::HandInJournal,
];

#[test]
fn a_role_that_ends_somewhere_is_within_its_limits_what_it_is_everywhere_and_nothing_outside() {
    let within =
        ["application=shop", "tier=1", "team=payments", "environment=production", "team=payments,tier=1"];
    let outside = [
        "application=books",
        "tier=2",
        "team=library",
        "environment=staging",
        "team=payments,tier=2",
        "application=shop,team=library",
    ];
    for action in Action::ALL.into_iter().filter(|action| !OF_ONESELF.contains(action)) {
        for role in Role::ALL {
            let of_applications =
                !WHOLE.contains(&action) || [Action::WriteProtected, Action::DeclareFreeze].contains(&action);
            let everywhere = may(&holder(role.as_str(), None), action).is_ok();
            for limit in within {
                let who = holder(&format!("{}:{limit}", role.as_str()), Some(shop()));
                assert_eq!(
                    may(&who, action).is_ok(),
                    everywhere && of_applications,
                    "{action:?} {role:?} {limit}"
                );
            }
            for limit in outside {
                let who = holder(&format!("{}:{limit}", role.as_str()), Some(shop()));
                assert!(may(&who, action).is_err(), "{action:?} {role:?} {limit}");
            }
        }
    }
}

#[test]
fn an_application_without_an_environment_is_in_none() {
    let bare = labels("shop", 1, "payments", None);
    assert!(may(&holder("operator:environment=production", Some(bare.clone())), Action::See).is_err());
    assert!(may(&holder("operator:team=payments", Some(bare)), Action::See).is_ok());
}

#[test]
fn what_is_of_no_one_application_is_for_roles_without_limits_and_says_who_can_lift_it() {
    for action in WHOLE {
        for role in Role::ALL {
            let everywhere = may(&holder(role.as_str(), None), action).is_ok();
            let no = may(&holder(&format!("{}:team=payments", role.as_str()), None), action).unwrap_err();
            assert_eq!(no.code, if everywhere { "out_of_scope" } else { "forbidden" }, "{action:?} {role:?}");
            assert!(no.way_out.starts_with("Ask "), "{no:?}");
        }
    }
}

#[test]
fn one_role_does_not_lend_its_reach_to_another() {
    let both = Actor {
        roles: vec![Role::Viewer],
        scoped_roles: vec!["operator:team=payments".parse().unwrap()],
        ..actor(None, None)
    };
    let over = |labels| Actor { over: Some(labels), ..both.clone() };
    let books = labels("books", 2, "library", None);
    assert!(may(&over(shop()), Action::RequestRun).is_ok());
    assert!(may(&over(books.clone()), Action::ReadRuns).is_ok(), "they view everything");
    let no = may(&over(books), Action::RequestRun).unwrap_err();
    assert_eq!(no.code, "out_of_scope");
    assert!(no.detail.contains("operator:team=payments") && no.detail.contains("books"), "{no:?}");
}

#[test]
fn a_token_ends_where_it_is_limited_to_whatever_its_person_may() {
    let token = |over: Option<Labels>| Actor {
        token_within: "team=library".parse().unwrap(),
        over,
        ..actor(Some(Role::Operator), Some(Scope::ALL.to_vec()))
    };
    assert!(may(&token(Some(labels("books", 2, "library", None))), Action::RequestRun).is_ok());
    for action in [Action::See, Action::ReadStatus, Action::RequestRun] {
        assert_eq!(may(&token(Some(shop())), action).unwrap_err().code, "out_of_scope", "{action:?}");
    }
    assert_eq!(may(&token(None), Action::WriteShared).unwrap_err().code, "out_of_scope");
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
