//! `foursight train`.

use std::path::{Path, PathBuf};

use anstream::println;
use clap::ArgMatches;
use sha2::{Digest, Sha256};

use super::args::OPTIONS;
use super::progress::Progress as Bar;
use super::settings::Resolver;
use super::thread_pool;
use crate::classifier::{Bundle, hex};
use crate::error::{Error, Result};
use crate::indicators::RuleSet;
use crate::labels::{self, LabelledRecord, Split};
use crate::train::{self, FileUsed, Places, Settings};

pub(super) fn run(matches: &ArgMatches) -> Result<()> {
    let mut resolver = Resolver::new(matches, OPTIONS)?;
    let corpus: Vec<PathBuf> = matches.get_many::<String>("corpus").into_iter().flatten().map(PathBuf::from).collect();
    let out = resolver.optional::<String>("out").map(PathBuf::from);
    let base = resolver.optional::<String>("model").map(PathBuf::from);
    let own_rules = resolver.optional::<String>("rules").map(PathBuf::from);
    let threads = resolver.value("threads", 0usize);
    let defaults = Settings::default();
    let settings = Settings {
        seed: resolver.value("seed", defaults.seed),
        epochs: resolver.value("epochs", defaults.epochs),
        rate: resolver.value("learning-rate", defaults.rate),
        frozen_layers: resolver.value("frozen-layers", defaults.frozen_layers),
        ..defaults
    };
    let quiet = resolver.switch("quiet");
    if out.is_none() {
        resolver.fault("train wants --out DIR, the folder of the bundle to write");
    }
    resolver.finish()?;
    let out = out.unwrap_or_default();
    let base = base.as_deref().map_or_else(Bundle::embedded, Bundle::load)?;

    let records = labels::load(&corpus)?;
    let files = corpus.iter().map(|path| file_used(path, &records)).collect::<Result<Vec<_>>>()?;
    let rules = RuleSet::load(own_rules.as_deref())?;
    let mut checkpoint = out.clone().into_os_string();
    checkpoint.push(".checkpoint");
    let checkpoint = PathBuf::from(checkpoint);
    let places = Places { base: &base, out: &out, checkpoint: &checkpoint, files };
    let bar = Bar::new(quiet);
    let show = |progress: train::Progress| {
        bar.set_share(progress.share);
        let dev = progress.dev.map(|dev| format!(", dev {dev:.4}")).unwrap_or_default();
        bar.say(format!("pass {}, loss {:.3}{dev}", progress.epoch, progress.loss));
    };
    let outcome = thread_pool(threads)?.install(|| train::fit(&records, &rules, &places, &settings, threads, &show))?;
    bar.finish();
    // There is none where no pass was asked for.
    if checkpoint.exists() {
        std::fs::remove_dir_all(&checkpoint).map_err(|source| Error::io(&checkpoint, "cannot remove the checkpoint", source))?;
    }
    let json = serde_json::to_string(&outcome).map_err(|error| Error::Usage(error.to_string()))?;
    println!("{json}");
    Ok(())
}

fn file_used(path: &Path, records: &[LabelledRecord]) -> Result<FileUsed> {
    let bytes = std::fs::read(path).map_err(|source| Error::io(path, "cannot read", source))?;
    let writer = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let splits: Vec<Split> = records.iter().filter(|record| record.writer == writer).map(|record| record.split).collect();
    let split = match splits.first() {
        Some(first) if splits.iter().all(|split| split == first) => first.name(),
        _ => "mixed",
    };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(FileUsed { name, records: splits.len(), split, sha256: hex(&Sha256::digest(bytes)) })
}
