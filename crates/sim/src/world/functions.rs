//! Lambda functions: what is reserved and kept warm for them, and what brings them events. No code is ever run.

use crate::refusal::Refusal;
use serde::{Deserialize, Serialize};

/// From enabling to enabled, and back.
pub const SWITCH_MS: i64 = 1_200;
/// From asked for to warm.
pub const PROVISION_MS: i64 = 2_000;
/// An account's concurrent executions in a Region.
pub const ACCOUNT_LIMIT: u32 = 1_000;
/// What must stay for functions without a reservation.
pub const LEAST_UNRESERVED: u32 = 100;

/// A function in one Region.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Function {
    /// Owner.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// Its name.
    pub name: String,
    /// Reserved concurrent executions, if any are.
    pub reserved: Option<u32>,
    /// What is kept warm.
    pub provisioned: Vec<Provisioned>,
    /// What brings it events.
    pub mappings: Vec<Mapping>,
}

/// Provisioned concurrency of an alias.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Provisioned {
    /// The alias.
    pub qualifier: String,
    /// Asked for.
    pub requested: u32,
    /// Warm before the last change.
    pub was: u32,
    /// When that was: virtual milliseconds since the epoch.
    pub changed_ms: i64,
}

/// An event source mapping.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Mapping {
    /// Its id.
    pub uuid: String,
    /// The queue or stream.
    pub source_arn: String,
    /// The alias that it brings events to; `None` for the function itself.
    #[serde(default)]
    pub alias: Option<String>,
    /// What it is, or will be in a moment.
    pub enabled: bool,
    /// When that was last changed: virtual milliseconds since the epoch.
    pub changed_ms: i64,
}

impl Function {
    /// Its ARN.
    pub fn arn(&self) -> String {
        format!("arn:aws:lambda:{}:{}:function:{}", self.region, self.account, self.name)
    }
}

impl Provisioned {
    /// How many are warm at an instant.
    pub fn available(&self, now_ms: i64) -> u32 {
        if self.ready(now_ms) { self.requested } else { self.was.min(self.requested) }
    }

    /// Whether all are.
    pub fn ready(&self, now_ms: i64) -> bool {
        self.requested <= self.was || now_ms - self.changed_ms >= PROVISION_MS
    }

    /// Asks for another number; `false` when it was that already.
    pub fn provision(&mut self, requested: u32, now_ms: i64) -> bool {
        if requested == self.requested {
            return false;
        }
        self.was = self.available(now_ms);
        self.requested = requested;
        self.changed_ms = now_ms;
        true
    }
}

impl Mapping {
    /// As Lambda words it.
    pub fn state(&self, now_ms: i64) -> &'static str {
        match (self.enabled, now_ms - self.changed_ms < SWITCH_MS) {
            (true, true) => "Enabling",
            (true, false) => "Enabled",
            (false, true) => "Disabling",
            (false, false) => "Disabled",
        }
    }

    /// Switches it; `Ok(false)` when it was that already. Refused while it is switching.
    pub fn switch(&mut self, enabled: bool, now_ms: i64) -> Result<bool, Refusal> {
        if matches!(self.state(now_ms), "Enabling" | "Disabling") {
            let message = format!(
                "Cannot update the event source mapping because it is in use. Its state is {}.",
                self.state(now_ms)
            );
            return Err(Refusal::new("ResourceInUseException", message));
        }
        if enabled == self.enabled {
            return Ok(false);
        }
        self.enabled = enabled;
        self.changed_ms = now_ms;
        Ok(true)
    }
}

impl super::World {
    /// Reserves concurrency for a function, or nothing; `Ok(false)` when it was so already.
    pub fn reserve(&mut self, index: usize, reserved: Option<u32>) -> Result<bool, Refusal> {
        let Some(function) = self.functions.get(index) else { return Ok(false) };
        let others: u32 = self
            .functions
            .iter()
            .filter(|f| {
                f.account == function.account && f.region == function.region && f.name != function.name
            })
            .filter_map(|f| f.reserved)
            .sum();
        if reserved.is_some_and(|n| n + others + LEAST_UNRESERVED > ACCOUNT_LIMIT) {
            return Err(Refusal::new(
                "InvalidParameterValueException",
                format!(
                    "Specified ReservedConcurrentExecutions for function decreases account's \
                     UnreservedConcurrentExecution below its minimum value of [{LEAST_UNRESERVED}]."
                ),
            ));
        }
        let Some(function) = self.functions.get_mut(index) else { return Ok(false) };
        let changed = function.reserved != reserved;
        function.reserved = reserved;
        Ok(changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_takes_its_time_and_no_other_change_meanwhile() {
        let mut mapping = Mapping {
            uuid: "u".into(),
            source_arn: "a".into(),
            alias: None,
            enabled: false,
            changed_ms: i64::MIN / 2,
        };
        assert_eq!(mapping.switch(true, 0), Ok(true));
        assert_eq!(mapping.state(SWITCH_MS - 1), "Enabling");
        assert!(mapping.switch(false, SWITCH_MS - 1).is_err());
        assert_eq!(mapping.state(SWITCH_MS), "Enabled");
        assert_eq!(mapping.switch(true, SWITCH_MS), Ok(false));
    }
}
