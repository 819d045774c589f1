//! What each stage and the whole cost, on the fixture's own records. The answer is checked before anything is timed.
//!
//! `cargo bench` prints rows, tokens or bytes a second; dated records are under `benches/runs/`.

use std::hint::black_box;
use std::path::PathBuf;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use foursight::classifier::{Bundle, Classifier, Windows};
use foursight::domain::Incident;
use foursight::indicators::RuleSet;
use foursight::ingest::{IngestOptions, Reader};
use foursight::narrative::PreparedNarrative;
use foursight::pipeline::{Engine, EngineSettings, SeenNarratives};

/// The fixture's records; its rows are counted in `fixtures/incidents/README.md`.
const FIXTURE: &str = "fixtures/incidents/force-week.csv";

fn read_all() -> Vec<Incident> {
    let mut reader = Reader::open(&[PathBuf::from(FIXTURE)], IngestOptions::default()).expect("the fixture opens");
    let mut incidents = Vec::new();
    while let Some(chunk) = reader.next_chunk(512).expect("the fixture reads") {
        incidents.extend(chunk.incidents);
    }
    incidents
}

fn stages(criterion: &mut Criterion) {
    let incidents = read_all();
    assert!(incidents.len() >= 500, "{} records read", incidents.len());
    let rows = incidents.len() as u64;
    let bytes: u64 = incidents.iter().map(|incident| incident.narrative.len() as u64).sum();
    let file_bytes = std::fs::metadata(FIXTURE).expect("the fixture is there").len();

    let mut group = criterion.benchmark_group("ingest");
    group.throughput(Throughput::Bytes(file_bytes)).bench_function("csv", |b| b.iter(|| black_box(read_all())));
    group.finish();

    let prepare = || incidents.iter().map(|incident| PreparedNarrative::new(&incident.narrative)).collect::<Vec<_>>();
    let prepared = prepare();
    let words: usize = prepared.iter().map(PreparedNarrative::words).sum();
    assert!(words as u64 > rows * 10, "{words} words");
    let mut group = criterion.benchmark_group("narrative");
    group.throughput(Throughput::Bytes(bytes)).bench_function("prepare", |b| b.iter(|| black_box(prepare())));
    group.finish();

    let rules = RuleSet::load(None).expect("the rules load");
    assert_eq!(rules.check(), []);
    let mut group = criterion.benchmark_group("indicators");
    group.throughput(Throughput::Bytes(bytes)).bench_function("rules", |b| {
        b.iter(|| prepared.iter().map(|narrative| rules.findings(black_box(narrative)).len()).sum::<usize>());
    });
    group.finish();

    let classifier = Classifier::new(&Bundle::embedded().expect("the bundle is sound"), 0).expect("the bundle loads");
    let windows: Vec<Windows> = prepared.iter().map(|narrative| classifier.windows(narrative)).collect();
    let tokens: u64 = windows.iter().map(|cut| cut.tokens as u64).sum();
    let pairs: Vec<_> = prepared.iter().zip(&windows).collect();
    let first = classifier.read(&pairs[..32], &|_| ()).expect("candle runs");
    for (pair, reading) in pairs.iter().zip(&first) {
        let alone = classifier.read(&[*pair], &|_| ()).expect("candle runs").remove(0);
        assert!((alone.concern.0 - reading.concern.0).abs() < 1e-4, "a record reads the same alone and among others");
    }
    let mut group = criterion.benchmark_group("classifier");
    group.sample_size(10);
    group.throughput(Throughput::Bytes(bytes)).bench_function("tokenise", |b| {
        b.iter(|| prepared.iter().map(|narrative| classifier.windows(black_box(narrative)).windows.len()).sum::<usize>());
    });
    let share = 100.min(pairs.len());
    let share_tokens: u64 = windows[..share].iter().map(|cut| cut.tokens as u64).sum();
    group
        .throughput(Throughput::Elements(share_tokens))
        .bench_function("encode (tokens)", |b| b.iter(|| black_box(classifier.read(&pairs[..share], &|_| ()))));
    group.finish();

    let engine = Engine::new(&EngineSettings::default()).expect("the engine loads");
    let mut group = criterion.benchmark_group("whole");
    group.sample_size(10);
    group.throughput(Throughput::Elements(share as u64)).bench_function("screen (rows)", |b| {
        b.iter(|| engine.screen(incidents[..share].to_vec(), &mut SeenNarratives::default(), &|_| ()));
    });
    group.finish();
    assert!(tokens > 0);
}

criterion_group!(benches, stages);
criterion_main!(benches);
