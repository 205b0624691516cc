//! May the roles do what they will be asked for: known before, from IAM itself, and not from the first refusal.

use super::{Finding, Look, Permissions, Severity};
use holdfast_domain::{Account, Application, Need, OwnStep};
use std::collections::BTreeSet;

pub(super) fn look(look: &mut Look<'_>, all: &[Permissions], own: &[OwnStep]) {
    for told in all {
        let Some(account) = look.accounts.iter().find(|account| account.name == told.account) else {
            continue;
        };
        let needs = needs(look.application, own, account);
        if needs.is_empty() {
            continue;
        }
        let role = if told.acts { &account.act_role_arn } else { &account.read_role_arn };
        // Others have other kinds in the same account: what only those need is theirs to hear.
        let missing = told.missing.as_ref().map(|all| {
            let mine = all.iter().filter(|missing| missing.concerns(&needs));
            mine.map(|missing| missing.action.as_str()).collect::<Vec<_>>()
        });
        let (severity, code, sentence, way_out) = match &missing {
            Ok(missing) if missing.is_empty() => continue,
            Ok(missing) => (
                if told.acts { Severity::Blocker } else { Severity::Warning },
                "permission_missing",
                format!(
                    "{role} may not do {}: {}.",
                    missing.join(", "),
                    if told.acts {
                        "a step that needs it would be refused"
                    } else {
                        "what it shows cannot be seen"
                    }
                ),
                "Allow it in the role's policy; infra/member-account.yaml has all that is needed.".to_owned(),
            ),
            Err(reason) => (
                Severity::Unknown,
                "permissions_not_known",
                format!("What {role} may do could not be asked: {}.", reason.trim_end_matches('.')),
                format!("Allow iam:SimulatePrincipalPolicy to {}.", account.read_role_arn),
            ),
        };
        look.found.push(Finding {
            code: code.into(),
            severity,
            resource: None,
            region: None,
            sentence,
            way_out,
            seen_at: Some(told.at),
            evidence: Some("the answer to iam:SimulatePrincipalPolicy".into()),
        });
    }
}

/// What the application needs the account's roles for.
pub(super) fn needs(application: &Application, own: &[OwnStep], account: &Account) -> BTreeSet<Need> {
    let resources = application.resources.iter().filter(|resource| resource.account == account.name);
    let calls = own.iter().filter_map(|step| step.work.calls());
    let calls = calls.filter(|(name, _)| **name == account.name);
    resources
        .map(|resource| Need::Kind(resource.spec.kind()))
        .chain(calls.map(|(_, call)| Need::OwnStep(call)))
        .collect()
}
