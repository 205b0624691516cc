//! Lists that AWS tells page by page, followed to their end. One that leads back to where it was, or has more pages than any list
//! that is read here, is given up: each page is a call, and what is listed would be waited for in vain.

use crate::failure::Call;
use holdfast_cloud::{Error, ErrorKind};

/// Of a hundred entries each as a rule.
const MOST: usize = 200;

#[derive(Debug, Default)]
pub(crate) struct Pages {
    next: Option<String>,
    read: usize,
}

impl Pages {
    /// Where the page begins that is asked for now; nowhere in particular the first.
    pub(crate) fn token(&self) -> Option<String> {
        self.next.clone()
    }

    /// Takes what a page says of the next one: whether there is one.
    pub(crate) fn go_on(&mut self, call: &Call, next: Option<String>) -> Result<bool, Error> {
        let Some(next) = next.filter(|next| !next.is_empty()) else { return Ok(false) };
        self.read += 1;
        if self.read >= MOST || self.next.as_ref() == Some(&next) {
            return Err(call.error(ErrorKind::Unreadable, "AWS's list has no end"));
        }
        self.next = Some(next);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn followed(token: impl Fn(usize) -> Option<String>) -> Result<usize, ErrorKind> {
        let call =
            Call { account: String::new(), region: String::new(), operation: "s3:List", changing: false };
        let mut pages = Pages::default();
        for page in 1.. {
            if !pages.go_on(&call, token(page)).map_err(|error| error.kind)? {
                return Ok(page);
            }
        }
        Ok(0)
    }

    #[test]
    fn a_list_is_followed_to_its_end_and_no_further_than_it_can_have_one() {
        assert_eq!(followed(|page| (page < 5).then(|| page.to_string())), Ok(5));
        assert_eq!(followed(|page| Some(if page < 5 { page.to_string() } else { String::new() })), Ok(5));
        assert_eq!(followed(|_| Some("again".into())), Err(ErrorKind::Unreadable));
        assert_eq!(followed(|page| Some(page.to_string())), Err(ErrorKind::Unreadable));
    }
}
