//! The matrix itself: each operation of the document and each path of the pages, what it is about, and whose roles may.

use holdfast_domain::Role;

/// What a path is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Nobody need be signed in, or it begins and ends one's own session: not sent here.
    TheDoor,
    /// One's own, or what names no application: for everybody with one of the roles.
    Everybody,
    /// Many applications: nothing that is another's may show.
    List,
    /// Of no one application: for roles without limits.
    Whole,
    Application,
    Run,
    Lot,
    Freeze,
}
use About::{Application, Everybody, Freeze, List, Lot as AboutLot, Run as AboutRun, TheDoor, Whole};

const ALL: &[Role] = &Role::ALL;
const OPERATE: &[Role] = &[Role::Operator, Role::Admin];
const APPROVE: &[Role] = &[Role::Approver];
const CONFIRM: &[Role] = &[Role::Operator, Role::Approver, Role::Admin];
const CLOSE: &[Role] = &[Role::Approver, Role::Admin];
const ADMIN: &[Role] = &[Role::Admin];

/// Of an operation of the document.
pub fn of_operation(method: &str, path: &str) -> Option<(About, &'static [Role])> {
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    Some(match (method, path) {
        ("GET", "/livez" | "/readyz" | "/openapi.json" | "/.well-known/security.txt") => (TheDoor, ALL),
        (_, "/session") => (TheDoor, ALL),
        ("POST", "/session/proof") | ("DELETE", "/sessions" | "/sessions/{id}") => (TheDoor, ALL),
        ("GET", "/session/factors" | "/sessions" | "/tokens" | "/channels") => (Everybody, ALL),
        ("POST", "/session/factors/totp" | "/session/factors/totp/confirm") => (Everybody, ALL),
        ("POST", "/session/factors/recovery_codes") | ("DELETE", "/session/factors/totp") => (Everybody, ALL),
        ("GET" | "POST", "/session/passkeys") | ("POST", "/session/passkeys/challenge") => (Everybody, ALL),
        ("PATCH" | "DELETE", "/session/passkeys/{id}") => (Everybody, ALL),
        ("POST", "/session/proof/challenge") | ("PUT", "/session/password") => (Everybody, ALL),
        ("POST", "/tokens" | "/channels" | "/channels/{id}/test") => (Everybody, ALL),
        ("DELETE", "/tokens/{id}" | "/channels/{id}") => (Everybody, ALL),

        ("GET", "/applications" | "/runs" | "/approvals" | "/evacuations" | "/now" | "/compliance") => {
            (List, ALL)
        }
        ("GET", "/accounts" | "/accounts/{id}" | "/regions" | "/regions/{code}" | "/freezes") => (List, ALL),
        ("GET", "/inventory" | "/audit" | "/audit/calls" | "/metrics" | "/system") => (List, ALL),
        ("GET", "/break_glass" | "/break_glasses") => (List, ALL),
        ("GET", "/policies" | "/policies/{name}" | "/discovered_accounts" | "/automation") => {
            (Everybody, ALL)
        }
        ("GET", "/audit/checkpoint" | "/audit/consistency" | "/audit/keys") => (Everybody, ALL),
        ("GET", "/break_glasses/{id}" | "/on_call" | "/bundle") => (Everybody, ALL),
        ("GET", "/audit/export" | "/audit/{id}") => (Whole, ALL),

        ("GET", "/applications/{name}") => (Application, ALL),
        ("GET", "/applications/{name}/status" | "/applications/{name}/readiness") => (Application, ALL),
        ("GET", "/applications/{name}/plans" | "/applications/{name}/plans/kept") => (Application, ALL),
        ("GET", "/applications/{name}/plans/versions") => (Application, ALL),
        ("GET", "/applications/{name}/plans/{version}") => (Application, ALL),
        ("GET", "/applications/{name}/plans/{version}/diff") => (Application, ALL),
        ("POST", "/applications/{name}/plans/{version}/evaluations") => (Application, ALL),
        ("POST", "/applications/{name}/refresh") => (Application, ALL),
        ("POST", "/applications/{name}/plans" | "/applications/{name}/waivers") => (Application, OPERATE),
        ("DELETE", "/applications/{name}/waivers/{waiver}") => (Application, OPERATE),
        ("DELETE", "/applications/{name}") => (Application, OPERATE),
        ("POST", "/applications/{name}/webhooks/{step}/secret") => (Application, ADMIN),
        ("POST", "/runs") => (Application, OPERATE),
        // Making one that is there already is no reading: it says that the name is taken, and changes nothing.
        ("PUT", "/applications/{name}") => (Everybody, OPERATE),
        ("PUT", "/inventory") => (Everybody, OPERATE),

        ("GET", "/runs/{id}" | "/runs/{id}/events" | "/runs/{id}/notices") => (AboutRun, ALL),
        ("GET", "/runs/{id}/escalate" | "/runs/{id}/abort") => (AboutRun, ALL),
        ("POST", "/runs/{id}/pause" | "/runs/{id}/resume" | "/runs/{id}/cancel") => (AboutRun, OPERATE),
        ("POST", "/runs/{id}/escalate" | "/runs/{id}/abort" | "/runs/{id}/commit") => (AboutRun, OPERATE),
        ("POST", "/runs/{id}/acknowledge" | "/runs/{id}/try_again") => (AboutRun, OPERATE),
        ("POST", "/runs/{id}/break_glass" | "/runs/{id}/end_drill") => (AboutRun, OPERATE),
        ("POST", "/runs/{id}/steps/{step}/retry" | "/runs/{id}/steps/{step}/skip") => (AboutRun, OPERATE),
        ("POST", "/runs/{id}/steps/{step}/confirm") => (AboutRun, CONFIRM),
        (_, "/runs/{id}/reviews") => (AboutRun, APPROVE),

        ("GET", "/evacuations/{id}" | "/evacuations/{id}/notices") => (AboutLot, ALL),
        ("POST", "/evacuations/{id}/go_on" | "/evacuations/{id}/cancel") => (AboutLot, OPERATE),
        ("POST", "/evacuations/{id}/break_glass" | "/evacuations/{id}/commit") => (AboutLot, OPERATE),
        (_, "/evacuations/{id}/reviews") => (AboutLot, APPROVE),
        // All of a Region; what is named, in a test of its own.
        ("GET", "/regions/{code}/evacuation") => (Whole, ALL),
        ("POST", "/evacuations") => (Whole, OPERATE),

        ("PATCH", "/regions/{code}") | ("PUT", "/automation") => (Whole, OPERATE),
        ("POST", "/freezes") => (Whole, ADMIN),
        ("DELETE", "/freezes/{id}") => (Freeze, ADMIN),
        ("POST", "/break_glasses" | "/break_glasses/{id}/end") => (Everybody, OPERATE),
        ("POST", "/break_glasses/{id}/review") => (Whole, CLOSE),
        ("GET", "/bundle/copy") | ("POST", "/offline_codes" | "/journals") => (Whole, OPERATE),
        ("DELETE", "/offline_codes/{id}") => (Whole, OPERATE),
        (_, "/on_call/{name}" | "/on_call/{name}/overrides" | "/on_call/{name}/overrides/{id}") => {
            (Whole, CONFIRM)
        }
        (_, "/sealed_codes" | "/sealed_codes/{id}") => (Whole, ADMIN),
        ("PUT" | "DELETE", "/accounts/{id}") => (Whole, ADMIN),
        ("POST", "/policies") | ("PUT" | "DELETE", "/policies/{name}") => (Whole, ADMIN),
        (_, "/people" | "/people/{id}" | "/people/{id}/factors" | "/people/sign_out") => (Whole, ADMIN),
        (_, "/people/{id}/passkeys" | "/people/{id}/passkeys/{passkey}") => (Whole, ADMIN),
        (_, "/groups" | "/groups/{name}") => (Whole, ADMIN),
        _ => return None,
    })
}

/// Of a path of the pages. What a form does is its operation's above, by the same use case.
pub fn of_page(method: &str, path: &str) -> Option<(About, &'static [Role])> {
    Some(match (method, path) {
        ("GET", "/sign-in" | "/sign-in/code" | "/prove") => (TheDoor, ALL),
        ("POST", "/me/sessions/end" | "/me/sessions/{id}/end" | "/theme") => (TheDoor, ALL),
        ("GET", "/me" | "/me/channels" | "/tokens" | "/policies" | "/api") => (Everybody, ALL),
        ("POST", "/me/password" | "/me/recovery-codes") => (Everybody, ALL),
        ("POST", "/me/codes" | "/me/codes/confirm" | "/me/codes/remove") => (Everybody, ALL),
        ("POST", "/me/passkeys" | "/me/passkeys/{id}/name" | "/me/passkeys/{id}/remove") => (Everybody, ALL),
        ("POST", "/me/channels" | "/me/channels/{id}/test" | "/me/channels/{id}/remove") => (Everybody, ALL),
        ("POST", "/tokens" | "/tokens/{id}/revoke") => (Everybody, ALL),

        ("GET", "/" | "/applications" | "/runs" | "/approvals" | "/accounts" | "/regions") => (List, ALL),
        ("GET", "/regions/{code}" | "/evacuations" | "/safeguards" | "/break-glass") => (List, ALL),
        ("GET", "/compliance" | "/compliance.csv" | "/audit" | "/audit/calls" | "/system") => (List, ALL),
        ("GET", "/break-glass/{id}" | "/on-call") => (Everybody, ALL),
        ("GET", "/break-glass/bundle") => (Whole, OPERATE),
        ("POST", "/break-glass/offline-code" | "/break-glass/offline-codes/{id}/end") => (Whole, OPERATE),
        ("POST", "/on-call/rotation" | "/on-call/calendar" | "/on-call/override") => (Whole, CONFIRM),
        ("POST", "/on-call/{name}/remove" | "/on-call/{name}/overrides/{id}/end") => (Whole, CONFIRM),

        ("GET", "/applications/{name}" | "/applications/{name}/plans") => (Application, ALL),
        ("GET", "/applications/{name}/plans/{version}") => (Application, ALL),
        ("GET", "/applications/{name}/plans/{version}/diff") => (Application, ALL),
        ("POST", "/applications/{name}/refresh") => (Application, ALL),
        ("POST", "/applications/{name}/plans/{version}/evaluate") => (Application, ALL),
        ("POST", "/applications/{name}/plans/{version}/edit") => (Application, OPERATE),
        ("POST", "/applications/{name}/plans/waivers") => (Application, OPERATE),
        ("POST", "/applications/{name}/plans/waivers/end") => (Application, OPERATE),
        ("POST", "/applications/{name}/runs") => (Application, OPERATE),
        ("GET", "/applications/{name}/runs/new") => (Application, ALL),
        // What it leads to; whoever may not is not offered the form.
        ("GET", "/applications/{name}/webhooks/{step}/secret") => (Application, ALL),
        ("POST", "/applications/{name}/webhooks/{step}/secret") => (Application, ADMIN),

        ("GET", "/runs/{id}" | "/runs/{id}/escalate" | "/runs/{id}/abort") => (AboutRun, ALL),
        ("POST", "/runs/{id}/pause" | "/runs/{id}/resume" | "/runs/{id}/cancel") => (AboutRun, OPERATE),
        ("POST", "/runs/{id}/escalate" | "/runs/{id}/abort" | "/runs/{id}/commit") => (AboutRun, OPERATE),
        ("POST", "/runs/{id}/acknowledge" | "/runs/{id}/try_again") => (AboutRun, OPERATE),
        ("POST", "/runs/{id}/break_glass" | "/runs/{id}/end_drill") => (AboutRun, OPERATE),
        ("POST", "/runs/{id}/steps/{step}/retry" | "/runs/{id}/steps/{step}/skip") => (AboutRun, OPERATE),
        ("POST", "/runs/{id}/steps/{step}/confirm") => (AboutRun, CONFIRM),
        ("POST", "/runs/{id}/review" | "/runs/{id}/withdraw") => (AboutRun, APPROVE),

        ("GET", "/evacuations/{id}") => (AboutLot, ALL),
        ("POST", "/evacuations/{id}/review" | "/evacuations/{id}/withdraw") => (AboutLot, APPROVE),
        ("POST", "/evacuations/{id}/break_glass" | "/evacuations/{id}/commit") => (AboutLot, OPERATE),
        ("POST", "/evacuations/{id}/go-on" | "/evacuations/{id}/cancel") => (AboutLot, OPERATE),
        ("GET", "/regions/{code}/evacuate") => (Whole, ALL),
        ("POST", "/regions/{code}/evacuate") => (Whole, OPERATE),

        ("POST", "/regions/{code}" | "/safeguards/automation") => (Whole, OPERATE),
        ("POST", "/safeguards/freezes") => (Whole, ADMIN),
        ("POST", "/safeguards/freezes/{id}/lift") => (Freeze, ADMIN),
        ("POST", "/break-glass" | "/break-glass/{id}/end") => (Everybody, OPERATE),
        ("POST", "/break-glass/{id}/review") => (Whole, CLOSE),
        ("POST", "/break-glass/codes" | "/break-glass/codes/{id}/withdraw") => (Whole, ADMIN),
        (_, "/people" | "/people/{id}" | "/people/{id}/disable" | "/people/{id}/enable") => (Whole, ADMIN),
        (_, "/people/{id}/passkeys" | "/people/{id}/passkeys/{passkey}/remove") => (Whole, ADMIN),
        ("POST", "/people/{id}/reset-factor" | "/people/sign-out") => (Whole, ADMIN),
        ("POST", "/groups" | "/groups/{name}") => (Whole, ADMIN),
        ("POST", "/policies" | "/policies/{name}" | "/policies/{name}/remove") => (Whole, ADMIN),
        _ => return None,
    })
}

/// Every path of the pages with each method that it takes, read from their own router.
pub fn pages() -> Vec<(&'static str, String)> {
    let source = include_str!("../../../src/http/pages/mod.rs");
    let routes = source.split(".route(").skip(1);
    routes
        .flat_map(|route| {
            let path = route.split('"').nth(1).unwrap().to_owned();
            let takes = |method: &str| route.contains(&format!("{method}("));
            let methods = [("GET", takes("get")), ("POST", takes("post"))];
            methods.into_iter().filter(|(_, takes)| *takes).map(move |(method, _)| (method, path.clone()))
        })
        .collect()
}
