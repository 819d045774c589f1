//! Labelled records, read for fitting, and their split into train, dev and test by writer or course, never by row.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::domain::{Indicator, RiskTier, Span};
use crate::error::{Error, Result};

/// The file that says which writers are dev and test, beside the labelled files.
const SPLITS_FILE: &str = "splits.toml";
/// One group in this many is dev where no file says otherwise.
const DEV_EVERY: u64 = 5;

/// What a stalking-trained reviewer would want done with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Label {
    No,
    Possible,
    Likely,
}

impl Label {
    /// All labels, in the order of the classifier's outputs.
    pub const ALL: [Self; 3] = [Self::No, Self::Possible, Self::Likely];

    /// The name used in labelled files.
    pub fn name(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Possible => "possible",
            Self::Likely => "likely",
        }
    }

    /// The place among the classifier's labels.
    pub fn index(self) -> usize {
        self as usize
    }
}

/// What a record is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    Train,
    /// Early stopping, calibration, thresholds, choices.
    Dev,
    /// Published figures only; `train` leaves these out.
    Test,
}

/// What a fit needs of a labelled record.
#[derive(Debug, Clone)]
pub struct LabelledRecord {
    pub id: String,
    /// The file's name without its ending.
    pub writer: String,
    pub split: Split,
    pub narrative: String,
    pub label: Label,
    /// `None` where the sample carries no risk label.
    pub risk: Option<RiskTier>,
    /// Where each asserted indicator stands, in bytes of the narrative; `None` where the sample carries no evidence at all.
    pub evidence: Option<Vec<(Indicator, Span)>>,
}

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    incident_id: Option<serde_json::Value>,
    narrative: String,
    stalking: Label,
    #[serde(default)]
    risk: Option<RiskTier>,
    #[serde(default)]
    evidence: Option<Vec<Quote>>,
    #[serde(default)]
    course_id: Option<String>,
}

#[derive(Deserialize)]
struct Quote {
    indicator: Indicator,
    quote: String,
}

/// Which writers are dev and test; the others are train.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Splits {
    dev: Vec<String>,
    test: Vec<String>,
}

/// Reads labelled records, a file a writer. The split is by writer where a `splits.toml` lies beside the first file, else by course, or
/// by record where there are no courses.
///
/// # Errors
/// [`Error::Io`] for a file that cannot be read, [`Error::Input`] with the line for one that does not parse or whose quote is not in its
/// narrative.
pub fn load(paths: &[PathBuf]) -> Result<Vec<LabelledRecord>> {
    let splits = splits(paths)?;
    let mut records = Vec::new();
    for path in paths {
        let writer = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        for (number, line) in lines(path)? {
            records.push(record(path, &writer, number, line, splits.as_ref())?);
        }
    }
    Ok(records)
}

fn splits(paths: &[PathBuf]) -> Result<Option<Splits>> {
    let Some(path) = paths.first().and_then(|path| path.parent()).map(|folder| folder.join(SPLITS_FILE)) else { return Ok(None) };
    match std::fs::read_to_string(&path) {
        Ok(text) => toml::from_str(&text).map(Some).map_err(|error| Error::Usage(format!("{}: {}", path.display(), error.message()))),
        Err(_) => Ok(None),
    }
}

fn record(path: &Path, writer: &str, number: usize, line: Line, splits: Option<&Splits>) -> Result<LabelledRecord> {
    let id = match line.incident_id {
        Some(serde_json::Value::String(id)) => id,
        Some(other) => other.to_string(),
        None => format!("{writer}-{number}"),
    };
    let split = match splits {
        Some(splits) if splits.test.iter().any(|name| name == writer) => Split::Test,
        Some(splits) if splits.dev.iter().any(|name| name == writer) => Split::Dev,
        Some(_) => Split::Train,
        None => by_hash(line.course_id.as_ref().unwrap_or(&id)),
    };
    let place = |quote: Quote| match line.narrative.find(&quote.quote) {
        Some(start) if !quote.quote.is_empty() => Ok((quote.indicator, Span::new(start, start + quote.quote.len()))),
        _ => Err(Error::input(path, format!("line {number}: the quote for {} is not in the narrative", quote.indicator))),
    };
    let evidence = line.evidence.map(|quotes| quotes.into_iter().map(place).collect::<Result<Vec<_>>>()).transpose()?;
    Ok(LabelledRecord { id, writer: writer.to_owned(), split, narrative: line.narrative, label: line.stalking, risk: line.risk, evidence })
}

fn by_hash(group: &str) -> Split {
    let digest = Sha256::digest(group.as_bytes());
    let number = digest.iter().take(8).fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    if number.is_multiple_of(DEV_EVERY) { Split::Dev } else { Split::Train }
}

fn lines(path: &Path) -> Result<Vec<(usize, Line)>> {
    let file = std::fs::File::open(path).map_err(|source| Error::io(path, "cannot read", source))?;
    let mut lines = Vec::new();
    for (i, line) in std::io::BufReader::new(file).lines().enumerate() {
        let line = line.map_err(|source| Error::io(path, "cannot read", source))?;
        if line.trim().is_empty() {
            continue;
        }
        // serde's own message could quote the text.
        let parsed = serde_json::from_str(&line).map_err(|error| {
            let place = format!("line {}, column {}", i + 1, error.column());
            Error::input(
                path,
                format!("{place}: not a labelled record (a JSON object with `narrative` and `stalking`: no, possible or likely)"),
            )
        })?;
        lines.push((i + 1, parsed));
    }
    Ok(lines)
}
