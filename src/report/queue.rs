//! The queue: flagged records, worst first.
//!
//! Records wait in a nameless file; memory holds a key and a place for each.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::highlight::Mark;
use crate::domain::{Column, Flag, Incident, RiskTier, ScreenedRecord, Span};
use crate::error::{Error, Result};

/// A flagged record as a reviewer sees it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) flag: String,
    pub(super) risk: String,
    pub(super) probability: f64,
    pub(super) reasons: Vec<String>,
    pub(super) marks: Vec<Mark>,
    /// The passage that weighed most for the classifier, as byte range.
    pub(super) strongest: Option<(usize, usize)>,
    pub(super) recorded_as: Option<String>,
    pub(super) recorded_otherwise: bool,
    pub(super) reported_at: Option<String>,
    pub(super) area: Option<String>,
    pub(super) narrative: String,
    /// Index of the input file.
    pub(super) file: usize,
    pub(super) row: u64,
    pub(super) duplicate_of: Option<String>,
    pub(super) words: usize,
    pub(super) tokens: usize,
    pub(super) tokens_scored: usize,
}

impl Entry {
    fn new(record: &ScreenedRecord) -> Self {
        let incident = &record.incident;
        let of = |column| incident.get(column).map(str::to_owned);
        Self {
            id: incident.id.clone(),
            flag: record.flag.name().to_owned(),
            risk: record.risk.name().to_owned(),
            probability: record.probability.value(),
            reasons: record.reasons.clone(),
            marks: record.findings.iter().map(Mark::from).collect(),
            strongest: record.strongest_window.map(|span: Span| (span.start, span.end)),
            recorded_as: recorded_as(incident),
            recorded_otherwise: record.recorded_otherwise,
            reported_at: of(Column::ReportedAt),
            area: of(Column::Area).or_else(|| of(Column::Force)),
            narrative: incident.narrative.clone(),
            file: incident.file,
            row: incident.row,
            duplicate_of: record.duplicate_of.clone(),
            words: record.words,
            tokens: record.tokens,
            tokens_scored: record.tokens_scored,
        }
    }
}

/// What a record is recorded as: offence, else the codes with which its log was closed or opened.
pub(super) fn recorded_as(incident: &Incident) -> Option<String> {
    let of = |column| incident.get(column).map(str::trim).filter(|value| !value.is_empty());
    match (of(Column::OffenceTitle), of(Column::OffenceCode)) {
        (Some(title), Some(code)) => Some(format!("{title} ({code})")),
        (Some(only), None) | (None, Some(only)) => Some(only.to_owned()),
        (None, None) => of(Column::ClosingCode).or_else(|| of(Column::OpeningCode)).map(str::to_owned),
    }
}

/// Where a record waits, and what it is ranked by.
#[derive(Debug)]
struct Place {
    risk: RiskTier,
    flag: Flag,
    probability: f64,
    id: String,
    at: u64,
    bytes: usize,
}

/// Collects flagged records.
pub(super) struct Queue {
    folder: PathBuf,
    file: BufWriter<File>,
    places: Vec<Place>,
    at: u64,
}

impl Queue {
    /// An empty queue whose records wait in `folder`, in a file without a name that the system removes by itself.
    pub(super) fn create(folder: &Path) -> Result<Self> {
        let file = tempfile::tempfile_in(folder).map_err(|source| Error::io(folder, "cannot write here", source))?;
        Ok(Self { folder: folder.to_owned(), file: BufWriter::new(file), places: Vec::new(), at: 0 })
    }

    /// Takes a flagged record; one that is not flagged is left out.
    pub(super) fn add(&mut self, record: &ScreenedRecord) -> Result<()> {
        if record.flag == Flag::None {
            return Ok(());
        }
        let fault = |source| Error::io(&self.folder, "cannot write here", source);
        let bytes = serde_json::to_vec(&Entry::new(record)).map_err(|error| fault(error.into()))?;
        self.file.write_all(&bytes).map_err(fault)?;
        let (risk, flag, probability) = (record.risk, record.flag, record.probability.value());
        self.places.push(Place { risk, flag, probability, id: record.incident.id.clone(), at: self.at, bytes: bytes.len() });
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// Puts the records in order: risk tier, then flag, then probability, highest first, then id.
    pub(super) fn ranked(mut self) -> Result<RankedQueue> {
        self.places.sort_by(|a, b| {
            (b.risk, b.flag)
                .cmp(&(a.risk, a.flag))
                .then(b.probability.total_cmp(&a.probability))
                .then_with(|| (&a.id, a.at).cmp(&(&b.id, b.at)))
        });
        let file = self.file.into_inner().map_err(|error| Error::io(&self.folder, "cannot write here", error.into_error()))?;
        Ok(RankedQueue { folder: self.folder, file: BufReader::new(file), places: self.places })
    }
}

/// Flagged records, worst first; each is read when it is asked for.
pub(super) struct RankedQueue {
    folder: PathBuf,
    file: BufReader<File>,
    places: Vec<Place>,
}

impl RankedQueue {
    /// Flagged records in all.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The record of rank `index`, counted from 0.
    pub(super) fn entry(&mut self, index: usize) -> Result<Entry> {
        let place = &self.places[index];
        let mut read = || {
            let mut bytes = vec![0; place.bytes];
            self.file.seek(SeekFrom::Start(place.at))?;
            self.file.read_exact(&mut bytes)?;
            Ok(serde_json::from_slice(&bytes)?)
        };
        read().map_err(|source: std::io::Error| Error::io(&self.folder, "cannot read back from here", source))
    }
}
