//! What a force would see at its own share of stalking records: flags, precision, hours.

use serde::Serialize;

use super::statistics::Share;

/// The expected outcome of screening 1,000 records. Ends of ranges come from the worse and better ends of both Wilson intervals, so they
/// are wider than 95 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Prevalence {
    /// Of all records, those that a reviewer would want flagged, in percent.
    pub percent: f64,
    pub flags_per_1000: f64,
    pub flags_lower: f64,
    pub flags_upper: f64,
    /// Of the flagged, those that a reviewer would want flagged.
    pub precision: Option<f64>,
    pub precision_lower: Option<f64>,
    pub precision_upper: Option<f64>,
    /// Positives among 1,000 that are not flagged.
    pub missed_per_1000: f64,
    /// To read the flagged records of 1,000.
    pub hours_per_1000: f64,
}

impl Prevalence {
    /// At `percent`, with recall and specificity as measured; `None` where either is not defined.
    pub fn at(percent: f64, recall: Share, specificity: Share, minutes_per_record: f64) -> Option<Self> {
        let p = percent / 100.0;
        let flags = |recall: f64, specificity: f64| 1000.0 * (p * recall + (1.0 - p) * (1.0 - specificity));
        let precision = |recall: f64, specificity: f64| {
            let all = flags(recall, specificity);
            (all > 0.0).then(|| 1000.0 * p * recall / all)
        };
        let ((recall_low, recall_high), (specificity_low, specificity_high)) =
            (super::statistics::wilson(recall.count, recall.of)?, super::statistics::wilson(specificity.count, specificity.of)?);
        let (recall, specificity) = (recall.value()?, specificity.value()?);
        Some(Self {
            percent,
            flags_per_1000: flags(recall, specificity),
            flags_lower: flags(recall_low, specificity_high),
            flags_upper: flags(recall_high, specificity_low),
            precision: precision(recall, specificity),
            precision_lower: precision(recall_low, specificity_low),
            precision_upper: precision(recall_high, specificity_high),
            missed_per_1000: 1000.0 * p * (1.0 - recall),
            hours_per_1000: flags(recall, specificity) * minutes_per_record / 60.0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precision_follows_prevalence() {
        // Sensitivity 0.90 with specificity 0.95: 94.7 % on a half-and-half set, 15.4 % at 1 %.
        let at = |percent| Prevalence::at(percent, Share::new(90, 100), Share::new(95, 100), 6.0).unwrap();
        assert!((at(50.0).precision.unwrap() - 0.9474).abs() < 5e-5);
        assert!((at(1.0).precision.unwrap() - 0.1538).abs() < 5e-5);
        assert!((at(1.0).flags_per_1000 - (9.0 + 49.5)).abs() < 1e-9);
        assert!((at(1.0).missed_per_1000 - 1.0).abs() < 1e-9);
        assert!((at(1.0).hours_per_1000 - 5.85).abs() < 1e-9);
        assert!(at(1.0).precision_lower.unwrap() < 0.1538 && at(1.0).precision_upper.unwrap() > 0.1539);
    }

    #[test]
    fn without_a_class_or_a_flag_there_is_no_precision() {
        assert_eq!(Prevalence::at(1.0, Share::new(0, 0), Share::new(9, 9), 5.0), None);
        assert_eq!(Prevalence::at(1.0, Share::new(0, 9), Share::new(9, 9), 5.0).unwrap().precision, None);
    }
}
