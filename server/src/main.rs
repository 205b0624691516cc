//! The `holdfast` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before anything opens a connection: there is one cryptography provider, and it is ring.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        eprintln!("holdfast: another TLS provider was installed first; this is a defect");
        return ExitCode::FAILURE;
    }
    holdfast_server::cli::main()
}
