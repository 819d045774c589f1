//! Whether a probability means what it says.

use serde::Serialize;

use super::share::Z;
use super::{Figure, Share, real};

/// Bins of a reliability table.
const BINS: usize = 10;
/// Newton's method has long settled after so many steps, or never will.
const STEPS: usize = 100;
/// Probabilities nearer to 0 or 1 than this are taken to lie here: they are given to 4 places.
const NEAREST: f64 = 5e-5;

/// Records of like probability.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bin {
    /// Least and highest probability in the bin.
    pub from: f64,
    pub to: f64,
    /// Mean probability.
    pub mean: f64,
    /// How many are positive.
    pub positive: Share,
}

/// The mean squared difference between probability and outcome (0 or 1), each record counted `times`: 0..=1, lower is better. Brier, Mon.
/// Weather Rev. 78 (1950) 1, in the form for two classes. `None` of nothing.
pub fn brier(scored: &[(bool, f64)], times: Option<&[u32]>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0.0);
    for (i, (positive, p)) in scored.iter().enumerate() {
        let weight = times.map_or(1.0, |times| f64::from(times[i]));
        let outcome = f64::from(u8::from(*positive));
        sum += weight * (p - outcome).powi(2);
        count += weight;
    }
    (count > 0.0).then(|| sum / count)
}

/// Ten bins of equally many records, lowest probability first; equal probabilities share a bin, so there may be fewer.
pub fn reliability(scored: &[(bool, f64)]) -> Vec<Bin> {
    let mut sorted = scored.to_vec();
    sorted.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut bins = Vec::new();
    let mut start = 0;
    for bin in 1..=BINS {
        let mut end = (sorted.len() * bin).div_ceil(BINS).max(start);
        while end > start && end < sorted.len() && sorted[end].1 == sorted[end - 1].1 {
            end += 1;
        }
        let rows = &sorted[start..end];
        if let (Some(first), Some(last)) = (rows.first(), rows.last()) {
            let mean = rows.iter().map(|(_, p)| p).sum::<f64>() / real(rows.len() as u64);
            bins.push(Bin { from: first.1, to: last.1, mean, positive: Share::counting(rows.iter().map(|(positive, _)| *positive)) });
        }
        start = end;
    }
    bins
}

/// Expected calibration error over those bins: the mean, over records, of how far the mean probability of a bin lies from its share of
/// positives. 0..=1. Naeini, Cooper & Hauskrecht, AAAI 2015, with bins of equal mass. `None` of nothing.
pub fn expected_calibration_error(scored: &[(bool, f64)]) -> Option<f64> {
    let sum: f64 = reliability(scored).iter().map(|bin| (bin.mean * real(bin.positive.of) - real(bin.positive.count)).abs()).sum();
    (!scored.is_empty()).then(|| sum / real(scored.len() as u64))
}

/// Slope and intercept of calibration.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// 1 is right; below 1 the probabilities are too extreme, above 1 too timid.
    pub slope: Figure,
    /// In log-odds, with the slope held at 1: 0 is right, above 0 the probabilities are too low on the whole.
    pub intercept: Figure,
}

/// The logistic regression of the outcome on the log-odds of the probability (Cox, Biometrika 45 (1958) 562; Van Calster et al., BMC
/// Medicine 17 (2019) 230), with Wald intervals.
pub fn calibration_line(scored: &[(bool, f64)]) -> Line {
    let positives = scored.iter().filter(|(positive, _)| *positive).count();
    if positives == 0 || positives == scored.len() {
        let why = if positives == 0 { "no positives" } else { "no negatives" };
        return Line { slope: Figure::undefined(why), intercept: Figure::undefined(why) };
    }
    let rows: Vec<(f64, f64)> = scored
        .iter()
        .map(|(positive, p)| {
            let p = p.clamp(NEAREST, 1.0 - NEAREST);
            ((p / (1.0 - p)).ln(), f64::from(u8::from(*positive)))
        })
        .collect();
    let slope = if rows.iter().all(|(x, _)| *x == rows[0].0) {
        Figure::undefined("all probabilities are equal")
    } else {
        slope(&rows).unwrap_or_else(|| Figure::undefined("the probabilities part the classes without a fault"))
    };
    Line { slope, intercept: intercept(&rows).unwrap_or_else(|| Figure::undefined("it lies at infinity")) }
}

fn slope(rows: &[(f64, f64)]) -> Option<Figure> {
    let (mut a, mut b) = (0.0, 1.0);
    for _ in 0..STEPS {
        let (mut ga, mut gb, mut haa, mut hab, mut hbb) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (x, y) in rows {
            let p = logistic(a + b * x);
            let w = p * (1.0 - p);
            ga += y - p;
            gb += (y - p) * x;
            haa += w;
            hab += w * x;
            hbb += w * x * x;
        }
        let determinant = haa * hbb - hab * hab;
        if determinant.abs() < 1e-9 || !determinant.is_finite() {
            return None;
        }
        let (da, db) = ((hbb * ga - hab * gb) / determinant, (haa * gb - hab * ga) / determinant);
        // Half steps where the fit would leap.
        let scale = 1.0f64.min(2.0 / da.abs().max(db.abs()).max(1e-12));
        a += scale * da;
        b += scale * db;
        if da.abs().max(db.abs()) < 1e-9 {
            let error = (haa / determinant).sqrt();
            return Some(Figure::with_interval(b, (b - Z * error, b + Z * error)));
        }
        if b.abs() > 100.0 {
            return None;
        }
    }
    None
}

fn intercept(rows: &[(f64, f64)]) -> Option<Figure> {
    let mut a = 0.0;
    for _ in 0..STEPS {
        let (mut gradient, mut curvature) = (0.0, 0.0);
        for (x, y) in rows {
            let p = logistic(a + x);
            gradient += y - p;
            curvature += p * (1.0 - p);
        }
        if curvature < 1e-12 {
            return None;
        }
        let step = (gradient / curvature).clamp(-2.0, 2.0);
        a += step;
        if step.abs() < 1e-9 {
            let error = 1.0 / curvature.sqrt();
            return Some(Figure::with_interval(a, (a - Z * error, a + Z * error)));
        }
    }
    None
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brier_by_hand() {
        let scored = [(true, 0.9), (false, 0.2), (true, 0.4)];
        assert!((brier(&scored, None).unwrap() - (0.01 + 0.04 + 0.36) / 3.0).abs() < 1e-12);
        assert!((brier(&scored, Some(&[2, 0, 1])).unwrap() - (0.02 + 0.36) / 3.0).abs() < 1e-12);
        assert_eq!(brier(&[], None), None);
    }

    #[test]
    fn calibration_error_by_hand() {
        // Twenty records, two a bin: p = 0.05, 0.15 ... 0.95 twice each; one of each two is positive.
        let scored: Vec<(bool, f64)> = (0..20).map(|i| (i % 2 == 0, f64::from(i / 2) / 10.0 + 0.05)).collect();
        assert_eq!(reliability(&scored).len(), 10);
        // |0.05 - 0.5| + ... = 0.45, 0.35, 0.25, 0.15, 0.05 twice: mean 0.25.
        assert!((expected_calibration_error(&scored).unwrap() - 0.25).abs() < 1e-12);
        assert_eq!(expected_calibration_error(&[]), None);
    }

    #[test]
    fn equal_probabilities_share_a_bin() {
        let scored: Vec<(bool, f64)> = (0..100).map(|i| (i < 30, if i < 95 { 0.1 } else { 0.9 })).collect();
        let bins = reliability(&scored);
        assert_eq!(bins.iter().map(|bin| bin.positive.of).collect::<Vec<_>>(), [95, 5]);
        assert!((expected_calibration_error(&scored).unwrap() - ((30.0 - 9.5) + 4.5) / 100.0).abs() < 1e-12);
    }

    #[test]
    fn a_table_of_log_odds_is_found_again() {
        // At p = 0.2 a share of 0.2 is positive, at 0.8 a share of 0.8: slope 1, intercept 0.
        let right: Vec<(bool, f64)> = (0..200).map(|i| if i < 100 { (i < 20, 0.2) } else { (i < 180, 0.8) }).collect();
        let line = calibration_line(&right);
        assert!((line.slope.value.unwrap() - 1.0).abs() < 1e-6 && line.intercept.value.unwrap().abs() < 1e-6, "{line:?}");
        // Said 0.1 and 0.9, where 0.25 and 0.75 are true: slope ln 3 / ln 9.
        let extreme: Vec<(bool, f64)> = (0..200).map(|i| if i < 100 { (i < 25, 0.1) } else { (i < 175, 0.9) }).collect();
        let line = calibration_line(&extreme);
        assert!((line.slope.value.unwrap() - 0.5).abs() < 1e-6 && line.intercept.value.unwrap().abs() < 1e-6, "{line:?}");
        // All say 0.5 and 0.2 are positive: no slope, intercept ln 0.25.
        let flat: Vec<(bool, f64)> = (0..100).map(|i| (i < 20, 0.5)).collect();
        let line = calibration_line(&flat);
        assert!(!line.slope.is_defined() && (line.intercept.value.unwrap() - 0.25f64.ln()).abs() < 1e-6, "{line:?}");
    }

    #[test]
    fn parted_classes_and_an_absent_class_have_no_slope() {
        let parted: Vec<(bool, f64)> = (0..20).map(|i| (i >= 10, f64::from(i) / 20.0 + 0.01)).collect();
        assert!(!calibration_line(&parted).slope.is_defined());
        let line = calibration_line(&[(false, 0.2), (false, 0.3)]);
        assert_eq!(line.slope.note.as_deref(), Some("not defined, no positives"));
    }
}
