//! The identity provider, spoken to: discovery, the code flow with PKCE, and the verification of what comes back. What is known
//! between leaving for the provider and coming back lies in a cookie of that browser, encrypted: strangers make no rows.
//!
//! Who somebody is here, and what they may do, is the control plane's to say.

mod claims;
mod sign_out;

use crate::guarded::Guarded;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use claims::{Claims, by_now, for_us_and_now, lately, strong_enough};
use holdfast_api::federation::Vouched;
use holdfast_app::sealing::Sealing;
use jiff::Timestamp;
use openidconnect::{
    AdditionalClaims, AuthenticationContextClass, AuthenticationFlow, AuthorizationCode, ClientId,
    ClientSecret, CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    IdTokenFields, IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, Scope, StandardErrorResponse, StandardTokenResponse, TokenResponse as _, UserInfoClaims,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
        CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreResponseType,
        CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
    },
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use sign_out::is_name;
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How long somebody may be away at the provider.
const AWAY_AT_MOST: i64 = 600;
/// Keys and endpoints are asked for anew after this long; and at once when a token is signed by a key that is not known.
const KNOWN_FOR: Duration = Duration::from_secs(600);
const SEALED_AS: &str = "sign-in at the identity provider";
/// By public key alone: what is signed with a shared secret could be made by whoever has the client's.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 6] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

#[derive(Debug, Clone)]
pub struct OidcSettings {
    pub issuer: String,
    pub client_id: String,
    /// None: a public client, which has PKCE alone.
    pub client_secret: Option<SecretString>,
    /// On the button.
    pub name: String,
    pub scopes: Vec<String>,
    /// The claim that holds the groups.
    pub groups_claim: String,
    /// In which class people must prove there who they are: one of these; none named, any.
    pub acr_values: Vec<String>,
    /// By which methods: all of these.
    pub amr: Vec<String>,
    /// To the letter the one that the provider knows.
    pub redirect_uri: String,
    /// A sign-in at the provider that is older is done anew.
    pub longest: Duration,
}

/// What somebody was on their way to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    SignIn,
    /// Proving anew who one is.
    Prove,
}

/// Why nobody came back as somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It does not answer, or not as a provider does.
    Unreachable(String),
    /// It said no: `access_denied` and the like.
    Refused(String),
    /// Not from this browser, too late, or a second time.
    NotAwaited,
    /// What it sent is not what it must be.
    NotBelieved(String),
    /// It asked less of them than it was to.
    TooWeak(String),
}

impl Failure {
    /// For the page that says so.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "provider_unreachable",
            Self::Refused(_) => "provider_refused",
            Self::NotAwaited => "provider_not_awaited",
            Self::NotBelieved(_) => "provider_not_believed",
            Self::TooWeak(_) => "provider_too_weak",
        }
    }

    /// Why what it sent was not taken, where it sent something: for the audit log.
    #[must_use]
    pub fn not_taken(&self) -> Option<&str> {
        match self {
            Self::NotBelieved(why) | Self::TooWeak(why) => Some(why),
            Self::Unreachable(_) | Self::Refused(_) | Self::NotAwaited => None,
        }
    }
}

/// The way to the provider, and what this browser keeps meanwhile.
#[derive(Debug)]
pub struct Leaving {
    pub to: String,
    pub kept: String,
}

#[derive(Debug)]
pub struct Back {
    pub vouched: Vouched,
    pub next: String,
    pub purpose: Purpose,
}

/// What the provider put into the address of the way back.
#[derive(Debug, Default)]
pub struct Answered {
    pub code: Option<String>,
    pub state: Option<String>,
    pub error: Option<String>,
    /// RFC 9207, from a provider that says it.
    pub issuer: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    state: String,
    nonce: String,
    verifier: String,
    next: String,
    purpose: Purpose,
    left_at: i64,
}

/// Claims beyond the standard ones, the groups among them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Others {
    #[serde(flatten)]
    all: Map<String, Value>,
}

impl AdditionalClaims for Others {}

type Fields = IdTokenFields<
    Others,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type Client = openidconnect::Client<
    Others,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// One for the whole process.
pub struct Provider {
    settings: OidcSettings,
    http: Guarded,
    sealing: Sealing,
    known: Mutex<Option<(Instant, Arc<CoreProviderMetadata>)>>,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("issuer", &self.settings.issuer).finish_non_exhaustive()
    }
}

impl Provider {
    #[must_use]
    pub fn new(settings: OidcSettings, http: Guarded, sealing: Sealing) -> Self {
        Self { settings, http, sealing, known: Mutex::new(None) }
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    /// # Errors
    /// When the provider does not answer.
    pub async fn leave(&self, next: &str, purpose: Purpose) -> Result<Leaving, Failure> {
        let metadata = self.metadata(KNOWN_FOR).await?;
        let client = self.client(&metadata)?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request = client
            .authorize_url(
                AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .set_pkce_challenge(challenge)
            .add_scopes(self.settings.scopes.iter().cloned().map(Scope::new));
        for asked in &self.settings.acr_values {
            request = request.add_auth_context_value(AuthenticationContextClass::new(asked.clone()));
        }
        // With an age asked for, the token says when the person proved who they are.
        request = match purpose {
            Purpose::SignIn => request.set_max_age(self.settings.longest),
            Purpose::Prove => request.add_prompt(CoreAuthPrompt::Login).set_max_age(Duration::ZERO),
        };
        let (to, state, nonce) = request.url();
        let kept = Kept {
            state: state.secret().clone(),
            nonce: nonce.secret().clone(),
            verifier: verifier.secret().clone(),
            next: next.to_owned(),
            purpose,
            left_at: holdfast_clock::now().as_second(),
        };
        let json = serde_json::to_vec(&kept).map_err(|error| Failure::Unreachable(error.to_string()))?;
        let sealed = self.sealing.seal(SEALED_AS, &json).map_err(Failure::Unreachable)?;
        Ok(Leaving { to: to.to_string(), kept: URL_SAFE_NO_PAD.encode(sealed) })
    }

    /// `kept`: what [`Self::leave`] had this browser keep.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn come_back(&self, kept: Option<&str>, answered: Answered) -> Result<Back, Failure> {
        let kept = kept.and_then(|kept| self.kept(kept)).ok_or(Failure::NotAwaited)?;
        let same = answered.state.is_some_and(|state| Sha256::digest(&state) == Sha256::digest(&kept.state));
        if !same || answered.issuer.is_some_and(|issuer| issuer != self.settings.issuer) {
            return Err(Failure::NotAwaited);
        }
        if let Some(error) = answered.error {
            return Err(Failure::Refused(error.chars().take(100).collect()));
        }
        let code = answered.code.ok_or_else(|| Failure::NotBelieved("it sent no code".to_owned()))?;
        let metadata = self.metadata(KNOWN_FOR).await?;
        let tokens = self
            .client(&metadata)?
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| Failure::Unreachable(error.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(kept.verifier))
            .request_async(&self.http)
            .await
            .map_err(exchange_failed)?;
        let nonce = Nonce::new(kept.nonce);
        let vouched = match self.vouched(&self.client(&metadata)?, &tokens, &nonce).await {
            // Signed by a key that was not there when its keys were asked for last.
            Err(Failure::NotBelieved(_)) => {
                let anew = self.metadata(Duration::ZERO).await?;
                self.vouched(&self.client(&anew)?, &tokens, &nonce).await?
            }
            vouched => vouched?,
        };
        if kept.purpose == Purpose::SignIn
            && !lately(vouched.authenticated_at, holdfast_clock::now(), self.settings.longest)
        {
            let why = "it vouches for a sign-in there that is older than was asked for".to_owned();
            return Err(Failure::NotBelieved(why));
        }
        Ok(Back { vouched, next: kept.next, purpose: kept.purpose })
    }

    fn kept(&self, text: &str) -> Option<Kept> {
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let kept: Kept = serde_json::from_slice(&self.sealing.open(SEALED_AS, &sealed).ok()?).ok()?;
        (0..=AWAY_AT_MOST).contains(&(holdfast_clock::now().as_second() - kept.left_at)).then_some(kept)
    }

    /// Signature, algorithm, issuer, audience, party, times and nonce are verified before a word of it is believed.
    async fn vouched(
        &self,
        client: &Client,
        tokens: &StandardTokenResponse<Fields, CoreTokenType>,
        nonce: &Nonce,
    ) -> Result<Vouched, Failure> {
        let not_believed = |why: String| Failure::NotBelieved(why);
        let token = tokens.id_token().ok_or_else(|| not_believed("it sent no id token".to_owned()))?;
        let now = holdfast_clock::now();
        let verifier = client
            .id_token_verifier()
            .set_allowed_algs(ALGORITHMS)
            .set_time_fn(|| holdfast_clock::system_time().into())
            .set_issue_time_verifier_fn(|at| {
                by_now("it was issued at a time that", at.timestamp() as f64, now)
            });
        let claims = token.claims(&verifier, nonce).map_err(|error| not_believed(with_causes(&error)))?;
        for_us_and_now(claims, &self.settings.client_id, now).map_err(not_believed)?;
        strong_enough(claims, &self.settings.acr_values, &self.settings.amr).map_err(Failure::TooWeak)?;
        let mut vouched = Vouched {
            issuer: self.settings.issuer.clone(),
            subject: claims.subject().as_str().to_owned(),
            email: claims.email().map(|email| email.as_str().to_owned()),
            email_verified: claims.email_verified(),
            groups: groups(additional(claims, &self.settings.groups_claim)).unwrap_or_default(),
            authenticated_at: claims.auth_time().and_then(|at| Timestamp::from_second(at.timestamp()).ok()),
            // What is no name is not kept, and the person's word ends the session then.
            session: additional(claims, "sid")
                .and_then(Value::as_str)
                .filter(|sid| is_name(sid))
                .map(str::to_owned),
        };
        let complete = vouched.email.is_some() && additional(claims, &self.settings.groups_claim).is_some();
        // Many providers keep the rest of the claims where they are asked for with the access token.
        if !complete && client.user_info_url().is_some() {
            let request = client.user_info(tokens.access_token().clone(), Some(claims.subject().clone()));
            let request = request.map_err(|error| Failure::Unreachable(error.to_string()))?;
            let told: UserInfoClaims<Others, CoreGenderClaim> = request
                .request_async(&self.http)
                .await
                .map_err(|error| not_believed(format!("its user info: {error}")))?;
            if vouched.email.is_none() {
                vouched.email = told.email().map(|email| email.as_str().to_owned());
                vouched.email_verified = told.email_verified();
            }
            if let Some(told) = groups(told.additional_claims().all.get(&self.settings.groups_claim)) {
                vouched.groups = told;
            }
        }
        // Taken for none, they would take roles away that the person still has.
        let elsewhere = additional(claims, "_claim_names")
            .is_some_and(|names| names.get(&self.settings.groups_claim).is_some());
        if vouched.groups.is_empty() && elsewhere {
            let why =
                format!("it sent `{}` by reference only, which is not followed", self.settings.groups_claim);
            return Err(not_believed(why));
        }
        Ok(vouched)
    }

    fn client(&self, metadata: &CoreProviderMetadata) -> Result<Client, Failure> {
        let redirect = RedirectUrl::new(self.settings.redirect_uri.clone());
        let redirect = redirect.map_err(|error| Failure::Unreachable(error.to_string()))?;
        let secret = self.settings.client_secret.as_ref();
        let secret = secret.map(|secret| ClientSecret::new(secret.expose_secret().to_owned()));
        Ok(Client::from_provider_metadata(
            metadata.clone(),
            ClientId::new(self.settings.client_id.clone()),
            secret,
        )
        .set_redirect_uri(redirect))
    }

    /// As it was asked for no longer ago.
    async fn metadata(&self, ago: Duration) -> Result<Arc<CoreProviderMetadata>, Failure> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, metadata)) = known
            && at.elapsed() < ago
        {
            return Ok(metadata);
        }
        let unreachable = |error: String| Failure::Unreachable(error);
        let issuer =
            IssuerUrl::new(self.settings.issuer.clone()).map_err(|error| unreachable(error.to_string()))?;
        let found = CoreProviderMetadata::discover_async(issuer, &self.http).await;
        let found = Arc::new(found.map_err(|error| unreachable(with_causes(&error)))?);
        // Where the browser is sent.
        let door = found.authorization_endpoint().url().clone();
        self.http
            .check(door.as_str())
            .map_err(|error| unreachable(format!("its page to sign in: {error}")))?;
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((Instant::now(), Arc::clone(&found)));
        Ok(found)
    }
}

fn additional<'c>(claims: &'c Claims, name: &str) -> Option<&'c Value> {
    claims.additional_claims().all.get(name)
}

/// A text or a list of texts; anything else is no group. `None`: it is not there.
fn groups(claim: Option<&Value>) -> Option<Vec<String>> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Some(match claim? {
        Value::Array(all) => all.iter().filter_map(text).collect(),
        one => text(one).into_iter().collect(),
    })
}

fn exchange_failed<E: std::error::Error + 'static>(
    error: openidconnect::RequestTokenError<E, StandardErrorResponse<CoreErrorResponseType>>,
) -> Failure {
    use openidconnect::RequestTokenError;
    match error {
        // Its words, never what was sent.
        RequestTokenError::ServerResponse(said) => {
            Failure::NotBelieved(format!("it refused the code: {}", said.error().as_ref()))
        }
        RequestTokenError::Request(error) => Failure::Unreachable(with_causes(&error)),
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            Failure::NotBelieved("what it answered for the code cannot be read".to_owned())
        }
    }
}

pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words
}

#[cfg(test)]
mod tests;
