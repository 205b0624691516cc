//! Passwords that are guessed before any other: common and breached ones, those that a program makes of common words, rows of keys,
//! dates and repeats, and those made of words of this place. No network is asked: what is common stands here and in `zxcvbn`.

use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use zxcvbn::zxcvbn;

/// The beginnings of SHA-256 of the 3,000 commonest passwords of at least 12 characters, in small letters: of ten million that were
/// breached and given to the public domain in 2015. Hashes, since few of the words are fit to be read. One more is
/// `printf %s PASSWORD | sha256sum | cut -c1-10`.
const COMMON: &str = include_str!("common.txt");

/// From here on a password is out of reach of whoever has its slow hash alone. Twelve random digits are a hundred times more.
const GUESSES: u64 = 10_000_000_000;

/// Shorter ones, such as `com`, are in everything.
const WORD_AT_LEAST: usize = 4;

/// Why a password would be guessed soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guessed {
    Common,
    /// By the list that the server was given.
    Breached,
    OfThisPlace,
}

/// `None`: it would not be. `place`: as [`words_of_this_place`] gives them.
pub(super) fn guessed(password: &str, place: &BTreeSet<String>) -> Option<Guessed> {
    let small = password.to_lowercase();
    let hash = hex::encode(Sha256::digest(&small));
    if COMMON.lines().any(|common| hash.starts_with(common)) || zxcvbn(password, &[]).guesses() < GUESSES {
        return Some(Guessed::Common);
    }
    // Whatever is of this place counts for nothing: what is left must do alone. The longest first, since words hold words.
    let mut words: Vec<&str> = place.iter().map(String::as_str).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let left = words.iter().fold(small, |left, word| left.replace(word, ""));
    // It is told the words too, and finds them written backwards or with digits for letters.
    (zxcvbn(&left, &words).guesses() < GUESSES).then_some(Guessed::OfThisPlace)
}

/// What whoever guesses here tries first: the product's name, the person's address, the name that this server is reached at.
pub(super) fn words_of_this_place(email: &str, host: Option<&str>) -> BTreeSet<String> {
    let texts = [Some("holdfast"), Some(email), host];
    let words = texts.into_iter().flatten().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
    words.filter(|word| word.chars().count() >= WORD_AT_LEAST).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> BTreeSet<String> {
        words_of_this_place("Olivia.Night@Example.com", Some("failover.acme.example"))
    }

    #[test]
    fn the_three_thousand_commonest_are_there_each_by_a_hash_of_its_own() {
        let all: BTreeSet<&str> = COMMON.lines().collect();
        assert_eq!(all.len(), 3_000);
        let is_hash = |line: &str| line.len() == 10 && line.bytes().all(|b| b.is_ascii_hexdigit());
        // An empty line would be the beginning of every hash.
        assert!(all.iter().all(|line| is_hash(line)), "{all:?}");
        // Well known, and for the estimator alone as good as random.
        for common in
            ["ghjcnjgfhjkm", "perasperaadastra", "avadakedavra", "1324354657687980", "ihavenopass12"]
        {
            let listed = all.contains(&hex::encode(Sha256::digest(common))[..10]);
            assert_eq!(listed, common != "ihavenopass12", "{common}");
        }
    }

    #[test]
    fn what_is_guessed_first_is_refused_however_it_is_dressed_up() {
        for password in [
            "123456789012",
            "1234567890qwerty",
            "qwertyuiopasdf",
            "1qaz2wsx3edc",
            "QWERTY123456",
            "passwordpassword",
            "Password!2345",
            "p4ssw0rd12345",
            "drowssap1234",
            "iloveyouforever",
            "unbelievable",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "liverpool1234",
            "January2026!!",
            "ghjcnjgfhjkm",
            "AvadaKedavra",
            "hunter2hunter2",
        ] {
            assert_eq!(guessed(password, &place()), Some(Guessed::Common), "{password}");
        }
    }

    #[test]
    fn words_of_this_place_count_for_nothing() {
        for password in [
            "Holdfast-2026-Holdfast",
            "olivia@example.com1",
            "OliviaNightAcme7!",
            "acme failover 2026!",
            "h0ldf4st-0l1via",
            "tsafdloh-aivilo",
            "holdfast-k7#q2",
        ] {
            assert_eq!(guessed(password, &place()), Some(Guessed::OfThisPlace), "{password}");
        }
        assert_eq!(guessed("holdfast of the seven lanterns", &place()), None, "what is left is enough");
        assert_eq!(
            guessed("OliviaNightAcme7!", &words_of_this_place("a@b.example", None)),
            None,
            "elsewhere"
        );
    }

    #[test]
    fn what_nobody_guesses_is_accepted_whatever_it_is_made_of() {
        for password in [
            "a long enough password",
            "correct-horse-battery-staple",
            "vT4q9zLw2KxR",
            "840172936451",
            "ünïcödé ist erlaubt",
            "密码可以用任何文字来写成一句",
        ] {
            assert_eq!(guessed(password, &place()), None, "{password}");
        }
    }

    #[test]
    fn the_words_are_those_of_product_person_and_server_that_are_long_enough_to_be_any() {
        let words: Vec<String> = place().into_iter().collect();
        assert_eq!(words, ["acme", "example", "failover", "holdfast", "night", "olivia"]);
        let short = words_of_this_place("al@it.com", None);
        assert_eq!(short.into_iter().collect::<Vec<_>>(), ["holdfast"]);
    }
}
