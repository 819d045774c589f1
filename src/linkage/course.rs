//! What a course of conduct shows as a whole: its records in time order, occasions, gaps, kinds of conduct, people drawn in, and the link
//! on which it hangs. Counts and places, no judgement: that is for [`crate::risk`].

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::cluster::LinkLevel;
use super::conduct::{self, Conduct};
use super::identity::{Facts, Party, flag_shade, shade_flag, shade_risk};
use super::names::Agreement;
use super::{Link, Linked};
use crate::classifier::hex;
use crate::domain::{Flag, Indicator, RiskTier};

/// Reports within this many minutes of one another, of conduct alike or of none, are one occasion: two calls about one event.
const ONE_OCCASION: i64 = 12 * 60;
const DAY: f64 = 1440.0;
/// Bits below which a link without which a course falls apart is too weak to raise a tier.
pub(super) const WEAK_BRIDGE: f64 = 9.0;

/// A course of conduct: records of one suspect side towards one victim side.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// From the ids of its members: the same members make the same id in every run.
    pub id: String,
    /// The surest level at which exactly these records are a course.
    pub level: LinkLevel,
    /// Whether exactly these records are a course at each level, strict first.
    pub at_levels: [bool; 3],
    /// Places in the facts, in order of time, then id.
    pub members: Vec<usize>,
    /// As recorded most often; `None` where no record names one.
    pub victim: Option<String>,
    pub suspect: Option<String>,
    /// Of the whole.
    pub pattern: CoursePattern,
    /// The patterns of the parts that are left without its weak bridges, the longest first; the whole alone where it has none.
    pub parts: Vec<CoursePattern>,
    /// The link on which the course hangs most: place among the links. `None` where no one link holds it together.
    pub weakest: Option<usize>,
    /// One line a record, for the picture and the table.
    pub timeline: Vec<TimelineRecord>,
}

/// A record's place in the picture of a course.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TimelineRecord {
    pub id: String,
    /// Minutes since 1970, local time.
    pub at: Option<i64>,
    /// Names of the kinds of conduct.
    pub kinds: Vec<&'static str>,
    #[serde(skip)]
    pub flag: Flag,
    pub is_breach: bool,
    pub has_order: bool,
    pub recorded_as: Option<String>,
}

/// What the records of a course, or of a part of one, come to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CoursePattern {
    pub records: usize,
    pub occasions: usize,
    /// Local times of the first and last record that have one, in minutes since 1970.
    pub first_at: Option<i64>,
    pub last_at: Option<i64>,
    pub span_days: f64,
    /// Between occasions, in days, in order.
    pub gaps_days: Vec<f64>,
    /// Kinds of conduct as bits of `conduct.toml`.
    pub(crate) kinds: u32,
    /// Records with each circumstance, in the order of the file.
    pub(crate) cues: Vec<usize>,
    /// Records with each kind, in the order of the file.
    pub(crate) kind_counts: Vec<usize>,
    pub likely: usize,
    pub possible: usize,
    pub breaches: usize,
    /// The worst tier of a record.
    pub worst_record: Option<RiskTier>,
    pub indicators: Vec<Indicator>,
    /// People on the victim's side who are not one another.
    pub victims: usize,
    /// Whether a record names somebody on the suspect's side.
    pub suspect_is_named: bool,
    /// Records in which victim and suspect have changed places.
    pub swapped: usize,
    /// Of the records' own probabilities.
    pub mean_probability: f64,
    pub most_probability: f64,
    /// What the records are recorded as, most often first.
    pub recorded_as: Vec<(String, usize)>,
    pub recorded_otherwise: usize,
    pub repeats: usize,
}

impl CoursePattern {
    /// Reads the pattern of some records, which are places in `facts` in order of time.
    #[expect(clippy::cast_precision_loss, reason = "minutes and counts of records")]
    pub fn of(facts: &[Facts], members: &[usize]) -> Self {
        let records: Vec<&Facts> = members.iter().map(|at| &facts[*at]).collect();
        let mut pattern = Self { records: records.len(), ..Self::default() };
        pattern.cues = vec![0; 32];
        pattern.kind_counts = vec![0; 32];
        let mut recorded: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
        for record in &records {
            let Conduct { kinds, cues } = record.conduct;
            pattern.kinds |= kinds;
            for bit in 0..32 {
                pattern.cues[bit] += usize::from(cues >> bit & 1 == 1);
                pattern.kind_counts[bit] += usize::from(kinds >> bit & 1 == 1);
            }
            pattern.likely += usize::from(record.flag == flag_shade(Flag::Likely));
            pattern.possible += usize::from(record.flag == flag_shade(Flag::Possible));
            pattern.recorded_otherwise += usize::from(record.recorded_otherwise);
            pattern.repeats += usize::from(record.is_repeat);
            pattern.most_probability = pattern.most_probability.max(record.probability);
            pattern.mean_probability += record.probability / records.len() as f64;
            pattern.indicators.extend(&record.indicators);
            pattern.worst_record = pattern.worst_record.max(Some(shade_risk(record.risk)));
            if let Some(name) = &record.recorded_as {
                *recorded.entry(name).or_default() += 1;
            }
        }
        pattern.indicators.sort_unstable();
        pattern.indicators.dedup();
        pattern.breaches = pattern.count_kind("breach");
        pattern.recorded_as = recorded.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
        pattern.recorded_as.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let times: Vec<i64> = records.iter().filter_map(|record| record.at).collect();
        (pattern.first_at, pattern.last_at) = (times.first().copied(), times.last().copied());
        pattern.span_days = times.last().zip(times.first()).map_or(0.0, |(last, first)| (last - first) as f64 / DAY);
        let occasions = occasions(&records);
        pattern.occasions = occasions.len();
        pattern.gaps_days = occasions.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / DAY).collect();
        pattern.victims = different(records.iter().map(|record| &record.victim));
        pattern.suspect_is_named = records.iter().any(|record| record.suspect.name.is_some());
        pattern.swapped = swapped(&records);
        pattern
    }

    /// A figure of the course by the name that a risk policy uses; `None` for a name that is none.
    #[expect(clippy::cast_precision_loss, reason = "counts of records")]
    pub fn sign(&self, name: &str) -> Option<f64> {
        let records = self.records.max(1) as f64;
        let of_group = |group| f64::from((self.kinds & conduct::group(group)).count_ones());
        Some(match name {
            "covert_kinds" => of_group(conduct::Group::Covert),
            "open_kinds" => of_group(conduct::Group::Open),
            "occasions" => self.occasions as f64,
            "further_occasions" => self.occasions.saturating_sub(1) as f64,
            "span_days" => self.span_days,
            "likely_records" => self.likely as f64,
            "possible_records" => self.possible as f64,
            "highest_probability" => self.most_probability,
            "breaches" => self.breaches as f64,
            "former_records" => self.count_cue("former") as f64,
            "targeted_records" => self.count_cue("targeted") as f64,
            "impact_records" => self.count_cue("impact") as f64,
            "dispute_share" => self.count_cue("dispute") as f64 / records,
            "together_share" => self.count_cue("together") as f64 / records,
            "together_records" => self.count_cue("together") as f64,
            "chance_share" => (["chance", "ill", "trade"].iter().map(|cue| self.count_cue(cue)).sum::<usize>() as f64 / records).min(1.0),
            "violence_share" => self.count_kind("violence") as f64 / records,
            "roles_change" => f64::from(u8::from(self.swapped > 1)),
            "victims" => self.victims as f64,
            "quickening" => self.pace().map_or(0.0, |(before, after)| f64::from(u8::from(after > 0.0 && before >= 2.0 * after))),
            _ => return None,
        })
    }

    /// Whether a record shows the kind of that id; `None` where there is no such kind.
    pub fn shows(&self, kind: &str) -> Option<bool> {
        conduct::known_kind(kind).map(|bit| self.kinds & bit != 0)
    }

    /// Records with a kind of conduct.
    pub(crate) fn count_kind(&self, id: &str) -> usize {
        self.kind_counts[conduct::kind(id).trailing_zeros() as usize]
    }

    /// Records with a circumstance.
    pub(crate) fn count_cue(&self, id: &str) -> usize {
        self.cues[conduct::cue(id).trailing_zeros() as usize]
    }

    /// Names of the kinds of conduct.
    pub fn kind_names(&self) -> Vec<&'static str> {
        conduct::kind_names(self.kinds)
    }

    /// Median gap between occasions in the first and in the second half, in days; `None` for fewer than three gaps.
    pub fn pace(&self) -> Option<(f64, f64)> {
        let half = self.gaps_days.len() / 2;
        (self.gaps_days.len() >= 3)
            .then(|| (median(&self.gaps_days[..half.max(1)]), median(&self.gaps_days[self.gaps_days.len() - half.max(1)..])))
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// When each occasion began. A record that only tells of a court, a licence or a form is none.
fn occasions(records: &[&Facts]) -> Vec<i64> {
    let mut begun: Vec<(i64, u32)> = Vec::new();
    for record in records.iter().filter(|record| record.conduct.kinds != 0 || record.flag > 0) {
        let Some(at) = record.at else { continue };
        let kinds = record.conduct.kinds;
        let is_same = |(first, known): &(i64, u32)| {
            at - first <= ONE_OCCASION && (*known & kinds != 0 || kinds == 0 || *known == 0 || record.is_repeat)
        };
        match begun.last_mut().filter(|last| is_same(last)) {
            Some((_, known)) => *known |= kinds,
            None => begun.push((at, kinds)),
        }
    }
    begun.into_iter().map(|(at, _)| at).collect()
}

/// How many people are surely not one another.
fn different<'a>(people: impl Iterator<Item = &'a Party>) -> usize {
    let mut known: Vec<&Party> = Vec::new();
    for party in people.filter(|party| party.is_firm()) {
        let is_new = known.iter().all(|other| {
            let names = party.name.as_ref().zip(other.name.as_ref());
            names.is_some_and(|(a, b)| matches!(a.compare(b).0, Agreement::Differs | Agreement::Kin | Agreement::OtherFamily))
        });
        if is_new && known.len() < 20 {
            known.push(party);
        }
    }
    known.len()
}

/// Records whose victim is the suspect of another.
fn swapped(records: &[&Facts]) -> usize {
    let agrees = |a: &Party, b: &Party| {
        a.name
            .as_ref()
            .zip(b.name.as_ref())
            .is_some_and(|(a, b)| matches!(a.compare(b).0, Agreement::Full | Agreement::Alike | Agreement::Initial))
    };
    let is_swapped = |record: &&&Facts| records.iter().any(|other| agrees(&record.victim, &other.suspect));
    records.iter().take(50).filter(is_swapped).count()
}

/// Local time to the minute, as in `2024-03-02T17:35`.
pub fn local_time(minutes: i64) -> String {
    let time = minutes.checked_mul(60).and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    time.map(|time| time.to_zoned_datetime(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%dT%H:%M").to_string()).unwrap_or_default()
}

/// The id of a course of these records.
pub fn course_id<'a>(ids: impl Iterator<Item = &'a str>) -> String {
    let mut sorted: Vec<&str> = ids.collect();
    sorted.sort_unstable();
    let mut hash = Sha256::new();
    for id in sorted {
        hash.update(id.as_bytes());
        hash.update([0]);
    }
    format!("K-{}", &hex(&hash.finalize())[..12])
}

/// The courses of a run, each once, at the surest level at which exactly its records are one; by first record, then level.
pub fn courses(facts: &[Facts], linked: &Linked) -> Vec<Course> {
    let mut known: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
    let mut courses: Vec<Course> = Vec::new();
    let links = LinksOf::new(facts.len(), linked);
    for (at, (level, clusters)) in LinkLevel::ALL.into_iter().zip(&linked.levels).enumerate() {
        for members in clusters {
            let id = course_id(members.iter().map(|at| facts[*at].id.as_str()));
            let place = *known.entry(id).or_insert_with_key(|id| {
                courses.push(course(facts, linked, &links, id.clone(), level, members));
                courses.len() - 1
            });
            courses[place].at_levels[at] = true;
        }
    }
    courses
}

/// The links of each record.
struct LinksOf(Vec<Vec<usize>>);

impl LinksOf {
    fn new(records: usize, linked: &Linked) -> Self {
        let mut of: Vec<Vec<usize>> = vec![Vec::new(); records];
        for (at, link) in linked.links.iter().enumerate() {
            of[link.records.0].push(at);
        }
        Self(of)
    }

    /// Links of that level or surer between members.
    fn between<'a>(&self, linked: &'a Linked, members: &[usize], level: LinkLevel) -> Vec<(usize, &'a Link)> {
        let inside: std::collections::HashSet<usize> = members.iter().copied().collect();
        let links = members.iter().flat_map(|member| &self.0[*member]).map(|at| (*at, &linked.links[*at]));
        links.filter(|(_, link)| link.level <= level && inside.contains(&link.records.1)).collect()
    }
}

fn course(facts: &[Facts], linked: &Linked, links: &LinksOf, id: String, level: LinkLevel, members: &[usize]) -> Course {
    let between = links.between(linked, members, level);
    let edges: Vec<(usize, usize, f64)> = between.iter().map(|(_, link)| (link.records.0, link.records.1, link.bits)).collect();
    let bridges = super::cluster::bridges_of(members, &edges);
    let weakest = bridges.first().map(|at| between[*at].0);
    let cut: Vec<usize> = bridges.into_iter().filter(|at| edges[*at].2 < WEAK_BRIDGE).collect();
    let pattern = CoursePattern::of(facts, members);
    let parts = if cut.is_empty() {
        vec![pattern.clone()]
    } else {
        let mut parts: Vec<CoursePattern> =
            super::cluster::parts_without(members, &edges, &cut).iter().map(|part| CoursePattern::of(facts, part)).collect();
        parts.sort_by_key(|part| std::cmp::Reverse(part.records));
        parts
    };
    let most = |of: fn(&Facts) -> &Party| {
        let mut counts: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
        for shown in members.iter().filter_map(|at| of(&facts[*at]).shown.as_deref()) {
            *counts.entry(shown).or_default() += 1;
        }
        counts
            .into_iter()
            .max_by(|a, b| a.1.cmp(&b.1).then_with(|| a.0.len().cmp(&b.0.len())).then_with(|| b.0.cmp(a.0)))
            .map(|(name, _)| name.to_owned())
    };
    let timeline = members.iter().map(|at| timeline_record(&facts[*at])).collect();
    Course {
        id,
        level,
        at_levels: [false; 3],
        members: members.to_vec(),
        victim: most(|facts| &facts.victim),
        suspect: most(|facts| &facts.suspect),
        pattern,
        parts,
        weakest,
        timeline,
    }
}

fn timeline_record(facts: &Facts) -> TimelineRecord {
    let kinds = facts.conduct.kinds;
    TimelineRecord {
        id: facts.id.clone(),
        at: facts.at,
        kinds: conduct::kind_names(kinds),
        flag: shade_flag(facts.flag),
        is_breach: kinds & conduct::kind("breach") != 0,
        has_order: kinds & conduct::kind("order") != 0,
        recorded_as: facts.recorded_as.clone(),
    }
}
