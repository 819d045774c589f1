//! `foursight explain`: one narrative, what was found in it, what was set aside, and how the score came about.

use std::io::{Read, Write};

use anstream::stdout;
use anstyle::{AnsiColor, Style};
use clap::ArgMatches;
use serde_json::json;

use super::args::OPTIONS;
use super::rules::written_out;
use super::settings::Resolver;
use super::{engine_settings, thread_pool};
use crate::domain::{Explanation, Finding, Flag, Incident};
use crate::error::{Error, Result};
use crate::pipeline::{Engine, Examined};
use crate::report::{Mark, pieces, visible};

const BOLD: Style = Style::new().bold();
const QUIET: Style = Style::new().dimmed();
const COUNTED: Style = AnsiColor::Yellow.on_default().bold();

pub(super) fn run(matches: &ArgMatches) -> Result<()> {
    let mut resolver = Resolver::new(matches, OPTIONS)?;
    let settings = engine_settings(&mut resolver);
    let json = resolver.switch("json");
    resolver.finish()?;
    let text = match matches.get_one::<String>("text").map(String::as_str) {
        None | Some("-") => {
            let mut bytes = Vec::new();
            std::io::stdin().read_to_end(&mut bytes).map_err(|error| Error::io("standard input", "cannot read", error))?;
            String::from_utf8(bytes).map_err(|_| Error::Usage("standard input is not UTF-8 text".to_owned()))?
        }
        Some(text) => text.to_owned(),
    };
    if text.trim().is_empty() {
        return Err(Error::Usage("there is no text to explain; give it in quotes or on standard input".to_owned()));
    }
    let incident = Incident { id: "explained".to_owned(), narrative: text, file: 0, row: 1, fields: Vec::new(), kept: Vec::new() };
    let (engine, examined) = thread_pool(0)?.install(|| {
        let engine = Engine::new(&settings)?;
        let examined = engine.examine(incident)?;
        Ok::<_, Error>((engine, examined))
    })?;
    let mut out = stdout().lock();
    written_out(if json { as_json(&mut out, &engine, &examined) } else { as_text(&mut out, &engine, &examined) })
}

fn as_text(out: &mut impl Write, engine: &Engine, examined: &Examined) -> std::io::Result<()> {
    let record = &examined.record;
    let text = &record.incident.narrative;
    highlighted(out, text, &record.findings)?;
    let thresholds = engine.thresholds();
    let meaning = match record.flag {
        Flag::None => "not flagged".to_owned(),
        flag => format!("flagged {} for review, risk tier {}", flag.name(), record.risk.name()),
    };
    writeln!(out, "\n{BOLD}{meaning}{BOLD:#}")?;
    for reason in &record.reasons {
        writeln!(out, "  {reason}")?;
    }
    let (counted, aside): (Vec<&Finding>, Vec<&Finding>) = record.findings.iter().partition(|finding| finding.is_counted());
    if !counted.is_empty() {
        writeln!(out, "\n{BOLD}Counted{BOLD:#}")?;
    }
    for finding in counted {
        writeln!(
            out,
            "  {} {:<34} {QUIET}{:>6}{QUIET:#}  {}",
            finding.indicator,
            finding.indicator.name(),
            finding.rule,
            one_line(finding.span.slice(text))
        )?;
    }
    if !aside.is_empty() {
        writeln!(out, "\n{BOLD}Set aside{BOLD:#}")?;
    }
    for finding in aside {
        let why = finding.context().map_or("", |context| context.name());
        writeln!(
            out,
            "  {} {:<34} {QUIET}{:>6}{QUIET:#}  {} ({why})",
            finding.indicator,
            finding.indicator.name(),
            finding.rule,
            one_line(finding.span.slice(text))
        )?;
    }
    writeln!(out, "\n{BOLD}How the score came about{BOLD:#} (log-odds)")?;
    tree(out, &record.explanation, 1)?;
    writeln!(
        out,
        "  probability {:.4} that a trained reviewer would say likely or possible; likely from {:.2}, possible from {:.2}",
        record.probability.value(),
        thresholds.likely,
        thresholds.possible
    )?;
    if record.windows > 1 {
        let passage = record.strongest_window.map(|span| one_line(span.slice(text))).unwrap_or_default();
        writeln!(out, "  read in {} passages; the strongest begins {:?}", record.windows, passage.chars().take(80).collect::<String>())?;
    }
    if record.tokens_scored < record.tokens {
        writeln!(out, "  the classifier read {} of {} tokens; --max-windows 0 reads all", record.tokens_scored, record.tokens)?;
    }
    writeln!(out, "  {QUIET}For review by a person. The engine decides nothing.{QUIET:#}")
}

/// The narrative with counted words in colour and [brackets] and those set aside in (round ones), so that it reads the same without
/// colour.
fn highlighted(out: &mut impl Write, text: &str, findings: &[Finding]) -> std::io::Result<()> {
    let marks: Vec<Mark> = findings.iter().map(Mark::from).collect();
    for piece in pieces(text, &marks, 0, text.len()) {
        match piece.class {
            "" => write!(out, "{}", piece.text)?,
            "aside" => write!(out, "{QUIET}({}){QUIET:#}", piece.text)?,
            _ => write!(out, "{COUNTED}[{}]{COUNTED:#}", piece.text)?,
        }
        let labels: Vec<&str> = piece.labels.iter().map(|label| label.text.as_str()).collect();
        if !labels.is_empty() {
            write!(out, "{QUIET}{}{QUIET:#}", labels.join(" "))?;
        }
    }
    writeln!(out)
}

fn one_line(text: &str) -> String {
    visible(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn tree(out: &mut impl Write, node: &Explanation, depth: usize) -> std::io::Result<()> {
    writeln!(out, "{:indent$}{:+.2}  {}", "", node.value, node.label, indent = depth * 2)?;
    node.parts.iter().try_for_each(|part| tree(out, part, depth + 1))
}

fn as_json(out: &mut impl Write, engine: &Engine, examined: &Examined) -> std::io::Result<()> {
    let record = &examined.record;
    let text = &record.incident.narrative;
    let findings: Vec<_> = record
        .findings
        .iter()
        .map(|finding| {
            json!({
                "indicator": finding.indicator.id(),
                "rule": *finding.rule,
                "start": finding.span.start,
                "end": finding.span.end,
                "quote": finding.span.slice(text),
                "status": finding.status_name(),
                "context": finding.context().map(|context| context.name()),
            })
        })
        .collect();
    let thresholds = engine.thresholds();
    let value = json!({
        "flag": record.flag.name(),
        "probability": record.probability.value(),
        "risk": record.risk.name(),
        "risk_why": examined.tier_why,
        "reasons": record.reasons,
        "indicators": record.indicators().iter().map(|indicator| indicator.id()).collect::<Vec<_>>(),
        "findings": findings,
        "explanation": record.explanation,
        "thresholds": {"likely": thresholds.likely, "possible": thresholds.possible},
        "words": record.words,
        "tokens": record.tokens,
        "tokens_scored": record.tokens_scored,
        "windows": record.windows,
        "strongest_window": record.strongest_window.map(|span| [span.start, span.end]),
        "sentences": examined.narrative.sentences.len(),
        "model_sha256": engine.bundle_sha256(),
        "rules_sha256": engine.rules().sha256(),
    });
    writeln!(out, "{value}")
}
