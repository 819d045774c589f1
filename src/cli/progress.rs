//! Progress on standard error: only on a terminal, never with `--quiet`.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Steps of the bar; a share of the work is shown in these.
const STEPS: f64 = 10_000.0;

/// A progress bar, or nothing. It is taken away when it is dropped, so that an error starts on a line of its own.
pub(super) struct Progress(Option<ProgressBar>);

impl Progress {
    /// A bar, unless `quiet` or standard error is no terminal.
    pub(super) fn new(quiet: bool) -> Self {
        if quiet || !std::io::stderr().is_terminal() {
            return Self(None);
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a constant")]
        let bar = ProgressBar::new(STEPS as u64);
        if let Ok(style) = ProgressStyle::with_template("{bar:32} {percent:>3} %  {elapsed} gone, {eta} left  {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(Some(bar))
    }

    /// Shows that a share (0..=1) of the work is done.
    pub(super) fn set_share(&self, share: f64) {
        if let Some(bar) = &self.0 {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 10,000")]
            bar.set_position((share.clamp(0.0, 1.0) * STEPS) as u64);
        }
    }

    /// Shows a few words beside the bar.
    pub(super) fn say(&self, words: String) {
        if let Some(bar) = &self.0 {
            bar.set_message(words);
        }
    }

    /// Prints a line on standard error, above the bar where there is one.
    pub(super) fn print(&self, line: &str) {
        match &self.0 {
            Some(bar) => bar.suspend(|| anstream::eprintln!("{line}")),
            None => anstream::eprintln!("{line}"),
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}
