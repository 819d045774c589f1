//! Labelled records: what a stalking-trained reviewer would want done with a record, and their split into train, dev and test by writer
//! or course, never by row.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io::BufRead;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::domain::{Column, Context, Incident, Indicator, RiskTier, Span};
use crate::error::{Error, Result};

/// The file that says which writers are dev and test, beside the labelled files.
const SPLITS_FILE: &str = "splits.toml";
/// One group in this many is dev where no file says otherwise.
const DEV_EVERY: u64 = 5;
/// Ids named in an error.
const SHOWN_IDS: usize = 5;

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

impl Split {
    /// The name used in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Dev => "dev",
            Self::Test => "test",
        }
    }
}

/// Words that look like an indicator and must not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetAside {
    pub span: Span,
    pub why: Context,
    /// The indicator they look like; `None` where the labeller named none.
    pub indicator: Option<Indicator>,
}

/// What a trained reviewer says of a whole course of conduct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CourseLabel {
    /// `stalking`, `dispute`, `domestic_current`, `coincidence` or `none`.
    pub kind: String,
    pub is_stalking: bool,
    /// `None` where the sample carries no risk label for courses.
    pub risk: Option<RiskTier>,
}

/// A record with its label.
#[derive(Clone)]
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
    pub set_aside: Vec<SetAside>,
    /// Such as `positive:overt:letters`; `None` where the sample names none.
    pub slice: Option<String>,
    /// The course of conduct that the record belongs to.
    pub course: Option<String>,
    /// What that course is; `None` where the sample does not say.
    pub course_label: Option<CourseLabel>,
    /// The known columns that hold a value, except id and narrative, in the order of [`Column::ALL`].
    pub fields: Vec<(Column, String)>,
}

impl LabelledRecord {
    /// Whether a trained reviewer would want the record flagged: likely or possible is the positive class everywhere.
    pub fn is_positive(&self) -> bool {
        self.label != Label::No
    }

    /// The record as the engine reads it, without its label.
    pub fn incident(&self) -> Incident {
        Incident { id: self.id.clone(), narrative: self.narrative.clone(), file: 0, row: 0, fields: self.fields.clone(), kept: Vec::new() }
    }
}

/// Shows id, writer and label only: a record's text and people never reach a log by accident.
impl fmt::Debug for LabelledRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LabelledRecord")
            .field("id", &self.id)
            .field("writer", &self.writer)
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    incident_id: Option<Value>,
    #[serde(default)]
    narrative: Option<String>,
    stalking: Label,
    #[serde(default)]
    risk: Option<RiskTier>,
    #[serde(default)]
    evidence: Option<Vec<Quote>>,
    #[serde(default)]
    set_aside: Vec<AsideQuote>,
    #[serde(default)]
    slice: Option<String>,
    #[serde(default)]
    course_id: Option<String>,
    #[serde(default)]
    course_kind: Option<String>,
    #[serde(default)]
    course_stalking: Option<String>,
    #[serde(default)]
    course_risk: Option<RiskTier>,
    #[serde(flatten)]
    columns: HashMap<String, Value>,
}

#[derive(Deserialize)]
struct Quote {
    indicator: Indicator,
    quote: String,
}

#[derive(Deserialize)]
struct AsideQuote {
    quote: String,
    why: Context,
    #[serde(default)]
    indicator: Option<Indicator>,
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
    read(paths, None)
}

/// As [`load`], for labels that stand apart from their records: a line without a narrative takes that and the columns of the record with
/// its id.
///
/// # Errors
/// As [`load`]; [`Error::Usage`] with the ids that no record has.
pub fn load_beside(paths: &[PathBuf], records: &HashMap<String, Incident>) -> Result<Vec<LabelledRecord>> {
    read(paths, Some(records))
}

/// The ids of all lines.
///
/// # Errors
/// As [`load`], but narratives may be missing.
pub fn ids(paths: &[PathBuf]) -> Result<HashSet<String>> {
    let mut ids = HashSet::new();
    for path in paths {
        ids.extend(lines(path)?.iter().map(|(number, line)| id(line, &writer(path), *number)));
    }
    Ok(ids)
}

fn read(paths: &[PathBuf], beside: Option<&HashMap<String, Incident>>) -> Result<Vec<LabelledRecord>> {
    let splits = splits(paths)?;
    let (mut records, mut unmatched) = (Vec::new(), Vec::new());
    for path in paths {
        let writer = writer(path);
        for (number, line) in lines(path)? {
            let id = id(&line, &writer, number);
            let other = beside.and_then(|records| records.get(&id));
            if line.narrative.is_none() && other.is_none() {
                if beside.is_none() {
                    return Err(Error::input(path, format!("line {number}: there is no `narrative`")));
                }
                unmatched.push(id);
                continue;
            }
            records.push(record(path, &writer, number, line, other, splits.as_ref())?);
        }
    }
    if unmatched.is_empty() {
        return Ok(records);
    }
    let shown = unmatched.iter().take(SHOWN_IDS).map(|id| format!("{id:?}")).collect::<Vec<_>>().join(", ");
    let more = if unmatched.len() > SHOWN_IDS { format!(" and {} more", unmatched.len() - SHOWN_IDS) } else { String::new() };
    let labels = unmatched.len() + records.len();
    Err(Error::Usage(format!("{} of {labels} labelled ids are in none of the records: {shown}{more}", unmatched.len())))
}

fn writer(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

fn id(line: &Line, writer: &str, number: usize) -> String {
    match &line.incident_id {
        Some(Value::String(id)) => id.clone(),
        Some(other) => other.to_string(),
        None => format!("{writer}-{number}"),
    }
}

/// The labelled files beside `path`, in the order of their names, where a `splits.toml` there says what each is for; else `None`.
///
/// # Errors
/// [`Error::Io`] if the folder cannot be read.
pub fn files_with_splits(path: &Path) -> Result<Option<Vec<PathBuf>>> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.join(SPLITS_FILE).is_file() {
        return Ok(None);
    }
    let unread = |source| Error::io(folder, "cannot read", source);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unread)? {
        files.push(entry.map_err(unread)?.path());
    }
    files.retain(|file| file.extension().is_some_and(|ending| ending == "jsonl"));
    files.sort();
    Ok(Some(files))
}

/// Checks that no id stands twice, so that a result can be traced to its record.
///
/// # Errors
/// [`Error::Usage`] with the first id that does and the two files.
pub fn unique_ids(records: &[LabelledRecord]) -> Result<()> {
    let mut first: HashMap<&str, &str> = HashMap::new();
    for record in records {
        if let Some(writer) = first.insert(&record.id, &record.writer) {
            return Err(Error::Usage(format!(
                "incident_id {:?} stands twice, in {writer} and in {}: ids of labelled records are unique over all files",
                record.id, record.writer
            )));
        }
    }
    Ok(())
}

/// The records of `candidates` whose id and narrative are not among `taken`.
pub fn without(candidates: Vec<LabelledRecord>, taken: &[LabelledRecord]) -> Vec<LabelledRecord> {
    let ids: HashSet<&str> = taken.iter().map(|record| record.id.as_str()).collect();
    let narratives: HashSet<&str> = taken.iter().map(|record| record.narrative.as_str()).collect();
    let is_new = |record: &LabelledRecord| !ids.contains(record.id.as_str()) && !narratives.contains(record.narrative.as_str());
    candidates.into_iter().filter(is_new).collect()
}

fn splits(paths: &[PathBuf]) -> Result<Option<Splits>> {
    let Some(path) = paths.first().and_then(|path| path.parent()).map(|folder| folder.join(SPLITS_FILE)) else { return Ok(None) };
    match std::fs::read_to_string(&path) {
        Ok(text) => toml::from_str(&text).map(Some).map_err(|error| Error::Usage(format!("{}: {}", path.display(), error.message()))),
        Err(_) => Ok(None),
    }
}

fn record(
    path: &Path,
    writer: &str,
    number: usize,
    line: Line,
    beside: Option<&Incident>,
    splits: Option<&Splits>,
) -> Result<LabelledRecord> {
    let id = id(&line, writer, number);
    let split = match splits {
        Some(splits) if splits.test.iter().any(|name| name == writer) => Split::Test,
        Some(splits) if splits.dev.iter().any(|name| name == writer) => Split::Dev,
        Some(_) => Split::Train,
        None => by_hash(line.course_id.as_ref().unwrap_or(&id)),
    };
    let narrative = line.narrative.or_else(|| beside.map(|record| record.narrative.clone())).unwrap_or_default();
    let place = |quote: &str, what: &str| match narrative.find(quote) {
        Some(start) if !quote.is_empty() => Ok(Span::new(start, start + quote.len())),
        _ => Err(Error::input(path, format!("line {number}: the quote for {what} is not in the narrative"))),
    };
    let located = |quote: &Quote| Ok((quote.indicator, place(&quote.quote, quote.indicator.id())?));
    let evidence = line.evidence.map(|quotes| quotes.iter().map(located).collect::<Result<Vec<_>>>()).transpose()?;
    let aside = |quote: &AsideQuote| {
        let span = place(&quote.quote, "set_aside")?;
        Ok(SetAside { span, why: quote.why, indicator: quote.indicator })
    };
    let set_aside = line.set_aside.iter().map(aside).collect::<Result<Vec<_>>>()?;
    let value = |column: Column| {
        let own = line.columns.get(column.name()).and_then(as_text);
        own.or_else(|| beside?.get(column).map(str::to_owned))
    };
    let fields = Column::ALL.into_iter().filter_map(|column| Some((column, value(column)?))).collect();
    Ok(LabelledRecord {
        id,
        writer: writer.to_owned(),
        split,
        narrative,
        label: line.stalking,
        risk: line.risk,
        evidence,
        set_aside,
        slice: line.slice,
        course: line.course_id,
        course_label: line.course_stalking.map(|stalking| CourseLabel {
            kind: line.course_kind.unwrap_or_else(|| if stalking == "yes" { "stalking" } else { "none" }.to_owned()),
            is_stalking: stalking == "yes",
            risk: line.course_risk,
        }),
        fields,
    })
}

/// A cell's value as an export would give it; `None` where it holds nothing.
fn as_text(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    };
    (!text.is_empty()).then_some(text)
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
        let parsed = serde_json::from_str(&line).map_err(|_| Error::input(path, format!("line {}: {}", i + 1, fault(&line))))?;
        lines.push((i + 1, parsed));
    }
    Ok(lines)
}

/// What is wrong with a line that is no labelled record. serde's own message could quote the text.
fn fault(line: &str) -> String {
    let value: Value = match serde_json::from_str(line) {
        Ok(value) => value,
        Err(error) => return format!("not JSON from column {} on; a labelled file has one JSON object a line", error.column()),
    };
    let Some(object) = value.as_object() else { return "not a JSON object; a labelled file has one a line".to_owned() };
    let fits = |name: &str, is_right: fn(&Value) -> bool| object.get(name).is_none_or(|value| value.is_null() || is_right(value));
    if !fits("narrative", Value::is_string) {
        return "`narrative` is a text".to_owned();
    }
    if object.get("stalking").is_none_or(|label| Label::deserialize(label).is_err()) {
        return "`stalking` is no, possible or likely".to_owned();
    }
    if !fits("risk", |risk| RiskTier::deserialize(risk).is_ok()) {
        return "`risk` is high, medium, standard or none".to_owned();
    }
    if !fits("evidence", |evidence| Vec::<Quote>::deserialize(evidence).is_ok()) {
        return "`evidence` is a list of objects with `indicator` (such as B07) and `quote`".to_owned();
    }
    if !fits("set_aside", |aside| Vec::<AsideQuote>::deserialize(aside).is_ok()) {
        return "`set_aside` is a list of objects with `quote`, `why` (negated, hypothetical, historical, other_person, template or benign) \
                and, where they look like one, `indicator`"
            .to_owned();
    }
    "`slice` and `course_id` are texts".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &str) -> Result<Vec<LabelledRecord>> {
        with_file(lines, |path| load(&[path]))
    }

    fn with_file<T>(lines: &str, then: impl FnOnce(PathBuf) -> T) -> T {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w01.jsonl");
        std::fs::write(&path, lines).unwrap();
        then(path)
    }

    #[test]
    fn a_record_comes_with_its_places_and_fields() {
        let records = read(
            r#"{"incident_id": 7, "narrative": "He sat outside again. No threats.", "stalking": "possible", "slice": "possible:car",
                "evidence": [{"indicator": "B07", "quote": "sat outside"}], "course_id": "C1", "victim_sex": "F", "da_flag": true, "area": " ",
                "set_aside": [{"quote": "No threats", "why": "negated", "indicator": "R01"}]}"#
                .replace('\n', " ")
                .as_str(),
        )
        .unwrap();
        let record = &records[0];
        assert_eq!((record.id.as_str(), record.writer.as_str(), record.course.as_deref()), ("7", "w01", Some("C1")));
        assert_eq!(record.evidence.as_ref().unwrap()[0].1.slice(&record.narrative), "sat outside");
        assert_eq!(record.set_aside[0].span.slice(&record.narrative), "No threats");
        assert_eq!(record.fields, [(Column::VictimSex, "F".to_owned()), (Column::DaFlag, "true".to_owned())]);
        assert!(unique_ids(&records).is_ok());
        assert!(unique_ids(&[record.clone(), record.clone()]).is_err());
        assert!(without(records.clone(), &records).is_empty());
    }

    #[test]
    fn a_line_that_is_no_labelled_record_says_what_is_wrong_and_never_quotes() {
        for (line, wrong) in [
            ("{\"narrative\": \"secret", "not JSON from column"),
            ("[]", "not a JSON object"),
            ("{\"stalking\": \"no\"}", "there is no `narrative`"),
            ("{\"narrative\": 7, \"stalking\": \"no\"}", "`narrative` is a text"),
            ("{\"narrative\": \"secret\", \"stalking\": \"yes\"}", "`stalking` is no, possible or likely"),
            ("{\"narrative\": \"secret\", \"stalking\": \"no\", \"risk\": \"secret\"}", "`risk` is high"),
            (
                "{\"narrative\": \"secret\", \"stalking\": \"no\", \"evidence\": [{\"indicator\": \"Z1\", \"quote\": \"\"}]}",
                "`evidence` is",
            ),
            (
                "{\"narrative\": \"secret\", \"stalking\": \"no\", \"evidence\": [{\"indicator\": \"B01\", \"quote\": \"x\"}]}",
                "not in the narrative",
            ),
            (
                "{\"narrative\": \"secret\", \"stalking\": \"no\", \"set_aside\": [{\"quote\": \"secret\", \"why\": \"dull\"}]}",
                "`set_aside` is",
            ),
        ] {
            let message = read(&format!("\n{line}\n")).unwrap_err().to_string();
            assert!(message.contains("line 2: ") && message.contains(wrong), "{message}");
            assert!(!message.contains("secret"), "{message}");
        }
    }

    #[test]
    fn labels_find_their_records_by_id_or_say_which_they_miss() {
        let incident = |id: &str| Incident {
            id: id.to_owned(),
            narrative: "Sat outside.".to_owned(),
            file: 0,
            row: 1,
            fields: vec![(Column::VictimSex, "F".to_owned()), (Column::Area, "North".to_owned())],
            kept: Vec::new(),
        };
        let records: HashMap<String, Incident> = ["A", "B"].into_iter().map(|id| (id.to_owned(), incident(id))).collect();
        let labels =
            "{\"incident_id\": \"A\", \"stalking\": \"no\", \"area\": \"South\"}\n{\"incident_id\": \"C\", \"stalking\": \"likely\"}";
        let first = labels.lines().next().unwrap();
        let found = with_file(first, |path| load_beside(&[path], &records)).unwrap();
        assert_eq!(found[0].narrative, "Sat outside.");
        assert_eq!(found[0].fields, [(Column::Area, "South".to_owned()), (Column::VictimSex, "F".to_owned())]);
        let error = with_file(labels, |path| load_beside(&[path], &records)).unwrap_err();
        assert_eq!(error.to_string(), "1 of 2 labelled ids are in none of the records: \"C\"");
        assert_eq!(with_file(labels, |path| ids(&[path])).unwrap().len(), 2);
    }
}
