//! Tests on two systems that read the same rows.

use super::real;

/// Two-sided exact p of McNemar's test (Psychometrika 12 (1947) 153, with the binomial in the place of the chi-square): of the rows that
/// just one of two systems gets right, `only_first` and `only_second`, each is as likely to fall either way. In 0..=1; 1 without such rows.
pub fn mcnemar_exact(only_first: u64, only_second: u64) -> f64 {
    let n = only_first + only_second;
    let fewer = only_first.min(only_second);
    // Terms in logarithms: n may be in the thousands.
    let mut term = -real(n) * std::f64::consts::LN_2;
    let mut sum = term.exp();
    for k in 1..=fewer {
        term += (real(n - k + 1) / real(k)).ln();
        sum += term.exp();
    }
    (2.0 * sum).min(1.0)
}

/// p values adjusted for being one family, in the order given (Holm, Scand. J. Stat. 6 (1979) 65).
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut adjusted = vec![0.0; p.len()];
    let mut least: f64 = 0.0;
    for (place, &test) in order.iter().enumerate() {
        least = least.max(real((p.len() - place) as u64) * p[test]).min(1.0);
        adjusted[test] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mcnemar_by_hand() {
        // 2 (1 + 10) / 1024; 2 (1 + 6 + 15) / 64; one row tells nothing.
        assert!((mcnemar_exact(1, 9) - 22.0 / 1024.0).abs() < 1e-12);
        assert!((mcnemar_exact(4, 2) - 44.0 / 64.0).abs() < 1e-12);
        assert!((mcnemar_exact(0, 1) - 1.0).abs() < 1e-12);
        assert!((mcnemar_exact(0, 6) - 2.0 / 64.0).abs() < 1e-12);
        assert_eq!(mcnemar_exact(0, 0), 1.0);
        assert_eq!(mcnemar_exact(5, 5), 1.0);
        assert!(mcnemar_exact(0, 3000) < 1e-300 && mcnemar_exact(1500, 1500) == 1.0);
    }

    #[test]
    fn holm_by_hand() {
        let adjusted = holm(&[0.04, 0.01, 0.03]);
        for (found, wanted) in adjusted.iter().zip([0.06, 0.03, 0.06]) {
            assert!((found - wanted).abs() < 1e-12, "{adjusted:?}");
        }
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
    }
}
