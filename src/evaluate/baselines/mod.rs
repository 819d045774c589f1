//! What the engine is measured beside: the search that a force uses today, a bag of words, and the engine's own rules without its
//! classifier.

mod keywords;
mod tfidf;

pub(super) use keywords::keyword_score;
pub(super) use tfidf::TfIdf;

use crate::domain::Explanation;
use crate::fusion::CLASSIFIER_PART;

/// The engine's log-odds without the classifier's part: where every record starts, the indicators, variety and pattern, with the weights
/// as they are fitted beside the classifier.
pub(super) fn rules_score(explanation: &Explanation) -> f64 {
    let classifier: f64 = explanation.parts.iter().filter(|part| part.label == CLASSIFIER_PART).map(|part| part.value).sum();
    explanation.value - classifier
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::{Indicator, Logit};
    use crate::fusion::{Calibration, Features, Fusion, Thresholds};

    #[test]
    fn rules_alone_are_the_score_less_the_classifier() {
        let fusion = Fusion {
            bias: -3.0,
            classifier: 0.7,
            variety: 0.4,
            behaviour_with_pattern: 0.9,
            calibration: Calibration { slope: 2.0, intercept: -0.1 },
            thresholds: Thresholds { likely: 0.7, possible: 0.4 },
            indicators: BTreeMap::from([(Indicator::B07, 1.5)]),
            proposals: BTreeMap::new(),
        };
        let features = |concern| Features { indicators: vec![Indicator::B07], ..Features::new(Logit(concern), &[]) };
        for concern in [-5.0, 0.0, 3.0] {
            assert!((rules_score(&fusion.explain(&features(concern))) - (2.0 * (-3.0 + 1.5) - 0.1)).abs() < 1e-12);
        }
    }
}
