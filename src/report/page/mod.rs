//! `report.html`: one page that needs nothing else, for looking at a run on a screen or on paper.
//!
//! Templates escape what they are given; this module decides what is said.

mod charts;
mod course;
mod record;
mod timeline;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use askama::Template;

use super::queue::RankedQueue;
use super::text::{one_line, percent, thousands, visible};
use super::{DECIDES_NOTHING, MARKING, Run};
use crate::error::{Error, Result};
use charts::{Bin, Shares};
use course::CourseShown;
use record::Record;

/// Records of the queue on the page; the workbook has all.
const MAX_RECORDS: usize = 100;
/// Courses of the queue on the page; the workbook has all.
const MAX_COURSES: usize = 40;
/// Kinds of offence shown apart.
const MAX_OFFENCES: usize = 25;
/// Rejected rows on the page.
const MAX_REJECTED: usize = 50;
/// Settings that change nothing in what the page says. Without them equal results make an equal page.
const SILENT_SETTINGS: [&str; 5] = ["out", "overwrite", "threads", "quiet", "json"];

#[derive(Template)]
#[template(path = "report.html", config = "src/report/askama.toml")]
struct Page {
    marking: &'static str,
    decides_nothing: &'static str,
    version: &'static str,
    run_id: String,
    /// Number and what it counts.
    counts: Vec<(String, &'static str)>,
    tiers: Vec<(&'static str, String)>,
    offences: Vec<Shares>,
    offences_left_out: String,
    bins: Vec<Bin>,
    thresholds: [(f64, String, &'static str); 2],
    files: Vec<Shares>,
    courses: Vec<CourseShown>,
    courses_flagged: String,
    courses_in_all: String,
    link_notes: Vec<String>,
    records: Vec<Record>,
    flagged: String,
    records_left_out: String,
    causes: Vec<(String, String)>,
    rejected: Vec<RejectedLine>,
    rejected_left_out: String,
    inputs: Vec<InputLine>,
    facts: Vec<(String, String)>,
}

struct RejectedLine {
    file: String,
    row: u64,
    line: String,
    column: String,
    cause: String,
}

struct InputLine {
    file: String,
    format: String,
    rows: String,
    rejected: String,
    truncated: String,
    repaired: String,
    mapping: String,
    unmapped: String,
    sha256: String,
}

/// Writes the page.
///
/// # Errors
/// [`Error::Io`] if the file cannot be written or a record cannot be read back.
pub(super) fn write(path: &Path, run: &Run<'_>, queue: &mut RankedQueue) -> Result<()> {
    let shown = queue.len().min(MAX_RECORDS);
    let records = (0..shown).map(|index| Ok(Record::new(index + 1, &queue.entry(index)?, run))).collect::<Result<Vec<_>>>()?;
    let page = page(run, records, queue.len() - shown);
    let write = || {
        let mut file = BufWriter::new(File::create(path)?);
        page.write_into(&mut file)?;
        file.flush()
    };
    write().map_err(|source| Error::io(path, "cannot write", source))
}

fn page(run: &Run<'_>, records: Vec<Record>, records_left_out: usize) -> Page {
    let (tally, facts) = (run.tally, run.facts);
    let offences = tally.offences();
    let left_out = offences.len().saturating_sub(MAX_OFFENCES);
    let kept = run.rejects.kept();
    Page {
        marking: MARKING,
        decides_nothing: DECIDES_NOTHING,
        version: env!("CARGO_PKG_VERSION"),
        run_id: run.run_id.to_owned(),
        counts: counts(run),
        tiers: tiers(run),
        offences: offences.iter().take(MAX_OFFENCES).map(|(name, group)| Shares::new(one_line(name, 80), *group)).collect(),
        offences_left_out: if left_out > 0 { thousands(left_out as u64) } else { String::new() },
        bins: charts::bins(&tally.bins),
        thresholds: [
            (charts::place(facts.threshold_possible), facts.threshold_possible.to_string(), "possible"),
            (charts::place(facts.threshold_likely), facts.threshold_likely.to_string(), "likely"),
        ],
        files: (0..run.sources.len()).map(|index| Shares::new(visible(&run.input(index)), tally.file(index))).collect(),
        courses: run.courses.queue().iter().take(MAX_COURSES).zip(1..).map(|(graded, rank)| CourseShown::new(rank, graded)).collect(),
        courses_flagged: thousands(tally.counts.courses_likely + tally.counts.courses_possible),
        courses_in_all: thousands(tally.counts.courses),
        link_notes: run.courses.linked.report.notes.iter().map(|note| visible(note)).collect(),
        records,
        flagged: thousands(tally.counts.flagged()),
        records_left_out: if records_left_out > 0 { thousands(records_left_out as u64) } else { String::new() },
        causes: run.rejects.causes().into_iter().map(|(cause, count)| (one_line(cause, 200), thousands(count))).collect(),
        rejected: kept.iter().take(MAX_REJECTED).map(|row| rejected_line(run, row)).collect(),
        rejected_left_out: match tally.counts.rejected.saturating_sub(MAX_REJECTED as u64) {
            0 => String::new(),
            more => thousands(more),
        },
        inputs: (0..run.sources.len()).map(|index| input_line(run, index)).collect(),
        facts: run_facts(run),
    }
}

fn counts(run: &Run<'_>) -> Vec<(String, &'static str)> {
    let counts = &run.tally.counts;
    [
        (counts.rows, "rows in"),
        (counts.screened, "screened"),
        (counts.rejected, "rejected, with cause"),
        (counts.likely, "flagged likely"),
        (counts.possible, "flagged possible"),
        (counts.courses_likely, "courses flagged likely"),
        (counts.courses_possible, "courses flagged possible"),
        (counts.courses_unseen, "flagged courses with no flagged record"),
        (counts.recorded_otherwise, "flagged and recorded as something else"),
        (counts.duplicates, "repeat an earlier narrative"),
        (counts.text_not_read, "read in part by the classifier"),
        (counts.truncated, "look cut off in the export"),
    ]
    .map(|(count, what)| (thousands(count), what))
    .to_vec()
}

fn tiers(run: &Run<'_>) -> Vec<(&'static str, String)> {
    let risk = &run.tally.counts.risk;
    [("high", risk.high), ("medium", risk.medium), ("standard", risk.standard), ("none", risk.none)]
        .map(|(tier, count)| (tier, thousands(count)))
        .to_vec()
}

fn rejected_line(run: &Run<'_>, row: &crate::domain::RejectedRow) -> RejectedLine {
    RejectedLine {
        file: visible(&run.input(row.file)),
        row: row.row,
        line: row.line.map(|line| line.to_string()).unwrap_or_default(),
        column: visible(row.column.as_deref().unwrap_or_default()),
        cause: visible(&row.cause),
    }
}

fn input_line(run: &Run<'_>, index: usize) -> InputLine {
    let source = &run.sources[index];
    let mapping: Vec<String> =
        source.mapping.iter().map(|(header, column)| format!("{} \u{2192} {}", one_line(header, 60), column.name())).collect();
    InputLine {
        file: visible(&run.input(index)),
        format: match &source.sheet {
            None => format!("{}, {}", source.format, source.encoding),
            Some(sheet) => format!("{}, {}, sheet {}", source.format, source.encoding, visible(sheet)),
        },
        rows: thousands(source.rows),
        rejected: format!("{} ({})", thousands(source.rejected), percent(source.rejected, source.rows)),
        truncated: thousands(source.truncated),
        repaired: thousands(source.repaired),
        mapping: mapping.join(", "),
        unmapped: source.unmapped.iter().map(|header| one_line(header, 60)).collect::<Vec<_>>().join(", "),
        sha256: source.sha256.clone(),
    }
}

fn run_facts(run: &Run<'_>) -> Vec<(String, String)> {
    let (facts, counts) = (run.facts, &run.tally.counts);
    let fixed = [
        ("Run", run.run_id.to_owned()),
        ("Program", format!("foursight {}", env!("CARGO_PKG_VERSION"))),
        ("Model", format!("{} {}, sha256 {}", facts.model.name, facts.model.version, facts.model.sha256)),
        ("Rules", format!("{}, sha256 {}", facts.rules, facts.rules_sha256)),
        ("Risk policy", format!("sha256 {}", facts.policy_sha256)),
        ("Thresholds", format!("likely from {}, possible from {}", facts.threshold_likely, facts.threshold_possible)),
        (
            "Words and tokens",
            format!(
                "{} words; {} of {} tokens read by the classifier",
                thousands(counts.words),
                thousands(counts.tokens_scored),
                thousands(counts.tokens)
            ),
        ),
        ("Findings", format!("{} counted, {} set aside", thousands(counts.findings_counted), thousands(counts.findings_set_aside))),
    ];
    let settings = facts.settings.iter().filter(|(name, _)| !SILENT_SETTINGS.contains(&name.as_str()));
    let settings = settings.map(|(name, used)| (format!("Setting {name}"), format!("{} ({})", visible(&used.value), used.source)));
    fixed.into_iter().map(|(name, value)| (name.to_owned(), value)).chain(settings).collect()
}
