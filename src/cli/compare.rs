//! `foursight compare RUN_A RUN_B`: which flags and courses changed between two runs, and why.

use std::io::Write;
use std::path::PathBuf;

use anstream::stdout;
use anstyle::Style;
use clap::ArgMatches;

use super::args::OPTIONS;
use super::rules::written_out;
use super::settings::Resolver;
use crate::compare::{Changes, Fate, compare, read};
use crate::error::{Error, Result};
use crate::report::visible;

const BOLD: Style = Style::new().bold();
/// Changes of a kind that are printed; --json has all.
const MAX_SHOWN: usize = 40;

pub(super) fn run(matches: &ArgMatches) -> Result<()> {
    let mut resolver = Resolver::new(matches, OPTIONS)?;
    let is_json = resolver.switch("json");
    resolver.finish()?;
    let folder = |name: &str| matches.get_one::<String>(name).map(PathBuf::from).unwrap_or_default();
    let changes = compare(&read(&folder("first"))?, &read(&folder("second"))?);
    if is_json {
        let json = serde_json::to_string(&changes).map_err(|error| Error::Usage(error.to_string()))?;
        return written_out(writeln!(stdout().lock(), "{json}"));
    }
    written_out(as_text(&mut stdout().lock(), &changes))
}

fn as_text(out: &mut impl Write, changes: &Changes) -> std::io::Result<()> {
    writeln!(out, "{BOLD}run {} to run {}{BOLD:#}", changes.runs.0, changes.runs.1)?;
    let parts: Vec<&str> = changes.made_with.keys().copied().collect();
    let made_with = if parts.is_empty() {
        "made with the same program, model, rules and policy".to_owned()
    } else {
        format!("they differ in {}", parts.join(", "))
    };
    writeln!(out, "  {made_with}")?;
    writeln!(
        out,
        "  {} records in both, {} only in the first, {} only in the second",
        changes.records_in_both, changes.records_only_first, changes.records_only_second
    )?;
    writeln!(out, "\n{BOLD}Flags or tiers changed: {}{BOLD:#}", changes.flags.len())?;
    for change in changes.flags.iter().take(MAX_SHOWN) {
        let id = visible(&change.incident_id);
        let why = change.why.join("; ");
        writeln!(out, "  {id}: {} {} -> {} {}: {why}", change.flag.0, change.risk.0, change.flag.1, change.risk.1)?;
    }
    more(out, changes.flags.len())?;
    writeln!(out, "\n{BOLD}Courses changed: {}{BOLD:#}; unchanged: {}", changes.courses.len(), changes.courses_unchanged)?;
    for change in changes.courses.iter().take(MAX_SHOWN) {
        let from =
            if change.from.is_empty() || change.fate == Fate::Gone { String::new() } else { format!(" from {}", change.from.join(", ")) };
        let graded = format!("{} {} -> {} {}", change.flag.0, change.risk.0, change.flag.1, change.risk.1);
        writeln!(
            out,
            "  {} {}{from}: {} records, {} new to it; {graded}",
            change.course_id,
            fate(change.fate),
            change.records,
            change.new_records
        )?;
    }
    more(out, changes.courses.len())
}

fn more(out: &mut impl Write, count: usize) -> std::io::Result<()> {
    if count > MAX_SHOWN { writeln!(out, "  and {} more, with --json", count - MAX_SHOWN) } else { Ok(()) }
}

fn fate(fate: Fate) -> &'static str {
    match fate {
        Fate::New => "new",
        Fate::Grown => "grown",
        Fate::Merged => "merged",
        Fate::Split => "split",
        Fate::Shrunk => "shrunk",
        Fate::Regraded => "graded anew",
        Fate::Gone => "gone",
    }
}
