//! The lists that linkage reads: placeholders and nicknames. Data in the program, parsed once.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use serde::Deserialize;

use super::normalise;

/// Values that stand for nobody, and words that are no part of a name.
pub(super) struct Placeholders {
    names: HashSet<String>,
    phones: HashSet<String>,
    phone_run: usize,
    emails: HashSet<String>,
    births: HashSet<(u16, u8, u8)>,
    words: HashSet<String>,
    organisations: HashSet<String>,
    titles: HashSet<String>,
    places: HashSet<String>,
    common: HashSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaceholderFile {
    names: Vec<String>,
    phones: Vec<String>,
    phone_run_of_one_digit: usize,
    emails: Vec<String>,
    births: Vec<String>,
    words: Vec<String>,
    organisations: Vec<String>,
    titles: Vec<String>,
    places: Vec<String>,
    common: Vec<String>,
}

#[derive(Deserialize)]
struct NicknameFile {
    names: Vec<Vec<String>>,
}

static PLACEHOLDERS: LazyLock<Placeholders> = LazyLock::new(|| {
    let file: PlaceholderFile = toml::from_str(include_str!("data/placeholders.toml")).unwrap_or_else(|error| panic!("{error}"));
    Placeholders {
        names: file.names.into_iter().collect(),
        phones: file.phones.into_iter().collect(),
        phone_run: file.phone_run_of_one_digit,
        emails: file.emails.into_iter().collect(),
        births: file.births.iter().filter_map(|text| normalise::birth(text)).collect(),
        words: file.words.into_iter().collect(),
        organisations: file.organisations.into_iter().collect(),
        titles: file.titles.into_iter().collect(),
        places: file.places.into_iter().collect(),
        common: file.common.into_iter().collect(),
    }
});

/// A given name to the lines of the list in which it stands.
static NICKNAMES: LazyLock<HashMap<String, Vec<u16>>> = LazyLock::new(|| {
    let file: NicknameFile = toml::from_str(include_str!("data/nicknames.toml")).unwrap_or_else(|error| panic!("{error}"));
    let mut lines: HashMap<String, Vec<u16>> = HashMap::new();
    for (line, names) in (0u16..).zip(file.names) {
        for name in names {
            lines.entry(name).or_default().push(line);
        }
    }
    lines
});

/// The list in the program.
pub(super) fn placeholders() -> &'static Placeholders {
    &PLACEHOLDERS
}

/// The groups of given names to which a name belongs; empty for one that is in none.
pub(super) fn nickname_groups(name: &str) -> &'static [u16] {
    NICKNAMES.get(name).map_or(&[], Vec::as_slice)
}

impl Placeholders {
    pub(super) fn is_name(&self, folded: &str) -> bool {
        self.names.contains(folded.trim_matches(|c: char| !c.is_alphanumeric()))
    }

    /// A known placeholder, or a number that ends in one digit over and over.
    pub(super) fn is_phone(&self, digits: &str) -> bool {
        let last = digits.bytes().last();
        let run = digits.bytes().rev().take_while(|b| Some(*b) == last).count();
        self.phones.contains(digits) || run >= self.phone_run
    }

    pub(super) fn is_email(&self, folded: &str) -> bool {
        self.emails.contains(folded)
    }

    pub(super) fn is_birth(&self, birth: (u16, u8, u8)) -> bool {
        self.births.contains(&birth)
    }

    pub(super) fn is_word(&self, folded: &str) -> bool {
        self.words.contains(folded)
    }

    pub(super) fn is_organisation(&self, folded: &str) -> bool {
        self.organisations.contains(folded)
    }

    /// Whether a capitalised word of a narrative names nobody and no place.
    pub(super) fn is_common(&self, folded: &str) -> bool {
        self.common.contains(folded) || self.words.contains(folded) || self.titles.contains(folded)
    }

    pub(super) fn is_title(&self, folded: &str) -> bool {
        self.titles.contains(folded)
    }

    /// Whether an address is the police's own or says that there is none.
    pub(super) fn is_place(&self, folded: &str) -> bool {
        self.places.contains(folded.trim())
            || folded.split(|c: char| !c.is_alphanumeric()).any(|word| word == "police" || word == "ps")
            || ["front counter", "front office", "no fixed abode", "withheld"].iter().any(|words| folded.contains(words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_stand_for_nobody() {
        let list = placeholders();
        assert!(list.is_name("unknown") && list.is_name("n/k.") && !list.is_name("unwin"));
        assert!(list.is_phone("07700000000") && list.is_phone("07711111111") && !list.is_phone("07700900123"));
        assert!(list.is_birth((1900, 1, 1)) && !list.is_birth((1900, 1, 2)));
        assert!(list.is_place("c/o wyke police station, quay st") && list.is_place("h/a") && !list.is_place("3 quay st"));
    }

    #[test]
    fn a_nickname_may_belong_to_several_names() {
        let shared = |a, b| nickname_groups(a).iter().any(|group| nickname_groups(b).contains(group));
        assert!(shared("liz", "elisabeth") && shared("alex", "oleksandr") && shared("alex", "alexandra"));
        assert!(!shared("oleksandr", "alexandra") && nickname_groups("xyz").is_empty());
    }
}
