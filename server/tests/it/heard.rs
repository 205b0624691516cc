//! The log of a test, line by line, as a server writes it in JSON.

use holdfast_testkit::Heard;
use tracing::subscriber::DefaultGuard;

/// Of this thread, for as long as the guard is there.
pub fn log() -> (Heard, DefaultGuard) {
    let heard = Heard::default();
    let written = tracing_subscriber::fmt().json().with_writer(heard.writer()).finish();
    (heard, tracing::subscriber::set_default(written))
}
