//! REST, `/api/v1`: one file per area. Handlers read what came, call the control plane, and shape the answer;
//! authority, rules and audit are behind that call, the same that pages make.

#![allow(unused_qualifications, reason = "utoipa's macro names parameter types by their whole path")]

mod accounts;
mod applications;
mod audit;
mod break_glass;
mod bundles;
mod channels;
mod compliance;
mod document;
pub mod entry;
mod evacuations;
mod events;
mod factors;
mod filters;
mod groups;
mod inventory;
mod now;
mod on_call;
mod passkeys;
mod password;
mod people;
mod plans;
mod policies;
mod regions;
mod reviews;
mod runs;
mod safeguards;
mod session;
pub mod sessions;
pub mod system;
pub mod tokens;

pub use document::document;

use super::{body, etag, repeats, system as health};
use crate::state::AppState;
use axum::{
    Extension, Router,
    middleware::{from_fn, from_fn_with_state},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// A list that is short enough to come whole.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct List<T> {
    pub items: Vec<T>,
}

/// Every path with its document, still without state.
fn described() -> OpenApiRouter<AppState> {
    let inventory = OpenApiRouter::new()
        .routes(routes!(inventory::get_inventory, inventory::put_inventory))
        .routes(routes!(bundles::post_journal))
        .layer(Extension(body::Limit(body::INVENTORY_LIMIT_BYTES)));
    let v1 = OpenApiRouter::new()
        .routes(routes!(session::get_session, session::post_session, session::delete_session))
        .routes(routes!(session::post_proof))
        .routes(routes!(password::put_password))
        .routes(routes!(passkeys::post_proof_challenge))
        .routes(routes!(passkeys::get_passkeys, passkeys::post_passkey))
        .routes(routes!(passkeys::post_passkey_challenge))
        .routes(routes!(passkeys::patch_passkey, passkeys::delete_passkey))
        .routes(routes!(sessions::get_sessions, sessions::delete_sessions))
        .routes(routes!(sessions::delete_session_of))
        .routes(routes!(factors::get_factors))
        .routes(routes!(factors::post_totp, factors::delete_totp))
        .routes(routes!(factors::post_confirm_totp))
        .routes(routes!(factors::post_recovery_codes))
        .routes(routes!(system::get_system))
        .routes(routes!(now::get_now))
        .routes(routes!(now::get_approvals))
        .routes(routes!(accounts::get_accounts))
        .routes(routes!(accounts::get_discovered_accounts))
        .routes(routes!(accounts::get_account, accounts::put_account, accounts::delete_account))
        .routes(routes!(regions::get_regions))
        .routes(routes!(regions::get_region, regions::patch_region))
        .routes(routes!(applications::get_applications))
        .routes(routes!(
            applications::get_application,
            applications::put_application,
            applications::delete_application
        ))
        .routes(routes!(applications::get_status))
        .routes(routes!(applications::get_readiness))
        .routes(routes!(applications::get_plans, plans::post_plan))
        .routes(routes!(plans::get_kept_plans))
        .routes(routes!(plans::get_plan_versions))
        .routes(routes!(plans::get_plan_version))
        .routes(routes!(plans::get_plan_comparison))
        .routes(routes!(plans::post_evaluation))
        .routes(routes!(plans::post_waiver))
        .routes(routes!(plans::delete_waiver))
        .routes(routes!(applications::post_refresh))
        .routes(routes!(applications::post_webhook_secret))
        .routes(routes!(runs::get_runs, runs::post_run))
        .routes(routes!(runs::get_run))
        .routes(routes!(reviews::post_review, reviews::delete_review))
        .routes(routes!(runs::post_pause))
        .routes(routes!(runs::post_resume))
        .routes(routes!(runs::post_cancel))
        .routes(routes!(runs::get_escalation, runs::post_escalate))
        .routes(routes!(runs::get_abort, runs::post_abort))
        .routes(routes!(runs::post_commit))
        .routes(routes!(runs::post_acknowledge))
        .routes(routes!(runs::post_try_again))
        .routes(routes!(runs::post_end_drill))
        .routes(routes!(runs::post_retry))
        .routes(routes!(runs::post_skip))
        .routes(routes!(runs::post_confirm))
        .routes(routes!(events::get_events))
        .routes(routes!(evacuations::get_evacuation_preview))
        .routes(routes!(evacuations::get_evacuations, evacuations::post_evacuation))
        .routes(routes!(evacuations::get_evacuation))
        .routes(routes!(evacuations::post_evacuation_review, evacuations::delete_evacuation_review))
        .routes(routes!(evacuations::post_evacuation_break_glass))
        .routes(routes!(evacuations::post_evacuation_commit))
        .routes(routes!(evacuations::post_go_on))
        .routes(routes!(evacuations::post_evacuation_cancel))
        .routes(routes!(safeguards::get_automation, safeguards::put_automation))
        .routes(routes!(safeguards::get_freezes, safeguards::post_freeze))
        .routes(routes!(safeguards::delete_freeze))
        .routes(routes!(break_glass::get_state))
        .routes(routes!(break_glass::get_break_glasses, break_glass::post_break_glass))
        .routes(routes!(break_glass::get_break_glass))
        .routes(routes!(break_glass::post_end))
        .routes(routes!(break_glass::post_break_glass_review))
        .routes(routes!(break_glass::get_sealed_codes, break_glass::post_sealed_code))
        .routes(routes!(break_glass::delete_sealed_code))
        .routes(routes!(bundles::get_bundle))
        .routes(routes!(bundles::get_bundle_copy))
        .routes(routes!(bundles::post_offline_code))
        .routes(routes!(bundles::delete_offline_code))
        .routes(routes!(runs::post_break_glass_start))
        .routes(routes!(compliance::get_compliance))
        .routes(routes!(audit::get_audit))
        .routes(routes!(audit::get_calls))
        .routes(routes!(audit::get_audit_export))
        .routes(routes!(audit::get_checkpoint))
        .routes(routes!(audit::get_keys))
        .routes(routes!(audit::get_consistency))
        .routes(routes!(audit::get_entry))
        .routes(routes!(people::get_people, people::post_person))
        .routes(routes!(people::get_person, people::patch_person))
        .routes(routes!(sessions::post_sign_everybody_out))
        .routes(routes!(factors::delete_factors))
        .routes(routes!(passkeys::get_passkeys_of))
        .routes(routes!(passkeys::delete_passkey_of))
        .routes(routes!(groups::get_groups, groups::post_group))
        .routes(routes!(groups::get_group, groups::put_group))
        .routes(routes!(policies::get_policies, policies::post_policy))
        .routes(routes!(policies::get_policy, policies::put_policy, policies::delete_policy))
        .routes(routes!(tokens::get_tokens, tokens::post_token))
        .routes(routes!(tokens::delete_token))
        .routes(routes!(on_call::get_on_call))
        .routes(routes!(on_call::put_on_call, on_call::delete_on_call))
        .routes(routes!(on_call::post_override))
        .routes(routes!(on_call::delete_override))
        .routes(routes!(channels::get_channels, channels::post_channel))
        .routes(routes!(channels::delete_channel))
        .routes(routes!(channels::post_test))
        .routes(routes!(channels::get_run_notices))
        .routes(routes!(channels::get_evacuation_notices))
        .merge(inventory);
    OpenApiRouter::with_openapi(document::frame())
        .nest("/api/v1", v1)
        .routes(routes!(document::get_document))
        .routes(routes!(health::livez))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
        .routes(routes!(health::security_txt))
}

/// The router; its document is [`document`].
pub fn routes(state: &AppState) -> Router<AppState> {
    described()
        .split_for_parts()
        .0
        .layer(from_fn_with_state(state.clone(), repeats::once))
        .layer(from_fn(etag::answer_not_modified))
}
