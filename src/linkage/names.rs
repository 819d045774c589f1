//! Names as records write them, and how far two of them agree.

use strsim::damerau_levenshtein;

use super::lists::{nickname_groups, placeholders};
use super::normalise::{fold, skeleton};

/// Shortest skeleton that makes two names sound alike.
const SKELETON: usize = 3;
/// Shortest names that may differ in one letter, and in two.
const ONE_SLIP: usize = 5;
const TWO_SLIPS: usize = 8;
/// Words of a name that are kept; more is text in the wrong column.
const MAX_PARTS: usize = 6;

/// One word of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Lower case, without accents.
    pub(super) text: String,
    /// Whether it looks like the family name: before a comma, in capitals among small letters, or last.
    pub(super) is_family: bool,
    skeleton: String,
}

/// A person's or an organisation's name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) parts: Vec<Part>,
    initials: Vec<char>,
    pub(super) is_organisation: bool,
}

/// How far two names agree, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Agreement {
    /// Given and family name, nicknames included, in any order.
    Full,
    /// Given and family name, allowing for spelling and sound.
    Alike,
    /// Family name and an initial.
    Initial,
    /// The family name, where one of them gives no more.
    Family,
    /// The given name, where one of them gives no more.
    Given,
    /// Two or more initials, where one of them gives no more.
    Initials,
    /// Most words of two organisations' names.
    Organisation,
    /// The family name with different given names: relatives, or one name used twice.
    Kin,
    /// The given name with different family names: a maiden or a married name, or two people.
    OtherFamily,
    /// A person and an organisation: nothing to be said.
    Apart,
    Differs,
}

impl Name {
    /// A name from a column; `None` where it names nobody. What stands in brackets and what only says somebody's function is left out.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let list = placeholders();
        let folded_all = fold(text);
        if list.is_name(folded_all.trim()) || text.chars().any(|c| c.is_ascii_digit()) && !text.contains(' ') {
            return None;
        }
        let plain = without_brackets(text);
        let mixed = plain.chars().any(char::is_lowercase);
        let comma = plain.find(',').filter(|at| plain[..*at].split_whitespace().count() <= 2);
        let mut name = Self::default();
        let mut words_seen = 0;
        let mut organisation_words = 0;
        let mut titled = false;
        for (at, word) in words(&plain) {
            let folded = fold(word);
            words_seen += 1;
            if list.is_organisation(&folded) {
                organisation_words += 1;
            }
            let letters: Vec<char> = folded.chars().filter(|c| c.is_alphabetic()).collect();
            titled |= list.is_title(&folded);
            let is_left_out = list.is_title(&folded) || list.is_word(&folded) && (letters.len() > 1 || word == "a");
            if is_left_out || word.chars().any(|c| c.is_ascii_digit()) {
                continue;
            }
            match letters.as_slice() {
                [] => {}
                [initial] => name.initials.push(*initial),
                // "EH" and "T.B." among small letters are initials, as is a short run of capitals without a vowel.
                [first, second] if word.chars().all(|c| !c.is_lowercase()) && mixed => name.initials.extend([*first, *second]),
                letters if name.parts.len() < MAX_PARTS => {
                    let capitals = mixed && word.chars().all(|c| !c.is_lowercase());
                    let is_family = comma.is_some_and(|comma| at < comma) || capitals;
                    let text: String = letters.iter().collect();
                    name.parts.push(Part { skeleton: skeleton(&text), text, is_family });
                }
                _ => {}
            }
        }
        name.is_organisation = organisation_words > 0 && words_seen > 1 || organisation_words == words_seen && words_seen > 0;
        if !name.parts.iter().any(|part| part.is_family) && (name.parts.len() > 1 || !name.initials.is_empty() || titled) {
            if let Some(last) = name.parts.last_mut() {
                last.is_family = true;
            }
        } else if name.parts.len() == 1 && !mixed && words_seen == 1 {
            name.parts[0].is_family = true;
        }
        (!name.parts.is_empty() || name.initials.len() > 1).then_some(name)
    }

    /// Whether given and family name are both there: enough to tell one person from another.
    pub(super) fn is_firm(&self) -> bool {
        !self.is_organisation && (self.parts.len() > 1 || self.parts.len() == 1 && self.parts[0].is_family && !self.initials.is_empty())
    }

    /// The words that two names have in common, as places in `self` and `other`, and how far the names agree.
    pub(super) fn compare(&self, other: &Self) -> (Agreement, Vec<(usize, usize)>) {
        if self.is_organisation != other.is_organisation {
            let shared = self.shared(other, false);
            return if shared.len() > 1 { (Agreement::Organisation, shared) } else { (Agreement::Apart, Vec::new()) };
        }
        let exact = self.shared(other, false);
        if self.is_organisation {
            let least = self.parts.len().min(other.parts.len());
            let same = !exact.is_empty() && exact.len() * 2 >= least.max(1);
            return if same { (Agreement::Organisation, exact) } else { (Agreement::Differs, Vec::new()) };
        }
        if exact.len() > 1 {
            return (Agreement::Full, exact);
        }
        let near = self.shared(other, true);
        match near.len() {
            0 if self.parts.is_empty() || other.parts.is_empty() => (self.initials_agree(other), near),
            0 => (Agreement::Differs, near),
            1 => (self.one_word(other, near[0], !exact.is_empty()), near),
            _ => (Agreement::Alike, near),
        }
    }

    fn initials_agree(&self, other: &Self) -> Agreement {
        let all = |name: &Self| {
            let mut initials: Vec<char> = name.parts.iter().filter_map(|part| part.text.chars().next()).collect();
            initials.extend(&name.initials);
            initials.sort_unstable();
            initials
        };
        if all(self) == all(other) && all(self).len() > 1 { Agreement::Initials } else { Agreement::Differs }
    }

    fn one_word(&self, other: &Self, (mine, theirs): (usize, usize), exact: bool) -> Agreement {
        let rest = |name: &Self, used: usize| -> Vec<Part> {
            name.parts.iter().enumerate().filter(|(i, _)| *i != used).map(|(_, part)| part.clone()).collect()
        };
        let (my_rest, their_rest) = (rest(self, mine), rest(other, theirs));
        let family = self.parts[mine].is_family || other.parts[theirs].is_family;
        let is_initial_of =
            |initials: &[char], parts: &[Part]| initials.iter().any(|initial| parts.iter().any(|part| part.text.starts_with(*initial)));
        let initials = is_initial_of(&self.initials, &their_rest)
            || is_initial_of(&other.initials, &my_rest)
            || self.initials.iter().any(|initial| other.initials.contains(initial));
        if initials {
            return Agreement::Initial;
        }
        let more = |rest: &[Part], initials: &[char]| !rest.is_empty() || !initials.is_empty();
        if !more(&my_rest, &self.initials) || !more(&their_rest, &other.initials) {
            return if family { Agreement::Family } else { Agreement::Given };
        }
        match (self.parts[mine].is_family, other.parts[theirs].is_family, exact) {
            (false, false, true) => Agreement::OtherFamily,
            (true, true, _) => Agreement::Kin,
            _ => Agreement::Differs,
        }
    }

    /// Pairs of words that are one and the same; `near` allows for spelling and sound.
    fn shared(&self, other: &Self, near: bool) -> Vec<(usize, usize)> {
        let mut used = [false; MAX_PARTS];
        let mut shared = Vec::new();
        // Words that are the same come before words that are only alike.
        for test in [same_word as fn(&Part, &Part) -> bool, alike].into_iter().take(if near { 2 } else { 1 }) {
            for (i, mine) in self.parts.iter().enumerate() {
                if shared.iter().any(|(mine, _)| *mine == i) {
                    continue;
                }
                let found = other.parts.iter().enumerate().find(|(j, theirs)| !used[*j] && test(mine, theirs));
                if let Some((j, _)) = found {
                    used[j] = true;
                    shared.push((i, j));
                }
            }
        }
        shared.sort_unstable();
        shared
    }
}

fn same_word(a: &Part, b: &Part) -> bool {
    a.text == b.text || {
        let groups = nickname_groups(&b.text);
        !groups.is_empty() && nickname_groups(&a.text).iter().any(|group| groups.contains(group))
    }
}

fn alike(a: &Part, b: &Part) -> bool {
    if a.skeleton.len() >= SKELETON && a.skeleton == b.skeleton {
        return true;
    }
    let (shorter, longer) = (a.text.len().min(b.text.len()), a.text.len().max(b.text.len()));
    if shorter < ONE_SLIP || longer - shorter > 2 || a.text.as_bytes()[0] != b.text.as_bytes()[0] && longer < TWO_SLIPS {
        return false;
    }
    let allowed = if shorter >= TWO_SLIPS { 2 } else { 1 };
    damerau_levenshtein(&a.text, &b.text) <= allowed
}

/// The text without what stands in brackets and quotation marks.
fn without_brackets(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut depth = 0u32;
    for c in text.chars() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            '"' | '\u{201c}' | '\u{201d}' | '?' => plain.push(' '),
            c if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    plain
}

/// Words with the byte at which each begins; an apostrophe inside a word belongs to it, a hyphen parts two.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_break = |c: char| !(c.is_alphanumeric() || c == '\'' || c == '\u{2019}' || is_mark(c));
    text.split(is_break).filter(|word| !word.is_empty()).map(move |word| (word.as_ptr() as usize - text.as_ptr() as usize, word))
}

fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreement(a: &str, b: &str) -> Agreement {
        Name::parse(a).unwrap().compare(&Name::parse(b).unwrap()).0
    }

    #[test]
    fn names_agree_as_people_would_say() {
        for (a, b, wanted) in [
            ("HARTNOLL, Elizabeth", "Liz Hartnoll", Agreement::Full),
            ("HARTNOLL, Elizabeth", "Elisabeth HARTNELL", Agreement::Alike),
            ("Tomas WIECZOREK", "Tom Vietchorek", Agreement::Alike),
            ("T WIECZOREK", "Tomas VIECHOREK", Agreement::Initial),
            ("T WIECZOREK", "Agata Wieczorek", Agreement::Kin),
            ("Helen ABIODUN-MARSH", "Cllr H. A. Marsh", Agreement::Initial),
            ("Rev J PELL", "Revd Judith Amory Pell", Agreement::Initial),
            ("Nasrin Chowdhury", "Nasreen CHAUDHRY", Agreement::Alike),
            ("Ewa LISOWSKA", "Lisowska", Agreement::Family),
            ("Ewa LISOWSKA", "Ewa (packer)", Agreement::Given),
            ("Oleksandr Hrytsenko", "HRYTSENKO Olexandr", Agreement::Full),
            ("Callum Petty", "Callum PETRIE", Agreement::OtherFamily),
            ("Elizabeth Hartnoll", "E.H. (employee)", Agreement::Initials),
            ("Sandeep GILL", "Leon Drummond", Agreement::Differs),
            ("Bright & Lowe Opticians", "Bright and Lowe, Opticians", Agreement::Organisation),
            ("Eastmere Academy", "Judith Pell", Agreement::Apart),
        ] {
            assert_eq!(agreement(a, b), wanted, "{a} / {b}");
            assert_eq!(agreement(b, a), wanted, "{b} / {a}");
        }
    }

    #[test]
    fn what_names_nobody_is_no_name() {
        for text in ["UNKNOWN", "N/K", "the man upstairs", "Neighbour", "", "vesperquill88", "Night porter", "Two males"] {
            assert_eq!(Name::parse(text), None, "{text}");
        }
        assert!(Name::parse("王小明").is_some() && Name::parse("Ольга Петренко").is_some_and(|name| name.is_firm()));
    }
}
