use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::{Figure, real};

/// The standard normal quantile of 0.975, for 95 % intervals.
pub(super) const Z: f64 = 1.959_963_984_540_054;

/// So many of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    pub count: u64,
    pub of: u64,
}

impl Share {
    /// # Panics
    /// If `count` is more than `of`.
    pub fn new(count: u64, of: u64) -> Self {
        assert!(count <= of, "{count} of {of} is no share");
        Self { count, of }
    }

    /// How many of the things hold, of all things given.
    pub fn counting(things: impl IntoIterator<Item = bool>) -> Self {
        things.into_iter().fold(Self::default(), |share, holds| Self { count: share.count + u64::from(holds), of: share.of + 1 })
    }

    /// In 0..=1; `None` of nothing.
    pub fn value(self) -> Option<f64> {
        (self.of > 0).then(|| real(self.count) / real(self.of))
    }

    /// With the Wilson interval; `of_what` says what there is none of where there is none.
    pub fn figure(self, of_what: &str) -> Figure {
        match (self.value(), wilson(self.count, self.of)) {
            (Some(value), Some(interval)) => Figure::with_interval(value, interval),
            _ => Figure::undefined(format!("no {of_what}")),
        }
    }
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let interval = wilson(self.count, self.of);
        let mut share = serializer.serialize_struct("Share", 5)?;
        share.serialize_field("count", &self.count)?;
        share.serialize_field("of", &self.of)?;
        share.serialize_field("value", &self.value())?;
        share.serialize_field("lower", &interval.map(|(lower, _)| lower))?;
        share.serialize_field("upper", &interval.map(|(_, upper)| upper))?;
        share.end()
    }
}

/// The 95 % score interval of a share, within 0..=1; `None` of nothing. Wilson, J. Am. Stat. Assoc. 22 (1927) 209.
pub fn wilson(count: u64, of: u64) -> Option<(f64, f64)> {
    if of == 0 {
        return None;
    }
    let n = real(of);
    let share = real(count) / n;
    let squared = Z * Z;
    let middle = (share + squared / (2.0 * n)) / (1.0 + squared / n);
    let half = Z / (1.0 + squared / n) * (share * (1.0 - share) / n + squared / (4.0 * n * n)).sqrt();
    // At the ends the formula gives the end itself but for rounding.
    let lower = if count == 0 { 0.0 } else { (middle - half).max(0.0) };
    let upper = if count == of { 1.0 } else { (middle + half).min(1.0) };
    Some((lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(count: u64, of: u64, lower: f64, upper: f64) {
        let (low, high) = wilson(count, of).unwrap();
        assert!((low - lower).abs() < 5e-5 && (high - upper).abs() < 5e-5, "{count}/{of}: {low} {high}");
    }

    #[test]
    fn wilson_as_published() {
        // Newcombe, Stat. Med. 17 (1998) 857, table I, method 3 (without continuity correction).
        near(81, 263, 0.2553, 0.3662);
        near(15, 148, 0.0624, 0.1605);
        near(0, 20, 0.0, 0.1611);
        near(1, 29, 0.0061, 0.1718);
        near(8, 10, 0.4902, 0.9433);
        near(72, 72, 0.9493, 1.0);
        assert_eq!(wilson(0, 0), None);
    }

    #[test]
    fn a_share_of_nothing_says_so() {
        assert_eq!(Share::new(0, 0).value(), None);
        let figure = Share::new(0, 0).figure("positives");
        assert_eq!((figure.value, figure.note.as_deref()), (None, Some("not defined, no positives")));
        assert_eq!(Share::counting([true, false, true]), Share::new(2, 3));
        assert_eq!(Share::new(1, 4).figure("x").value, Some(0.25));
    }
}
