//! Findings and the classifier's logit combined into one calibrated probability, with an explanation that adds up to it.
//!
//! The model is a logistic regression whose weights are part of the bundle (`fusion.toml`); calibration is affine in the
//! log-odds (Platt 1999), so it is folded into every part of the explanation.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::classifier::{Bundle, ProposalThresholds};
use crate::domain::{Explanation, Finding, Flag, Indicator, IndicatorGroup, Logit, Probability};
use crate::error::Result;

/// Kinds of behaviour beyond which one more adds nothing: the value of the `variety` feature is capped here.
const MAX_VARIETY: usize = 4;
/// The part of an explanation that the classifier adds.
pub const CLASSIFIER_PART: &str = "how the text reads to the classifier";

/// Fitted weights, calibration and thresholds.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Fusion {
    /// Log-odds of a narrative in which neither reader sees anything.
    pub bias: f64,
    /// Log-odds per unit of the classifier's logit.
    pub classifier: f64,
    /// Log-odds per distinct kind of behaviour (B indicator) beyond the first, up to four.
    pub variety: f64,
    /// Log-odds where a behaviour and a pattern (P02, P03 or P04) are both counted.
    pub behaviour_with_pattern: f64,
    pub calibration: Calibration,
    pub thresholds: Thresholds,
    /// Log-odds of each indicator that is counted at least once; 0 where not named.
    pub indicators: BTreeMap<Indicator, f64>,
    /// From which probability on the classifier's own words for an indicator are a finding.
    #[serde(default)]
    pub proposals: ProposalThresholds,
}

/// Calibrated log-odds = slope * raw + intercept.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    pub slope: f64,
    pub intercept: f64,
}

/// The least probability, rounded to 4 places, for each flag.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    pub likely: f64,
    pub possible: f64,
}

impl Thresholds {
    /// What is wrong with the two numbers, if anything is.
    pub fn fault(self) -> Option<String> {
        let inside = |x: f64| x > 0.0 && x < 1.0;
        if !inside(self.likely) || !inside(self.possible) {
            return Some("a threshold is a probability above 0 and below 1".to_owned());
        }
        (self.possible > self.likely).then(|| "the threshold for possible is not above that for likely".to_owned())
    }

    /// The flag for a probability, which is rounded to 4 places first so that equal printed numbers mean equal flags.
    pub fn flag(self, probability: Probability) -> Flag {
        let probability = probability.rounded().value();
        if probability >= self.likely {
            Flag::Likely
        } else if probability >= self.possible {
            Flag::Possible
        } else {
            Flag::None
        }
    }
}

/// The numbers that fusion sees in a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// The classifier's log-odds.
    pub classifier: f64,
    /// Counted indicators, each once, in the order of their ids.
    pub indicators: Vec<Indicator>,
    /// Distinct kinds of behaviour beyond the first, at most three.
    pub variety: f64,
    /// 1 where a behaviour and a pattern are both counted, else 0.
    pub behaviour_with_pattern: f64,
}

impl Features {
    /// From the classifier's log-odds and a record's findings; only counted ones matter, and only the rules': what the classifier found
    /// is in its log-odds.
    pub fn new(classifier: Logit, findings: &[Finding]) -> Self {
        let mut indicators: Vec<_> = findings.iter().filter(|f| f.is_counted() && !f.is_the_models()).map(|f| f.indicator).collect();
        indicators.sort_unstable();
        indicators.dedup();
        let behaviours = indicators.iter().filter(|i| i.group() == IndicatorGroup::Behaviour).count();
        let pattern = indicators.iter().any(|i| matches!(i, Indicator::P02 | Indicator::P03 | Indicator::P04));
        #[expect(clippy::cast_precision_loss, reason = "at most three")]
        let variety = behaviours.clamp(1, MAX_VARIETY).saturating_sub(1) as f64;
        let behaviour_with_pattern = if pattern && behaviours > 0 { 1.0 } else { 0.0 };
        Self { classifier: classifier.0, indicators, variety, behaviour_with_pattern }
    }
}

impl Fusion {
    /// The fusion weights of a bundle.
    ///
    /// # Errors
    /// [`crate::error::Error::Bundle`] if `fusion.toml` does not parse or its thresholds make no sense.
    pub fn new(bundle: &Bundle) -> Result<Self> {
        let fusion: Self = toml::from_str(bundle.text("fusion.toml")?)
            .map_err(|error| bundle.fault(format!("fusion.toml does not parse: {}", error.message())))?;
        match fusion.thresholds.fault() {
            Some(message) => Err(bundle.fault(format!("fusion.toml: {message}"))),
            None => Ok(fusion),
        }
    }

    /// The calibrated log-odds that a trained reviewer would say likely or possible, as a tree that adds up to them.
    pub fn explain(&self, features: &Features) -> Explanation {
        let scale = self.calibration.slope;
        let mut parts = vec![
            Explanation::leaf("where every record starts", scale * self.bias + self.calibration.intercept),
            Explanation::leaf(CLASSIFIER_PART, scale * self.classifier * features.classifier),
        ];
        let leaves: Vec<_> = features
            .indicators
            .iter()
            .map(|indicator| {
                let weight = self.indicators.get(indicator).copied().unwrap_or(0.0);
                Explanation::leaf(format!("{} {}", indicator.id(), indicator.name()), scale * weight)
            })
            .collect();
        if !leaves.is_empty() {
            parts.push(Explanation::sum("indicators found", leaves));
        }
        if features.variety > 0.0 {
            parts.push(Explanation::leaf("several kinds of behaviour", scale * self.variety * features.variety));
        }
        if features.behaviour_with_pattern > 0.0 {
            parts.push(Explanation::leaf("behaviour together with a pattern", scale * self.behaviour_with_pattern));
        }
        Explanation::sum("score (log-odds)", parts)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{Context, FindingStatus, Span};

    fn fusion() -> Fusion {
        Fusion {
            bias: -3.0,
            classifier: 0.7,
            variety: 0.4,
            behaviour_with_pattern: 0.9,
            calibration: Calibration { slope: 1.2, intercept: -0.1 },
            thresholds: Thresholds { likely: 0.7, possible: 0.4 },
            indicators: BTreeMap::from([(Indicator::B07, 1.5), (Indicator::B09, 0.8), (Indicator::P04, 1.1)]),
            proposals: BTreeMap::new(),
        }
    }

    fn finding(indicator: Indicator, status: FindingStatus) -> Finding {
        Finding { indicator, rule: Arc::from("X"), span: Span::new(0, 1), status }
    }

    #[test]
    fn the_explanation_adds_up_to_the_calibrated_score() {
        let findings = [Indicator::B07, Indicator::B07, Indicator::B09, Indicator::P04].map(|i| finding(i, FindingStatus::Counted));
        let explanation = fusion().explain(&Features::new(Logit(2.0), &findings));
        let raw = -3.0 + 0.7 * 2.0 + 1.5 + 0.8 + 1.1 + 0.4 + 0.9;
        assert!((explanation.value - (1.2 * raw - 0.1)).abs() < 1e-12);
        fn adds_up(node: &Explanation) -> bool {
            node.parts.is_empty()
                || ((node.parts.iter().map(|p| p.value).sum::<f64>() - node.value).abs() < 1e-12 && node.parts.iter().all(adds_up))
        }
        assert!(adds_up(&explanation));
    }

    #[test]
    fn what_is_set_aside_adds_nothing() {
        let aside = [finding(Indicator::B07, FindingStatus::SetAside(Context::Negated))];
        let fusion = fusion();
        assert_eq!(fusion.explain(&Features::new(Logit(1.0), &aside)), fusion.explain(&Features::new(Logit(1.0), &[])));
    }

    #[test]
    fn thresholds_apply_to_the_rounded_probability() {
        let thresholds = fusion().thresholds;
        let flag = |p: f64| thresholds.flag(Probability::new(p).unwrap());
        assert_eq!([flag(0.69996), flag(0.69994), flag(0.39996), flag(0.1)], [Flag::Likely, Flag::Possible, Flag::Possible, Flag::None]);
        assert!(Thresholds { likely: 0.2, possible: 0.4 }.fault().is_some());
        assert!(Thresholds { likely: 1.0, possible: 0.4 }.fault().is_some());
    }
}
