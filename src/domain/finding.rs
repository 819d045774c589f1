use std::sync::Arc;

use super::{Indicator, Span};

/// Why words that match a rule are not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Context {
    /// "no threats were made"
    Negated,
    /// "worried that he may turn up", advice, a form's question
    Hypothetical,
    /// long ago and over
    Historical,
    /// about somebody who is neither suspect nor victim
    OtherPerson,
    /// a pasted form, leaflet, charge list or disclaimer
    Template,
    /// an innocent reading is stated: courier, bailiff, deer
    Benign,
}

impl Context {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Negated, Self::Hypothetical, Self::Historical, Self::OtherPerson, Self::Template, Self::Benign];

    /// The name used in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Negated => "negated",
            Self::Hypothetical => "hypothetical",
            Self::Historical => "historical",
            Self::OtherPerson => "other_person",
            Self::Template => "template",
            Self::Benign => "benign",
        }
    }
}

/// Whether a finding counts towards the score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FindingStatus {
    Counted,
    /// Recorded and shown, not scored.
    SetAside(Context),
}

/// In place of a rule's id where the classifier proposed the words.
pub const MODEL: &str = "model";

/// Words of a narrative that a rule recognised, or the classifier where no rule did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub indicator: Indicator,
    /// The rule's stable id, or [`MODEL`].
    pub rule: Arc<str>,
    /// Where the words stand in the narrative as received.
    pub span: Span,
    pub status: FindingStatus,
}

impl Finding {
    /// Whether the classifier found it and no rule.
    pub fn is_the_models(&self) -> bool {
        *self.rule == *MODEL
    }

    /// Whether the finding counts towards the score.
    pub fn is_counted(&self) -> bool {
        self.status == FindingStatus::Counted
    }

    /// `counted` or `set_aside`, as in the `findings` table.
    pub fn status_name(&self) -> &'static str {
        if self.is_counted() { "counted" } else { "set_aside" }
    }

    /// Why it was set aside, if it was.
    pub fn context(&self) -> Option<Context> {
        match self.status {
            FindingStatus::Counted => None,
            FindingStatus::SetAside(context) => Some(context),
        }
    }
}
