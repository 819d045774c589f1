//! End-to-end checks in one binary, so that polars and candle are linked once.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bundles;
mod classifier_parity;
mod corpus;
mod evaluate;
mod ingest;
mod linkage;
mod malformed;
mod report;
mod rules;
mod screen;
mod training;
