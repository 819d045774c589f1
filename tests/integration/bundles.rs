//! A bundle that is not what its card says is refused before the first score, with exit code 5 and the file's name.

use std::path::Path;

use assert_cmd::Command;
use tempfile::TempDir;

const BUNDLE: &str = "models/foursight-minilm-l6";

fn copy() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(BUNDLE).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    folder
}

fn edit_card(folder: &Path, from: &str, to: &str) {
    let path = folder.join("card.toml");
    let card = std::fs::read_to_string(&path).unwrap();
    assert!(card.contains(from), "the card no longer says {from}");
    std::fs::write(path, card.replacen(from, to, 1)).unwrap();
}

fn refused(folder: &Path, wanted: &str) {
    let output = Command::cargo_bin("foursight").unwrap().args(["explain", "He waits.", "--model"]).arg(folder).output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(5), "{message}");
    assert!(message.contains(wanted), "{message}");
    assert_eq!(message.trim_end().lines().count(), 1, "one message: {message}");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_sound_copy_is_taken() {
    let folder = copy();
    Command::cargo_bin("foursight").unwrap().args(["explain", "He waits.", "--model"]).arg(folder.path()).assert().success();
}

#[test]
fn no_such_folder() {
    refused(Path::new("no/such/bundle"), "there is no such folder");
}

#[test]
fn a_missing_file() {
    let folder = copy();
    std::fs::remove_file(folder.path().join("tokenizer.json")).unwrap();
    refused(folder.path(), "tokenizer.json cannot be read");
}

#[test]
fn a_wrong_hash() {
    let folder = copy();
    let path = folder.path().join("fusion.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text + "\n# changed\n").unwrap();
    refused(folder.path(), "fusion.toml is not the file that card.toml describes");
}

#[test]
fn labels_in_another_order() {
    let folder = copy();
    let card = std::fs::read_to_string(folder.path().join("card.toml")).unwrap();
    let labels = card.lines().find(|line| line.starts_with("labels")).unwrap().to_owned();
    edit_card(folder.path(), &labels, "labels = [\"likely\", \"possible\", \"no\"]");
    refused(folder.path(), "its labels are");
}

#[test]
fn a_card_that_does_not_parse() {
    let folder = copy();
    std::fs::write(folder.path().join("card.toml"), "format = ").unwrap();
    refused(folder.path(), "card.toml does not parse");
}

#[test]
fn another_layout() {
    let folder = copy();
    edit_card(folder.path(), "format = 1", "format = 9");
    refused(folder.path(), "layout is version 9");
}
