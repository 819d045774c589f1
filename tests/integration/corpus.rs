//! The labelled corpus is what `fixtures/labelled/README.md` says: sound records, enough of every kind, no easy way to the label.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use foursight::domain::Indicator;
use serde::Deserialize;

const CONTEXTS: [&str; 6] = ["negated", "hypothetical", "historical", "other_person", "template", "benign"];
/// DOMAIN's look-alikes and disguised kinds, as the slices name them.
const LOOK_ALIKES: [&str; 26] = [
    "debt",
    "neighbour-feud",
    "child-contact",
    "process-server",
    "press",
    "sales",
    "police-activity",
    "wildlife",
    "name",
    "fiction",
    "youths",
    "road-rage",
    "store-detective",
    "scam",
    "wrong-number",
    "service-worker",
    "investigator",
    "employer-check",
    "crowd",
    "same-event",
    "public-order",
    "pasted-form",
    "denied",
    "cross-allegation",
    "peer-bullying",
    "delusional",
];
const DISGUISED: [&str; 24] = [
    "gifts",
    "complaints",
    "services",
    "welfare-checks",
    "bank-references",
    "app-views",
    "new-accounts",
    "messengers",
    "child-contact",
    "smart-home",
    "tracker",
    "minor-damage",
    "just-passing",
    "letters",
    "false-allegations",
    "suicide-threats",
    "prison",
    "stolen-things",
    "silent-calls",
    "other-crime",
    "non-crime-da",
    "nuisance-vehicle",
    "professional",
    "proxy-victims",
];

#[derive(Deserialize)]
struct Record {
    #[serde(skip)]
    writer: String,
    incident_id: String,
    narrative: String,
    stalking: String,
    risk: String,
    evidence: Vec<Quote>,
    set_aside: Vec<SetAside>,
    slice: String,
    #[serde(default)]
    twin: Option<String>,
    #[serde(default)]
    offence_title: Option<String>,
}

#[derive(Deserialize)]
struct Quote {
    indicator: Indicator,
    quote: String,
}

#[derive(Deserialize)]
struct SetAside {
    quote: String,
    why: String,
}

#[derive(Deserialize)]
struct Splits {
    dev: Vec<String>,
    test: Vec<String>,
}

impl Record {
    fn words(&self) -> usize {
        self.narrative.split_whitespace().count()
    }

    fn is_positive(&self) -> bool {
        self.stalking != "no"
    }
}

fn corpus() -> Vec<Record> {
    let mut paths: Vec<_> = std::fs::read_dir("fixtures/labelled").unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    paths.sort();
    let mut records = Vec::new();
    for path in paths {
        let writer = path.file_stem().unwrap().to_string_lossy().into_owned();
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let record: Record = serde_json::from_str(line).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            records.push(Record { writer: writer.clone(), ..record });
        }
    }
    records
}

fn splits() -> Splits {
    toml::from_str(&std::fs::read_to_string("fixtures/labelled/splits.toml").unwrap()).unwrap()
}

fn share(records: &[&Record], holds: impl Fn(&Record) -> bool) -> f64 {
    f64::from(u32::try_from(records.iter().filter(|record| holds(record)).count()).unwrap())
        / f64::from(u32::try_from(records.len()).unwrap())
}

#[test]
fn every_record_is_sound() {
    let mut ids = BTreeSet::new();
    for record in corpus() {
        let id = &record.incident_id;
        assert!(ids.insert(id.clone()), "{id} stands twice");
        let (kind, label) = match record.slice.split(':').next().unwrap() {
            "positive" => ("positive", "likely"),
            "possible" => ("possible", "possible"),
            "hardneg" => ("hardneg", "no"),
            "ordinary" => ("ordinary", "no"),
            other => panic!("{id}: unknown slice {other}"),
        };
        assert_eq!(record.stalking, label, "{id}: label of a {kind}");
        assert!(["high", "medium", "standard", "none"].contains(&record.risk.as_str()), "{id}: risk {}", record.risk);
        assert!(record.risk != "none" || !record.is_positive(), "{id}: a positive has a risk");
        let mut counts: BTreeMap<Indicator, usize> = BTreeMap::new();
        for quote in &record.evidence {
            assert!(
                !quote.quote.is_empty() && record.narrative.contains(&quote.quote),
                "{id}: a quote for {} is not there",
                quote.indicator
            );
            *counts.entry(quote.indicator).or_default() += 1;
        }
        assert!(counts.values().all(|count| *count <= 2), "{id}: more than two quotes of an indicator");
        for aside in &record.set_aside {
            assert!(record.narrative.contains(&aside.quote) && CONTEXTS.contains(&aside.why.as_str()), "{id}: set aside");
        }
        if record.slice.starts_with("positive:disguised") {
            let text = record.narrative.to_lowercase();
            assert!(!["stalk", "harass", "follow"].iter().any(|word| text.contains(word)), "{id}: disguised, and says it");
        }
    }
}

#[test]
fn there_is_enough_of_every_kind() {
    let records = corpus();
    let writers: BTreeSet<&str> = records.iter().map(|record| record.writer.as_str()).collect();
    assert!(records.len() >= 4_000, "{} records", records.len());
    assert!(writers.len() >= 16, "{} writers", writers.len());
    let all: Vec<&Record> = records.iter().collect();
    for (slice, low, high) in [("positive", 0.18, 0.22), ("possible", 0.08, 0.12), ("hardneg", 0.32, 0.38), ("ordinary", 0.32, 0.38)] {
        let found = share(&all, |record| record.slice.starts_with(slice));
        assert!((low..=high).contains(&found), "{slice}: {found:.3}");
    }
    let of = |prefix: &str, kind: &str| records.iter().filter(|record| record.slice == format!("{prefix}:{kind}")).count();
    for kind in LOOK_ALIKES {
        assert!(of("hardneg", kind) >= 30, "{kind}: {}", of("hardneg", kind));
    }
    for kind in DISGUISED {
        assert!(of("positive:disguised", kind) >= 15, "{kind}: {}", of("positive:disguised", kind));
    }
    for indicator in Indicator::ALL {
        let quotes = records.iter().flat_map(|record| &record.evidence).filter(|quote| quote.indicator == indicator).count();
        assert!(quotes >= 60, "{indicator}: {quotes} quotes");
    }
    let mut twins: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for record in &records {
        if let Some(twin) = &record.twin {
            twins.entry((&record.writer, twin)).or_default().push(&record.stalking);
        }
    }
    assert!(twins.values().all(|labels| labels.len() == 2 && labels[0] != labels[1]), "a matched pair has two records and two labels");
    assert!(twins.len() * 2 * 10 >= records.len(), "{} matched pairs", twins.len());
}

#[test]
fn lengths_are_spread_alike_in_every_class() {
    let records = corpus();
    for label in ["likely", "possible", "no"] {
        let class: Vec<&Record> = records.iter().filter(|record| record.stalking == label).collect();
        let short = share(&class, |record| (5..=25).contains(&record.words()));
        let long = share(&class, |record| record.words() >= 250);
        assert!(short >= 0.25, "{label}: {short:.3} short");
        assert!(long >= 0.10, "{label}: {long:.3} long");
    }
}

#[test]
fn splits_are_by_writer() {
    let records = corpus();
    let splits = splits();
    let writers: BTreeSet<&str> = records.iter().map(|record| record.writer.as_str()).collect();
    for writer in splits.dev.iter().chain(&splits.test) {
        assert!(writers.contains(writer.as_str()), "{writer} has no file");
    }
    assert!(splits.test.len() >= 4 && !splits.dev.is_empty());
    assert!(splits.dev.iter().all(|writer| !splits.test.contains(writer)));
}

/// Shingles of five words. Of two records that are no matched pair, the shorter may share at most two fifths with the other.
#[test]
fn no_two_records_are_nearly_the_same() {
    let records = corpus();
    let shingles: Vec<BTreeSet<Vec<String>>> = records
        .iter()
        .map(|record| {
            let lower = record.narrative.to_lowercase();
            let words: Vec<String> =
                lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect();
            words.windows(5).map(<[String]>::to_vec).collect()
        })
        .collect();
    let mut holders: HashMap<&[String], Vec<usize>> = HashMap::new();
    for (i, set) in shingles.iter().enumerate() {
        for shingle in set {
            holders.entry(shingle).or_default().push(i);
        }
    }
    let mut shared: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    // Ordered by nothing that matters: the counts are sums.
    #[expect(clippy::iter_over_hash_type, reason = "sums do not depend on the order")]
    for places in holders.values() {
        for (n, &a) in places.iter().enumerate() {
            for &b in &places[n + 1..] {
                *shared.entry((a, b)).or_default() += 1;
            }
        }
    }
    let near: Vec<String> = shared
        .into_iter()
        .filter(|((a, b), count)| {
            let pair = records[*a].writer == records[*b].writer && records[*a].twin.is_some() && records[*a].twin == records[*b].twin;
            let shorter = shingles[*a].len().min(shingles[*b].len());
            !pair && shorter >= 8 && count * 5 > shorter * 2
        })
        .map(|((a, b), _)| format!("{} and {}", records[a].incident_id, records[b].incident_id))
        .collect();
    assert!(near.is_empty(), "{near:?}");
}

/// The area under the ROC curve of a number that tells positives from negatives; ties count half.
fn auc(mut scored: Vec<(f64, bool)>) -> f64 {
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut sum) = (0.0, 0.0);
    let mut rest = scored.as_slice();
    while let Some(&(value, _)) = rest.first() {
        let (same, after) = rest.split_at(rest.partition_point(|(other, _)| *other <= value));
        let positives = f64::from(u32::try_from(same.iter().filter(|(_, positive)| *positive).count()).unwrap());
        let negatives = f64::from(u32::try_from(same.len()).unwrap()) - positives;
        sum += positives * (below + negatives / 2.0);
        below += negatives;
        rest = after;
    }
    let positives = f64::from(u32::try_from(scored.iter().filter(|(_, positive)| *positive).count()).unwrap());
    sum / (positives * below)
}

#[test]
fn nothing_outside_the_meaning_gives_the_label_away() {
    let records = corpus();
    let count = |n: usize| f64::from(u32::try_from(n).unwrap());
    let letters = |record: &Record, holds: fn(char) -> bool| {
        count(record.narrative.chars().filter(|c| holds(*c)).count()) / count(record.narrative.chars().count())
    };
    let mut found: Vec<(&str, f64)> = Vec::new();
    let mut measure = |name, score: &dyn Fn(&Record) -> f64| {
        let area = auc(records.iter().map(|record| (score(record), record.is_positive())).collect());
        // A cue that speaks against is a cue too.
        found.push((name, area.max(1.0 - area)));
    };
    measure("word count", &|record| count(record.words()));
    measure("punctuation", &|record| letters(record, |c| c.is_ascii_punctuation()));
    measure("capitals", &|record| letters(record, char::is_uppercase));
    measure("digits", &|record| letters(record, |c| c.is_ascii_digit()));
    measure("line breaks", &|record| count(record.narrative.lines().count()));
    measure("words a sentence", &|record| count(record.words()) / count(record.narrative.matches(['.', '!', '?', '\n']).count() + 1));

    // Recorded offence: the share of positives under the same title among the other writers.
    let mut titles: HashMap<&str, HashMap<&str, (f64, f64)>> = HashMap::new();
    for record in &records {
        let title = record.offence_title.as_deref().unwrap_or("");
        let cell = titles.entry(title).or_default().entry(&record.writer).or_default();
        if record.is_positive() { cell.0 += 1.0 } else { cell.1 += 1.0 }
    }
    measure("recorded offence", &|record| {
        let cells = &titles[record.offence_title.as_deref().unwrap_or("")];
        #[expect(clippy::iter_over_hash_type, reason = "sums of whole numbers do not depend on the order")]
        let (positive, negative) = {
            let mut sums = (1.0, 2.3);
            for (writer, (positive, negative)) in cells {
                if *writer != record.writer {
                    sums = (sums.0 + positive, sums.1 + negative);
                }
            }
            sums
        };
        positive / (positive + negative)
    });
    for (name, area) in &found {
        assert!(*area <= 0.62, "{name} alone: {area:.3} ({found:?})");
    }
}

/// A surname that many writers use could be learned. The look-alike of somebody called Stalker is one on purpose.
#[test]
fn no_name_repeats_across_writers() {
    let records = corpus();
    let mut writers: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for record in records.iter().filter(|record| record.slice != "hardneg:name") {
        for pair in record.narrative.split_whitespace().collect::<Vec<_>>().windows(2) {
            let is_title = ["Mr", "Mrs", "Ms", "Miss", "Dr", "PC", "Sgt", "DC"].contains(&pair[0].trim_matches('.'));
            let name: String = pair[1].chars().take_while(|c| c.is_alphabetic()).collect();
            if is_title && name.len() > 2 && name.starts_with(char::is_uppercase) && name.chars().skip(1).all(char::is_lowercase) {
                writers.entry(name).or_default().insert(&record.writer);
            }
        }
    }
    let often: Vec<_> = writers.iter().filter(|(_, by)| by.len() > 6).map(|(name, by)| (name, by.len())).collect();
    assert!(often.is_empty(), "{often:?}");
}
