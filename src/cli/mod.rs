//! The command line: what was typed ([`command`]), what it means (`settings`), and one file a command.

mod args;
mod compare;
mod evaluate;
mod explain;
mod progress;
mod rules;
mod screen;
mod settings;
mod train;

use clap::ArgMatches;

pub use args::command;
pub use settings::Origin;

use crate::error::{Error, Result};
use crate::pipeline::EngineSettings;
use settings::Resolver;

/// The classifier reads at most this many windows of one narrative unless told otherwise: some 14,000 tokens.
const MAX_WINDOWS: usize = 64;

/// Runs the command that was typed. Standard output carries results, standard error progress.
///
/// # Errors
/// Whatever stopped the command; [`Error::exit_code`] is what the process should end with.
pub fn run(matches: &ArgMatches) -> Result<()> {
    match matches.subcommand() {
        Some(("screen", matches)) => screen::run(matches),
        Some(("compare", matches)) => compare::run(matches),
        Some(("evaluate", matches)) => evaluate::run(matches),
        Some(("explain", matches)) => explain::run(matches),
        Some(("rules", matches)) => rules::run(matches),
        Some(("train", matches)) => train::run(matches),
        _ => Err(Error::Usage("no command given; see foursight --help".to_owned())),
    }
}

/// The settings that `screen`, `evaluate` and `explain` share.
fn engine_settings(resolver: &mut Resolver<'_>) -> EngineSettings {
    EngineSettings {
        model: resolver.optional::<String>("model").map(Into::into),
        rules: resolver.optional::<String>("rules").map(Into::into),
        policy: resolver.optional::<String>("policy").map(Into::into),
        max_windows: resolver.value("max-windows", MAX_WINDOWS),
        likely: None,
        possible: None,
    }
}

/// A pool of `threads` threads, or one a core for 0; the one owner of threads of a command.
fn thread_pool(threads: usize) -> Result<rayon::ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .stack_size(8 << 20)
        .build()
        .map_err(|error| Error::Usage(format!("--threads {threads}: {error}")))
}
