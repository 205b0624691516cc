//! Whose roles ask for a second factor beside the password.

use super::{Mode, Settings, Wrong};
use holdfast_app::RelyingParty;
use holdfast_domain::Role;

const NAME: &str = "require_second_factor";

/// Whoever starts, approves or administers.
const IN_PRODUCTION: [Role; 3] = [Role::Operator, Role::Approver, Role::Admin];

/// What an admin is told where production asks nobody for one.
pub const NOBODY: &str = "Nobody has to have a second factor: a password alone approves and administers. Name roles in \
                          HOLDFAST_REQUIRE_SECOND_FACTOR, or leave it unset.";

/// Roles apart by commas; `none`: nobody's.
///
/// # Errors
/// The first that is no role.
pub fn parse(text: &str) -> Result<Vec<Role>, Wrong> {
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty() && *word != "none");
    let role = |word: &str| {
        word.parse::<Role>().map_err(|error| {
            Wrong::new(NAME, error.0, "Write roles, such as operator,approver,admin; or none.")
        })
    };
    words.map(role).collect()
}

/// Where nothing is said, production asks whoever could do harm, and local mode nobody: it is one person's own machine.
#[must_use]
pub fn decide(said: Option<Vec<Role>>, mode: Mode) -> Vec<Role> {
    said.unwrap_or_else(|| match mode {
        Mode::Production => IN_PRODUCTION.to_vec(),
        Mode::Local => Vec::new(),
    })
}

/// Whether whoever is asked for one can set one up: else they could do nothing at all.
///
/// # Errors
/// Where neither an app nor a key is offered.
pub fn check_second_factors(settings: &Settings, sealing: bool) -> Result<(), Wrong> {
    if settings.second_factor_for.is_empty() || sealing || RelyingParty::at(&settings.public_url).is_ok() {
        return Ok(());
    }
    Err(Wrong::new(
        NAME,
        format!(
            "asks for second factors, and none can be set up: HOLDFAST_SECRETS_KEY is not set, and keys answer to no number, as {} is",
            settings.public_url
        ),
        "Set HOLDFAST_SECRETS_KEY, or a public_url with a name; or set it to none.",
    ))
}
