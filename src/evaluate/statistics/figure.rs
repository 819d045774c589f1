use serde::Serialize;

/// A figure with its 95 % interval, or the reason why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct Figure {
    /// `None` where it is not defined.
    pub value: Option<f64>,
    /// Ends of the 95 % interval; `None` where there are too few rows for one.
    pub lower: Option<f64>,
    pub upper: Option<f64>,
    /// Why there is no value or no interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Figure {
    /// A figure with an interval.
    pub fn with_interval(value: f64, (lower, upper): (f64, f64)) -> Self {
        Self { value: Some(value), lower: Some(lower), upper: Some(upper), note: None }
    }

    /// A figure without an interval, and why.
    pub fn alone(value: f64, note: impl Into<String>) -> Self {
        Self { value: Some(value), lower: None, upper: None, note: Some(note.into()) }
    }

    /// Not defined, and why.
    pub fn undefined(why: impl Into<String>) -> Self {
        Self { value: None, lower: None, upper: None, note: Some(format!("not defined, {}", why.into())) }
    }

    /// Whether the figure has a value.
    pub fn is_defined(&self) -> bool {
        self.value.is_some()
    }
}
