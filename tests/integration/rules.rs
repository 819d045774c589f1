//! The rules in the program keep their promises, and a force's own broken rules are refused with file, place and cause.

use std::path::Path;
use std::time::{Duration, Instant};

use assert_cmd::Command;
use foursight::indicators::RuleSet;
use foursight::narrative::PreparedNarrative;

const RULE: &str = r#"
id = "B07-90"
indicator = "B07"
status = "trial"
title = "Waits at the allotment"
why = "A local habit of one suspect; the force's own."
patterns = ['lurks ~2 allotment']
set_aside_when = ["negated"]
must_flag = ["He lurks by the allotment."]
must_pass = ["Fox at the allotment."]
"#;

#[test]
fn every_rule_and_cue_keeps_its_examples() {
    let faults = RuleSet::load(None).unwrap().check();
    assert!(faults.is_empty(), "{} faults: {faults:#?}", faults.len());
}

/// Sentences again and again, up to a megabyte.
fn megabyte<'a>(sentences: impl Iterator<Item = &'a str> + Clone, between: &str) -> String {
    let mut text = String::new();
    for sentence in sentences.cycle().take_while({
        let mut length = 0;
        move |sentence| {
            length += sentence.len() + 1;
            length <= 1 << 20
        }
    }) {
        text.push_str(sentence);
        text.push_str(between);
    }
    text
}

/// How long the rules take over each text: the shortest of some readings in turn, so that other work on the machine matters less.
fn readings(rules: &RuleSet, texts: [&str; 2]) -> [Duration; 2] {
    let narratives = texts.map(PreparedNarrative::new);
    let mut shortest = [Duration::MAX; 2];
    for _ in 0..5 {
        for (narrative, shortest) in narratives.iter().zip(&mut shortest) {
            let begun = Instant::now();
            rules.findings(narrative);
            *shortest = begun.elapsed().min(*shortest);
        }
    }
    shortest
}

#[test]
fn near_matches_take_no_more_than_twice_the_time_of_ordinary_text() {
    let rules = RuleSet::load(None).unwrap();
    let mut week = csv::Reader::from_path("fixtures/incidents/force-week.csv").unwrap();
    let narrative = week.headers().unwrap().iter().position(|name| name == "Narrative Text").unwrap();
    let narratives: Vec<String> = week.records().filter_map(|row| row.ok()?.get(narrative).map(str::to_owned)).collect();
    let ordinary = megabyte(narratives.iter().map(String::as_str), "\n\n");
    // A rule's own look-alikes hold its words and are not it.
    let near = megabyte(rules.rules().iter().flat_map(|rule| &rule.must_pass).map(String::as_str), "\n");
    let [ordinary, near] = readings(&rules, [&ordinary, &near]);
    assert!(near < ordinary * 2, "ordinary {ordinary:?}, near matches {near:?} a megabyte");
}

#[test]
fn time_grows_with_the_text_and_no_faster() {
    let rules = RuleSet::load(None).unwrap();
    // No sentence ends, no blanks, words that begin many patterns, forms without end: what a search that backtracks chokes on.
    let units =
        ["he keeps on a contacting the outside of all the house again ", "outside,", "no,", "he waits ", "Weapons: none\n", "x", "/he "];
    for unit in units {
        let texts = [16, 19].map(|power| unit.repeat((1 << power) / unit.len()));
        let [short, long] = readings(&rules, [&texts[0], &texts[1]]);
        // Eight times the text; a square would be 64 times the time. Other work on the machine takes its share of the rest.
        assert!(long < short * 32 + Duration::from_millis(20), "{unit:?}: {short:?} for 64 KiB, {long:?} for 512 KiB");
    }
}

#[test]
fn the_handbook_is_made_from_the_rules() {
    let made = foursight::indicators::handbook(&RuleSet::load(None).unwrap());
    let kept = std::fs::read_to_string("docs/indicators.md").unwrap();
    // Line by line: a wall of text says nothing about what changed.
    for (number, (kept, made)) in kept.lines().zip(made.lines()).enumerate() {
        assert_eq!(kept, made, "docs/indicators.md, line {}: run `foursight rules handbook > docs/indicators.md`", number + 1);
    }
    assert_eq!(kept.lines().count(), made.lines().count(), "run `foursight rules handbook > docs/indicators.md`");
}

#[test]
fn the_report_tells_noise_from_evidence() {
    let folder = tempfile::tempdir().unwrap();
    let labelled = folder.path().join("w1.jsonl");
    let records = [
        r#"{"incident_id":"1","narrative":"He followed her home again.","stalking":"likely","risk":"standard","evidence":[{"indicator":"B01","quote":"followed her home"}],"set_aside":[]}"#,
        r#"{"incident_id":"2","narrative":"Male followed her home once by mistake.","stalking":"no","risk":"none","evidence":[],"set_aside":[]}"#,
    ];
    std::fs::write(&labelled, records.join("\n")).unwrap();
    let output = Command::cargo_bin("foursight").unwrap().args(["rules", "report", "--json"]).arg(&labelled).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let following = report["findings"]["indicators"].as_array().unwrap().iter().find(|row| row["id"] == "B01").unwrap();
    assert_eq!((&following["precision"]["count"], &following["precision"]["of"]), (&1.into(), &2.into()), "{following}");
    assert_eq!((&following["recall"]["count"], &following["recall"]["of"]), (&1.into(), &1.into()));
    let rules = report["rules"].as_array().unwrap();
    assert_eq!(
        rules.iter().filter(|rule| rule["id"].as_str().unwrap().starts_with("B01")).map(|rule| rule["in_no"].as_u64().unwrap()).max(),
        Some(1)
    );
    assert_eq!((&report["record_precision"]["count"], &report["record_precision"]["of"]), (&1.into(), &2.into()));
}

fn with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn check(folder: &Path) -> (Option<i32>, String) {
    let output = Command::cargo_bin("foursight").unwrap().args(["rules", "check", "--rules"]).arg(folder).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_force_adds_a_rule_of_its_own() {
    let folder = with(&[("own.toml", RULE)]);
    assert_eq!(check(folder.path()), (Some(0), String::new()));
    let output = Command::cargo_bin("foursight")
        .unwrap()
        .args(["explain", "--json", "Susp lurks near allotment gate.", "--rules"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().contains("B07-90"));
}

#[test]
fn broken_rules_are_refused_with_a_place_and_a_cause() {
    let cases = [
        (vec![("own.toml", RULE.replace("~2 allotment", "(allotment"))], "pattern 1"),
        (vec![("own.toml", RULE.replace("lurks ~2", "@lurking"))], "no word class @lurking"),
        (vec![("own.toml", RULE.replace("lurks ~2", ".* lurks"))], "a pattern begins with words"),
        (vec![("own.toml", RULE.replace("status = \"trial\"", "status = \"sometimes\""))], "line 4"),
        (vec![("own.toml", RULE.to_owned()), ("twin.toml", RULE.to_owned())], "id B07-90 is used already"),
        (vec![("own.toml", RULE.replace("He lurks by the allotment.", "He waits."))], "must_flag sentence 1 does not fire"),
        (vec![("own.toml", RULE.replace("Fox at the allotment.", "Fox lurks at the allotment."))], "must_pass sentence 1 fires"),
    ];
    for (files, wanted) in cases {
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let folder = with(&files);
        let (code, message) = check(folder.path());
        assert_eq!(code, Some(5), "{wanted}: {message}");
        assert!(message.contains(wanted), "wanted {wanted}: {message}");
        assert!(message.contains("own.toml") || message.contains("twin.toml"), "{message}");
    }
}
