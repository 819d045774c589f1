//! Which pairs are worth comparing: those that share a value by at least one rule. Pairs are counted before any is compared; in a block of
//! too many records each is compared only with those next to it in time, and the report says so.

use std::collections::HashMap;

use serde::Serialize;

use super::normalise::reference;
use super::run::{Ready, Run, key};

/// Records of a block that are all compared with one another.
const WHOLE_BLOCK: usize = 40;
/// In a larger block, how many of the records that follow in time each is compared with.
const NEXT_IN_TIME: usize = 12;
/// Records that share a word for it to make candidates by itself.
const RARE_WORD: u32 = 12;
/// Digits at the end of a plate that make candidates.
const PLATE_TAIL: usize = 3;

/// The rules, in the order in which they are reported.
const RULES: [&str; 9] = [
    "contact",
    "plate",
    "plate part",
    "full name",
    "family name and area",
    "birth and name",
    "dwelling",
    "postcode or street",
    "rare word",
];

/// What a blocking rule made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleCount {
    pub rule: &'static str,
    pub blocks: u64,
    /// Pairs that the rule would make without a cap.
    pub pairs: u64,
    /// Pairs that it makes.
    pub compared: u64,
    pub largest_block: u64,
    /// Blocks in which not every pair is compared.
    pub capped_blocks: u64,
}

/// The blocks of a run.
pub(super) struct Blocks {
    /// By rule: records in the run's order that share a value.
    members: Vec<HashMap<u64, Vec<u32>>>,
    /// By record: records that it names.
    named: Vec<Vec<u32>>,
    pub(super) counts: Vec<RuleCount>,
}

impl Blocks {
    pub(super) fn new(run: &Run<'_>) -> Self {
        let mut members: Vec<HashMap<u64, Vec<u32>>> = vec![HashMap::new(); RULES.len()];
        for (at, record) in (0u32..).zip(&run.records) {
            for (rule, values) in keys(record, run).into_iter().enumerate() {
                for value in values {
                    members[rule].entry(value).or_default().push(at);
                }
            }
        }
        for rule in &mut members {
            rule.retain(|_, block| block.len() > 1);
        }
        let counts = RULES.iter().zip(&members).map(|(rule, blocks)| count(rule, blocks.values().map(Vec::len))).collect();
        Self { members, named: named(run), counts }
    }

    /// The records after `at` in the run's order to compare it with, in order.
    pub(super) fn candidates(&self, at: u32, run: &Run<'_>) -> Vec<u32> {
        let mut candidates: Vec<u32> = self.named[at as usize].clone();
        for (rule, values) in keys(&run.records[at as usize], run).into_iter().enumerate() {
            for value in values {
                let Some(block) = self.members[rule].get(&value) else { continue };
                let after = block.partition_point(|member| *member <= at);
                let next = &block[after..];
                let reach = if block.len() > WHOLE_BLOCK { NEXT_IN_TIME } else { next.len() };
                candidates.extend(next.iter().take(reach));
            }
        }
        candidates.sort_unstable();
        candidates.dedup();
        candidates
    }
}

/// Pairs that records name, whatever else they share: at the one of them that comes first.
fn named(run: &Run<'_>) -> Vec<Vec<u32>> {
    // A record may be named by its whole id or without the letters in front of it; a form that could be two records' is none's.
    let mut ids: HashMap<String, Option<u32>> = HashMap::new();
    let mut logs: HashMap<(u32, u8, u8), Option<u32>> = HashMap::new();
    for (at, record) in (0u32..).zip(&run.records) {
        for form in id_forms(&record.facts.id) {
            ids.entry(form).and_modify(|known| *known = None).or_insert(Some(at));
        }
        for log in own_logs(record) {
            logs.entry(log).and_modify(|known| *known = None).or_insert(Some(at));
        }
    }
    let mut named: Vec<Vec<u32>> = vec![Vec::new(); run.records.len()];
    for (at, record) in (0u32..).zip(&run.records) {
        let by_id = record.facts.references.iter().filter_map(|reference| ids.get(reference).copied().flatten());
        let by_log = record.facts.logs.iter().filter_map(|log| logs.get(log).copied().flatten());
        for other in by_id.chain(by_log).filter(|other| *other != at) {
            named[at.min(other) as usize].push(at.max(other));
        }
    }
    named.iter_mut().for_each(|others| {
        others.sort_unstable();
        others.dedup();
    });
    named
}

impl Blocks {
    /// Whether one of two records names the other.
    pub(super) fn is_named(&self, a: u32, b: u32) -> bool {
        self.named[a.min(b) as usize].binary_search(&a.max(b)).is_ok()
    }
}

fn id_forms(id: &str) -> Vec<String> {
    let bare = id.trim_start_matches(|c: char| c.is_alphabetic() || c == ' ' || c == '/' || c == '-');
    let mut forms: Vec<String> = [id, bare].into_iter().filter_map(reference).collect();
    forms.dedup();
    forms
}

/// The numbers in a log's id, with the day and month on which it was reported: what "log 377 of 18/10" means.
fn own_logs(record: &Ready<'_>) -> Vec<(u32, u8, u8)> {
    let Some(reported) = record.facts.reported else { return Vec::new() };
    let Ok(moment) = jiff::Timestamp::from_second(reported * 60) else { return Vec::new() };
    let date = moment.to_zoned_datetime(jiff::tz::TimeZone::UTC).date();
    let (day, month) = (date.day().unsigned_abs(), date.month().unsigned_abs());
    let groups = record.facts.id.split(|c: char| !c.is_ascii_digit()).filter(|group| (3..=5).contains(&group.len()));
    let mut logs: Vec<(u32, u8, u8)> = groups.filter_map(|group| Some((group.parse().ok()?, day, month))).collect();
    logs.dedup();
    logs
}

/// The values of a record by rule.
fn keys(record: &Ready<'_>, run: &Run<'_>) -> [Vec<u64>; RULES.len()] {
    let facts = record.facts;
    let area = &facts.area;
    let with_area = |value: u64| key("area", &format!("{value} {area}"));
    let mut parts: Vec<u64> = Vec::new();
    for plate in &facts.plates {
        parts.push(key("head", &plate[..plate.len().min(4)]));
        if plate.len() != 4 {
            parts.push(key("tail", &plate[plate.len() - PLATE_TAIL..]));
        }
    }
    let (mut names, mut families, mut births) = (Vec::new(), Vec::new(), Vec::new());
    for (party, words) in facts.parties().into_iter().zip(&record.names) {
        for (i, a) in words.iter().enumerate() {
            families.push(with_area(*a));
            for b in &words[i + 1..] {
                names.push(key("pair", &format!("{} {}", a.min(b), a.max(b))));
            }
            if let Some((year, month, day)) = party.birth {
                births.push(key("birth", &format!("{year} {} {} {a}", month.min(day), month.max(day))));
            }
        }
    }
    let streets = record.street.map(with_area).into_iter().chain(record.postcode).collect();
    let words =
        record.people.iter().chain(&record.spots).chain(&record.told).copied().filter(|word| run.count(*word) <= RARE_WORD).collect();
    let contacts = record.contacts.iter().flatten().copied().collect();
    let mut keys = [
        contacts,
        record.plates.clone(),
        parts,
        names,
        families,
        births,
        record.dwellings.iter().chain(&record.perhaps).copied().collect(),
        streets,
        words,
    ];
    for values in &mut keys {
        values.sort_unstable();
        values.dedup();
    }
    keys
}

fn count(rule: &'static str, sizes: impl Iterator<Item = usize>) -> RuleCount {
    let mut count = RuleCount { rule, blocks: 0, pairs: 0, compared: 0, largest_block: 0, capped_blocks: 0 };
    for size in sizes {
        let n = size as u64;
        count.blocks += 1;
        count.pairs += n * (n - 1) / 2;
        count.largest_block = count.largest_block.max(n);
        let next = NEXT_IN_TIME as u64;
        if size > WHOLE_BLOCK {
            count.capped_blocks += 1;
            count.compared += n * next - next * (next + 1) / 2;
        } else {
            count.compared += n * (n - 1) / 2;
        }
    }
    count
}
