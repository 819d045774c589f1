//! How linkage and the grading of courses do on records whose courses are labelled: pairs and B-cubed at three levels, courses that no
//! record gives away, false alarms by kind, and risk.
//!
//! A labelled course is answered by the predicted courses of the standard level that are mostly its own: at least two of its records, and
//! more of its records than of any other's. Where several answer, the worst flag and tier count, as they would for a reader.

use std::collections::BTreeMap;

use serde::Serialize;

use super::statistics::{Figure, Share, real};
use crate::domain::{Flag, RiskTier, ScreenedRecord};
use crate::labels::LabelledRecord;
use crate::linkage::LinkLevel;
use crate::pipeline::GradedCourses;

/// Tiers in order, for the weighted kappa.
const TIERS: [RiskTier; 4] = [RiskTier::None, RiskTier::Standard, RiskTier::Medium, RiskTier::High];

/// Everything measured about courses.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CourseFigures {
    /// Labelled courses, and how many of them are stalking.
    pub courses: u64,
    pub stalking: u64,
    /// Strict, standard, loose.
    pub levels: Vec<LevelFigures>,
    /// Stalking courses whose flag is likely; likely or possible.
    pub recall_likely: Share,
    pub recall: Share,
    /// The same of stalking courses none of whose records the engine flags.
    pub unseen_recall_likely: Share,
    pub unseen_recall: Share,
    /// The same of stalking courses none of whose records is labelled likely.
    pub hidden_recall_likely: Share,
    pub hidden_recall: Share,
    /// Courses that are not stalking and are flagged likely.
    pub false_likely: Share,
    /// By kind of course: flagged likely, flagged at all.
    pub kinds: Vec<KindFigures>,
    /// Quadratic weights.
    pub risk_kappa: Figure,
    /// Rows are labels, columns the engine's, each none, standard, medium, high.
    pub risk: [[u64; 4]; 4],
    /// Predicted courses of the standard level mostly of records without a labelled course, and how many of them are flagged likely.
    pub unlabelled: Share,
    /// Labelled courses that were answered wrongly or not: id, and what is wrong.
    pub faults: Vec<(String, String)>,
    pub link_notes: Vec<String>,
}

/// How well the courses of one level agree with the labelled ones.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LevelFigures {
    pub level: &'static str,
    /// Of predicted pairs of records, those of one labelled course.
    pub pair_precision: Share,
    /// Of pairs of one labelled course, those predicted.
    pub pair_recall: Share,
    pub pair_f1: Option<f64>,
    pub b_cubed_precision: f64,
    pub b_cubed_recall: f64,
    pub b_cubed_f1: f64,
}

/// Flags of one kind of course.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KindFigures {
    pub kind: String,
    pub likely: Share,
    pub flagged: Share,
}

struct Labelled<'a> {
    id: &'a str,
    kind: &'a str,
    is_stalking: bool,
    risk: Option<RiskTier>,
    members: Vec<usize>,
}

/// Measures; `None` where no record has a labelled course. `screened` and `run` are of `records`, in their order.
pub(super) fn courses(records: &[LabelledRecord], screened: &[ScreenedRecord], run: &GradedCourses) -> Option<CourseFigures> {
    let labelled = labelled(records);
    if labelled.is_empty() {
        return None;
    }
    let truth: Vec<Option<usize>> = {
        let mut truth = vec![None; records.len()];
        for (course, labelled) in labelled.iter().enumerate() {
            labelled.members.iter().for_each(|at| truth[*at] = Some(course));
        }
        truth
    };
    let levels =
        LinkLevel::ALL.into_iter().zip(&run.linked.levels).map(|(level, clusters)| level_figures(level, &truth, clusters)).collect();
    let answers = answers(&truth, labelled.len(), run);
    let flag = |course: usize| answers[course].iter().map(|(flag, _)| *flag).max().unwrap_or(Flag::None);
    let worst_record = |course: &Labelled<'_>| course.members.iter().map(|at| screened[*at].risk).max().unwrap_or(RiskTier::None);
    let risk = |course: usize| answers[course].iter().map(|(_, risk)| *risk).max().unwrap_or_else(|| worst_record(&labelled[course]));
    let stalking: Vec<usize> = (0..labelled.len()).filter(|course| labelled[*course].is_stalking).collect();
    let others: Vec<usize> = (0..labelled.len()).filter(|course| !labelled[*course].is_stalking).collect();
    let is_unseen = |course: &usize| labelled[*course].members.iter().all(|at| screened[*at].flag == Flag::None);
    let is_hidden = |course: &usize| labelled[*course].members.iter().all(|at| records[*at].label != crate::labels::Label::Likely);
    let share = |of: &[usize], least: Flag| Share::counting(of.iter().map(|course| flag(*course) >= least));
    let (unseen, hidden): (Vec<usize>, Vec<usize>) =
        (stalking.iter().copied().filter(is_unseen).collect(), stalking.iter().copied().filter(is_hidden).collect());
    let mut table = [[0u64; 4]; 4];
    for (course, label) in labelled.iter().enumerate() {
        if let Some(label) = label.risk {
            table[label as usize][risk(course) as usize] += 1;
        }
    }
    let mut by_kind: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (course, label) in labelled.iter().enumerate() {
        by_kind.entry(label.kind).or_default().push(course);
    }
    let faults =
        labelled.iter().enumerate().filter_map(|(course, label)| Some((label.id.to_owned(), fault(label, flag(course), risk(course))?)));
    Some(CourseFigures {
        courses: labelled.len() as u64,
        stalking: stalking.len() as u64,
        levels,
        recall_likely: share(&stalking, Flag::Likely),
        recall: share(&stalking, Flag::Possible),
        unseen_recall_likely: share(&unseen, Flag::Likely),
        unseen_recall: share(&unseen, Flag::Possible),
        hidden_recall_likely: share(&hidden, Flag::Likely),
        hidden_recall: share(&hidden, Flag::Possible),
        false_likely: share(&others, Flag::Likely),
        kinds: by_kind
            .into_iter()
            .map(|(kind, of)| KindFigures { kind: kind.to_owned(), likely: share(&of, Flag::Likely), flagged: share(&of, Flag::Possible) })
            .collect(),
        risk_kappa: weighted_kappa(&table),
        risk: table,
        unlabelled: unlabelled(&truth, run),
        faults: faults.collect(),
        link_notes: run.linked.report.notes.clone(),
    })
}

fn labelled(records: &[LabelledRecord]) -> Vec<Labelled<'_>> {
    let mut by_id: BTreeMap<&str, Labelled<'_>> = BTreeMap::new();
    for (at, record) in records.iter().enumerate() {
        let (Some(id), Some(label)) = (&record.course, &record.course_label) else { continue };
        let course = Labelled { id, kind: &label.kind, is_stalking: label.is_stalking, risk: label.risk, members: Vec::new() };
        by_id.entry(id).or_insert(course).members.push(at);
    }
    by_id.into_values().collect()
}

fn fault(label: &Labelled<'_>, flag: Flag, risk: RiskTier) -> Option<String> {
    if label.is_stalking && flag != Flag::Likely {
        return Some(format!("stalking, flagged {}", flag.name()));
    }
    if !label.is_stalking && flag == Flag::Likely {
        return Some(format!("{}, flagged likely", label.kind));
    }
    let off = label.risk.is_some_and(|wanted| (wanted as usize).abs_diff(risk as usize) > 1);
    off.then(|| format!("risk {}, wanted {}", risk.name(), label.risk.map_or("none", RiskTier::name)))
}

/// Flag and tier of the predicted courses that are mostly each labelled course's own.
fn answers(truth: &[Option<usize>], courses: usize, run: &GradedCourses) -> Vec<Vec<(Flag, RiskTier)>> {
    let mut answers = vec![Vec::new(); courses];
    for graded in run.courses.iter().filter(|graded| graded.course.at_levels[1]) {
        if let Some((course, _)) = mostly(truth, &graded.course.members).filter(|(_, count)| *count > 1) {
            answers[course].push((graded.assessment.flag, graded.assessment.risk));
        }
    }
    answers
}

/// The labelled course with most of the records, and how many; `None` where records without one are more.
fn mostly(truth: &[Option<usize>], members: &[usize]) -> Option<(usize, usize)> {
    let mut counts: BTreeMap<Option<usize>, usize> = BTreeMap::new();
    for at in members {
        *counts.entry(truth[*at]).or_default() += 1;
    }
    let (course, count) = counts.into_iter().max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0)))?;
    Some((course?, count))
}

fn unlabelled(truth: &[Option<usize>], run: &GradedCourses) -> Share {
    let of_none = run.courses.iter().filter(|graded| graded.course.at_levels[1] && mostly(truth, &graded.course.members).is_none());
    Share::counting(of_none.map(|graded| graded.assessment.flag == Flag::Likely))
}

fn level_figures(level: LinkLevel, truth: &[Option<usize>], clusters: &[Vec<usize>]) -> LevelFigures {
    // A record without a course, labelled or predicted, is one by itself.
    let mut predicted: Vec<usize> = (0..truth.len()).map(|at| clusters.len() + at).collect();
    for (cluster, members) in clusters.iter().enumerate() {
        members.iter().for_each(|at| predicted[*at] = cluster);
    }
    let mut labelled_sizes: BTreeMap<usize, u64> = BTreeMap::new();
    let mut predicted_sizes: BTreeMap<usize, u64> = BTreeMap::new();
    let mut shared: BTreeMap<(usize, usize), u64> = BTreeMap::new();
    for at in 0..truth.len() {
        let course = truth[at].unwrap_or(truth.len() + at);
        *labelled_sizes.entry(course).or_default() += 1;
        *predicted_sizes.entry(predicted[at]).or_default() += 1;
        *shared.entry((predicted[at], course)).or_default() += 1;
    }
    let pairs = |count: u64| count * count.saturating_sub(1) / 2;
    let together: u64 = shared.values().map(|count| pairs(*count)).sum();
    let (said, wanted): (u64, u64) =
        (predicted_sizes.values().map(|count| pairs(*count)).sum(), labelled_sizes.values().map(|count| pairs(*count)).sum());
    let records = real(truth.len() as u64);
    let (mut precision, mut recall) = (0.0, 0.0);
    for ((cluster, course), count) in &shared {
        let count = real(*count);
        precision += count * count / real(predicted_sizes[cluster]) / records;
        recall += count * count / real(labelled_sizes[course]) / records;
    }
    LevelFigures {
        level: level.name(),
        pair_precision: Share::new(together, said),
        pair_recall: Share::new(together, wanted),
        pair_f1: (said + wanted > 0).then(|| 2.0 * real(together) / real(said + wanted)),
        b_cubed_precision: precision,
        b_cubed_recall: recall,
        b_cubed_f1: 2.0 * precision * recall / (precision + recall),
    }
}

/// Cohen's kappa with quadratic weights over the four tiers; undefined where labels and answers are all of one tier. Cohen, Psychol. Bull.
/// 70 (1968) 213.
fn weighted_kappa(table: &[[u64; 4]; 4]) -> Figure {
    let total: u64 = table.iter().flatten().sum();
    let rows: Vec<f64> = table.iter().map(|row| real(row.iter().sum())).collect();
    let columns: Vec<f64> = (0..TIERS.len()).map(|column| real(table.iter().map(|row| row[column]).sum())).collect();
    let (mut seen, mut expected) = (0.0, 0.0);
    for i in 0..TIERS.len() {
        for j in 0..TIERS.len() {
            let weight = real((i.abs_diff(j) * i.abs_diff(j)) as u64);
            seen += weight * real(table[i][j]);
            expected += weight * rows[i] * columns[j] / real(total.max(1));
        }
    }
    if expected > 0.0 { Figure::alone(1.0 - seen / expected, "") } else { Figure::undefined("all tiers are one".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_and_b_cubed_as_worked_by_hand() {
        // Labelled: {0, 1, 2}, {3, 4}, 5 alone. Predicted: {0, 1}, {2, 3, 4}.
        let truth = [Some(0), Some(0), Some(0), Some(1), Some(1), None];
        let figures = level_figures(LinkLevel::Standard, &truth, &[vec![0, 1], vec![2, 3, 4]]);
        assert_eq!((figures.pair_precision, figures.pair_recall), (Share::new(2, 4), Share::new(2, 4)));
        // Precision by record: 1, 1, 1/3, 2/3, 2/3, 1; recall: 2/3, 2/3, 1/3, 1, 1, 1.
        assert!((figures.b_cubed_precision - (14.0 / 3.0) / 6.0).abs() < 1e-12);
        assert!((figures.b_cubed_recall - (14.0 / 3.0) / 6.0).abs() < 1e-12);
    }

    #[test]
    fn kappa_is_one_for_agreement_nothing_for_chance_and_less_the_further_off() {
        let of = |cells: &[(usize, usize, u64)]| {
            let mut table = [[0; 4]; 4];
            cells.iter().for_each(|(label, said, count)| table[*label][*said] = *count);
            weighted_kappa(&table).value
        };
        assert_eq!(of(&[(0, 0, 5), (3, 3, 5)]), Some(1.0));
        assert_eq!(of(&[(0, 0, 5), (0, 3, 5), (3, 0, 5), (3, 3, 5)]), Some(0.0));
        assert!(of(&[(0, 0, 5), (3, 3, 5), (2, 3, 2)]) > of(&[(0, 0, 5), (3, 3, 5), (2, 0, 2)]));
        assert_eq!(of(&[(1, 1, 5)]), None);
    }
}
