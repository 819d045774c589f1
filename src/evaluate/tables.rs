//! The figures as tables for a terminal.

use std::io::{self, Write};

use anstyle::Style;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};

use super::words::{both, counts, ends, percent, prevalence, share, value};
use super::{CourseFigures, Evaluation, Fault};
use crate::labels::Label;
use crate::report::text::one_line;

const BOLD: Style = Style::new().bold();
const QUIET: Style = Style::new().dimmed();
/// Misses and false alarms named here; the files have all.
const MAX_FAULTS: usize = 10;
const MAX_COURSE_FAULTS: usize = 40;

/// Writes everything but the kinds of case and the reasons of misses and false alarms, which are in the files.
///
/// # Errors
/// If `out` cannot be written to.
pub fn as_text(out: &mut impl Write, evaluation: &Evaluation) -> io::Result<()> {
    let about = &evaluation.about;
    writeln!(
        out,
        "{BOLD}{} records: {} likely, {} possible, {} no{BOLD:#} (prevalence {})",
        about.records,
        about.likely,
        about.possible,
        about.no,
        share(about.prevalence)
    )?;
    writeln!(
        out,
        "{QUIET}foursight {}, model {} {} {}, rules {}, flags likely from {}, possible from {}{QUIET:#}",
        about.version,
        about.model,
        about.model_version,
        short(&about.model_sha256),
        short(&about.rules_sha256),
        about.threshold_likely,
        about.threshold_possible
    )?;
    for note in &about.notes {
        writeln!(out, "  note: {note}")?;
    }
    records(out, evaluation)?;
    systems(out, evaluation)?;
    confusion(out, evaluation)?;
    loads(out, evaluation)?;
    findings(out, evaluation)?;
    parts(out, evaluation)?;
    people(out, evaluation)?;
    if let Some(figures) = &evaluation.courses {
        courses(out, figures)?;
    }
    faults(out, "Misses", "labelled", &evaluation.misses)?;
    faults(out, "False alarms", "flagged", &evaluation.false_alarms)?;
    limits(out, evaluation)
}

fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

fn heading(out: &mut impl Write, text: &str) -> io::Result<()> {
    writeln!(out, "\n{BOLD}{text}{BOLD:#}")
}

/// A table without lines; all columns but the first are numbers.
fn table(out: &mut impl Write, header: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    let aligned = |(i, text): (usize, String)| if i == 0 { Cell::new(text) } else { Cell::new(text).set_alignment(CellAlignment::Right) };
    table.set_header(header.iter().map(|name| (*name).to_owned()).enumerate().map(aligned).collect::<Vec<_>>());
    for row in rows {
        table.add_row(row.iter().cloned().enumerate().map(aligned).collect::<Vec<_>>());
    }
    table.lines().try_for_each(|line| writeln!(out, "  {}", line.trim_end()))
}

fn records(out: &mut impl Write, evaluation: &Evaluation) -> io::Result<()> {
    heading(out, "Records")?;
    let mut rows: Vec<Vec<String>> = evaluation
        .shares
        .named()
        .into_iter()
        .map(|(_, name, share, nothing)| {
            let figure = share.figure(nothing);
            vec![name.to_owned(), value(&figure), ends(&figure), counts(share)]
        })
        .collect();
    let engine = evaluation.systems.first();
    let calibration = &evaluation.calibration;
    let others = [
        ("precision-recall area", engine.map(|system| &system.pr_auc)),
        ("ROC area", engine.map(|system| &system.roc_auc)),
        ("Brier score", Some(&calibration.brier)),
        ("expected calibration error", Some(&calibration.ece)),
        ("calibration slope (1 is right)", Some(&calibration.line.slope)),
        ("calibration intercept (0 is right)", Some(&calibration.line.intercept)),
    ];
    rows.extend(others.into_iter().filter_map(|(name, figure)| Some(vec![name.to_owned(), value(figure?), ends(figure?), String::new()])));
    table(out, &["", "", "95 % interval", "counts"], &rows)
}

fn systems(out: &mut impl Write, evaluation: &Evaluation) -> io::Result<()> {
    heading(out, "Beside the baselines, on the same rows (the keyword search is for stalk*, harass* and follow*)")?;
    let rows: Vec<Vec<String>> = evaluation
        .systems
        .iter()
        .map(|system| {
            let used = system.as_used;
            vec![
                system.name.to_owned(),
                both(&system.pr_auc),
                value(&system.roc_auc),
                share(system.at_engine_specificity.recall),
                used.map_or_else(|| "\u{2013}".to_owned(), |used| share(used.recall)),
                used.map_or_else(|| "\u{2013}".to_owned(), |used| share(used.specificity)),
            ]
        })
        .collect();
    table(
        out,
        &["", "precision-recall area", "ROC area", "recall at the engine's specificity", "recall as used", "specificity as used"],
        &rows,
    )?;
    evaluation.comparisons.iter().try_for_each(|comparison| writeln!(out, "  {}", comparison.sentence))
}

fn confusion(out: &mut impl Write, evaluation: &Evaluation) -> io::Result<()> {
    heading(out, "Labels against flags")?;
    let rows: Vec<Vec<String>> = Label::ALL
        .into_iter()
        .rev()
        .map(|label| {
            let counts = evaluation.confusion.counts[label.index()];
            std::iter::once(format!("labelled {}", label.name())).chain(counts.iter().rev().map(u64::to_string)).collect()
        })
        .collect();
    table(out, &["", "flagged likely", "flagged possible", "not flagged"], &rows)
}

fn loads(out: &mut impl Write, evaluation: &Evaluation) -> io::Result<()> {
    heading(out, "Reading load: recall after the first part of the records is read, highest scores first")?;
    let rows: Vec<Vec<String>> = evaluation
        .reading_load
        .iter()
        .map(|load| {
            let mut row = vec![prevalence(load.prevalence_percent, evaluation.about.prevalence)];
            row.extend(load.recall_when_read.iter().map(|read| both(&read.recall)));
            row.extend([both(&load.work_saved_at_95), value(&load.mean_time_to_discovery)]);
            row
        })
        .collect();
    table(out, &["prevalence", "first 1 %", "first 5 %", "first 10 %", "work saved at 95 %", "mean time to discovery"], &rows)?;
    heading(out, "Per 1,000 records screened, by prevalence")?;
    let range = |lower: f64, upper: f64| format!("{lower:.1}\u{2013}{upper:.1}");
    let rows: Vec<Vec<String>> = evaluation
        .prevalence
        .iter()
        .map(|row| {
            let precision = row.precision.map_or_else(|| "not defined, no flags".to_owned(), |precision| format!("{precision:.3}"));
            let ends = match (row.precision_lower, row.precision_upper) {
                (Some(lower), Some(upper)) => format!(" ({lower:.3}\u{2013}{upper:.3})"),
                _ => String::new(),
            };
            vec![
                percent(row.percent),
                format!("{:.1} ({})", row.flags_per_1000, range(row.flags_lower, row.flags_upper)),
                precision + &ends,
                format!("{:.2}", row.missed_per_1000),
                format!("{:.1}", row.hours_per_1000),
            ]
        })
        .collect();
    let hours = format!("hours at {} min each", evaluation.about.settings.minutes_per_record);
    if rows.is_empty() {
        return writeln!(out, "  not defined: a class is absent");
    }
    table(out, &["prevalence", "flags", "precision", "missed", &hours], &rows)
}

fn findings(out: &mut impl Write, evaluation: &Evaluation) -> io::Result<()> {
    let findings = &evaluation.findings;
    heading(out, &format!("Findings, in the {} records whose evidence is labelled", findings.records))?;
    if findings.records == 0 {
        return writeln!(out, "  none");
    }
    let rows: Vec<Vec<String>> = [&findings.all, &findings.by_rules]
        .into_iter()
        .chain(findings.indicators.iter().filter(|figures| figures.precision.of + figures.recall.of > 0))
        .map(|figures| vec![format!("{} {}", figures.id, figures.name), share(figures.precision), share(figures.recall)])
        .collect();
    table(out, &["", "precision of findings", "recall of quotes"], &rows)?;
    let why: Vec<String> = findings.set_aside_by_why.iter().map(|(why, share)| format!("{why} {}", counts(*share))).collect();
    let why = if why.is_empty() { String::new() } else { format!(" ({})", why.join(", ")) };
    writeln!(out, "  quotes to set aside that were counted: {}{why}", share(findings.set_aside_counted))
}

fn parts(out: &mut impl Write, evaluation: &Evaluation) -> io::Result<()> {
    for parting in evaluation.partings.iter().filter(|parting| parting.by != "kind") {
        heading(out, &format!("By {}", parting.by))?;
        let rows: Vec<Vec<String>> = parting
            .parts
            .iter()
            .map(|part| {
                let area = part.pr_auc.map_or_else(|| "\u{2013}".to_owned(), |area| format!("{area:.3}"));
                vec![one_line(&part.name, 60), part.records.to_string(), share(part.recall), share(part.specificity), area]
            })
            .collect();
        table(out, &["", "records", "recall", "specificity", "precision-recall area"], &rows)?;
    }
    Ok(())
}

fn people(out: &mut impl Write, evaluation: &Evaluation) -> io::Result<()> {
    heading(out, "Groups of people")?;
    let rows: Vec<Vec<String>> = evaluation
        .groups
        .iter()
        .map(|group| {
            vec![format!("{}: {}", group.by, group.name), group.records.to_string(), both(&group.recall), both(&group.specificity)]
        })
        .collect();
    table(out, &["", "records", "recall", "specificity"], &rows)?;
    heading(out, "The same records told of other people")?;
    let rows: Vec<Vec<String>> = evaluation
        .counterfactual
        .changes
        .iter()
        .map(|change| vec![change.name.to_owned(), share(change.flips), share(change.flag_changes)])
        .chain([vec!["both".to_owned(), share(evaluation.counterfactual.flips), String::new()]])
        .collect();
    table(out, &["", "flag flipped", "flag changed in any way"], &rows)
}

fn courses(out: &mut impl Write, figures: &CourseFigures) -> io::Result<()> {
    heading(out, &format!("Courses of conduct: {} labelled, {} of them stalking", figures.courses, figures.stalking))?;
    let rows: Vec<Vec<String>> = figures
        .levels
        .iter()
        .map(|level| {
            let b_cubed = [level.b_cubed_precision, level.b_cubed_recall, level.b_cubed_f1].map(|value| format!("{value:.3}"));
            let f1 = level.pair_f1.map_or_else(|| "\u{2013}".to_owned(), |f1| format!("{f1:.3}"));
            [vec![level.level.to_owned(), share(level.pair_precision), share(level.pair_recall), f1], b_cubed.to_vec()].concat()
        })
        .collect();
    table(out, &["links", "pair precision", "pair recall", "F1", "B-cubed precision", "recall", "F1"], &rows)?;
    writeln!(out)?;
    let rows = [
        ("stalking courses", figures.recall_likely, figures.recall),
        ("of these, no record flagged", figures.unseen_recall_likely, figures.unseen_recall),
        ("of these, no record labelled likely", figures.hidden_recall_likely, figures.hidden_recall),
    ];
    let rows = rows.map(|(name, likely, flagged)| (name.to_owned(), likely, flagged));
    let kinds = figures.kinds.iter().map(|kind| (format!("kind {}", kind.kind), kind.likely, kind.flagged));
    let rows: Vec<Vec<String>> =
        rows.into_iter().chain(kinds).map(|(name, likely, flagged)| vec![name, share(likely), share(flagged)]).collect();
    table(out, &["", "flagged likely", "flagged"], &rows)?;
    writeln!(out, "  not stalking and flagged likely {}", share(figures.false_likely))?;
    writeln!(out, "  courses of unlabelled records flagged likely {}", share(figures.unlabelled))?;
    writeln!(out, "  risk tier against label, weighted kappa {}", value(&figures.risk_kappa))?;
    let tiers = ["none", "standard", "medium", "high"];
    let rows: Vec<Vec<String>> = tiers
        .iter()
        .zip(figures.risk)
        .map(|(tier, row)| [vec![format!("labelled {tier}")], row.iter().map(u64::to_string).collect()].concat())
        .collect();
    table(out, &["", tiers[0], tiers[1], tiers[2], tiers[3]], &rows)?;
    for (id, what) in figures.faults.iter().take(MAX_COURSE_FAULTS) {
        writeln!(out, "  {id}: {what}")?;
    }
    figures.link_notes.iter().try_for_each(|note| writeln!(out, "  note: {note}"))
}

fn faults(out: &mut impl Write, name: &str, what: &str, faults: &[Fault]) -> io::Result<()> {
    heading(out, &format!("{name}: {}", faults.len()))?;
    for fault in faults.iter().take(MAX_FAULTS) {
        let as_what = if what == "labelled" { fault.label } else { fault.flag };
        let slice = one_line(fault.slice.as_deref().unwrap_or("no slice"), 60);
        writeln!(out, "  {} ({slice}), {what} {as_what}, probability {:.4}", one_line(&fault.id, 60), fault.probability)?;
    }
    if faults.len() > MAX_FAULTS {
        writeln!(out, "  and {} more; --out writes all of them with their reasons", faults.len() - MAX_FAULTS)?;
    }
    Ok(())
}

fn limits(out: &mut impl Write, evaluation: &Evaluation) -> io::Result<()> {
    if evaluation.limits.is_empty() {
        return Ok(());
    }
    heading(out, "Limits")?;
    let line = |limit: &super::Checked| format!("  {} {}", if limit.holds { "holds " } else { "MISSED" }, limit.sentence());
    evaluation.limits.iter().try_for_each(|limit| writeln!(out, "{}", line(limit)))
}
