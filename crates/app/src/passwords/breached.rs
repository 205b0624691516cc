//! Passwords that are known from breaches, by a list that whoever runs the server fetched: SHA-1 in hexadecimal digits, a line each, in
//! their order, with or without how often each was seen (`HASH:COUNT`). It is tens of gigabytes and stays on the disk: a password is
//! looked for by halves, with some forty small reads. Nothing is asked of anybody.

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

const HASH_DIGITS: usize = 40;
/// Longer than any line of such a list.
const LINE_AT_MOST: usize = 100;
/// A list this short is read whole when it is opened; of a longer one, so many lines all over it.
const LOOKED_AT: u64 = 4_096;

#[derive(Debug, Clone)]
pub struct Breached {
    file: Arc<File>,
    length: u64,
}

/// A line of the list: the hash in it, and where the next one begins.
struct Line {
    hash: [u8; HASH_DIGITS],
    next: u64,
}

impl Breached {
    /// # Errors
    /// Why the file is no such list, in a sentence without its name.
    pub fn open(path: &Path) -> Result<Self, String> {
        let file = File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
        let length = file.metadata().map_err(|error| format!("cannot be read: {error}"))?.len();
        let list = Self { file: Arc::new(file), length };
        list.is_in_order().map_err(|error| error.to_string())?;
        Ok(list)
    }

    /// # Errors
    /// When the list cannot be read any more.
    pub(super) fn has(&self, password: &str) -> io::Result<bool> {
        let wanted = hex::encode_upper(digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes()));
        // Whatever line it is begins within these.
        let (mut from, mut to) = (0, self.length);
        while from < to {
            let middle = from + (to - from) / 2;
            let begins = self.line_from(middle)?;
            if begins >= to {
                to = middle;
                continue;
            }
            let line = self.line(begins)?;
            match line.hash.as_slice().cmp(wanted.as_bytes()) {
                std::cmp::Ordering::Equal => return Ok(true),
                std::cmp::Ordering::Less => from = line.next,
                std::cmp::Ordering::Greater => to = middle,
            }
        }
        Ok(false)
    }

    /// Looked at all over it, since to read it whole takes minutes: a list in another order finds nothing and says nothing.
    fn is_in_order(&self) -> io::Result<()> {
        let step = (self.length / LOOKED_AT).max(1);
        let (mut at, mut before) = (0, None);
        while at < self.length {
            let begins = self.line_from(at)?;
            if begins >= self.length {
                break;
            }
            let line = self.line(begins)?;
            if before.is_some_and(|before| before >= line.hash) {
                let why = format!("is not in the order of its hashes, at byte {begins}");
                return Err(io::Error::new(io::ErrorKind::InvalidData, why));
            }
            (at, before) = (line.next.max(at + step), Some(line.hash));
        }
        match before {
            Some(_) => Ok(()),
            None => Err(io::Error::new(io::ErrorKind::InvalidData, "is empty")),
        }
    }

    /// Where the first line begins that does not begin before this byte; the end where there is none.
    fn line_from(&self, at: u64) -> io::Result<u64> {
        let Some(before) = at.checked_sub(1) else { return Ok(0) };
        let text = self.read(before)?;
        match text.iter().position(|byte| *byte == b'\n') {
            Some(end) => Ok(before + u64::try_from(end).unwrap_or(u64::MAX) + 1),
            None if before + u64::try_from(text.len()).unwrap_or(u64::MAX) >= self.length => Ok(self.length),
            None => Err(no_line(at)),
        }
    }

    fn line(&self, begins: u64) -> io::Result<Line> {
        let text = self.read(begins)?;
        let end = text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len());
        let (hash, rest) = text[..end].split_first_chunk::<HASH_DIGITS>().ok_or_else(|| no_line(begins))?;
        let is_count = match rest.trim_ascii_end() {
            [] => true,
            [b':', count @ ..] => !count.is_empty() && count.iter().all(u8::is_ascii_digit),
            _ => false,
        };
        if !is_count || !hash.iter().all(u8::is_ascii_hexdigit) {
            return Err(no_line(begins));
        }
        let next = begins + u64::try_from(end).unwrap_or(u64::MAX) + 1;
        Ok(Line { hash: hash.map(|digit| digit.to_ascii_uppercase()), next })
    }

    /// As much from there as any line is long, or what there is.
    fn read(&self, from: u64) -> io::Result<Vec<u8>> {
        let mut text = vec![0; LINE_AT_MOST];
        let mut length = 0;
        while length < text.len() {
            let at = from + u64::try_from(length).unwrap_or(u64::MAX);
            match self.file.read_at(&mut text[length..], at) {
                Ok(0) => break,
                Ok(more) => length += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        text.truncate(length);
        Ok(text)
    }
}

fn no_line(at: u64) -> io::Error {
    let why =
        format!("has no SHA-1 in hexadecimal digits, with or without a count, in the line at byte {at}");
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sha1(password: &str) -> String {
        hex::encode_upper(digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes()))
    }

    fn list(text: &str) -> Result<Breached, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list");
        std::fs::write(&path, text).unwrap();
        Breached::open(&path)
    }

    /// Of so many passwords, in order.
    fn lines(count: usize) -> Vec<String> {
        let mut hashes: Vec<String> = (0..count).map(|n| sha1(&format!("password {n}"))).collect();
        hashes.sort();
        hashes
    }

    #[test]
    fn each_of_a_list_is_found_and_nothing_else_however_long_it_is_and_its_lines_are() {
        for count in [1, 2, 3, 7, 1_000, 5_000] {
            let hashes = lines(count);
            let counted: Vec<String> =
                hashes.iter().enumerate().map(|(n, hash)| format!("{hash}:{}", n * n + 1)).collect();
            let small: Vec<String> = hashes.iter().map(|hash| hash.to_lowercase()).collect();
            for (lines, end) in [(hashes, "\n"), (counted, "\r\n"), (small, "\n")] {
                for last in [end, ""] {
                    let list = list(&(lines.join(end) + last)).unwrap();
                    for n in 0..count {
                        assert!(list.has(&format!("password {n}")).unwrap(), "{n} of {count}");
                        assert!(!list.has(&format!("Password {n}")).unwrap(), "{n} of {count}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_no_list_is_refused_when_it_is_opened_and_says_what_is_wrong_and_where() {
        let mut swapped = lines(100);
        swapped.swap(40, 41);
        let good = lines(3).join("\n");
        for (text, why) in [
            ("", "is empty"),
            ("correct horse battery staple\n", "in the line at byte 0"),
            (&swapped.join("\n"), "is not in the order of its hashes"),
            (&format!("{good}\n{}\n", sha1("x").repeat(4)), "has no SHA-1"),
            (&format!("{good}:many\n"), "has no SHA-1"),
            (&format!("{0}\n{0}\n", sha1("x")), "is not in the order"),
        ] {
            let said = list(text).unwrap_err();
            assert!(said.contains(why), "{said}");
            assert!(!said.contains("horse"), "{said}");
        }
        assert!(Breached::open(Path::new("/nowhere/at/all")).unwrap_err().starts_with("cannot be read"));
    }
}
