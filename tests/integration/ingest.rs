//! Exports of every format and encoding, through the reader that the commands use.

use std::fs;
use std::path::{Path, PathBuf};

use foursight::domain::{Column, Incident, RejectedRow};
use foursight::error::Result;
use foursight::ingest::{Format, IngestOptions, Reader, Source};
use polars::prelude::{Column as Series, DataFrame, DataType, IntoColumn, NamedFrom, ParquetWriter, Series as Values, TimeUnit, TimeZone};
use proptest::prelude::*;
use rust_xlsxwriter::{ExcelDateTime, Format as Style, Workbook};

/// All that a run would see.
pub(crate) struct ReadFiles {
    pub(crate) incidents: Vec<Incident>,
    pub(crate) rejected: Vec<RejectedRow>,
    pub(crate) sources: Vec<Source>,
}

impl ReadFiles {
    pub(crate) fn ids(&self) -> Vec<&str> {
        self.incidents.iter().map(|incident| incident.id.as_str()).collect()
    }

    pub(crate) fn narratives(&self) -> Vec<&str> {
        self.incidents.iter().map(|incident| incident.narrative.as_str()).collect()
    }
}

/// Reads files to their end and checks that no row has vanished.
pub(crate) fn read_with(paths: &[PathBuf], options: IngestOptions, rows: usize) -> Result<ReadFiles> {
    let mut reader = Reader::open(paths, options)?;
    let (mut incidents, mut rejected) = (Vec::new(), Vec::new());
    while let Some(chunk) = reader.next_chunk(rows)? {
        assert!((1..=rows).contains(&(chunk.incidents.len() + chunk.rejected.len())));
        assert!((0.0..=1.0).contains(&reader.share_read()));
        incidents.extend(chunk.incidents);
        rejected.extend(chunk.rejected);
    }
    assert!((reader.share_read() - 1.0).abs() < f64::EPSILON);
    let sources = reader.sources().to_vec();
    for (i, source) in sources.iter().enumerate() {
        let count = |files: &mut dyn Iterator<Item = usize>| files.filter(|file| *file == i).count() as u64;
        assert_eq!(source.incidents, count(&mut incidents.iter().map(|incident| incident.file)));
        assert_eq!(source.rejected, count(&mut rejected.iter().map(|row| row.file)));
        assert_eq!(source.rows, source.incidents + source.rejected);
        assert_eq!(source.sha256.len(), 64);
    }
    Ok(ReadFiles { incidents, rejected, sources })
}

pub(crate) fn read(path: &Path) -> Result<ReadFiles> {
    read_with(&[path.to_owned()], IngestOptions::default(), 1000)
}

pub(crate) fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    path
}

/// The message of a failed read, with its exit code.
pub(crate) fn failure(result: Result<ReadFiles>) -> (String, u8) {
    let error = result.err().unwrap();
    let message = error.to_string();
    assert_eq!(message.lines().count(), 1, "one message: {message}");
    (message, error.exit_code())
}

#[test]
fn one_table_in_every_encoding() {
    let folder = tempfile::tempdir().unwrap();
    let text = "incident_id,narrative\n1,He said \u{201c}never\u{201d} at the caf\u{e9}: \u{a3}20\n2,It\u{2019}s quiet\n";
    let bytes_1252 = encoding_rs::WINDOWS_1252.encode(text).0.into_owned();
    let le = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let be = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    let marked = format!("\u{feff}{text}");
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("UTF-8", text.into()),
        ("UTF-8", marked.clone().into()),
        ("UTF-16LE", le(text)),
        ("UTF-16LE", le(&marked)),
        ("UTF-16BE", be(text)),
        ("UTF-16BE", be(&marked)),
        ("windows-1252", bytes_1252),
    ];
    for (encoding, bytes) in cases {
        let found = read(&write(folder.path(), "a.csv", &bytes)).unwrap();
        assert_eq!(found.sources[0].encoding, encoding);
        assert_eq!(found.sources[0].bytes, bytes.len() as u64);
        assert_eq!(found.narratives(), ["He said \u{201c}never\u{201d} at the caf\u{e9}: \u{a3}20", "It\u{2019}s quiet"], "{encoding}");
    }
}

#[test]
fn a_late_accent_decides_and_a_lone_bad_byte_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = b"id,text\n".to_vec();
    for i in 0..20_000 {
        bytes.extend(format!("{i},plain words without any accent\n").into_bytes());
    }
    let late_1252 = [bytes.as_slice(), b"x1,caf\xe9\n"].concat();
    let found = read(&write(folder.path(), "late.csv", late_1252)).unwrap();
    assert_eq!((found.sources[0].encoding.as_str(), found.narratives()[20_000]), ("windows-1252", "caf\u{e9}"));
    let late_utf8 = [bytes.as_slice(), "x1,caf\u{e9}\nx2,\u{201c}no\u{201d}\n".as_bytes(), b"x3,caf\xe9\n"].concat();
    let found = read(&write(folder.path(), "late8.csv", late_utf8)).unwrap();
    assert_eq!((found.sources[0].encoding.as_str(), found.narratives()[20_000]), ("UTF-8", "caf\u{e9}"));
    assert_eq!(found.rejected.len(), 1);
    assert_eq!((found.rejected[0].line, found.rejected[0].incident_id.as_deref()), (Some(20_004), Some("x3")));
}

#[test]
fn delimiters_and_line_ends() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        ("a.csv", "id,text\n1,He waits\n"),
        ("a.csv", "id;text\r\n1;He waits\r\n"),
        ("a.csv", "id|text\n1|He waits"),
        ("a.csv", "sep=;\nid;text\n1;He waits"),
        ("a.csv", "id,text\r1,He waits\r"),
        ("a.csv", "\n\nid,text\n\n1,He waits\n\n  \n,\n"),
        ("a.txt", "id\ttext\n1\tHe waits\n"),
        ("a.tsv", "id\ttext\n1\tHe waits\n"),
        ("a.csv", "\"id\",\"text\"\n\"1\",\"He waits\"\n"),
        ("a.csv", "id,text,\n1,He waits,\n"),
        ("a.csv", "id,text\n1,He waits,,\n"),
    ];
    for (name, content) in cases {
        let found = read(&write(folder.path(), name, content)).unwrap();
        assert_eq!((found.ids(), found.narratives()), (vec!["1"], vec!["He waits"]), "{content:?}");
        assert!(found.rejected.is_empty(), "{content:?}");
    }
}

#[test]
fn rows_lines_and_places_are_those_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let first = write(folder.path(), "a.csv", "id,text\n1,\"two\nlines\"\n\n2,He waits\n3\n");
    let second = write(folder.path(), "b.jsonl", "{\"id\": 2, \"text\": \"again\"}\n\n{\"id\": 4, \"text\": \"He waits\"}\n");
    for rows in [1, 2, 1000] {
        let found = read_with(&[first.clone(), second.clone()], IngestOptions::default(), rows).unwrap();
        assert_eq!(
            found.incidents.iter().map(|i| (i.id.as_str(), i.file, i.row)).collect::<Vec<_>>(),
            [("1", 0, 1), ("2", 0, 2), ("4", 1, 2)]
        );
        let places: Vec<_> = found.rejected.iter().map(|row| (row.file, row.row, row.line)).collect();
        assert_eq!(places, [(0, 3, Some(6)), (1, 1, Some(1))]);
        let cause = &found.rejected[1].cause;
        assert!(
            cause.contains("row 2 of") && cause.contains("a.csv") && cause.contains("row 1 of") && cause.contains("b.jsonl"),
            "{cause}"
        );
    }
}

#[test]
fn columns_are_found_normalised_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    let header = "Crime No,Recorded Date,Type,HO Code,MO Text,OEL,Victim DOB,Easting,Linked refs";
    let row = "CR/12/25,12/03/2025 14:05,Non-Crime Occurrence,00865,He waits.,Seen twice.,summer 1990,512345,A1;B2";
    let options = IngestOptions { keep_columns: vec!["easting".into(), "MO Text".into()], ..IngestOptions::default() };
    let found = read_with(&[write(folder.path(), "a.csv", format!("{header}\n{row}\n"))], options, 10).unwrap();
    let incident = &found.incidents[0];
    assert_eq!(incident.narrative, "MO Text:\nHe waits.\n\nOEL:\nSeen twice.");
    assert_eq!(incident.kept, ["512345", "He waits."]);
    let wanted = [
        (Column::ReportedAt, "2025-03-12T14:05:00"),
        (Column::RecordType, "non_crime"),
        (Column::OffenceCode, "8/65"),
        (Column::VictimDob, "summer 1990"),
        (Column::LinkedRefs, "A1;B2"),
    ];
    assert_eq!(incident.fields, wanted.map(|(column, value)| (column, value.to_owned())));
    let source = &found.sources[0];
    assert_eq!(source.mapping[0], ("Crime No".to_owned(), Column::IncidentId));
    assert_eq!(source.mapping.len(), 8);
    assert_eq!(source.unmapped, ["Easting"]);
}

#[test]
fn a_mapping_goes_before_names() {
    let folder = tempfile::tempdir().unwrap();
    let mapping = write(folder.path(), "map.toml", "incident_id = \"Our Key\"\nnarrative = [\"Log\", \"MO\"]\n");
    let path = write(folder.path(), "a.csv", "id,Our Key,MO,Log,Notes,Status\n1,K1,first,second,third,open\n");
    let options = IngestOptions { mapping: Some(mapping), ..IngestOptions::default() };
    let found = read_with(&[path], options, 10).unwrap();
    assert_eq!((found.ids(), found.narratives()), (vec!["K1"], vec!["Log:\nsecond\n\nMO:\nfirst"]));
    assert_eq!(found.incidents[0].get(Column::Status), Some("open"));
    assert_eq!(found.sources[0].unmapped, ["id", "Notes"]);
}

#[test]
fn what_does_not_fit_is_refused_before_the_first_row() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str, content: &str| write(folder.path(), name, content);
    let good = at("good.csv", "id,text\n1,He waits\n");
    let bad_map = at("bad.toml", "narrative = \"Tekst\"\n");
    let unknown_key = at("key.toml", "narrativ = \"text\"\n");
    let mapped = |path: &PathBuf| IngestOptions { mapping: Some(path.clone()), ..IngestOptions::default() };
    let kept = IngestOptions { keep_columns: vec!["Eastin".into()], ..IngestOptions::default() };
    let as_csv = IngestOptions { format: Some(Format::Csv), ..IngestOptions::default() };
    let none = IngestOptions::default;
    let linked = folder.path().join(".").join("good.csv");
    let xlsx = fs::read("fixtures/malformed/x000d.xlsx").unwrap();
    let cases: Vec<(Vec<PathBuf>, IngestOptions, &str, u8)> = vec![
        (vec![], none(), "no input file", 2),
        (vec![good.clone(), linked], none(), "given twice", 2),
        (vec!["-".into(), "-".into()], none(), "given twice", 2),
        (vec!["-".into()], as_csv, "read as JSON Lines, not as csv", 2),
        (vec![folder.path().join("nothing.csv")], none(), "there is no such file", 1),
        (vec![folder.path().to_owned()], none(), "is a folder", 1),
        (vec![at("a.gz", "x")], none(), "unpack it first", 2),
        (vec![at("a.xls", "x")], none(), "save it as .xlsx or .csv", 2),
        (vec![at("a.doc", "x")], none(), "--input-format", 2),
        (vec![write(folder.path(), "really.csv", xlsx)], none(), "is an XLSX workbook", 1),
        (vec![at("text.xlsx", "id,text\n1,a\n")], none(), "is not an XLSX workbook", 1),
        (vec![at("text.parquet", "id,text\n1,a\n")], none(), "is not a Parquet file", 1),
        (vec![at("PK.xlsx", "PK\u{3}\u{4}nonsense")], none(), "cannot be read as an XLSX workbook", 1),
        (vec![at("PAR1.parquet", "PAR1 nonsense PAR1")], none(), "cannot be read as a Parquet file", 1),
        (vec![at("e.jsonl", "")], none(), "is empty", 1),
        (vec![at("blank.jsonl", " \n\n")], none(), "is empty", 1),
        (vec![at("words.jsonl", "some words\n")], none(), "none of the first", 1),
        (vec![at("blank.csv", "\n \n")], none(), "is empty", 1),
        (
            vec![good.clone(), at("late.csv", "id,Txet\n1,a\n")],
            none(),
            "late.csv: no column is known to hold the narrative: found id, Txet",
            1,
        ),
        (vec![at("noid.csv", "Numbr,text\n1,a\n")], none(), "hold the incident_id", 1),
        (vec![good.clone()], mapped(&bad_map), "the nearest is `text`", 2),
        (vec![good.clone()], mapped(&unknown_key), "did you mean `narrative`?", 2),
        (vec![good.clone()], mapped(&folder.path().join("no.toml")), "no.toml", 2),
        (vec![good], kept, "--keep-columns names `Eastin`, which is no header of the input. The headers are id, text", 2),
    ];
    for (paths, options, wanted, code) in cases {
        let (message, found) = failure(read_with(&paths, options, 10));
        assert!(message.contains(wanted) && found == code, "wanted {wanted} ({code}): {message} ({found})");
    }
}

#[test]
fn json_lines() {
    let folder = tempfile::tempdir().unwrap();
    let lines = [
        r#"{"incident_id": 4211873.0, "narrative": "He waits", "linked_refs": ["A1", "B2"], "odd": {"deep": [1, 2]}, "evidence": [{"start": 0}]}"#,
        r#"{"narrative": "Later", "incident_id": "x", "victim_name": null, "da_flag": true, "stalking": "likely", "risk": "high", "risk_grade": 3}"#,
        r#"{"incident_id": "y", "narrative": {"no": "text"}}"#,
        r#"{"incident_id": "z"}"#,
        r#"{"incident_id": "w", "narrative": "caf\u00e9 \ud83d\udc94"}"#,
    ];
    let found = read(&write(folder.path(), "a.jsonl", lines.join("\r\n"))).unwrap();
    assert_eq!((found.ids(), found.narratives()), (vec!["4211873", "x", "w"], vec!["He waits", "Later", "caf\u{e9} \u{1f494}"]));
    assert_eq!(found.incidents[0].fields, [(Column::LinkedRefs, "A1;B2".to_owned())]);
    assert_eq!(found.incidents[1].fields, [(Column::RiskGrade, "3".to_owned()), (Column::DaFlag, "true".to_owned())]);
    let causes: Vec<_> = found.rejected.iter().map(|row| (row.row, row.column.as_deref(), row.cause.as_str())).collect();
    assert!(
        matches!(causes[..], [(3, Some("narrative"), a), (4, Some("narrative"), b)] if a.contains("object") && b.contains("empty")),
        "{causes:?}"
    );
}

#[test]
fn a_column_that_turns_up_late_in_json_lines_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut lines: Vec<String> = (0..300).map(|i| format!("{{\"id\": {i}, \"text\": \"He waits\"}}")).collect();
    lines.push("{\"id\": 300, \"text\": \"He waits\", \"Suspect name\": \"A Person\", \"unheard of\": 1}".to_owned());
    let found = read(&write(folder.path(), "a.ndjson", lines.join("\n"))).unwrap();
    assert_eq!(found.incidents[300].get(Column::SuspectName), Some("A Person"));
    assert!(found.sources[0].mapping.contains(&("Suspect name".to_owned(), Column::SuspectName)));
}

#[test]
fn a_workbook_with_titles_dates_numbers_and_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.xlsx");
    let mut book = Workbook::new();
    book.add_worksheet().set_name("Cover").unwrap().write(0, 0, "Extract of the crime system").unwrap();
    let date = Style::new().set_num_format("dd/mm/yyyy hh:mm");
    let sheet = book.add_worksheet().set_name("Data").unwrap();
    sheet.write(0, 0, "Crimes of interest").unwrap();
    for (column, name) in ["Crime No", "Recorded", "MO", "HO Code", "Repeat", "Victim DOB", "From date"].into_iter().enumerate() {
        sheet.write(2, u16::try_from(column).unwrap(), name).unwrap();
    }
    sheet.write(3, 0, 4_211_873).unwrap().write(3, 2, "He waits").unwrap().write(3, 3, 8.65).unwrap().write(3, 4, true).unwrap();
    let moment = ExcelDateTime::from_ymd(2025, 3, 12).unwrap().and_hms(14, 5, 0).unwrap();
    sheet.write_with_format(3, 1, &moment, &date).unwrap().write(3, 5, 31_048).unwrap();
    sheet.write(5, 0, 123_456_789_012_i64).unwrap().write(5, 2, "x".repeat(32_767)).unwrap().write(5, 6, 45_728.5).unwrap();
    sheet.write(6, 0, "CR/3").unwrap().write(6, 2, "He rings").unwrap();
    sheet.write_formula(6, 1, rust_xlsxwriter::Formula::new("=NA()").set_result("#N/A")).unwrap();
    sheet.write(7, 0, "CR/4").unwrap();
    book.save(&path).unwrap();
    let options = IngestOptions { keep_columns: vec!["Repeat".into()], ..IngestOptions::default() };
    let found = read_with(std::slice::from_ref(&path), options, 2).unwrap();
    assert_eq!(found.ids(), ["4211873", "123456789012", "CR/3"]);
    let wanted = [(Column::ReportedAt, "2025-03-12T14:05:00"), (Column::OffenceCode, "8/65"), (Column::VictimDob, "1985-01-01")];
    assert_eq!(found.incidents[0].fields, wanted.map(|(column, value)| (column, value.to_owned())));
    assert_eq!(found.incidents[0].kept, ["true"]);
    assert_eq!(found.incidents[1].get(Column::OccurredFrom), Some("2025-03-12T12:00:00"));
    assert_eq!((found.incidents[1].row, found.sources[0].truncated, found.sources[0].sheet.as_deref()), (2, 1, Some("Data")));
    assert_eq!((found.rejected[0].row, found.rejected[0].line, found.rejected[0].column.as_deref()), (4, Some(8), Some("MO")));

    let wrong = write(folder.path(), "map.toml", "sheet = \"Date\"\n");
    let (message, code) = failure(read_with(&[path], IngestOptions { mapping: Some(wrong), ..IngestOptions::default() }, 9));
    assert!(message.contains("no sheet `Date`; its sheets are Cover, Data") && code == 2, "{message}");
}

fn parquet(path: &Path, columns: Vec<Series>, row_group: Option<usize>) {
    let mut frame = DataFrame::new_infer_height(columns).unwrap();
    ParquetWriter::new(fs::File::create(path).unwrap()).with_row_group_size(row_group).finish(&mut frame).unwrap();
}

#[test]
fn parquet_of_every_type() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let noon: i64 = 1_752_321_600_000;
    let moments = Values::new("reported_at".into(), [Some(noon), None, Some(noon)]);
    let zone = TimeZone::opt_try_new(Some("UTC")).unwrap();
    let refs = Values::new(
        "linked_refs".into(),
        [Values::new("".into(), ["A1", "B2"]), Values::new_empty("".into(), &DataType::String), Values::new("".into(), ["C3"])],
    );
    let columns = vec![
        Values::new("incident_id".into(), [4_211_873_i64, 2, 3]).into_column(),
        Values::new("narrative".into(), [Some("He waits"), Some("caf\u{e9}"), None]).into_column(),
        moments.cast(&DataType::Datetime(TimeUnit::Milliseconds, zone)).unwrap().into_column(),
        Values::new("from_date".into(), [noon, noon, noon]).cast(&DataType::Datetime(TimeUnit::Milliseconds, None)).unwrap().into_column(),
        Values::new("victim_dob".into(), [5_000_i32, 6_000, 7_000]).cast(&DataType::Date).unwrap().into_column(),
        Values::new("area".into(), ["North", "North", "South"])
            .cast(&DataType::from_categories(polars::prelude::Categories::global()))
            .unwrap()
            .into_column(),
        Values::new("da_flag".into(), [true, false, true]).into_column(),
        Values::new("risk_level".into(), [1.0, 2.5, 3.0]).into_column(),
        refs.into_column(),
    ];
    parquet(&path, columns, Some(2));
    let found = read_with(&[path], IngestOptions::default(), 2).unwrap();
    assert_eq!((found.ids(), found.narratives()), (vec!["4211873", "2"], vec!["He waits", "caf\u{e9}"]));
    let wanted = [
        (Column::ReportedAt, "2025-07-12T13:00:00"),
        (Column::OccurredFrom, "2025-07-12T12:00:00"),
        (Column::Area, "North"),
        (Column::VictimDob, "1983-09-10"),
        (Column::LinkedRefs, "A1;B2"),
        (Column::RiskGrade, "1"),
        (Column::DaFlag, "true"),
    ];
    assert_eq!(found.incidents[0].fields, wanted.map(|(column, value)| (column, value.to_owned())));
    assert_eq!((found.rejected[0].row, found.rejected[0].incident_id.as_deref()), (3, Some("3")));
}

#[test]
fn parquet_rows_come_in_order_whatever_the_groups() {
    let folder = tempfile::tempdir().unwrap();
    let ids: Vec<i64> = (0..100_000).collect();
    let texts: Vec<String> = ids.iter().map(|id| format!("He waits at gate {id}")).collect();
    for (name, group) in [("one.parquet", None), ("many.parquet", Some(7_001))] {
        let path = folder.path().join(name);
        parquet(&path, vec![Values::new("id".into(), &ids).into_column(), Values::new("text".into(), &texts).into_column()], group);
        let found = read_with(&[path], IngestOptions::default(), 999).unwrap();
        assert!(found.incidents.iter().zip(&ids).all(|(incident, id)| incident.id == id.to_string()));
        assert!(found.incidents.iter().zip(&texts).all(|(incident, text)| incident.narrative == *text));
        assert_eq!(found.incidents.len(), ids.len());
    }
}

#[test]
fn quotes_that_nobody_closed_swallow_no_rows() {
    let folder = tempfile::tempdir().unwrap();
    let row = |i: u32| match i % 4 {
        0 => format!("CR/{i}/25,\"quoted, with comma and\nline break\",North\n"),
        1 => format!("CR/{i}/25,plain,North\n"),
        2 => format!("CR/{i}/25,\"he said \"\"no\"\" twice\",North\n"),
        _ => format!("CR/{i}/25,\"he said \"no\", twice\",North\n"),
    };
    for damage in [0, 1, 2, 3, 17, 50, 99] {
        let mut text = "id,text,area\n".to_owned();
        for i in 0..100 {
            text.push_str(&if i == damage { format!("CR/{i}/25,\"never closed,North\n") } else { row(i) });
        }
        let found = read(&write(folder.path(), "a.csv", &text)).unwrap();
        assert_eq!(found.rejected.len(), 1, "damage in row {damage}");
        assert_eq!(found.rejected[0].row, u64::from(damage) + 1);
        assert_eq!(found.rejected[0].column.as_deref(), Some("text"));
        assert!(found.rejected[0].cause.contains("set aside"));
        assert_eq!(found.incidents.len(), 99);
        assert!(found.narratives().iter().all(|text| text.len() < 60));
        assert_eq!(found.sources[0].repaired, if damage % 4 == 3 { 24 } else { 25 });
    }
}

/// Exports that double no quote at all, and exports that close none: every row has its fault, and still each is told from the next.
#[test]
fn a_file_of_nothing_but_damaged_rows() {
    let folder = tempfile::tempdir().unwrap();
    let words = ["he", "said", "\"no\"", "and", "\"stop\",", "then", "left,", "at", "3", "2,"];
    let narrative = |i: usize, gap: &str| {
        let words: Vec<&str> = (0..12 + i % 5).map(|k| words[(i * 7 + k * k * 3) % words.len()]).collect();
        format!("He {}{gap}{} end", words[..6].join(" "), words[6..].join(gap))
    };
    let id = |prefix: &str, i: usize| if prefix.is_empty() { (40_000 + i * 30).to_string() } else { format!("{prefix}{i}/25") };
    for (prefix, gap, close) in
        [("CR/", " ", "\""), ("CR/", "\n", "\""), ("", " ", "\""), ("", "\n", "\""), ("CR/", " ", ""), ("", " ", "")]
    {
        let mut text = "id,text,area\n".to_owned();
        for i in 0..3000 {
            text.push_str(&format!("{},\"{}{close},North\n", id(prefix, i), narrative(i, gap)));
        }
        let found = read(&write(folder.path(), "a.csv", text)).unwrap();
        assert_eq!(found.sources[0].rows, 3000, "{prefix:?} {gap:?} {close:?}");
        for incident in &found.incidents {
            let row = usize::try_from(incident.row).unwrap() - 1;
            assert_eq!(incident.id, id(prefix, row));
            if !close.is_empty() {
                assert_eq!(incident.narrative, narrative(row, gap));
            }
        }
        assert!(close.is_empty() || found.rejected.len() < 100, "{prefix:?} {gap:?}: {}", found.rejected.len());
    }
}

#[test]
fn a_damaged_first_row_swallows_nothing_whatever_comes_first() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        ("text,id\n\"never closed,1\nfine text,2\nother words here,3\n", 2),
        ("area,id,text\nNorth,1,\"never closed\nNorth West,2,fine\nSouth,3,\"fine, too\"\n", 2),
        ("id,text\n1,\"never closed\n2,\"never closed\n3,fine\n", 1),
        ("id,text\n1,fine\n2,\"never closed", 1),
        ("id,text\n\"1,never closed\n\"2\",\"fine\"\n\"3\",\"fine\"\n", 2),
    ];
    for (content, wanted) in cases {
        let found = read(&write(folder.path(), "a.csv", content)).unwrap();
        assert_eq!(found.incidents.len(), wanted, "{content:?}: {:?}", found.rejected);
        assert_eq!(found.rejected.len() + wanted, content.lines().count() - 1, "{content:?}: {:?}", found.rejected);
    }
    // The id spans lines that turn out to be another row's.
    let found = read(&write(folder.path(), "a.csv", "id,text,area\n\"7\n8,x,y\n\",\"a\"b,c\n")).unwrap();
    assert_eq!((found.ids(), found.rejected.len()), (vec!["8"], 2));
    let many: String = (0..1000).map(|i| format!("{} words of every kind and shape {i},{i}\n", "x".repeat(i % 30 + 1))).collect();
    let found =
        read(&write(folder.path(), "a.csv", format!("Notes 2,id,text\nfirst,f,\"never closed\n{}", many.replace('\n', ",x\n")))).unwrap();
    assert!(found.incidents.len() >= 800, "{}", found.incidents.len());
}

#[test]
fn several_workbooks_are_read_in_turn() {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = (0..3)
        .map(|i| {
            let path = folder.path().join(format!("{i}.xlsx"));
            let mut book = Workbook::new();
            let sheet = book.add_worksheet();
            sheet.write(0, 0, "id").unwrap().write(0, 1, "text").unwrap();
            for row in 1..=200_u32 {
                sheet.write(row, 0, i * 1000 + row).unwrap().write(row, 1, "He waits").unwrap();
            }
            book.save(&path).unwrap();
            path
        })
        .collect();
    let found = read_with(&paths, IngestOptions::default(), 70).unwrap();
    assert_eq!(found.incidents.iter().map(|incident| incident.file).collect::<Vec<_>>(), [[0; 200], [1; 200], [2; 200]].concat());
    // A reader that is dropped half way leaves nothing waiting.
    let mut reader = Reader::open(&paths, IngestOptions::default()).unwrap();
    assert!(reader.next_chunk(10).unwrap().is_some());
}

#[test]
fn a_narrative_of_two_million_characters() {
    let folder = tempfile::tempdir().unwrap();
    let long = "He waits, \u{e9}\n".repeat(2_000_000 / 12 + 1);
    let csv = write(folder.path(), "a.csv", format!("id,text\n1,x\n2,\"{long}\"\n3,\"he said \"no\", {long}\"\n4,end\n"));
    let json = write(folder.path(), "b.jsonl", format!("{{\"id\": 5, \"text\": {}}}\n", serde_json::to_string(&long).unwrap()));
    let found = read_with(&[csv, json], IngestOptions::default(), 1000).unwrap();
    assert_eq!(found.ids(), ["1", "2", "3", "4", "5"]);
    assert_eq!(found.incidents[1].narrative, long);
    assert_eq!(found.incidents[2].narrative, format!("he said \"no\", {long}"));
    assert_eq!(found.incidents[4].narrative, long);
}

fn cell() -> impl Strategy<Value = String> {
    "[a-c \",;|\n\r\u{e9}\u{1f494}]{0,12}|[a-z]{1,8}"
}

proptest! {
    /// The `csv` crate writes, this crate reads: for files by the rules the two agree on every cell.
    #[test]
    fn well_formed_csv_is_read_as_written(rows in prop::collection::vec((cell(), cell()), 1..12), crlf: bool) {
        let folder = tempfile::tempdir().unwrap();
        let end = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let mut writer = csv::WriterBuilder::new().terminator(end).from_writer(Vec::new());
        writer.write_record(["id", "narrative", "note a"]).unwrap();
        for (i, (narrative, note)) in rows.iter().enumerate() {
            writer.write_record([i.to_string().as_str(), &format!("x{narrative}"), note]).unwrap();
        }
        let path = write(folder.path(), "a.csv", writer.into_inner().unwrap());
        let options = IngestOptions { keep_columns: vec!["note a".into()], ..IngestOptions::default() };
        let found = read_with(&[path], options, 5).unwrap();
        prop_assert_eq!(found.incidents.len(), rows.len());
        for (incident, (narrative, note)) in found.incidents.iter().zip(&rows) {
            prop_assert_eq!(&incident.narrative, &format!("x{narrative}"));
            prop_assert_eq!(&incident.kept[0], note);
        }
    }

    /// Whatever the bytes: no panic, and every row is an incident or a rejection (checked by `read_with`).
    #[test]
    fn any_bytes_are_read_or_rejected(bytes in prop::collection::vec(prop_oneof![Just(b'"'), Just(b','), Just(b'\n'), Just(b'\r'), Just(b'7'), Just(b'a'), any::<u8>()], 0..300)) {
        let folder = tempfile::tempdir().unwrap();
        let with_header = [b"id,narrative,area\n".as_slice(), &bytes].concat();
        for name in ["a.csv", "a.tsv", "a.jsonl", "a.xlsx", "a.parquet"] {
            let _ = read(&write(folder.path(), name, &bytes));
            let _ = read(&write(folder.path(), name, &with_header));
        }
    }

    /// One row without its closing quote costs that row alone.
    #[test]
    fn rows_around_a_damaged_one_are_kept(before in 0..6_usize, after in 1..6_usize, text in "[a-z ,\"]{0,30}") {
        let folder = tempfile::tempdir().unwrap();
        let mut content = "id,narrative,area\n".to_owned();
        for i in 0..before { content.push_str(&format!("CR/{i}/25,\"fine, all of it\",North\n")); }
        content.push_str(&format!("CR/88/25,\"{text}\n"));
        for i in 0..after { content.push_str(&format!("CR/{}/24,\"fine, all of it\",North\n", i + 10)); }
        let found = read(&write(folder.path(), "a.csv", content)).unwrap();
        let fine = found.ids().iter().filter(|id| **id != "CR/88/25").count();
        prop_assert_eq!(fine, before + after);
        prop_assert_eq!(found.incidents.len() + found.rejected.len(), before + after + 1);
    }
}
