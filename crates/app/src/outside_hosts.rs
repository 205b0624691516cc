//! Addresses are refused when they are stored where their host is none that this installation speaks to. Nothing is sent to them in any
//! case: that is for the guard of whoever sends.

use crate::App;
use crate::notices::host;
use crate::problems::of_file;
use holdfast_api::{Answer, Problem};
use holdfast_inventory::{Diff, Problem as Found, Source};

const WAY_OUT: &str = "Use an address of one of them, or have whoever runs the server add its host to outside_hosts (HOLDFAST_OUTSIDE_HOSTS).";

impl App {
    /// `host` may have a port behind it.
    pub(crate) fn is_spoken_to(&self, field: &str, host: &str) -> Answer<()> {
        match self.not_spoken_to(host) {
            None => Ok(()),
            Some(why) => Err(Problem::bad_field(field, why, WAY_OUT)),
        }
    }

    /// Of what comes new: what is stored stays.
    pub(crate) fn are_spoken_to(&self, difference: &Diff, source: Option<&Source>) -> Answer<()> {
        let astray = |(path, url): (String, String)| {
            let why = self.not_spoken_to(&host(&url).ok()?)?;
            Some(Found::of_value(path, why, WAY_OUT))
        };
        let mut astray: Vec<Found> = difference.addresses().into_iter().filter_map(astray).collect();
        if astray.is_empty() {
            return Ok(());
        }
        if let Some(source) = source {
            source.locate(&mut astray);
        }
        Err(of_file("inventory", astray))
    }

    fn not_spoken_to(&self, host: &str) -> Option<String> {
        // The colons of an IPv6 address are within brackets.
        let alone = match host.rsplit_once(':') {
            Some((alone, port)) if !port.contains(']') => alone,
            _ => host,
        };
        self.settings.outside_hosts.check(alone).err()
    }
}
