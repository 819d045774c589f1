//! What people open: the workbook, the page and the manifest.

use calamine::{Data, Reader, Xlsx, open_workbook};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::screen::{Desk, records};

#[test]
fn no_cell_of_the_workbook_is_a_formula() {
    let desk = Desk::new(&records());
    desk.screen(&["--out", "out"]).succeeds();
    let mut workbook: Xlsx<_> = open_workbook(desk.path("out/review.xlsx")).unwrap();
    assert_eq!(workbook.sheet_names(), ["Read me", "Courses", "Queue", "Rejected"]);
    for sheet in workbook.sheet_names() {
        assert!(workbook.worksheet_formula(&sheet).unwrap().is_empty(), "{sheet}");
    }
    let queue = workbook.worksheet_range("Queue").unwrap();
    let column = |name: &str| (0..queue.width()).find(|&i| queue[(0, i)] == Data::String(name.to_owned())).unwrap();
    let row = (1..queue.height()).find(|&row| queue[(row, column("Incident id"))] == Data::String("=2+3".to_owned())).unwrap();
    let text = |name: &str| match &queue[(row, column(name))] {
        Data::String(text) => text.clone(),
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!((text("Recorded as"), text("Area")), ("@SUM(1)".to_owned(), "+44".to_owned()));
    assert!(text("Narrative").starts_with("=cmd|") && text("Narrative").ends_with("[U+202E]abc\u{2400}"), "{}", text("Narrative"));
    assert_eq!(text("Recorded otherwise"), "yes");
    for own in ["Decision", "Own risk tier", "Reviewer", "Date", "Note"] {
        let column = column(own);
        assert!((1..queue.height()).all(|row| queue.get((row, column)).is_none_or(|cell| *cell == Data::Empty)), "{own}");
    }
}

#[test]
fn the_queue_is_worst_first() {
    let desk = Desk::new(&records());
    desk.screen(&["--out", "out"]).succeeds();
    let mut workbook: Xlsx<_> = open_workbook(desk.path("out/review.xlsx")).unwrap();
    let queue = workbook.worksheet_range("Queue").unwrap();
    let tier = |name: &str| ["high", "medium", "standard", "none"].iter().position(|tier| *tier == name).unwrap();
    let flag = |name: &str| ["likely", "possible"].iter().position(|flag| *flag == name).unwrap();
    let keys: Vec<_> = (1..queue.height())
        .map(|row| {
            (tier(&queue[(row, 3)].to_string()), flag(&queue[(row, 2)].to_string()), -queue[(row, 14)].to_string().parse::<f64>().unwrap())
        })
        .collect();
    assert!(keys.is_sorted(), "{keys:?}");
    assert_eq!(queue[(1, 0)].to_string(), "1");
}

#[test]
fn a_narrative_longer_than_a_cell_is_cut_with_a_note() {
    let long = format!("XP waits outside her work again. {}", "\u{1f600} plain words. ".repeat(3_000));
    let desk = Desk::new(&[json!({"incident_id": "L", "narrative": long})]);
    desk.screen(&["--out", "out", "--max-windows", "1"]).succeeds();
    let mut workbook: Xlsx<_> = open_workbook(desk.path("out/review.xlsx")).unwrap();
    let queue = workbook.worksheet_range("Queue").unwrap();
    let narrative = queue[(1, 10)].to_string();
    assert!(narrative.ends_with("the narrative goes on in your own system]"));
    let units = narrative.encode_utf16().count();
    assert!((32_700..=32_767).contains(&units), "{units}");
}

#[test]
fn the_page_loads_nothing_and_runs_nothing() {
    let mut all = records();
    all.push(json!({"incident_id": "<b>", "narrative": "", "offence_title": "<img src=x>"}));
    let desk = Desk::new(&all);
    desk.screen(&["--out", "out", "--max-reject", "50"]).succeeds();
    let page = desk.read("out/report.html");
    assert!(page.starts_with("<!DOCTYPE html>"));
    assert!(
        page.contains("default-src 'none'")
            && page.contains("OFFICIAL-SENSITIVE")
            && page.contains("For review by a person. Decides nothing.")
    );
    for unwanted in ["http:", "https:", "<script", "<img", "<link", "<iframe", "@import", "url(", "onload=", "\u{202e}", "\u{0}"] {
        assert!(!page.contains(unwanted), "{unwanted:?}");
    }
    assert!(page.contains("&#60;script&#62;") || page.contains("&lt;script&gt;"));
    assert!(page.contains("[U+202E]abc\u{2400}"));
    assert!(page.contains("<mark class=\"behaviour\"") && page.contains("not counted: denied in the text"));
}

#[test]
fn the_manifest_repeats_the_run_and_holds_no_narrative() {
    let desk = Desk::new(&records());
    let outcome = desk.screen(&["--out", "out", "--threads", "1"]).succeeds();
    let text = desk.read("out/manifest.json");
    let manifest: Value = serde_json::from_str(&text).unwrap();
    let hash = |name: &str| {
        let bytes = std::fs::read(desk.path(name)).unwrap();
        (bytes.len() as u64, Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    };
    let outputs = manifest["outputs"].as_array().unwrap();
    assert_eq!(outputs.len(), 8);
    for file in outputs {
        let (bytes, sha256) = hash(&format!("out/{}", file["name"].as_str().unwrap()));
        assert_eq!((file["bytes"].as_u64(), file["sha256"].as_str()), (Some(bytes), Some(sha256.as_str())));
    }
    let input = &manifest["inputs"][0];
    let (bytes, sha256) = hash("in.jsonl");
    assert_eq!(
        (input["path"].as_str(), input["bytes"].as_u64(), input["sha256"].as_str()),
        (Some("in.jsonl"), Some(bytes), Some(sha256.as_str()))
    );
    let counts = &manifest["counts"];
    assert_eq!(counts["rows"].as_u64(), Some(counts["screened"].as_u64().unwrap() + counts["rejected"].as_u64().unwrap()));
    assert_eq!(manifest["threads"], 1);
    assert_eq!(manifest["settings"]["threshold-likely"], json!({"value": "0.9", "source": "command line"}));
    assert_eq!(manifest["settings"]["max-windows"]["source"], "default");
    assert_eq!(manifest["thresholds"], json!({"likely": 0.9, "possible": 0.0001}));
    for said in [&text, &outcome.stdout, &outcome.stderr] {
        assert!(!said.contains("terrified") && !said.contains("roundabout"), "{said}");
    }
    assert!(outcome.stderr.contains("in.jsonl: jsonl"), "the mapping is printed: {}", outcome.stderr);
    assert!(outcome.stdout.contains("4 rows in: 4 screened, 0 rejected"));
}
