//! What linking and grading a force-year costs: records made from the corpus's courses under other names, and strangers among them.
//!
//! `cargo bench --bench linkage` links 10,000, 50,000 and 416,000 records and says seconds, memory and how time grows; numbers after `--`
//! are other sizes. Courses that were put in must come out, so a fast wrong answer does not pass.

#![expect(clippy::print_stdout, clippy::cast_precision_loss, reason = "a bench prints its figures")]

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use foursight::domain::{Column, Incident};
use foursight::labels::{LabelledRecord, load};
use foursight::linkage::{Facts, ModelSource, courses, link};
use foursight::pipeline::{Engine, EngineSettings};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

const CORPUS: [&str; 2] = ["fixtures/labelled/courses/c1.jsonl", "fixtures/labelled/courses/c3.jsonl"];
const SIZES: [usize; 3] = [10_000, 50_000, 416_000];
const SEED: u64 = 24;
/// One record in this many is of a course.
const COURSE_EVERY: usize = 12;
/// Days of the year that the records are spread over.
const DAYS: i64 = 365;
/// A force's areas, and streets in each.
const AREAS: usize = 40;
const STREETS: usize = 600;

const GIVEN: [&str; 40] = [
    "Oliver",
    "Amelia",
    "George",
    "Isla",
    "Harry",
    "Ava",
    "Noah",
    "Mia",
    "Jack",
    "Lily",
    "Leo",
    "Sophia",
    "Oscar",
    "Grace",
    "Charlie",
    "Freya",
    "Mohammed",
    "Aisha",
    "Tomasz",
    "Agnieszka",
    "Priya",
    "Arjun",
    "Chloe",
    "Ethan",
    "Fatima",
    "Daniel",
    "Ruth",
    "Samuel",
    "Megan",
    "Callum",
    "Siobhan",
    "Declan",
    "Ewa",
    "Piotr",
    "Yusuf",
    "Zainab",
    "Gareth",
    "Carys",
    "Nasreen",
    "Kwame",
];
const SOUNDS: [&str; 30] = [
    "ash", "bar", "cold", "den", "elm", "fair", "gar", "hart", "ing", "kel", "lang", "mar", "nor", "oak", "pem", "quin", "rad", "sel",
    "thorn", "ul", "ven", "wal", "yar", "zel", "brook", "crof", "dray", "firth", "glen", "holm",
];
const ENDS: [&str; 20] = [
    "ton", "ley", "by", "field", "man", "son", "well", "worth", "ski", "ova", "wicz", "oglu", "ani", "eze", "ford", "ham", "ridge",
    "stone", "wood", "er",
];

fn main() {
    let asked: Vec<usize> = std::env::args().skip(1).filter_map(|size| size.parse().ok()).collect();
    let sizes = if asked.is_empty() { SIZES.to_vec() } else { asked };
    let templates = templates();
    let engine = Engine::new(&EngineSettings::default()).expect("the engine loads");
    let mut last: Option<(usize, f64)> = None;
    for size in sizes {
        let incidents = incidents(&templates, size);
        let start = Instant::now();
        let facts: Vec<Facts> = incidents.par_iter().map(|(incident, _)| Facts::of_incident(incident)).collect();
        let read = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let linked = link(&facts, &ModelSource::Embedded).expect("the model is sound");
        let linking = start.elapsed().as_secs_f64();
        let found = courses(&facts, &linked);
        let graded: usize = found.iter().map(|course| usize::from(!engine.policy().assess(course, None).reasons.is_empty())).sum();
        let seconds = start.elapsed().as_secs_f64();
        let (precision, recall) = agreement(&incidents, &linked.levels[1]);
        println!(
            "{size} records: facts {read:.1} s; linked {linking:.1} s, with {} courses graded {seconds:.1} s ({graded} with reasons); {} pairs compared, {} links; pair precision {precision:.3}, recall {recall:.3}; {}",
            found.len(),
            linked.report.compared_pairs,
            linked.links.len(),
            memory()
        );
        assert!(recall > 0.15, "the courses put in did not come out");
        if let Some((before, took)) = last {
            let of = |records: usize, seconds: f64| seconds / (records as f64 * (records as f64).log2());
            println!("  time for each n log n, against {before} records: {:.2}", of(size, seconds) / of(before, took));
        }
        last = Some((size, seconds));
    }
}

/// The most memory that the program held, where the system says it.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).map(str::trim);
    peak.map_or_else(|| "memory not known".to_owned(), |peak| format!("at most {peak}"))
}

/// Precision and recall of pairs of one made course.
fn agreement(incidents: &[(Incident, Option<usize>)], clusters: &[Vec<usize>]) -> (f64, f64) {
    let mut sizes: HashMap<usize, u64> = HashMap::new();
    for course in incidents.iter().filter_map(|(_, course)| *course) {
        *sizes.entry(course).or_default() += 1;
    }
    let pairs = |count: u64| count * (count - 1) / 2;
    let (mut right, mut said) = (0, 0);
    for cluster in clusters {
        let mut of: BTreeMap<usize, u64> = BTreeMap::new();
        cluster.iter().filter_map(|at| incidents[*at].1).for_each(|course| *of.entry(course).or_default() += 1);
        right += of.values().map(|count| pairs(*count)).sum::<u64>();
        said += pairs(cluster.len() as u64);
    }
    let wanted: u64 = sizes.values().map(|count| pairs(*count)).sum();
    (right as f64 / said.max(1) as f64, right as f64 / wanted.max(1) as f64)
}

struct Templates {
    courses: Vec<Vec<LabelledRecord>>,
    others: Vec<LabelledRecord>,
}

fn templates() -> Templates {
    let records = load(&CORPUS.map(Into::into)).expect("the corpus reads");
    let mut courses: BTreeMap<String, Vec<LabelledRecord>> = BTreeMap::new();
    let mut others = Vec::new();
    for record in records {
        match record.course.clone() {
            Some(course) => courses.entry(course).or_default().push(record),
            None => others.push(record),
        }
    }
    Templates { courses: courses.into_values().collect(), others }
}

/// Records with the made course of each, in no order of course.
fn incidents(templates: &Templates, size: usize) -> Vec<(Incident, Option<usize>)> {
    let mut random = Pcg64Mcg::seed_from_u64(SEED);
    let mut incidents: Vec<(Incident, Option<usize>)> = Vec::with_capacity(size);
    let mut course = 0;
    while incidents.len() < size {
        if random.random_range(0..COURSE_EVERY * 5) == 0 {
            let template = &templates.courses[random.random_range(0..templates.courses.len())];
            let mut renamed = Renamed::new(&mut random);
            let first = random.random_range(0..DAYS * 1440);
            for record in template {
                let at = first + random.random_range(0..60 * 1440);
                incidents.push((renamed.record(record, incidents.len(), at, &mut random), Some(course)));
            }
            course += 1;
        } else {
            let record = &templates.others[random.random_range(0..templates.others.len())];
            let mut renamed = Renamed::new(&mut random);
            let at = random.random_range(0..DAYS * 1440);
            let incident = renamed.record(record, incidents.len(), at, &mut random);
            incidents.push((incident, None));
        }
    }
    incidents.truncate(size);
    incidents
}

/// Other names, numbers and places for those of one course: the same for the same, so that what agreed agrees still.
struct Renamed {
    words: HashMap<String, String>,
    numbers: HashMap<String, String>,
    area: usize,
}

impl Renamed {
    fn new(random: &mut Pcg64Mcg) -> Self {
        Self { words: HashMap::new(), numbers: HashMap::new(), area: random.random_range(0..AREAS) }
    }

    fn record(&mut self, record: &LabelledRecord, number: usize, at: i64, random: &mut Pcg64Mcg) -> Incident {
        let names = [Column::VictimName, Column::SuspectName, Column::ReporterName];
        let mut fields: Vec<(Column, String)> = Vec::new();
        for (column, value) in &record.fields {
            let value = match column {
                column if names.contains(column) => self.text(value, random, true),
                Column::VictimPhone | Column::SuspectPhone | Column::ReporterPhone | Column::SuspectVrm => self.number(value, random),
                Column::VictimEmail | Column::SuspectEmail => {
                    format!("{}@mail.example", self.words.entry(value.to_lowercase()).or_insert_with(|| word_of(random, false)))
                }
                Column::Location | Column::VictimAddress | Column::SuspectAddress => self.place(value, random),
                Column::LocationPostcode | Column::VictimPostcode | Column::SuspectPostcode => self.number(value, random),
                Column::Area => format!("Area {}", self.area),
                Column::VictimDob | Column::SuspectDob => {
                    let mut birth = || {
                        format!("{:02}/{:02}/{}", random.random_range(1..29), random.random_range(1..13), random.random_range(1940..2010))
                    };
                    self.numbers.entry(value.clone()).or_insert_with(&mut birth).clone()
                }
                Column::ReportedAt => date(at),
                Column::OccurredFrom | Column::OccurredTo | Column::LinkedRefs => continue,
                _ => value.clone(),
            };
            fields.push((*column, value));
        }
        let narrative = self.text(&record.narrative, random, false);
        Incident { id: format!("77/{number:07}/25"), narrative, file: 0, row: number as u64 + 1, fields, kept: Vec::new() }
    }

    /// Capitalised words that do not begin a sentence become others; in a name, every word with a capital.
    fn text(&mut self, text: &str, random: &mut Pcg64Mcg, is_name: bool) -> String {
        let mut out = String::with_capacity(text.len());
        let mut starts = !is_name;
        for word in text.split_inclusive(' ') {
            let bare = word.trim_matches(|c: char| !c.is_alphabetic());
            let is_first = out.is_empty() && !word.trim_end().ends_with(',') && !bare.chars().all(char::is_uppercase);
            let is_proper = bare.len() > 3 && bare.chars().next().is_some_and(char::is_uppercase) && !starts;
            starts = !is_name && word.trim_end().ends_with(['.', ':', '?', '!']);
            if word.chars().filter(char::is_ascii_digit).count() > 2 || word.contains('@') {
                out.push_str(&self.number(word, random));
            } else if is_proper {
                let other = self.words.entry(bare.to_lowercase()).or_insert_with(|| word_of(random, is_name && is_first)).clone();
                let other = if bare.chars().all(char::is_uppercase) { other.to_uppercase() } else { other };
                out.push_str(&word.replacen(bare, &other, 1));
            } else {
                out.push_str(word);
            }
        }
        out
    }

    fn number(&mut self, value: &str, random: &mut Pcg64Mcg) -> String {
        let key: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
        if key.chars().filter(char::is_ascii_digit).count() < 2 {
            return value.to_owned();
        }
        let mut other = || {
            let change = |c: char| match c {
                '0'..='9' if random.random_range(0..9) > 0 => char::from(b'0' + random.random_range(0..10u8)),
                'A'..='Z' => char::from(b'A' + random.random_range(0..26u8)),
                c => c,
            };
            value.chars().map(change).collect()
        };
        self.numbers.entry(key).or_insert_with(&mut other).clone()
    }

    fn place(&mut self, value: &str, random: &mut Pcg64Mcg) -> String {
        let street = format!("{} {}", self.area, random.random_range(0..STREETS));
        let named: String = value
            .split(' ')
            .map(|word| {
                if word.len() > 4 {
                    self.words.entry(word.to_lowercase()).or_insert_with(|| street_of(&street)).clone()
                } else {
                    word.to_owned()
                }
            })
            .collect::<Vec<_>>()
            .join(" ");
        named
    }
}

/// A given name, or a family name: some are common and most are not, as the smaller of two draws.
fn word_of(random: &mut Pcg64Mcg, is_given: bool) -> String {
    if is_given {
        return GIVEN[random.random_range(0..GIVEN.len())].to_owned();
    }
    let mut draw = |of: usize| random.random_range(0..of).min(random.random_range(0..of));
    let name = format!(
        "{}{}{}{}",
        SOUNDS[draw(SOUNDS.len())],
        ["", "a", "i", "o", "u"][draw(5)],
        SOUNDS[draw(SOUNDS.len())],
        ENDS[draw(ENDS.len())]
    );
    capitalised(&name)
}

fn street_of(number: &str) -> String {
    let seed: usize = number.bytes().fold(7, |seed, byte| seed * 31 + usize::from(byte));
    capitalised(&format!("{}{}", SOUNDS[seed % SOUNDS.len()], ENDS[seed / 31 % ENDS.len()]))
}

fn capitalised(word: &str) -> String {
    word[..1].to_uppercase() + &word[1..]
}

fn date(minutes: i64) -> String {
    let day = jiff::civil::date(2025, 1, 1).saturating_add(jiff::Span::new().days(minutes / 1440));
    format!("{day} {:02}:{:02}", minutes / 60 % 24, minutes % 60)
}
