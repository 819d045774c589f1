//! Which records belong together: one person's conduct towards one victim over time, whoever reported it and under whatever offence.
//!
//! Four steps, each by itself testable, after Splink: candidate pairs (`blocking`), comparison (`compare`), match weight (`weight`),
//! clusters (`cluster`). What is compared is read from a record once (`identity`, `names`, `places`, `conduct`); no step reads a narrative
//! after that. [`link`] is the whole way.
//!
//! | question | answered in |
//! |---|---|
//! | who and what is in a record? | `identity`, with `names`, `places`, `normalise`, `lists` |
//! | what was done? | `conduct` |
//! | which values link nothing, because everybody has them? | `lists`, `run` |
//! | which pairs are compared? | `blocking` |
//! | how much do two records agree, and in what? | `compare`, `weight` |
//! | which records are one course, and on what does it hang? | `cluster` |
//! | what does a course show as a whole? | `course` |
//!
//! What it does not answer: whether anybody did anything. A link says that two records tell of the same people, with its evidence for and
//! against; whether a course is worth a reader's time is for [`crate::risk`].

mod blocking;
mod cluster;
mod compare;
mod conduct;
mod course;
mod earlier;
mod identity;
mod lists;
mod names;
mod normalise;
mod places;
#[cfg(test)]
mod properties;
mod run;
mod weight;

pub use blocking::RuleCount;
pub use cluster::LinkLevel;
pub use course::{Course, CoursePattern, TimelineRecord, course_id, courses, local_time};
pub use earlier::{EarlierRun, FACTS_FILE, joined, read_facts, write_facts};
pub use identity::Facts;
pub use run::FrequentValue;
pub use weight::{LinkThresholds, Model};

use std::collections::BTreeMap;

use rand::RngExt;
use rayon::prelude::*;
use serde::Serialize;

use blocking::Blocks;
use cluster::{Pair, level};
use run::Run;
use weight::Pattern;

/// Random pairs from which fitting learns how often unrelated records agree.
const RANDOM_PAIRS: usize = 200_000;
const SEED: u64 = 24;

/// Where match weights come from.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum ModelSource {
    /// The parameters in the program.
    #[default]
    Embedded,
    /// A file in Splink's format.
    Given(Box<Model>),
    /// Fitted on the run by expectation-maximisation, from the parameters in the program.
    Fitted,
}

/// Two records that belong together, with why.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// Places in the facts given, the smaller id first.
    pub records: (usize, usize),
    pub level: LinkLevel,
    /// Match weight in bits: each doubles the odds that the two are of one course.
    pub bits: f64,
    /// In words with bits, the strongest first; no value of a record.
    pub evidence_for: Vec<String>,
    pub evidence_against: Vec<String>,
    /// Victim and suspect have changed places.
    pub is_swapped: bool,
}

/// What linking a run did.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct LinkReport {
    pub records: u64,
    pub rules: Vec<RuleCount>,
    pub compared_pairs: u64,
    pub links: u64,
    /// Links that would have put different people into one course.
    pub links_refused: u64,
    /// Links that would have made a course longer than any person's.
    pub links_too_long: u64,
    /// Values that far too many records carry, and that link nothing.
    pub frequent_values: Vec<FrequentValue>,
    /// What a reader should know, in words.
    pub notes: Vec<String>,
}

/// The courses of a run at three levels.
#[derive(Debug, Clone, PartialEq)]
pub struct Linked {
    /// By weight, then ids.
    pub links: Vec<Link>,
    /// For each level, strict first: courses of two records and more, as places in the facts given, in order of time.
    pub levels: [Vec<Vec<usize>>; 3],
    pub report: LinkReport,
}

/// Links records by their facts. The answer depends on facts and model alone, not on their order or the number of threads.
///
/// # Errors
/// [`crate::error::Error::Usage`] if the program was built with a broken model.
pub fn link(facts: &[Facts], source: &ModelSource) -> crate::error::Result<Linked> {
    let run = Run::new(facts);
    let blocks = Blocks::new(&run);
    let model = match source {
        ModelSource::Embedded => Model::embedded()?,
        ModelSource::Given(model) => (**model).clone(),
        ModelSource::Fitted => fitted(&run, &blocks, &Model::embedded()?),
    };
    let places: std::collections::HashMap<&str, usize> = facts.iter().enumerate().map(|(at, facts)| (facts.id.as_str(), at)).collect();
    let given: Vec<usize> = run.records.iter().map(|record| places[record.facts.id.as_str()]).collect();
    let compared = std::sync::atomic::AtomicU64::new(0);
    let records = u32::try_from(run.records.len()).unwrap_or(u32::MAX);
    let pairs: Vec<Pair> = (0..records)
        .into_par_iter()
        .flat_map_iter(|a| {
            let candidates = blocks.candidates(a, &run);
            compared.fetch_add(candidates.len() as u64, std::sync::atomic::Ordering::Relaxed);
            let (run, blocks, model) = (&run, &blocks, &model);
            candidates.into_iter().filter_map(move |b| {
                let compared = compare::compare(run, blocks, model, a, b);
                let level = level(&compared, &model.thresholds)?;
                Some(Pair { a, b, level, compared })
            })
        })
        .collect();
    let clustered = cluster::cluster(&run, &pairs);
    let levels = clustered
        .levels
        .map(|clusters| clusters.members.into_iter().map(|members| members.into_iter().map(|at| given[at as usize]).collect()).collect());
    let mut links: Vec<Link> = pairs.iter().map(|pair| as_link(pair, &given, facts)).collect();
    links.sort_by(|x, y| y.bits.total_cmp(&x.bits).then_with(|| ids(x, facts).cmp(&ids(y, facts))));
    let report = LinkReport {
        records: facts.len() as u64,
        compared_pairs: compared.into_inner(),
        links: links.len() as u64,
        links_refused: clustered.refused,
        links_too_long: clustered.too_long,
        notes: notes(&blocks, &run, clustered.refused, clustered.too_long),
        frequent_values: run.frequent,
        rules: blocks.counts,
    };
    Ok(Linked { links, levels, report })
}

fn ids<'a>(link: &Link, facts: &'a [Facts]) -> (&'a str, &'a str) {
    (&facts[link.records.0].id, &facts[link.records.1].id)
}

fn as_link(pair: &Pair, given: &[usize], facts: &[Facts]) -> Link {
    let (a, b) = (given[pair.a as usize], given[pair.b as usize]);
    let records = if facts[a].id <= facts[b].id { (a, b) } else { (b, a) };
    let mut evidence = pair.compared.evidence.clone();
    evidence.sort_by(|x, y| y.bits.abs().total_cmp(&x.bits.abs()).then(x.comparison.cmp(&y.comparison)));
    let words =
        |test: fn(f64) -> bool| evidence.iter().filter(|evidence| test(evidence.bits)).map(compare::Evidence::words).collect::<Vec<_>>();
    let mut evidence_for = words(|bits| bits > 0.0);
    if pair.compared.is_swapped {
        evidence_for.push("the victim of one is the suspect of the other".to_owned());
    }
    let bits = (pair.compared.bits * 1e3).round() / 1e3;
    Link {
        records,
        level: pair.level,
        bits,
        evidence_for,
        evidence_against: words(|bits| bits < 0.0),
        is_swapped: pair.compared.is_swapped,
    }
}

fn notes(blocks: &Blocks, run: &Run<'_>, refused: u64, too_long: u64) -> Vec<String> {
    let mut notes = Vec::new();
    for rule in blocks.counts.iter().filter(|rule| rule.capped_blocks > 0) {
        notes.push(format!(
            "blocking by {}: {} blocks are too large to compare every pair (the largest has {} records); there each record is compared with those next to it in time",
            rule.rule, rule.capped_blocks, rule.largest_block
        ));
    }
    for value in &run.frequent {
        notes.push(format!(
            "a {} of {} records, seen first in {}, links nothing: it is nobody's own",
            value.kind, value.records, value.seen_in
        ));
    }
    if refused > 0 {
        notes.push(format!("{refused} links left out of courses: they would have joined different victims or different suspects"));
    }
    if too_long > 0 {
        notes
            .push(format!("{too_long} links left out of courses: with them a course would have more than {} records", cluster::MAX_COURSE));
    }
    notes
}

/// The model fitted on the run's candidate pairs, with random pairs for what unrelated records agree in.
fn fitted(run: &Run<'_>, blocks: &Blocks, start: &Model) -> Model {
    use rand::SeedableRng;
    let records = u32::try_from(run.records.len()).unwrap_or(u32::MAX);
    let pattern = |a, b| compare::compare(run, blocks, start, a, b).pattern;
    let tally = |patterns: Vec<Pattern>| {
        let mut counts: BTreeMap<Pattern, u64> = BTreeMap::new();
        for pattern in patterns {
            *counts.entry(pattern).or_default() += 1;
        }
        counts
    };
    let candidates: Vec<Pattern> =
        (0..records).into_par_iter().flat_map_iter(|a| blocks.candidates(a, run).into_iter().map(move |b| pattern(a, b))).collect();
    if candidates.is_empty() {
        return start.clone();
    }
    let mut random = rand_pcg::Pcg64Mcg::seed_from_u64(SEED);
    let pairs: Vec<(u32, u32)> = (0..RANDOM_PAIRS)
        .map(|_| (random.random_range(0..records), random.random_range(0..records)))
        .filter(|(a, b)| a != b)
        .map(|(a, b)| (a.min(b), a.max(b)))
        .collect();
    let random: Vec<Pattern> = pairs.into_par_iter().map(|(a, b)| pattern(a, b)).collect();
    start.fit(&tally(candidates), &tally(random))
}
