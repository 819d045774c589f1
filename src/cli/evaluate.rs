//! `foursight evaluate`: labelled records in; tables, `metrics.json` and `evaluation.html` out.

use std::io::Write;
use std::path::PathBuf;

use anstream::stdout;
use clap::ArgMatches;
use clap::parser::ValueSource;

use super::args::OPTIONS;
use super::progress::Progress;
use super::rules::written_out;
use super::screen::{model_source, threshold};
use super::settings::Resolver;
use super::{engine_settings, thread_pool};
use crate::error::{Error, Result};
use crate::evaluate::{Folder, Limits, Sample, Settings, all_hold, as_text, evaluate, json};
use crate::labels::Split;
use crate::pipeline::{Engine, EngineSettings};

/// What was asked for.
struct Options {
    engine: EngineSettings,
    labelled: Vec<PathBuf>,
    records: Vec<PathBuf>,
    train: Vec<PathBuf>,
    split: Option<Split>,
    out: Option<PathBuf>,
    overwrite: bool,
    limits: Option<PathBuf>,
    settings: Settings,
    threads: usize,
    quiet: bool,
    json: bool,
}

pub(super) fn run(matches: &ArgMatches) -> Result<()> {
    let options = options(matches)?;
    // Everything that can be wrong with what was asked for comes before the long work.
    let limits = options.limits.as_deref().map(Limits::load).transpose()?;
    let sample = Sample::load(&options.labelled, &options.records, &options.train, options.split)?;
    let folder = options.out.as_deref().map(|out| Folder::create(out, options.overwrite)).transpose()?;
    let progress = Progress::new(options.quiet);
    let mut evaluated = thread_pool(options.threads)?.install(|| {
        let engine = Engine::new(&options.engine)?;
        evaluate(&engine, sample, &options.settings, &|share| progress.set_share(share))
    })?;
    progress.finish();
    let checked = limits.map(|limits| limits.check(&evaluated.evaluation)).unwrap_or_default();
    evaluated.evaluation.limits.clone_from(&checked);
    if let Some(folder) = &folder {
        folder.write(&evaluated)?;
    }
    if options.json {
        written_out(writeln!(stdout().lock(), "{}", json(&evaluated.evaluation)))?;
    } else if !options.quiet {
        let mut out = stdout().lock();
        written_out(as_text(&mut out, &evaluated.evaluation))?;
        if let Some(out_folder) = &options.out {
            let shown = out_folder.display();
            written_out(writeln!(out, "\n{shown}: evaluation.html to look, metrics.json for programs; the page quotes narratives"))?;
        }
    }
    all_hold(&checked)
}

fn options(matches: &ArgMatches) -> Result<Options> {
    let mut resolver = Resolver::new(matches, OPTIONS)?;
    let mut engine = engine_settings(&mut resolver);
    engine.likely = threshold(&mut resolver, "threshold-likely");
    engine.possible = threshold(&mut resolver, "threshold-possible");
    let defaults = Settings::default();
    let settings = Settings {
        minutes_per_record: resolver.value("minutes-per-record", defaults.minutes_per_record),
        prevalence_percent: resolver.optional("prevalence"),
        seed: resolver.value("seed", defaults.seed),
        link_model: model_source(&mut resolver)?,
        rounds: defaults.rounds,
    };
    if !(settings.minutes_per_record > 0.0 && settings.minutes_per_record.is_finite()) {
        resolver.fault("--minutes-per-record is a number above 0");
    }
    if settings.prevalence_percent.is_some_and(|percent| !(percent > 0.0 && percent < 100.0)) {
        resolver.fault("--prevalence is a percentage above 0 and below 100");
    }
    let split = split_of(&mut resolver);
    let (records, train) = (files(matches, &mut resolver, "records"), files(matches, &mut resolver, "train"));
    let options = Options {
        engine,
        labelled: matches.get_many::<String>("labelled").into_iter().flatten().map(PathBuf::from).collect(),
        records,
        train,
        split,
        out: resolver.optional::<String>("out").map(PathBuf::from),
        overwrite: resolver.switch("overwrite"),
        limits: resolver.optional::<String>("limits").map(PathBuf::from),
        settings,
        threads: resolver.value("threads", 0),
        quiet: resolver.switch("quiet"),
        json: resolver.switch("json"),
    };
    if options.out.as_deref().is_some_and(|out| out.as_os_str().is_empty()) {
        return Err(Error::Usage("--out is empty; name a folder for the results".to_owned()));
    }
    resolver.finish()?;
    Ok(options)
}

/// Paths as typed, several after one another, or as set elsewhere, separated by commas.
fn files(matches: &ArgMatches, resolver: &mut Resolver<'_>, name: &str) -> Vec<PathBuf> {
    let set = resolver.list(name);
    match matches.get_many::<String>(name) {
        Some(typed) if matches.value_source(name) == Some(ValueSource::CommandLine) => typed.map(PathBuf::from).collect(),
        _ => set.into_iter().map(PathBuf::from).collect(),
    }
}

/// The writers to read; all of them for `None`.
pub(super) fn split_of(resolver: &mut Resolver<'_>) -> Option<Split> {
    match resolver.value("split", "all".to_owned()).as_str() {
        "all" => None,
        "train" => Some(Split::Train),
        "dev" => Some(Split::Dev),
        "test" => Some(Split::Test),
        other => {
            resolver.fault(format!("--split {other:?} is none of train, dev, test and all"));
            None
        }
    }
}
