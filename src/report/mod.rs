//! What a run leaves behind: tables, the workbook for reviewers, a page to look at, rejected rows and the manifest.
//!
//! Records are written as they come; memory holds counts, a key for each flagged record, and one chunk. Nothing is at the results folder
//! before all of it is written, and nothing here depends on the time or the number of threads except `manifest.json`.
//!
//! Narratives go into the output files and nowhere else: errors carry paths.

mod columns;
mod folder;
mod highlight;
mod machine;
mod manifest;
mod page;
mod queue;
mod rejects;
mod spool;
mod tables;
mod tally;
pub(crate) mod text;
mod workbook;

use std::path::{Path, PathBuf};

use serde::Serialize;

pub use folder::OutputFile;
pub use highlight::{Label, Mark, Piece, context_words, pieces};
pub use manifest::{ModelUsed, RunFacts, SettingUsed};
pub use tables::TableFormat;
pub use tally::{Counts, RiskCounts};
pub(crate) use text::visible;

use crate::domain::{RejectedRow, ScreenedRecord};
use crate::error::{Error, Result};
use crate::ingest::Source;
use crate::linkage::{FACTS_FILE, write_facts};
use crate::pipeline::GradedCourses;
use folder::OutputFolder;
use queue::Queue;
use rejects::{REJECTED, Rejects};
use spool::Spool;
use tables::Table;
use tally::Tally;

/// The protective marking on everything that people open.
pub(crate) const MARKING: &str = "OFFICIAL-SENSITIVE";
/// The sentence on everything that people open.
pub(crate) const DECIDES_NOTHING: &str = "For review by a person. Decides nothing.";
const WORKBOOK: &str = "review.xlsx";
const PAGE: &str = "report.html";
/// Rows of courses and links that are made at a time.
const ROWS_AT_A_TIME: usize = 2_048;

/// Where and how results are written.
#[derive(Debug, Clone, Default)]
pub struct ReportSettings {
    /// The results folder.
    pub out: PathBuf,
    /// Whether an earlier run's results at `out` are replaced.
    pub overwrite: bool,
    pub format: TableFormat,
    /// The input files as given, in the order of [`crate::domain::Incident::file`].
    pub inputs: Vec<PathBuf>,
    /// Names of the input columns that are carried through to `screened`.
    pub keep_columns: Vec<String>,
}

/// What a run came to.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// The results folder as given.
    pub out: PathBuf,
    pub run_id: String,
    /// Time of the whole run.
    pub seconds: f64,
    pub counts: Counts,
    /// Everything in the results folder except the manifest itself.
    pub files: Vec<OutputFile>,
}

/// The results of a run in the making; nothing is left of it if it is dropped before [`Report::finish`].
pub struct Report {
    settings: ReportSettings,
    // Files before the folder that holds them: they are closed first when a report is dropped.
    screened: Box<dyn Table>,
    waiting: Spool,
    findings: Box<dyn Table>,
    rejects: Rejects,
    queue: Queue,
    tally: Tally,
    folder: OutputFolder,
}

impl Report {
    /// Checks the results folder and begins the files.
    ///
    /// # Errors
    /// [`Error::Usage`] if the folder holds files that may not be replaced or a kept column has a name that is taken; [`Error::Input`] if
    /// the folder cannot be one; [`Error::Io`] if nothing can be written there.
    pub fn create(settings: ReportSettings) -> Result<Self> {
        let fields = columns::screened_fields(&settings.keep_columns);
        if let Some(twin) = fields.iter().enumerate().find_map(|(i, field)| fields[..i].contains(field).then_some(&field.name)) {
            return Err(Error::Usage(format!("--keep-columns {twin}: `screened` has a column of that name already")));
        }
        let folder = OutputFolder::create(&settings.out, settings.overwrite)?;
        let table = |name: &str, fields| tables::open(&folder.file(&table_name(name, settings.format)), settings.format, fields);
        Ok(Self {
            screened: table("screened", fields)?,
            findings: table("findings", columns::findings_fields())?,
            waiting: Spool::create(folder.partial())?,
            rejects: Rejects::create(&folder.file(REJECTED))?,
            queue: Queue::create(folder.partial())?,
            tally: Tally::default(),
            settings,
            folder,
        })
    }

    /// Writes a chunk of records, in the order given, and rejected rows.
    ///
    /// # Errors
    /// [`Error::Io`] if a file cannot be written.
    ///
    /// # Panics
    /// If a record or row names a file that the settings do not.
    pub fn add(&mut self, records: &[ScreenedRecord], rejected: &[RejectedRow]) -> Result<()> {
        let files: Vec<String> = self.settings.inputs.iter().map(|path| path.display().to_string()).collect();
        let rows: Vec<_> = records.iter().map(|record| columns::screened_row(record, &files[record.incident.file])).collect();
        self.waiting.add(&rows)?;
        let rows: Vec<_> = records.iter().flat_map(columns::findings_rows).collect();
        self.findings.write(&rows)?;
        for record in records {
            self.tally.add(record);
            self.queue.add(record)?;
        }
        for row in rejected {
            self.tally.reject();
            self.rejects.add(row, &files[row.file])?;
        }
        Ok(())
    }

    /// The counts so far.
    pub fn counts(&self) -> &Counts {
        &self.tally.counts
    }

    /// Writes the tables of records with their courses, of courses and of links, then workbook, page and manifest, and puts the whole in the place of the results folder.
    ///
    /// # Errors
    /// [`Error::Io`] if a file cannot be written or the folder cannot be put in its place.
    ///
    /// # Panics
    /// If the rows that were read are not the rows that were screened or rejected: something vanished.
    pub fn finish(mut self, facts: &RunFacts, sources: &[Source], courses: &GradedCourses) -> Result<Summary> {
        self.tally.counts.truncated = sources.iter().map(|source| source.truncated).sum();
        let rows: u64 = sources.iter().map(|source| source.rows).sum();
        assert_eq!(rows, self.tally.counts.screened + self.tally.counts.rejected, "rows read are not rows screened and rejected");
        self.tally.courses(courses);
        self.write_screened(courses)?;
        self.write_courses(courses)?;
        self.findings.finish()?;
        self.rejects.finish()?;
        let run_id = facts.run_id(sources);
        let mut queue = self.queue.ranked()?;
        let run = Run {
            run_id: &run_id,
            facts,
            sources,
            inputs: &self.settings.inputs,
            tally: &self.tally,
            rejects: &self.rejects,
            courses,
            format: self.settings.format,
        };
        workbook::write(&self.folder.file(WORKBOOK), &run, &mut queue)?;
        page::write(&self.folder.file(PAGE), &run, &mut queue)?;
        let tables = ["screened", "findings", "courses", "links"].map(|name| table_name(name, run.format));
        let names = tables.iter().map(String::as_str).chain([WORKBOOK, PAGE, REJECTED, FACTS_FILE]);
        let files = names.map(|name| self.folder.describe(name)).collect::<Result<Vec<_>>>()?;
        let counts = self.tally.counts.clone();
        let seconds =
            manifest::write(&self.folder.file(manifest::MANIFEST), facts, &run_id, &counts, sources, &files, &courses.linked.report)?;
        drop((self.screened, self.waiting, self.findings, self.rejects, queue));
        self.folder.publish()?;
        Ok(Summary { out: self.settings.out, run_id, seconds, counts, files })
    }
}

impl Report {
    /// Rows that were waiting for their courses.
    fn write_screened(&mut self, courses: &GradedCourses) -> Result<()> {
        let by_record = courses.by_record();
        let screened = &mut self.screened;
        self.waiting.replay(|mut rows| {
            for row in &mut rows {
                let course = columns::row_id(row).and_then(|id| by_record.get(id).copied());
                columns::fill_course(row, course);
            }
            screened.write(&rows)
        })?;
        self.screened.finish()
    }

    fn write_courses(&self, courses: &GradedCourses) -> Result<()> {
        let table =
            |name: &str, fields| tables::open(&self.folder.file(&table_name(name, self.settings.format)), self.settings.format, fields);
        let mut rows = table("courses", columns::courses_fields())?;
        for chunk in courses.courses.chunks(ROWS_AT_A_TIME) {
            rows.write(&chunk.iter().map(|course| columns::courses_row(course, courses)).collect::<Vec<_>>())?;
        }
        rows.finish()?;
        let mut rows = table("links", columns::links_fields())?;
        for chunk in courses.linked.links.chunks(ROWS_AT_A_TIME) {
            rows.write(&chunk.iter().map(|link| columns::links_row(link, courses)).collect::<Vec<_>>())?;
        }
        rows.finish()?;
        write_facts(&self.folder.file(FACTS_FILE), &courses.facts)
    }
}

/// What workbook and page are written from, apart from the queue.
struct Run<'a> {
    run_id: &'a str,
    facts: &'a RunFacts,
    sources: &'a [Source],
    inputs: &'a [PathBuf],
    tally: &'a Tally,
    rejects: &'a Rejects,
    courses: &'a GradedCourses,
    format: TableFormat,
}

impl Run<'_> {
    /// The path of an input file as given.
    fn input(&self, index: usize) -> String {
        self.inputs.get(index).map_or_else(String::new, |path: &PathBuf| Path::display(path).to_string())
    }

    /// The file that holds the table `screened`.
    fn screened_file(&self) -> String {
        table_name("screened", self.format)
    }
}

fn table_name(table: &str, format: TableFormat) -> String {
    format!("{table}.{format}")
}
