//! Stalking-risk incident screening: flags records for human review, with reasons in the record's own words.
//!
//! The map of the crate is its data flow; each stage knows [`domain`] and the types of the stage before it, never a later one:
//!
//! ```text
//! ingest -> narrative -> { indicators | classifier } -> fusion -> linkage -> risk -> report
//! ```
//!
//! [`pipeline`] is the only place where stages meet, and [`cli`] sits on top of it. [`train`] and [`evaluate`] read [`labels`]; nothing
//! in the screening path knows them; [`compare`] reads what [`report`] wrote. Files are touched only in [`ingest`], [`labels`], [`report`], [`evaluate`], [`train`], model and rule
//! loading, and [`cli`]; the rest is pure.

pub mod classifier;
pub mod cli;
pub mod compare;
pub mod domain;
pub mod error;
pub mod evaluate;
pub mod fusion;
pub mod indicators;
pub mod ingest;
pub mod labels;
pub mod linkage;
pub mod narrative;
pub mod pipeline;
pub mod report;
pub mod risk;
pub mod train;
