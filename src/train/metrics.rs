//! The figure by which a fit chooses.

/// Average precision: the mean of the precision at each positive, in the order of falling score; ties count as the worse order.
pub(super) fn average_precision(mut scored: Vec<(bool, f64)>) -> f64 {
    scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let (mut hits, mut sum) = (0.0, 0.0);
    for (rank, (positive, _)) in scored.iter().enumerate() {
        if *positive {
            hits += 1.0;
            #[expect(clippy::cast_precision_loss, reason = "a rank among records")]
            let rank = (rank + 1) as f64;
            sum += hits / rank;
        }
    }
    if hits == 0.0 { 0.0 } else { sum / hits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn average_precision_by_hand() {
        assert_eq!(average_precision(vec![(true, 0.9), (false, 0.8), (true, 0.7)]), (1.0 + 2.0 / 3.0) / 2.0);
        assert_eq!(average_precision(vec![(false, 0.9), (true, 0.9)]), 0.5);
        assert_eq!(average_precision(vec![(false, 0.9)]), 0.0);
    }
}
