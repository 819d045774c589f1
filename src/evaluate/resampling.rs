//! Figures over the ranking and the probabilities of all rows, with intervals from one pass of the bootstrap.

use serde::Serialize;

use super::rows::Row;
use super::statistics::{Bootstrap, Figure, Ranking, Step, brier, expected_calibration_error, interval};
use super::systems::{Rounds, System};

/// Why there is no interval; how many rows there are is among the notes.
const TOO_FEW: &str = "too few rows for an interval";
/// Shares of the records read, in percent.
pub(super) const READ_PERCENT: [u32; 3] = [1, 5, 10];
/// Recalls at which the band of the precision-recall curve is drawn, in steps of 1 / GRID.
const GRID: usize = 50;

/// Work down the list in the order of the engine's scores.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReadingLoad {
    /// In percent; `None` for the set as it is.
    pub prevalence_percent: Option<f64>,
    /// Recall after the first 1, 5 and 10 % are read, and the most that any order could give.
    pub recall_when_read: Vec<ReadShare>,
    /// Share of records that need not be read, less 0.05, where 95 % of positives are to be found.
    pub work_saved_at_95: Figure,
    /// Mean share of records read when a positive is found.
    pub mean_time_to_discovery: Figure,
}

/// Recall after a share of the records is read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReadShare {
    pub read_percent: u32,
    pub recall: Figure,
    /// Recall of a perfect order.
    pub most: Option<f64>,
}

/// Precision at a recall, with the ends of its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BandPoint {
    pub recall: f64,
    pub lower: f64,
    pub upper: f64,
}

/// Everything that is resampled.
#[derive(Debug, Clone)]
pub(super) struct Resampled {
    /// In the order of the systems.
    pub pr_auc: Vec<Figure>,
    pub roc_auc: Vec<Figure>,
    pub rounds: Vec<Rounds>,
    pub brier: Figure,
    pub ece: Figure,
    pub loads: Vec<ReadingLoad>,
    pub band: Vec<BandPoint>,
    /// Why there are no intervals, where there are none.
    pub why_none: Option<String>,
}

/// What one round makes.
struct Round {
    pr_auc: Vec<f64>,
    roc_auc: Vec<f64>,
    brier: f64,
    ece: f64,
    /// For each prevalence: recalls, work saved, mean time.
    loads: Vec<Vec<f64>>,
    band: Vec<f64>,
}

/// The rows, and what each system thinks of them.
struct Scored<'a> {
    positive: Vec<bool>,
    probabilities: Vec<(bool, f64)>,
    /// Each system's step of every row, and how many steps there are.
    ranks: Vec<(Vec<usize>, usize)>,
    prevalences: &'a [Option<f64>],
}

impl Scored<'_> {
    fn ranking(&self, system: usize, times: Option<&[u32]>) -> Ranking {
        let (ranks, count) = &self.ranks[system];
        let mut steps = vec![Step::default(); *count];
        for (row, (rank, positive)) in ranks.iter().zip(&self.positive).enumerate() {
            steps[*rank].add(*positive, times.map_or(1, |times| u64::from(times[row])));
        }
        Ranking::from_steps(steps)
    }

    fn round(&self, times: Option<&[u32]>) -> Option<Round> {
        let rankings: Vec<Ranking> = (0..self.ranks.len()).map(|system| self.ranking(system, times)).collect();
        let engine = rankings.first()?;
        let drawn: Vec<(bool, f64)> = match times {
            None => self.probabilities.clone(),
            Some(times) => {
                self.probabilities.iter().zip(times).flat_map(|(row, times)| std::iter::repeat_n(*row, *times as usize)).collect()
            }
        };
        let load = |prevalence: &Option<f64>| {
            let weight = match prevalence {
                None => 1.0,
                Some(percent) => engine.weight_at(percent / 100.0)?,
            };
            let mut figures = READ_PERCENT
                .iter()
                .map(|percent| engine.recall_when_read(f64::from(*percent) / 100.0, weight))
                .collect::<Option<Vec<_>>>()?;
            figures.extend([engine.work_saved_at_95(weight)?, engine.mean_time_to_discovery(weight)?]);
            Some(figures)
        };
        Some(Round {
            pr_auc: rankings.iter().map(Ranking::average_precision).collect::<Option<_>>()?,
            roc_auc: rankings.iter().map(Ranking::roc_auc).collect::<Option<_>>()?,
            brier: brier(&drawn, None)?,
            ece: expected_calibration_error(&drawn)?,
            loads: self.prevalences.iter().map(load).collect::<Option<_>>()?,
            band: on_grid(&engine.curve()),
        })
    }
}

/// The precision of the first step that reaches each recall of the grid.
fn on_grid(curve: &[(f64, f64)]) -> Vec<f64> {
    let mut at = 0;
    grid()
        .map(|recall| {
            while at + 1 < curve.len() && curve[at].0 < recall - 1e-12 {
                at += 1;
            }
            curve.get(at).map_or(0.0, |(_, precision)| *precision)
        })
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "a small constant")]
fn grid() -> impl Iterator<Item = f64> {
    (1..=GRID).map(|step| step as f64 / GRID as f64)
}

/// Measures; `prevalences` in percent, `None` for the set as it is.
pub(super) fn resample(rows: &[Row<'_>], systems: &[System], prevalences: &[Option<f64>], rounds: usize, seed: u64) -> Resampled {
    let scored = Scored {
        positive: rows.iter().map(Row::positive).collect(),
        probabilities: rows.iter().map(|row| (row.positive(), row.probability())).collect(),
        ranks: systems.iter().map(|system| Ranking::ranks(&system.scores)).collect(),
        prevalences,
    };
    // Two files may number their courses alike.
    let cluster = |row: &Row<'_>| format!("{}\0{}", row.record.writer, row.record.course.as_deref().unwrap_or(&row.record.id));
    let names: Vec<String> = rows.iter().map(cluster).collect();
    let clusters: Vec<&str> = names.iter().map(String::as_str).collect();
    let bootstrap = Bootstrap::new(&clusters, &scored.positive, rounds, seed);
    let why_none = bootstrap.as_ref().err().cloned();
    let drawn: Vec<Round> = bootstrap.map(|bootstrap| bootstrap.each(|times| scored.round(Some(times)))).unwrap_or_default();
    let figure = |value: Option<f64>, nothing: &str, of: &dyn Fn(&Round) -> f64| match value {
        None => Figure::undefined(nothing),
        Some(value) => match interval(&drawn.iter().map(of).collect::<Vec<_>>()) {
            Some(ends) => Figure::with_interval(value, ends),
            None => Figure::alone(value, TOO_FEW),
        },
    };
    let absent = match (scored.positive.contains(&true), scored.positive.contains(&false)) {
        (false, _) => "no positives",
        (_, false) => "no negatives",
        _ => "no records",
    };
    let rankings: Vec<Ranking> = (0..systems.len()).map(|system| scored.ranking(system, None)).collect();
    let indices = 0..systems.len();
    Resampled {
        pr_auc: indices.clone().map(|i| figure(rankings[i].average_precision(), absent, &|round| round.pr_auc[i])).collect(),
        roc_auc: indices.clone().map(|i| figure(rankings[i].roc_auc(), absent, &|round| round.roc_auc[i])).collect(),
        rounds: indices.map(|i| (!drawn.is_empty()).then(|| drawn.iter().map(|round| round.pr_auc[i]).collect())).collect(),
        brier: figure(brier(&scored.probabilities, None), absent, &|round| round.brier),
        ece: figure(expected_calibration_error(&scored.probabilities), absent, &|round| round.ece),
        loads: prevalences
            .iter()
            .enumerate()
            .map(|(i, prevalence)| {
                load(&rankings, *prevalence, absent, &|value, nothing, at| figure(value, nothing, &|round| round.loads[i][at]))
            })
            .collect(),
        band: band(&drawn),
        why_none,
    }
}

type Intervals<'a> = &'a dyn Fn(Option<f64>, &str, usize) -> Figure;

fn load(rankings: &[Ranking], prevalence: Option<f64>, absent: &str, figure: Intervals<'_>) -> ReadingLoad {
    let engine = rankings.first();
    let weight = match prevalence {
        None => Some(1.0),
        Some(percent) => engine.and_then(|engine| engine.weight_at(percent / 100.0)),
    };
    let of = |value: &dyn Fn(&Ranking, f64) -> Option<f64>| engine.zip(weight).and_then(|(engine, weight)| value(engine, weight));
    let share = |(at, percent): (usize, &u32)| {
        let read = f64::from(*percent) / 100.0;
        ReadShare {
            read_percent: *percent,
            recall: figure(of(&|engine, weight| engine.recall_when_read(read, weight)), absent, at),
            most: of(&|engine, weight| {
                // All positives first, then all negatives.
                let all = engine.totals();
                let perfect = Ranking::from_steps(vec![Step { negatives: 0, ..all }, Step { positives: 0, ..all }]);
                perfect.recall_when_read(read, weight)
            }),
        }
    };
    ReadingLoad {
        prevalence_percent: prevalence,
        recall_when_read: READ_PERCENT.iter().enumerate().map(share).collect(),
        work_saved_at_95: figure(of(&Ranking::work_saved_at_95), absent, READ_PERCENT.len()),
        mean_time_to_discovery: figure(of(&Ranking::mean_time_to_discovery), absent, READ_PERCENT.len() + 1),
    }
}

fn band(drawn: &[Round]) -> Vec<BandPoint> {
    let point = |(at, recall): (usize, f64)| {
        let (lower, upper) = interval(&drawn.iter().map(|round| round.band[at]).collect::<Vec<_>>())?;
        Some(BandPoint { recall, lower, upper })
    };
    grid().enumerate().filter_map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_takes_the_first_step_that_reaches_a_recall() {
        let on_grid = on_grid(&[(0.5, 1.0), (1.0, 0.6)]);
        assert_eq!((on_grid[0], on_grid[24], on_grid[25], on_grid[49]), (1.0, 1.0, 0.6, 0.6));
    }
}
