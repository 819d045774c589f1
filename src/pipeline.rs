//! The only place where stages meet: incidents in, screened records out, indicators and classifier side by side under rayon.

use std::collections::HashMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::classifier::{Bundle, Card, Classifier, Reading, Windows};
use crate::domain::{Explanation, Finding, Flag, Incident, Indicator, Logit, MODEL, ReadBy, RiskTier, ScreenedRecord, Span};
use crate::error::Result;
use crate::fusion::{Features, Fusion, Thresholds};
use crate::indicators::RuleSet;
use crate::linkage::{Course, Facts, Linked, ModelSource, courses, link};
use crate::narrative::PreparedNarrative;
use crate::risk::{self, CourseAssessment, Policy};

/// What an engine is made of.
#[derive(Debug, Clone, Default)]
pub struct EngineSettings {
    /// A bundle folder instead of the one in the program.
    pub model: Option<PathBuf>,
    /// A force's own rules on top of those in the program.
    pub rules: Option<PathBuf>,
    /// A risk policy instead of the one in the program.
    pub policy: Option<PathBuf>,
    /// Windows of one narrative that the classifier reads at most; 0 reads all.
    pub max_windows: usize,
    /// Thresholds instead of the bundle's.
    pub likely: Option<f64>,
    pub possible: Option<f64>,
}

/// Everything that turns an incident into a screened record.
pub struct Engine {
    rules: RuleSet,
    classifier: Classifier,
    fusion: Fusion,
    policy: Policy,
    card: Card,
    bundle_sha256: String,
}

/// Narratives met so far in a run, so that each is read by the classifier once.
#[derive(Debug, Default)]
pub struct SeenNarratives {
    by_hash: HashMap<[u8; 32], (String, Reading)>,
}

/// A course with what the engine suggests about it.
#[derive(Debug, Clone)]
pub struct GradedCourse {
    pub course: Course,
    pub assessment: CourseAssessment,
}

/// The courses of a run, with the facts and links they come from.
#[derive(Debug, Clone)]
pub struct GradedCourses {
    /// In the order given.
    pub facts: Vec<Facts>,
    pub linked: Linked,
    pub courses: Vec<GradedCourse>,
}

impl GradedCourses {
    /// For each record by id, the course that it belongs to at the standard level.
    pub fn by_record(&self) -> HashMap<&str, &GradedCourse> {
        let standard = self.courses.iter().filter(|graded| graded.course.at_levels[1]);
        standard.flat_map(|graded| graded.course.members.iter().map(move |at| (self.facts[*at].id.as_str(), graded))).collect()
    }

    /// The flagged courses of the standard level in the order in which to read them: risk tier, flag, points, highest first, then id.
    pub fn queue(&self) -> Vec<&GradedCourse> {
        let flagged = |graded: &&GradedCourse| graded.course.at_levels[1] && graded.assessment.flag != Flag::None;
        let mut queue: Vec<&GradedCourse> = self.courses.iter().filter(flagged).collect();
        queue.sort_by(|a, b| {
            let rank = |graded: &GradedCourse| (graded.assessment.risk, graded.assessment.flag);
            rank(b).cmp(&rank(a)).then(b.assessment.points.total_cmp(&a.assessment.points)).then_with(|| a.course.id.cmp(&b.course.id))
        });
        queue
    }
}

/// Everything about one narrative, for `explain`.
#[derive(Debug, Clone)]
pub struct Examined {
    pub narrative: PreparedNarrative,
    pub record: ScreenedRecord,
    /// The policy's reason for the risk tier.
    pub tier_why: Option<String>,
}

impl Engine {
    /// Loads and checks bundle, rules and policy.
    ///
    /// # Errors
    /// The error of the part that failed its check; [`crate::error::Error::Usage`] for thresholds that make no sense.
    pub fn new(settings: &EngineSettings) -> Result<Self> {
        let (rules, model) = rayon::join(
            || RuleSet::load(settings.rules.as_deref()),
            || {
                let bundle = settings.model.as_deref().map_or_else(Bundle::embedded, Bundle::load)?;
                let classifier = Classifier::new(&bundle, settings.max_windows)?;
                Ok::<_, crate::error::Error>((bundle, classifier))
            },
        );
        let (bundle, mut classifier) = model?;
        let mut fusion = Fusion::new(&bundle)?;
        classifier.propose(fusion.proposals.clone());
        fusion.thresholds.likely = settings.likely.unwrap_or(fusion.thresholds.likely);
        fusion.thresholds.possible = settings.possible.unwrap_or(fusion.thresholds.possible);
        if let Some(fault) = fusion.thresholds.fault() {
            return Err(crate::error::Error::Usage(fault));
        }
        let policy = settings.policy.as_deref().map_or_else(Policy::embedded, Policy::load)?;
        Ok(Self { rules: rules?, classifier, fusion, policy, card: bundle.card().clone(), bundle_sha256: bundle.sha256().to_owned() })
    }

    /// The rules in use.
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// The thresholds in use.
    pub fn thresholds(&self) -> Thresholds {
        self.fusion.thresholds
    }

    /// The bundle's card.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// One hash for the whole bundle.
    pub fn bundle_sha256(&self) -> &str {
        &self.bundle_sha256
    }

    /// The risk policy in use.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Screens incidents on the threads of the current rayon pool, in the order given; the answer does not depend on how many threads
    /// there are. `progress` is told the share (0..=1) of the classifier's work that is done.
    ///
    /// # Errors
    /// [`crate::error::Error::Encoder`] if candle fails.
    pub fn screen(
        &self,
        incidents: Vec<Incident>,
        seen: &mut SeenNarratives,
        progress: &(dyn Fn(f64) + Sync),
    ) -> Result<Vec<ScreenedRecord>> {
        let prepared: Vec<(PreparedNarrative, [u8; 32])> = incidents
            .par_iter()
            .map(|incident| (PreparedNarrative::new(&incident.narrative), Sha256::digest(incident.narrative.as_bytes()).into()))
            .collect();
        // The first incident of each narrative that has not been read before.
        let mut unread: Vec<usize> = Vec::new();
        let mut first_in_chunk: HashMap<[u8; 32], usize> = HashMap::new();
        for (i, (_, hash)) in prepared.iter().enumerate() {
            if !seen.by_hash.contains_key(hash) {
                first_in_chunk.entry(*hash).or_insert_with(|| {
                    unread.push(i);
                    i
                });
            }
        }
        let (findings, readings) = rayon::join(
            || prepared.par_iter().map(|(narrative, _)| self.rules.findings(narrative)).collect::<Vec<_>>(),
            || self.read(&unread.iter().map(|&i| &prepared[i].0).collect::<Vec<_>>(), progress),
        );
        for (&i, reading) in unread.iter().zip(readings?) {
            seen.by_hash.insert(prepared[i].1, (incidents[i].id.clone(), reading));
        }
        let seen = &*seen;
        let records = incidents
            .into_par_iter()
            .zip(prepared)
            .zip(findings)
            .map(|((incident, (narrative, hash)), findings)| {
                let (first, reading) = &seen.by_hash[&hash];
                let duplicate_of = (*first != incident.id).then(|| first.clone());
                self.record(incident, &narrative, findings, reading, duplicate_of).0
            })
            .collect();
        Ok(records)
    }

    /// Links records by their facts and grades the courses that come of it, on the threads of the current rayon pool.
    ///
    /// # Errors
    /// [`crate::error::Error::Usage`] if the program was built with a broken linkage model.
    pub fn courses(&self, facts: Vec<Facts>, source: &ModelSource) -> Result<GradedCourses> {
        let linked = link(&facts, source)?;
        let grade = |course: Course| {
            let weakest = course.weakest.map(|at| {
                let link = &linked.links[at];
                (link, facts[link.records.0].id.as_str(), facts[link.records.1].id.as_str())
            });
            let assessment = self.policy.assess(&course, weakest);
            GradedCourse { course, assessment }
        };
        let courses = courses(&facts, &linked).into_par_iter().map(grade).collect();
        Ok(GradedCourses { facts, linked, courses })
    }

    /// Looks at one narrative on its own.
    ///
    /// # Errors
    /// [`crate::error::Error::Encoder`] if candle fails.
    pub fn examine(&self, incident: Incident) -> Result<Examined> {
        let narrative = PreparedNarrative::new(&incident.narrative);
        let (findings, readings) = rayon::join(|| self.rules.findings(&narrative), || self.read(&[&narrative], &|_| ()));
        let reading = readings?.pop().unwrap_or(Reading {
            concern: Logit(0.0),
            tokens: 0,
            tokens_scored: 0,
            windows: 0,
            strongest: None,
            proposals: Vec::new(),
        });
        let (record, tier_why) = self.record(incident, &narrative, findings, &reading, None);
        Ok(Examined { narrative, record, tier_why })
    }

    fn read(&self, narratives: &[&PreparedNarrative], progress: &(dyn Fn(f64) + Sync)) -> Result<Vec<Reading>> {
        let windows: Vec<Windows> = narratives.par_iter().map(|narrative| self.classifier.windows(narrative)).collect();
        let total: usize = windows.iter().flat_map(|cut| &cut.windows).map(|window| window.ids.len()).sum();
        let done = std::sync::atomic::AtomicUsize::new(0);
        let pairs: Vec<(&PreparedNarrative, &Windows)> = narratives.iter().copied().zip(&windows).collect();
        self.classifier.read(&pairs, &|tokens| {
            let done = done.fetch_add(tokens, std::sync::atomic::Ordering::Relaxed) + tokens;
            #[expect(clippy::cast_precision_loss, reason = "a share for a progress bar")]
            progress(done as f64 / total.max(1) as f64);
        })
    }

    fn record(
        &self,
        incident: Incident,
        narrative: &PreparedNarrative,
        findings: Vec<Finding>,
        reading: &Reading,
        duplicate_of: Option<String>,
    ) -> (ScreenedRecord, Option<String>) {
        let findings = self.with_proposals(narrative, findings, reading);
        let explanation: Explanation = self.fusion.explain(&Features::new(reading.concern, &findings));
        let probability = Logit(explanation.value).probability().rounded();
        let flag: Flag = self.fusion.thresholds.flag(probability);
        let (risk, tier_why): (RiskTier, _) = self.policy.tier(flag, &findings);
        let strongest: Option<Span> = reading.strongest;
        let record = ScreenedRecord {
            reasons: risk::reasons(&incident, flag, &findings, tier_why, strongest),
            recorded_otherwise: risk::recorded_otherwise(&incident, flag),
            flag,
            probability,
            risk,
            findings,
            read_by: ReadBy::Full,
            words: narrative.words(),
            tokens: reading.tokens,
            tokens_scored: reading.tokens_scored,
            windows: reading.windows,
            strongest_window: strongest,
            duplicate_of,
            explanation,
            incident,
        };
        (record, tier_why.map(str::to_owned))
    }

    /// The rules' findings with the classifier's where no rule has the same indicator on the same words, counted or not.
    fn with_proposals(&self, narrative: &PreparedNarrative, mut findings: Vec<Finding>, reading: &Reading) -> Vec<Finding> {
        let proposals: Vec<(Indicator, Range<usize>, Span)> = reading
            .proposals
            .iter()
            .map(|proposal| (proposal.indicator, proposal.range.clone(), narrative.received_span(proposal.range.clone())))
            .filter(|(indicator, _, span)| !findings.iter().any(|found| found.indicator == *indicator && found.span.overlaps(*span)))
            .collect();
        if proposals.is_empty() {
            return findings;
        }
        let words: Vec<_> = proposals.iter().map(|(indicator, range, _)| (*indicator, range.clone())).collect();
        let rule: Arc<str> = Arc::from(MODEL);
        let of_model = proposals.into_iter().zip(self.rules.judge(narrative, &words));
        findings.extend(of_model.map(|((indicator, _, span), status)| Finding { indicator, rule: Arc::clone(&rule), span, status }));
        findings.sort_by(|a, b| (a.span, a.indicator, &a.rule).cmp(&(b.span, b.indicator, &b.rule)));
        findings
    }
}
