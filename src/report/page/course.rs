//! One flagged course on the page: what it comes to, its picture, its records, what is missing and on what it hangs.

use super::timeline;
use crate::linkage::local_time;
use crate::pipeline::GradedCourse;
use crate::report::text::{moment, visible};

/// Records listed.
const MAX_LISTED: usize = 60;

/// What the template shows of a course.
pub(super) struct CourseShown {
    pub(super) rank: usize,
    pub(super) id: String,
    pub(super) flag: &'static str,
    pub(super) risk: &'static str,
    pub(super) level: &'static str,
    pub(super) between: String,
    pub(super) reasons: Vec<String>,
    pub(super) missing: Vec<String>,
    /// SVG made of numbers and the program's own words.
    pub(super) picture: String,
    pub(super) records: Vec<RecordLine>,
    pub(super) records_left_out: usize,
}

/// A record of the course.
pub(super) struct RecordLine {
    pub(super) at: String,
    pub(super) id: String,
    pub(super) recorded_as: String,
    pub(super) kinds: String,
    pub(super) flag: &'static str,
}

impl CourseShown {
    pub(super) fn new(rank: usize, graded: &GradedCourse) -> Self {
        let GradedCourse { course, assessment } = graded;
        let named = |name: &Option<String>| name.as_deref().map_or_else(|| "not named".to_owned(), visible);
        let line = |record: &crate::linkage::TimelineRecord| RecordLine {
            at: record.at.map(|at| moment(&local_time(at))).unwrap_or_default(),
            id: visible(&record.id),
            recorded_as: record.recorded_as.as_deref().map(visible).unwrap_or_default(),
            kinds: record.kinds.join(", "),
            flag: record.flag.name(),
        };
        Self {
            rank,
            id: course.id.clone(),
            flag: assessment.flag.name(),
            risk: assessment.risk.name(),
            level: course.level.name(),
            between: format!("Victim {}; suspect {}", named(&course.victim), named(&course.suspect)),
            reasons: assessment.reasons.iter().map(|reason| visible(reason)).collect(),
            missing: assessment.missing.clone(),
            picture: timeline::picture(course),
            records: course.timeline.iter().take(MAX_LISTED).map(line).collect(),
            records_left_out: course.timeline.len().saturating_sub(MAX_LISTED),
        }
    }
}
