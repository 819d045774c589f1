//! Which header is which column.
//!
//! A header is compared by its letters and digits alone. A column's own name goes before its aliases (`aliases.toml`), and what the
//! mapping file says goes before both. Several headers for one column: narratives are joined, each under its header; references are
//! joined by `;`; of anything else the first that is not empty counts.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use super::mapping::Mapping;
use crate::domain::Column;

/// How alike two names must be for one to be offered instead of the other.
const NEAR: f64 = 0.8;

/// Names that may as well number the rows of an extract: a reference with a name of its own goes before them.
const GENERIC_IDS: [&str; 13] = [
    "id",
    "ref",
    "refno",
    "refnumber",
    "reference",
    "referenceno",
    "referencenumber",
    "serialno",
    "serialnumber",
    "recordid",
    "recordno",
    "recordnumber",
    "uniqueid",
];

/// A name's letters and digits in lower case.
pub(super) fn normalise(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn aliases() -> &'static HashMap<String, Column> {
    static ALIASES: OnceLock<HashMap<String, Column>> = OnceLock::new();
    ALIASES.get_or_init(|| {
        let table: BTreeMap<String, Vec<String>> = toml::from_str(include_str!("aliases.toml")).expect("a test reads aliases.toml");
        let named = table.iter().filter_map(|(name, aliases)| Some((Column::from_name(name)?, aliases)));
        let mut out: HashMap<String, Column> =
            named.flat_map(|(column, aliases)| aliases.iter().map(move |alias| (normalise(alias), column))).collect();
        out.extend(Column::ALL.into_iter().map(|column| (normalise(column.name()), column)));
        out
    })
}

/// The column that a normalised header stands for.
pub(super) fn known(normalised: &str) -> Option<Column> {
    aliases().get(normalised).copied()
}

/// The candidate that is most like `name`, if one is like it at all.
pub(super) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = normalise(name);
    let scored = candidates.into_iter().map(|candidate| (strsim::jaro_winkler(&name, &normalise(candidate)), candidate));
    scored.filter(|(score, _)| *score >= NEAR).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, candidate)| candidate)
}

/// Names as a list for a message.
pub(super) fn listed(names: &[String]) -> String {
    const MOST: usize = 60;
    let shown: Vec<&str> = names.iter().filter(|name| !name.is_empty()).take(MOST).map(String::as_str).collect();
    let more = if names.len() > MOST { format!(" and {} more", names.len() - MOST) } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

/// What each header of one file is taken for.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) headers: Vec<String>,
    /// Headers of each column that the file has, in the order of [`Column::ALL`].
    pub(super) columns: Vec<(Column, Vec<usize>)>,
    /// One entry a `--keep-columns` name.
    pub(super) kept: Vec<Option<usize>>,
    /// One entry a header: whether its cells are used.
    pub(super) needed: Vec<bool>,
    mapping: Mapping,
    keep: Vec<String>,
}

impl Layout {
    /// Takes each header for what it is.
    pub(super) fn new(headers: Vec<String>, mapping: &Mapping, keep: &[String]) -> Self {
        let mut layout =
            Self { headers, columns: Vec::new(), kept: Vec::new(), needed: Vec::new(), mapping: mapping.clone(), keep: keep.to_vec() };
        layout.resolve();
        layout
    }

    /// Adds a header that turned up later.
    pub(super) fn add(&mut self, header: &str) -> usize {
        self.headers.push(header.to_owned());
        self.resolve();
        self.headers.len() - 1
    }

    /// Whether the mapping or `--keep-columns` asks for a header.
    pub(super) fn is_wanted(&self, header: &str) -> bool {
        let name = normalise(header);
        let mapped = self.mapping.columns().iter().flat_map(|(_, names)| names);
        mapped.chain(&self.keep).any(|wanted| wanted == header || normalise(wanted) == name)
    }

    fn resolve(&mut self) {
        let normalised: Vec<String> = self.headers.iter().map(|header| normalise(header)).collect();
        let mut columns: BTreeMap<Column, Vec<usize>> = BTreeMap::new();
        let mut taken = vec![false; self.headers.len()];
        for (column, names) in self.mapping.columns() {
            for i in names.iter().filter_map(|name| position(&self.headers, &normalised, name)) {
                columns.entry(*column).or_default().push(i);
                taken[i] = true;
            }
        }
        let mapped: Vec<Column> = columns.keys().copied().collect();
        let mut automatic: BTreeMap<Column, Vec<usize>> = BTreeMap::new();
        for (i, name) in normalised.iter().enumerate().filter(|(i, _)| !taken[*i]) {
            if let Some(column) = known(name).filter(|column| !mapped.contains(column)) {
                automatic.entry(column).or_default().push(i);
            }
        }
        for (column, mut headers) in automatic {
            let own_name = normalise(column.name());
            headers.sort_by_key(|&i| (normalised[i] != own_name, GENERIC_IDS.contains(&normalised[i].as_str())));
            // A column of that very name is the narrative; the others beside it are what it was made from.
            if column == Column::Narrative && normalised[headers[0]] == own_name {
                headers.retain(|&i| normalised[i] == own_name);
            }
            columns.insert(column, headers);
        }
        self.kept = self.keep.iter().map(|name| position(&self.headers, &normalised, name)).collect();
        self.needed = vec![false; self.headers.len()];
        for &i in columns.values().flatten().chain(self.kept.iter().flatten()) {
            self.needed[i] = true;
        }
        self.columns = columns.into_iter().collect();
    }

    /// The headers taken for `column`.
    pub(super) fn of(&self, column: Column) -> &[usize] {
        self.columns.iter().find(|(known, _)| *known == column).map_or(&[], |(_, headers)| headers)
    }

    /// Whether header `i` holds the id.
    pub(super) fn is_id(&self, i: usize) -> bool {
        self.of(Column::IncidentId).contains(&i)
    }

    /// One entry a header: whether it is taken for free text.
    pub(super) fn free_text(&self) -> Vec<bool> {
        (0..self.headers.len()).map(|i| !self.needed[i] || self.of(Column::Narrative).contains(&i)).collect()
    }

    /// One entry a header: whether it is taken for a date.
    pub(super) fn dates(&self) -> Vec<bool> {
        let is_date = |i| self.columns.iter().any(|(column, headers)| is_date(*column) && headers.contains(&i));
        (0..self.headers.len()).map(is_date).collect()
    }

    /// Which header was taken for which column, in file order.
    pub(super) fn mapping(&self) -> Vec<(String, Column)> {
        let mut out: Vec<(usize, Column)> =
            self.columns.iter().flat_map(|(column, headers)| headers.iter().map(|&i| (i, *column))).collect();
        out.sort_unstable();
        out.into_iter().map(|(i, column)| (self.headers[i].clone(), column)).collect()
    }

    /// Headers that were taken for no column, in file order.
    pub(super) fn unmapped(&self) -> Vec<String> {
        let used: Vec<usize> = self.columns.iter().flat_map(|(_, headers)| headers.iter().copied()).collect();
        let unused = self.headers.iter().enumerate().filter(|(i, header)| !used.contains(i) && !header.is_empty());
        unused.map(|(_, header)| header.clone()).collect()
    }

    /// What is missing for the file to be screened, as a message.
    pub(super) fn fault(&self) -> Option<String> {
        let missing = [Column::IncidentId, Column::Narrative].into_iter().find(|column| self.of(*column).is_empty())?;
        let names = aliases().iter().filter(|(_, column)| **column == missing).map(|(alias, _)| alias.as_str());
        let mut names: Vec<&str> = names.collect();
        names.sort_unstable();
        let mut candidates: Vec<(f64, &str)> = Vec::new();
        for header in &self.headers {
            let best = names.iter().map(|name| strsim::jaro_winkler(&normalise(header), name)).fold(0.0, f64::max);
            candidates.push((best, header));
        }
        let near = candidates.into_iter().filter(|(score, _)| *score >= NEAR).max_by(|a, b| a.0.total_cmp(&b.0));
        let example = near.map_or("Header", |(_, header)| header);
        let hint = near.map_or_else(String::new, |(_, header)| format!("; the nearest is `{header}`"));
        Some(format!(
            "no column is known to hold the {name}: found {found}{hint}. Say which one does in a file given with --mapping: {name} = \"{example}\"",
            name = missing.name(),
            found = listed(&self.headers),
        ))
    }
}

/// Where a header of that name stands: by its exact name, or by its letters and digits.
pub(super) fn position(headers: &[String], normalised: &[String], name: &str) -> Option<usize> {
    let by_name = headers.iter().position(|header| header == name.trim());
    by_name.or_else(|| {
        let name = normalise(name);
        normalised.iter().position(|header| *header == name)
    })
}

/// Whether a column holds dates.
pub(super) fn is_date(column: Column) -> bool {
    use Column::{OccurredFrom, OccurredTo, ReportedAt, SuspectDob, VictimDob};
    matches!(column, ReportedAt | OccurredFrom | OccurredTo | VictimDob | SuspectDob)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(headers: &[&str]) -> Layout {
        Layout::new(headers.iter().map(|header| (*header).to_owned()).collect(), &Mapping::default(), &[])
    }

    #[test]
    fn the_alias_table_is_sound() {
        let table: BTreeMap<String, Vec<String>> = toml::from_str(include_str!("aliases.toml")).unwrap();
        let mut seen: HashMap<String, &str> = HashMap::new();
        for (name, aliases) in &table {
            assert!(Column::from_name(name).is_some(), "{name} is no column");
            for alias in aliases {
                let normalised = normalise(alias);
                assert!(!normalised.is_empty());
                assert_eq!(seen.insert(normalised, name), None, "`{alias}` of {name} stands twice");
            }
        }
        for label in ["stalking", "risk", "evidence", "set_aside", "slice", "course_id", "course_kind", "course_stalking", "course_risk"] {
            assert_eq!(known(&normalise(label)), None, "the answer `{label}` of a labelled record is no input");
        }
        for column in Column::ALL {
            assert!(table.contains_key(column.name()), "{} has no aliases", column.name());
            assert!(seen.get(&normalise(column.name())).is_none_or(|owner| *owner == column.name()), "{}", column.name());
        }
    }

    #[test]
    fn headers_are_matched_by_letters_and_digits() {
        let cases = [
            ("Incident ID", Column::IncidentId),
            ("\u{feff}incident_id", Column::IncidentId),
            ("CRIME NO.", Column::IncidentId),
            ("Urn", Column::IncidentId),
            ("Log No", Column::IncidentId),
            ("Summary / MO", Column::Narrative),
            ("MO text", Column::Narrative),
            ("OEL", Column::Narrative),
            ("Victim D.O.B.", Column::VictimDob),
            ("HO Code", Column::OffenceCode),
            ("Offence Description", Column::OffenceTitle),
            ("Relationship to suspect", Column::Relationship),
            ("VRM", Column::SuspectVrm),
            ("Recorded Date/Time", Column::ReportedAt),
        ];
        for (header, column) in cases {
            assert_eq!(layout(&[header]).mapping(), [(header.to_owned(), column)], "{header}");
        }
        assert_eq!(layout(&["Easting", ""]).unmapped(), ["Easting"]);
    }

    #[test]
    fn several_headers_for_one_column() {
        let several = layout(&["Log No", "MO", "Notes", "incident_id", "Status"]);
        assert_eq!(several.of(Column::IncidentId), [3, 0], "its own name goes first");
        assert_eq!(several.of(Column::Narrative), [1, 2]);
        assert_eq!(layout(&["ID", "Crime No", "MO"]).of(Column::IncidentId), [1, 0], "a row number goes last");
        let exact = layout(&["id", "MO", "Narrative", "Notes"]);
        assert_eq!(exact.of(Column::Narrative), [2]);
        assert_eq!(exact.unmapped(), ["MO", "Notes"]);
    }

    #[test]
    fn a_missing_column_is_told_with_the_nearest() {
        let fault = layout(&["id", "Narativ", "x"]).fault().unwrap();
        assert!(fault.contains("id, Narativ, x") && fault.contains("nearest is `Narativ`") && fault.contains("--mapping"), "{fault}");
        assert!(layout(&["qqq", "Narrative"]).fault().unwrap().contains("hold the incident_id"));
        assert_eq!(layout(&["id", "text"]).fault(), None);
    }
}
