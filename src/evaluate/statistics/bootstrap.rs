use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

use super::real;

/// Fewest clusters with a positive, and with a negative, that an interval is drawn from.
const MIN_CLUSTERS: usize = 10;

/// Resampling of records, whole courses at a time (Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapters 8 and 13).
/// Deterministic: round i depends on the seed and i alone.
#[derive(Debug, Clone)]
pub struct Bootstrap {
    clusters: Vec<Vec<usize>>,
    records: usize,
    rounds: usize,
    seed: u64,
}

impl Bootstrap {
    /// `clusters` names the course of each record; records of one name are drawn together. `positive` says of each record whether it is
    /// positive.
    ///
    /// # Errors
    /// In words, where there are too few clusters of a class for an interval.
    pub fn new(clusters: &[&str], positive: &[bool], rounds: usize, seed: u64) -> Result<Self, String> {
        let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (record, name) in clusters.iter().enumerate() {
            by_name.entry(name).or_default().push(record);
        }
        let clusters_of: Vec<Vec<usize>> = by_name.into_values().collect();
        for (class, name) in [(true, "positive"), (false, "negative")] {
            let count = clusters_of.iter().filter(|cluster| cluster.iter().any(|&record| positive[record] == class)).count();
            if count < MIN_CLUSTERS {
                return Err(format!("too few rows for an interval: {count} {name}, at least {MIN_CLUSTERS} wanted"));
            }
        }
        Ok(Self { clusters: clusters_of, records: clusters.len(), rounds, seed })
    }

    /// What `statistic` makes of every round, in order, given how often each record was drawn; rounds for which it is not defined are
    /// left out.
    pub fn each<T: Send>(&self, statistic: impl Fn(&[u32]) -> Option<T> + Sync) -> Vec<T> {
        (0..self.rounds)
            .into_par_iter()
            .map(|round| {
                let mut random = Pcg64Mcg::seed_from_u64(self.seed.wrapping_mul(1_000_003).wrapping_add(round as u64));
                let mut times = vec![0u32; self.records];
                for _ in 0..self.clusters.len() {
                    for &record in &self.clusters[random.random_range(0..self.clusters.len())] {
                        times[record] += 1;
                    }
                }
                statistic(&times)
            })
            .collect::<Vec<_>>()
            .into_iter()
            .flatten()
            .collect()
    }
}

/// The 2.5th and 97.5th percentile of the rounds, interpolated; `None` of none.
pub fn interval(rounds: &[f64]) -> Option<(f64, f64)> {
    let mut sorted = rounds.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let percentile = |share: f64| {
        let place = share * real(last as u64);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
        let below = place.floor() as usize;
        let above = (below + 1).min(last);
        sorted[below] + (sorted[above] - sorted[below]) * (place - place.floor())
    };
    Some((percentile(0.025), percentile(0.975)))
}

/// Two-sided p of a difference being 0, from its rounds: twice the smaller tail, each tail with one round added (Davison & Hinkley,
/// Bootstrap Methods and their Application, 1997, section 4.2). In 0..=1.
pub fn least_two_sided_p(differences: &[f64]) -> f64 {
    let tail = |holds: fn(f64) -> bool| differences.iter().filter(|difference| holds(**difference)).count() as u64 + 1;
    let least = tail(|d| d <= 0.0).min(tail(|d| d >= 0.0));
    (2.0 * real(least) / real(differences.len() as u64 + 1)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_and_tails_by_hand() {
        let rounds: Vec<f64> = (0..=1000).rev().map(f64::from).collect();
        assert_eq!(interval(&rounds), Some((25.0, 975.0)));
        assert_eq!(interval(&[]), None);
        // 4 of 99 rounds at or below 0.
        let differences: Vec<f64> = (0..99).map(|i| f64::from(i) - 3.0).collect();
        assert!((least_two_sided_p(&differences) - 2.0 * 5.0 / 100.0).abs() < 1e-12);
        assert_eq!(least_two_sided_p(&[0.0; 9]), 1.0);
    }

    #[test]
    fn the_interval_of_a_mean_is_the_known_one() {
        // 400 records, half of them positive: the share positive has a standard error of 0.025.
        let positive: Vec<bool> = (0..400).map(|i| i % 2 == 0).collect();
        let names: Vec<String> = (0..400).map(|i| i.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let bootstrap = Bootstrap::new(&names, &positive, 2000, 1).unwrap();
        let share = |times: &[u32]| {
            let hits: u32 = times.iter().zip(&positive).map(|(times, positive)| times * u32::from(*positive)).sum();
            Some(f64::from(hits) / 400.0)
        };
        let (lower, upper) = interval(&bootstrap.each(share)).unwrap();
        assert!((lower - 0.451).abs() < 0.006 && (upper - 0.549).abs() < 0.006, "{lower} {upper}");
        assert_eq!(bootstrap.each(share), bootstrap.each(share));
    }

    #[test]
    fn records_of_a_course_are_drawn_together_and_too_few_are_refused() {
        let names: Vec<String> = (0..80).map(|i| (i / 4).to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let positive: Vec<bool> = (0..80).map(|i| i % 4 == 0).collect();
        let bootstrap = Bootstrap::new(&names, &positive, 50, 1).unwrap();
        let together = bootstrap.each(|times| Some(times.chunks(4).all(|course| course.iter().all(|times| *times == course[0]))));
        assert!(together.len() == 50 && together.into_iter().all(|together| together));
        let why = Bootstrap::new(&names, &[false; 80], 50, 1).unwrap_err();
        assert_eq!(why, "too few rows for an interval: 0 positive, at least 10 wanted");
    }
}
