//! What changed between two runs: flags of records and why, courses that are new, grown, merged, split or gone.
//!
//! [`read`] takes a run's folder, [`compare`] is pure. Ids, flags and hashes only; no narrative and no name is read.

mod tables;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use crate::error::Result;

/// A record of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordRow {
    pub flag: String,
    pub risk: String,
    pub probability: f64,
    pub indicators: Vec<String>,
}

/// A course of a run's standard level.
#[derive(Debug, Clone, PartialEq)]
pub struct CourseRow {
    pub id: String,
    pub members: BTreeSet<String>,
    pub flag: String,
    pub risk: String,
}

/// What is compared of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunRead {
    pub run_id: String,
    /// Part of the program by name, with its hash or version.
    pub made_with: BTreeMap<&'static str, String>,
    /// By id.
    pub records: BTreeMap<String, RecordRow>,
    pub courses: Vec<CourseRow>,
}

/// A record whose flag or tier is another in the second run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FlagChange {
    pub incident_id: String,
    pub flag: (String, String),
    pub risk: (String, String),
    pub probability: (f64, f64),
    /// In words.
    pub why: Vec<String>,
}

/// What became of a course.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// None of its records was in a course.
    New,
    /// One earlier course with further records.
    Grown,
    /// Records of several earlier courses.
    Merged,
    /// A part of an earlier course, which other courses share.
    Split,
    /// One earlier course with fewer records.
    Shrunk,
    /// The same records with another flag or tier.
    Regraded,
    /// An earlier course none of whose records is in a course now.
    Gone,
}

/// A course that changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CourseChange {
    pub course_id: String,
    pub fate: Fate,
    /// Earlier courses that it shares records with.
    pub from: Vec<String>,
    /// Records now, and how many of them are new to it.
    pub records: usize,
    pub new_records: usize,
    /// Worst flag and tier of the earlier courses, and now; empty where there is none.
    pub flag: (String, String),
    pub risk: (String, String),
}

/// Everything that changed from the first run to the second.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Changes {
    pub runs: (String, String),
    /// What the two runs were made with, where it differs.
    pub made_with: BTreeMap<&'static str, (String, String)>,
    pub records_in_both: usize,
    pub records_only_first: usize,
    pub records_only_second: usize,
    pub flags: Vec<FlagChange>,
    pub courses_unchanged: usize,
    pub courses: Vec<CourseChange>,
}

/// Reads a run's folder.
///
/// # Errors
/// [`crate::error::Error::Input`] where the folder is not a run's or a table lacks a column.
pub fn read(folder: &Path) -> Result<RunRead> {
    tables::read(folder)
}

/// Compares two runs; changes are in the order of ids.
pub fn compare(first: &RunRead, second: &RunRead) -> Changes {
    let made_with: BTreeMap<&'static str, (String, String)> = first
        .made_with
        .iter()
        .filter_map(|(part, before)| {
            let after = second.made_with.get(part)?;
            (before != after).then(|| (*part, (before.clone(), after.clone())))
        })
        .collect();
    let both = first.records.iter().filter_map(|(id, before)| Some((id, before, second.records.get(id)?)));
    let flags = both.clone().filter_map(|(id, before, after)| flag_change(id, before, after, &made_with)).collect();
    let records_in_both = both.count();
    let (courses, courses_unchanged) = course_changes(&first.courses, &second.courses);
    Changes {
        runs: (first.run_id.clone(), second.run_id.clone()),
        records_in_both,
        records_only_first: first.records.len() - records_in_both,
        records_only_second: second.records.len() - records_in_both,
        flags,
        courses_unchanged,
        courses,
        made_with,
    }
}

fn flag_change(
    id: &str,
    before: &RecordRow,
    after: &RecordRow,
    made_with: &BTreeMap<&'static str, (String, String)>,
) -> Option<FlagChange> {
    if before.flag == after.flag && before.risk == after.risk {
        return None;
    }
    let mut why = Vec::new();
    let only = |of: &[String], other: &[String]| of.iter().filter(|id| !other.contains(id)).cloned().collect::<Vec<_>>().join(", ");
    let (gained, lost) = (only(&after.indicators, &before.indicators), only(&before.indicators, &after.indicators));
    for (what, indicators) in [("now counted", gained), ("no longer counted", lost)] {
        if !indicators.is_empty() {
            why.push(format!("{what}: {indicators}"));
        }
    }
    if (before.probability - after.probability).abs() > 5e-5 {
        why.push(format!("probability {:.4}, was {:.4}", after.probability, before.probability));
    }
    if why.is_empty() || !made_with.is_empty() {
        let parts: Vec<&str> = made_with.keys().copied().collect();
        if !parts.is_empty() {
            why.push(format!("the runs differ in {}", parts.join(", ")));
        }
    }
    Some(FlagChange {
        incident_id: id.to_owned(),
        flag: (before.flag.clone(), after.flag.clone()),
        risk: (before.risk.clone(), after.risk.clone()),
        probability: (before.probability, after.probability),
        why,
    })
}

fn course_changes(first: &[CourseRow], second: &[CourseRow]) -> (Vec<CourseChange>, usize) {
    let index = |courses: &[CourseRow]| -> BTreeMap<String, usize> {
        courses.iter().enumerate().flat_map(|(at, course)| course.members.iter().map(move |id| (id.clone(), at))).collect()
    };
    let (in_first, in_second) = (index(first), index(second));
    let others = |course: &CourseRow, index: &BTreeMap<String, usize>| -> BTreeSet<usize> {
        course.members.iter().filter_map(|id| index.get(id).copied()).collect()
    };
    let (mut changes, mut unchanged) = (Vec::new(), 0);
    for course in second {
        let from: Vec<&CourseRow> = others(course, &in_first).into_iter().map(|at| &first[at]).collect();
        let fate = match from.as_slice() {
            [] => Fate::New,
            [one] if one.members == course.members && one.flag == course.flag && one.risk == course.risk => {
                unchanged += 1;
                continue;
            }
            [one] if one.members == course.members => Fate::Regraded,
            [one] if others(one, &in_second).len() > 1 => Fate::Split,
            [one] if one.members.is_subset(&course.members) => Fate::Grown,
            [_] => Fate::Shrunk,
            _ => Fate::Merged,
        };
        let known: BTreeSet<&String> = from.iter().flat_map(|course| &course.members).collect();
        let new_records = course.members.iter().filter(|id| !known.contains(id)).count();
        changes.push(change(course, fate, &from, course.members.len(), new_records));
    }
    for course in first.iter().filter(|course| others(course, &in_second).is_empty()) {
        let mut change = change(course, Fate::Gone, &[course], 0, 0);
        (change.flag.1, change.risk.1) = (String::new(), String::new());
        changes.push(change);
    }
    changes.sort_by(|a, b| (a.fate, &a.course_id).cmp(&(b.fate, &b.course_id)));
    (changes, unchanged)
}

fn change(course: &CourseRow, fate: Fate, from: &[&CourseRow], records: usize, new_records: usize) -> CourseChange {
    let worst = |of: fn(&CourseRow) -> &str, order: [&str; 4]| {
        let rank = |value: &str| order.iter().position(|known| *known == value).unwrap_or(0);
        from.iter().map(|course| of(course)).max_by_key(|value| rank(value)).unwrap_or_default().to_owned()
    };
    CourseChange {
        course_id: course.id.clone(),
        fate,
        from: from.iter().map(|course| course.id.clone()).collect(),
        records,
        new_records,
        flag: (worst(|course| &course.flag, ["none", "possible", "likely", ""]), course.flag.clone()),
        risk: (worst(|course| &course.risk, ["none", "standard", "medium", "high"]), course.risk.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(id: &str, members: &[&str], flag: &str) -> CourseRow {
        let members = members.iter().map(|id| (*id).to_owned()).collect();
        CourseRow { id: id.to_owned(), members, flag: flag.to_owned(), risk: "medium".to_owned() }
    }

    #[test]
    fn courses_are_new_grown_merged_split_regraded_or_gone() {
        let first = [
            course("a", &["1", "2"], "possible"),
            course("b", &["3", "4"], "likely"),
            course("c", &["5", "6"], "none"),
            course("d", &["7", "8", "9", "10"], "likely"),
            course("e", &["11", "12"], "none"),
            course("f", &["13", "14"], "none"),
            course("g", &["15", "16"], "none"),
        ];
        let second = [
            course("a+", &["1", "2", "20"], "likely"),
            course("bc", &["3", "4", "5", "6"], "likely"),
            course("d1", &["7", "8"], "possible"),
            course("d2", &["9", "10"], "none"),
            course("e", &["11", "12"], "none"),
            course("g", &["15", "16"], "likely"),
            course("n", &["21", "22"], "none"),
        ];
        let (changes, unchanged) = course_changes(&first, &second);
        let fates: Vec<(&str, Fate)> = changes.iter().map(|change| (change.course_id.as_str(), change.fate)).collect();
        let wanted = [
            ("n", Fate::New),
            ("a+", Fate::Grown),
            ("bc", Fate::Merged),
            ("d1", Fate::Split),
            ("d2", Fate::Split),
            ("g", Fate::Regraded),
            ("f", Fate::Gone),
        ];
        assert_eq!((fates.as_slice(), unchanged), (wanted.as_slice(), 1));
        assert_eq!((changes[1].new_records, &changes[1].flag), (1, &("possible".to_owned(), "likely".to_owned())));
        assert_eq!(changes[2].from, ["b", "c"]);
    }

    #[test]
    fn a_changed_flag_says_why() {
        let row = |flag: &str, probability, indicators: &[&str]| RecordRow {
            flag: flag.to_owned(),
            risk: "medium".to_owned(),
            probability,
            indicators: indicators.iter().map(|id| (*id).to_owned()).collect(),
        };
        let run = |flag, probability, indicators: &[&str], rules: &str| RunRead {
            made_with: BTreeMap::from([("rules", rules.to_owned())]),
            records: BTreeMap::from([("1".to_owned(), row(flag, probability, indicators)), ("2".to_owned(), row("none", 0.1, &[]))]),
            ..RunRead::default()
        };
        let changes = compare(&run("none", 0.2, &["B07"], "x"), &run("likely", 0.9, &["B07", "R01"], "y"));
        assert_eq!(changes.flags.len(), 1);
        assert_eq!(changes.flags[0].why, ["now counted: R01", "probability 0.9000, was 0.2000", "the runs differ in rules"]);
        assert_eq!(changes.records_in_both, 2);
    }
}
