//! Every file of `fixtures/malformed`, and what its README says must happen.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::ingest::{ReadFiles, failure, read, write};
use foursight::domain::Column;

fn fixture(name: &str) -> PathBuf {
    Path::new("fixtures/malformed").join(name)
}

/// What must become of a file.
enum Wanted {
    /// Refused with exit code 1 and a message that holds each of these.
    Refused(&'static [&'static str]),
    /// Read: the ids, and of each rejected row the row, line, column and a part of the cause.
    Read(&'static [&'static str], &'static [Rejected]),
}

type Rejected = (u64, Option<u64>, Option<&'static str>, &'static str);

const CASES: [(&str, Wanted); 19] = [
    ("empty.csv", Wanted::Refused(&["is empty"])),
    ("header-only.csv", Wanted::Refused(&["holds a header and no rows"])),
    ("no-narrative-column.csv", Wanted::Refused(&["found incident_id, Narativ, reported_at", "nearest is `Narativ`", "--mapping"])),
    ("repeated-id.csv", Wanted::Read(&["A-1001", "A-1002"], &[(3, Some(4), Some("incident_id"), "row 1 of this file (this is row 3 of ")])),
    ("too-few-cells.csv", Wanted::Read(&["A-1001", "A-1003"], &[(2, Some(3), None, "too few cells: 2 where the header has 4")])),
    ("too-many-cells.csv", Wanted::Read(&["A-1001", "A-1003"], &[(2, Some(3), None, "too many cells: 6 where the header has 4")])),
    ("invalid-bytes.csv", Wanted::Read(&["A-1001", "A-1003"], &[(2, Some(3), Some("narrative"), "the first at byte 10 of the cell")])),
    ("windows-1252.csv", Wanted::Read(&["A-1001", "A-1002"], &[])),
    ("utf16-without-mark.csv", Wanted::Read(&["A-1001", "A-1002"], &[])),
    (
        "narrative-empty.csv",
        Wanted::Read(
            &["A-1003"],
            &[(1, Some(2), Some("narrative"), "narrative is empty"), (2, Some(3), Some("narrative"), "narrative is empty")],
        ),
    ),
    ("control-characters.csv", Wanted::Read(&["A-1001", "A-1002", "A-1003"], &[])),
    (
        "impossible-date.csv",
        Wanted::Read(
            &["A-1004", "A-1005"],
            &[
                (1, Some(2), Some("reported_at"), "day 31 does not exist in month 2"),
                (2, Some(3), Some("reported_at"), "day 29 does not exist in month 2 of 2023"),
                (3, Some(4), Some("reported_at"), "month 13 does not exist"),
            ],
        ),
    ),
    (
        "unclosed-quote.csv",
        Wanted::Read(&["A-1001", "A-1003", "A-1004", "A-1005"], &[(2, Some(3), Some("narrative"), "line 3 was set aside")]),
    ),
    ("unescaped-quotes.csv", Wanted::Read(&["A-1001", "A-1002", "A-1003", "A-1004", "A-1005"], &[])),
    ("claims-a-million-rows.xlsx", Wanted::Read(&["A-1001", "A-1002"], &[])),
    ("x000d.xlsx", Wanted::Read(&["A-1001", "A-1002"], &[])),
    ("cut-in-half.xlsx", Wanted::Refused(&["cannot be read as an XLSX workbook", "Export it again"])),
    ("cut-in-half.parquet", Wanted::Refused(&["cannot be read as a Parquet file", "Export it again"])),
    (
        "not-json.jsonl",
        Wanted::Read(&["A-1001", "A-1004"], &[(2, Some(2), None, "the line is no JSON object"), (3, Some(3), None, "no valid JSON")]),
    ),
];

#[test]
fn each_file_meets_what_its_readme_says() {
    for (name, wanted) in CASES {
        let result = read(&fixture(name));
        match wanted {
            Wanted::Refused(parts) => {
                let (message, code) = failure(result);
                assert!(parts.iter().all(|part| message.contains(part)) && message.contains(name) && code == 1, "{name}: {message}");
            }
            Wanted::Read(ids, rejected) => {
                let found = result.unwrap();
                assert_eq!(found.ids(), ids, "{name}");
                assert_eq!(found.rejected.len(), rejected.len(), "{name}: {:?}", found.rejected);
                for (row, (number, line, column, cause)) in found.rejected.iter().zip(rejected) {
                    assert_eq!((row.row, row.line, row.column.as_deref()), (*number, *line, *column), "{name}: {}", row.cause);
                    assert!(row.cause.contains(cause), "{name}: {}", row.cause);
                }
            }
        }
    }
}

#[test]
fn the_readme_lists_each_file() {
    let readme = std::fs::read_to_string(fixture("README.md")).unwrap();
    let listed: BTreeSet<&str> =
        readme.lines().filter_map(|line| line.strip_prefix("| `")).filter_map(|line| Some(line.split_once('`')?.0)).collect();
    let tested: BTreeSet<&str> = CASES.iter().map(|(name, _)| *name).collect();
    assert_eq!(listed, tested);
    let files: BTreeSet<String> =
        std::fs::read_dir("fixtures/malformed").unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(files.iter().map(String::as_str).filter(|name| *name != "README.md").collect::<BTreeSet<_>>(), tested);
}

fn fixture_read(name: &str) -> ReadFiles {
    read(&fixture(name)).unwrap()
}

#[test]
fn what_is_read_is_read_right() {
    let found = fixture_read("windows-1252.csv");
    assert_eq!(
        found.narratives(),
        ["He said \u{201c}never again\u{201d} \u{2013} twice; \u{a3}20 at the caf\u{e9}.", "It\u{2019}s quiet."]
    );
    assert_eq!(found.sources[0].encoding, "windows-1252");

    let found = fixture_read("invalid-bytes.csv");
    assert_eq!(
        found.narratives(),
        ["She met him at the caf\u{e9} and the cr\u{ea}perie.", "He said \u{201c}never again\u{201d} \u{2013} twice."]
    );
    assert_eq!(found.rejected[0].incident_id.as_deref(), Some("A-1002"));

    let found = fixture_read("utf16-without-mark.csv");
    assert_eq!(
        (found.narratives()[0], found.sources[0].encoding.as_str()),
        ("He said \u{201c}never again\u{201d} at the caf\u{e9}.", "UTF-16LE")
    );

    let found = fixture_read("control-characters.csv");
    assert_eq!(found.narratives()[0], "Bell \u{7} and escape \u{1b}[31m and NUL \0 in the text.");
    assert_eq!(found.narratives()[1], "Right to left \u{202e}elpmis\u{202c} and \u{200f} mark.");
    assert!(found.narratives()[2].contains("\u{1F494}\u{1F468}\u{200d}\u{1F469}\u{200d}\u{1F467}"));

    let found = fixture_read("impossible-date.csv");
    assert_eq!(found.incidents.iter().map(|incident| incident.get(Column::ReportedAt)).collect::<Vec<_>>(), [Some("2024-02-29"), None]);

    let found = fixture_read("unescaped-quotes.csv");
    let wanted = [
        "he said \"stop\" to her",
        "he said \"never\", then left",
        "first line \"quoted\"\nsecond line, with \"more\" of it",
        "she shouted \"stop\"",
        "properly \"doubled\" here",
    ];
    assert_eq!(found.narratives(), wanted);
    assert!(found.incidents.iter().all(|incident| incident.get(Column::Area) == Some("North")));
    assert_eq!(found.sources[0].repaired, 4);

    let found = fixture_read("unclosed-quote.csv");
    assert_eq!(found.narratives()[2], "Two lines,\nand a comma.");
    assert_eq!(found.rejected[0].incident_id.as_deref(), Some("A-1002"));

    let found = fixture_read("x000d.xlsx");
    assert_eq!(found.narratives(), ["First line.\r\nSecond line.", "A literal _x000D_ stays."]);
}

/// Resident memory of this process in bytes.
#[cfg(target_os = "linux")]
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[cfg(target_os = "linux")]
#[test]
fn a_claim_of_a_million_rows_costs_nothing() {
    let before = resident();
    let found = fixture_read("claims-a-million-rows.xlsx");
    assert_eq!(found.incidents[1].row, 2);
    assert_eq!(found.rejected.len(), 0);
    // Other tests run beside this one: the bound is far above their needs and far below sixteen thousand million cells.
    assert!(resident() - before < 2 << 30);
}

#[test]
fn a_file_cut_anywhere_is_read_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["x000d.xlsx", "unescaped-quotes.csv", "utf16-without-mark.csv", "not-json.jsonl"] {
        let bytes = std::fs::read(fixture(name)).unwrap();
        for end in (0..bytes.len()).step_by(7) {
            // Whatever is left: no panic, and no row that vanishes (`read` checks that).
            let _ = read(&write(folder.path(), name, &bytes[..end]));
        }
    }
}
