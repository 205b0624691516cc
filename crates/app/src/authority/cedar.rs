//! The policies, put to Cedar. They are read once, with the schema, and held against it; what they answered is remembered,
//! because they do not change while the server runs and everything that they look at is in the question.

use super::action::Action;
use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression, Schema, ValidationMode, Validator,
};
use holdfast_domain::{Actor, HeldRole, Labels, Name, Reach, Scope};
use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::str::FromStr as _;
use std::sync::{LazyLock, PoisonError, RwLock};

const SCHEMA: &str = include_str!("schema.cedarschema");
const POLICIES: &str = include_str!("policies.cedar");

/// Answers that are remembered at once. Then all are forgotten, which costs no more than asking again.
const REMEMBERED: usize = 20_000;

/// One question, and everything that its answer rests on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Question {
    pub held: HeldRole,
    pub action: Action,
    /// `None`: no application in particular.
    pub over: Option<Labels>,
    /// The token's scopes and limits, where one acts.
    pub token: Option<(Vec<Scope>, Reach)>,
}

impl Question {
    pub fn of(actor: &Actor, held: HeldRole, action: Action) -> Self {
        let token = actor.token_scopes.clone().map(|scopes| (scopes, actor.token_within.clone()));
        Self { held, action, over: actor.over.clone(), token }
    }
}

struct Policies {
    policies: PolicySet,
    schema: Schema,
    authorizer: Authorizer,
    types: Types,
    answered: RwLock<HashMap<Question, bool>>,
}

struct Types {
    role: EntityTypeName,
    held: EntityTypeName,
    application: EntityTypeName,
    estate: EntityTypeName,
    action: EntityTypeName,
}

static SHIPPED: LazyLock<Result<Policies, String>> = LazyLock::new(|| Policies::read(SCHEMA, POLICIES));

/// Whether the policies that are shipped can be used. Asked when the server starts.
///
/// # Errors
/// What is wrong with them; then nobody may anything.
pub fn ready() -> Result<(), String> {
    SHIPPED.as_ref().map(|_| ()).map_err(Clone::clone)
}

/// What is not permitted is refused, and so is what cannot be asked.
pub(super) fn permits(question: &Question) -> bool {
    match SHIPPED.as_ref() {
        Ok(policies) => policies.permit(question),
        Err(error) => {
            tracing::error!(%error, "the policies cannot be used, and nobody may anything");
            false
        }
    }
}

impl Policies {
    fn read(schema: &str, policies: &str) -> Result<Self, String> {
        let (schema, _) = Schema::from_cedarschema_str(schema).map_err(|e| format!("the schema: {e}"))?;
        let policies = PolicySet::from_str(policies).map_err(|e| format!("the policies: {e}"))?;
        let found = Validator::new(schema.clone()).validate(&policies, ValidationMode::Strict);
        if !found.validation_passed() {
            let all: Vec<String> = found.validation_errors().map(ToString::to_string).collect();
            return Err(format!("the policies do not fit the schema: {}", all.join("; ")));
        }
        let named = |text: &str| EntityTypeName::from_str(text).map_err(|e| e.to_string());
        Ok(Self {
            policies,
            schema,
            authorizer: Authorizer::new(),
            types: Types {
                role: named("Holdfast::Role")?,
                held: named("Holdfast::HeldRole")?,
                application: named("Holdfast::Application")?,
                estate: named("Holdfast::Estate")?,
                action: named("Holdfast::Action")?,
            },
            answered: RwLock::default(),
        })
    }

    fn permit(&self, question: &Question) -> bool {
        // A panic elsewhere leaves at worst an answer out.
        let known = self.answered.read().unwrap_or_else(PoisonError::into_inner).get(question).copied();
        if let Some(known) = known {
            return known;
        }
        let answer = self.ask(question).unwrap_or_else(|error| {
            // Such as an action that no application has, asked of one.
            tracing::warn!(?question, %error, "a question of rights cannot be asked, and is answered with no");
            false
        });
        let mut answered = self.answered.write().unwrap_or_else(PoisonError::into_inner);
        if answered.len() >= REMEMBERED {
            answered.clear();
        }
        answered.insert(question.clone(), answer);
        answer
    }

    fn ask(&self, question: &Question) -> Result<bool, Box<dyn Error>> {
        let Types { role, held, application, estate, action } = &self.types;
        let uid =
            |of: &EntityTypeName, id: &str| EntityUid::from_type_name_and_id(of.clone(), EntityId::new(id));
        let role = uid(role, question.held.role.as_str());
        let principal = uid(held, &question.held.to_string());
        let mut attributes = limits(&question.held.reach);
        attributes.push(("limited".to_owned(), yes(question.held.is_limited())));
        let mut entities = vec![
            Entity::new(role.clone(), HashMap::new(), HashSet::new())?,
            Entity::new(principal.clone(), attributes.into_iter().collect(), HashSet::from([role]))?,
        ];
        let resource = match &question.over {
            None => uid(estate, "estate"),
            Some(labels) => uid(application, labels.application.as_str()),
        };
        let attributes = question.over.as_ref().map(of_application).unwrap_or_default();
        entities.push(Entity::new(resource.clone(), attributes, HashSet::new())?);
        let context = match &question.token {
            None => Context::empty(),
            Some((scopes, within)) => {
                let mut token = limits(within);
                token.push(("limited".to_owned(), yes(!within.is_everything())));
                let scopes = scopes.iter().map(|s| RestrictedExpression::new_string(s.as_str().to_owned()));
                token.push(("scopes".to_owned(), RestrictedExpression::new_set(scopes)));
                Context::from_pairs([("token".to_owned(), RestrictedExpression::new_record(token)?)])?
            }
        };
        let action = uid(action, &format!("{:?}", question.action));
        let request = Request::new(principal, action, resource, context, Some(&self.schema))?;
        let entities = Entities::from_entities(entities, Some(&self.schema))?;
        let response = self.authorizer.is_authorized(&request, &self.policies, &entities);
        // A policy that could not be looked at might have been the one that forbids.
        if let Some(error) = response.diagnostics().errors().next() {
            return Err(error.to_string().into());
        }
        Ok(response.decision() == Decision::Allow)
    }
}

fn yes(is: bool) -> RestrictedExpression {
    RestrictedExpression::new_bool(is)
}

fn text(name: &Name) -> RestrictedExpression {
    RestrictedExpression::new_string(name.to_string())
}

fn limits(reach: &Reach) -> Vec<(String, RestrictedExpression)> {
    let Reach { application, tier, team, environment } = reach;
    [
        ("application", application.as_ref().map(text)),
        ("tier", tier.map(|tier| RestrictedExpression::new_long(tier.into()))),
        ("team", team.as_ref().map(text)),
        ("environment", environment.as_ref().map(text)),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key.to_owned(), value?)))
    .collect()
}

fn of_application(labels: &Labels) -> HashMap<String, RestrictedExpression> {
    let Labels { application, tier, team, environment } = labels;
    let always = [
        ("name", text(application)),
        ("tier", RestrictedExpression::new_long((*tier).into())),
        ("team", text(team)),
    ];
    always
        .into_iter()
        .chain(environment.as_ref().map(|environment| ("environment", text(environment))))
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policies_that_are_shipped_fit_their_schema() {
        assert_eq!(Policies::read(SCHEMA, POLICIES).err(), None);
    }

    #[test]
    fn a_policy_that_speaks_of_what_is_not_there_is_refused() {
        for wrong in [
            r#"permit (principal, action == Holdfast::Action::"Approve", resource);"#,
            r#"permit (principal, action, resource) when { resource.colour == "red" };"#,
            r#"permit (principal, action, resource is Holdfast::Application) when { resource.tier == "1" };"#,
            r#"permit (principal is Holdfast::Person, action, resource);"#,
            "permit (principal, action",
        ] {
            assert!(Policies::read(SCHEMA, wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_schema_has_the_actions_that_there_are_and_no_others() {
        let shipped = Policies::read(SCHEMA, POLICIES).unwrap();
        let environments: HashSet<String> =
            shipped.schema.request_envs().map(|env| env.action().id().unescaped().to_owned()).collect();
        let there: HashSet<String> = Action::ALL.iter().map(|action| format!("{action:?}")).collect();
        assert_eq!(environments, there);
    }

    #[test]
    fn without_a_policy_nobody_may_anything() {
        let none = Policies::read(SCHEMA, "").unwrap();
        for action in Action::ALL {
            for role in holdfast_domain::Role::ALL {
                let question = Question { held: role.into(), action, over: None, token: None };
                assert!(!none.permit(&question), "{question:?}");
            }
        }
    }

    #[test]
    fn every_policy_has_a_name() {
        let policies = PolicySet::from_str(POLICIES).unwrap();
        assert!(policies.policies().count() >= 8);
        for policy in policies.policies() {
            assert!(policy.annotation("id").is_some_and(|id| !id.is_empty()), "{policy}");
        }
    }
}
