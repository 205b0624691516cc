//! Where the log goes: standard error, as text or JSON lines, narrowed by `HOLDFAST_LOG` in the syntax of
//! tracing's filters. Whatever is told, by whomever it was written, is one line and nothing that a terminal obeys.

use std::fmt::{self, Debug};
use std::io::IsTerminal as _;
use tracing::Subscriber;
use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::{Format, Writer};
use tracing_subscriber::fmt::{FormatFields, Layer as Written, layer};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _};

fn filter(default: &str) -> EnvFilter {
    let given = std::env::var("HOLDFAST_LOG").ok().filter(|text| !text.is_empty());
    EnvFilter::try_new(given.as_deref().unwrap_or(default)).unwrap_or_else(|_| EnvFilter::new(default))
}

pub fn to_stderr(default: &str) {
    let json = std::env::var("HOLDFAST_LOG_FORMAT").is_ok_and(|format| format == "json");
    let registry = tracing_subscriber::registry();
    if json {
        registry.with(layer().json().with_writer(std::io::stderr).with_filter(filter(default))).init();
    } else {
        registry.with(to_terminal().with_filter(filter(default))).init();
    }
    crate::panics::are_told_in_the_log();
}

/// Warnings to standard error, and everything else that is told to a file beside the data.
#[cfg(feature = "demo")]
pub fn to_file(file: &std::path::Path) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let written = std::fs::OpenOptions::new().create(true).append(true).open(file)?;
    let all = text().with_ansi(false).with_writer(std::sync::Arc::new(written));
    tracing_subscriber::registry()
        .with(all.with_filter(filter("info")))
        .with(to_terminal().with_filter(EnvFilter::new("warn")))
        .init();
    crate::panics::are_told_in_the_log();
    Ok(())
}

fn to_terminal<S: Subscriber + for<'a> LookupSpan<'a>>()
-> Written<S, OneLine, Format, fn() -> std::io::Stderr> {
    let stderr: fn() -> std::io::Stderr = std::io::stderr;
    text().with_target(false).with_ansi(std::io::stderr().is_terminal()).with_writer(stderr)
}

fn text<S: Subscriber + for<'a> LookupSpan<'a>>() -> Written<S, OneLine> {
    layer().fmt_fields(OneLine)
}

/// Fields as `name=value`, in which whatever would end the line or move a cursor is written out.
#[derive(Debug)]
struct OneLine;

impl<'w> FormatFields<'w> for OneLine {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut told = Told { writer, any: false, result: Ok(()) };
        fields.record(&mut told);
        told.result
    }
}

struct Told<'w> {
    writer: Writer<'w>,
    any: bool,
    result: fmt::Result,
}

impl Visit for Told<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // What comes from the crate `log` has its place among them; it is told already.
        if self.result.is_err() || field.name().starts_with("log.") {
            return;
        }
        let space = if self.any { " " } else { "" };
        self.any = true;
        let value = written_out(&format!("{value:?}"));
        self.result = match field.name() {
            "message" => write!(self.writer, "{space}{value}"),
            name => write!(self.writer, "{space}{name}={value}"),
        };
    }
}

fn written_out(text: &str) -> String {
    let obeyed = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if !text.contains(obeyed) {
        return text.to_owned();
    }
    let mut written = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if obeyed(c) { written.extend(c.escape_default()) } else { written.push(c) }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdfast_testkit::Heard;

    const FORGED: &str = "2026-01-01T00:00:00Z  INFO somebody was signed in";

    /// What ends a line, or is obeyed by a terminal, before a line that somebody would like to be believed.
    fn hostile() -> Vec<String> {
        let between = [
            "\n",
            "\r",
            "\r\n",
            "\u{b}",
            "\u{c}",
            "\u{85}",
            "\u{2028}",
            "\u{2029}",
            "\0",
            "\t",
            "\u{8}",
            "\u{7f}",
            "\u{1b}[2K\u{1b}[1A",
            "\u{1b}]0;title\u{7}",
            "\u{9b}31m",
            "\u{9d}0;title\u{9c}",
        ];
        between.iter().map(|between| format!("said{between}{FORGED}")).collect()
    }

    #[derive(Debug)]
    struct Wrong(String);
    impl fmt::Display for Wrong {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(&self.0)
        }
    }
    impl std::error::Error for Wrong {}

    /// In each way in which this house tells something; answers with how many lines it should be.
    fn tells(text: &str) -> usize {
        let wrong = Wrong(text.to_owned());
        let span = tracing::info_span!("request", id = text, shown = %text, late = tracing::field::Empty);
        let _within = span.enter();
        span.record("late", text);
        tracing::info!("{text}");
        tracing::info!(text, "a text");
        tracing::warn!(%text, "shown");
        tracing::warn!(?text, "printed");
        tracing::error!(%wrong, "an error");
        tracing::error!(?wrong, "an error, printed");
        tracing::error!(error = &wrong as &dyn std::error::Error, "an error as one");
        tracing::info!(name = format!("{text}/{text}"), several = ?[text, text], "more of it");
        8
    }

    #[test]
    fn whatever_is_told_is_one_line_of_text_that_no_terminal_obeys() {
        for hostile in hostile() {
            let heard = Heard::default();
            let written = text().with_ansi(false).with_writer(heard.writer());
            let expected =
                tracing::subscriber::with_default(tracing_subscriber::registry().with(written), || {
                    tells(&hostile)
                });
            let told = heard.text();
            assert_eq!(told.lines().count(), expected, "{hostile:?}:\n{told}");
            assert!(told.chars().all(|c| c == '\n' || !c.is_control()), "{hostile:?}:\n{told:?}");
            assert!(told.lines().all(|line| !line.starts_with(FORGED)), "{told}");
            assert!(told.lines().all(|line| line.contains("request{id=")), "{told}");
        }
    }

    #[test]
    fn whatever_is_told_is_one_line_of_json() {
        for hostile in hostile() {
            let heard = Heard::default();
            let written = layer().json().with_writer(heard.writer());
            let expected =
                tracing::subscriber::with_default(tracing_subscriber::registry().with(written), || {
                    tells(&hostile)
                });
            let told = heard.text();
            let read: Vec<serde_json::Value> =
                told.split_terminator('\n').map(|line| serde_json::from_str(line).unwrap()).collect();
            assert_eq!(read.len(), expected, "{hostile:?}:\n{told}");
            assert!(
                read.iter().all(|line| line["level"].is_string() && line["span"]["id"] == hostile),
                "{told}"
            );
        }
    }

    #[test]
    fn what_is_harmless_is_written_as_it_is() {
        assert_eq!(
            written_out("Übergröße of 3 µs, \\n in two letters"),
            "Übergröße of 3 µs, \\n in two letters"
        );
        assert_eq!(written_out("a\nb\u{1b}c"), "a\\nb\\u{1b}c");
    }
}
