//! Could the recovery Region be built, and could the application be pointed at its store there.

use super::super::{Look, Severity};
use crate::plan::store_of;
use holdfast_domain::facts::StackStanding;
use holdfast_domain::resource::{
    CloudformationStack, EndpointSetting, SettingHolder, SettingPlace, StackPlace,
};
use holdfast_domain::{Facts, RegionCode, Resource};

pub(super) fn stack(look: &mut Look<'_>, resource: &Resource, spec: &CloudformationStack) {
    let name = &resource.name;
    for (region, place) in &spec.per_region {
        let at = (resource, region);
        let stack = match look.known(resource, region) {
            Some(Facts::Stack { stack }) => stack,
            _ => continue,
        };
        let has_role = place.role_arn.is_some() || stack.as_ref().is_some_and(|s| s.role_arn.is_some());
        if place.template_url.is_some() && !has_role {
            look.say(
                (Severity::Warning, "stack_without_role"),
                at,
                format!("Stack {name} in {region} has no role of its own: a step's session may make none of its resources."),
                "Give the entry the `role_arn` of a role that CloudFormation may assume, with what the template needs.",
            );
        }
        let Some(stack) = stack else {
            absent(look, at, place);
            continue;
        };
        match stack.standing() {
            StackStanding::Complete => {}
            StackStanding::NotUpdated => look.say(
                (Severity::Warning, "stack_rolled_back"),
                at,
                format!("The last update of stack {name} in {region} did not come about: it is {}.", stack.status),
                "Read the stack's events and mend what they name.",
            ),
            StackStanding::UnderWay => look.say(
                (Severity::Warning, "stack_in_progress"),
                at,
                format!("Stack {name} in {region} is {}.", stack.status),
                "Wait until it is complete.",
            ),
            StackStanding::Failed => look.say(
                (Severity::Blocker, "stack_not_usable"),
                at,
                format!("Stack {name} in {region} is {}.", stack.status),
                "Read the stack's events; a stack whose creation failed must be deleted before it can be made.",
            ),
        }
    }
}

fn absent(look: &mut Look<'_>, at: (&Resource, &RegionCode), place: &StackPlace) {
    let (resource, region) = at;
    match &place.template_url {
        Some(_) => look.say(
            (Severity::Note, "stack_to_create"),
            at,
            format!("Stack {} is not in {region}; a failover creates it from its template.", resource.name),
            "Rehearse that it can be created: quotas, parameters, the permissions of its role.",
        ),
        None => look.say(
            (Severity::Blocker, "stack_missing"),
            at,
            format!(
                "Stack {} is not in {region}, and the entry has no template to create it from.",
                resource.name
            ),
            "Give the entry a `template_url`, or create the stack.",
        ),
    }
}

pub(super) fn setting(look: &mut Look<'_>, resource: &Resource, spec: &EndpointSetting) {
    let name = &resource.name;
    if let Err(sentence) = store_of(look.application, resource, spec) {
        look.add_entry(
            (Severity::Blocker, "setting_without_store"),
            resource,
            sentence,
            "Name one of the application's stores under `store`.",
        );
    }
    for (region, place) in &spec.per_region {
        let at = (resource, region);
        match look.known(resource, region) {
            Some(Facts::Setting { setting: None }) => look.say(
                (Severity::Blocker, "setting_missing"),
                at,
                format!("{name} is not in {region}: the application would not find its store there."),
                "Create it there as the application expects it.",
            ),
            Some(Facts::Setting { setting: Some(setting) }) => {
                if setting.is_replica {
                    look.say(
                        (Severity::Blocker, "setting_is_replica"),
                        at,
                        format!(
                            "{name} in {region} is a copy of another Region's secret and cannot be set there."
                        ),
                        "Give each Region a secret of its own for its endpoint.",
                    );
                }
                // A secret is read only by the step that sets it; that is as it should be.
                if let (SettingPlace { secret: None, .. }, Some(why)) = (place, &setting.not_told) {
                    let way_out = match place.holder() {
                        Some(SettingHolder::Record { .. }) => {
                            "Make it a simple CNAME that leads to the present endpoint, or name another record."
                        }
                        _ => "Put the present endpoint there, or correct the entry's `key`.",
                    };
                    look.say(
                        (Severity::Blocker, "setting_not_readable"),
                        at,
                        format!("{name} in {region}: {why}."),
                        way_out,
                    );
                }
            }
            _ => {}
        }
    }
}
