//! The arithmetic of figures: pure functions that count in integers first and say why there is no answer instead of giving a NaN.

mod bootstrap;
mod calibration;
mod figure;
mod paired;
mod ranking;
mod share;

pub use bootstrap::{Bootstrap, interval, least_two_sided_p};
pub use calibration::{Bin, Line, brier, calibration_line, expected_calibration_error, reliability};
pub use figure::Figure;
pub use paired::{holm, mcnemar_exact};
pub use ranking::{Ranking, Step};
pub use share::{Share, wilson};

/// A count as a real number.
#[expect(clippy::cast_precision_loss, reason = "counts of records, far below 2^52")]
pub(super) fn real(count: u64) -> f64 {
    count as f64
}
