//! `foursight train`.

use std::path::PathBuf;

use anstream::println;
use clap::ArgMatches;
use sha2::{Digest, Sha256};

use super::args::OPTIONS;
use super::settings::Resolver;
use super::progress::Progress;
use super::thread_pool;
use crate::classifier::hex;
use crate::error::{Error, Result};
use crate::indicators::RuleSet;
use crate::train;

pub(super) fn run(matches: &ArgMatches) -> Result<()> {
    let mut resolver = Resolver::new(matches, OPTIONS)?;
    let corpus: Vec<PathBuf> = matches.get_many::<String>("corpus").into_iter().flatten().map(PathBuf::from).collect();
    let out = resolver.optional::<String>("out").map(PathBuf::from);
    let own_rules = resolver.optional::<String>("rules").map(PathBuf::from);
    let threads = resolver.value("threads", 0usize);
    let quiet = resolver.switch("quiet");
    if out.is_none() {
        resolver.fault("train wants --out DIR, the folder of the bundle to fit");
    }
    resolver.finish()?;
    let out = out.unwrap_or_default();

    let mut hash = Sha256::new();
    for path in &corpus {
        hash.update(std::fs::read(path).map_err(|source| Error::io(path, "cannot read", source))?);
    }
    let records = train::load(&corpus)?;
    let rules = RuleSet::load(own_rules.as_deref())?;
    let made_by = format!(
        "foursight {} train: {} records in {} files, sha256 of the files {}, rules {}",
        env!("CARGO_PKG_VERSION"),
        records.len(),
        corpus.len(),
        hex(&hash.finalize()),
        rules.sha256()
    );
    let bar = Progress::new(quiet);
    let outcome = thread_pool(threads)?.install(|| train::fit(&records, &rules, &out, &made_by, &|share| bar.set_share(share)))?;
    bar.finish();
    let json = serde_json::to_string(&outcome).map_err(|error| Error::Usage(error.to_string()))?;
    println!("{json}");
    Ok(())
}
