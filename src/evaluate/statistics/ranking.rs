use super::real;

/// Records in the order in which they would be read: from the highest score down, those of equal score as one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranking {
    steps: Vec<Step>,
}

/// Records of one score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Step {
    pub positives: u64,
    pub negatives: u64,
}

impl Ranking {
    /// From whether each record is positive, and its score.
    pub fn new(scored: &[(bool, f64)]) -> Self {
        let (ranks, count) = Self::ranks(&scored.iter().map(|(_, score)| *score).collect::<Vec<_>>());
        let mut steps = vec![Step::default(); count];
        for ((positive, _), rank) in scored.iter().zip(ranks) {
            steps[rank].add(*positive, 1);
        }
        Self { steps }
    }

    /// The step that each score belongs to, and how many steps there are; equal scores share one.
    pub fn ranks(scores: &[f64]) -> (Vec<usize>, usize) {
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        let mut ranks = vec![0; scores.len()];
        let mut count = 0;
        for (place, &record) in order.iter().enumerate() {
            if place == 0 || scores[order[place - 1]] != scores[record] {
                count += 1;
            }
            ranks[record] = count - 1;
        }
        (ranks, count)
    }

    /// From steps that were counted elsewhere, highest score first.
    pub fn from_steps(steps: Vec<Step>) -> Self {
        Self { steps }
    }

    /// The steps, highest score first.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// All positives and all negatives.
    pub fn totals(&self) -> Step {
        self.steps.iter().fold(Step::default(), |sum, step| Step {
            positives: sum.positives + step.positives,
            negatives: sum.negatives + step.negatives,
        })
    }

    /// Average precision, the area under the precision-recall curve without interpolation, in 0..=1: the sum over steps of the gain in
    /// recall times the precision there (as scikit-learn's `average_precision_score`). `None` without positives.
    pub fn average_precision(&self) -> Option<f64> {
        let all = self.totals().positives;
        let mut seen = Step::default();
        let mut sum = 0.0;
        for step in &self.steps {
            seen.positives += step.positives;
            seen.negatives += step.negatives;
            if step.positives > 0 {
                sum += real(step.positives) * real(seen.positives) / real(seen.positives + seen.negatives);
            }
        }
        (all > 0).then(|| sum / real(all))
    }

    /// The area under the ROC curve, in 0..=1: the share of pairs of a positive and a negative in the right order, ties counting half
    /// (Mann-Whitney). `None` where a class is absent.
    pub fn roc_auc(&self) -> Option<f64> {
        let all = self.totals();
        let (mut above, mut right) = (0, 0.0);
        for step in &self.steps {
            right += real(step.negatives) * (real(above) + real(step.positives) / 2.0);
            above += step.positives;
        }
        (all.positives > 0 && all.negatives > 0).then(|| right / (real(all.positives) * real(all.negatives)))
    }

    /// Recall and precision after each step.
    pub fn curve(&self) -> Vec<(f64, f64)> {
        let all = real(self.totals().positives.max(1));
        let mut seen = Step::default();
        let after = |step: &Step| {
            seen.positives += step.positives;
            seen.negatives += step.negatives;
            (real(seen.positives) / all, real(seen.positives) / real((seen.positives + seen.negatives).max(1)))
        };
        self.steps.iter().map(after).collect()
    }

    /// The weight of each negative with which the set has `prevalence` (0..1, positives of all): recall and specificity stay, the share of
    /// negatives changes. `None` where a class is absent.
    pub fn weight_at(&self, prevalence: f64) -> Option<f64> {
        let all = self.totals();
        (all.positives > 0 && all.negatives > 0).then(|| real(all.positives) * (1.0 - prevalence) / (prevalence * real(all.negatives)))
    }

    /// Recall after the first `share` (0..=1) of the records is read, each negative counting as `weight` records; within a step records
    /// are read in random order, and this is the expected value. `None` without positives.
    pub fn recall_when_read(&self, share: f64, weight: f64) -> Option<f64> {
        let all = self.totals();
        let mut left = share * (real(all.positives) + weight * real(all.negatives));
        let mut hits = 0.0;
        for step in &self.steps {
            let size = real(step.positives) + weight * real(step.negatives);
            let part = if size > left { left / size } else { 1.0 };
            hits += part * real(step.positives);
            left -= part * size;
            if part < 1.0 {
                break;
            }
        }
        (all.positives > 0).then(|| hits / real(all.positives))
    }

    /// The share of records read, in 0..=1, until `recall` of the positives is found; weights and ties as in
    /// [`recall_when_read`](Self::recall_when_read). `None` without positives.
    pub fn read_until(&self, recall: f64, weight: f64) -> Option<f64> {
        let all = self.totals();
        // The least whole number of positives that is that share; the small number keeps 0.95 x 20 at 19.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most the number of records")]
        let wanted = ((recall * real(all.positives) - 1e-9).ceil() as u64).max(1);
        let (mut found, mut read) = (0, 0.0);
        for step in &self.steps {
            if found + step.positives >= wanted {
                read += place_in_step(*step, wanted - found, weight);
                return Some(read / (real(all.positives) + weight * real(all.negatives)));
            }
            found += step.positives;
            read += real(step.positives) + weight * real(step.negatives);
        }
        None
    }

    /// Work saved over reading in random order at 95 % recall (Cohen et al., J. Am. Med. Inform. Assoc. 13 (2006) 206): the share of
    /// records left unread once 95 % is found, less 0.05. -0.05..=0.95; `None` without positives.
    pub fn work_saved_at_95(&self, weight: f64) -> Option<f64> {
        self.read_until(0.95, weight).map(|read| 1.0 - read - 0.05)
    }

    /// The mean, over the positives, of the share of records read when each is found, in 0..=1; 0.5 for random order. `None` without
    /// positives.
    pub fn mean_time_to_discovery(&self, weight: f64) -> Option<f64> {
        let all = self.totals();
        let (mut sum, mut read) = (0.0, 0.0);
        for step in &self.steps {
            // The mean place within a step is that of its middle positive.
            let middle = (real(step.positives) + 1.0) / 2.0;
            sum += real(step.positives) * (read + middle + weight * real(step.negatives) * middle / (real(step.positives) + 1.0));
            read += real(step.positives) + weight * real(step.negatives);
        }
        (all.positives > 0).then(|| sum / real(all.positives) / (real(all.positives) + weight * real(all.negatives)))
    }
}

impl Step {
    /// Adds a record `times`.
    pub fn add(&mut self, positive: bool, times: u64) {
        if positive {
            self.positives += times;
        } else {
            self.negatives += times;
        }
    }
}

/// How much of a step is read, on average over all orders, when its `wanted`-th positive is found: before it lie as large a part of the
/// negatives as `wanted` is of one more than all positives.
fn place_in_step(step: Step, wanted: u64, weight: f64) -> f64 {
    real(wanted) + weight * real(step.negatives) * real(wanted) / (real(step.positives) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: Option<f64>, wanted: f64) {
        assert!((found.unwrap() - wanted).abs() < 1e-12, "{found:?}, wanted {wanted}");
    }

    /// Positives at ranks 1, 3 and 6 of 10.
    fn ten() -> Ranking {
        let scored: Vec<(bool, f64)> = (1..=10).map(|rank| ([1, 3, 6].contains(&rank), -f64::from(rank))).collect();
        Ranking::new(&scored)
    }

    #[test]
    fn average_precision_by_hand() {
        near(ten().average_precision(), (1.0 + 2.0 / 3.0 + 3.0 / 6.0) / 3.0);
        // scikit-learn's own example: y = 0 0 1 1, scores 0.1 0.4 0.35 0.8 gives 0.83...
        near(Ranking::new(&[(false, 0.1), (false, 0.4), (true, 0.35), (true, 0.8)]).average_precision(), 5.0 / 6.0);
    }

    #[test]
    fn where_all_scores_are_equal_nothing_is_known() {
        let flat = Ranking::new(&[(true, 0.5), (false, 0.5), (false, 0.5), (false, 0.5)]);
        near(flat.average_precision(), 0.25);
        near(flat.roc_auc(), 0.5);
        near(flat.recall_when_read(0.1, 1.0), 0.1);
        // One positive among four stands at place 2.5 on average.
        near(flat.read_until(0.95, 1.0), 2.5 / 4.0);
        near(flat.mean_time_to_discovery(1.0), 2.5 / 4.0);
    }

    #[test]
    fn roc_area_by_hand() {
        // scikit-learn's own example gives 0.75.
        near(Ranking::new(&[(false, 0.1), (false, 0.4), (true, 0.35), (true, 0.8)]).roc_auc(), 0.75);
        // Positives at ranks 1, 3, 6 of 10: negatives below them 7, 6, 4 of 7 each.
        near(ten().roc_auc(), 17.0 / 21.0);
    }

    #[test]
    fn reading_load_by_hand() {
        near(ten().recall_when_read(0.1, 1.0), 1.0 / 3.0);
        near(ten().recall_when_read(0.3, 1.0), 2.0 / 3.0);
        near(ten().recall_when_read(1.0, 1.0), 1.0);
        near(ten().read_until(0.95, 1.0), 0.6);
        near(ten().read_until(0.5, 1.0), 0.3);
        near(ten().work_saved_at_95(1.0), 1.0 - 0.6 - 0.05);
        near(ten().mean_time_to_discovery(1.0), (0.1 + 0.3 + 0.6) / 3.0);
    }

    #[test]
    fn reweighting_is_the_same_as_having_that_many_negatives() {
        // Each of the 7 negatives stands for 21 of them: 3 positives in 150, a prevalence of 2 %.
        let weight = ten().weight_at(0.02).unwrap();
        assert!((weight - 21.0).abs() < 1e-9);
        let mut steps = Vec::new();
        for step in ten().steps() {
            steps.push(Step { positives: step.positives, negatives: step.negatives * 21 });
        }
        let large = Ranking::from_steps(steps);
        for share in [0.01, 0.1, 0.15, 0.5] {
            near(ten().recall_when_read(share, weight), large.recall_when_read(share, 1.0).unwrap());
        }
        near(ten().read_until(0.95, weight), large.read_until(0.95, 1.0).unwrap());
        near(ten().mean_time_to_discovery(weight), large.mean_time_to_discovery(1.0).unwrap());
    }

    #[test]
    fn an_absent_class_has_no_figures() {
        let negatives = Ranking::new(&[(false, 0.2), (false, 0.1)]);
        assert_eq!(negatives.average_precision(), None);
        assert_eq!(negatives.roc_auc(), None);
        assert_eq!(negatives.weight_at(0.02), None);
        assert_eq!(negatives.recall_when_read(0.1, 1.0), None);
        assert_eq!(negatives.work_saved_at_95(1.0), None);
        assert_eq!(negatives.mean_time_to_discovery(1.0), None);
        assert_eq!(Ranking::new(&[]).average_precision(), None);
    }
}
