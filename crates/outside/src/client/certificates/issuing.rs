//! Certificates as somebody could have them.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// Whoever signs others' certificates.
pub struct Authority {
    pub name: &'static str,
    pub certificate: Vec<u8>,
    /// What is shown beside what it signs; a root is not.
    shown: Vec<CertificateDer<'static>>,
    pkcs8: Vec<u8>,
}

/// Year, month and day.
type Date = (i32, u8, u8);

/// What a certificate says.
pub struct Leaf {
    pub name: Option<&'static str>,
    pub from: Date,
    pub until: Date,
}

impl Leaf {
    pub fn of(name: &'static str) -> Self {
        Self { name: Some(name), from: (2020, 1, 1), until: (2049, 12, 31) }
    }
}

impl Authority {
    /// A root: signed by itself.
    pub fn new(name: &'static str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut says = says(name, &Leaf::of(name));
        says.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = says.self_signed(&key).unwrap().der().to_vec();
        Self { name, certificate, shown: vec![], pkcs8: key.serialize_der() }
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
        let own = KeyPair::try_from(self.pkcs8.as_slice()).unwrap();
        let issuer = Issuer::new(says(self.name, &Leaf::of(self.name)), own);
        let key = KeyPair::generate().unwrap();
        let certificate = says(SUBJECT, leaf).signed_by(&key, &issuer).unwrap();
        let mut chain = vec![certificate.der().clone()];
        chain.extend(self.shown.iter().cloned());
        (chain, PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())))
    }
}

/// What every leaf is called, where nobody may look for a host's name.
const SUBJECT: &str = "receiver.example.com";

fn says(subject: &str, leaf: &Leaf) -> CertificateParams {
    let names: Vec<String> = leaf.name.into_iter().map(str::to_owned).collect();
    let mut says = CertificateParams::new(names).unwrap();
    says.distinguished_name = DistinguishedName::new();
    says.distinguished_name.push(DnType::CommonName, subject);
    let date = |(year, month, day): Date| date_time_ymd(year, month, day);
    (says.not_before, says.not_after) = (date(leaf.from), date(leaf.until));
    says
}
