//! `test-postgres stop`: ends the Postgres server that the tests of this machine share. They start it again
//! when they need it.

#[tokio::main]
async fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("stop") => holdfast_testkit::stop_shared_cluster().await,
        _ => {
            eprintln!("usage: test-postgres stop");
            std::process::exit(2);
        }
    }
}
