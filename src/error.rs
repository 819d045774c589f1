//! The crate's error: what went wrong, where, and what to do about it.
//!
//! Messages carry ids, paths, rows and columns, never narrative text or names.

use std::path::{Path, PathBuf};

/// Shorthand for results with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a command could not do its work. Every variant maps to one exit code ([`Error::exit_code`]).
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Options or settings that do not fit together, or an input that cannot be what the user meant. The text says what to do.
    #[error("{0}")]
    Usage(String),

    /// An input file as a whole is unreadable (single bad rows are rejected and counted instead).
    #[error("{}: {message}", path.display())]
    Input { path: PathBuf, message: String },

    /// A file or folder could not be read or written.
    #[error("{}: {action}: {source}", path.display())]
    Io {
        path: PathBuf,
        action: &'static str,
        #[source]
        source: std::io::Error,
    },

    /// More rows were rejected than `--max-reject` allows; the run's output was still written.
    #[error(
        "{rejected} of {rows} rows were rejected, more than --max-reject {limit_percent} % allows; see rejected.csv for file, row, column and cause of each"
    )]
    TooManyRejected { rejected: u64, rows: u64, limit_percent: f64 },

    /// Figures of `evaluate` did not keep the limits stated for them; its output was still written.
    #[error("{} of {of} limits missed:\n  {}", missed.len(), missed.join("\n  "))]
    LimitsMissed {
        /// Each with figure and bound.
        missed: Vec<String>,
        of: usize,
    },

    /// A model bundle failed its check.
    #[error("model bundle {}: {message}", path.display())]
    Bundle { path: PathBuf, message: String },

    /// A rule file failed its check; `path` is the file, `message` starts with line and column where they are known.
    #[error("rule file {}: {message}", path.display())]
    Rule { path: PathBuf, message: String },

    /// A computation inside the encoder failed: a defect of the program, not of the input.
    #[error("encoder: {0}")]
    Encoder(#[from] candle_core::Error),
}

impl Error {
    /// An [`Error::Io`] with the path it happened at.
    pub fn io(path: impl AsRef<Path>, action: &'static str, source: std::io::Error) -> Self {
        Self::Io { path: path.as_ref().to_owned(), action, source }
    }

    /// An [`Error::Input`] for `path`.
    pub fn input(path: impl AsRef<Path>, message: impl Into<String>) -> Self {
        Self::Input { path: path.as_ref().to_owned(), message: message.into() }
    }

    /// The process exit code that CONTRACT promises: 1 failed, 2 usage or settings, 3 too many rows rejected, 4 a limit
    /// of `evaluate` missed, 5 bundle or rules.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Input { .. } | Self::Io { .. } | Self::Encoder(_) => 1,
            Self::Usage(_) => 2,
            Self::TooManyRejected { .. } => 3,
            Self::LimitsMissed { .. } => 4,
            Self::Bundle { .. } | Self::Rule { .. } => 5,
        }
    }
}
