//! Figures as people read them: in the terminal and on the page alike.

use super::statistics::{Figure, Share};

/// What stands before the reason where a figure is not defined.
const UNDEFINED: &str = "not defined";

/// To 3 places, or that it is not defined.
pub(super) fn value(figure: &Figure) -> String {
    figure.value.map_or_else(|| UNDEFINED.to_owned(), places)
}

/// To 3 places; what rounds to 0 has no sign.
pub(super) fn places(value: f64) -> String {
    format!("{:.3}", (value * 1e3).round() / 1e3 + 0.0)
}

/// `0.912-0.948`, or the reason why there is no interval or no value.
pub(super) fn ends(figure: &Figure) -> String {
    let reason = || figure.note.as_deref().map_or("", |note| note.trim_start_matches(UNDEFINED).trim_start_matches(", ")).to_owned();
    match (figure.lower, figure.upper) {
        (Some(lower), Some(upper)) => format!("{}\u{2013}{}", places(lower), places(upper)),
        _ => reason(),
    }
}

/// `0.930 (0.912-0.948)`, or the reason why there is none.
pub(super) fn both(figure: &Figure) -> String {
    match (figure.value, ends(figure).as_str()) {
        (_, "") => value(figure),
        (Some(_), ends) => format!("{} ({ends})", value(figure)),
        (None, reason) => format!("{UNDEFINED}, {reason}"),
    }
}

/// `52 of 56`.
pub(super) fn counts(share: Share) -> String {
    format!("{} of {}", share.count, share.of)
}

/// `0.929 (0.830-0.972), 52 of 56`; a dash of nothing.
pub(super) fn share(share: Share) -> String {
    if share.of == 0 { "\u{2013}".to_owned() } else { format!("{}, {}", both(&share.figure("")), counts(share)) }
}

/// In percent without needless places, such as `0.5 %`.
pub(super) fn percent(percent: f64) -> String {
    format!("{percent} %")
}

/// The prevalence of a row of reading load.
pub(super) fn prevalence(load: Option<f64>, own: Share) -> String {
    load.map_or_else(|| format!("{:.1} % (this set)", own.value().unwrap_or(0.0) * 100.0), percent)
}

/// A figure and, apart, its interval.
pub(super) fn apart(figure: &Figure) -> (String, String) {
    (value(figure), ends(figure))
}

/// A share and, apart, its interval and counts.
pub(super) fn share_apart(share: Share) -> (String, String) {
    if share.of == 0 {
        return ("\u{2013}".to_owned(), String::new());
    }
    let figure = share.figure("");
    (value(&figure), format!("{}, {}", ends(&figure), counts(share)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_in_words() {
        let figure = Figure::with_interval(0.93, (0.912_34, 0.948));
        assert_eq!((value(&figure).as_str(), both(&figure).as_str()), ("0.930", "0.930 (0.912\u{2013}0.948)"));
        let none = Figure::undefined("no positives");
        assert_eq!(apart(&none), ("not defined".to_owned(), "no positives".to_owned()));
        assert_eq!(both(&none), "not defined, no positives");
        assert_eq!(both(&Figure::alone(0.5, "too few rows for an interval")), "0.500 (too few rows for an interval)");
        assert_eq!(places(-0.000_1), "0.000");
        assert_eq!(share(Share::new(0, 0)), "\u{2013}");
        assert_eq!(share(Share::new(8, 10)), "0.800 (0.490\u{2013}0.943), 8 of 10");
        assert_eq!(percent(0.5), "0.5 %");
    }
}
