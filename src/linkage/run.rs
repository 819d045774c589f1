//! The facts of a run made ready for comparison: one order, how many records carry each value, and the values that far too many carry.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Serialize;

use super::identity::{Facts, Party};
use super::lists::nickname_groups;
use super::normalise::skeleton;

/// Shortest skeleton that stands for a word.
const SKELETON: usize = 4;
/// A contact or plate that more records than this carry, under more names than [`FREQUENT_NAMES`], belongs to nobody: a switchboard, a station.
const FREQUENT: u32 = 30;
const FREQUENT_NAMES: usize = 8;
/// However few names it is recorded under: no course is that long.
const FREQUENT_ANYHOW: u32 = 400;
/// A dwelling that more records than this name is a block, a ward or a shop, and tells one visitor from another no more.
const FREQUENT_DWELLING: u32 = 60;
/// A word that more records than this share is left out of comparison.
pub(super) const COMMON_WORD: u32 = 64;
/// Values reported by name of their kind.
const MAX_REPORTED: usize = 50;

/// A value as a number that is the same in every run.
pub(super) fn key(kind: &str, value: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    kind.hash(&mut hasher);
    value.hash(&mut hasher);
    hasher.finish()
}

/// A value that was left out because far too many records of the run carry it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FrequentValue {
    /// `contact`, `plate` or `dwelling`.
    pub kind: &'static str,
    pub records: u32,
    /// A record that carries it; the value itself may be somebody's phone.
    pub seen_in: String,
}

/// A record made ready.
pub(super) struct Ready<'a> {
    pub(super) facts: &'a Facts,
    /// Words of its people's names, of places and organisations, and those that its narrative alone has; each in order.
    pub(super) people: Vec<u64>,
    pub(super) spots: Vec<u64>,
    pub(super) told: Vec<u64>,
    pub(super) dwellings: Vec<u64>,
    /// Street of the record with a number that its narrative names: perhaps the dwelling.
    pub(super) perhaps: Vec<u64>,
    pub(super) street: Option<u64>,
    pub(super) postcode: Option<u64>,
    /// Of names by party: each word, in order.
    pub(super) names: [Vec<u64>; 3],
    pub(super) contacts: [Vec<u64>; 3],
    pub(super) plates: Vec<u64>,
}

/// A run made ready.
pub(super) struct Run<'a> {
    /// In order of time, then id, whatever the order of the input.
    pub(super) records: Vec<Ready<'a>>,
    counts: HashMap<u64, u32>,
    pub(super) frequent: Vec<FrequentValue>,
}

impl<'a> Run<'a> {
    pub(super) fn new(facts: &'a [Facts]) -> Self {
        let mut sorted: Vec<&Facts> = facts.iter().collect();
        sorted.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        let names: std::collections::HashSet<&str> = sorted.iter().flat_map(|facts| facts.words.iter().map(String::as_str)).collect();
        let mut records: Vec<Ready<'a>> = sorted.into_iter().map(|facts| ready(facts, &names)).collect();
        let mut counts: HashMap<u64, u32> = HashMap::new();
        for record in &records {
            for value in record.values() {
                *counts.entry(value).or_default() += 1;
            }
        }
        let frequent = leave_out_frequent(&mut records, &counts);
        Self { records, counts, frequent }
    }

    /// Records that carry a value.
    pub(super) fn count(&self, value: u64) -> u32 {
        self.counts.get(&value).copied().unwrap_or(0)
    }
}

impl Ready<'_> {
    /// Every value once.
    fn values(&self) -> Vec<u64> {
        let mut values = self.people.clone();
        values.extend(&self.spots);
        values.extend(&self.told);
        values.extend(&self.dwellings);
        values.extend(&self.perhaps);
        values.extend(&self.street);
        values.extend(&self.postcode);
        values.extend(self.names.iter().flatten());
        values.extend(self.contacts.iter().flatten());
        values.extend(&self.plates);
        values.sort_unstable();
        values.dedup();
        values
    }
}

/// The word that a word stands for: its given name where it is a form of just one, its sound where that tells enough, itself.
pub(super) fn canonical(word: &str) -> String {
    match nickname_groups(word) {
        [group] => return format!("#{group}"),
        [] => {}
        _ => return word.to_owned(),
    }
    let sound = skeleton(word);
    if sound.chars().count() >= SKELETON { format!("~{sound}") } else { word.to_owned() }
}

fn ready<'a>(facts: &'a Facts, names: &std::collections::HashSet<&str>) -> Ready<'a> {
    // A capital at the start of a sentence tells nothing, unless the word is one that columns of this run have as a name or place.
    let mentions = facts.mentions.iter().filter(|(word, inside)| *inside || names.contains(word.as_str())).map(|(word, _)| word);
    let people: Vec<u64> = facts.parties().into_iter().flat_map(person_words).map(word_key).collect();
    let spots: Vec<u64> = facts.words.iter().map(|word| word_key(word)).filter(|word| !people.contains(word)).collect();
    let told = mentions.map(|word| word_key(word)).filter(|word| !people.contains(word) && !spots.contains(word)).collect();
    let place = facts.place.as_ref();
    let homes = [place, facts.victim.home.as_ref()];
    let mut dwellings: Vec<String> = homes.iter().flatten().flat_map(|place| place.dwellings()).collect();
    // "Sallow Court" and "number 14" in the narrative are one address; several numbers could be anybody's.
    let here = place.filter(|place| !place.street.is_empty() && facts.numbers.len() <= 2);
    let perhaps = here.into_iter().flat_map(|place| facts.numbers.iter().map(|number| format!("{number} {}", place.street)));
    let perhaps: Vec<u64> = perhaps.map(|dwelling| key("dwelling", &dwelling)).collect();
    let dwellings = dwellings.drain(..).map(|dwelling| key("dwelling", &dwelling)).collect();
    let street = homes.iter().flatten().find(|place| !place.street.is_empty()).map(|place| key("street", &place.street));
    let postcode = homes.iter().flatten().find_map(|place| place.postcode.as_deref()).map(|code| key("postcode", code));
    let parties = facts.parties();
    Ready {
        facts,
        people: in_order(people),
        spots: in_order(spots),
        told: in_order(told),
        dwellings: in_order(dwellings),
        perhaps: in_order(perhaps),
        street,
        postcode,
        names: parties.map(name_keys),
        contacts: parties.map(|party| party.contacts.iter().map(|contact| key("contact", contact)).collect()),
        plates: facts.plates.iter().map(|plate| key("plate", plate)).collect(),
    }
}

fn in_order(mut values: Vec<u64>) -> Vec<u64> {
    values.sort_unstable();
    values.dedup();
    values
}

/// A word of a name or place as a number.
pub(super) fn word_key(word: &str) -> u64 {
    // Given names are told from all other words by their last bit: half the town is called Sam.
    let is_given = !nickname_groups(word).is_empty();
    key("word", &canonical(word)) & !1 | u64::from(is_given)
}

/// Whether a word is a given name.
pub(super) fn is_given_name(word: u64) -> bool {
    word & 1 == 1
}

fn person_words(party: &Party) -> impl Iterator<Item = &str> {
    let person = party.name.iter().filter(|name| !name.is_organisation);
    person.flat_map(|name| name.parts.iter().map(|part| part.text.as_str()))
}

fn name_keys(party: &Party) -> Vec<u64> {
    let Some(name) = &party.name else { return Vec::new() };
    name.parts.iter().map(|part| key("name", &canonical(&part.text))).collect()
}

/// Takes values that far too many records carry out of the records, and says which they were.
fn leave_out_frequent(records: &mut [Ready<'_>], counts: &HashMap<u64, u32>) -> Vec<FrequentValue> {
    let suspicious = |value: &u64, limit: u32| counts.get(value).is_some_and(|count| *count > limit);
    // For each value over the limit: the first record, and the different names that stand beside it.
    let mut seen: HashMap<u64, (&'static str, usize, Vec<u64>)> = HashMap::new();
    for (at, record) in records.iter().enumerate() {
        let contacts =
            record.contacts.iter().enumerate().flat_map(|(party, contacts)| contacts.iter().map(move |contact| (Some(party), contact)));
        let plates = record.plates.iter().map(|plate| (None, plate));
        for (party, value) in contacts.chain(plates).filter(|(_, value)| suspicious(value, FREQUENT)) {
            let kind = if party.is_some() { "contact" } else { "plate" };
            let (_, _, names) = seen.entry(*value).or_insert_with(|| (kind, at, Vec::new()));
            let name = record.names.iter().flatten().copied().fold(0, u64::wrapping_add);
            if names.len() <= FREQUENT_NAMES && !names.contains(&name) {
                names.push(name);
            }
        }
        for value in record.dwellings.iter().filter(|value| suspicious(value, FREQUENT_DWELLING)) {
            seen.entry(*value).or_insert_with(|| ("dwelling", at, Vec::new()));
        }
    }
    let is_out = |value: &u64| {
        let Some((kind, _, names)) = seen.get(value) else { return false };
        *kind == "dwelling" || names.len() > FREQUENT_NAMES || suspicious(value, FREQUENT_ANYHOW)
    };
    let mut frequent: Vec<FrequentValue> = Vec::new();
    let mut first_seen: Vec<(usize, u64)> = Vec::new();
    for (at, record) in records.iter().enumerate() {
        for value in record.contacts.iter().flatten().chain(&record.plates).chain(&record.dwellings) {
            if seen.get(value).is_some_and(|(_, first, _)| *first == at) && is_out(value) && !first_seen.contains(&(at, *value)) {
                first_seen.push((at, *value));
                frequent.push(FrequentValue { kind: seen[value].0, records: counts[value], seen_in: record.facts.id.clone() });
            }
        }
    }
    for record in records.iter_mut() {
        record.contacts.iter_mut().for_each(|contacts| contacts.retain(|value| !is_out(value)));
        record.plates.retain(|value| !is_out(value));
        record.dwellings.retain(|value| !is_out(value));
        record.perhaps.retain(|value| !is_out(value));
    }
    frequent.sort_by(|a, b| b.records.cmp(&a.records).then_with(|| (a.kind, &a.seen_in).cmp(&(b.kind, &b.seen_in))));
    frequent.truncate(MAX_REPORTED);
    frequent
}
