//! `foursight rules list|show|check|report|handbook`.

use std::io::Write;
use std::path::PathBuf;

use anstream::stdout;
use anstyle::Style;
use clap::ArgMatches;
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::json;

use super::args::OPTIONS;
use super::evaluate::split_of;
use super::settings::Resolver;
use crate::domain::{Context, Indicator};
use crate::error::{Error, Result};
use crate::evaluate::statistics::Share;
use crate::evaluate::{IndicatorFigures, RuleFigures, RuleReport, Sample, by_rule};
use crate::indicators::{Rule, RuleSet, handbook};

const BOLD: Style = Style::new().bold();
const QUIET: Style = Style::new().dimmed();

pub(super) fn run(matches: &ArgMatches) -> Result<()> {
    let Some((verb, matches)) = matches.subcommand() else {
        return Err(Error::Usage("rules wants list, show, check, report or handbook".to_owned()));
    };
    let mut resolver = Resolver::new(matches, OPTIONS)?;
    let own = resolver.optional::<String>("rules").map(PathBuf::from);
    let json = resolver.switch("json");
    let split = (verb == "report").then(|| split_of(&mut resolver)).flatten();
    resolver.finish()?;
    let rules = RuleSet::load(own.as_deref())?;
    let mut out = stdout().lock();
    let written = match verb {
        "list" => list(&mut out, &rules, json),
        "show" => {
            let id = matches.get_one::<String>("id").map_or("", String::as_str).to_ascii_uppercase();
            let chosen: Vec<&Rule> = rules.rules().iter().filter(|rule| rule.id == id || rule.indicator.id() == id).collect();
            if chosen.is_empty() {
                return Err(Error::Usage(format!("there is no rule or indicator {id}; see foursight rules list")));
            }
            show(&mut out, &chosen, &id, json)
        }
        "report" => {
            let labelled: Vec<PathBuf> = matches.get_many::<String>("labelled").into_iter().flatten().map(PathBuf::from).collect();
            let sample = Sample::load(&labelled, &[], &[], split)?;
            report(&mut out, &by_rule(&rules, &sample.records), json)
        }
        "handbook" => write!(out, "{}", handbook(&rules)),
        _ => return check(&mut out, &rules, json),
    };
    written_out(written)
}

/// Every rule, the worst first: most false alarms; then the indicators and the records.
fn report(out: &mut impl Write, report: &RuleReport, json: bool) -> std::io::Result<()> {
    if json {
        return writeln!(out, "{}", json!(report));
    }
    let mut rules: Vec<&RuleFigures> = report.rules.iter().filter(|rule| !rule.never_fired()).collect();
    rules.sort_by(|a, b| b.false_alarms().cmp(&a.false_alarms()).then_with(|| a.id.cmp(&b.id)));
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["rule", "counted", "borne out", "precision", "false alarms", "alone", "in no-records", "set aside"]);
    for rule in rules {
        table.add_row([
            rule.id.clone(),
            rule.precision.of.to_string(),
            rule.precision.count.to_string(),
            two_places(rule.precision),
            rule.false_alarms().to_string(),
            rule.unique.to_string(),
            rule.in_no.to_string(),
            rule.set_aside.to_string(),
        ]);
    }
    writeln!(out, "{table}\n")?;
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["indicator", "precision", "of", "recall", "of"]);
    for figures in std::iter::once(&report.findings.all).chain(&report.findings.indicators) {
        let IndicatorFigures { id, precision, recall, .. } = figures;
        table.add_row([(*id).to_owned(), two_places(*precision), precision.of.to_string(), two_places(*recall), recall.of.to_string()]);
    }
    writeln!(out, "{table}\n")?;
    let silent: Vec<&str> = report.rules.iter().filter(|rule| rule.never_fired()).map(|rule| rule.id.as_str()).collect();
    writeln!(out, "never fired: {}", if silent.is_empty() { "none".to_owned() } else { silent.join(", ") })?;
    writeln!(
        out,
        "set-aside words wrongly counted: {} of {}",
        report.findings.set_aside_counted.count, report.findings.set_aside_counted.of
    )?;
    writeln!(
        out,
        "rules alone, records with a counted behaviour, pattern or breach: precision {} of {}, recall {} of {}",
        two_places(report.record_precision),
        report.record_precision.of,
        two_places(report.record_recall),
        report.record_recall.of
    )
}

fn two_places(share: Share) -> String {
    share.value().map_or_else(|| "-".to_owned(), |value| format!("{value:.2}"))
}

/// A reader that closes the pipe early (`| head`) is no failure.
pub(super) fn written_out(written: std::io::Result<()>) -> Result<()> {
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Error::io("standard output", "cannot write", error)),
        _ => Ok(()),
    }
}

fn list(out: &mut impl Write, rules: &RuleSet, json: bool) -> std::io::Result<()> {
    if json {
        let rows: Vec<_> = rules.rules().iter().map(as_json).collect();
        return writeln!(out, "{}", json!(rows));
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    for indicator in Indicator::ALL {
        let of: Vec<_> = rules.rules().iter().filter(|rule| rule.indicator == indicator).collect();
        table.add_row([indicator.id().to_owned(), indicator.name().to_uppercase(), String::new()]);
        for rule in of {
            table.add_row([format!("  {}", rule.id), rule.title.clone(), rule.status.name().to_owned()]);
        }
    }
    writeln!(out, "{table}")?;
    writeln!(
        out,
        "\n{} rules for {} indicators, {} context cues; `foursight rules show B07` tells what one means",
        rules.rules().len(),
        Indicator::ALL.len(),
        rules.cues().len()
    )
}

fn show(out: &mut impl Write, chosen: &[&Rule], id: &str, json: bool) -> std::io::Result<()> {
    if json {
        let rows: Vec<_> = chosen.iter().map(|rule| as_json(rule)).collect();
        return writeln!(out, "{}", json!(rows));
    }
    if let Some(indicator) = Indicator::from_id(id) {
        writeln!(out, "{BOLD}{} {}{BOLD:#} \u{2013} {}\n", indicator.id(), indicator.name(), indicator.plain_words())?;
    }
    for rule in chosen {
        writeln!(out, "{BOLD}{}{BOLD:#} {} {QUIET}({}, {}){QUIET:#}", rule.id, rule.title, rule.indicator.name(), rule.status.name())?;
        writeln!(out, "  {}", rule.why)?;
        writeln!(out, "  patterns")?;
        for pattern in &rule.patterns {
            writeln!(out, "    {pattern}")?;
        }
        let contexts: Vec<_> = rule.set_aside_when.iter().map(|context: &Context| context.name()).collect();
        writeln!(out, "  set aside when {}", contexts.join(", "))?;
        if !rule.needs.is_empty() {
            let needed: Vec<_> = rule.needs.iter().map(|indicator| indicator.id()).collect();
            writeln!(out, "  counts only beside a finding of {}", needed.join(" or "))?;
        }
        writeln!(out, "  flags")?;
        for sentence in &rule.must_flag {
            writeln!(out, "    + {sentence}")?;
        }
        writeln!(out, "  passes")?;
        for sentence in &rule.must_pass {
            writeln!(out, "    - {sentence}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn check(out: &mut impl Write, rules: &RuleSet, json: bool) -> Result<()> {
    let faults = rules.check();
    let sentences: usize = rules.rules().iter().map(|rule| rule.must_flag.len() + rule.must_pass.len()).sum();
    let examples: usize = rules.cues().iter().map(|cue| cue.covers.len() + cue.spares.len()).sum();
    let written = if json {
        let rows: Vec<_> = faults
            .iter()
            .map(|fault| json!({"rule": fault.rule, "file": fault.file.display().to_string(), "fault": fault.message}))
            .collect();
        writeln!(
            out,
            "{}",
            json!({"rules": rules.rules().len(), "sentences": sentences, "cue_examples": examples, "sha256": rules.sha256(), "faults": rows})
        )
    } else {
        faults.iter().try_for_each(|fault| writeln!(out, "{} {}: {}", fault.rule, fault.file.display(), fault.message)).and_then(|()| {
            writeln!(out, "{} rules, {sentences} sentences and {examples} cue examples run, {} faults", rules.rules().len(), faults.len())
        })
    };
    written_out(written)?;
    match faults.first() {
        None => Ok(()),
        Some(first) => {
            let path = if first.file.as_os_str().is_empty() { first.rule.clone().into() } else { first.file.clone() };
            Err(Error::Rule { path, message: format!("{} faults; the first: {}", faults.len(), first.message) })
        }
    }
}

fn as_json(rule: &Rule) -> serde_json::Value {
    json!({
        "id": rule.id,
        "indicator": rule.indicator.id(),
        "indicator_name": rule.indicator.name(),
        "status": rule.status.name(),
        "title": rule.title,
        "why": rule.why,
        "patterns": rule.patterns,
        "set_aside_when": rule.set_aside_when,
        "needs": rule.needs,
        "must_flag": rule.must_flag,
        "must_pass": rule.must_pass,
    })
}
