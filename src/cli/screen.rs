//! `foursight screen`: exports in, a results folder out.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anstream::stdout;
use anstyle::Style;
use clap::ArgMatches;
use jiff::Timestamp;
use rayon::ThreadPool;
use rayon::prelude::*;

use super::args::OPTIONS;
use super::progress::Progress;
use super::rules::written_out;
use super::settings::{Origin, Resolver};
use super::{engine_settings, thread_pool};
use crate::error::{Error, Result};
use crate::ingest::{Chunk, IngestOptions, Reader, Source};
use crate::linkage::{EarlierRun, Facts, Model as LinkModel, ModelSource, joined, read_facts};
use crate::pipeline::{Engine, EngineSettings, SeenNarratives};
use crate::report::{ModelUsed, Report, ReportSettings, RunFacts, SettingUsed, Summary, TableFormat};

/// Rows that are in memory at a time. Fixed: what is written must not depend on the machine.
const CHUNK_ROWS: usize = 2_048;
/// Percent.
const MAX_REJECT: f64 = 5.0;

const BOLD: Style = Style::new().bold();
const QUIET: Style = Style::new().dimmed();

/// What was asked for.
struct Options {
    engine: EngineSettings,
    ingest: IngestOptions,
    report: ReportSettings,
    linkage: ModelSource,
    with: Option<PathBuf>,
    max_reject_percent: f64,
    threads: usize,
    quiet: bool,
    json: bool,
    origins: BTreeMap<String, Origin>,
}

pub(super) fn run(matches: &ArgMatches) -> Result<()> {
    let started_at = Timestamp::now();
    let options = options(matches)?;
    // The results folder first: a long run must not fail at its end for what could be seen at its start.
    let report = Report::create(options.report.clone())?;
    let pool = thread_pool(options.threads)?;
    let reader = Reader::open(&options.report.inputs, options.ingest.clone())?;
    let engine = pool.install(|| Engine::new(&options.engine))?;
    let earlier = options.with.as_deref().map(read_facts).transpose()?.unwrap_or_default();
    let facts = facts(&options, &engine, &earlier, started_at, pool.current_num_threads());
    let progress = Progress::new(options.quiet);
    let run = Run {
        engine,
        pool,
        reader,
        report,
        progress,
        mappings_shown: if options.quiet { usize::MAX } else { 0 },
        keep_columns: options.report.keep_columns,
        started: Instant::now(),
        linkage: options.linkage.clone(),
        earlier: earlier.facts,
        facts: Vec::new(),
    };
    let summary = run.finish(&facts)?;
    if options.json {
        let json = serde_json::to_string(&summary).map_err(|error| Error::Usage(error.to_string()))?;
        written_out(writeln!(stdout().lock(), "{json}"))?;
    } else if !options.quiet {
        written_out(as_text(&mut stdout().lock(), &summary, options.report.format))?;
    }
    rejected_within(&summary, options.max_reject_percent)
}

fn options(matches: &ArgMatches) -> Result<Options> {
    let mut resolver = Resolver::new(matches, OPTIONS)?;
    let mut engine = engine_settings(&mut resolver);
    engine.likely = threshold(&mut resolver, "threshold-likely");
    engine.possible = threshold(&mut resolver, "threshold-possible");
    let out: Option<PathBuf> = resolver.optional::<String>("out").map(Into::into);
    if out.is_none() {
        resolver.fault("screen wants --out DIR, the folder for the results");
    }
    let max_reject_percent = resolver.value("max-reject", MAX_REJECT);
    if !(0.0..=100.0).contains(&max_reject_percent) {
        resolver.fault("--max-reject is a percentage from 0 to 100");
    }
    let keep_columns = resolver.list("keep-columns");
    Ok(Options {
        engine,
        ingest: IngestOptions {
            format: resolver.optional("input-format"),
            mapping: resolver.optional::<String>("mapping").map(Into::into),
            keep_columns: keep_columns.clone(),
        },
        report: ReportSettings {
            out: out.unwrap_or_default(),
            overwrite: resolver.switch("overwrite"),
            format: resolver.value("format", TableFormat::default()),
            inputs: matches.get_many::<String>("inputs").into_iter().flatten().map(PathBuf::from).collect(),
            keep_columns,
        },
        linkage: model_source(&mut resolver)?,
        with: resolver.optional::<String>("with").map(Into::into),
        max_reject_percent,
        threads: resolver.value("threads", 0),
        quiet: resolver.switch("quiet"),
        json: resolver.switch("json"),
        origins: resolver.finish()?,
    })
}

pub(super) fn threshold(resolver: &mut Resolver<'_>, name: &str) -> Option<f64> {
    let value: Option<f64> = resolver.optional(name);
    if value.is_some_and(|value| !(value > 0.0 && value < 1.0)) {
        resolver.fault(format!("--{name} is a probability above 0 and below 1"));
    }
    value
}

/// Where match weights come from: the program, a file, or a fit on the run.
pub(super) fn model_source(resolver: &mut Resolver<'_>) -> Result<ModelSource> {
    Ok(match resolver.optional::<String>("link-model") {
        None => ModelSource::Embedded,
        Some(fit) if fit == "fit" => ModelSource::Fitted,
        Some(path) => ModelSource::Given(Box::new(LinkModel::load(path.as_ref())?)),
    })
}

/// What goes into the run's id about linkage: the model, and the records of an earlier run.
fn linkage(options: &Options, earlier: &EarlierRun) -> String {
    let model = match &options.linkage {
        ModelSource::Embedded => "embedded",
        ModelSource::Fitted => "fitted",
        ModelSource::Given(model) => model.sha256(),
    };
    if earlier.sha256.is_empty() { model.to_owned() } else { format!("{model} with {}", earlier.sha256) }
}

fn facts(options: &Options, engine: &Engine, earlier: &EarlierRun, started_at: Timestamp, threads: usize) -> RunFacts {
    let used =
        |(name, origin): (&String, &Origin)| (name.clone(), SettingUsed { value: origin.value.clone(), source: origin.source.to_owned() });
    let card = engine.card();
    RunFacts {
        settings: options.origins.iter().map(used).collect(),
        model: ModelUsed { name: card.name.clone(), version: card.version.clone(), sha256: engine.bundle_sha256().to_owned() },
        rules: engine.rules().rules().len(),
        rules_sha256: engine.rules().sha256().to_owned(),
        policy_sha256: engine.policy().sha256().to_owned(),
        linkage: linkage(options, earlier),
        threshold_likely: engine.thresholds().likely,
        threshold_possible: engine.thresholds().possible,
        started_at,
        threads,
    }
}

/// A run in the making.
struct Run {
    engine: Engine,
    pool: ThreadPool,
    reader: Reader,
    report: Report,
    progress: Progress,
    /// Input files whose mapping has been printed.
    mappings_shown: usize,
    keep_columns: Vec<String>,
    started: Instant,
    linkage: ModelSource,
    /// Of the earlier run that this one is joined to, and of this one.
    earlier: Vec<Facts>,
    facts: Vec<Facts>,
}

impl Run {
    /// Screens chunk by chunk and writes what came of it.
    fn finish(mut self, facts: &RunFacts) -> Result<Summary> {
        let mut seen = SeenNarratives::default();
        let mut share_done = 0.0;
        self.show_mappings(false);
        while let Some(chunk) = self.reader.next_chunk(CHUNK_ROWS)? {
            self.show_mappings(false);
            let share_read = self.reader.share_read();
            self.screen(chunk, &mut seen, share_done, share_read)?;
            share_done = share_read;
        }
        self.show_mappings(true);
        self.progress.say("linking".to_owned());
        let records = joined(std::mem::take(&mut self.earlier), std::mem::take(&mut self.facts));
        let courses = self.pool.install(|| self.engine.courses(records, &self.linkage))?;
        self.progress.say("writing".to_owned());
        let summary = self.report.finish(facts, self.reader.sources(), &courses)?;
        self.progress.finish();
        Ok(summary)
    }

    fn screen(&mut self, chunk: Chunk, seen: &mut SeenNarratives, from: f64, to: f64) -> Result<()> {
        let (rows, before) = (chunk.incidents.len(), self.report.counts().clone());
        let show = |share: f64| {
            self.progress.set_share(from + (to - from) * share);
            self.progress.say(speed(before.rows, rows, share, before.tokens_scored, self.started.elapsed()));
        };
        let records = self.pool.install(|| self.engine.screen(chunk.incidents, seen, &show))?;
        self.facts.extend(self.pool.install(|| records.par_iter().map(Facts::of).collect::<Vec<_>>()));
        self.report.add(&records, &chunk.rejected)
    }

    /// Prints how the headers of each file were read as soon as that is known, and of every file at the end.
    fn show_mappings(&mut self, all: bool) {
        while let Some(source) = self.reader.sources().get(self.mappings_shown) {
            if source.mapping.is_empty() && !all {
                return;
            }
            self.progress.print(&mapping(source, &self.keep_columns));
            self.mappings_shown += 1;
        }
    }
}

/// "120 rows/s, 1,900 tokens/s". Tokens are counted by the chunk, so their speed is that of the chunks before.
#[expect(clippy::cast_precision_loss, reason = "speeds for people")]
fn speed(rows_before: u64, rows: usize, share: f64, tokens_before: u64, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64().max(1e-3);
    let rows_a_second = (rows_before as f64 + rows as f64 * share) / seconds;
    if tokens_before == 0 {
        return format!("{rows_a_second:.0} rows/s");
    }
    let share_before = rows_before as f64 / (rows_before as f64 + rows as f64 * share);
    format!("{rows_a_second:.0} rows/s, {:.0} tokens/s", tokens_before as f64 / (seconds * share_before))
}

fn mapping(source: &Source, kept: &[String]) -> String {
    let pairs: Vec<String> = source
        .mapping
        .iter()
        .map(|(header, column)| if header == column.name() { header.clone() } else { format!("{header:?} as {}", column.name()) })
        .collect();
    let mut text = format!("{}: {}, {}, read {}", source.path.display(), source.format, source.encoding, pairs.join(", "));
    let (kept, not_read): (Vec<&str>, Vec<&str>) =
        source.unmapped.iter().map(String::as_str).partition(|header| kept.iter().any(|name| name == header));
    for (what, headers) in [("kept", kept), ("not read", not_read)] {
        if !headers.is_empty() {
            text.push_str(&format!("; {what} {}", headers.join(", ")));
        }
    }
    text
}

fn as_text(out: &mut impl Write, summary: &Summary, format: TableFormat) -> std::io::Result<()> {
    let counts = &summary.counts;
    writeln!(out, "{BOLD}{} rows in: {} screened, {} rejected{BOLD:#}", counts.rows, counts.screened, counts.rejected)?;
    let (risk, flagged) = (&counts.risk, counts.flagged());
    writeln!(
        out,
        "{BOLD}{flagged} flagged for review{BOLD:#}: {} likely, {} possible; risk tier {} high, {} medium, {} standard",
        counts.likely, counts.possible, risk.high, risk.medium, risk.standard
    )?;
    if counts.recorded_otherwise > 0 {
        writeln!(out, "  {} of them recorded as something other than stalking", counts.recorded_otherwise)?;
    }
    if counts.courses > 0 {
        writeln!(
            out,
            "{BOLD}{} of {} courses flagged{BOLD:#}: {} likely, {} possible; {} with no flagged record",
            counts.courses_likely + counts.courses_possible,
            counts.courses,
            counts.courses_likely,
            counts.courses_possible,
            counts.courses_unseen
        )?;
    }
    for (count, what) in [
        (counts.duplicates, "with the narrative of an earlier record"),
        (counts.text_not_read, "too long for the classifier to read in full; --max-windows 0 reads all"),
        (counts.truncated, "that look cut off in the export"),
    ] {
        if count > 0 {
            writeln!(out, "  {count} {what}")?;
        }
    }
    let folder = summary.out.display();
    writeln!(
        out,
        "\n{folder}: open review.xlsx to work through the queue, report.html to look; tables are screened, findings, courses and links.{format}"
    )?;
    if counts.rejected > 0 {
        writeln!(out, "rejected.csv says for each rejected row where it is and what is wrong")?;
    }
    writeln!(out, "{QUIET}{} for run {}. For review by a person; it decides nothing.{QUIET:#}", duration(summary.seconds), summary.run_id)
}

fn duration(seconds: f64) -> String {
    if seconds < 60.0 {
        return format!("{seconds:.1} s");
    }
    let minutes = (seconds / 60.0).floor();
    format!("{minutes} min {:.0} s", seconds - minutes * 60.0)
}

/// The output is written by now; a run that read an export the wrong way must still end with an error.
#[expect(clippy::cast_precision_loss, reason = "a share of rows")]
fn rejected_within(summary: &Summary, limit_percent: f64) -> Result<()> {
    let (rejected, rows) = (summary.counts.rejected, summary.counts.rows);
    if rejected as f64 * 100.0 > limit_percent * rows as f64 {
        return Err(Error::TooManyRejected { rejected, rows, limit_percent });
    }
    Ok(())
}
