//! `train` on a tiny encoder: goes on after a kill as if there had been none, does not depend on the number of threads, learns, refuses.

use std::collections::{BTreeMap, HashMap};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use candle_core::{Device, Tensor};
use foursight::classifier::Bundle;
use foursight::indicators::RuleSet;
use foursight::labels;
use foursight::train::{FitRecord, Places, Progress, Settings, fit};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const DELIVERED: &str = "models/foursight-minilm-l6";
const WIDTH: usize = 32;
const INNER: usize = 64;

/// A bundle with a random encoder of two narrow layers and heads that know nothing, and labelled files of 60 short records a label.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        tiny_bundle(&folder.path().join("base"));
        std::fs::write(folder.path().join("splits.toml"), "dev = [\"dev\"]\ntest = []\n").unwrap();
        labelled(&folder.path().join("train.jsonl"), &["w02", "w06", "w10"], 60);
        labelled(&folder.path().join("dev.jsonl"), &["w12", "w16"], 25);
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn fit(&self, out: &str, threads: usize, progress: &(dyn Fn(Progress) + Sync)) -> FitRecord {
        let records = labels::load(&[self.path("train.jsonl"), self.path("dev.jsonl")]).unwrap();
        let base = Bundle::load(&self.path("base")).unwrap();
        let (folder, checkpoint) = (self.path(out), self.path(&format!("{out}.checkpoint")));
        let places = Places { base: &base, out: &folder, checkpoint: &checkpoint, files: Vec::new() };
        let settings = Settings { epochs: 3, rate: 5e-3, head_rate: 5e-3, ..Settings::default() };
        fit(&records, &RuleSet::load(None).unwrap(), &places, &settings, threads, progress).unwrap()
    }

    fn weights(&self, out: &str) -> Vec<Vec<u8>> {
        ["encoder.safetensors", "heads.safetensors", "fusion.toml"].map(|name| std::fs::read(self.path(out).join(name)).unwrap()).into()
    }
}

fn tiny_bundle(folder: &Path) {
    std::fs::create_dir(folder).unwrap();
    std::fs::copy(Path::new(DELIVERED).join("tokenizer.json"), folder.join("tokenizer.json")).unwrap();
    let mut config: Value = serde_json::from_str(&std::fs::read_to_string(Path::new(DELIVERED).join("config.json")).unwrap()).unwrap();
    for (name, size) in [("hidden_size", WIDTH), ("num_hidden_layers", 2), ("num_attention_heads", 2), ("intermediate_size", INNER)] {
        config[name] = json!(size);
    }
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
    let words = usize::try_from(config["vocab_size"].as_u64().unwrap()).unwrap();

    let mut random = Pcg64Mcg::seed_from_u64(7);
    let mut tensor = |shape: &[usize]| {
        let numbers: Vec<f32> = (0..shape.iter().product()).map(|_| random.random::<f32>() - 0.5).collect();
        Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap()
    };
    let mut tensors = HashMap::new();
    for (name, rows) in [("word", words), ("position", 512), ("token_type", 2)] {
        tensors.insert(format!("embeddings.{name}_embeddings.weight"), tensor(&[rows, WIDTH]));
    }
    let mut norms = vec!["embeddings.LayerNorm".to_owned()];
    for layer in 0..2 {
        let name = |part: &str| format!("encoder.layer.{layer}.{part}");
        let linear = [("attention.self.query", WIDTH, WIDTH), ("attention.self.key", WIDTH, WIDTH), ("attention.self.value", WIDTH, WIDTH)];
        let linear = linear.into_iter().chain([
            ("attention.output.dense", WIDTH, WIDTH),
            ("intermediate.dense", INNER, WIDTH),
            ("output.dense", WIDTH, INNER),
        ]);
        for (part, rows, columns) in linear {
            tensors.insert(format!("{}.weight", name(part)), (tensor(&[rows, columns]) * 0.4).unwrap());
            tensors.insert(format!("{}.bias", name(part)), (tensor(&[rows]) * 0.1).unwrap());
        }
        norms.extend([name("attention.output.LayerNorm"), name("output.LayerNorm")]);
    }
    for norm in norms {
        tensors.insert(format!("{norm}.weight"), Tensor::ones(WIDTH, candle_core::DType::F32, &Device::Cpu).unwrap());
        tensors.insert(format!("{norm}.bias"), Tensor::zeros(WIDTH, candle_core::DType::F32, &Device::Cpu).unwrap());
    }
    candle_core::safetensors::save(&tensors, folder.join("encoder.safetensors")).unwrap();
    let mut heads = HashMap::new();
    for (name, outputs) in [("stalking", 3), ("risk", 4), ("indicators", 35), ("tokens", 35)] {
        heads.insert(format!("{name}.weight"), Tensor::zeros((outputs, WIDTH), candle_core::DType::F32, &Device::Cpu).unwrap());
        heads.insert(format!("{name}.bias"), Tensor::zeros(outputs, candle_core::DType::F32, &Device::Cpu).unwrap());
    }
    candle_core::safetensors::save(&heads, folder.join("heads.safetensors")).unwrap();
    std::fs::copy(Path::new(DELIVERED).join("fusion.toml"), folder.join("fusion.toml")).unwrap();

    let mut card: toml::Table = toml::from_str(&std::fs::read_to_string(Path::new(DELIVERED).join("card.toml")).unwrap()).unwrap();
    card.remove("fits");
    let files: BTreeMap<&str, String> = ["config.json", "tokenizer.json", "encoder.safetensors", "heads.safetensors", "fusion.toml"]
        .map(|name| (name, Sha256::digest(std::fs::read(folder.join(name)).unwrap()).iter().map(|byte| format!("{byte:02x}")).collect()))
        .into();
    card.insert("files".to_owned(), toml::Value::try_from(files).unwrap());
    std::fs::write(folder.join("card.toml"), toml::to_string(&card).unwrap()).unwrap();
}

/// Short records of some writers, as many of each label as asked for.
fn labelled(path: &Path, writers: &[&str], each: usize) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut lines = String::new();
    for writer in writers {
        for line in std::fs::read_to_string(format!("fixtures/labelled/{writer}.jsonl")).unwrap().lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            let count = counts.entry(record["stalking"].as_str().unwrap().to_owned()).or_default();
            if *count < each && record["narrative"].as_str().unwrap().split_whitespace().count() <= 120 {
                *count += 1;
                lines.push_str(line);
                lines.push('\n');
            }
        }
    }
    assert!(counts.len() == 3 && counts.values().all(|count| *count >= each.min(40)), "{counts:?}");
    std::fs::write(path, lines).unwrap();
}

#[test]
fn a_fit_goes_on_after_a_kill_and_does_not_depend_on_threads() {
    let desk = Desk::new();
    let whole = desk.fit("whole", 1, &|_| ());
    // Killed in the second pass: the checkpoint of the first is there.
    let killed = std::panic::catch_unwind(AssertUnwindSafe(|| {
        desk.fit("broken", 2, &|progress| assert!(progress.epoch < 2, "killed"));
    }));
    assert!(killed.is_err() && !desk.path("broken").exists());
    assert!(desk.path("broken.checkpoint").join("note.json").exists());
    let resumed = desk.fit("broken", 2, &|_| ());
    assert_eq!(resumed.passes, whole.passes);
    assert_eq!(desk.weights("broken"), desk.weights("whole"));
    assert_ne!(desk.weights("whole")[0], std::fs::read(desk.path("base").join("encoder.safetensors")).unwrap());
}

#[test]
fn what_is_written_is_a_sound_bundle_with_its_history() {
    let desk = Desk::new();
    let first = Command::cargo_bin("foursight")
        .unwrap()
        .current_dir(desk.0.path())
        .args(["train", "train.jsonl", "dev.jsonl", "--model", "base", "--out", "first", "--epochs", "1", "--quiet"])
        .output()
        .unwrap();
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let printed: Value = serde_json::from_slice(&first.stdout).unwrap();
    assert_eq!(printed["files"][1]["split"], "dev");
    assert!(!desk.path("first.checkpoint").exists());
    // On top of it, fusion and calibration alone: the encoder stays.
    Command::cargo_bin("foursight")
        .unwrap()
        .current_dir(desk.0.path())
        .args(["train", "train.jsonl", "dev.jsonl", "--model", "first", "--out", "second", "--epochs", "0", "--quiet"])
        .assert()
        .success();
    let (first, second) = (Bundle::load(&desk.path("first")).unwrap(), Bundle::load(&desk.path("second")).unwrap());
    assert_eq!(first.card().files["encoder.safetensors"], second.card().files["encoder.safetensors"]);
    assert_eq!((first.card().fits.len(), second.card().fits.len()), (1, 2));
    assert_eq!(second.card().fits[1]["base_sha256"].as_str(), Some(first.sha256()));
    let card = std::fs::read_to_string(desk.path("second/card.md")).unwrap();
    for words in ["Not for:", "precision-recall area", "- Dev: 25 likely", "decides nothing"] {
        assert!(card.contains(words), "{words}: {card}");
    }
}

#[test]
fn too_little_to_learn_from_is_refused() {
    let desk = Desk::new();
    let all = std::fs::read_to_string(desk.path("train.jsonl")).unwrap();
    let without: String = all.lines().filter(|line| !line.contains("\"stalking\": \"possible\"")).map(|line| format!("{line}\n")).collect();
    std::fs::write(desk.path("train.jsonl"), without).unwrap();
    let output = Command::cargo_bin("foursight")
        .unwrap()
        .current_dir(desk.0.path())
        .args(["train", "train.jsonl", "dev.jsonl", "--model", "base", "--out", "new"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("0 of the train records are labelled possible"), "{message}");
    assert!(!desk.path("new").exists());
}
