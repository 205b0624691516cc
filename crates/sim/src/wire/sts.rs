//! STS: AssumeRole with everything that narrows or marks a session, and GetCallerIdentity.

use super::input::{integer, list, required, text};
use super::render::namespace;
use super::service::{Operation, Plane, Service};
use super::xml::Xml;
use super::{Context, Reply};
use crate::auth::policy::Policy;
use crate::auth::session::{self, Session};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::accounts::Role;
use crate::world::clock::timestamp;
use serde_json::Value;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::look("AssumeRole", "sts:AssumeRole", Plane::Data),
    Operation::look("GetCallerIdentity", "sts:GetCallerIdentity", Plane::Data),
];

const MAX_POLICY_CHARS: usize = 2_048;
const MAX_TAGS: usize = 50;
const DEFAULT_SESSION_S: i64 = 3_600;

pub(super) fn perform(
    world: &mut World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    if operation == "AssumeRole" { assume_role(world, context, input) } else { Ok(identity(context)) }
}

fn identity(context: &Context<'_>) -> Reply {
    Reply::look(Xml::document("GetCallerIdentityResponse", namespace(Service::Sts), |xml| {
        xml.element("GetCallerIdentityResult", |xml| {
            xml.text("Arn", &context.caller.arn);
            xml.text("UserId", &context.caller.user_id);
            xml.text("Account", &context.caller.account);
        });
    }))
}

fn assume_role(world: &World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let session = requested(context, input)?;
    let arn = required(input, "RoleArn", "ValidationError")?;
    let denied = |action: &str| {
        let principal = &context.caller.arn;
        let message = format!("User: {principal} is not authorized to perform: {action} on resource: {arn}");
        Refusal::new("AccessDenied", message).with_status(403)
    };
    // A role that is not there is refused with the same words: AWS does not tell strangers which exist.
    let role = world
        .accounts
        .get(&session.account)
        .and_then(|a| a.roles.get(&session.role))
        .ok_or_else(|| denied("sts:AssumeRole"))?;
    trusts(role, context, input, &session, &denied)?;
    let seconds =
        integer(input, "DurationSeconds").unwrap_or(DEFAULT_SESSION_S.min(i64::from(role.max_session_s)));
    if seconds > i64::from(role.max_session_s) {
        return Err(invalid(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    let session = Session { expires_ms: context.now.real_ms + seconds * 1_000, ..session };
    Ok(handed_out(world, &session))
}

/// Reads and checks what the caller asks for, before any trust is weighed.
fn requested(context: &Context<'_>, input: &Value) -> Result<Session, Refusal> {
    let arn = required(input, "RoleArn", "ValidationError")?;
    let name = required(input, "RoleSessionName", "ValidationError")?;
    let source_identity = text(input, "SourceIdentity");
    for (field, value) in [("roleSessionName", Some(name)), ("sourceIdentity", source_identity)] {
        if value.is_some_and(|v| !is_name(v)) {
            return Err(invalid(&format!(
                "1 validation error detected: Value at '{field}' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]{{2,64}}"
            )));
        }
    }
    if let Some(external_id) = text(input, "ExternalId")
        && !(2..=1_224).contains(&external_id.len())
    {
        return Err(invalid(
            "1 validation error detected: Value at 'externalId' must have 2 to 1224 characters",
        ));
    }
    if let Some(seconds) = integer(input, "DurationSeconds")
        && !(900..=43_200).contains(&seconds)
    {
        return Err(invalid(&format!(
            "1 validation error detected: Value '{seconds}' at 'durationSeconds' must lie between 900 and 43200"
        )));
    }
    let policy = text(input, "Policy");
    if let Some(policy) = policy {
        if policy.chars().count() > MAX_POLICY_CHARS {
            return Err(invalid(
                "1 validation error detected: Value at 'policy' must have at most 2048 characters",
            ));
        }
        Policy::parse(policy)?;
    }
    let (account, role) = role_of(arn).ok_or_else(|| invalid(&format!("{arn} is invalid")))?;
    Ok(Session {
        access_key: session::new_access_key(),
        account: account.to_owned(),
        role: role.to_owned(),
        name: name.to_owned(),
        source_identity: text(input, "SourceIdentity")
            .map(str::to_owned)
            .or_else(|| context.caller.session.as_ref().and_then(|s| s.source_identity.clone())),
        policy: policy.map(str::to_owned),
        tags: tags(input)?,
        expires_ms: 0,
    })
}

fn trusts(
    role: &Role,
    context: &Context<'_>,
    input: &Value,
    session: &Session,
    denied: &dyn Fn(&str) -> Refusal,
) -> Result<(), Refusal> {
    let external_id = text(input, "ExternalId");
    let fits = role.external_id.as_deref().is_none_or(|wanted| external_id == Some(wanted));
    if context.account != role.trusted_account || !fits {
        return Err(denied("sts:AssumeRole"));
    }
    if text(input, "SourceIdentity").is_some() && !role.may_set_source_identity {
        return Err(denied("sts:SetSourceIdentity"));
    }
    if !session.tags.is_empty() && !role.may_tag_session {
        return Err(denied("sts:TagSession"));
    }
    Ok(())
}

fn tags(input: &Value) -> Result<Vec<(String, String)>, Refusal> {
    let listed = list(input, "Tags", "member");
    if listed.len() > MAX_TAGS {
        return Err(invalid("1 validation error detected: Value at 'tags' must have at most 50 members"));
    }
    let mut tags: Vec<(String, String)> = Vec::new();
    for tag in listed {
        let key = required(tag, "Key", "ValidationError")?;
        let value = text(tag, "Value").unwrap_or_default();
        if key.chars().count() > 128 || value.chars().count() > 256 {
            return Err(invalid("A tag's key has at most 128 characters, its value at most 256"));
        }
        if tags.iter().any(|(k, _)| k.eq_ignore_ascii_case(key)) {
            return Err(Refusal::new(
                "InvalidParameterValue",
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            ));
        }
        tags.push((key.to_owned(), value.to_owned()));
    }
    Ok(tags)
}

fn handed_out(world: &World, session: &Session) -> Reply {
    let key = hex::decode(&world.session_key).unwrap_or_default();
    Reply::look(Xml::document("AssumeRoleResponse", namespace(Service::Sts), |xml| {
        xml.element("AssumeRoleResult", |xml| {
            xml.element("Credentials", |xml| {
                xml.text("AccessKeyId", &session.access_key);
                xml.text("SecretAccessKey", session::secret(&key, &session.access_key));
                xml.text("SessionToken", session::token(session, &key));
                xml.text("Expiration", timestamp(session.expires_ms));
            });
            xml.element("AssumedRoleUser", |xml| {
                xml.text("AssumedRoleId", format!("{}:{}", session.role_id(), session.name));
                xml.text("Arn", session.arn());
            });
            xml.maybe("SourceIdentity", session.source_identity.as_ref());
            if let Some(policy) = &session.policy {
                xml.text("PackedPolicySize", (policy.len() * 100).div_ceil(MAX_POLICY_CHARS).min(100));
            }
        });
    }))
}

/// `arn:aws:iam::ACCOUNT:role/PATH/NAME`.
fn role_of(arn: &str) -> Option<(&str, &str)> {
    let (account, path) = arn.strip_prefix("arn:aws:iam::")?.split_once(":role/")?;
    let name = path.rsplit('/').next()?;
    (account.len() == 12 && !name.is_empty()).then_some((account, name))
}

fn is_name(value: &str) -> bool {
    (2..=64).contains(&value.len())
        && value.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c))
}

fn invalid(message: &str) -> Refusal {
    Refusal::new("ValidationError", message)
}
