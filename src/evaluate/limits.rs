//! What must hold: limits on named figures, from a TOML file.
//!
//! ```toml
//! [[limit]]
//! figure = "recall_likely"
//! at_least = 0.96
//! ```

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::resampling::{READ_PERCENT, ReadingLoad};
use super::statistics::Figure;
use super::{CourseFigures, Evaluation};
use crate::error::{Error, Result};

/// The prevalences, in percent, at which reading load and precision have figures of a name.
pub(super) const NAMED_PERCENT: [f64; 4] = [0.5, 1.0, 2.0, 5.0];

/// A checked limits file: every figure is known, every limit has a bound.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    limits: Vec<Limit>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    limit: Vec<Limit>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    figure: String,
    at_least: Option<f64>,
    at_most: Option<f64>,
}

/// A limit beside the figure it is on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checked {
    pub figure: String,
    /// `None` where the figure is not defined, which misses the limit: what cannot be shown does not hold.
    pub value: Option<f64>,
    pub at_least: Option<f64>,
    pub at_most: Option<f64>,
    pub holds: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Limits {
    /// Reads and checks a limits file.
    ///
    /// # Errors
    /// [`Error::Usage`] with every fault: a file that does not parse, a figure that does not exist, a limit without a bound.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| Error::Usage(format!("limits {}: {error}", path.display())))?;
        Self::parse(&text).map_err(|fault| Error::Usage(format!("limits {}: {fault}", path.display())))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        let known = names();
        let mut faults = Vec::new();
        for limit in &file.limit {
            if !known.contains(&limit.figure) {
                faults.push(format!("no figure is called {:?}", limit.figure));
            }
            if limit.at_least.is_none() && limit.at_most.is_none() {
                faults.push(format!("{}: a limit wants at_least or at_most", limit.figure));
            }
        }
        if file.limit.is_empty() {
            faults.push("there is no [[limit]] in it".to_owned());
        }
        if faults.is_empty() {
            return Ok(Self { limits: file.limit });
        }
        let list = if faults.iter().any(|fault| fault.starts_with("no figure")) {
            format!("\nthe figures are {}", known.join(", "))
        } else {
            String::new()
        };
        Err(faults.join("; ") + &list)
    }

    /// Each limit beside its figure, in the order of the file.
    pub fn check(&self, evaluation: &Evaluation) -> Vec<Checked> {
        self.limits
            .iter()
            .map(|limit| {
                let figure = figure(evaluation, &limit.figure);
                // As printed: a figure that reads the same as its bound keeps it.
                let value = figure.value.map(|value| (value * 1e4).round() / 1e4);
                let holds = value.is_some_and(|value| {
                    limit.at_least.is_none_or(|bound| value >= bound) && limit.at_most.is_none_or(|bound| value <= bound)
                });
                Checked {
                    figure: limit.figure.clone(),
                    value,
                    at_least: limit.at_least,
                    at_most: limit.at_most,
                    holds,
                    note: if value.is_none() { figure.note } else { None },
                }
            })
            .collect()
    }
}

impl Checked {
    /// The limit and the figure in words.
    pub fn sentence(&self) -> String {
        let bounds: Vec<String> =
            [self.at_least.map(|bound| format!("at least {bound}")), self.at_most.map(|bound| format!("at most {bound}"))]
                .into_iter()
                .flatten()
                .collect();
        let value = self.value.map_or_else(|| self.note.clone().unwrap_or_else(|| "not defined".to_owned()), |value| format!("{value:.4}"));
        format!("{}: {value}, wanted {}", self.figure, bounds.join(" and "))
    }
}

/// The error for limits that do not hold, if any does not.
///
/// # Errors
/// [`Error::LimitsMissed`] with each of them.
pub fn all_hold(checked: &[Checked]) -> Result<()> {
    let missed: Vec<String> = checked.iter().filter(|limit| !limit.holds).map(Checked::sentence).collect();
    if missed.is_empty() { Ok(()) } else { Err(Error::LimitsMissed { missed, of: checked.len() }) }
}

/// Shares with a Wilson interval, whose ends have names too.
const SHARES: [&str; 9] = [
    "recall_likely",
    "recall_possible",
    "recall",
    "recall_overt",
    "recall_disguised",
    "specificity",
    "specificity_hardneg",
    "specificity_ordinary",
    "precision",
];
/// The least precision-recall area of a writer; without an interval.
const WORST_WRITER: &str = "pr_auc_worst_writer";
const OTHERS: [&str; 8] =
    ["pr_auc", "roc_auc", "brier", "ece", "calibration_slope", "calibration_intercept", "work_saved_at_95", "mean_time_to_discovery"];
const FINDINGS: [&str; 3] = ["finding_precision", "finding_recall", "set_aside_counted"];
/// Of labelled courses, at the standard level; without an interval.
const COURSES: [&str; 8] = [
    "course_pair_precision",
    "course_pair_recall",
    "course_b_cubed_f1",
    "course_recall_likely",
    "course_unseen_recall",
    "course_hidden_recall",
    "course_false_likely",
    "course_risk_kappa",
];
const FLIPS: [&str; 3] = ["counterfactual_flips", "counterfactual_flips_sexes", "counterfactual_flips_origins"];

/// The name of every figure that a limit can be on.
pub(super) fn names() -> Vec<String> {
    let mut names: Vec<String> = SHARES.iter().chain(&OTHERS).chain(&FINDINGS).chain(&FLIPS).map(|name| (*name).to_owned()).collect();
    names.extend(READ_PERCENT.map(|percent| format!("recall_at_{percent}_percent_read")));
    for at in NAMED_PERCENT.map(at_percent) {
        names.extend(READ_PERCENT.map(|percent| format!("recall_at_{percent}_percent_read{at}")));
        names.extend(["work_saved_at_95", "mean_time_to_discovery", "precision", "flags_per_1000"].map(|name| format!("{name}{at}")));
    }
    let ends: Vec<String> = names
        .iter()
        .filter(|name| !name.starts_with("flags_per_1000") && *name != "calibration_slope" && *name != "calibration_intercept")
        .flat_map(|name| [format!("{name}_lower"), format!("{name}_upper")])
        .collect();
    names.extend(ends);
    names.push(WORST_WRITER.to_owned());
    names.extend(COURSES.map(str::to_owned));
    names
}

/// `_at_0.5_percent` and the like.
fn at_percent(percent: f64) -> String {
    format!("_at_{percent}_percent")
}

/// The figure of that name; not defined where there is none.
pub(super) fn figure(evaluation: &Evaluation, name: &str) -> Figure {
    let (stem, end) = match (name.strip_suffix("_lower"), name.strip_suffix("_upper")) {
        (Some(stem), _) => (stem, Some(true)),
        (_, Some(stem)) => (stem, Some(false)),
        _ => (name, None),
    };
    let found = plain(evaluation, stem).unwrap_or_else(|| Figure::undefined("not measured"));
    let Some(is_lower) = end else { return found };
    match if is_lower { found.lower } else { found.upper } {
        Some(value) => Figure { value: Some(value), ..Figure::default() },
        None => Figure { value: None, ..found },
    }
}

fn plain(evaluation: &Evaluation, name: &str) -> Option<Figure> {
    if let Some(figure) = evaluation.shares.figure(name) {
        return Some(figure);
    }
    if COURSES.contains(&name) {
        return evaluation.courses.as_ref().and_then(|courses| of_courses(courses, name));
    }
    let counterfactual = |at: usize| Some(evaluation.counterfactual.changes.get(at)?.flips.figure("records that can be told of others"));
    match name {
        "pr_auc" => return Some(evaluation.systems.first()?.pr_auc.clone()),
        "roc_auc" => return Some(evaluation.systems.first()?.roc_auc.clone()),
        "brier" => return Some(evaluation.calibration.brier.clone()),
        "ece" => return Some(evaluation.calibration.ece.clone()),
        "calibration_slope" => return Some(evaluation.calibration.line.slope.clone()),
        "calibration_intercept" => return Some(evaluation.calibration.line.intercept.clone()),
        "finding_precision" => return Some(evaluation.findings.all.precision.figure("counted findings in records with evidence")),
        "finding_recall" => return Some(evaluation.findings.all.recall.figure("quotes of evidence")),
        "set_aside_counted" => return Some(evaluation.findings.set_aside_counted.figure("quotes to set aside")),
        "counterfactual_flips" => return Some(evaluation.counterfactual.flips.figure("records that can be told of others")),
        WORST_WRITER => return Some(worst_writer(evaluation)),
        "counterfactual_flips_sexes" => return counterfactual(0),
        "counterfactual_flips_origins" => return counterfactual(1),
        _ => {}
    }
    let at = NAMED_PERCENT.into_iter().find(|percent| name.ends_with(&at_percent(*percent)));
    let stem = at.map_or(name, |percent| name.trim_end_matches(&at_percent(percent)));
    let row = at.and_then(|percent| evaluation.prevalence.iter().find(|row| row.percent == percent));
    match stem {
        "precision" => {
            let row = row?;
            let figure = Figure { value: row.precision, lower: row.precision_lower, upper: row.precision_upper, note: None };
            Some(if row.precision.is_some() { figure } else { Figure::undefined("nothing would be flagged") })
        }
        "flags_per_1000" => Some(Figure { value: Some(row?.flags_per_1000), ..Figure::default() }),
        _ => of_load(evaluation.reading_load.iter().find(|load| load.prevalence_percent == at)?, stem),
    }
}

fn of_courses(courses: &CourseFigures, name: &str) -> Option<Figure> {
    let standard = courses.levels.iter().find(|level| level.level == "standard")?;
    Some(match name {
        "course_pair_precision" => standard.pair_precision.figure("linked pairs"),
        "course_pair_recall" => standard.pair_recall.figure("pairs of one course"),
        "course_b_cubed_f1" => Figure { value: Some(standard.b_cubed_f1), ..Figure::default() },
        "course_recall_likely" => courses.recall_likely.figure("stalking courses"),
        "course_unseen_recall" => courses.unseen_recall.figure("stalking courses without a flagged record"),
        "course_hidden_recall" => courses.hidden_recall.figure("stalking courses without a record labelled likely"),
        "course_false_likely" => courses.false_likely.figure("courses that are not stalking"),
        _ => courses.risk_kappa.clone(),
    })
}

fn worst_writer(evaluation: &Evaluation) -> Figure {
    let writers = evaluation.partings.iter().filter(|parting| parting.by == "writer").flat_map(|parting| &parting.parts);
    let least = writers.filter_map(|part| part.pr_auc).min_by(f64::total_cmp);
    least.map_or_else(|| Figure::undefined("no writer has ten of each class"), |least| Figure { value: Some(least), ..Figure::default() })
}

fn of_load(load: &ReadingLoad, name: &str) -> Option<Figure> {
    match name {
        "work_saved_at_95" => Some(load.work_saved_at_95.clone()),
        "mean_time_to_discovery" => Some(load.mean_time_to_discovery.clone()),
        _ => load
            .recall_when_read
            .iter()
            .find(|read| name == format!("recall_at_{}_percent_read", read.read_percent))
            .map(|read| read.recall.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limits_file_names_figures_and_bounds() {
        let limits = Limits::parse("[[limit]]\nfigure = \"recall_likely_lower\"\nat_least = 0.93\n").unwrap();
        assert_eq!(limits.limits.len(), 1);
        let fault = Limits::parse("[[limit]]\nfigure = \"recal\"\nat_least = 0.9\n[[limit]]\nfigure = \"ece\"\n").unwrap_err();
        assert!(fault.contains("no figure is called \"recal\"") && fault.contains("ece: a limit wants"), "{fault}");
        assert!(fault.contains("recall_at_10_percent_read_at_2_percent"), "{fault}");
        assert!(Limits::parse("").is_err());
        assert!(Limits::parse("[[limit]]\nfigure = \"ece\"\nmost = 1.0\n").is_err());
    }

    #[test]
    fn missed_limits_are_named_with_figure_and_bound() {
        let checked =
            Checked { figure: "ece".to_owned(), value: Some(0.051), at_least: None, at_most: Some(0.04), holds: false, note: None };
        let error = all_hold(std::slice::from_ref(&checked)).unwrap_err();
        assert_eq!(error.exit_code(), 4);
        assert_eq!(error.to_string(), "1 of 1 limits missed:\n  ece: 0.0510, wanted at most 0.04");
        assert!(all_hold(&[Checked { holds: true, ..checked }]).is_ok());
    }
}
