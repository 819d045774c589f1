//! The order in which flagged records should be read (risk tier) and the reasons in plain words.
//!
//! Tiers come from a policy file that a stalking lead can read and change. Wording is about records, never about people.

mod course;
mod policy;
mod reasons;

pub use course::CourseAssessment;
pub use policy::Policy;
pub use reasons::{reasons, recorded_otherwise};
