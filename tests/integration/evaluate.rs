//! `foursight evaluate` through the real program, on invented records whose figures are known beforehand.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

const TRACKER: &str = "Mechanic located a tracker under her rear bumper";
/// The engine flags just what has a tracker: its probability is that of 3 in log-odds, else that of -3.
const FUSION: &str = "bias = -3.0\nclassifier = 0.0\nvariety = 0.0\nbehaviour_with_pattern = 0.0\n\n[calibration]\nslope = 1.0\nintercept = 0.0\n\n\
                      [thresholds]\nlikely = 0.7\npossible = 0.5\n\n[indicators]\nB05 = 6.0\n";

struct Desk(TempDir);

struct Outcome {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Desk {
    /// A folder with a bundle whose scores are known.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("models/foursight-minilm-l6"), folder.path().join("bundle"));
        std::fs::create_dir(&to).unwrap();
        for name in ["config.json", "tokenizer.json", "encoder.safetensors", "heads.safetensors"] {
            std::fs::copy(from.join(name), to.join(name)).unwrap();
        }
        std::fs::write(to.join("fusion.toml"), FUSION).unwrap();
        let mut card: toml::Table = toml::from_str(&std::fs::read_to_string(from.join("card.toml")).unwrap()).unwrap();
        let hash = Sha256::digest(FUSION).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        card["files"].as_table_mut().unwrap().insert("fusion.toml".to_owned(), hash.into());
        std::fs::write(to.join("card.toml"), toml::to_string(&card).unwrap()).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, records: &[Value]) {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), records.iter().map(|record| format!("{record}\n")).collect::<String>()).unwrap();
    }

    fn evaluate(&self, args: &[&str]) -> Outcome {
        let mut command = Command::cargo_bin("foursight").unwrap();
        let output = command.current_dir(self.0.path()).arg("evaluate").args(args).args(["--model", "bundle"]).output().unwrap();
        Outcome {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn figures(&self, args: &[&str]) -> Value {
        let outcome = self.evaluate(&[args, &["--json"]].concat());
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
        serde_json::from_str(&outcome.stdout).unwrap()
    }
}

impl Outcome {
    fn fails(&self, code: i32, wanted: &str) {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        assert!(self.stderr.contains(wanted), "wanted {wanted}: {}", self.stderr);
    }
}

fn record(id: usize, label: &str, slice: &str, narrative: &str) -> Value {
    json!({"incident_id": format!("T{id:02}"), "narrative": narrative, "stalking": label, "slice": slice, "evidence": [], "set_aside": []})
}

/// 6 likely (5 with a tracker), 2 possible (1 with), 4 hard negatives (1 with), 4 ordinary.
fn sample() -> Vec<Value> {
    let mut records = Vec::new();
    for day in 1..=5 {
        let slice = if day <= 3 { "positive:overt:car" } else { "positive:disguised:car" };
        let narrative = format!("{TRACKER} on {day} May. He drives her past.");
        let mut tracked = record(day, "likely", slice, &narrative);
        tracked["evidence"] = json!([{"indicator": "B05", "quote": "a tracker under her rear bumper"}]);
        records.push(tracked);
    }
    records.push(record(6, "likely", "positive:disguised:post", "Parcels keep coming to the flat. He ordered them."));
    records.push(record(7, "possible", "possible:car", &format!("{TRACKER}, once.")));
    records.push(record(8, "possible", "possible:odd", "An odd note on the windscreen, signed by her ex."));
    records.push(record(9, "no", "hardneg:hire", &format!("{TRACKER}. Fitted by the hire firm.")));
    records.push(record(10, "no", "hardneg:debt", "Harassed by a debt firm. Two letters, both about the loan."));
    records.push(record(11, "no", "hardneg:press", "Followed by a reporter to the court door. Advice given."));
    records.push(record(12, "no", "hardneg:deer", "Deer stalking on the estate. Lawful, permit seen."));
    for (id, narrative) in
        ["Wallet lost on the bus.", "Shed broken into, mower taken.", "Two cars bumped at the lights.", "Loud music until two."]
            .into_iter()
            .enumerate()
    {
        records.push(record(13 + id, "no", "ordinary:other", narrative));
    }
    records
}

fn near(value: &Value, wanted: f64) {
    assert!((value.as_f64().unwrap() - wanted).abs() < 5e-6, "{value}, wanted {wanted}");
}

#[test]
fn known_records_give_known_figures() {
    let desk = Desk::new();
    desk.write("w1.jsonl", &sample());
    let figures = desk.figures(&["w1.jsonl", "--out", "out", "--prevalence", "3"]);
    assert_eq!(figures["confusion"]["counts"], json!([[7, 0, 1], [1, 0, 1], [1, 0, 5]]));
    let shares = &figures["shares"];
    for (name, count, of) in [
        ("recall_likely", 5, 6),
        ("recall_possible", 1, 2),
        ("recall", 6, 8),
        ("recall_overt", 3, 3),
        ("recall_disguised", 2, 3),
        ("specificity", 7, 8),
        ("specificity_hardneg", 3, 4),
        ("specificity_ordinary", 4, 4),
        ("precision", 6, 7),
    ] {
        assert_eq!((&shares[name]["count"], &shares[name]["of"]), (&json!(count), &json!(of)), "{name}");
    }
    // One step of 6 positives and 1 negative, one of 2 and 7.
    let engine = &figures["systems"][0];
    near(&engine["pr_auc"]["value"], 6.0 / 8.0 * 6.0 / 7.0 + 2.0 / 8.0 * 8.0 / 16.0);
    near(&engine["roc_auc"]["value"], (42.0 + 3.0 + 7.0) / 64.0);
    assert!(engine["pr_auc"]["lower"].is_null());
    assert!(figures["about"]["notes"].to_string().contains("too few rows for an interval: 8 positive"));
    // The search has one hit among the positives' three negatives: none.
    let keywords = &figures["systems"][1];
    assert_eq!((&keywords["as_used"]["recall"]["count"], &keywords["as_used"]["specificity"]["count"]), (&json!(0), &json!(5)));
    // With the classifier's weight at 0 the rules alone are the engine.
    assert_eq!(figures["systems"][2]["pr_auc"], engine["pr_auc"]);
    assert!(figures["about"]["notes"].to_string().contains("left out: no training records"));
    // Probabilities 0.9526 and 0.0474.
    let (high, low) = (0.9526f64, 0.0474f64);
    let brier = (6.0 * (1.0 - high).powi(2) + high.powi(2) + 2.0 * (1.0 - low).powi(2) + 7.0 * low.powi(2)) / 16.0;
    near(&figures["calibration"]["brier"]["value"], brier);
    near(&figures["calibration"]["ece"]["value"], ((7.0 * high - 6.0).abs() + (9.0 * low - 2.0).abs()) / 16.0);
    // Recall 0.75 and specificity 0.875 at 3 %.
    let at = figures["prevalence"].as_array().unwrap().iter().find(|row| row["percent"] == json!(3.0)).unwrap();
    near(&at["flags_per_1000"], 30.0 * 0.75 + 970.0 * 0.125);
    near(&at["precision"], 22.5 / 143.75);
    near(&at["hours_per_1000"], 143.75 / 12.0);
    // Every quote of a tracker is found; the two without evidence are wrong by the labels.
    let b05 = figures["findings"]["indicators"].as_array().unwrap().iter().find(|row| row["id"] == "B05").unwrap();
    assert_eq!((&b05["recall"]["count"], &b05["recall"]["of"]), (&json!(5), &json!(5)));
    assert_eq!(b05["precision"]["count"].as_u64().unwrap() + 2, b05["precision"]["of"].as_u64().unwrap());
    // Told of other people the flags stay.
    assert_eq!(figures["counterfactual"]["flips"]["count"], 0);
    assert!(figures["counterfactual"]["flips"]["of"].as_u64().unwrap() >= 7);
    let ids =
        |list: &str| figures[list].as_array().unwrap().iter().map(|fault| fault["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!((ids("misses"), ids("false_alarms")), (vec!["T06".to_owned(), "T08".to_owned()], vec!["T09".to_owned()]));

    // The file is what was printed, and holds no narrative; the page shows the faults and nothing from elsewhere.
    let metrics = std::fs::read_to_string(desk.path("out/metrics.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&metrics).unwrap(), figures);
    for words in ["Parcels", "rear bumper", "NaN"] {
        assert!(!metrics.contains(words), "{words}");
    }
    let page = std::fs::read_to_string(desk.path("out/evaluation.html")).unwrap();
    for words in ["ordered them", "default-src 'none'", "<svg role=\"img\"", "T09", "no training records"] {
        assert!(page.contains(words), "{words}");
    }
    for words in ["<script", "NaN", "src=", "Loud music"] {
        assert!(!page.contains(words), "{words}");
    }
    assert!(!page.replace("http://www.w3.org/2000/svg", "").contains("://"), "nothing is fetched");

    desk.evaluate(&["w1.jsonl", "--out", "out"]).fails(2, "--overwrite");
    let one = desk.evaluate(&["w1.jsonl", "--out", "out", "--overwrite", "--threads", "1", "--prevalence", "3"]);
    assert!(one.code == Some(0) && one.stdout.contains("recall of likely"), "{}", one.stderr);
    assert_eq!(std::fs::read_to_string(desk.path("out/metrics.json")).unwrap(), metrics, "threads change nothing");
}

#[test]
fn limits_that_do_not_hold_end_with_4_and_are_named() {
    let desk = Desk::new();
    desk.write("w1.jsonl", &sample());
    let limits = |text: &str| std::fs::write(desk.path("limits.toml"), text).unwrap();
    limits("[[limit]]\nfigure = \"recall\"\nat_least = 0.75\n[[limit]]\nfigure = \"precision_at_1_percent\"\nat_least = 0.001\n");
    assert_eq!(desk.evaluate(&["w1.jsonl", "--limits", "limits.toml", "--quiet"]).code, Some(0));
    limits(
        "[[limit]]\nfigure = \"recall_likely\"\nat_least = 0.96\n[[limit]]\nfigure = \"pr_auc_lower\"\nat_least = 0.5\n[[limit]]\nfigure = \"ece\"\nat_most = 1\n",
    );
    let missed = desk.evaluate(&["w1.jsonl", "--limits", "limits.toml", "--out", "out"]);
    missed.fails(4, "2 of 3 limits missed");
    missed.fails(4, "recall_likely: 0.8333, wanted at least 0.96");
    missed.fails(4, "pr_auc_lower: too few rows for an interval, wanted at least 0.5");
    assert!(desk.path("out/metrics.json").exists(), "the output is written all the same");
    limits("[[limit]]\nfigure = \"recal\"\nat_least = 0.96\n");
    let unknown = desk.evaluate(&["w1.jsonl", "--limits", "limits.toml"]);
    unknown.fails(2, "no figure is called \"recal\"");
    unknown.fails(2, "recall_at_10_percent_read_at_2_percent");
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/labelled/limits.toml");
    desk.evaluate(&["w1.jsonl", "--limits", own.to_str().unwrap(), "--quiet"]).fails(4, "of 10 limits missed");
}

#[test]
fn splits_choose_what_is_measured_and_what_the_bag_of_words_learns() {
    let desk = Desk::new();
    let numbered = |from: usize| -> Vec<Value> {
        let with_id = |(i, mut record): (usize, Value)| {
            record["incident_id"] = json!(format!("R{}", from + i));
            record["narrative"] = json!(format!("{} Ref {}.", record["narrative"].as_str().unwrap(), from + i));
            record
        };
        sample().into_iter().enumerate().map(with_id).collect()
    };
    desk.write("set/a.jsonl", &numbered(100));
    desk.write("set/b.jsonl", &numbered(200));
    std::fs::write(desk.path("set/splits.toml"), "dev = []\ntest = [\"b\"]\n").unwrap();
    let figures = desk.figures(&["set/a.jsonl", "set/b.jsonl", "--split", "test"]);
    assert_eq!(figures["about"]["records"], 16);
    let systems: Vec<&str> = figures["systems"].as_array().unwrap().iter().map(|system| system["id"].as_str().unwrap()).collect();
    assert_eq!(systems, ["engine", "keywords", "tfidf", "rules"]);
    // Nearly the same texts were learned from.
    near(&figures["systems"][2]["pr_auc"]["value"], 1.0);
    let all = desk.figures(&["set/a.jsonl", "set/b.jsonl"]);
    assert!(all["about"]["notes"].to_string().contains("16 of the 32 records are of the train split"));
    desk.evaluate(&["set/a.jsonl", "--split", "dev"]).fails(2, "no record of the dev split");
}

#[test]
fn an_absent_class_is_said_and_never_a_nan() {
    let desk = Desk::new();
    let negatives: Vec<Value> = sample().into_iter().filter(|record| record["stalking"] == "no").collect();
    desk.write("w1.jsonl", &negatives);
    let figures = desk.figures(&["w1.jsonl", "--out", "out"]);
    assert!(figures["shares"]["recall"]["value"].is_null());
    assert_eq!(figures["systems"][0]["pr_auc"]["note"], "not defined, no positives");
    assert_eq!(figures["calibration"]["slope"]["note"], "not defined, no positives");
    assert!(figures["about"]["notes"].to_string().contains("no record is labelled likely"));
    assert_eq!(figures["prevalence"], json!([]));
    let text = desk.evaluate(&["w1.jsonl"]);
    assert!(text.stdout.contains("not defined, no positives") && !text.stdout.contains("NaN"), "{}", text.stdout);
    assert!(!std::fs::read_to_string(desk.path("out/evaluation.html")).unwrap().contains("NaN"));
}

#[test]
fn bad_labels_are_named_with_their_line() {
    let desk = Desk::new();
    desk.write("w1.jsonl", &[sample()[0].clone(), json!({"narrative": "x", "stalking": "maybe"})]);
    desk.evaluate(&["w1.jsonl"]).fails(1, "line 2: `stalking` is no, possible or likely");
    desk.write("w1.jsonl", &[sample()[0].clone(), sample()[0].clone()]);
    desk.evaluate(&["w1.jsonl"]).fails(2, "incident_id \"T01\" stands twice");
    desk.write("w1.jsonl", &[]);
    desk.evaluate(&["w1.jsonl"]).fails(2, "there is no labelled record");
    desk.evaluate(&["none.jsonl"]).fails(1, "none.jsonl");
    desk.evaluate(&["w1.jsonl", "--prevalence", "0", "--minutes-per-record", "0", "--split", "x"]).fails(2, "--split");
}

#[test]
fn labels_may_stand_apart_from_their_records() {
    let desk = Desk::new();
    let labels: Vec<Value> =
        sample().into_iter().map(|record| json!({"incident_id": record["incident_id"], "stalking": record["stalking"]})).collect();
    desk.write("labels.jsonl", &labels);
    let records: Vec<Value> =
        sample().into_iter().map(|record| json!({"incident_id": record["incident_id"], "narrative": record["narrative"]})).collect();
    desk.write("export.jsonl", &records);
    desk.evaluate(&["labels.jsonl"]).fails(1, "line 1: there is no `narrative`");
    let figures = desk.figures(&["labels.jsonl", "--records", "export.jsonl"]);
    assert_eq!(figures["shares"]["recall"]["count"], 6);
    assert_eq!(figures["findings"]["records"], 0);
    desk.write("export.jsonl", &records[2..]);
    desk.evaluate(&["labels.jsonl", "--records", "export.jsonl"])
        .fails(2, "2 of 16 labelled ids are in none of the records: \"T01\", \"T02\"");
}
