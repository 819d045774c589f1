//! `foursight rules list|show|check`.

use std::io::Write;

use anstream::stdout;
use anstyle::Style;
use clap::ArgMatches;
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::json;

use super::args::OPTIONS;
use super::settings::Resolver;
use crate::domain::{Context, Indicator};
use crate::error::{Error, Result};
use crate::indicators::{Rule, RuleSet};

const BOLD: Style = Style::new().bold();
const QUIET: Style = Style::new().dimmed();

pub(super) fn run(matches: &ArgMatches) -> Result<()> {
    let Some((verb, matches)) = matches.subcommand() else {
        return Err(Error::Usage("rules wants list, show or check".to_owned()));
    };
    let mut resolver = Resolver::new(matches, OPTIONS)?;
    let own = resolver.optional::<String>("rules").map(std::path::PathBuf::from);
    let json = resolver.switch("json");
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
        _ => return check(&mut out, &rules, json),
    };
    written_out(written)
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
