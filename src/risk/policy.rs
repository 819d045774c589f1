use std::path::Path;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::course::{CourseAssessment, CoursePolicy};
use crate::classifier::hex;
use crate::domain::{Finding, Flag, Indicator, RiskTier};
use crate::error::{Error, Result};
use crate::linkage::{Course, Link};

const VERSION: u32 = 1;

/// Rules that turn counted findings into a risk tier; the first that fits decides.
#[derive(Debug, Clone)]
pub struct Policy {
    tiers: Vec<TierRule>,
    course: CoursePolicy,
    sha256: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    version: u32,
    tier: Vec<TierRule>,
    /// Only the program's own policy must say it; a force's file without it keeps the program's.
    #[serde(default)]
    course: Option<CoursePolicy>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct TierRule {
    tier: RiskTier,
    why: String,
    #[serde(default)]
    all: Vec<Indicator>,
    #[serde(default)]
    any: Vec<Indicator>,
    #[serde(default)]
    rules: Vec<String>,
    /// Only for flagged records.
    #[serde(default)]
    flag: bool,
    #[expect(dead_code, reason = "every rule must say where it comes from; people read it")]
    source: String,
}

impl Policy {
    /// The policy in the binary.
    ///
    /// # Errors
    /// [`Error::Usage`] if the program was built with a broken policy.
    pub fn embedded() -> Result<Self> {
        Self::parse(include_str!("../../models/policy.toml"), Path::new("models/policy.toml"))
    }

    /// A policy file.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, [`Error::Usage`] if it does not parse.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::io(path, "cannot read the policy file", source))?;
        Self::parse(&text, path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self> {
        let file: PolicyFile =
            toml::from_str(text).map_err(|error| Error::Usage(format!("policy file {}: {}", path.display(), error.to_string().trim())))?;
        if file.version != VERSION {
            let message =
                format!("policy file {}: version {} is not version {VERSION}, which this program reads", path.display(), file.version);
            return Err(Error::Usage(message));
        }
        let course = match file.course {
            Some(course) => course,
            None => Self::embedded()?.course,
        };
        if let Some(fault) = course.fault() {
            return Err(Error::Usage(format!("policy file {}: {fault}", path.display())));
        }
        Ok(Self { tiers: file.tier, course, sha256: hex(&Sha256::digest(text.as_bytes())) })
    }

    /// Flag, tier, reasons and what is missing of a course. `weakest` is the link on which it hangs, with the ids of its two records.
    pub fn assess(&self, course: &Course, weakest: Option<(&Link, &str, &str)>) -> CourseAssessment {
        self.course.assess(course, weakest)
    }

    /// A hash of the file.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The tier of a record and why, from its flag and findings; only counted ones matter. `None` where no rule fits.
    pub fn tier(&self, flag: Flag, findings: &[Finding]) -> (RiskTier, Option<&str>) {
        let counted: Vec<_> = findings.iter().filter(|finding| finding.is_counted()).collect();
        let has = |indicator: &Indicator| counted.iter().any(|finding| finding.indicator == *indicator);
        let fits = |rule: &&TierRule| {
            (!rule.flag || flag != Flag::None)
                && rule.all.iter().all(has)
                && (rule.any.is_empty() || rule.any.iter().any(has))
                && (rule.rules.is_empty() || counted.iter().any(|finding| rule.rules.iter().any(|id| **id == *finding.rule)))
        };
        self.tiers.iter().find(fits).map_or((RiskTier::None, None), |rule| (rule.tier, Some(rule.why.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{Context, FindingStatus, Span};

    #[test]
    fn the_first_rule_that_fits_decides() {
        let policy = Policy::embedded().unwrap();
        let tier = |flag, ids: &[Indicator], status: FindingStatus| {
            let findings: Vec<_> =
                ids.iter().map(|&indicator| Finding { indicator, rule: Arc::from("x"), span: Span::new(0, 1), status }).collect();
            policy.tier(flag, &findings).0
        };
        let counted = FindingStatus::Counted;
        assert_eq!(tier(Flag::Likely, &[Indicator::R01], counted), RiskTier::High);
        assert_eq!(tier(Flag::None, &[Indicator::R01], counted), RiskTier::Standard);
        assert_eq!(tier(Flag::Possible, &[Indicator::B05], counted), RiskTier::Medium);
        assert_eq!(tier(Flag::Possible, &[Indicator::B09], counted), RiskTier::Standard);
        assert_eq!(tier(Flag::Likely, &[Indicator::R01], FindingStatus::SetAside(Context::Negated)), RiskTier::Standard);
        assert_eq!(tier(Flag::None, &[], counted), RiskTier::None);
    }

    #[test]
    fn a_policy_that_names_no_sign_of_ours_is_refused() {
        let own = "version = 1\ntier = []\n[course]\nlikely = 1\npossible = 0\nsign = [{ sign = \"star_sign\", points = 1, up_to = 1, why = \"\", source = \"\" }]\ntier = []";
        let error = Policy::parse(own, Path::new("own.toml")).unwrap_err();
        assert!(error.to_string().contains("star_sign"), "{error}");
        assert!(Policy::parse("version = 1\ntier = []", Path::new("own.toml")).is_ok());
    }

    #[test]
    fn a_broken_policy_says_where() {
        let error = Policy::parse("version = 1\n[[tier]]\ntier = \"enormous\"", Path::new("own.toml")).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains("own.toml") && error.to_string().contains("line 3"), "{error}");
    }
}
