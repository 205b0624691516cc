//! IAM policies as far as the roles here need them: Allow and Deny of actions on resources with
//! wildcards. Conditions, principals and NotAction are not evaluated; a document that has them is refused,
//! because a policy that is only half understood would let through what AWS would not.

use crate::refusal::Refusal;
use serde::Deserialize;
use serde_json::Value;

/// A policy document.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    statements: Vec<Statement>,
}

#[derive(Debug, Clone, PartialEq)]
struct Statement {
    allow: bool,
    actions: Vec<String>,
    resources: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RawPolicy {
    #[serde(default)]
    #[serde(rename = "Version")]
    _version: Option<String>,
    #[serde(default, rename = "Id")]
    _id: Option<String>,
    statement: OneOrMany<RawStatement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RawStatement {
    #[serde(default, rename = "Sid")]
    _sid: Option<String>,
    effect: String,
    action: OneOrMany<String>,
    resource: OneOrMany<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

impl<T> OneOrMany<T> {
    fn into_vec(self) -> Vec<T> {
        match self {
            Self::Many(many) => many,
            Self::One(one) => vec![one],
        }
    }
}

/// What a policy says about a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Allowed.
    Allow,
    /// Nothing allows it.
    Silent,
    /// Denied by name.
    Deny,
}

impl Policy {
    /// Reads a document; `MalformedPolicyDocument` for what AWS or this simulator would not take.
    pub fn parse(document: &str) -> Result<Self, Refusal> {
        let malformed = |why: String| Refusal::new("MalformedPolicyDocument", why);
        let value: Value = serde_json::from_str(document)
            .map_err(|e| malformed(format!("The policy is not valid JSON: {e}")))?;
        let raw: RawPolicy = serde_json::from_value(value).map_err(|e| {
            malformed(format!("Syntax errors in policy, or an element this simulator does not evaluate: {e}"))
        })?;
        let statements = raw.statement.into_vec().into_iter().map(|s| {
            let allow = match s.effect.as_str() {
                "Allow" => true,
                "Deny" => false,
                other => return Err(malformed(format!("Effect must be Allow or Deny, not {other}"))),
            };
            Ok(Statement { allow, actions: s.action.into_vec(), resources: s.resource.into_vec() })
        });
        Ok(Self { statements: statements.collect::<Result<_, _>>()? })
    }

    /// What it says about one action on one resource.
    pub fn verdict(&self, action: &str, resource: &str) -> Verdict {
        let mut verdict = Verdict::Silent;
        for statement in &self.statements {
            let action_fits =
                statement.actions.iter().any(|p| wildcard(&p.to_lowercase(), &action.to_lowercase()));
            if action_fits && statement.resources.iter().any(|p| wildcard(p, resource)) {
                if !statement.allow {
                    return Verdict::Deny;
                }
                verdict = Verdict::Allow;
            }
        }
        verdict
    }
}

/// IAM's wildcards: `*` for any run of characters, `?` for one.
pub fn wildcard(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p, t));
                p += 1;
            }
            Some(c) if *c == b'?' || Some(c) == text.get(t) => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((star, from)) => {
                    retry = Some((star, from + 1));
                    p = star + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_as_in_iam() {
        assert!(wildcard("rds:Describe*", "rds:DescribeDBClusters"));
        assert!(wildcard("*", ""));
        assert!(wildcard(
            "arn:aws:ecs:*:*:service/shop/*",
            "arn:aws:ecs:eu-central-1:222222222222:service/shop/web"
        ));
        assert!(!wildcard("arn:*:service/shop/?", "arn:x:service/shop/web"));
        assert!(!wildcard("rds:Switch*", "rds:FailoverGlobalCluster"));
    }

    #[test]
    fn a_deny_outweighs_an_allow_and_silence_is_no_allow() {
        let policy = r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Action":"ecs:*","Resource":"*"},
            {"Effect":"Deny","Action":["ecs:DeleteService"],"Resource":["*"]}]}"#;
        let policy = Policy::parse(policy).unwrap_or_else(|r| panic!("{}", r.message));
        assert_eq!(policy.verdict("ecs:UpdateService", "x"), Verdict::Allow);
        assert_eq!(policy.verdict("ecs:DeleteService", "x"), Verdict::Deny);
        assert_eq!(policy.verdict("rds:DescribeDBClusters", "x"), Verdict::Silent);
    }

    #[test]
    fn what_would_be_half_understood_is_refused() {
        assert!(Policy::parse("not json").is_err());
        let conditional = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{}}}"#;
        assert!(Policy::parse(conditional).is_err_and(|r| r.code == "MalformedPolicyDocument"));
    }
}
