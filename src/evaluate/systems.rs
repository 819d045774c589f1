//! The engine and its baselines on the same rows, and what a paired test says of each pair.

use serde::Serialize;

use super::baselines::{TfIdf, keyword_score, rules_score};
use super::rows::{Row, to_four_places};
use super::statistics::{Figure, Ranking, Share, Step, holm, interval, least_two_sided_p, mcnemar_exact};
use super::words::places;
use crate::labels::LabelledRecord;

/// A difference with a smaller p counts as shown.
const ALPHA: f64 = 0.05;

/// Something that gives every row a score.
#[derive(Debug, Clone)]
pub(super) struct System {
    pub id: &'static str,
    pub name: &'static str,
    pub scores: Vec<f64>,
    /// What it flags as people use it; `None` for one that has no threshold of its own.
    pub flags: Option<Vec<bool>>,
}

/// A system's figures over all rows.
#[derive(Debug, Clone, Serialize)]
pub struct SystemFigures {
    pub id: &'static str,
    pub name: &'static str,
    pub pr_auc: Figure,
    pub roc_auc: Figure,
    /// As it is used; `None` for one that has no threshold of its own.
    pub as_used: Option<Operating>,
    /// With its threshold set so that it leaves at least as many negatives unflagged as the engine does.
    pub at_engine_specificity: Operating,
}

/// Recall and specificity at one threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Operating {
    pub recall: Share,
    pub specificity: Share,
}

/// The engine against a baseline.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    pub baseline: &'static str,
    pub name: &'static str,
    /// `recall_at_equal_specificity` or `pr_auc`.
    pub figure: &'static str,
    pub engine: f64,
    pub other: f64,
    /// Engine less baseline.
    pub difference: Figure,
    /// Of the positives, those that just the engine, and just the baseline, flags; `None` for `pr_auc`.
    pub only_engine: Option<u64>,
    pub only_baseline: Option<u64>,
    pub test: &'static str,
    pub p: Option<f64>,
    /// Adjusted for all comparisons of the same test.
    pub p_adjusted: Option<f64>,
    /// `better`, `worse`, or `no difference shown`.
    pub verdict: &'static str,
    pub sentence: String,
}

/// The engine first, then the baselines. The bag of words is left out, with the reason, where there is nothing to learn from.
pub(super) fn systems(rows: &[Row<'_>], train: &[LabelledRecord], notes: &mut Vec<String>) -> Vec<System> {
    let of = |score: &dyn Fn(&Row<'_>) -> f64| rows.iter().map(score).collect::<Vec<_>>();
    #[expect(clippy::cast_precision_loss, reason = "a count of words")]
    let keywords = of(&|row| keyword_score(&row.record.narrative) as f64);
    let mut systems = vec![
        System { id: "engine", name: "engine", scores: of(&|row| row.score()), flags: Some(rows.iter().map(Row::flagged).collect()) },
        System {
            id: "keywords",
            name: "keyword search",
            flags: Some(keywords.iter().map(|count| *count >= 1.0).collect()),
            scores: keywords,
        },
        System { id: "rules", name: "rules alone", scores: of(&|row| to_four_places(rules_score(&row.screened.explanation))), flags: None },
    ];
    if train.is_empty() {
        notes.push("the baseline TF-IDF with logistic regression is left out: no training records (--train) to fit it on".to_owned());
        return systems;
    }
    let narratives: Vec<(&str, bool)> = train.iter().map(|record| (record.narrative.as_str(), record.is_positive())).collect();
    match TfIdf::fit(&narratives) {
        Ok(model) => {
            notes.push(format!("TF-IDF with logistic regression was fitted on {} training records, {} terms", train.len(), model.terms()));
            let scores = of(&|row| to_four_places(model.score(&row.record.narrative)));
            systems.insert(2, System { id: "tfidf", name: "TF-IDF with logistic regression", scores, flags: None });
        }
        Err(why) => notes.push(format!("the baseline TF-IDF with logistic regression is left out: {why}")),
    }
    systems
}

/// The rows flagged at the lowest threshold that flags at most `false_alarms` negatives; rows of equal score are flagged together.
pub(super) fn flagged_within(positive: &[bool], scores: &[f64], false_alarms: u64) -> Vec<bool> {
    let (ranks, count) = Ranking::ranks(scores);
    let mut steps = vec![Step::default(); count];
    for (positive, rank) in positive.iter().zip(&ranks) {
        steps[*rank].add(*positive, 1);
    }
    let mut alarms = 0;
    let last = steps.iter().take_while(|step| {
        alarms += step.negatives;
        alarms <= false_alarms
    });
    let flagged = last.count();
    ranks.into_iter().map(|rank| rank < flagged).collect()
}

fn operating(positive: &[bool], flagged: &[bool]) -> Operating {
    let of = |class: bool| positive.iter().zip(flagged).filter(move |(positive, _)| **positive == class);
    Operating {
        recall: Share::counting(of(true).map(|(_, flagged)| *flagged)),
        specificity: Share::counting(of(false).map(|(_, flagged)| !flagged)),
    }
}

/// What the rounds of the bootstrap made of one system's average precision; `None` where there are too few rows.
pub(super) type Rounds = Option<Vec<f64>>;

/// Figures of each system, given the areas under its curves.
pub(super) fn figures(rows: &[Row<'_>], systems: &[System], pr_auc: &[Figure], roc_auc: &[Figure]) -> Vec<SystemFigures> {
    let positive: Vec<bool> = rows.iter().map(Row::positive).collect();
    let alarms = rows.iter().filter(|row| !row.positive() && row.flagged()).count() as u64;
    systems
        .iter()
        .zip(pr_auc.iter().zip(roc_auc))
        .map(|(system, (pr_auc, roc_auc))| SystemFigures {
            id: system.id,
            name: system.name,
            pr_auc: pr_auc.clone(),
            roc_auc: roc_auc.clone(),
            as_used: system.flags.as_ref().map(|flags| operating(&positive, flags)),
            at_engine_specificity: operating(&positive, &flagged_within(&positive, &system.scores, alarms)),
        })
        .collect()
}

/// Every baseline against the engine, by both tests. Empty where a class is absent.
pub(super) fn comparisons(rows: &[Row<'_>], systems: &[System], rounds: &[Rounds]) -> Vec<Comparison> {
    let positive: Vec<bool> = rows.iter().map(Row::positive).collect();
    let Some((engine, baselines)) = systems.split_first() else { return Vec::new() };
    if positive.iter().all(|positive| *positive) || !positive.contains(&true) {
        return Vec::new();
    }
    let engine_flags: Vec<bool> = rows.iter().map(Row::flagged).collect();
    let alarms = |flags: &[bool]| positive.iter().zip(flags).filter(|(positive, flagged)| !**positive && **flagged).count() as u64;
    let mut recalls = Vec::new();
    for baseline in baselines {
        let flags = flagged_within(&positive, &baseline.scores, alarms(&engine_flags));
        recalls.push(recall(baseline, &positive, &engine_flags, &flags, "at the engine's specificity"));
        if let Some(flags) = &baseline.flags {
            // A search has one threshold that people use; the engine is moved to its specificity too.
            let moved = flagged_within(&positive, &engine.scores, alarms(flags));
            recalls.push(recall(baseline, &positive, &moved, flags, "at the search's own specificity"));
        }
    }
    let areas = baselines
        .iter()
        .zip(rounds.iter().skip(1))
        .filter_map(|(baseline, other)| area(baseline, &positive, engine, rounds.first().and_then(Option::as_deref), other.as_deref()));
    let mut areas: Vec<Comparison> = areas.collect();
    for family in [&mut recalls, &mut areas] {
        let p: Vec<f64> = family.iter().filter_map(|comparison| comparison.p).collect();
        let mut adjusted = holm(&p).into_iter();
        for comparison in family.iter_mut().filter(|comparison| comparison.p.is_some()) {
            comparison.p_adjusted = adjusted.next();
        }
        family.iter_mut().for_each(judge);
    }
    recalls.into_iter().chain(areas).collect()
}

fn recall(baseline: &System, positive: &[bool], engine: &[bool], other: &[bool], at: &'static str) -> Comparison {
    let only = |one: &[bool], two: &[bool]| {
        positive.iter().zip(one.iter().zip(two)).filter(|(positive, (one, two))| **positive && **one && !**two).count() as u64
    };
    let (only_engine, only_baseline) = (only(engine, other), only(other, engine));
    let value = |flags: &[bool]| operating(positive, flags).recall.value().unwrap_or(0.0);
    let (engine, other) = (value(engine), value(other));
    Comparison {
        baseline: baseline.id,
        name: baseline.name,
        figure: "recall_at_equal_specificity",
        engine,
        other,
        difference: Figure { value: Some(engine - other), ..Figure::default() },
        only_engine: Some(only_engine),
        only_baseline: Some(only_baseline),
        test: "McNemar, exact, two-sided",
        p: Some(mcnemar_exact(only_engine, only_baseline)),
        p_adjusted: None,
        verdict: "",
        sentence: at.to_owned(),
    }
}

fn area(baseline: &System, positive: &[bool], engine: &System, mine: Option<&[f64]>, other: Option<&[f64]>) -> Option<Comparison> {
    let value = |system: &System| {
        Ranking::new(&positive.iter().copied().zip(system.scores.iter().copied()).collect::<Vec<_>>()).average_precision()
    };
    let (engine_value, other_value) = (value(engine)?, value(baseline)?);
    let difference = engine_value - other_value;
    let differences: Option<Vec<f64>> = mine.zip(other).map(|(mine, other)| mine.iter().zip(other).map(|(a, b)| a - b).collect());
    let difference = match differences.as_deref().and_then(interval) {
        Some(ends) => Figure::with_interval(difference, ends),
        None => Figure::alone(difference, "too few rows for an interval"),
    };
    Some(Comparison {
        baseline: baseline.id,
        name: baseline.name,
        figure: "pr_auc",
        engine: engine_value,
        other: other_value,
        difference,
        only_engine: None,
        only_baseline: None,
        test: "paired bootstrap, two-sided",
        p: differences.as_deref().map(least_two_sided_p),
        p_adjusted: None,
        verdict: "",
        sentence: String::new(),
    })
}

/// Better or worse only where the test says so.
fn judge(comparison: &mut Comparison) {
    let shown = comparison.p_adjusted.is_some_and(|p| p < ALPHA);
    let difference = comparison.difference.value.unwrap_or(0.0);
    comparison.verdict = match (shown, difference > 0.0) {
        (true, true) => "better",
        (true, false) => "worse",
        (false, _) => "no difference shown",
    };
    let p = comparison
        .p_adjusted
        .map_or("no test: too few rows".to_owned(), |p| if p < 0.001 { "p < 0.001".to_owned() } else { format!("p = {p:.3}") });
    let what = match comparison.figure {
        "pr_auc" => "precision-recall area".to_owned(),
        _ => format!("recall {}", comparison.sentence),
    };
    let verdict = match comparison.verdict {
        "better" => "the engine is better",
        "worse" => "the engine is worse",
        _ => "no difference is shown",
    };
    let ends = match (comparison.difference.lower, comparison.difference.upper) {
        (Some(lower), Some(upper)) => format!(", difference {} ({}\u{2013}{})", places(difference), places(lower), places(upper)),
        _ => String::new(),
    };
    comparison.sentence = format!(
        "{what}: engine {:.3}, {} {:.3}{ends}; {verdict} ({p}, {})",
        comparison.engine, comparison.name, comparison.other, comparison.test
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(id: &'static str, scores: &[f64]) -> System {
        System { id, name: id, scores: scores.to_vec(), flags: None }
    }

    #[test]
    fn a_threshold_flags_ties_together_and_keeps_within_the_false_alarms() {
        let positive = [true, false, true, false, true];
        let scores = [5.0, 4.0, 4.0, 3.0, 2.0];
        assert_eq!(flagged_within(&positive, &scores, 0), [true, false, false, false, false]);
        assert_eq!(flagged_within(&positive, &scores, 1), [true, true, true, false, false]);
        assert_eq!(flagged_within(&positive, &scores, 2), [true; 5]);
        assert_eq!(flagged_within(&positive, &[1.0; 5], 1), [false; 5]);
    }

    #[test]
    fn recall_is_compared_on_the_positives_that_one_of_two_finds() {
        let positive = [true, true, true, false];
        let engine = [true, true, false, false];
        let other = [false, true, true, true];
        let compared = recall(&system("x", &[0.0; 4]), &positive, &engine, &other, "at");
        assert_eq!((compared.only_engine, compared.only_baseline, compared.p), (Some(1), Some(1), Some(1.0)));
        assert!((compared.engine - 2.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn better_is_said_only_where_the_test_says_so() {
        let mut compared = recall(&system("x", &[0.0; 1]), &[true], &[true], &[false], "at the engine's specificity");
        compared.p_adjusted = Some(0.2);
        judge(&mut compared);
        assert_eq!(compared.verdict, "no difference shown");
        compared.p_adjusted = Some(0.01);
        judge(&mut compared);
        assert_eq!(compared.verdict, "better");
        compared.difference.value = Some(-0.1);
        judge(&mut compared);
        assert_eq!(compared.verdict, "worse");
    }
}
