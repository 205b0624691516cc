//! Lengths of time as people say them. Shared by the server, which writes them, and the browser, which keeps
//! them true as time goes by: both must say the same.

/// `< 0.1 s`, `0.8 s`, `41 s`, `4m 12s`, `1h 05m`, `2d 3h`. Negative counts as none.
#[must_use]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped to 0..=1e12 first
pub fn span(seconds: f64) -> String {
    let seconds = if seconds.is_finite() { seconds.clamp(0.0, 1e12) } else { 0.0 };
    if seconds > 0.0 && seconds < 0.05 {
        return "< 0.1 s".to_owned();
    }
    if seconds < 9.95 && (seconds - seconds.round()).abs() > 0.049 {
        return format!("{seconds:.1} s");
    }
    let s = seconds.round() as u64;
    match s {
        0..60 => format!("{s} s"),
        60..3_600 if s.is_multiple_of(60) => format!("{}m", s / 60),
        60..3_600 => format!("{}m {:02}s", s / 60, s % 60),
        3_600..86_400 if s % 3_600 < 60 => format!("{}h", s / 3_600),
        3_600..86_400 => format!("{}h {:02}m", s / 3_600, s % 3_600 / 60),
        _ if s % 86_400 < 3_600 => format!("{}d", s / 86_400),
        _ => format!("{}d {}h", s / 86_400, s % 86_400 / 3_600),
    }
}

/// Like [`span`], in whole seconds: for clocks that run.
#[must_use]
pub fn clock(seconds: f64) -> String {
    span(seconds.max(0.0).floor())
}

/// `just now`, `12 s ago`, `4 min ago`, `3 h ago`, `5 d ago`; `in 4 min` for what is to come.
#[must_use]
pub fn ago(seconds: f64) -> String {
    let (size, past) = (seconds.abs(), seconds >= 0.0);
    if past && size < 2.0 {
        return "just now".to_owned();
    }
    let words = if size < 60.0 {
        format!("{:.0} s", size.floor())
    } else if size < 3_600.0 {
        format!("{:.0} min", (size / 60.0).floor())
    } else if size < 172_800.0 {
        format!("{:.0} h", (size / 3_600.0).floor())
    } else {
        format!("{:.0} d", (size / 86_400.0).floor())
    };
    if past { format!("{words} ago") } else { format!("in {words}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_carry_their_units() {
        for (seconds, words) in [
            (0.0, "0 s"),
            (0.84, "0.8 s"),
            (0.004, "< 0.1 s"),
            (5.0, "5 s"),
            (41.3, "41 s"),
            (252.0, "4m 12s"),
            (900.0, "15m"),
            (3_900.0, "1h 05m"),
            (14_400.0, "4h"),
            (86_400.0, "1d"),
            (183_600.0, "2d 3h"),
            (-4.0, "0 s"),
            (f64::NAN, "0 s"),
        ] {
            assert_eq!(span(seconds), words);
        }
    }

    #[test]
    fn the_past_and_the_future_are_told_apart() {
        assert_eq!(ago(0.4), "just now");
        assert_eq!(ago(12.9), "12 s ago");
        assert_eq!(ago(3_599.0), "59 min ago");
        assert_eq!(ago(-250.0), "in 4 min");
        assert_eq!(ago(400_000.0), "4 d ago");
    }
}
