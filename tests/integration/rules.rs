//! The rules in the program keep their promises, and a force's own broken rules are refused with file, place and cause.

use std::path::Path;

use assert_cmd::Command;
use foursight::indicators::RuleSet;

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
