//! What must hold of linkage whatever the records: an independent slow twin, order, threads, unrelated records, placeholders, bad input.

use proptest::prelude::*;

use super::blocking::Blocks;
use super::cluster::{LinkLevel, level};
use super::compare::{Compared, compare};
use super::identity::tests::incident;
use super::names::{Agreement, Name};
use super::run::Run;
use super::*;
use crate::domain::Column;

/// People whose names share no sound, each with a phone and a date of birth of their own.
const PEOPLE: [(&str, &str, &str); 6] = [
    ("Elizabeth HARTNOLL", "07700 900111", "03/08/1986"),
    ("Tomas WIECZOREK", "07700 900222", "17/02/1979"),
    ("Oluwaseun ADEBAYO", "07700 900333", "25/01/2003"),
    ("Marcus PRINGLE", "07700 900444", "08/08/1990"),
    ("Rukhsana QURESHI", "07700 900555", "10/04/1972"),
    ("Bethan LLEWELLYN", "07700 900666", "12/12/1958"),
];
const PLACES: [&str; 4] = ["14 Sallow Court", "27 Cinder Lane", "The Parade", ""];
const TEXTS: [&str; 4] =
    ["Wiper bent on the car outside.", "Flowers left on the step again.", "Nothing heard.", "Parked outside the house for an hour."];

#[derive(Debug, Clone)]
struct Made {
    victim: Option<usize>,
    suspect: Option<usize>,
    has_phone: bool,
    has_birth: bool,
    place: usize,
    text: usize,
    day: u32,
    names: Option<usize>,
}

fn made() -> impl Strategy<Value = Made> {
    let person = || prop::option::weighted(0.7, 0..PEOPLE.len());
    let flags = (any::<bool>(), any::<bool>());
    (person(), person(), flags, 0..PLACES.len(), 0..TEXTS.len(), 1..600u32, prop::option::weighted(0.15, 0..24usize)).prop_map(
        |(victim, suspect, (has_phone, has_birth), place, text, day, names)| Made {
            victim,
            suspect,
            has_phone,
            has_birth,
            place,
            text,
            day,
            names,
        },
    )
}

fn facts(made: &[Made]) -> Vec<Facts> {
    let one = |(at, made): (usize, &Made)| {
        let date = jiff::civil::date(2023, 1, 1).saturating_add(jiff::Span::new().days(i64::from(made.day)));
        let reported = format!("{date} 10:00");
        let mut fields = vec![(Column::ReportedAt, reported.as_str()), (Column::Area, "North")];
        if let Some((name, phone, birth)) = made.victim.map(|person| PEOPLE[person]) {
            fields.push((Column::VictimName, name));
            fields.extend(made.has_phone.then_some((Column::VictimPhone, phone)));
            fields.extend(made.has_birth.then_some((Column::VictimDob, birth)));
        }
        if let Some((name, phone, _)) = made.suspect.filter(|person| Some(*person) != made.victim).map(|person| PEOPLE[person]) {
            fields.push((Column::SuspectName, name));
            fields.extend(made.has_phone.then_some((Column::SuspectPhone, phone)));
        }
        if !PLACES[made.place].is_empty() {
            fields.push((Column::Location, PLACES[made.place]));
        }
        let named = made.names.filter(|other| *other != at).map(|other| format!("07/{other:05}/23"));
        let refs = named.unwrap_or_default();
        if !refs.is_empty() {
            fields.push((Column::LinkedRefs, &refs));
        }
        Facts::of_incident(&incident(&format!("07/{at:05}/23"), TEXTS[made.text], &fields))
    };
    made.iter().enumerate().map(one).collect()
}

/// Courses by ids at each level.
fn by_ids(facts: &[Facts], linked: &Linked) -> [Vec<Vec<String>>; 3] {
    std::array::from_fn(|at| {
        let ids = |members: &Vec<usize>| members.iter().map(|at| facts[*at].id.clone()).collect::<Vec<_>>();
        let mut courses: Vec<Vec<String>> = linked.levels[at].iter().map(ids).collect();
        courses.sort();
        courses
    })
}

fn linked(facts: &[Facts]) -> Linked {
    link(facts, &ModelSource::Embedded).unwrap()
}

/// Every pair compared, and clusters as lists that are joined by looking at everybody in both.
fn twin(facts: &[Facts]) -> [Vec<Vec<String>>; 3] {
    let run = Run::new(facts);
    let blocks = Blocks::new(&run);
    let model = Model::embedded().unwrap();
    let records = u32::try_from(facts.len()).unwrap();
    let mut pairs: Vec<(LinkLevel, Compared, u32, u32)> = Vec::new();
    for a in 0..records {
        for b in a + 1..records {
            let compared = compare(&run, &blocks, &model, a, b);
            if let Some(level) = level(&compared, &model.thresholds) {
                pairs.push((level, compared, a, b));
            }
        }
    }
    pairs.sort_by(|x, y| x.0.cmp(&y.0).then(y.1.bits.total_cmp(&x.1.bits)).then((x.2, x.3).cmp(&(y.2, y.3))));
    let name = |at: u32, party: usize| run.records[at as usize].facts.parties()[party].name.as_ref().filter(|name: &&Name| name.is_firm());
    let phones = |at: u32, party: usize| &run.records[at as usize].contacts[party];
    let met = |x: &[u32], p: usize, y: &[u32], q: usize| {
        let people = |of: &[u32], party: usize| of.iter().copied().filter(|at| name(*at, party).is_some()).collect::<Vec<_>>();
        let (mine, theirs) = (people(x, p), people(y, q));
        let same = mine.iter().any(|a| {
            theirs.iter().any(|b| {
                let agreement = name(*a, p).unwrap().compare(name(*b, q).unwrap()).0;
                !matches!(agreement, Agreement::Differs | Agreement::OtherFamily)
                    || phones(*a, p).iter().any(|phone| phones(*b, q).contains(phone))
            })
        });
        (same, !mine.is_empty() && !theirs.is_empty() && !same)
    };
    let mut clusters: Vec<Vec<u32>> = (0..records).map(|at| vec![at]).collect();
    let mut levels: [Vec<Vec<String>>; 3] = Default::default();
    for (at, level) in LinkLevel::ALL.into_iter().enumerate() {
        for (_, compared, a, b) in pairs.iter().filter(|pair| pair.0 == level) {
            let place = |record: &u32| clusters.iter().position(|cluster| cluster.contains(record)).unwrap();
            let (i, j) = (place(a), place(b));
            let (x, y) = (&clusters[i], &clusters[j]);
            let is_swapped = met(x, 0, y, 1).0 || met(x, 1, y, 0).0;
            let differs = !is_swapped && (met(x, 0, y, 0).1 || met(x, 1, y, 1).1);
            if i == j || differs && !compared.is_named && !compared.is_tied {
                continue;
            }
            let joined = [x.clone(), y.clone()].concat();
            clusters.retain(|cluster| !cluster.contains(a) && !cluster.contains(b));
            clusters.push(joined);
        }
        for cluster in clusters.iter().filter(|cluster| cluster.len() > 1) {
            let mut cluster = cluster.clone();
            cluster.sort_unstable();
            levels[at].push(cluster.iter().map(|at| run.records[*at as usize].facts.id.clone()).collect());
        }
        levels[at].sort();
    }
    levels
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn courses_are_those_of_a_slow_twin(made in prop::collection::vec(made(), 2..24)) {
        let facts = facts(&made);
        prop_assert_eq!(by_ids(&facts, &linked(&facts)), twin(&facts));
    }

    #[test]
    fn order_and_threads_change_nothing(made in prop::collection::vec(made(), 2..24), turn in 0..24usize) {
        let mut facts = facts(&made);
        let before = linked(&facts);
        let courses_before = by_ids(&facts, &before);
        let turn = turn % facts.len();
        facts.rotate_left(turn);
        facts.reverse();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let after = pool.install(|| linked(&facts));
        prop_assert_eq!(courses_before, by_ids(&facts, &after));
        let weights = |linked: &Linked| linked.links.iter().map(|link| (link.bits, link.evidence_for.clone())).collect::<Vec<_>>();
        prop_assert_eq!(weights(&before), weights(&after));
        prop_assert_eq!(before.report, after.report);
    }

    #[test]
    fn an_unrelated_record_changes_no_other_course(made in prop::collection::vec(made(), 2..20), day in 1..28u32) {
        let mut facts = facts(&made);
        let before = by_ids(&facts, &linked(&facts));
        let reported = format!("2024-02-{day:02} 11:00");
        let fields = [(Column::VictimName, "Ingeborg ZWICKY"), (Column::VictimPhone, "01632 960777"), (Column::ReportedAt, &reported), (Column::Area, "South")];
        facts.push(Facts::of_incident(&incident("99/1234/24", "Purse gone.", &fields)));
        prop_assert_eq!(before, by_ids(&facts, &linked(&facts)));
    }
}

fn records(count: usize, of: impl Fn(usize) -> Vec<(Column, String)>) -> Vec<Facts> {
    let one = |at: usize| {
        let fields = of(at);
        let fields: Vec<(Column, &str)> = fields.iter().map(|(column, value)| (*column, value.as_str())).collect();
        Facts::of_incident(&incident(&format!("07/{at:06}/23"), "Reported.", &fields))
    };
    (0..count).map(one).collect()
}

/// A name of its own for every number.
fn name(at: usize) -> String {
    const SOUNDS: [&str; 12] = ["ba", "ke", "di", "fo", "gu", "la", "me", "ni", "po", "ru", "ta", "ze"];
    // Each sound thrice: two of these names differ in three letters at least, one more than is allowed for slips of the keyboard.
    let family: String = (0..4).map(|digit| SOUNDS[at / 12usize.pow(digit) % 12].repeat(3)).collect();
    format!("{} {}", SOUNDS[at % 12].repeat(2), family.to_uppercase())
}

#[test]
fn placeholders_never_link() {
    let values = [
        (Column::VictimName, "UNKNOWN"),
        (Column::SuspectName, "N/K"),
        (Column::VictimPhone, "07700 000000"),
        (Column::VictimDob, "01/01/1900"),
        (Column::VictimEmail, "unknown@unknown.com"),
        (Column::VictimAddress, "c/o Wyke Police Station, Quay St"),
        (Column::SuspectVrm, "N/K"),
    ];
    let facts = records(2, |_| values.map(|(column, value)| (column, value.to_owned())).to_vec());
    assert_eq!(linked(&facts).links, []);
}

#[test]
fn ten_thousand_records_on_one_phone_are_no_course_and_a_note() {
    let facts = records(10_000, |at| vec![(Column::VictimName, name(at)), (Column::VictimPhone, "0113 496 0999".to_owned())]);
    let linked = linked(&facts);
    let largest = linked.levels.iter().flatten().map(Vec::len).max().unwrap_or(0);
    assert!(largest <= 3, "{largest}");
    assert_eq!(linked.report.frequent_values.len(), 1);
    assert_eq!((linked.report.frequent_values[0].kind, linked.report.frequent_values[0].records), ("contact", 10_000));
    assert!(linked.report.notes.iter().any(|note| note.contains("10000 records")), "{:?}", linked.report.notes);
}

#[test]
fn one_person_in_every_record_makes_no_course_without_end() {
    let facts = records(2_000, |_| vec![(Column::VictimName, "Tomas WIECZOREK".to_owned()), (Column::VictimDob, "17/02/1979".to_owned())]);
    let linked = linked(&facts);
    assert!(linked.levels.iter().flatten().all(|course| course.len() <= super::cluster::MAX_COURSE));
    assert!(linked.report.notes.iter().any(|note| note.contains("too large to compare")), "{:?}", linked.report.notes);
}

#[test]
fn a_cycle_of_references_is_one_course() {
    let facts = records(6, |at| vec![(Column::LinkedRefs, format!("07/{:06}/23", (at + 1) % 6)), (Column::VictimName, name(0))]);
    let linked = linked(&facts);
    assert_eq!(linked.levels[0].iter().map(Vec::len).collect::<Vec<_>>(), [6]);
    let course = &courses(&facts, &linked)[0];
    assert_eq!(course.weakest, None);
}

#[test]
fn one_person_as_victim_and_suspect_and_dates_that_contradict_are_no_fault() {
    let of = |at: usize| {
        vec![
            (Column::VictimName, name(7)),
            (Column::SuspectName, name(7)),
            (Column::ReportedAt, "2024-01-01 10:00".to_owned()),
            (Column::OccurredFrom, ["2031-05-05", "1875-01-01"][at % 2].to_owned()),
            (Column::VictimDob, ["31/02/1990", "1990-13-45"][at % 2].to_owned()),
        ]
    };
    let facts = records(2, of);
    let linked = linked(&facts);
    let course = &courses(&facts, &linked)[0];
    assert_eq!(course.pattern.span_days, 0.0);
}

#[test]
fn names_in_any_script_are_told_apart_and_linked() {
    for (one, other) in
        [("王小明", "李建国"), ("Ольга ПЕТРЕНКО", "Ирина КОВАЛЬ"), ("محمد علي", "حسن كريم"), ("Γιώργος ΠΑΠΑΔΟΠΟΥΛΟΣ", "Νίκος ΓΕΩΡΓΙΟΥ")]
    {
        let facts = records(3, |at| {
            vec![(Column::VictimName, if at < 2 { one } else { other }.to_owned()), (Column::VictimDob, format!("0{}/06/1980", at / 2 + 1))]
        });
        let linked = linked(&facts);
        assert_eq!(by_ids(&facts, &linked)[1], [[facts[0].id.clone(), facts[1].id.clone()]], "{one}");
    }
}

#[test]
fn facts_come_back_from_a_runs_folder_as_they_went() {
    let made: Vec<Made> = (0..12)
        .map(|at| Made {
            victim: Some(at % 6),
            suspect: Some((at + 1) % 6),
            has_phone: at % 2 == 0,
            has_birth: true,
            place: at % 4,
            text: at % 4,
            day: 9,
            names: None,
        })
        .collect();
    let facts = facts(&made);
    let folder = tempfile::tempdir().unwrap();
    write_facts(&folder.path().join(FACTS_FILE), &facts).unwrap();
    let back = read_facts(folder.path()).unwrap().facts;
    assert_eq!(linked(&facts), linked(&back));
    assert_eq!(joined(back, facts.clone()).len(), facts.len());
}

#[test]
fn weights_fitted_on_the_run_give_courses_too() {
    let made: Vec<Made> = (0..60)
        .map(|at| Made {
            victim: Some(at % 6),
            suspect: None,
            has_phone: at % 3 > 0,
            has_birth: at % 2 == 0,
            place: at % 4,
            text: at % 4,
            day: 9,
            names: None,
        })
        .collect();
    let facts = facts(&made);
    let linked = link(&facts, &ModelSource::Fitted).unwrap();
    assert!(!linked.links.is_empty());
    assert_eq!(linked, link(&facts, &ModelSource::Fitted).unwrap());
}
