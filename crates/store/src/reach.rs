//! How a URL reaches its database: read by what connects, which heeds more than the text (`PGHOST`, `PGSSLMODE`, parameters that
//! are given twice).

use crate::Result;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use std::net::IpAddr;
use std::str::FromStr as _;

/// Whether nobody on the way can be taken for the database: it is on this machine, or its certificate is verified for its name.
///
/// # Errors
/// When the URL is none.
pub fn reaches_no_other(url: &str) -> Result<bool> {
    let options = PgConnectOptions::from_str(url)?;
    let host = options.get_host().trim_start_matches('[').trim_end_matches(']');
    let here = options.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    Ok(here || matches!(options.get_ssl_mode(), PgSslMode::VerifyFull))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_and_a_verified_name_are_reached_with_nobody_between() {
        for url in [
            "postgres://a:b@db.example.com/x?sslmode=verify-full",
            "postgres://a:b@db.example.com/x?ssl-mode=verify-full&sslrootcert=/etc/ca.pem",
            "postgres://a:b@db.example.com/x?sslmode=disable&sslmode=verify-full",
            "postgres://a:b@localhost/x?sslmode=disable",
            "postgres://a:b@127.0.0.1:5432/x",
            "postgres://a@[::1]:5432/x",
            "postgres:///x?host=/run/postgresql",
            "postgres://a@%2Frun%2Fpg/x",
            "postgres://a@db.example.com/x?host=/run/postgresql",
        ] {
            assert!(reaches_no_other(url).unwrap(), "{url}");
        }
        for url in [
            "postgres://a:b@db.example.com/x",
            "postgres://a:b@db.example.com/x?sslmode=disable",
            "postgres://a:b@db.example.com/x?sslmode=prefer",
            "postgres://a:b@db.example.com/x?sslmode=require",
            "postgres://a:b@db.example.com/x?sslmode=verify-ca",
            "postgres://a:b@db.example.com/x?sslmode=verify-full&sslmode=require",
            "postgres://a:b@localhost/x?host=db.example.com",
            "postgres://a:b@localhost/x?hostaddr=192.0.2.7",
            "postgres://localhost@db/x",
            "postgres://a:b@10.0.0.7/x",
            "postgres://a:b@localhost.example.com/x",
        ] {
            assert!(!reaches_no_other(url).unwrap(), "{url}");
        }
        assert!(reaches_no_other("postgres://a:b@db.example.com/x?sslmode=verify-all").is_err());
    }
}
