//! Can the roles be assumed at all, the act role as a step would assume it. What a trust policy lacks is otherwise found
//! out by the first step of a run.

use super::{Assumed, Finding, Look, Open, Severity, permissions};
use holdfast_domain::own_step::OwnWork;
use holdfast_domain::{Account, Application, OwnStep, ResourceKind};

pub(super) fn look(look: &mut Look<'_>, all: &[Assumed], own: &[OwnStep]) {
    for told in all {
        let Err(reason) = &told.answer else { continue };
        let Some(account) = look.accounts.iter().find(|account| account.name == told.account) else {
            continue;
        };
        let needs = permissions::needs(look.application, own, account);
        let acts =
            || needs.iter().any(|need| need.acts()) || waits_for_a_signal(look.application, own, account);
        if needs.is_empty() || (told.acts && !acts()) {
            continue;
        }
        let refused = is_refusal(reason);
        let what = match (told.acts, refused) {
            (true, true) => "no step could change anything there",
            (true, false) => "whether a step could change anything there is not known",
            (false, _) => "nothing of it can be seen",
        };
        look.found.push(Finding {
            // Whom nobody answers may be let in.
            code: if refused { "role_refused" } else { "role_not_answered" }.into(),
            severity: if told.acts && refused { Severity::Blocker } else { Severity::Unknown },
            resource: None,
            region: None,
            sentence: format!(
                "{} could not be assumed: {what}. {}.",
                role(account, told.acts),
                reason.trim_end_matches('.')
            ),
            way_out: if refused {
                trust(account, told.acts, reason)
            } else {
                "Look whether this server reaches STS, and refresh.".into()
            },
            seen_at: Some(told.at),
            evidence: Some("the answer to sts:AssumeRole".into()),
        });
    }
}

/// Roles that anybody could have us use: every run that would use one is refused until it is mended.
pub(super) fn open(look: &mut Look<'_>, all: &[Open], own: &[OwnStep]) {
    for told in all {
        let Some(account) = look.accounts.iter().find(|account| account.name == told.account) else {
            continue;
        };
        if permissions::needs(look.application, own, account).is_empty()
            && !waits_for_a_signal(look.application, own, account)
        {
            continue;
        }
        let role = role(account, told.acts);
        look.found.push(Finding {
            code: "unsafe_trust".into(),
            severity: Severity::Blocker,
            resource: None,
            region: None,
            sentence: format!(
                "{role} can be assumed without its external id: whoever registers its ARN can have it used, and every run that would use it is refused."
            ),
            way_out: "Let its trust policy demand the account's external id (`sts:ExternalId`), as infra/member-account.yaml does, and refresh.".into(),
            seen_at: Some(told.at),
            evidence: Some("sts:AssumeRole without an external id was answered".into()),
        });
    }
}

/// Whether a step of one's own waits for a signal of this account, which is looked at with the act role as for any other
/// step; a probe is asked with no role.
fn waits_for_a_signal(application: &Application, own: &[OwnStep], account: &Account) -> bool {
    let mut signals = own.iter().filter_map(|step| match &step.work {
        OwnWork::WaitForSignal { signal, .. } => application.resource(signal),
        _ => None,
    });
    signals.any(|signal| signal.account == account.name && signal.spec.kind() != ResourceKind::Probe)
}

fn role(account: &Account, acts: bool) -> &str {
    if acts { &account.act_role_arn } else { &account.read_role_arn }
}

/// Whether AWS said no, rather than nobody anything.
fn is_refusal(reason: &str) -> bool {
    let reason = reason.to_lowercase();
    ["denied", "not authorized", "forbidden"].iter().any(|word| reason.contains(word))
}

/// What lets a role be assumed that AWS refused for this reason.
pub(super) fn trust(account: &Account, acts: bool, reason: &str) -> String {
    let role = role(account, acts);
    for action in ["sts:TagSession", "sts:SetSourceIdentity"] {
        if reason.contains(&format!("to perform: {action}")) {
            return format!(
                "Allow {action} beside sts:AssumeRole in the trust policy of {role}, as infra/member-account.yaml does."
            );
        }
    }
    let condition = match &account.external_id {
        Some(id) => format!(" under the external id `{id}`"),
        None => String::new(),
    };
    format!(
        "Make {role} with infra/member-account.yaml where it is not there; where it is, let its trust policy allow Holdfast to assume it{condition}."
    )
}
