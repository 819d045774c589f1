//! Two records compared: for each comparison a level, what it adds in bits, and the evidence in words.
//!
//! Victim side and suspect side are compared apart. The two may have changed places (the person complained of reports the victim), and the
//! one who reports may belong to either side; the reading that explains most is taken.

use strsim::damerau_levenshtein;

use super::blocking::Blocks;
use super::identity::Party;
use super::names::Agreement;
use super::run::{COMMON_WORD, Ready, Run, is_given_name, word_key};
use super::weight::{AREA, CONDUCT, Model, PLACE, PLATE, Pattern, REFERENCE, SUSPECT, TIME, VICTIM, WORDS, frequency_bits};

/// Records that may carry a value before it adds less. A name is met in a few records by chance, a phone hardly.
const FREE_NAME: f64 = 4.0;
const FREE_CONTACT: f64 = 8.0;
const FREE_PLACE: f64 = 6.0;
const FREE_WORD: f64 = 3.0;
/// Bits that a given name alone adds less than another word.
const GIVEN_NAME: f64 = 2.5;
/// Shared words that count, the rarest.
const MAX_WORDS: usize = 4;
/// Each further shared word adds this share of what it would add alone: words of one place come together.
const FURTHER_WORD: f64 = 0.5;
/// Bits of identity on a side from which it counts as the same side.
pub(super) const SAME_SIDE: f64 = 4.0;
/// Bits of shared words that outweigh different names: one record tells of the other's people.
const TOLD_OF: f64 = 5.0;
/// Bits of identity on both sides for roles to count as changed.
const SWAPPED: f64 = 5.0;
const ONE_SWAPPED: f64 = 7.0;

/// One piece of evidence for or against a link: the comparison, its level and bits. No value of a record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Evidence {
    pub(super) comparison: usize,
    pub(super) level: u8,
    pub(super) bits: f64,
}

/// What comparing two records came to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Compared {
    /// All bits together.
    pub(super) bits: f64,
    pub(super) evidence: Vec<Evidence>,
    pub(super) pattern: Pattern,
    /// Bits of identity of the victim's and the suspect's side.
    pub(super) sides: (f64, f64),
    /// One names the other.
    pub(super) is_named: bool,
    /// Victim of one and suspect of the other are the same, both ways.
    pub(super) is_swapped: bool,
    /// Both say who the victim, or the suspect, is, and it is not the same person.
    pub(super) differs: (bool, bool),
    /// Same dwelling, same plate, or enough words of the one in the other: what ties records whose people differ.
    pub(super) is_tied: bool,
}

/// The comparison of two people.
#[derive(Clone, Copy, Default)]
struct People {
    name: Option<(u8, f64)>,
    birth: Option<(u8, f64)>,
    contact: Option<(u8, f64)>,
    differs: bool,
    is_organisation: bool,
}

impl People {
    fn bits(&self) -> f64 {
        [self.name, self.birth, self.contact].iter().flatten().map(|(_, bits)| bits).sum()
    }

    /// Bits that speak for the same person, and not only for the same place of work.
    fn identity(&self) -> f64 {
        if self.is_organisation { 0.0 } else { self.bits() }
    }
}

/// Compares two records of a run.
pub(super) fn compare(run: &Run<'_>, blocks: &Blocks, model: &Model, a: u32, b: u32) -> Compared {
    let (x, y) = (&run.records[a as usize], &run.records[b as usize]);
    let people = |mine: usize, theirs: usize, side: usize| people(run, model, x, mine, y, theirs, side);
    let (victim, suspect, is_swapped) = sides(&people);
    let is_named = blocks.is_named(a, b);
    let mut found = Found { model, bits: 0.0, evidence: Vec::new(), pattern: Pattern::default() };
    for (side, people) in [(VICTIM, &victim), (SUSPECT, &suspect)] {
        for (offset, level) in [people.name, people.birth, people.contact].into_iter().enumerate() {
            if let Some((level, bits)) = level {
                // Where one record names the other, that their people differ is no evidence against: it is why it was named.
                found.add_bits(side + offset, level, if is_named { bits.max(0.0) } else { bits });
            }
        }
    }
    let sides = (victim.identity(), suspect.identity());
    let plate = plates(run, &mut found, x, y);
    let place = place(run, &mut found, x, y);
    found.add(REFERENCE, u8::from(!is_named));
    let words = words(run, &mut found, x, y);
    found.add_time(x.facts.at, y.facts.at);
    if !x.facts.area.is_empty() && !y.facts.area.is_empty() {
        found.add(AREA, u8::from(x.facts.area != y.facts.area));
    }
    let shared = (x.facts.conduct.kinds & y.facts.conduct.kinds).count_ones();
    if x.facts.conduct.kinds != 0 && y.facts.conduct.kinds != 0 {
        found.add(CONDUCT, if shared > 1 { 0 } else { u8::from(shared == 0) + 1 });
    }
    Compared {
        bits: found.bits,
        evidence: found.evidence,
        pattern: found.pattern,
        sides: (sides.0, sides.1 + plate.max(0.0)),
        is_named,
        is_swapped,
        differs: (victim.differs && !is_swapped, suspect.differs && !is_swapped),
        is_tied: place == Some(0) || plate >= SAME_SIDE || words >= TOLD_OF,
    }
}

/// Which people of the two records stand on the same side: the reading with most bits.
fn sides(people: &dyn Fn(usize, usize, usize) -> People) -> (People, People, bool) {
    let best = |pairs: [(usize, usize); 2], side: usize| {
        let found = pairs.map(|(mine, theirs)| people(mine, theirs, side));
        if found[1].bits() > found[0].bits() { found[1] } else { found[0] }
    };
    let (victims, suspects) = (people(0, 0, VICTIM), people(1, 1, SUSPECT));
    // The one reporting stands in only where it tells more than the two victims or suspects themselves.
    let stand_in = |main: People, pairs: [(usize, usize); 2], side: usize| {
        let other = best(pairs, side);
        if other.bits() >= SAME_SIDE && other.bits() > main.bits() { People { differs: false, ..other } } else { main }
    };
    let mut victim = stand_in(victims, [(0, 2), (2, 0)], VICTIM);
    let suspect = stand_in(suspects, [(1, 2), (2, 1)], SUSPECT);
    let reporters = people(2, 2, VICTIM);
    if reporters.bits() >= SAME_SIDE && reporters.bits() > victim.bits() {
        victim = People { differs: victim.differs, ..reporters };
    }
    let (changed_victim, changed_suspect) = (people(0, 1, VICTIM), people(1, 0, SUSPECT));
    let changed = changed_victim.bits().min(changed_suspect.bits()) >= SWAPPED;
    if changed && changed_victim.bits() + changed_suspect.bits() > victim.bits() + suspect.bits() {
        return (changed_victim, changed_suspect, true);
    }
    // One side alone may have changed places: the suspect of one is the victim of the other, who complains of nobody.
    let single = [changed_victim, changed_suspect].into_iter().max_by(|a, b| a.bits().total_cmp(&b.bits())).unwrap_or_default();
    if single.bits() >= ONE_SWAPPED && victim.bits() + suspect.bits() < SAME_SIDE {
        let (victim, suspect) =
            if changed_victim.bits() >= changed_suspect.bits() { (single, People::default()) } else { (People::default(), single) };
        return (victim, suspect, true);
    }
    (victim, suspect, false)
}

fn people(run: &Run<'_>, model: &Model, x: &Ready<'_>, mine: usize, y: &Ready<'_>, theirs: usize, side: usize) -> People {
    let (a, b): (&Party, &Party) = (x.facts.parties()[mine], y.facts.parties()[theirs]);
    let mut people = People::default();
    if let (Some(first), Some(second)) = (&a.name, &b.name) {
        let (agreement, shared) = first.compare(second);
        if let Some(level) = name_level(agreement) {
            let rarest = shared.iter().map(|(i, _)| x.names[mine][*i]).chain(shared.iter().map(|(_, j)| y.names[theirs][*j]));
            let records = rarest.map(|word| run.count(word)).min().unwrap_or(0);
            let bits = model.bits(side, level);
            let bits = if bits > 0.0 { (bits - frequency_bits(records, FREE_NAME)).max(0.0) } else { bits };
            // A shop or a hospital has a victim a day: its name says where, not who.
            people.is_organisation = first.is_organisation || second.is_organisation;
            people.name = Some((level, if people.is_organisation { bits.min(model.bits(side, NAME_ORGANISATION)) } else { bits }));
            people.differs = matches!(agreement, Agreement::Differs | Agreement::OtherFamily)
                && (a.is_firm() || first.is_organisation)
                && (b.is_firm() || second.is_organisation);
        }
    }
    if let (Some(first), Some(second)) = (a.birth, b.birth) {
        let level = birth_level(first, second);
        // A date of birth alone is shared by one person in some 20,000: it speaks for a pair only beside a name.
        let bits = model.bits(side + 1, level);
        let is_supported = people.name.is_some_and(|(level, bits)| level <= NAME_INITIALS && bits > 0.0);
        people.birth = Some((level, if is_supported || bits < 0.0 { bits } else { bits / 2.0 }));
        // One date of birth and one given name is one person with another family name.
        people.differs &= !(level == 0 && people.name.is_some_and(|(level, _)| level == NAME_OTHER_FAMILY));
    }
    if !x.contacts[mine].is_empty() && !y.contacts[theirs].is_empty() {
        let shared =
            x.contacts[mine].iter().filter(|contact| y.contacts[theirs].contains(contact)).map(|contact| run.count(*contact)).min();
        let (level, bits) = match shared {
            Some(_) if people.is_organisation => (0, 0.0),
            Some(records) => (0, (model.bits(side + 2, 0) - frequency_bits(records, FREE_CONTACT)).max(0.0)),
            // Numbers that differ in a digit are a slip only where given and family name say so too.
            None if people.name.is_some_and(|(level, _)| level <= NAME_INITIAL) && near_contacts(a, b) => (1, model.bits(side + 2, 1)),
            None => (2, model.bits(side + 2, 2)),
        };
        // One phone under two names is a household, a place of work, or a number that was given to somebody else.
        let differs = people.name.is_some_and(|(level, _)| level == NAME_DIFFERS);
        people.contact = Some((level, if level == 0 && differs { bits / 2.0 } else { bits }));
        people.differs &= level != 0;
    }
    people
}

const NAME_INITIAL: u8 = 2;
const NAME_INITIALS: u8 = 5;
const NAME_ORGANISATION: u8 = 6;
const NAME_OTHER_FAMILY: u8 = 8;
const NAME_DIFFERS: u8 = 9;

fn name_level(agreement: Agreement) -> Option<u8> {
    Some(match agreement {
        Agreement::Full => 0,
        Agreement::Alike => 1,
        Agreement::Initial => 2,
        Agreement::Family => 3,
        Agreement::Given => 4,
        Agreement::Initials => 5,
        Agreement::Organisation => 6,
        Agreement::Kin => 7,
        Agreement::OtherFamily => NAME_OTHER_FAMILY,
        Agreement::Differs => NAME_DIFFERS,
        Agreement::Apart => return None,
    })
}

/// Same, a slip (day and month swapped, one part another, a year alone), or different.
fn birth_level(a: (u16, u8, u8), b: (u16, u8, u8)) -> u8 {
    if a == b {
        return 0;
    }
    let is_year = damerau_levenshtein(&a.0.to_string(), &b.0.to_string()) <= 1;
    let parts = u8::from(is_year) + u8::from(a.1 == b.1) + u8::from(a.2 == b.2);
    let is_swapped = a.0 == b.0 && a.1 == b.2 && a.2 == b.1;
    let only_year = a.0 == b.0 && (a.1 == 0 || b.1 == 0);
    // 25/03 for 23/05: a digit of the day and one of the month.
    let digits = a.0 == b.0 && damerau_levenshtein(&format!("{:02}{:02}", a.1, a.2), &format!("{:02}{:02}", b.1, b.2)) <= 2;
    u8::from(!(is_year && parts >= 2 || is_swapped || only_year || digits)) + 1
}

fn near_contacts(a: &Party, b: &Party) -> bool {
    a.contacts.iter().any(|first| {
        b.contacts.iter().any(|second| {
            let (shorter, longer) = (first.len().min(second.len()), first.len().max(second.len()));
            shorter >= 6 && longer - shorter <= 2 && damerau_levenshtein(first, second) <= 2
        })
    })
}

/// Levels and bits as they are found.
struct Found<'a> {
    model: &'a Model,
    bits: f64,
    evidence: Vec<Evidence>,
    pattern: Pattern,
}

impl Found<'_> {
    fn add(&mut self, comparison: usize, level: u8) {
        self.add_bits(comparison, level, self.model.bits(comparison, level));
    }

    fn add_bits(&mut self, comparison: usize, level: u8, bits: f64) {
        self.bits += bits;
        self.pattern[comparison] = Some(level);
        self.evidence.push(Evidence { comparison, level, bits });
    }

    fn add_time(&mut self, a: Option<i64>, b: Option<i64>) {
        let (Some(a), Some(b)) = (a, b) else { return };
        let days = (a - b).abs() / 1440;
        let level = [14, 60, 182, 365, 730].iter().position(|limit| days <= *limit).unwrap_or(5);
        self.add(TIME, u8::try_from(level).unwrap_or(5));
    }
}

fn plates(run: &Run<'_>, found: &mut Found<'_>, x: &Ready<'_>, y: &Ready<'_>) -> f64 {
    if x.plates.is_empty() || y.plates.is_empty() {
        return 0.0;
    }
    let shared = x.plates.iter().filter(|plate| y.plates.contains(plate)).map(|plate| run.count(*plate)).min();
    let (level, frequency) = match shared {
        Some(records) => (0, frequency_bits(records, FREE_CONTACT)),
        None => (near_plates(&x.facts.plates, &y.facts.plates), 0.0),
    };
    let bits = found.model.bits(PLATE, level);
    let bits = if bits > 0.0 { (bits - frequency).max(0.0) } else { bits };
    found.add_bits(PLATE, level, bits);
    bits
}

/// 1 for one character another, 2 where one is a part of the other, 3 for neither.
fn near_plates(a: &[String], b: &[String]) -> u8 {
    let level = |a: &String, b: &String| {
        let (shorter, longer) = if a.len() < b.len() { (a, b) } else { (b, a) };
        if a.len() == b.len() && a.len() >= 6 && damerau_levenshtein(a, b) == 1 {
            1
        } else if shorter.len() < longer.len()
            && (shorter.len() >= 4 && longer.contains(shorter.as_str()) || longer.ends_with(shorter.as_str()))
        {
            2
        } else {
            3
        }
    };
    a.iter().flat_map(|first| b.iter().map(move |second| level(first, second))).min().unwrap_or(3)
}

fn place(run: &Run<'_>, found: &mut Found<'_>, x: &Ready<'_>, y: &Ready<'_>) -> Option<u8> {
    let shared = x.dwellings.iter().filter(|dwelling| y.dwellings.contains(dwelling)).map(|dwelling| run.count(*dwelling)).min();
    let street = x.street.filter(|street| y.street == Some(*street));
    let postcode = x.postcode.filter(|code| y.postcode == Some(*code));
    let numbers = !x.dwellings.is_empty() && !y.dwellings.is_empty();
    let is_perhaps = |a: &Ready<'_>, b: &Ready<'_>| a.perhaps.iter().any(|dwelling| b.dwellings.contains(dwelling));
    let (level, records) = if let Some(records) = shared {
        (0, records)
    } else if is_perhaps(x, y) || is_perhaps(y, x) {
        (1, 0)
    } else if let Some(code) = postcode.filter(|_| !numbers) {
        (2, run.count(code))
    } else if street.is_some() && numbers {
        (4, 0)
    } else if let Some(street) = street {
        (3, run.count(street))
    } else if x.street.is_some() && y.street.is_some() {
        (5, 0)
    } else {
        return None;
    };
    let bits = found.model.bits(PLACE, level);
    let bits = if bits > 0.0 { (bits - frequency_bits(records, FREE_PLACE)).max(0.0) } else { bits };
    found.add_bits(PLACE, level, bits);
    Some(level)
}

/// Rare words that both records have, beyond those of names and streets that agreed already: somebody of the one named in the other's
/// narrative, names in both narratives, places.
fn words(run: &Run<'_>, found: &mut Found<'_>, x: &Ready<'_>, y: &Ready<'_>) -> f64 {
    let counted = counted_words(x, y);
    let mut shared: Vec<(u8, f64)> = Vec::new();
    let mut add = |level: u8, a: &[u64], b: &[u64]| {
        for word in common(a, b).filter(|word| !counted.contains(word)) {
            let records = run.count(word);
            let bits =
                found.model.bits(WORDS, level) - frequency_bits(records, FREE_WORD) - if is_given_name(word) { GIVEN_NAME } else { 0.0 };
            if records <= COMMON_WORD && bits > 0.0 {
                shared.push((level, bits));
            }
        }
    };
    add(0, &x.people, &y.told);
    add(0, &x.told, &y.people);
    add(0, &x.people, &y.people);
    add(1, &x.told, &y.told);
    add(1, &x.people, &y.spots);
    add(1, &x.spots, &y.people);
    add(2, &x.spots, &y.spots);
    add(2, &x.spots, &y.told);
    add(2, &x.told, &y.spots);
    shared.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let Some((level, _)) = shared.first() else { return 0.0 };
    let further = |(i, (_, bits)): (usize, &(u8, f64))| if i == 0 { *bits } else { bits * FURTHER_WORD };
    let bits: f64 = shared.iter().take(MAX_WORDS).enumerate().map(further).sum();
    found.add_bits(WORDS, *level, bits);
    if *level == 0 { bits } else { 0.0 }
}

/// Words of names that agreed and of a street that is the same.
fn counted_words(x: &Ready<'_>, y: &Ready<'_>) -> Vec<u64> {
    let mut counted: Vec<u64> = Vec::new();
    for a in x.facts.parties() {
        for b in y.facts.parties() {
            if let (Some(first), Some(second)) = (&a.name, &b.name) {
                let (_, shared) = first.compare(second);
                counted.extend(shared.iter().flat_map(|(i, j)| [&first.parts[*i].text, &second.parts[*j].text]).map(|word| word_key(word)));
            }
        }
    }
    if x.street.is_some() && x.street == y.street {
        let street = x.facts.place.iter().chain(&x.facts.victim.home).map(|place| &place.street);
        counted.extend(street.flat_map(|street| street.split(' ')).map(word_key));
    }
    counted
}

/// What two ordered lists have in common.
fn common<'a>(a: &'a [u64], b: &'a [u64]) -> impl Iterator<Item = u64> + 'a {
    let mut rest = b.iter().peekable();
    a.iter().copied().filter(move |value| {
        while rest.next_if(|other| *other < value).is_some() {}
        rest.peek() == Some(&value)
    })
}

impl Evidence {
    /// The evidence in words, without any value of a record.
    pub(super) fn words(&self) -> String {
        let side = if self.comparison >= SUSPECT { "suspect" } else { "victim" };
        let text = match (self.comparison, self.level) {
            (0 | 3, level) => {
                let what = [
                    "same name",
                    "names alike in spelling or sound",
                    "same family name and initial",
                    "same family name",
                    "same given name",
                    "same initials",
                    "same organisation",
                    "same family name, another given name",
                    "same given name, another family name",
                    "different names",
                ];
                format!("{side}: {}", what[usize::from(level)])
            }
            (1 | 4, level) => format!(
                "{side}: {}",
                ["same date of birth", "dates of birth that differ by a slip", "different dates of birth"][usize::from(level)]
            ),
            (2 | 5, level) => format!(
                "{side}: {}",
                ["same phone or account", "phones or accounts alike", "different phones or accounts"][usize::from(level)]
            ),
            (PLATE, level) => ["same vehicle plate", "plates that differ in one character", "part of the same plate", "different plates"]
                [usize::from(level)]
            .to_owned(),
            (PLACE, level) => [
                "same dwelling",
                "perhaps the same dwelling",
                "same postcode",
                "same street",
                "another number in the same street",
                "different streets",
            ][usize::from(level)]
            .to_owned(),
            (REFERENCE, level) => ["one record names the other", "no reference"][usize::from(level)].to_owned(),
            (WORDS, level) => [
                "somebody of one record is named in the other",
                "rare names in both",
                "rare words of places in both",
                "no rare word in both",
            ][usize::from(level)]
            .to_owned(),
            (TIME, level) => format!(
                "{} apart",
                [
                    "at most two weeks",
                    "at most two months",
                    "at most half a year",
                    "at most a year",
                    "at most two years",
                    "more than two years"
                ][usize::from(level)]
            ),
            (AREA, level) => ["same area", "different areas"][usize::from(level)].to_owned(),
            (_, level) => {
                ["several kinds of conduct alike", "one kind of conduct alike", "no kind of conduct alike"][usize::from(level)].to_owned()
            }
        };
        format!("{text} ({:+.1})", self.bits)
    }
}
