//! The words every stage shares: incidents, spans, findings, scores and the explanation that adds up to them.
//!
//! Nothing here reads a file or knows a stage.

mod explanation;
mod finding;
mod incident;
mod indicator;
mod score;
mod screened;
mod span;

pub use explanation::Explanation;
pub use finding::{Context, Finding, FindingStatus, MODEL};
pub use incident::{Column, Incident, RejectedRow};
pub use indicator::{Indicator, IndicatorGroup};
pub use score::{Logit, Probability};
pub use screened::{Flag, ReadBy, RiskTier, ScreenedRecord};
pub use span::Span;
