//! Addresses as records write them: a house number, a street and a postcode.

use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::lists::placeholders;
use super::normalise::{fold, postcode};

/// Words at the end of a street's or a building's name, and what each is written as.
const KINDS: [(&str, &[&str]); 47] = [
    ("street", &["street", "st", "str"]),
    ("road", &["road", "rd"]),
    ("lane", &["lane", "ln"]),
    ("avenue", &["avenue", "ave", "av"]),
    ("close", &["close", "cl"]),
    ("court", &["court", "ct", "crt"]),
    ("crescent", &["crescent", "cres", "cresc", "cr"]),
    ("drive", &["drive", "dr", "drv"]),
    ("grove", &["grove", "gr", "gro"]),
    ("gardens", &["gardens", "gdns", "gdn", "garden"]),
    ("place", &["place", "pl"]),
    ("terrace", &["terrace", "terr", "ter"]),
    ("square", &["square", "sq"]),
    ("walk", &["walk", "wk"]),
    ("way", &["way"]),
    ("row", &["row", "rw"]),
    ("rise", &["rise"]),
    ("mead", &["mead", "md"]),
    ("meadow", &["meadow", "meadows", "mdw"]),
    ("house", &["house", "ho", "hse"]),
    ("hall", &["hall", "halls"]),
    ("wharf", &["wharf", "whf"]),
    ("mews", &["mews"]),
    ("hill", &["hill"]),
    ("park", &["park", "pk"]),
    ("view", &["view"]),
    ("green", &["green", "grn"]),
    ("yard", &["yard", "yd"]),
    ("fields", &["fields", "field", "flds"]),
    ("fold", &["fold"]),
    ("lea", &["lea"]),
    ("bank", &["bank"]),
    ("cottages", &["cottages", "cottage", "cotts", "cott"]),
    ("buildings", &["buildings", "bldgs"]),
    ("parade", &["parade", "pde"]),
    ("quay", &["quay"]),
    ("end", &["end"]),
    ("gate", &["gate"]),
    ("side", &["side"]),
    ("vale", &["vale"]),
    ("chase", &["chase"]),
    ("mansions", &["mansions"]),
    ("lodge", &["lodge"]),
    ("tower", &["tower", "towers"]),
    ("point", &["point"]),
    ("lock", &["lock"]),
    ("pinfold", &["pinfold"]),
];

/// Words before a street that say where at the address something was.
const AROUND: [&str; 32] = [
    "o/s", "outside", "rear", "r/o", "front", "side", "junction", "jct", "jctn", "j/w", "near", "nr", "opposite", "opp", "by", "off", "at",
    "on", "in", "the", "of", "c/o", "and", "corner", "from", "to", "top", "end", "land", "empty", "dwelling", "via",
];

static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:number|no\.?|flat|apt\.?|apartment|room|rm\.?|at)\s+(\d{1,3}[a-z]?)\b").unwrap_or_else(|error| panic!("{error}"))
});

/// Where something was, or where somebody lives.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Place {
    /// House or flat number, with its letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) number: Option<String>,
    /// Name and kind of the street or building, such as `sallow court`; empty where only a postcode is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) street: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) postcode: Option<String>,
}

impl Place {
    /// The first street or building that `text` names, with the number before it; `None` where it names none or is the police's own.
    pub(super) fn parse(text: &str, code: Option<&str>) -> Option<Self> {
        let folded = fold(text);
        if placeholders().is_place(&folded) {
            return None;
        }
        let code = code.and_then(postcode).or_else(|| in_text(text));
        let words: Vec<&str> =
            folded.split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '/')).filter(|word| !word.is_empty()).collect();
        let street = words.iter().enumerate().skip(1).find_map(|(at, word)| street_before(&words, at, word));
        match (street, &code) {
            (Some((number, street)), _) => Some(Self { number, street, postcode: code }),
            (None, Some(_)) => Some(Self { number: leading_number(&words), street: String::new(), postcode: code }),
            (None, None) => None,
        }
    }

    /// Street and number, or postcode and number: one dwelling.
    pub(super) fn dwellings(&self) -> Vec<String> {
        let Some(number) = &self.number else { return Vec::new() };
        let street = (!self.street.is_empty()).then(|| format!("{number} {}", self.street));
        street.into_iter().chain(self.postcode.as_ref().map(|code| format!("{number} {code}"))).collect()
    }
}

/// House and flat numbers that a narrative names: "number 14", "flat 21".
pub(super) fn numbers(narrative: &str) -> Vec<String> {
    let mut numbers: Vec<String> = NUMBER.captures_iter(narrative).map(|found| found[1].to_lowercase()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// Whether a word only says what kind of place it is, or where at it.
pub(super) fn is_kind(folded: &str) -> bool {
    AROUND.contains(&folded) || KINDS.iter().any(|(_, forms)| forms.contains(&folded))
}

fn kind(word: &str) -> Option<&'static str> {
    KINDS.iter().find(|(_, forms)| forms.contains(&word)).map(|(kind, _)| *kind)
}

fn street_before(words: &[&str], at: usize, word: &str) -> Option<(Option<String>, String)> {
    let kind = kind(word)?;
    let is_name = |word: &&str| {
        let letters = word.chars().all(|c| c.is_alphabetic() || c == '\'');
        letters && word.len() > 1 && !AROUND.contains(word)
    };
    let names = words[..at].iter().rev().take(2).take_while(|word| is_name(word)).count();
    if names == 0 {
        return None;
    }
    let first = at - names;
    // Two words only where the number stands before both: "14 St Oswin's Lane", not "Marlbrook Sallow Court".
    let first = if names == 2 && !(first > 0 && is_number(words[first - 1])) && kind_word(words[first]) { first + 1 } else { first };
    let mut name: String = words[first..at].iter().map(|word| word.replace('\'', "")).collect::<Vec<_>>().join(" ");
    name.push(' ');
    name.push_str(kind);
    let number = words[..first].last().filter(|word| is_number(word)).map(|word| (*word).to_owned());
    let number = number.or_else(|| unit(words));
    Some((number, name))
}

fn kind_word(word: &str) -> bool {
    kind(word).is_some()
}

fn is_number(word: &str) -> bool {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    (1..=4).contains(&digits) && word.len() - digits <= 1
}

/// "Flat 6 Calder Court", "Plot 41, Fenside Allotments".
fn unit(words: &[&str]) -> Option<String> {
    let at = words.iter().position(|word| ["flat", "apt", "apartment", "room", "rm", "unit", "plot", "no", "number"].contains(word))?;
    words.get(at + 1).filter(|word| is_number(word)).map(|word| (*word).to_owned())
}

fn leading_number(words: &[&str]) -> Option<String> {
    words.first().filter(|word| is_number(word)).map(|word| (*word).to_owned()).or_else(|| unit(words))
}

fn in_text(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split([' ', ',']).collect();
    words.windows(2).find_map(|pair| postcode(&pair.concat()).filter(|_| pair[0].len() <= 4 && pair[1].len() == 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_one_form() {
        for text in ["14 Sallow Court", "14 Sallow Ct", "14, SALLOW COURT, Marlbrook", "o/s 14 Sallow Ct"] {
            let place = Place::parse(text, None).unwrap();
            assert_eq!((place.number.as_deref(), place.street.as_str()), (Some("14"), "sallow court"), "{text}");
        }
        let flat = Place::parse("Flat 6 Calder Court", Some("ZC3 7YE")).unwrap();
        assert_eq!(flat.dwellings(), ["6 calder court", "6 ZC37YE"]);
        assert_eq!(Place::parse("7 Maudsley Ho, ZC6 7WT", None).unwrap().postcode.as_deref(), Some("ZC67WT"));
        assert_eq!(Place::parse("c/o Wyke Police Station, Quay St", None), None);
        assert_eq!(Place::parse("H/A", None), None);
        assert!(Place::parse("Sallow Court", None).unwrap().dwellings().is_empty());
    }

    #[test]
    fn narratives_name_house_numbers() {
        assert_eq!(numbers("put it down at number 14 and went to Flat 2a"), ["14", "2a"]);
        assert!(numbers("14 calls since 2024").is_empty());
    }
}
