//! Certificates as somebody could have them, written by hand (RFC 5280): as few fields as make one.

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];

/// Whoever signs others' certificates.
pub struct Authority {
    pub name: &'static str,
    pub certificate: Vec<u8>,
    /// What is shown beside what it signs; a root is not.
    shown: Vec<CertificateDer<'static>>,
    pkcs8: Vec<u8>,
}

/// What a certificate says.
pub struct Leaf {
    pub name: Option<&'static str>,
    pub from: &'static str,
    pub until: &'static str,
}

impl Leaf {
    pub fn of(name: &'static str) -> Self {
        Self { name: Some(name), from: "200101000000Z", until: "491231235959Z" }
    }
}

impl Authority {
    /// A root: signed by itself.
    pub fn new(name: &'static str) -> Self {
        let pkcs8 = new_key();
        let body = body(name, name, &Leaf::of(name), &pkcs8, true);
        Self { name, certificate: signed(&body, &pkcs8), shown: vec![], pkcs8 }
    }

    /// Somebody with a certificate of their own who signs all the same.
    pub fn under(certificate: CertificateDer<'static>, key: PrivateKeyDer<'static>) -> Self {
        let pkcs8 = key.secret_der().to_vec();
        Self { name: SUBJECT, certificate: certificate.to_vec(), shown: vec![certificate], pkcs8 }
    }

    pub fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.pkcs8.clone()))
    }

    /// The chain to be shown, and the key of its first.
    pub fn issues(&self, leaf: &Leaf) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let key = new_key();
        let certificate = signed(&body(self.name, SUBJECT, leaf, &key, false), &self.pkcs8);
        let mut chain = vec![CertificateDer::from(certificate)];
        chain.extend(self.shown.iter().cloned());
        (chain, PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key)))
    }
}

/// What every leaf is called, where nobody may look for a host's name.
const SUBJECT: &str = "receiver.example.com";

fn new_key() -> Vec<u8> {
    let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new()).unwrap();
    made.as_ref().to_vec()
}

fn pair(pkcs8: &[u8]) -> EcdsaKeyPair {
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8, &SystemRandom::new()).unwrap()
}

fn body(issuer: &str, subject: &str, leaf: &Leaf, pkcs8: &[u8], signs_others: bool) -> Vec<u8> {
    let called = |name: &str| {
        let common = sequence(&[tagged(0x06, COMMON_NAME), tagged(0x0c, name.as_bytes())]);
        sequence(&[tagged(0x31, &common)])
    };
    let public = bits(pair(pkcs8).public_key().as_ref());
    let algorithm = sequence(&[tagged(0x06, EC_PUBLIC_KEY), tagged(0x06, P256)]);
    let mut extensions = Vec::new();
    if let Some(name) = leaf.name {
        let names = sequence(&[tagged(0x82, name.as_bytes())]);
        extensions.push(sequence(&[tagged(0x06, ALTERNATIVE_NAME), tagged(0x04, &names)]));
    }
    if signs_others {
        let yes = tagged(0x01, &[0xff]);
        let may = tagged(0x04, &sequence(std::slice::from_ref(&yes)));
        extensions.push(sequence(&[tagged(0x06, BASIC_CONSTRAINTS), yes, may]));
    }
    let mut fields = vec![
        tagged(0xa0, &tagged(0x02, &[2])),
        tagged(0x02, &[1]),
        sequence(&[tagged(0x06, ECDSA_WITH_SHA256)]),
        called(issuer),
        sequence(&[tagged(0x17, leaf.from.as_bytes()), tagged(0x17, leaf.until.as_bytes())]),
        called(subject),
        sequence(&[algorithm, public]),
    ];
    if !extensions.is_empty() {
        fields.push(tagged(0xa3, &sequence(&extensions)));
    }
    sequence(&fields)
}

fn signed(body: &[u8], by: &[u8]) -> Vec<u8> {
    let signature = pair(by).sign(&SystemRandom::new(), body).unwrap();
    sequence(&[body.to_vec(), sequence(&[tagged(0x06, ECDSA_WITH_SHA256)]), bits(signature.as_ref())])
}

fn bits(bytes: &[u8]) -> Vec<u8> {
    tagged(0x03, &[&[0], bytes].concat())
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tagged(0x30, &parts.concat())
}

/// Tag, length, value; nothing here is longer than two bytes can say.
fn tagged(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap();
    let [high, low] = length.to_be_bytes();
    let head = match length {
        0..=0x7f => vec![tag, low],
        0x80..=0xff => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [head.as_slice(), value].concat()
}
