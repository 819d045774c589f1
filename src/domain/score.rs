/// Log-odds, any real number: 0 is even, positive leans towards review.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Logit(pub f64);

/// A probability in 0..=1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Probability(f64);

impl Logit {
    /// The probability with these log-odds.
    pub fn probability(self) -> Probability {
        Probability(1.0 / (1.0 + (-self.0).exp()))
    }
}

impl Probability {
    /// A probability from a number in 0..=1; `None` outside it or for NaN.
    pub fn new(value: f64) -> Option<Self> {
        (0.0..=1.0).contains(&value).then_some(Self(value))
    }

    /// The number in 0..=1.
    pub fn value(self) -> f64 {
        self.0
    }

    /// Rounded to 4 places, the precision at which two runs must agree and at which thresholds are applied.
    pub fn rounded(self) -> Self {
        Self((self.0 * 1e4).round() / 1e4)
    }
}
