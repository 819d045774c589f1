//! `foursight screen` through the real program: what it writes, where, and what it leaves when it fails.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use polars::prelude::{AnyValue, DataFrame, ParquetReader, SerReader};
use serde_json::{Value, json};
use tempfile::TempDir;

const SCREENED: &str = "incident_id,source_file,source_row,flag,probability,risk,reasons,indicators,course_id,course_flag,course_risk,\
                        recorded_otherwise,read_by,words,tokens,tokens_scored,windows,duplicate_of";
const FINDINGS: &str = "incident_id,indicator,rule,start,end,quote,status,context";
/// A model in the making may score low; what is tested here is what becomes of a flag.
const FLAG_NEARLY_ALL: [&str; 4] = ["--threshold-possible", "0.0001", "--threshold-likely", "0.9"];

/// A folder with an input file, and room for results.
pub(crate) struct Desk {
    pub(crate) folder: TempDir,
}

impl Desk {
    pub(crate) fn new(records: &[Value]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
        std::fs::write(folder.path().join("in.jsonl"), lines).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs `screen in.jsonl` in the folder.
    pub(crate) fn screen(&self, args: &[&str]) -> Outcome {
        self.screen_files(&["in.jsonl"], args)
    }

    fn screen_files(&self, files: &[&str], args: &[&str]) -> Outcome {
        let mut command = Command::cargo_bin("foursight").unwrap();
        Outcome::of(command.current_dir(self.folder.path()).arg("screen").args(files).args(FLAG_NEARLY_ALL).args(args).output().unwrap())
    }

    /// Names of everything in the folder.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> =
            std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    fn of(output: std::process::Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn succeeds(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self
    }

    fn fails(self, code: i32, wanted: &str) {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        assert!(self.stderr.contains(wanted), "wanted {wanted}: {}", self.stderr);
        assert!(self.stdout.is_empty());
        let own = self.stderr.lines().filter(|line| line.starts_with("foursight: ")).count();
        assert_eq!(own, 1, "one message: {}", self.stderr);
    }
}

pub(crate) fn records() -> Vec<Value> {
    let stalking = "XP waits outside the IP's work again \u{2013} third time this week. Caf\u{e9} staff saw him. He said he would kill her, she is terrified.";
    vec![
        json!({"incident_id": "A1", "narrative": stalking, "offence_title": "Criminal damage", "offence_code": "58/0", "reported_at": "2026-03-01T22:05:00", "area": "North", "beat": "N 4"}),
        json!({"incident_id": "=2+3", "narrative": "=cmd|'/c calc'!A1 <script>alert(1)</script> \"quoted\" | bar, He follows her\r\nto the gym & home.\u{202e}abc\u{0}", "offence_title": "@SUM(1)", "area": "+44"}),
        json!({"incident_id": "A3", "narrative": "Two cars bumped at the roundabout. She denied that he waits outside her house."}),
        json!({"incident_id": "A4", "narrative": stalking, "offence_title": "Stalking"}),
    ]
}

fn header(columns: &str) -> Vec<String> {
    columns.split(',').map(|name| name.trim().to_owned()).collect()
}

fn parquet(path: &Path) -> (Vec<String>, Vec<Vec<Value>>) {
    let frame: DataFrame = ParquetReader::new(std::fs::File::open(path).unwrap()).finish().unwrap();
    let names = frame.get_column_names().iter().map(|name| name.to_string()).collect();
    let rows = (0..frame.height()).map(|row| frame.columns().iter().map(|column| value(&column.get(row).unwrap())).collect()).collect();
    (names, rows)
}

fn value(cell: &AnyValue<'_>) -> Value {
    match cell {
        AnyValue::Null => Value::Null,
        AnyValue::Boolean(value) => json!(value),
        AnyValue::UInt64(value) => json!(value),
        AnyValue::Float64(value) => json!(value),
        AnyValue::String(value) => json!(value),
        AnyValue::List(items) => Value::Array((0..items.len()).map(|i| value(&items.get(i).unwrap())).collect()),
        other => panic!("a column of another kind: {other:?}"),
    }
}

/// Rows of a JSON Lines table, with the names of the columns in their order.
fn jsonl(path: &Path) -> (Vec<String>, Vec<Vec<Value>>) {
    let text = std::fs::read_to_string(path).unwrap();
    let names = |line: &str| -> Vec<String> {
        // A parsed object does not keep the order of its keys; the text does.
        let object: BTreeMap<String, Value> = serde_json::from_str(line).unwrap();
        let mut names: Vec<String> = object.keys().cloned().collect();
        names.sort_by_key(|name| line.find(&format!("\"{name}\":")).unwrap());
        names
    };
    let first = names(text.lines().next().unwrap());
    let rows = text.lines().map(|line| {
        let object: Value = serde_json::from_str(line).unwrap();
        first.iter().map(|name| object[name].clone()).collect()
    });
    (first.clone(), rows.collect())
}

fn csv(path: &Path) -> (Vec<String>, Vec<Vec<String>>) {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let names = reader.headers().unwrap().iter().map(str::to_owned).collect();
    (names, reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect())
}

fn as_csv(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(as_csv).collect::<Vec<_>>().join(" | "),
        other => other.to_string(),
    }
}

#[test]
fn every_format_holds_the_same_rows_under_the_promised_columns() {
    let desk = Desk::new(&records());
    for format in ["parquet", "jsonl", "csv"] {
        desk.screen(&["--out", format, "--format", format, "--keep-columns", "beat"]).succeeds();
    }
    for (table, columns) in [("screened", format!("{SCREENED},beat")), ("findings", FINDINGS.to_owned())] {
        let (names, rows) = parquet(&desk.path(&format!("parquet/{table}.parquet")));
        assert_eq!(names, header(&columns));
        assert_eq!(jsonl(&desk.path(&format!("jsonl/{table}.jsonl"))), (names.clone(), rows.clone()));
        let texts = rows.iter().map(|row| row.iter().map(as_csv).collect()).collect();
        assert_eq!(csv(&desk.path(&format!("csv/{table}.csv"))), (names, texts));
    }
    let (names, rows) = parquet(&desk.path("parquet/screened.parquet"));
    let column = |name: &str| -> Vec<Value> { rows.iter().map(|row| row[names.iter().position(|n| n == name).unwrap()].clone()).collect() };
    assert_eq!(column("incident_id"), ["A1", "=2+3", "A3", "A4"]);
    assert_eq!(column("source_file"), ["in.jsonl"; 4]);
    assert_eq!(column("source_row"), [1, 2, 3, 4]);
    assert_eq!(column("duplicate_of"), [Value::Null, Value::Null, Value::Null, json!("A1")]);
    assert_eq!(column("beat"), [json!("N 4"), Value::Null, Value::Null, Value::Null]);
    assert!(column("probability").iter().all(|p| (p.as_f64().unwrap() * 1e4).fract().abs() < 1e-6));
}

#[test]
fn spans_slice_the_narrative_as_received() {
    let desk = Desk::new(&records());
    desk.screen(&["--out", "out", "--format", "jsonl"]).succeeds();
    let narratives: BTreeMap<String, String> =
        records().iter().map(|r| (r["incident_id"].as_str().unwrap().to_owned(), r["narrative"].as_str().unwrap().to_owned())).collect();
    let (names, rows) = jsonl(&desk.path("out/findings.jsonl"));
    assert_eq!(names, header(FINDINGS));
    assert!(rows.len() > 3);
    for row in rows {
        let narrative = narratives[row[0].as_str().unwrap()].as_bytes();
        let at = |i: usize| usize::try_from(row[i].as_u64().unwrap()).unwrap();
        assert_eq!(&narrative[at(3)..at(4)], row[5].as_str().unwrap().as_bytes());
        assert_eq!(row[6] == "counted", row[7].is_null());
    }
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let desk = Desk::new(&records());
    desk.screen(&["--out", "one", "--threads", "1"]).succeeds();
    desk.screen(&["--out", "two", "--threads", "2", "--quiet"]).succeeds();
    for file in ["screened.parquet", "findings.parquet", "review.xlsx", "report.html", "rejected.csv"] {
        let bytes = |folder: &str| std::fs::read(desk.path(folder).join(file)).unwrap();
        assert!(bytes("one") == bytes("two"), "{file}");
    }
}

#[test]
fn a_run_replaces_nothing_but_an_earlier_run_that_nobody_has_worked_in() {
    let desk = Desk::new(&records()[..1]);
    std::fs::create_dir(desk.path("out")).unwrap();
    desk.screen(&["--out", "out"]).succeeds();
    let before = desk.read("out/manifest.json");
    desk.screen(&["--out", "out"]).fails(2, "--overwrite");
    assert_eq!(desk.read("out/manifest.json"), before);

    desk.screen(&["--out", "out/", "--overwrite"]).succeeds();
    assert_ne!(desk.read("out/manifest.json"), before);

    std::fs::write(desk.path("out/decisions.jsonl"), "a person's work").unwrap();
    desk.screen(&["--out", "out", "--overwrite"]).fails(2, "decisions.jsonl");
    std::fs::remove_file(desk.path("out/decisions.jsonl")).unwrap();

    std::fs::write(desk.path("out/review.xlsx"), "with decisions").unwrap();
    desk.screen(&["--out", "out", "--overwrite"]).fails(2, "may hold decisions");
    assert_eq!(desk.read("out/review.xlsx"), "with decisions");

    std::fs::create_dir(desk.path("photos")).unwrap();
    std::fs::write(desk.path("photos/cat.jpg"), "cat").unwrap();
    desk.screen(&["--out", "photos", "--overwrite"]).fails(2, "no manifest.json");
    assert_eq!(desk.read("photos/cat.jpg"), "cat");
    assert_eq!(desk.names(), ["in.jsonl", "out", "photos"]);
}

#[test]
fn a_folder_that_cannot_be_is_said_at_once_and_leaves_nothing() {
    let desk = Desk::new(&[]);
    std::fs::write(desk.path("file"), "").unwrap();
    // The input does not exist either: the folder is looked at first.
    let screen = |out: &str| desk.screen_files(&["missing.jsonl"], &["--out", out]);
    screen("file").fails(1, "is a file");
    screen("file/out").fails(1, "there is no such folder");
    screen("nowhere/out").fails(1, "nowhere: there is no such folder");
    if cfg!(target_os = "linux") {
        screen("/proc/out").fails(1, "/proc: cannot make a folder for the results here");
    }
    screen("").fails(2, "--out is empty");
    assert_eq!(desk.screen_files(&["missing.jsonl"], &["--out", "out"]).code, Some(1));
    assert_eq!(desk.names(), ["file", "in.jsonl"]);
}

#[cfg(unix)]
#[test]
fn a_disk_that_fills_up_leaves_nothing() {
    let desk = Desk::new(&records());
    // A limit on the size of files fails a write as a full disk does; `screen` writes small files first and large ones last.
    for blocks in [1, 4, 8] {
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let mut command = Command::new("sh");
        command.current_dir(desk.folder.path()).args(["-c", &script]).arg(assert_cmd::cargo::cargo_bin("foursight"));
        let output = command.args(["screen", "in.jsonl", "--out", "out", "--quiet"]).args(FLAG_NEARLY_ALL).output().unwrap();
        Outcome::of(output).fails(1, "cannot write");
        assert_eq!(desk.names(), ["in.jsonl"], "{blocks} blocks");
    }
}

#[test]
fn too_many_rejected_rows_end_with_3_after_the_output_is_written() {
    let mut all = records();
    all.push(json!({"incident_id": "", "narrative": "nobody"}));
    let desk = Desk::new(&all);
    let outcome = desk.screen(&["--out", "out", "--json"]);
    assert_eq!(outcome.code, Some(3), "{}", outcome.stderr);
    let summary: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(
        (&summary["counts"]["rows"], &summary["counts"]["screened"], &summary["counts"]["rejected"]),
        (&json!(5), &json!(4), &json!(1))
    );
    let (names, rows) = csv(&desk.path("out/rejected.csv"));
    assert_eq!(names, ["file", "row", "line", "column", "incident_id", "cause"]);
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0][0].as_str(), rows[0][1].as_str(), rows[0][3].as_str()), ("in.jsonl", "5", "incident_id"));
    desk.screen(&["--out", "lenient", "--max-reject", "20"]).succeeds();
}

#[test]
fn a_run_in_which_every_row_is_rejected_has_tables_without_rows() {
    let desk = Desk::new(&[json!({"incident_id": "A1", "narrative": ""})]);
    desk.screen(&["--out", "out", "--max-reject", "100"]).succeeds();
    let (names, rows) = parquet(&desk.path("out/screened.parquet"));
    assert_eq!((names, rows.len()), (header(SCREENED), 0));
    let page = desk.read("out/report.html");
    assert!(page.contains("No record was flagged.") && page.contains("First rejected rows"));
}

#[test]
fn settings_that_make_no_sense_are_all_named_at_once() {
    let desk = Desk::new(&records()[..1]);
    let args = ["--format", "ods", "--max-reject", "101", "--threads", "many"];
    let outcome = desk.screen(&args);
    assert_eq!(outcome.code, Some(2));
    for wanted in ["--out DIR", "ods", "percentage", "--threads"] {
        assert!(outcome.stderr.contains(wanted), "{wanted}: {}", outcome.stderr);
    }
    let mut command = Command::cargo_bin("foursight").unwrap();
    let output =
        command.current_dir(desk.folder.path()).args(["screen", "in.jsonl", "--out", "out", "--threshold-likely", "1.5"]).output().unwrap();
    Outcome::of(output).fails(2, "above 0 and below 1");
    desk.screen(&["--out", "out", "--keep-columns", "flag"]).fails(2, "a column of that name already");
    assert_eq!(desk.names(), ["in.jsonl"]);
}

#[test]
fn standard_input_and_quiet() {
    let desk = Desk::new(&[]);
    let mut command = Command::cargo_bin("foursight").unwrap();
    command.current_dir(desk.folder.path()).args(["screen", "-", "--out", "out", "--quiet", "--format", "jsonl"]).args(FLAG_NEARLY_ALL);
    let outcome = Outcome::of(command.write_stdin(format!("{}\n", records()[0])).output().unwrap()).succeeds();
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("", ""));
    let (_, rows) = jsonl(&desk.path("out/screened.jsonl"));
    assert_eq!((rows.len(), &rows[0][1]), (1, &json!("-")));
}

#[test]
fn a_narrative_of_two_million_characters() {
    let line = "Patrol of the estate, all quiet. ";
    let mut long = line.repeat(2_000_000 / line.len());
    long.push_str("XP waits outside her work again and she is terrified.");
    let desk = Desk::new(&[json!({"incident_id": "L", "narrative": long})]);
    desk.screen(&["--out", "out", "--max-windows", "2", "--format", "jsonl"]).succeeds();
    let (_, rows) = jsonl(&desk.path("out/findings.jsonl"));
    assert!(rows.iter().any(|row| row[3].as_u64().unwrap() > 1_900_000), "the end is read by the rules");
    let page = desk.read("out/report.html");
    assert!(page.len() < 200_000 && page.contains("The narrative goes on in your own system"));
    assert!(page.contains("XP") && page.contains("terrified"), "evidence from the end is shown");
    let manifest: Value = serde_json::from_str(&desk.read("out/manifest.json")).unwrap();
    assert_eq!(manifest["counts"]["text_not_read"], 1);
}
