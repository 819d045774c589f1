//! The `foursight` program: parses, runs one command, turns its error into an exit code.

use std::process::ExitCode;

/// Tensors of tens of megabytes come and go many times a second: this allocator keeps their pages, where the system's gives them back
/// and has them cleared again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let matches = match foursight::cli::command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => {
            // Help and version go to standard output and are no failure.
            let code = if error.use_stderr() { 2 } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    match foursight::cli::run(&matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("foursight: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
