//! A panic is one line of the log, in the log's own form: the standard hook writes as many lines as its words have, past whatever reads
//! the log. Who catches it, and what comes of it, is told by them.

/// From here on, in this process.
pub fn are_told_in_the_log() {
    std::panic::set_hook(Box::new(|panic| {
        let words = panic.payload_as_str().unwrap_or("no words");
        let place = panic.location().map(ToString::to_string);
        tracing::error!(words, place, "something panicked");
    }));
}
