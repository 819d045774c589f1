//! Our encoder gives the numbers of the library that published the model (`fixtures/encoder-parity/reference.py`), alone and in any batch.

use std::path::PathBuf;

use foursight::classifier::{Bundle, Classifier, Window};
use foursight::domain::Probability;
use foursight::ingest::{IngestOptions, Reader};
use foursight::narrative::PreparedNarrative;
use foursight::pipeline::{Engine, EngineSettings, SeenNarratives};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    encoder_sha256: String,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    text: String,
    vector: Vec<f32>,
}

fn reference() -> Vec<Row> {
    let text = std::fs::read_to_string("fixtures/encoder-parity/reference.json").unwrap();
    let reference: Reference = serde_json::from_str(&text).unwrap();
    let delivered = Bundle::embedded().unwrap().card().files["encoder.safetensors"].clone();
    assert_eq!(reference.encoder_sha256, delivered, "reference.json is of other weights: run reference.py again");
    reference.rows
}

fn windows(classifier: &Classifier, rows: &[Row]) -> Vec<Window> {
    let window = |row: &Row| {
        let mut windows = classifier.windows(&PreparedNarrative::new(&row.text)).windows;
        assert_eq!(windows.len(), 1, "the reference texts fit into one window");
        windows.remove(0)
    };
    rows.iter().map(window).collect()
}

fn difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn vectors_agree_with_the_published_implementation() {
    let rows = reference();
    assert_eq!(rows.len(), 20);
    let classifier = Classifier::new(&Bundle::embedded().unwrap(), 0).unwrap();
    let windows = windows(&classifier, &rows);
    for (row, window) in rows.iter().zip(&windows) {
        let vector = classifier.vectors(&[window], &|_| ()).unwrap().remove(0);
        let difference = difference(&vector, &row.vector);
        assert!(difference < 1e-4, "{:?} differs by {difference}", row.text);
    }
}

#[test]
fn a_text_reads_the_same_alone_and_in_any_batch_on_any_number_of_threads() {
    let rows = reference();
    let classifier = Classifier::new(&Bundle::embedded().unwrap(), 0).unwrap();
    let windows = windows(&classifier, &rows);
    let alone: Vec<_> = windows.iter().map(|window| classifier.vectors(&[window], &|_| ()).unwrap().remove(0)).collect();
    for threads in [1, 2, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let together = pool.install(|| classifier.vectors(&windows.iter().rev().collect::<Vec<_>>(), &|_| ()).unwrap());
        for (alone, together) in alone.iter().rev().zip(&together) {
            assert!(difference(alone, together) < 1e-5);
        }
    }
}

#[test]
fn a_record_scores_the_same_alone_and_among_others_on_any_number_of_threads() {
    let mut reader = Reader::open(&[PathBuf::from("fixtures/incidents/force-week.csv")], IngestOptions::default()).unwrap();
    let incidents = reader.next_chunk(40).unwrap().unwrap().incidents;
    let engine = Engine::new(&EngineSettings::default()).unwrap();
    let alone: Vec<Probability> = incidents.iter().map(|incident| engine.examine(incident.clone()).unwrap().record.probability).collect();
    for threads in [1, 2, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let together = pool.install(|| engine.screen(incidents.clone(), &mut SeenNarratives::default(), &|_| ()).unwrap());
        let together: Vec<Probability> = together.into_iter().map(|record| record.probability).collect();
        assert_eq!(together, alone, "{threads} threads");
    }
}
