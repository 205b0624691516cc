//! May the roles do what they will be asked for: known before, from IAM itself, and not from the first refusal.

use super::{Finding, Look, Permissions, Severity};

pub(super) fn look(look: &mut Look<'_>, all: &[Permissions]) {
    for told in all {
        let Some(account) = look.accounts.iter().find(|account| account.name == told.account) else {
            continue;
        };
        if !look.application.resources.iter().any(|resource| resource.account == account.name) {
            continue;
        }
        let role = if told.acts { &account.act_role_arn } else { &account.read_role_arn };
        let (severity, code, sentence, way_out) = match &told.missing {
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
