//! `rejected.csv` and what the page and the workbook say about rejected rows.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use crate::domain::RejectedRow;
use crate::error::{Error, Result};

/// The file's name.
pub(super) const REJECTED: &str = "rejected.csv";
/// Rows kept for workbook and page; all are in the file.
const MAX_KEPT: usize = 5_000;
/// Kinds of cause counted apart.
const MAX_CAUSES: usize = 100;

/// Writes rejected rows as they come and keeps a few, and counts by cause.
pub(super) struct Rejects {
    path: PathBuf,
    writer: csv::Writer<File>,
    kept: Vec<RejectedRow>,
    causes: BTreeMap<String, u64>,
}

impl Rejects {
    /// Begins the file, which is written even if no row is rejected.
    pub(super) fn create(path: &Path) -> Result<Self> {
        let fault = |error: csv::Error| Error::io(path, "cannot write", error.into());
        let mut writer = csv::Writer::from_path(path).map_err(fault)?;
        writer.write_record(["file", "row", "line", "column", "incident_id", "cause"]).map_err(fault)?;
        Ok(Self { path: path.to_owned(), writer, kept: Vec::new(), causes: BTreeMap::new() })
    }

    /// Writes and counts a row; `file` is the path as given.
    pub(super) fn add(&mut self, row: &RejectedRow, file: &str) -> Result<()> {
        let line = row.line.map(|line| line.to_string()).unwrap_or_default();
        let (column, id) = (row.column.as_deref().unwrap_or_default(), row.incident_id.as_deref().unwrap_or_default());
        let record: [&str; 6] = [file, &row.row.to_string(), &line, column, id, &row.cause];
        self.writer.write_record(record).map_err(|error| Error::io(&self.path, "cannot write", error.into()))?;
        if self.kept.len() < MAX_KEPT {
            self.kept.push(row.clone());
        }
        let mut kind = kind_of_cause(row.column.as_deref(), &row.cause);
        if self.causes.len() >= MAX_CAUSES && !self.causes.contains_key(&kind) {
            "(further causes)".clone_into(&mut kind);
        }
        *self.causes.entry(kind).or_default() += 1;
        Ok(())
    }

    /// Writes what is still held.
    pub(super) fn finish(&mut self) -> Result<()> {
        self.writer.flush().map_err(|source| Error::io(&self.path, "cannot write", source))
    }

    /// The first rejected rows, at most 5,000.
    pub(super) fn kept(&self) -> &[RejectedRow] {
        &self.kept
    }

    /// Kinds of cause with their counts, the most frequent first.
    pub(super) fn causes(&self) -> Vec<(&str, u64)> {
        let mut causes: Vec<_> = self.causes.iter().map(|(cause, count)| (cause.as_str(), *count)).collect();
        causes.sort_by_key(|(cause, count)| (std::cmp::Reverse(*count), *cause));
        causes
    }
}

/// A cause without what differs from row to row: quoted values and numbers.
fn kind_of_cause(column: Option<&str>, cause: &str) -> String {
    let mut kind = column.map(|column| format!("{column}: ")).unwrap_or_default();
    let mut closing: Option<char> = None;
    for c in cause.chars() {
        if let Some(end) = closing {
            if c == end {
                closing = None;
            }
            continue;
        }
        match c {
            '"' | '\u{201c}' => {
                closing = Some(if c == '"' { '"' } else { '\u{201d}' });
                kind.push('\u{2026}');
            }
            '0'..='9' if kind.ends_with('#') => {}
            '0'..='9' => kind.push('#'),
            _ => kind.push(c),
        }
    }
    kind
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_counted_by_kind() {
        assert_eq!(kind_of_cause(Some("reported_at"), "\"31/02/2024\" is no date"), "reported_at: \u{2026} is no date");
        assert_eq!(kind_of_cause(None, "the id of row 12 is used again in row 345"), "the id of row # is used again in row #");
    }
}
