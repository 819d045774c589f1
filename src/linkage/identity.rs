//! Who and what is in a record: people with a role, phones, e-mail addresses and handles, plates, places, references, and the capitalised
//! words of its narrative. Read once a record; everything after it works on these facts and never on a narrative.

use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::conduct::{self, Conduct};
use super::lists::placeholders;
use super::names::Name;
use super::normalise::{birth, fold, is_whole_plate, minutes, phone, plate, reference};
use super::places::{Place, is_kind, numbers};
use crate::domain::{Column, Flag, Incident, Indicator, RiskTier, ScreenedRecord};

/// Capitalised words kept of one narrative; a longer one is a list.
const MAX_MENTIONS: usize = 60;
/// Share of capital letters from which a narrative is written in capitals, and capitals tell nothing.
const SHOUTED: f64 = 0.6;

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap_or_else(|error| panic!("{error}"))
}

static PHONE: LazyLock<Regex> = LazyLock::new(|| regex(r"(?:\+44|0044|\b0)[\d ()-]{8,15}\d"));
static EMAIL: LazyLock<Regex> = LazyLock::new(|| regex(r"(?i)\b[a-z0-9._%+-]+@(?:[a-z0-9-]+\.)*[a-z]*"));
/// Current, prefix and suffix styles, with at least four characters.
static PLATE: LazyLock<Regex> =
    LazyLock::new(|| regex(r"\b(?:[A-Z]{2}[0-9]{2} ?[A-Z0-9]{3}|[A-Z][0-9]{1,3} ?[A-Z]{3}|[A-Z]{3} ?[0-9]{1,3}[A-Z])\b"));
/// A word with digits and separators, such as a crime number or a log with its date.
static REFERENCE: LazyLock<Regex> = LazyLock::new(|| regex(r"(?i)[a-z0-9]*\d[a-z0-9]*(?:[/-][a-z0-9]+)+"));
static LOG: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)\blog\s+(?:no\.?\s*)?(\d{3,5})\s+(?:of|on|from|dated)\s+(\d{1,2})[/.](\d{1,2})"));
static HANDLE: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)(?:^|[\s(@,])((?:[a-z]+[._]?)+\d{1,4}[a-z]*|[a-z0-9]+_[a-z0-9_]+|[a-z]{3,}\.[a-z0-9.]{3,})"));

/// Somebody in a record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Party {
    /// As recorded, for output only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) shown: Option<String>,
    #[serde(skip)]
    pub(super) name: Option<Name>,
    /// The name is a shop's, a school's or a ward's, which its own words do not say.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_place: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) birth: Option<(u16, u8, u8)>,
    /// Phones, e-mail addresses and handles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) contacts: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) home: Option<Place>,
}

/// What a record says for the purposes of linkage. Holds names, so it goes into a run's folder and nowhere else.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Facts {
    /// The record's id, unique in the run.
    pub id: String,
    /// When it happened, else when it was reported, in minutes since 1970 local time.
    pub(super) at: Option<i64>,
    pub(super) reported: Option<i64>,
    pub(super) area: String,
    pub(super) victim: Party,
    pub(super) suspect: Party,
    pub(super) reporter: Party,
    /// Plates that can be whole, and parts of plates of four characters.
    pub(super) plates: Vec<String>,
    pub(super) place: Option<Place>,
    pub(super) numbers: Vec<String>,
    /// Letters and digits of ids that the record names.
    pub(super) references: Vec<String>,
    /// Logs named by number, day and month.
    pub(super) logs: Vec<(u32, u8, u8)>,
    /// Words of names and places in the columns.
    pub(super) words: Vec<String>,
    /// Capitalised words of the narrative, and whether each stands inside a sentence, where the capital tells something.
    pub(super) mentions: Vec<(String, bool)>,
    pub(super) conduct: Conduct,
    pub(super) flag: Shade,
    pub(super) risk: Shade,
    pub(super) probability: f64,
    pub(super) indicators: Vec<Indicator>,
    pub(super) recorded_as: Option<String>,
    pub(super) recorded_otherwise: bool,
    /// The same narrative as an earlier record of the run.
    pub(super) is_repeat: bool,
}

/// Flag or tier as a rank: 0 none, 1 possible or standard, 2 likely or medium, 3 high.
pub(super) type Shade = u8;

pub(super) fn flag_shade(flag: Flag) -> Shade {
    match flag {
        Flag::None => 0,
        Flag::Possible => 1,
        Flag::Likely => 2,
    }
}

/// The flag of a rank; above the last it is the last.
pub(super) fn shade_flag(shade: Shade) -> Flag {
    match shade {
        0 => Flag::None,
        1 => Flag::Possible,
        _ => Flag::Likely,
    }
}

fn risk_shade(risk: RiskTier) -> Shade {
    match risk {
        RiskTier::None => 0,
        RiskTier::Standard => 1,
        RiskTier::Medium => 2,
        RiskTier::High => 3,
    }
}

/// The tier of a rank; above the last it is the last.
pub(super) fn shade_risk(shade: Shade) -> RiskTier {
    match shade {
        0 => RiskTier::None,
        1 => RiskTier::Standard,
        2 => RiskTier::Medium,
        _ => RiskTier::High,
    }
}

impl Facts {
    /// Reads the facts of a screened record.
    pub fn of(record: &ScreenedRecord) -> Self {
        let mut facts = Self::of_incident(&record.incident);
        facts.conduct = conduct::of(&record.incident, &record.indicators());
        facts.flag = flag_shade(record.flag);
        facts.risk = risk_shade(record.risk);
        facts.probability = record.probability.value();
        facts.indicators = record.indicators();
        facts.recorded_otherwise = record.recorded_otherwise;
        facts.is_repeat = record.duplicate_of.is_some();
        facts
    }

    /// Reads the facts of a record that nobody has screened: people, things and conduct only, without flag, tier and indicators.
    pub fn of_incident(incident: &Incident) -> Self {
        let get = |column| incident.get(column);
        let narrative = incident.narrative.as_str();
        let reported = get(Column::ReportedAt).and_then(minutes);
        let occurred = get(Column::OccurredFrom).and_then(minutes);
        // A time of occurrence after the report, or years before it, is a slip of the keyboard: the report's time is the better one.
        let at = match (occurred, reported) {
            (Some(occurred), Some(reported)) if occurred > reported || reported - occurred > 3 * 365 * 1440 => Some(reported),
            (occurred, reported) => occurred.or(reported),
        };
        let victim = party(
            incident,
            &[
                Column::VictimName,
                Column::VictimDob,
                Column::VictimPhone,
                Column::VictimEmail,
                Column::VictimAddress,
                Column::VictimPostcode,
            ],
        );
        let mut suspect = party(
            incident,
            &[
                Column::SuspectName,
                Column::SuspectDob,
                Column::SuspectPhone,
                Column::SuspectEmail,
                Column::SuspectAddress,
                Column::SuspectPostcode,
            ],
        );
        let reporter = reporter(incident);
        suspect.contacts.extend(handles(get(Column::SuspectName).unwrap_or_default()));
        let mut plates: Vec<String> = get(Column::SuspectVrm).into_iter().flat_map(partial_plates).collect();
        plates.extend(PLATE.find_iter(narrative).filter_map(|found| plate(found.as_str())).filter(|plate| is_whole_plate(plate)));
        sort(&mut plates);
        let location = get(Column::Location).unwrap_or_default();
        let place = Place::parse(location, get(Column::LocationPostcode));
        let (references, logs) = references(incident);
        let mut facts = Self {
            id: incident.id.clone(),
            at,
            reported: reported.or(at),
            area: get(Column::Area).or_else(|| get(Column::Force)).map(fold).unwrap_or_default(),
            victim,
            suspect,
            reporter,
            plates,
            place,
            numbers: numbers(narrative),
            references,
            logs,
            words: Vec::new(),
            mentions: mentions(narrative),
            conduct: conduct::of(incident, &[]),
            flag: 0,
            risk: 0,
            probability: 0.0,
            indicators: Vec::new(),
            recorded_as: recorded_as(incident),
            recorded_otherwise: false,
            is_repeat: false,
        };
        facts.words = words(incident);
        // A victim whose name is the name of the place is a shop, a school or a ward.
        let at = fold(location);
        for party in [&mut facts.victim, &mut facts.reporter] {
            let all_in = |name: &Name| !name.parts.is_empty() && name.parts.iter().all(|part| at.contains(&part.text));
            party.is_place = party.name.as_ref().is_some_and(all_in);
            party.mark_place();
        }
        facts.read_contacts(narrative);
        facts
    }

    /// Reads names again after the facts came from a file.
    pub(crate) fn restore(&mut self) {
        for party in [&mut self.victim, &mut self.suspect, &mut self.reporter] {
            party.name = party.shown.as_deref().and_then(Name::parse);
            party.mark_place();
        }
    }

    /// Phones and addresses in the narrative belong to nobody in particular; they are kept with the one reporting.
    fn read_contacts(&mut self, narrative: &str) {
        let list = placeholders();
        let found = PHONE.find_iter(narrative).filter_map(|found| phone(found.as_str())).filter(|phone| !list.is_phone(phone));
        self.reporter.contacts.extend(found);
        self.reporter.contacts.extend(EMAIL.find_iter(narrative).filter_map(|found| email(found.as_str())));
        for party in [&mut self.victim, &mut self.suspect, &mut self.reporter] {
            sort(&mut party.contacts);
        }
    }

    pub(super) fn parties(&self) -> [&Party; 3] {
        [&self.victim, &self.suspect, &self.reporter]
    }
}

impl Party {
    fn mark_place(&mut self) {
        if let Some(name) = self.name.as_mut().filter(|_| self.is_place) {
            name.is_organisation = true;
        }
    }

    pub(super) fn is_firm(&self) -> bool {
        self.name.as_ref().is_some_and(Name::is_firm)
    }
}

fn sort(values: &mut Vec<String>) {
    values.sort_unstable();
    values.dedup();
}

fn party(incident: &Incident, columns: &[Column; 6]) -> Party {
    let [name, dob, telephone, mail, address, code] = columns.map(|column| incident.get(column));
    let list = placeholders();
    let parsed = name.and_then(Name::parse);
    let home = address.or(code.map(|_| "")).and_then(|address| Place::parse(address, code));
    let contacts = telephone.and_then(phone).filter(|phone| !list.is_phone(phone)).into_iter().chain(mail.and_then(email)).collect();
    Party {
        shown: name.filter(|_| parsed.is_some()).map(str::to_owned),
        name: parsed,
        birth: dob.and_then(birth).filter(|birth| !list.is_birth(*birth)),
        contacts,
        home,
        is_place: false,
    }
}

fn reporter(incident: &Incident) -> Party {
    let list = placeholders();
    let name = incident.get(Column::ReporterName);
    let parsed = name.and_then(Name::parse);
    let telephone = incident.get(Column::ReporterPhone).and_then(phone).filter(|phone| !list.is_phone(phone));
    Party {
        shown: name.filter(|_| parsed.is_some()).map(str::to_owned),
        name: parsed,
        contacts: telephone.into_iter().collect(),
        ..Party::default()
    }
}

/// The part before the `@` without separators, or the whole where nothing stands before it: `mr_briggs79@` and `mrbriggs79@mailbox.example`
/// are one sender.
fn email(text: &str) -> Option<String> {
    let folded = fold(text.trim());
    let local: String = folded.split('@').next().unwrap_or_default().chars().filter(|c| c.is_alphanumeric()).collect();
    let general = ["info", "office", "enquiries", "contact", "admin", "reception", "hello", "mail", "noreply"];
    (folded.contains('@') && local.len() >= 4 && !general.contains(&local.as_str()) && !placeholders().is_email(&folded))
        .then(|| format!("@{local}"))
}

/// Account names in a name column, such as `vesperquill88` or `IanC_75`.
fn handles(text: &str) -> Vec<String> {
    let found = HANDLE.captures_iter(text).map(|found| found[1].chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase());
    found.filter(|handle| handle.len() >= 5).map(|handle| format!("@{handle}")).collect()
}

/// A plate from its column; parts of one count from four characters on, or as the three last letters.
fn partial_plates(text: &str) -> Vec<String> {
    let first = text.split([',', ';', '/']).map(|part| part.replace(['?', '*'], ""));
    first
        .filter_map(|part| plate(part.to_uppercase().split(" PART").next().unwrap_or_default()))
        .filter(|plate| plate.len() >= 4 || is_tail(plate))
        .collect()
}

/// The three letters at the end of a plate.
fn is_tail(plate: &str) -> bool {
    plate.len() == 3 && plate.bytes().all(|b| b.is_ascii_uppercase())
}

fn references(incident: &Incident) -> (Vec<String>, Vec<(u32, u8, u8)>) {
    let linked = incident.get(Column::LinkedRefs).unwrap_or_default();
    let mut references: Vec<String> = linked.split([';', ',', '|']).flat_map(|part| part.split("  ")).filter_map(reference).collect();
    let mut logs = Vec::new();
    for text in [linked, incident.narrative.as_str()] {
        references.extend(REFERENCE.find_iter(text).filter_map(|found| reference(found.as_str())));
        logs.extend(
            LOG.captures_iter(text).filter_map(|found| Some((found[1].parse().ok()?, found[2].parse().ok()?, found[3].parse().ok()?))),
        );
    }
    // A supplement carries the first record's number: 42/32990/24-S1.
    if let Some((first, _)) = incident.id.rsplit_once('-').filter(|(first, _)| first.contains('/')) {
        references.extend(reference(first));
    }
    let own = reference(&incident.id);
    references.retain(|reference| Some(reference) != own.as_ref());
    sort(&mut references);
    (references, logs)
}

/// Words of names and places in the columns, without those that only say what kind of person or place it is.
fn words(incident: &Incident) -> Vec<String> {
    let list = placeholders();
    let columns =
        [Column::VictimName, Column::SuspectName, Column::ReporterName, Column::Location, Column::VictimAddress, Column::SuspectAddress]
            .map(|column| incident.get(column));
    let mut words: Vec<String> = Vec::new();
    for text in columns.into_iter().flatten() {
        let folded = fold(text);
        words.extend(
            tokens(&folded)
                .filter(|word| word.chars().count() > 2 && !list.is_word(word) && !list.is_title(word) && !is_kind(word))
                .map(str::to_owned),
        );
    }
    sort(&mut words);
    words
}

fn tokens(folded: &str) -> impl Iterator<Item = &str> {
    folded.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty())
}

/// Words of the narrative with a capital; in a narrative written in capitals, every word.
fn mentions(narrative: &str) -> Vec<(String, bool)> {
    let list = placeholders();
    let letters = narrative.chars().filter(|c| c.is_alphabetic()).count();
    let capitals = narrative.chars().filter(|c| c.is_uppercase()).count();
    #[expect(clippy::cast_precision_loss, reason = "a share of letters")]
    let is_shouted = letters > 0 && capitals as f64 > SHOUTED * letters as f64;
    let mut mentions: Vec<(String, bool)> = Vec::new();
    let mut sentence_starts = true;
    for word in narrative.split_whitespace() {
        let starts = sentence_starts;
        sentence_starts = word.ends_with(['.', '?', '!', ':', '"', '\u{201d}', '/']);
        for part in word.split(['-', '/']) {
            let bare = part.trim_matches(|c: char| !c.is_alphabetic());
            let bare = bare.strip_suffix("'s").or_else(|| bare.strip_suffix("\u{2019}s")).unwrap_or(bare);
            let Some(first) = bare.chars().next().filter(|c| c.is_uppercase()) else { continue };
            let all_capitals = !bare.chars().any(char::is_lowercase);
            // Short words in capitals are abbreviations: AP, NFA, CCTV.
            if bare.chars().count() < 3 || all_capitals && !is_shouted && bare.chars().count() < 5 || !first.is_alphabetic() {
                continue;
            }
            let folded = fold(bare);
            if folded.chars().all(char::is_alphabetic) && !list.is_common(&folded) && !is_kind(&folded) {
                mentions.push((folded, !starts && !is_shouted));
            }
        }
    }
    mentions.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
    mentions.dedup_by(|later, first| later.0 == first.0);
    mentions.truncate(MAX_MENTIONS);
    mentions
}

/// What the record is recorded as: its offence, else how its log was closed or opened.
fn recorded_as(incident: &Incident) -> Option<String> {
    [Column::OffenceTitle, Column::OffenceCode, Column::ClosingCode, Column::OpeningCode]
        .into_iter()
        .find_map(|column| incident.get(column))
        .map(str::to_owned)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An incident of these columns.
    pub(crate) fn incident(id: &str, narrative: &str, fields: &[(Column, &str)]) -> Incident {
        let mut fields: Vec<(Column, String)> = fields.iter().map(|(column, value)| (*column, (*value).to_owned())).collect();
        fields.sort_by_key(|(column, _)| *column);
        Incident { id: id.to_owned(), narrative: narrative.to_owned(), file: 0, row: 1, fields, kept: Vec::new() }
    }

    #[test]
    fn facts_come_from_columns_and_narrative() {
        let facts = Facts::of_incident(&incident(
            "0377-110424",
            "Came home to find gas off. Asked if it is to do with crime 42/06640/24. See log 0091 of 23/05. Seen by Mrs Yardley at number 12 in LN16 OHR, ring 07700 900142.",
            &[
                (Column::VictimName, "Elisabeth HARTNELL"),
                (Column::VictimDob, "08/03/1986"),
                (Column::VictimPhone, "N/K"),
                (Column::SuspectName, "UNKNOWN"),
                (Column::Location, "14 Sallow Ct"),
                (Column::ReportedAt, "2024-04-11 11:47"),
            ],
        ));
        assert_eq!(facts.references, ["420664024"]);
        assert_eq!(facts.logs, [(91, 23, 5)]);
        assert_eq!(facts.plates, ["LN160HR"]);
        assert_eq!(facts.numbers, ["12"]);
        assert_eq!(facts.reporter.contacts, ["07700900142"]);
        assert!(facts.victim.is_firm() && facts.suspect == Party::default());
        assert_eq!(
            facts.mentions,
            [
                ("asked".to_owned(), false),
                ("came".to_owned(), false),
                ("see".to_owned(), false),
                ("seen".to_owned(), false),
                ("yardley".to_owned(), true)
            ]
        );
        assert_eq!(facts.words, ["elisabeth", "hartnell", "sallow"]);
    }

    #[test]
    fn one_sender_under_several_spellings() {
        assert_eq!(email("mr_briggs79@mailbox.example"), email("mrbriggs79@"));
        assert_eq!(handles("vesperquill88"), ["@vesperquill88"]);
        assert_eq!(handles("IanC_75"), ["@ianc75"]);
        assert!(handles("Daniel Crabtree").is_empty());
        assert_eq!(partial_plates("BX18 part"), ["BX18"]);
    }

    #[test]
    fn a_time_that_cannot_be_gives_way_to_the_report() {
        let at = |occurred: &str| {
            let fields = [(Column::ReportedAt, "2024-04-11 12:00"), (Column::OccurredFrom, occurred)];
            Facts::of_incident(&incident("1", "", &fields)).at
        };
        assert_eq!(at("2025-01-01"), minutes("2024-04-11 12:00"));
        assert_eq!(at("1999-01-01"), minutes("2024-04-11 12:00"));
        assert_eq!(at("2024-04-10"), minutes("2024-04-10"));
    }
}
