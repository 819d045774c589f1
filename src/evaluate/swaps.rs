//! A narrative with the sexes exchanged, or with names of another origin: what changes is nothing that a flag should turn on.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::Column;
use crate::labels::LabelledRecord;

static WORD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\p{L}+\d?").ok());

/// Words of one sex and of the other; his, her and hers are looked at apart.
#[rustfmt::skip]
pub(crate) const SEXES: &[(&str, &str)] = &[
    ("he", "she"), ("himself", "herself"), ("man", "woman"), ("men", "women"), ("male", "female"), ("males", "females"),
    ("boy", "girl"), ("boys", "girls"), ("boyfriend", "girlfriend"), ("boyfriends", "girlfriends"), ("bf", "gf"), ("husband", "wife"),
    ("gentleman", "lady"), ("gentlemen", "ladies"), ("lad", "lass"), ("sir", "madam"), ("father", "mother"), ("dad", "mum"),
    ("son", "daughter"), ("sons", "daughters"), ("brother", "sister"), ("brothers", "sisters"), ("uncle", "aunt"),
    ("nephew", "niece"), ("grandfather", "grandmother"), ("grandad", "grandma"), ("grandson", "granddaughter"),
    ("stepfather", "stepmother"), ("stepson", "stepdaughter"), ("fiance", "fiancee"), ("widower", "widow"), ("mr", "mrs"),
];

/// Common first names, a row four that may stand for one another: woman and man of a British name, woman and man of another. Names that
/// are words too (Mark, Grace, May) are left out.
#[rustfmt::skip]
const NAMES: &[[&str; 4]] = &[
    ["Sarah", "David", "Fatima", "Mohammed"], ["Emma", "James", "Aisha", "Ahmed"], ["Laura", "Daniel", "Priya", "Raj"],
    ["Claire", "Andrew", "Agnieszka", "Piotr"], ["Rebecca", "Michael", "Ngozi", "Emeka"], ["Rachel", "Matthew", "Mei", "Wei"],
    ["Hannah", "Thomas", "Zainab", "Yusuf"], ["Louise", "Stephen", "Katarzyna", "Tomasz"], ["Kelly", "Craig", "Sunita", "Vikram"],
    ["Lisa", "Paul", "Amina", "Ibrahim"], ["Jessica", "Joshua", "Yasmin", "Omar"], ["Charlotte", "George", "Oluwaseun", "Chukwuma"],
    ["Nicola", "Simon", "Ioana", "Andrei"], ["Karen", "Kevin", "Shabnam", "Imran"], ["Michelle", "Christopher", "Blessing", "Kwame"],
    ["Amy", "Adam", "Leila", "Hassan"], ["Samantha", "Ryan", "Parveen", "Tariq"], ["Natalie", "Liam", "Divya", "Arjun"],
    ["Gemma", "Gareth", "Magdalena", "Marek"], ["Helen", "Peter", "Svetlana", "Dmitri"], ["Julie", "Ian", "Nasreen", "Bilal"],
    ["Susan", "Alan", "Thandiwe", "Sipho"], ["Margaret", "Kenneth", "Bhavna", "Suresh"], ["Jennifer", "Robert", "Lakshmi", "Anil"],
    ["Katie", "Ben", "Hui", "Jun"], ["Olivia", "Oliver", "Chidinma", "Tunde"], ["Sophie", "Luke", "Sofia", "Diego"],
    ["Megan", "Callum", "Farah", "Khalid"], ["Lauren", "Nathan", "Ayesha", "Usman"], ["Chloe", "Jordan", "Simran", "Gurpreet"],
    ["Bethany", "Connor", "Rukhsana", "Asif"], ["Victoria", "Richard", "Adaeze", "Femi"], ["Donna", "Darren", "Ewa", "Pawel"],
    ["Tracey", "Wayne", "Elena", "Ivan"], ["Joanne", "Gary", "Manjit", "Harjit"], ["Elizabeth", "William", "Noor", "Karim"],
    ["Abigail", "Samuel", "Esi", "Kofi"], ["Zoe", "Scott", "Linh", "Minh"], ["Catherine", "Philip", "Meera", "Sanjay"],
    ["Kirsty", "Jamie", "Halima", "Abdi"], ["Stacey", "Lee", "Ana", "Luis"], ["Deborah", "Martin", "Irina", "Sergei"],
];

/// Words and codes of origin and of another; IC codes are how police record what a person looks like.
#[rustfmt::skip]
const ORIGINS: &[(&str, &str)] = &[
    ("Polish", "Portuguese"), ("Romanian", "Nigerian"), ("Somali", "Irish"), ("Indian", "Italian"), ("Pakistani", "German"),
    ("Chinese", "Canadian"), ("Jamaican", "Scottish"), ("Turkish", "Welsh"), ("IC1", "IC3"), ("IC2", "IC4"), ("IC5", "IC6"),
];

/// Names from a record's own fields that stand in no list are replaced by these.
const GIVEN: [&str; 4] = ["Jaspreet", "Tatsuki", "Olamide", "Noor"];
const FAMILY: [&str; 6] = ["Okonkwo", "Kowalczyk", "Rahman", "Sandhu", "Ferreira", "Nguyen"];
const TITLES: [&str; 8] = ["mr", "mrs", "ms", "miss", "dr", "sister", "sir", "rev"];

/// Words after which `her` belongs to nobody: it is `him` then, else `his`.
#[rustfmt::skip]
pub(crate) const NOT_HERS: &[&str] = &[
    "a", "about", "after", "again", "against", "all", "an", "and", "any", "around", "as", "at", "away", "back", "because", "been",
    "before", "but", "by", "constantly", "continually", "daily", "down", "during", "every", "everywhere", "for", "from", "had", "has",
    "he", "home", "how", "if", "in", "into", "is", "it", "just", "last", "more", "multiple", "near", "not", "now", "numerous", "off",
    "on", "or", "out", "outside", "over", "repeatedly", "saying", "several", "she", "since", "so", "still", "that", "the", "then",
    "they", "this", "through", "to", "today", "too", "twice", "until", "up", "via", "was", "we", "what", "when", "where", "which",
    "while", "who", "why", "with", "without", "yesterday", "you",
    "fri", "friday", "mon", "monday", "sat", "saturday", "sun", "sunday", "thu", "thurs", "thursday", "tue", "tues", "tuesday", "wed",
    "wednesday", "weds",
];

/// The narrative with he for she, and names of the list for those of the other sex; `None` where nothing in it tells a sex.
pub(super) fn sexes(narrative: &str) -> Option<String> {
    rewritten(narrative, |word, before, after| {
        if let Some(row) = NAMES.iter().find_map(|row| place(row, word).map(|place| row[place ^ 1])) {
            return Some(row.to_owned());
        }
        let next = after.trim_start_matches([' ', '\t']);
        let next_word: String = next.chars().take_while(|c| c.is_alphabetic()).collect::<String>().to_lowercase();
        let is_apart = next_word.is_empty() || after.starts_with(|c: char| !c.is_whitespace());
        match word.to_lowercase().as_str() {
            // An abbreviation such as H.E. is no pronoun.
            "he" if before.ends_with('.') && after.starts_with('.') => None,
            "her" => Some(if is_apart || NOT_HERS.contains(&next_word.as_str()) { "him" } else { "his" }.to_owned()),
            "him" => Some("her".to_owned()),
            "hers" => Some("his".to_owned()),
            "his" => Some(if is_apart { "hers" } else { "her" }.to_owned()),
            "ms" => Some("mr".to_owned()),
            "miss" if word == "Miss" && next.starts_with(char::is_uppercase) => Some("mr".to_owned()),
            "wives" => Some("husbands".to_owned()),
            lower => SEXES.iter().find_map(|(one, other)| {
                let swapped = if lower == *one { Some(*other) } else { (lower == *other).then_some(*one) };
                swapped.map(str::to_owned)
            }),
        }
    })
}

/// The narrative with the names of its people replaced by names of another origin and the same sex, and words of origin by others: names in
/// the record's own fields, first names of a list, and what follows Mr, Mrs, Ms or Miss; `None` where none stands in it.
pub(super) fn origins(record: &LabelledRecord) -> Option<String> {
    let own: Vec<(String, &str)> = [Column::VictimName, Column::SuspectName, Column::ReporterName]
        .into_iter()
        .filter_map(|column| record.fields.iter().find(|(known, _)| *known == column))
        .enumerate()
        .flat_map(|(person, (_, name))| own_names(person, name))
        .collect();
    rewritten(&record.narrative, |word, before, _| {
        if !word.starts_with(char::is_uppercase) {
            return None;
        }
        let origin = ORIGINS.iter().find_map(|(one, other)| if word == *one { Some(*other) } else { (word == *other).then_some(*one) });
        if let Some(origin) = origin {
            return Some(origin.to_owned());
        }
        if let Some(name) = NAMES.iter().find_map(|row| place(row, word).map(|place| row[place ^ 2])) {
            return Some(name.to_owned());
        }
        if let Some((_, other)) = own.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)) {
            return Some((*other).to_owned());
        }
        let title = before.strip_suffix(['.', ' ']).unwrap_or(before).trim_end_matches([' ', '.']);
        let after_title = ["Mr", "Mrs", "Ms", "Miss"].iter().any(|known| {
            title.len() < before.len() && title.strip_suffix(known).is_some_and(|rest| !rest.ends_with(char::is_alphanumeric))
        });
        (after_title && word.len() > 2).then(|| other_name(&FAMILY, word, word.len()).to_owned())
    })
}

/// The parts of a person's name, each with what to put in its place.
fn own_names(person: usize, name: &str) -> Vec<(String, &'static str)> {
    let all = WORD.as_ref().map(|word| word.find_iter(name).map(|part| part.as_str()).collect::<Vec<_>>()).unwrap_or_default();
    let parts: Vec<&str> = all.into_iter().filter(|part| part.len() > 2 && !TITLES.contains(&part.to_lowercase().as_str())).collect();
    let last = parts.len().saturating_sub(1);
    let replaced = |(i, part): (usize, &&str)| {
        let list: &[&'static str] = if i == last && i > 0 { &FAMILY } else { &GIVEN };
        ((*part).to_owned(), other_name(list, part, person + i))
    };
    parts.iter().enumerate().map(replaced).collect()
}

/// A name of the list that is not this one.
fn other_name(list: &[&'static str], name: &str, at: usize) -> &'static str {
    let other = list[at % list.len()];
    if other.eq_ignore_ascii_case(name) { list[(at + 1) % list.len()] } else { other }
}

/// The place of a name in a row; names are written with a capital or in capitals.
fn place(row: &[&str; 4], word: &str) -> Option<usize> {
    row.iter().position(|name| *name == word || (word.len() > 2 && name.to_uppercase() == word))
}

/// Asks for each word, with what stands before and after it, what to put in its place, in the same case.
fn rewritten(text: &str, other: impl Fn(&str, &str, &str) -> Option<String>) -> Option<String> {
    let mut out = String::with_capacity(text.len() + 16);
    let mut at = 0;
    for found in WORD.as_ref()?.find_iter(text) {
        if let Some(word) = other(found.as_str(), &text[..found.start()], &text[found.end()..]) {
            out.push_str(&text[at..found.start()]);
            out.push_str(&in_case_of(found.as_str(), &word));
            at = found.end();
        }
    }
    out.push_str(&text[at..]);
    (out != text).then_some(out)
}

fn in_case_of(model: &str, word: &str) -> String {
    let mut letters = model.chars();
    let first_is_upper = letters.next().is_some_and(char::is_uppercase);
    let rest_is_upper = model.chars().count() > 1 && letters.all(char::is_uppercase);
    if first_is_upper && rest_is_upper {
        return word.to_uppercase();
    }
    if !first_is_upper {
        return word.to_lowercase();
    }
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::{Label, Split};

    #[test]
    fn sexes_are_exchanged_in_the_case_they_are_written_in() {
        for (text, wanted) in [
            ("He followed her home. Her car was his.", "She followed him home. His car was hers."),
            ("HER EX HUSBAND TEXTED HER.", "HIS EX WIFE TEXTED HIM."),
            ("he took her phone and hit her with it", "she took his phone and hit him with it"),
            ("She's told Mrs Pike's son; the male left.", "He's told Mr Pike's daughter; the female left."),
            ("Miss Pike would miss it.", "Mr Pike would miss it."),
            ("SEEN BY HER MON AND FRI. EX BF.", "SEEN BY HIM MON AND FRI. EX GF."),
            ("Sarah saw him near her mother.", "David saw her near his father."),
        ] {
            assert_eq!(sexes(text).as_deref(), Some(wanted));
        }
        assert_eq!(sexes("IP reports a parcel. No CCTV. Therefore NFA."), None);
    }

    #[test]
    fn names_and_origins_are_exchanged_for_those_of_another_origin() {
        let record = |narrative: &str| LabelledRecord {
            id: "1".to_owned(),
            writer: "w".to_owned(),
            split: Split::Test,
            narrative: narrative.to_owned(),
            label: Label::No,
            risk: None,
            evidence: None,
            set_aside: Vec::new(),
            slice: None,
            course_label: None,
            course: None,
            fields: vec![(Column::VictimName, "Mrs Winifred Abercrombie".to_owned())],
        };
        assert_eq!(
            origins(&record("Sarah and WINIFRED ABERCROMBIE saw him. Mrs Abercrombie left.")).as_deref(),
            Some("Fatima and JASPREET KOWALCZYK saw him. Mrs Kowalczyk left.")
        );
        assert_eq!(
            origins(&record("IC1 male, Polish, left. Mr. Pike and Miss Sandhu stayed. PC Hart came.")).as_deref(),
            Some("IC3 male, Portuguese, left. Mr. Ferreira and Miss Okonkwo stayed. PC Hart came.")
        );
        assert_eq!(origins(&record("He mentioned sarah in lower case.")), None);
    }

    #[test]
    fn a_name_stands_in_one_row_only() {
        let mut all: Vec<&str> = NAMES.iter().flatten().copied().collect();
        all.sort_unstable();
        let count = all.len();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
