use serde::Serialize;

/// A number as a tree: each node's value is the sum of its children's, so a reader can follow it down to the evidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// What this part of the score stands for, in plain words.
    pub label: String,
    /// Log-odds that this part adds.
    pub value: f64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Explanation>,
}

impl Explanation {
    /// A node without parts.
    pub fn leaf(label: impl Into<String>, value: f64) -> Self {
        Self { label: label.into(), value, parts: Vec::new() }
    }

    /// A node whose value is the sum of `parts`.
    pub fn sum(label: impl Into<String>, parts: Vec<Self>) -> Self {
        Self { label: label.into(), value: parts.iter().map(|part| part.value).sum(), parts }
    }
}
