//! CloudFormation stacks: made and updated from templates that are known by their URL alone. A template says how its
//! building ends, not what it builds.

use super::clock::Moment;
use crate::refusal::Refusal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// From asking for a new stack to having it.
pub const CREATE_MS: i64 = 5_000;
/// The same for a change of one.
pub const UPDATE_MS: i64 = 3_000;
/// How long taking a failed one back lasts.
pub const ROLLBACK_MS: i64 = 2_000;

/// A template, as far as building from it shows.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Template {
    /// Another one under the same URL has another number.
    pub version: u32,
    /// It makes IAM resources.
    pub makes_iam: bool,
    /// Why building it fails.
    pub fails: Option<String>,
}

/// A stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Stack {
    /// Owner.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// Its name.
    pub name: String,
    /// The last part of its ARN.
    pub uuid: String,
    /// What it was last built from.
    pub built: Built,
    /// What it was built from before a running update.
    pub before: Option<Built>,
    /// The role that CloudFormation works as.
    pub role_arn: Option<String>,
    /// `StackStatus`.
    pub status: String,
    /// `StackStatusReason`.
    pub reason: Option<String>,
    /// What is under way.
    pub operation: Option<Operation>,
    /// As callers' clocks showed it, milliseconds since the epoch: it stays what it is when the world's clock jumps.
    pub created_wall_ms: i64,
    /// The same, of the last update that began.
    pub updated_wall_ms: Option<i64>,
    /// Of the stack itself, oldest first.
    pub events: Vec<StackEvent>,
}

/// What a stack is built from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Built {
    /// The template.
    pub template_url: String,
    /// Which one of that URL.
    pub version: u32,
    /// Its parameters.
    pub parameters: BTreeMap<String, String>,
}

/// A building under way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Operation {
    /// `ClientRequestToken`.
    pub token: Option<String>,
    /// An update, not a creation.
    pub update: bool,
    /// It is being taken back.
    pub rolling_back: bool,
    /// Why it will fail.
    pub fails: Option<String>,
    /// When this part of it ends.
    pub ends_ms: i64,
}

/// One change of a stack's own state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StackEvent {
    /// Virtual milliseconds since the epoch.
    pub at_ms: i64,
    /// As in `StackStatus`.
    pub status: String,
    /// Why.
    pub reason: Option<String>,
    /// Of the request that it follows from.
    pub token: Option<String>,
}

/// A request to create or update a stack.
#[derive(Debug, Clone)]
pub struct BuildRequest<'a> {
    /// The caller's account.
    pub account: &'a str,
    /// The Region that was called.
    pub region: &'a str,
    /// `StackName`.
    pub name: &'a str,
    /// `TemplateURL`.
    pub template_url: &'a str,
    /// `Parameters`.
    pub parameters: BTreeMap<String, String>,
    /// `RoleARN`.
    pub role_arn: Option<String>,
    /// `ClientRequestToken`.
    pub token: Option<String>,
    /// `Capabilities`.
    pub capabilities: Vec<String>,
}

impl Stack {
    /// `StackId`.
    pub fn id(&self) -> String {
        format!("arn:aws:cloudformation:{}:{}:stack/{}/{}", self.region, self.account, self.name, self.uuid)
    }

    fn say(&mut self, at_ms: i64, status: &str, reason: Option<String>, token: Option<String>) {
        self.status = status.to_owned();
        self.reason.clone_from(&reason);
        self.events.push(StackEvent { at_ms, status: status.to_owned(), reason, token });
    }

    /// Ends what is over by now.
    pub(super) fn settle(&mut self, now_ms: i64) -> bool {
        let mut changed = false;
        while let Some(operation) = self.operation.take_if(|o| o.ends_ms <= now_ms) {
            changed = true;
            let (at_ms, token) = (operation.ends_ms, operation.token.clone());
            match (operation.fails.clone(), operation.rolling_back, operation.update) {
                (Some(reason), false, update) => {
                    let status = if update { "UPDATE_ROLLBACK_IN_PROGRESS" } else { "ROLLBACK_IN_PROGRESS" };
                    self.say(at_ms, status, Some(reason), token);
                    self.operation =
                        Some(Operation { rolling_back: true, ends_ms: at_ms + ROLLBACK_MS, ..operation });
                }
                (_, true, true) => {
                    if let Some(before) = self.before.take() {
                        self.built = before;
                    }
                    self.say(at_ms, "UPDATE_ROLLBACK_COMPLETE", None, token);
                }
                (_, true, false) => self.say(at_ms, "ROLLBACK_COMPLETE", None, token),
                (None, false, true) => self.say(at_ms, "UPDATE_COMPLETE", None, token),
                (None, false, false) => self.say(at_ms, "CREATE_COMPLETE", None, token),
            }
        }
        changed
    }
}

impl super::World {
    /// The stack of a name or id.
    pub fn stack(&self, account: &str, region: &str, id: &str) -> Option<&Stack> {
        let mut stacks = self.supporting.stacks.iter();
        stacks.find(|s| s.account == account && s.region == region && (s.name == id || s.id() == id))
    }

    fn to_build(&self, request: &BuildRequest<'_>) -> Result<(Built, Option<String>), Refusal> {
        let template = self
            .supporting
            .templates
            .get(request.template_url)
            .ok_or_else(|| invalid("S3 error: Access Denied"))?;
        if template.makes_iam && !request.capabilities.iter().any(|c| c.starts_with("CAPABILITY_")) {
            let message = "Requires capabilities : [CAPABILITY_NAMED_IAM]";
            return Err(Refusal::new("InsufficientCapabilitiesException", message));
        }
        let built = Built {
            template_url: request.template_url.to_owned(),
            version: template.version,
            parameters: request.parameters.clone(),
        };
        Ok((built, template.fails.clone()))
    }

    /// Begins a stack; `false` when the same request has begun it before.
    pub fn create_stack(
        &mut self,
        request: BuildRequest<'_>,
        now: Moment,
    ) -> Result<(String, bool), Refusal> {
        if let Some(stack) = self.stack(request.account, request.region, request.name) {
            let first = stack.events.first().and_then(|e| e.token.as_ref());
            if first.is_some() && first == request.token.as_ref() {
                return Ok((stack.id(), false));
            }
            let message = format!("Stack [{}] already exists", request.name);
            return Err(Refusal::new("AlreadyExistsException", message));
        }
        let (built, fails) = self.to_build(&request)?;
        let mut stack = Stack {
            account: request.account.to_owned(),
            region: request.region.to_owned(),
            name: request.name.to_owned(),
            uuid: uuid::Uuid::new_v4().to_string(),
            built,
            before: None,
            role_arn: request.role_arn,
            status: String::new(),
            reason: None,
            operation: Some(Operation {
                token: request.token.clone(),
                update: false,
                rolling_back: false,
                fails,
                ends_ms: now.virtual_ms + CREATE_MS,
            }),
            created_wall_ms: now.real_ms,
            updated_wall_ms: None,
            events: Vec::new(),
        };
        stack.say(now.virtual_ms, "CREATE_IN_PROGRESS", Some("User Initiated".to_owned()), request.token);
        let id = stack.id();
        self.supporting.stacks.push(stack);
        Ok((id, true))
    }

    /// Begins an update; `false` when the same request has begun it before.
    pub fn update_stack(
        &mut self,
        request: BuildRequest<'_>,
        now: Moment,
    ) -> Result<(String, bool), Refusal> {
        let found = self.stack(request.account, request.region, request.name);
        let stack = found.ok_or_else(|| invalid(&format!("Stack [{}] does not exist", request.name)))?;
        if request.token.is_some() && stack.events.iter().any(|e| e.token == request.token) {
            return Ok((stack.id(), false));
        }
        if !["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"]
            .contains(&stack.status.as_str())
        {
            let message =
                format!("Stack:{} is in {} state and can not be updated.", stack.id(), stack.status);
            return Err(invalid(&message));
        }
        let (built, fails) = self.to_build(&request)?;
        if built == stack.built {
            return Err(invalid("No updates are to be performed."));
        }
        let id = stack.id();
        if let Some(stack) = self.supporting.stacks.iter_mut().find(|s| s.id() == id) {
            stack.before = Some(std::mem::replace(&mut stack.built, built));
            stack.role_arn = request.role_arn.or(stack.role_arn.take());
            stack.updated_wall_ms = Some(now.real_ms);
            stack.operation = Some(Operation {
                token: request.token.clone(),
                update: true,
                rolling_back: false,
                fails,
                ends_ms: now.virtual_ms + UPDATE_MS,
            });
            stack.say(now.virtual_ms, "UPDATE_IN_PROGRESS", Some("User Initiated".to_owned()), request.token);
        }
        Ok((id, true))
    }
}

fn invalid(message: &str) -> Refusal {
    Refusal::new("ValidationError", message)
}
