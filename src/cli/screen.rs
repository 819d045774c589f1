use clap::ArgMatches;
use crate::error::Result;
pub(super) fn run(_matches: &ArgMatches) -> Result<()> { Ok(()) }
