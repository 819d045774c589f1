//! Labelled records, read for fitting.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::{Error, Result};

/// Writers are dealt into at most this many folds.
const MAX_FOLDS: usize = 8;

/// What a stalking-trained reviewer would want done with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Label {
    No,
    Possible,
    Likely,
}

impl Label {
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

/// What a fit needs of a labelled record.
#[derive(Debug, Clone)]
pub struct LabelledRecord {
    /// The file's name without its ending.
    pub writer: String,
    /// Records of one writer share a fold.
    pub fold: usize,
    pub narrative: String,
    pub label: Label,
}

#[derive(Deserialize)]
struct Line {
    narrative: String,
    stalking: Label,
}

/// Reads labelled records, a file a writer, and deals the writers into folds in the order of their names.
///
/// # Errors
/// [`Error::Io`] for a file that cannot be read, [`Error::Input`] with the line for one that does not parse.
pub fn load(paths: &[PathBuf]) -> Result<Vec<LabelledRecord>> {
    let mut by_writer: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    for path in paths {
        let writer = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        by_writer.entry(writer).or_default().extend(lines(path)?);
    }
    let mut records = Vec::new();
    for (i, (writer, lines)) in by_writer.into_iter().enumerate() {
        records.extend(lines.into_iter().map(|line| LabelledRecord {
            writer: writer.clone(),
            fold: i % MAX_FOLDS,
            narrative: line.narrative,
            label: line.stalking,
        }));
    }
    Ok(records)
}

fn lines(path: &Path) -> Result<Vec<Line>> {
    let file = std::fs::File::open(path).map_err(|source| Error::io(path, "cannot read", source))?;
    let mut lines = Vec::new();
    for (number, line) in std::io::BufReader::new(file).lines().enumerate() {
        let line = line.map_err(|source| Error::io(path, "cannot read", source))?;
        if line.trim().is_empty() {
            continue;
        }
        // serde's own message could quote the text.
        let parsed = serde_json::from_str(&line).map_err(|error| {
            let place = format!("line {}, column {}", number + 1, error.column());
            Error::input(path, format!("{place}: not a labelled record (a JSON object with `narrative` and `stalking`: no, possible or likely)"))
        })?;
        lines.push(parsed);
    }
    Ok(lines)
}
