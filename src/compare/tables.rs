//! Reads back what a run wrote: the manifest and two of its tables, in whichever format.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use polars::prelude::{AnyValue, ParquetReader, SerReader};
use serde_json::Value;

use super::{CourseRow, RecordRow, RunRead};
use crate::error::{Error, Result};

/// Lists in CSV tables are joined by this.
const JOINED_BY: &str = " | ";

/// A value of a table.
enum Read {
    Text(String),
    List(Vec<String>),
    Missing,
}

/// A row by column.
type Row = BTreeMap<String, Read>;

pub(super) fn read(folder: &Path) -> Result<RunRead> {
    let manifest = manifest(folder)?;
    let text = |pointer: &str| {
        manifest.pointer(pointer).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).unwrap_or_default()
    };
    let made_with = [
        ("program", "/program_version"),
        ("model", "/model/sha256"),
        ("rules", "/rules/sha256"),
        ("policy", "/policy/sha256"),
        ("linkage", "/linkage/model"),
        ("thresholds", "/thresholds"),
    ];
    let mut run = RunRead {
        run_id: text("/run_id"),
        made_with: made_with.into_iter().map(|(part, pointer)| (part, text(pointer))).collect(),
        ..RunRead::default()
    };
    for row in rows(folder, "screened")? {
        let record = RecordRow {
            flag: row.text("flag"),
            risk: row.text("risk"),
            probability: row.text("probability").parse().unwrap_or(0.0),
            indicators: row.list("indicators"),
        };
        run.records.insert(row.text("incident_id"), record);
    }
    let courses = rows(folder, "courses")?.into_iter().filter(|row| row.text("level") != "loose").map(|row| CourseRow {
        id: row.text("course_id"),
        members: row.list("incident_ids").into_iter().collect(),
        flag: row.text("flag"),
        risk: row.text("risk"),
    });
    run.courses = largest(courses.collect());
    Ok(run)
}

/// Strict courses lie within standard ones: those that lie in no other are the standard level's.
fn largest(mut courses: Vec<CourseRow>) -> Vec<CourseRow> {
    courses.sort_by(|a, b| b.members.len().cmp(&a.members.len()).then_with(|| a.id.cmp(&b.id)));
    let mut taken: BTreeSet<String> = BTreeSet::new();
    courses.retain(|course| {
        let is_inside = course.members.first().is_some_and(|id| taken.contains(id));
        taken.extend(course.members.iter().cloned());
        !is_inside
    });
    courses.sort_by(|a, b| a.id.cmp(&b.id));
    courses
}

fn manifest(folder: &Path) -> Result<Value> {
    let path = folder.join("manifest.json");
    let text = std::fs::read(&path).map_err(|source| Error::io(&path, "cannot read the run's manifest", source))?;
    let manifest: Value = serde_json::from_slice(&text).map_err(|_| Error::input(&path, "is not the manifest of a run"))?;
    if manifest.get("program").and_then(Value::as_str) != Some("foursight") {
        return Err(Error::input(&path, "is not the manifest of a run"));
    }
    Ok(manifest)
}

trait Columns {
    fn text(&self, column: &str) -> String;
    fn list(&self, column: &str) -> Vec<String>;
}

impl Columns for Row {
    fn text(&self, column: &str) -> String {
        match self.get(column) {
            Some(Read::Text(text)) => text.clone(),
            _ => String::new(),
        }
    }

    fn list(&self, column: &str) -> Vec<String> {
        match self.get(column) {
            Some(Read::List(values)) => values.clone(),
            Some(Read::Text(text)) if !text.is_empty() => text.split(JOINED_BY).map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    }
}

fn rows(folder: &Path, table: &str) -> Result<Vec<Row>> {
    let found = |format: &str| Some(folder.join(format!("{table}.{format}"))).filter(|path| path.is_file());
    if let Some(path) = found("jsonl") {
        jsonl(&path)
    } else if let Some(path) = found("csv") {
        csv(&path)
    } else if let Some(path) = found("parquet") {
        parquet(&path)
    } else {
        Err(Error::input(folder, format!("has no table {table:?} of a run")))
    }
}

fn broken(path: &Path) -> Error {
    Error::input(path, "is not a table as a run writes it")
}

fn jsonl(path: &PathBuf) -> Result<Vec<Row>> {
    let file = File::open(path).map_err(|source| Error::io(path, "cannot read", source))?;
    let mut rows = Vec::new();
    for line in BufReader::new(file).lines() {
        let line = line.map_err(|source| Error::io(path, "cannot read", source))?;
        let object: serde_json::Map<String, Value> = serde_json::from_str(&line).map_err(|_| broken(path))?;
        let read = |value: Value| match value {
            Value::Null => Read::Missing,
            Value::Array(values) => Read::List(values.iter().map(|value| value.as_str().unwrap_or_default().to_owned()).collect()),
            Value::String(text) => Read::Text(text),
            other => Read::Text(other.to_string()),
        };
        rows.push(object.into_iter().map(|(column, value)| (column, read(value))).collect());
    }
    Ok(rows)
}

fn csv(path: &PathBuf) -> Result<Vec<Row>> {
    let mut reader = csv::Reader::from_path(path).map_err(|_| broken(path))?;
    let header = reader.headers().map_err(|_| broken(path))?.clone();
    let row = |record: csv::Result<csv::StringRecord>| {
        let record = record.map_err(|_| broken(path))?;
        Ok(header.iter().zip(&record).map(|(column, value)| (column.to_owned(), Read::Text(value.to_owned()))).collect())
    };
    reader.records().map(row).collect()
}

fn parquet(path: &PathBuf) -> Result<Vec<Row>> {
    let file = File::open(path).map_err(|source| Error::io(path, "cannot read", source))?;
    let frame = ParquetReader::new(file).finish().map_err(|_| broken(path))?;
    let read = |value: AnyValue<'_>| match value {
        AnyValue::Null => Read::Missing,
        AnyValue::String(text) => Read::Text(text.to_owned()),
        AnyValue::StringOwned(text) => Read::Text(text.to_string()),
        AnyValue::List(values) => {
            Read::List(values.str().map(|values| values.iter().flatten().map(str::to_owned).collect()).unwrap_or_default())
        }
        other => Read::Text(other.to_string()),
    };
    (0..frame.height())
        .map(|row| {
            let cell = |column: &polars::prelude::Column| Ok((column.name().to_string(), read(column.get(row).map_err(|_| broken(path))?)));
            frame.columns().iter().map(cell).collect()
        })
        .collect()
}
