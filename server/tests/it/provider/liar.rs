//! An identity provider on this machine that says and signs whatever it is told to, with real keys.

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _,
    },
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

pub const CLIENT: &str = "holdfast";
pub const SECRET: &str = "what the client and the provider know";
pub const SUBJECT: &str = "0001";

pub enum Key {
    Ecdsa { pair: EcdsaKeyPair, algorithm: &'static str, curve: &'static str },
    Ed25519(Ed25519KeyPair),
}

impl Key {
    fn ecdsa(with: &'static EcdsaSigningAlgorithm, algorithm: &'static str, curve: &'static str) -> Self {
        let random = SystemRandom::new();
        let made = EcdsaKeyPair::generate_pkcs8(with, &random).unwrap();
        Self::Ecdsa {
            pair: EcdsaKeyPair::from_pkcs8(with, made.as_ref(), &random).unwrap(),
            algorithm,
            curve,
        }
    }

    pub fn es256() -> Self {
        Self::ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING, "ES256", "P-256")
    }

    pub fn es384() -> Self {
        Self::ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING, "ES384", "P-384")
    }

    pub fn ed25519() -> Self {
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::Ed25519(Ed25519KeyPair::from_pkcs8(made.as_ref()).unwrap())
    }

    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Ecdsa { algorithm, .. } => algorithm,
            Self::Ed25519(_) => "EdDSA",
        }
    }

    pub fn public(&self) -> &[u8] {
        match self {
            Self::Ecdsa { pair, .. } => pair.public_key().as_ref(),
            Self::Ed25519(pair) => pair.public_key().as_ref(),
        }
    }

    pub fn jwk(&self, kid: &str) -> Value {
        let mut jwk = match self {
            Self::Ecdsa { curve, .. } => {
                // One byte says that both coordinates follow.
                let (x, y) = self.public()[1..].split_at((self.public().len() - 1) / 2);
                json!({ "kty": "EC", "crv": curve, "x": encoded(x), "y": encoded(y) })
            }
            Self::Ed25519(_) => json!({ "kty": "OKP", "crv": "Ed25519", "x": encoded(self.public()) }),
        };
        for (name, value) in [("kid", kid), ("use", "sig"), ("alg", self.algorithm())] {
            jwk[name] = json!(value);
        }
        jwk
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Ecdsa { pair, .. } => pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec(),
            Self::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }
}

/// Whose signature stands under a token.
pub enum Signed {
    Truly,
    /// Of a key that the provider never published.
    ByAStranger,
    /// The provider's own, with a bit of it another.
    Spoiled,
    /// The provider's own, of what the token said before.
    Before(Value),
    ByASecret(Vec<u8>),
    ByNobody,
}

pub struct Token {
    pub header: Value,
    pub claims: Value,
    pub signed: Signed,
}

impl Token {
    pub fn without(&mut self, claim: &str) {
        self.claims.as_object_mut().unwrap().remove(claim).unwrap();
    }

    pub fn now() -> i64 {
        Timestamp::now().as_second()
    }
}

/// What it answers for a code, and when it is asked about the person.
struct Says {
    keys: Vec<Value>,
    token: (StatusCode, Value),
    user_info: Value,
}

pub struct Liar {
    pub issuer: String,
    pub key: Key,
    pub strange: Key,
    says: Mutex<Says>,
}

impl Liar {
    pub async fn begin() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let key = Key::es256();
        let says =
            Says { keys: vec![key.jwk("one")], token: (StatusCode::OK, json!({})), user_info: json!({}) };
        let liar = Arc::new(Self {
            issuer: format!("http://{}", listener.local_addr().unwrap()),
            key,
            strange: Key::es256(),
            says: Mutex::new(says),
        });
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .route("/me", get(user_info))
            .with_state(liar.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        liar
    }

    /// As an honest provider would have it, for whoever left with that nonce.
    pub fn honest(&self, nonce: &str) -> Token {
        let now = Token::now();
        Token {
            header: json!({ "alg": self.key.algorithm(), "kid": "one", "typ": "JWT" }),
            claims: json!({
                "iss": self.issuer, "sub": SUBJECT, "aud": CLIENT, "azp": CLIENT, "nonce": nonce,
                "iat": now, "nbf": now, "exp": now + 300, "auth_time": now,
                "email": "olivia@example.com", "email_verified": true, "groups": ["ops"],
            }),
            signed: Signed::Truly,
        }
    }

    pub fn written(&self, token: &Token) -> String {
        self.written_with(&self.key, token)
    }

    pub fn written_with(&self, key: &Key, token: &Token) -> String {
        let message =
            |claims: &Value| format!("{}.{}", encoded(token.header.to_string()), encoded(claims.to_string()));
        let said = message(&token.claims);
        let signature = match &token.signed {
            Signed::Truly => key.sign(said.as_bytes()),
            Signed::ByAStranger => self.strange.sign(said.as_bytes()),
            Signed::Spoiled => {
                let mut signature = key.sign(said.as_bytes());
                signature[0] ^= 1;
                signature
            }
            Signed::Before(claims) => key.sign(message(claims).as_bytes()),
            Signed::ByASecret(secret) => {
                let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
                hmac::sign(&secret, said.as_bytes()).as_ref().to_vec()
            }
            Signed::ByNobody => Vec::new(),
        };
        format!("{said}.{}", encoded(signature))
    }

    pub fn publishes(&self, keys: Vec<Value>) {
        self.says.lock().unwrap().keys = keys;
    }

    pub fn answers(&self, id_token: &str) {
        let answer =
            json!({ "access_token": "a", "token_type": "Bearer", "expires_in": 60, "id_token": id_token });
        self.says.lock().unwrap().token = (StatusCode::OK, answer);
    }

    pub fn answers_with(&self, status: StatusCode, answer: Value) {
        self.says.lock().unwrap().token = (status, answer);
    }

    pub fn tells_of_the_person(&self, user_info: Value) {
        self.says.lock().unwrap().user_info = user_info;
    }
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

async fn discovery(State(liar): State<Arc<Liar>>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", liar.issuer);
    Json(json!({
        "issuer": liar.issuer, "authorization_endpoint": at("/door"), "token_endpoint": at("/token"),
        "jwks_uri": at("/keys"), "userinfo_endpoint": at("/me"), "response_types_supported": ["code"],
        "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"],
    }))
}

async fn keys(State(liar): State<Arc<Liar>>) -> Json<Value> {
    Json(json!({ "keys": liar.says.lock().unwrap().keys }))
}

async fn token(State(liar): State<Arc<Liar>>) -> (StatusCode, Json<Value>) {
    let (status, answer) = liar.says.lock().unwrap().token.clone();
    (status, Json(answer))
}

async fn user_info(State(liar): State<Arc<Liar>>) -> Json<Value> {
    Json(liar.says.lock().unwrap().user_info.clone())
}
