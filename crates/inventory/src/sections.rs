//! The file's sections: accounts, Regions, groups and approval policies; applications and plans have their own modules.

use crate::applications;
use crate::fields::{KeyRule, Reader, join};
use crate::merge;
use crate::plans;
use crate::shapes;
use crate::tree::{Node, What};
use holdfast_domain::{
    Account, AccountId, ApprovalPolicy, ApprovalRule, Declaration, DeclaredRegion, Group, Inventory, Seconds,
};
use std::collections::HashMap;

const FILE: &[KeyRule] = &[
    ("version", true),
    ("accounts", false),
    ("regions", false),
    ("groups", false),
    ("approval_policies", false),
    ("applications", false),
    ("plans", false),
    ("triggers", false),
    ("game_days", false),
];
/// Sections that are named in the documentation and belong to a later version.
const NOT_YET: [&str; 2] = ["triggers", "game_days"];

/// The whole file, in canonical order. Problems are in the reader.
pub(crate) fn inventory(reader: &mut Reader, root: &Node) -> Option<Inventory> {
    let fields = reader.fields(root, "", "the file", FILE)?;
    if let Some(node) = fields.get("version") {
        let one = matches!(&node.what, What::Number(raw) if raw == "1");
        if !one && !matches!(node.what, What::Refused) {
            reader.problems.at(
                node.at,
                "version",
                "this version of Holdfast reads version 1 of the file",
                "write `version: 1`",
            );
        }
    }
    for section in NOT_YET {
        if fields.has(section) {
            let message = format!("the section `{section}` is not taken by this version of Holdfast");
            reader.problems.at(
                fields.place_of(section),
                section,
                message,
                "remove the section; nothing of the file was stored",
            );
        }
    }
    let mut read = Inventory { version: 1, ..Inventory::default() };
    if let Some(node) = fields.get("accounts") {
        read.accounts = reader.entries(node, "accounts", "accounts", account);
        same_account_twice(reader, node);
    }
    if let Some(node) = fields.get("regions") {
        read.regions = reader.entries(node, "regions", "Regions", region);
    }
    if let Some(node) = fields.get("groups") {
        read.groups = reader.entries(node, "groups", "groups", group);
    }
    if let Some(node) = fields.get("approval_policies") {
        read.approval_policies = reader.entries(node, "approval_policies", "approval policies", policy);
    }
    if let Some(node) = fields.get("applications") {
        read.applications = reader.entries(node, "applications", "applications", applications::application);
        applications::circles(reader, node, read.applications.as_deref().unwrap_or_default());
    }
    if let Some(node) = fields.get("plans") {
        read.plans = reader.entries(node, "plans", "applications' own steps", plans::plan);
    }
    merge::sort(&mut read);
    Some(read)
}

/// Accounts are known by id beside name, so neither may stand twice.
fn same_account_twice(reader: &mut Reader, section: &Node) {
    let What::List(items) = &section.what else { return };
    let mut seen = HashMap::new();
    for (index, item) in items.iter().enumerate() {
        let Some(id) = item.get("id") else { continue };
        let Some(text) = id.as_text().filter(|t| AccountId::parse(t).is_ok()) else { continue };
        if let Some(first) = seen.insert(text, id.at) {
            let path =
                item.label().map_or_else(|| format!("accounts[{index}]"), |name| join("accounts", name));
            let message = format!("the account {text} stands twice, first in line {}", first.line);
            reader.problems.at(id.at, &join(&path, "id"), message, "keep one of them");
        }
    }
}

const ACCOUNT: &[KeyRule] =
    &[("id", true), ("name", true), ("read_role_arn", true), ("act_role_arn", true), ("external_id", false)];

pub(crate) fn account(reader: &mut Reader, node: &Node, path: &str) -> Option<Account> {
    let fields = reader.fields(node, path, "an account", ACCOUNT)?;
    let id = fields.get("id").and_then(|node| {
        let path = fields.path_of("id");
        reader.ruled(node, &path, |text| {
            AccountId::parse(text).map(drop).map_err(|_| {
                (
                    "which is not an AWS account id".to_owned(),
                    "write its twelve digits in quotes, leading zeros too".to_owned(),
                )
            })
        })
    });
    let id = id.and_then(|text| AccountId::parse(&text).ok());
    let name = reader.name(&fields, "name");
    let mut role = |key: &str| {
        let (node, path) = (fields.get(key)?, fields.path_of(key));
        let arn = reader.ruled(node, &path, shapes::role_arn)?;
        if let (Some(id), Some(other)) = (&id, shapes::account_of(&arn))
            && *id != other
        {
            let message = format!("`{key}` names a role of account {other}, and this account is {id}");
            reader.problems.at(node.at, &path, message, format!("write the ARN of a role in {id}"));
        }
        Some(arn)
    };
    let (read_role_arn, act_role_arn) = (role("read_role_arn"), role("act_role_arn"));
    if let (Some(read), Some(act)) = (&read_role_arn, &act_role_arn)
        && read == act
    {
        let at = fields.place_of("act_role_arn");
        let message = "`read_role_arn` and `act_role_arn` name the same role";
        reader.problems.at(
            at,
            &fields.path_of("act_role_arn"),
            message,
            "give looking and acting a role each",
        );
    }
    let external_id = fields
        .get("external_id")
        .and_then(|node| reader.ruled(node, &fields.path_of("external_id"), shapes::external_id));
    Some(Account {
        id: id?,
        name: name?,
        read_role_arn: read_role_arn?,
        act_role_arn: act_role_arn?,
        external_id,
    })
}

fn region(reader: &mut Reader, node: &Node, path: &str) -> Option<DeclaredRegion> {
    let fields =
        reader.fields(node, path, "a Region", &[("code", true), ("declared", false), ("reason", false)])?;
    let code = fields.get("code").and_then(|node| reader.region_at(node, &fields.path_of("code")));
    let declared = match fields.get("declared") {
        None => Some(Declaration::Normal),
        Some(node) => {
            let all = Declaration::ALL.map(|d| (d.as_str(), d));
            reader.choice(node, &fields.path_of("declared"), "what a Region can be declared", &all)
        }
    };
    let reason = reader.prose(&fields, "reason");
    Some(DeclaredRegion { code: code?, declared: declared?, reason })
}

fn group(reader: &mut Reader, node: &Node, path: &str) -> Option<Group> {
    let fields = reader.fields(node, path, "a group", &[("name", true), ("description", false)])?;
    let name = reader.name(&fields, "name");
    let description = reader.prose(&fields, "description");
    Some(Group { name: name?, description })
}

/// A request that lives shorter cannot be answered; one that lives longer is about another day's facts.
const EXPIRY: std::ops::RangeInclusive<u32> = 300..=604_800;

pub fn policy(reader: &mut Reader, node: &Node, path: &str) -> Option<ApprovalPolicy> {
    let keys = &[("name", true), ("rules", true), ("expires_after", true)];
    let fields = reader.fields(node, path, "an approval policy", keys)?;
    let name = reader.name(&fields, "name");
    let rules_path = fields.path_of("rules");
    let rules = fields.get("rules").and_then(|node| {
        let mut seen = HashMap::new();
        let rules = reader.entries(node, &rules_path, "rules", |reader, node, path| {
            let fields = reader.fields(node, path, "a rule", &[("group", true), ("approvals", true)])?;
            let group = reader.name(&fields, "group");
            let approvals = reader.number(&fields, "approvals", 1..=20).and_then(|n| u8::try_from(n).ok());
            let group = group?;
            if let Some(first) = seen.insert(group.clone(), node.at.line) {
                let message = format!("two rules ask the group `{group}`, the first in line {first}");
                reader.problems.at(
                    node.at,
                    path,
                    message,
                    "make one rule of them: the larger count is what both ask",
                );
            }
            Some(ApprovalRule { group, approvals: approvals? })
        })?;
        if node.is_empty_list() {
            let way_out = "write at least one rule, such as {group: approvers, approvals: 1}";
            reader.problems.at(
                node.at,
                &rules_path,
                "`rules` is empty, and a policy that asks nobody approves nothing",
                way_out,
            );
        }
        Some(rules)
    });
    let expires_after = reader.length(&fields, "expires_after");
    if let Some(length) = expires_after
        && !EXPIRY.contains(&length.get())
    {
        let (low, high) = (Seconds(*EXPIRY.start()), Seconds(*EXPIRY.end()));
        let message =
            format!("`expires_after` is {length}, and a request waits at least {low} and at most {high}");
        let way_out = format!("write a length of time from {low} to {high}, such as 2h");
        reader.problems.at(
            fields.place_of("expires_after"),
            &fields.path_of("expires_after"),
            message,
            way_out,
        );
    }
    Some(ApprovalPolicy { name: name?, rules: rules?, expires_after: expires_after? })
}
