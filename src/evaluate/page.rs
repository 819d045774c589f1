//! `evaluation.html`: one page that needs nothing else. Templates escape what they are given; this module decides what is said.

use askama::Template;

use super::statistics::Share;
use super::words::{apart, both, counts, ends, percent, places, prevalence, share, share_apart, value};
use super::{Checked, Comparison, Evaluated, Evaluation, Fault, IndicatorFigures, Parting, pictures};
use crate::error::{Error, Result};
use crate::report::text::{one_line, visible};
use crate::report::{DECIDES_NOTHING, MARKING, Mark, Piece, pieces};

/// Kinds of case on the page; `metrics.json` has all.
const MAX_KINDS: usize = 40;

#[derive(Template)]
#[template(path = "evaluation.html", config = "src/evaluate/askama.toml")]
struct Page<'a> {
    marking: &'static str,
    decides_nothing: &'static str,
    version: &'static str,
    summary: String,
    notes: &'a [String],
    headline: Vec<Headline>,
    limits: Vec<(bool, String)>,
    figures: Vec<[String; 4]>,
    systems: Vec<SystemRow>,
    comparisons: &'a [Comparison],
    precision_recall: String,
    has_band: bool,
    reading: String,
    calibration: String,
    confusion: String,
    slices: String,
    loads: Vec<(String, Vec<(String, String)>)>,
    prevalences: Vec<Vec<String>>,
    minutes: f64,
    bins: Vec<[String; 4]>,
    calibration_figures: Vec<[String; 3]>,
    evidence_records: u64,
    indicators: Vec<[String; 3]>,
    set_aside: Vec<[String; 2]>,
    partings: Vec<PartingTable>,
    groups: Vec<[String; 4]>,
    changes: Vec<[String; 3]>,
    flipped: Vec<[String; 4]>,
    faults: Vec<FaultList>,
    facts: Vec<(&'static str, String)>,
}

struct Headline {
    name: &'static str,
    value: String,
    ends: String,
}

struct SystemRow {
    class: &'static str,
    name: &'static str,
    /// Each with what stands small below it.
    cells: Vec<(String, String)>,
}

struct PartingTable {
    by: &'static str,
    rows: Vec<[String; 5]>,
    left_out: usize,
}

struct FaultList {
    anchor: &'static str,
    title: &'static str,
    about: &'static str,
    none: &'static str,
    faults: Vec<FaultView>,
}

struct FaultView {
    id: String,
    slice: String,
    label: &'static str,
    flag: &'static str,
    probability: String,
    score: String,
    writer: String,
    reasons: Vec<String>,
    wanted: Vec<String>,
    parts: Vec<(String, String)>,
    narrative: Vec<Piece>,
}

/// The page.
///
/// # Errors
/// [`Error::Io`] if a picture cannot be drawn: a defect of the program.
pub(super) fn html(evaluated: &Evaluated) -> Result<String> {
    let evaluation = &evaluated.evaluation;
    let undrawn =
        |error: Box<dyn std::error::Error + Send + Sync>| Error::io("evaluation.html", "cannot be drawn", std::io::Error::other(error));
    let about = &evaluation.about;
    let findings = &evaluation.findings;
    let page = Page {
        marking: MARKING,
        decides_nothing: DECIDES_NOTHING,
        version: about.version,
        summary: format!(
            "{} records: {} likely, {} possible, {} no; prevalence {}",
            about.records,
            about.likely,
            about.possible,
            about.no,
            share(about.prevalence)
        ),
        notes: &about.notes,
        headline: headline(evaluation),
        limits: evaluation.limits.iter().map(|limit: &Checked| (limit.holds, limit.sentence())).collect(),
        figures: figures(evaluation),
        systems: systems(evaluation),
        comparisons: &evaluation.comparisons,
        precision_recall: pictures::precision_recall(evaluation).map_err(undrawn)?,
        has_band: !evaluation.precision_recall_band.is_empty(),
        reading: pictures::reading(evaluation).map_err(undrawn)?,
        calibration: pictures::calibration(evaluation).map_err(undrawn)?,
        confusion: pictures::confusion(evaluation).map_err(undrawn)?,
        slices: pictures::shares(&slices(evaluation)).map_err(undrawn)?,
        loads: loads(evaluation),
        prevalences: prevalences(evaluation),
        minutes: about.settings.minutes_per_record,
        bins: bins(evaluation),
        calibration_figures: calibration_figures(evaluation),
        evidence_records: findings.records,
        indicators: [&findings.all, &findings.by_rules].into_iter().chain(&findings.indicators).map(indicator).collect(),
        set_aside: std::iter::once(("all", findings.set_aside_counted))
            .chain(findings.set_aside_by_why.iter().copied())
            .map(|(why, counted)| [why.replace('_', " "), share(counted)])
            .collect(),
        partings: evaluation.partings.iter().map(parting).collect(),
        groups: evaluation
            .groups
            .iter()
            .map(|group| {
                [format!("{}: {}", group.by, group.name), group.records.to_string(), both(&group.recall), both(&group.specificity)]
            })
            .collect(),
        changes: evaluation
            .counterfactual
            .changes
            .iter()
            .map(|change| [change.name.to_owned(), share(change.flips), share(change.flag_changes)])
            .collect(),
        flipped: flipped(evaluation),
        faults: vec![
            FaultList {
                anchor: "misses",
                title: "Misses",
                about: "Labelled likely or possible and not flagged; likely first, lowest scores first.",
                none: "No record that a reviewer wants flagged was missed.",
                faults: evaluation.misses.iter().map(|fault| fault_view(evaluated, fault)).collect(),
            },
            FaultList {
                anchor: "alarms",
                title: "False alarms",
                about: "Labelled no and flagged; highest scores first.",
                none: "No record that a reviewer does not want flagged was flagged.",
                faults: evaluation.false_alarms.iter().map(|fault| fault_view(evaluated, fault)).collect(),
            },
        ],
        facts: facts(evaluation),
    };
    page.render().map_err(|error| Error::io("evaluation.html", "cannot be written", std::io::Error::other(error)))
}

fn headline(evaluation: &Evaluation) -> Vec<Headline> {
    let named = |name: &str| evaluation.shares.figure(name).unwrap_or_default();
    let area = evaluation.systems.first().map(|system| system.pr_auc.clone()).unwrap_or_default();
    [
        ("precision-recall area", area),
        ("recall of likely", named("recall_likely")),
        ("recall of possible", named("recall_possible")),
        ("recall of disguised", named("recall_disguised")),
        ("specificity on hard negatives", named("specificity_hardneg")),
        ("specificity on ordinary records", named("specificity_ordinary")),
        ("calibration error", evaluation.calibration.ece.clone()),
        ("flags that flip with the people", evaluation.counterfactual.flips.figure("records to change")),
    ]
    .into_iter()
    .map(|(name, figure)| {
        let value = figure.value.map_or_else(|| "\u{2013}".to_owned(), places);
        Headline { name, value, ends: ends(&figure) }
    })
    .collect()
}

fn figures(evaluation: &Evaluation) -> Vec<[String; 4]> {
    let row = |(_, name, share, nothing): (&str, &str, Share, &str)| {
        let figure = share.figure(nothing);
        [name.to_owned(), value(&figure), ends(&figure), counts(share)]
    };
    evaluation.shares.named().into_iter().map(row).collect()
}

fn systems(evaluation: &Evaluation) -> Vec<SystemRow> {
    let dash = || ("\u{2013}".to_owned(), String::new());
    let row = |system: &super::SystemFigures| SystemRow {
        class: pictures::class(system.id),
        name: system.name,
        cells: vec![
            apart(&system.pr_auc),
            apart(&system.roc_auc),
            share_apart(system.at_engine_specificity.recall),
            share_apart(system.at_engine_specificity.specificity),
            system.as_used.map_or_else(dash, |used| share_apart(used.recall)),
            system.as_used.map_or_else(dash, |used| share_apart(used.specificity)),
        ],
    };
    evaluation.systems.iter().map(row).collect()
}

fn slices(evaluation: &Evaluation) -> Vec<(String, Share)> {
    let mut rows: Vec<(String, Share)> =
        evaluation.shares.named().into_iter().map(|(_, name, share, _)| (name.to_owned(), share)).collect();
    for parting in evaluation.partings.iter().filter(|parting| ["writer", "length"].contains(&parting.by)) {
        for part in &parting.parts {
            let name = one_line(&part.name, 20);
            rows.push((format!("{name}, recall"), part.recall));
            rows.push((format!("{name}, specificity"), part.specificity));
        }
    }
    rows
}

fn loads(evaluation: &Evaluation) -> Vec<(String, Vec<(String, String)>)> {
    let row = |load: &super::ReadingLoad| {
        let read = load.recall_when_read.iter().map(|read| {
            let (value, ends) = apart(&read.recall);
            let most = read.most.filter(|most| *most < 0.9995).map_or_else(String::new, |most| format!("\nat most {most:.3}"));
            (value, ends + &most)
        });
        let cells = read.chain([apart(&load.work_saved_at_95), apart(&load.mean_time_to_discovery)]).collect();
        (prevalence(load.prevalence_percent, evaluation.about.prevalence), cells)
    };
    evaluation.reading_load.iter().map(row).collect()
}

fn prevalences(evaluation: &Evaluation) -> Vec<Vec<String>> {
    let row = |row: &super::Prevalence| {
        let precision = match (row.precision, row.precision_lower, row.precision_upper) {
            (Some(precision), Some(lower), Some(upper)) => format!("{precision:.3} ({lower:.3}\u{2013}{upper:.3})"),
            (Some(precision), ..) => format!("{precision:.3}"),
            _ => "not defined, no flags".to_owned(),
        };
        vec![
            percent(row.percent),
            format!("{:.1} ({:.1}\u{2013}{:.1})", row.flags_per_1000, row.flags_lower, row.flags_upper),
            precision,
            format!("{:.2}", row.missed_per_1000),
            format!("{:.1}", row.hours_per_1000),
        ]
    };
    evaluation.prevalence.iter().map(row).collect()
}

fn bins(evaluation: &Evaluation) -> Vec<[String; 4]> {
    let row = |bin: &super::Bin| {
        [format!("{:.4}\u{2013}{:.4}", bin.from, bin.to), format!("{:.4}", bin.mean), both(&bin.positive.figure("")), counts(bin.positive)]
    };
    evaluation.calibration.bins.iter().map(row).collect()
}

fn calibration_figures(evaluation: &Evaluation) -> Vec<[String; 3]> {
    let calibration = &evaluation.calibration;
    [
        ("Brier score", &calibration.brier),
        ("expected calibration error, ten bins of equal size", &calibration.ece),
        ("slope (1 is right; below 1 too extreme)", &calibration.line.slope),
        ("intercept in log-odds (0 is right; above 0 too low)", &calibration.line.intercept),
    ]
    .into_iter()
    .map(|(name, figure)| [name.to_owned(), value(figure), ends(figure)])
    .collect()
}

fn indicator(figures: &IndicatorFigures) -> [String; 3] {
    let name = if figures.id == "all" { figures.name.to_owned() } else { format!("{} {}", figures.id, figures.name) };
    [name, share(figures.precision), share(figures.recall)]
}

fn parting(parting: &Parting) -> PartingTable {
    let row = |part: &super::Part| {
        [
            one_line(&part.name, 90),
            part.records.to_string(),
            share(part.recall),
            share(part.specificity),
            part.pr_auc.map_or_else(|| "\u{2013}".to_owned(), |area| format!("{area:.3}")),
        ]
    };
    let most = if parting.by == "kind" { MAX_KINDS } else { usize::MAX };
    PartingTable {
        by: parting.by,
        rows: parting.parts.iter().take(most).map(row).collect(),
        left_out: parting.parts.len().saturating_sub(most),
    }
}

fn flipped(evaluation: &Evaluation) -> Vec<[String; 4]> {
    let changes = evaluation.counterfactual.changes.iter();
    changes
        .flat_map(|change| {
            change.flipped.iter().map(|flip| {
                [
                    one_line(&flip.id, 60),
                    change.name.to_owned(),
                    format!("{} ({:.4})", flip.flag, flip.probability),
                    format!("{} ({:.4})", flip.flag_changed, flip.probability_changed),
                ]
            })
        })
        .collect()
}

fn fault_view(evaluated: &Evaluated, fault: &Fault) -> FaultView {
    let (record, screened) = (&evaluated.sample.records[fault.row], &evaluated.screened[fault.row]);
    let marks: Vec<Mark> = screened.findings.iter().map(Mark::from).collect();
    let mut wanted: Vec<String> = record
        .evidence
        .iter()
        .flatten()
        .map(|(indicator, span)| format!("{} \u{201c}{}\u{201d}", indicator.id(), one_line(span.slice(&record.narrative), 120)))
        .collect();
    wanted.dedup();
    FaultView {
        id: one_line(&fault.id, 60),
        slice: fault.slice.as_deref().map(|slice| one_line(slice, 90)).unwrap_or_default(),
        label: fault.label,
        flag: fault.flag,
        probability: format!("{:.4}", fault.probability),
        score: format!("{:.2}", fault.score),
        writer: one_line(&fault.writer, 60),
        reasons: screened.reasons.clone(),
        wanted,
        parts: fault.explanation.parts.iter().map(|part| (part.label.clone(), format!("{:+.2}", part.value))).collect(),
        narrative: pieces(&record.narrative, &marks, 0, record.narrative.len()),
    }
}

fn facts(evaluation: &Evaluation) -> Vec<(&'static str, String)> {
    let about = &evaluation.about;
    let mut facts = vec![
        ("Program", format!("foursight {}", about.version)),
        ("Model", format!("{} {}, sha256 {}", about.model, about.model_version, about.model_sha256)),
        ("Rules", format!("sha256 {}", about.rules_sha256)),
        ("Policy", format!("sha256 {}", about.policy_sha256)),
        ("Flags", format!("likely from {}, possible from {}", about.threshold_likely, about.threshold_possible)),
        (
            "Intervals",
            format!("Wilson for shares, bootstrap of {} rounds with seed {} for the rest", about.settings.rounds, about.settings.seed),
        ),
    ];
    facts.extend(
        about
            .files
            .iter()
            .map(|file| ("Labelled file", format!("{}, {} records, sha256 {}", visible(&file.path), file.records, file.sha256))),
    );
    facts
}
