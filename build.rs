//! Lists every file of the embedded rule lexicon, so that adding a rule means adding one file and nothing else.

use std::path::{Path, PathBuf};
use std::{env, fs};

fn toml_files(folder: &Path, found: &mut Vec<PathBuf>) {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder).expect("the lexicon folder can be read") {
        let path = entry.expect("the lexicon folder can be read").path();
        if path.is_dir() {
            toml_files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            found.push(path);
        }
    }
}

fn main() {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("set by cargo")).join("src/indicators/lexicon");
    let mut files = Vec::new();
    toml_files(&root, &mut files);
    files.sort();
    let mut source = String::from("&[\n");
    for path in &files {
        let name = path.strip_prefix(&root).expect("found below the root").to_string_lossy().replace('\\', "/");
        source.push_str(&format!("    ({name:?}, include_str!({:?})),\n", path.display().to_string()));
    }
    source.push_str("]\n");
    fs::write(Path::new(&env::var("OUT_DIR").expect("set by cargo")).join("lexicon.rs"), source).expect("OUT_DIR can be written");
}
