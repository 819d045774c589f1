//! What a record tells that somebody did, and the circumstances, read from its narrative by `data/conduct.toml`.
//!
//! Wider than the indicators on purpose: these kinds count only where a course has several of them, never for a record by itself.

use std::sync::LazyLock;

use regex::bytes::{RegexSet, RegexSetBuilder};
use serde::{Deserialize, Serialize};

use crate::domain::{Column, Incident, Indicator};

/// Kinds of conduct and circumstances, one bit each in the order of the file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Conduct {
    pub(super) kinds: u32,
    pub(super) cues: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    kind: Vec<Entry>,
    cue: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    name: String,
    any: Vec<String>,
    #[serde(default)]
    codes: Vec<String>,
    /// Read on the column `relationship`.
    #[serde(default)]
    columns: Vec<String>,
    #[serde(default)]
    indicators: Vec<Indicator>,
    #[serde(default)]
    group: Option<Group>,
}

/// How a kind of conduct is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Group {
    /// Behind somebody's back: each by itself looks like bad luck.
    Covert,
    /// Face to face, or plainly somebody's doing.
    Open,
}

struct Lexicon {
    kinds: Vec<Entry>,
    cues: Vec<Entry>,
    text: Patterns,
    codes: Patterns,
    columns: Patterns,
}

/// Patterns of all entries read in one pass, each with its entry; cues follow the kinds.
struct Patterns {
    set: RegexSet,
    entry: Vec<usize>,
}

impl Patterns {
    fn new(entries: &[&Entry], of: fn(&Entry) -> &Vec<String>) -> Self {
        let (mut patterns, mut entry) = (Vec::new(), Vec::new());
        for (i, from) in entries.iter().enumerate() {
            for pattern in of(from) {
                patterns.push(pattern.clone());
                entry.push(i);
            }
        }
        // Bytes without Unicode classes: the automaton is a fraction of the size, and no pattern of the list wants them.
        let set = RegexSetBuilder::new(patterns).unicode(false).size_limit(1 << 28).dfa_size_limit(1 << 27).build();
        Self { set: set.unwrap_or_else(|error| panic!("conduct.toml: {error}")), entry }
    }

    fn entries(&self, text: &str) -> impl Iterator<Item = usize> {
        self.set.matches(text.as_bytes()).into_iter().map(|pattern| self.entry[pattern])
    }
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    let file: File = toml::from_str(include_str!("data/conduct.toml")).unwrap_or_else(|error| panic!("conduct.toml: {error}"));
    assert!(file.kind.len() <= 32 && file.cue.len() <= 32, "conduct.toml: one bit an entry");
    let entries: Vec<&Entry> = file.kind.iter().chain(&file.cue).collect();
    let (text, codes, columns) = (
        Patterns::new(&entries, |entry| &entry.any),
        Patterns::new(&entries, |entry| &entry.codes),
        Patterns::new(&entries, |entry| &entry.columns),
    );
    Lexicon { kinds: file.kind, cues: file.cue, text, codes, columns }
});

/// The kinds of conduct and circumstances of a record.
pub(super) fn of(incident: &Incident, indicators: &[Indicator]) -> Conduct {
    let lexicon = &*LEXICON;
    let mut found = vec![false; lexicon.kinds.len() + lexicon.cues.len()];
    let mut read = |patterns: &Patterns, text: &str| patterns.entries(text).for_each(|entry| found[entry] = true);
    read(&lexicon.text, &incident.narrative.to_ascii_lowercase());
    for column in [Column::OffenceTitle, Column::OpeningCode, Column::ClosingCode, Column::RecordType] {
        if let Some(value) = incident.get(column) {
            read(&lexicon.codes, &value.to_ascii_lowercase());
        }
    }
    if let Some(value) = incident.get(Column::Relationship) {
        read(&lexicon.columns, &value.to_ascii_lowercase());
    }
    let bits = |entries: &[Entry], found: &[bool]| {
        let is_set = |(i, entry): (usize, &Entry)| {
            (found[i] || entry.indicators.iter().any(|known| indicators.contains(known))).then_some(1u32 << i)
        };
        entries.iter().enumerate().filter_map(is_set).fold(0, |bits, bit| bits | bit)
    };
    let (kinds, cues) = found.split_at(lexicon.kinds.len());
    Conduct { kinds: bits(&lexicon.kinds, kinds), cues: bits(&lexicon.cues, cues) }
}

/// The names of kinds, in the order of the file.
pub(super) fn kind_names(kinds: u32) -> Vec<&'static str> {
    LEXICON.kinds.iter().enumerate().filter(|(i, _)| kinds >> i & 1 == 1).map(|(_, entry)| entry.name.as_str()).collect()
}

/// The bits of the kinds of a group.
pub(super) fn group(group: Group) -> u32 {
    LEXICON.kinds.iter().enumerate().filter(|(_, entry)| entry.group == Some(group)).fold(0, |bits, (i, _)| bits | 1 << i)
}

/// The bit of a kind.
///
/// # Panics
/// If the file has no such kind.
pub(super) fn kind(id: &str) -> u32 {
    bit(&LEXICON.kinds, id)
}

/// The bit of a circumstance.
///
/// # Panics
/// If the file has no such circumstance.
pub(super) fn cue(id: &str) -> u32 {
    bit(&LEXICON.cues, id)
}

/// The bit of a kind, if the file has it.
pub(super) fn known_kind(id: &str) -> Option<u32> {
    LEXICON.kinds.iter().position(|entry| entry.id == id).map(|at| 1 << at)
}

fn bit(entries: &[Entry], id: &str) -> u32 {
    let at = entries.iter().position(|entry| entry.id == id);
    1 << at.unwrap_or_else(|| panic!("conduct.toml has no {id}"))
}

#[cfg(test)]
mod tests {
    use super::super::identity::tests::incident;
    use super::*;

    #[test]
    fn conduct_is_read_from_flat_police_prose() {
        for (narrative, wanted) in [
            ("Reports nine calls to her landline between 0110 and 0500, nobody speaks, number withheld.", "contact"),
            ("On return a scratch down the length of the driver's side.", "damage"),
            ("Supplier says account was closed over the phone by a caller.", "services"),
            ("Eight takeaways have come to the door, none of them ordered by the household.", "services"),
            ("Grey Skoda estate stationary opposite the childminder's during drop off, man about sixty.", "presence"),
            ("Off the washing line: two of her own nightdresses.", "taken"),
            ("Caller wanted the new address, declined under data protection.", "enquiry"),
        ] {
            let conduct = of(&incident("1", narrative, &[]), &[]);
            assert!(conduct.kinds & kind(wanted) != 0, "{wanted}: {narrative}");
        }
        let conduct = of(&incident("1", "Weather fine.", &[(Column::Relationship, "Ex-Partner")]), &[Indicator::B07]);
        assert_eq!((conduct.kinds, conduct.cues), (kind("presence"), cue("former")));
    }
}
