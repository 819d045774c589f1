//! `manifest.json`: what is needed to repeat a run and to check that nothing was lost. Ids, hashes and counts, never narrative.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::folder::OutputFile;
use super::machine::Processor;
use super::tally::Counts;
use crate::classifier::hex;
use crate::error::{Error, Result};
use crate::ingest::Source;
use crate::linkage::LinkReport;

/// The file's name.
pub(super) const MANIFEST: &str = "manifest.json";
/// The version of the manifest and of the tables beside it.
const FORMAT_VERSION: u32 = 1;

/// A setting's value and where it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettingUsed {
    pub value: String,
    /// `command line`, `environment`, `settings file` or `default`.
    pub source: String,
}

/// The model bundle of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelUsed {
    pub name: String,
    pub version: String,
    pub sha256: String,
}

/// What a run was made with.
#[derive(Debug, Clone)]
pub struct RunFacts {
    /// By name of the option.
    pub settings: BTreeMap<String, SettingUsed>,
    pub model: ModelUsed,
    /// Rules in use, and one hash for all.
    pub rules: usize,
    pub rules_sha256: String,
    pub policy_sha256: String,
    /// What records are linked with: `embedded`, `fitted` or the hash of a file; and the hash of an earlier run's facts, where it is joined.
    pub linkage: String,
    /// Least probabilities for the two flags.
    pub threshold_likely: f64,
    pub threshold_possible: f64,
    pub started_at: Timestamp,
    pub threads: usize,
}

impl RunFacts {
    /// An id that equal inputs, model, rules, policy, thresholds and program share: 12 hexadecimal digits.
    pub(super) fn run_id(&self, sources: &[Source]) -> String {
        let mut hash = Sha256::new();
        let mut part = |text: &str| {
            hash.update(text.as_bytes());
            hash.update([0]);
        };
        part(env!("CARGO_PKG_VERSION"));
        sources.iter().for_each(|source| part(&source.sha256));
        [&self.model.sha256, &self.rules_sha256, &self.policy_sha256, &self.linkage].into_iter().for_each(|sha256| part(sha256));
        part(&format!("{} {}", self.threshold_likely, self.threshold_possible));
        part(self.settings.get("max-windows").map_or("", |setting| &setting.value));
        hex(&hash.finalize())[..12].to_owned()
    }
}

#[derive(Serialize)]
struct Manifest<'a> {
    program: &'static str,
    program_version: &'static str,
    format_version: u32,
    run_id: &'a str,
    marking: &'static str,
    started_at: String,
    finished_at: String,
    seconds: f64,
    counts: &'a Counts,
    inputs: Vec<Input<'a>>,
    outputs: &'a [OutputFile],
    model: &'a ModelUsed,
    rules: RulesUsed<'a>,
    policy: PolicyUsed<'a>,
    thresholds: Thresholds,
    linkage: Linkage<'a>,
    settings: &'a BTreeMap<String, SettingUsed>,
    threads: usize,
    processor: Processor,
}

#[derive(Serialize)]
struct RulesUsed<'a> {
    rules: usize,
    sha256: &'a str,
}

#[derive(Serialize)]
struct PolicyUsed<'a> {
    sha256: &'a str,
}

#[derive(Serialize)]
struct Linkage<'a> {
    model: &'a str,
    #[serde(flatten)]
    report: &'a LinkReport,
}

#[derive(Serialize)]
struct Thresholds {
    likely: f64,
    possible: f64,
}

#[derive(Serialize)]
struct Input<'a> {
    path: String,
    bytes: u64,
    sha256: &'a str,
    format: String,
    encoding: &'a str,
    /// Of a workbook, the sheet that was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    sheet: Option<&'a str>,
    mapping: Vec<Mapped<'a>>,
    unmapped: &'a [String],
    rows: u64,
    incidents: u64,
    rejected: u64,
    truncated: u64,
    repaired: u64,
}

#[derive(Serialize)]
struct Mapped<'a> {
    /// As the file has it.
    header: &'a str,
    /// The column that it is read as.
    column: &'static str,
}

impl<'a> Input<'a> {
    fn new(source: &'a Source) -> Self {
        Self {
            path: source.path.display().to_string(),
            bytes: source.bytes,
            sha256: &source.sha256,
            format: source.format.to_string(),
            encoding: &source.encoding,
            sheet: source.sheet.as_deref(),
            mapping: source.mapping.iter().map(|(header, column)| Mapped { header, column: column.name() }).collect(),
            unmapped: &source.unmapped,
            rows: source.rows,
            incidents: source.incidents,
            rejected: source.rejected,
            truncated: source.truncated,
            repaired: source.repaired,
        }
    }
}

/// Writes the manifest; returns the seconds that the run took.
pub(super) fn write(
    path: &Path,
    facts: &RunFacts,
    run_id: &str,
    counts: &Counts,
    sources: &[Source],
    outputs: &[OutputFile],
    linkage: &LinkReport,
) -> Result<f64> {
    let finished_at = Timestamp::now();
    let seconds = (seconds_between(facts.started_at, finished_at) * 1e3).round() / 1e3;
    let manifest = Manifest {
        program: "foursight",
        program_version: env!("CARGO_PKG_VERSION"),
        format_version: FORMAT_VERSION,
        run_id,
        marking: super::MARKING,
        started_at: london(facts.started_at),
        finished_at: london(finished_at),
        seconds,
        counts,
        inputs: sources.iter().map(Input::new).collect(),
        outputs,
        model: &facts.model,
        rules: RulesUsed { rules: facts.rules, sha256: &facts.rules_sha256 },
        policy: PolicyUsed { sha256: &facts.policy_sha256 },
        thresholds: Thresholds { likely: facts.threshold_likely, possible: facts.threshold_possible },
        linkage: Linkage { model: &facts.linkage, report: linkage },
        settings: &facts.settings,
        threads: facts.threads,
        processor: Processor::here(),
    };
    let write = || {
        let mut file = BufWriter::new(File::create(path)?);
        serde_json::to_writer_pretty(&mut file, &manifest)?;
        file.write_all(b"\n")?;
        file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()
    };
    write().map_err(|source| Error::io(path, "cannot write", source))?;
    Ok(seconds)
}

fn seconds_between(start: Timestamp, end: Timestamp) -> f64 {
    end.duration_since(start).as_secs_f64().max(0.0)
}

/// Local time in London with its offset, as in `2026-03-29T02:30:00+01:00`.
fn london(time: Timestamp) -> String {
    let zone = TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC);
    time.to_zoned_datetime(zone).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_london_times() {
        let time = |text: &str| london(text.parse().unwrap());
        assert_eq!(time("2026-01-05T12:00:00Z"), "2026-01-05T12:00:00+00:00");
        assert_eq!(time("2026-07-05T12:00:00Z"), "2026-07-05T13:00:00+01:00");
    }
}
