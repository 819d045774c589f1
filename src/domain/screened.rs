use super::{Explanation, Finding, Incident, Indicator, Probability, Span};

/// What the engine suggests a person should do with a record. It never says that anybody is guilty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flag {
    None,
    Possible,
    Likely,
}

impl Flag {
    /// The name used in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Likely => "likely",
            Self::Possible => "possible",
            Self::None => "none",
        }
    }
}

/// Order in which a reviewer should look; about the conduct written down, not a forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RiskTier {
    None,
    Standard,
    Medium,
    High,
}

impl RiskTier {
    /// The name used in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Standard => "standard",
            Self::None => "none",
        }
    }
}

/// Which reader a score comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadBy {
    Full,
    Triage,
}

impl ReadBy {
    /// The name used in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Triage => "triage",
        }
    }
}

/// Everything that is known about one record after screening: one row of `screened` and its rows of `findings`.
#[derive(Debug, Clone)]
pub struct ScreenedRecord {
    pub incident: Incident,
    pub flag: Flag,
    /// Calibrated, rounded to 4 places: that a trained reviewer would say likely or possible.
    pub probability: Probability,
    pub risk: RiskTier,
    /// Sentences for the reviewer, most important first.
    pub reasons: Vec<String>,
    /// In order of their place in the narrative, then indicator, then rule.
    pub findings: Vec<Finding>,
    /// It reads as stalking and is recorded as something else.
    pub recorded_otherwise: bool,
    pub read_by: ReadBy,
    pub words: usize,
    /// Word pieces of the whole narrative, without the encoder's own markers.
    pub tokens: usize,
    /// Of these, how many the classifier read. Equal to `tokens` unless the narrative is empty of words.
    pub tokens_scored: usize,
    pub windows: usize,
    /// The passage that weighed most for the classifier.
    pub strongest_window: Option<Span>,
    /// The first record of the run with exactly this narrative, if this is not it.
    pub duplicate_of: Option<String>,
    /// How the score came about; its value is the log-odds of `probability` before rounding.
    pub explanation: Explanation,
}

impl ScreenedRecord {
    /// The indicators counted, without repeats, in the order of their ids.
    pub fn indicators(&self) -> Vec<Indicator> {
        let mut ids: Vec<_> = self.findings.iter().filter(|f| f.is_counted()).map(|f| f.indicator).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}
