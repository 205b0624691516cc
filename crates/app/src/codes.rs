//! The codes of a second factor: made, and read as they are typed. Which of them were used before is the store's to say.

use holdfast_store::hash_secret;
use jiff::Timestamp;
use rand::RngCore;
use totp_rs::{Builder, Totp};

/// As RFC 4226 recommends; 53 bytes once it is sealed.
const SECRET_BYTES: usize = 20;
/// What authenticator apps show beside the code.
const ISSUER: &str = "Holdfast";
pub const RECOVERY_CODES: usize = 10;
/// Of 32: 140 bits, so that a hash of one is as good as none to whoever reads the table.
const RECOVERY_LETTERS: usize = 28;
/// Those that were made before, of 80 bits, recover until new ones are made: somebody has them in a drawer.
const OLDER_RECOVERY_LETTERS: usize = 16;
/// 160 bits.
const SEALED_LETTERS: usize = 32;
/// Without what is taken for something else when it is read off paper.
const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";

/// What was typed into the field for a code.
#[derive(Debug, PartialEq, Eq)]
pub enum Typed {
    Totp(String),
    Recovery(String),
}

/// `None`: it is neither.
#[must_use]
pub fn typed(code: &str) -> Option<Typed> {
    let code: String = code.chars().filter(|c| !c.is_whitespace() && *c != '-').take(40).collect();
    let code = code.to_ascii_lowercase();
    if code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Typed::Totp(code));
    }
    ([RECOVERY_LETTERS, OLDER_RECOVERY_LETTERS].contains(&code.len())
        && code.bytes().all(|b| LETTERS.contains(&b)))
    .then_some(Typed::Recovery(code))
}

#[must_use]
pub fn new_secret() -> [u8; SECRET_BYTES] {
    let mut secret = [0; SECRET_BYTES];
    rand::rng().fill_bytes(&mut secret);
    secret
}

/// SHA-1, six digits, thirty seconds: what every authenticator app reads.
fn totp(secret: &[u8], email: &str) -> Option<Totp> {
    let builder = Builder::new().with_secret(secret.to_vec()).with_skew(1);
    builder.with_issuer(Some(ISSUER)).with_account_name(email.replace(':', "_")).build().ok()
}

/// The secret as it is typed in by hand, and as a link that authenticator apps open.
#[must_use]
pub fn to_enrol(secret: &[u8], email: &str) -> Option<(String, String)> {
    let totp = totp(secret, email)?;
    Some((totp.secret().to_base32(), totp.to_url().ok()?))
}

/// Which step of 30 seconds the code is of: this one, the one before, the one after; `None`: of none of them.
#[must_use]
pub fn step_of(secret: &[u8], code: &str, now: Timestamp) -> Option<i64> {
    let now = u64::try_from(now.as_second()).ok()?;
    totp(secret, "")?.check(code, now).and_then(|step| i64::try_from(step).ok())
}

/// As it is shown, and its hash.
#[must_use]
pub fn new_recovery_code(person: &str) -> (String, [u8; 32]) {
    let code = letters::<RECOVERY_LETTERS>();
    let hash = recovery_hash(person, &code.replace('-', ""));
    (code, hash)
}

/// As they are written down, in groups of four. Five bits each.
fn letters<const MANY: usize>() -> String {
    let mut bytes = [0_u8; MANY];
    rand::rng().fill_bytes(&mut bytes);
    let code: Vec<char> = bytes.iter().map(|b| char::from(LETTERS[usize::from(b % 32)])).collect();
    code.chunks(4).map(String::from_iter).collect::<Vec<_>>().join("-")
}

/// Kept in an envelope. As it is written down, and its hash.
#[must_use]
pub fn new_sealed_code() -> (String, [u8; 32]) {
    let code = letters::<SEALED_LETTERS>();
    let hash = hash_secret(format!("sealed code: {}", code.replace('-', "")).as_bytes());
    (code, hash)
}

/// A person's own, which opens bundles.
#[must_use]
pub fn new_offline_code() -> String {
    letters::<SEALED_LETTERS>()
}

/// `None`: what was typed is no sealed code.
#[must_use]
pub fn sealed_hash(typed: &str) -> Option<[u8; 32]> {
    let code: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').take(80).collect();
    let code = code.to_ascii_lowercase();
    (code.len() == SEALED_LETTERS && code.bytes().all(|b| LETTERS.contains(&b)))
        .then(|| hash_secret(format!("sealed code: {code}").as_bytes()))
}

/// The person is hashed with it: the same code of another is another hash.
#[must_use]
pub fn recovery_hash(person: &str, code: &str) -> [u8; 32] {
    hash_secret(format!("recovery code of {person}: {code}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, cut to six digits.
    #[test]
    fn a_code_is_the_one_of_the_standard_and_good_a_step_early_and_a_step_late() {
        let secret = b"12345678901234567890";
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        for (second, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(step_of(secret, code, at(second)), Some(second / 30), "{code}");
            assert_eq!(step_of(secret, code, at(second + 30)), Some(second / 30), "a step late");
            assert_eq!(step_of(secret, code, at(second - 30)), Some(second / 30), "a step early");
            assert_eq!(step_of(secret, code, at(second + 60)), None, "two steps late");
        }
        assert_eq!(step_of(secret, "+87082", at(59)), None);
        assert_eq!(step_of(secret, "", at(59)), None);
    }

    #[test]
    fn a_secret_is_given_as_letters_and_as_a_link_that_names_whose_it_is() {
        let (letters, link) = to_enrol(b"12345678901234567890", "a@example.com").unwrap();
        assert_eq!(letters, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert!(link.starts_with("otpauth://totp/Holdfast:a%40example"), "{link}");
        assert!(link.contains(&letters) && link.contains("issuer=Holdfast"), "{link}");
        assert!(to_enrol(&new_secret(), "a:b@example.com").is_some(), "an address with a colon in it");
    }

    #[test]
    fn a_sealed_code_is_read_as_it_is_written_down_and_noise_is_none() {
        let (shown, hash) = new_sealed_code();
        assert_eq!(sealed_hash(&format!(" {} ", shown.to_uppercase())), Some(hash));
        assert_eq!(sealed_hash(&shown.replace('-', " ")), Some(hash));
        assert_ne!(new_sealed_code().0, shown);
        for nothing in ["", "abcd", &shown[1..], &format!("{shown}a"), &"1".repeat(32)] {
            assert_eq!(sealed_hash(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn what_is_typed_is_a_code_an_app_shows_or_one_to_recover_with_or_nothing() {
        assert_eq!(typed(" 123 456 "), Some(Typed::Totp("123456".into())));
        let (shown, hash) = new_recovery_code("a");
        let Some(Typed::Recovery(code)) = typed(&format!(" {} ", shown.to_uppercase())) else {
            panic!("{shown} is not read")
        };
        assert_eq!(recovery_hash("a", &code), hash);
        assert_ne!(recovery_hash("b", &code), hash, "another's is another");
        let older = "abcd-efgh-jkmn-pqrs";
        assert_eq!(typed(older), Some(Typed::Recovery(older.replace('-', ""))), "made before");
        for nothing in
            ["", "12345", "1234567", "12345a", "abcd-abcd-abcd-abc1", &shown[1..], &"a".repeat(500)]
        {
            assert_eq!(typed(nothing), None, "{nothing}");
        }
    }

    /// ASVS 5.0, 6.5.2: under 112 bits a slow hash is asked for.
    #[test]
    fn a_code_to_recover_with_has_random_bits_enough_for_a_fast_hash() {
        let bits_each = LETTERS.len().ilog2() as usize;
        assert_eq!(1 << bits_each, LETTERS.len(), "each letter is as likely as any other");
        let (shown, _) = new_recovery_code("a");
        let letters = shown.chars().filter(|c| *c != '-').count();
        assert!(letters * bits_each >= 112, "{letters} letters of {bits_each} bits");
        assert_ne!(new_recovery_code("a").0, shown);
    }
}
