//! From linked pairs to courses, at three levels: strict within standard within loose.
//!
//! Links are taken strongest first, and one that would put two victims, or two suspects, into one course who are plainly not the same is
//! left out: a prolific suspect's victims and a victim's two pursuers stay apart however long the chain between them. No course is longer
//! than [`MAX_COURSE`] records.

use petgraph::algo::bridges;
use petgraph::graph::UnGraph;
use petgraph::unionfind::UnionFind;

use super::compare::{Compared, SAME_SIDE};
use super::names::Agreement;
use super::run::Run;
use super::weight::LinkThresholds;

/// Records of a course at most. A longer one is a value that everybody shares, and says nothing about one person.
pub(super) const MAX_COURSE: usize = 300;
/// Different people that a course keeps for telling it from others, each side.
const MAX_PEOPLE: usize = 12;

/// How sure a link, and the course that holds by such links, is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkLevel {
    /// Both sides agree, or a record names the other.
    Strict,
    /// One side agrees for certain and nothing speaks against the other.
    Standard,
    /// As `Standard` with less, or unknown people joined by conduct, place and time.
    Loose,
}

impl LinkLevel {
    /// All levels, the surest first.
    pub const ALL: [Self; 3] = [Self::Strict, Self::Standard, Self::Loose];

    /// The name used in every output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Standard => "standard",
            Self::Loose => "loose",
        }
    }
}

/// A linked pair, by place in the run's order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pair {
    pub(super) a: u32,
    pub(super) b: u32,
    pub(super) level: LinkLevel,
    pub(super) compared: Compared,
}

/// The level of a compared pair; `None` where it is no link.
pub(super) fn level(compared: &Compared, thresholds: &LinkThresholds) -> Option<LinkLevel> {
    let (victim, suspect) = compared.sides;
    let (victims_differ, suspects_differ) = compared.differs;
    let is_excused = compared.is_named || compared.is_tied;
    // Two victims of one suspect are two courses, and so are two suspects of one victim.
    if (victims_differ || suspects_differ) && !is_excused || victims_differ && suspects_differ && !compared.is_named {
        return None;
    }
    let both = victim >= SAME_SIDE && suspect >= SAME_SIDE || compared.is_named;
    let one = victim.max(suspect) >= SAME_SIDE || is_excused;
    let bits = compared.bits;
    if bits >= thresholds.strict && both && !victims_differ && !suspects_differ {
        Some(LinkLevel::Strict)
    } else if bits >= thresholds.standard && one {
        Some(LinkLevel::Standard)
    } else if bits >= thresholds.loose {
        Some(LinkLevel::Loose)
    } else {
        None
    }
}

/// The courses of one level.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Clusters {
    /// Of two records and more, each in the run's order; courses by their first record.
    pub(super) members: Vec<Vec<u32>>,
}

/// Courses by level, and how many links were left out because they would have joined different people or made a course too long.
pub(super) struct Clustered {
    pub(super) levels: [Clusters; 3],
    pub(super) refused: u64,
    pub(super) too_long: u64,
}

/// Clusters the records of a run by its links.
pub(super) fn cluster(run: &Run<'_>, pairs: &[Pair]) -> Clustered {
    let mut order: Vec<&Pair> = pairs.iter().collect();
    order.sort_by(|x, y| x.level.cmp(&y.level).then(y.compared.bits.total_cmp(&x.compared.bits)).then((x.a, x.b).cmp(&(y.a, y.b))));
    let mut union: UnionFind<u32> = UnionFind::new(run.records.len());
    let mut sides: Vec<Option<Box<Sides>>> = Vec::new();
    sides.resize_with(run.records.len(), || None);
    let mut clustered = Clustered { levels: std::array::from_fn(|_| Clusters::default()), refused: 0, too_long: 0 };
    let mut next = order.into_iter().peekable();
    for (at, level) in LinkLevel::ALL.into_iter().enumerate() {
        while let Some(pair) = next.next_if(|pair| pair.level == level) {
            let (a, b) = (union.find(pair.a), union.find(pair.b));
            if a == b {
                continue;
            }
            let mut first = sides[a as usize].take().unwrap_or_else(|| Box::new(Sides::of(run, a)));
            let second = sides[b as usize].take().unwrap_or_else(|| Box::new(Sides::of(run, b)));
            let is_too_long = first.records + second.records > MAX_COURSE;
            let is_refused = !pair.compared.is_named && !pair.compared.is_tied && first.differs(run, &second);
            if is_too_long || is_refused {
                clustered.too_long += u64::from(is_too_long);
                clustered.refused += u64::from(!is_too_long);
                (sides[a as usize], sides[b as usize]) = (Some(first), Some(second));
                continue;
            }
            first.join(run, &second);
            union.union(a, b);
            sides[union.find(a) as usize] = Some(first);
        }
        clustered.levels[at] = snapshot(run, &union);
    }
    clustered
}

fn snapshot(run: &Run<'_>, union: &UnionFind<u32>) -> Clusters {
    let mut by_root: std::collections::BTreeMap<u32, Vec<u32>> = std::collections::BTreeMap::new();
    for at in (0u32..).take(run.records.len()) {
        by_root.entry(union.find(at)).or_default().push(at);
    }
    let mut members: Vec<Vec<u32>> = by_root.into_values().filter(|members| members.len() > 1).collect();
    members.sort_unstable();
    Clusters { members }
}

/// A person by record and party.
type Who = (u32, usize);

/// The people of a cluster who can be told from others.
struct Sides {
    records: usize,
    victims: Vec<Who>,
    suspects: Vec<Who>,
}

impl Sides {
    fn of(run: &Run<'_>, at: u32) -> Self {
        let parties = run.records[at as usize].facts.parties();
        let firm = |party: usize| {
            let is_firm = parties[party].name.as_ref().is_some_and(|name| name.is_firm() || name.is_organisation);
            if is_firm { vec![(at, party)] } else { Vec::new() }
        };
        Self { records: 1, victims: firm(0), suspects: firm(1) }
    }

    /// Whether both know their victims, or their suspects, and none of the one is any of the other's.
    fn differs(&self, run: &Run<'_>, other: &Self) -> bool {
        let is_any = |mine: &[Who], theirs: &[Who]| mine.iter().any(|a| theirs.iter().any(|b| may_be_same(run, *a, *b)));
        let apart = |mine: &[Who], theirs: &[Who]| !mine.is_empty() && !theirs.is_empty() && !is_any(mine, theirs);
        let swapped = is_any(&self.victims, &other.suspects) || is_any(&self.suspects, &other.victims);
        !swapped && (apart(&self.victims, &other.victims) || apart(&self.suspects, &other.suspects))
    }

    fn join(&mut self, run: &Run<'_>, other: &Self) {
        self.records += other.records;
        for (mine, theirs) in [(&mut self.victims, &other.victims), (&mut self.suspects, &other.suspects)] {
            for who in theirs {
                if mine.len() < MAX_PEOPLE && !mine.iter().any(|known| is_same(run, *known, *who)) {
                    mine.push(*who);
                }
            }
        }
    }
}

fn agreement(run: &Run<'_>, a: Who, b: Who) -> Option<Agreement> {
    let name = |(at, party): Who| run.records[at as usize].facts.parties()[party].name.as_ref();
    Some(name(a)?.compare(name(b)?).0)
}

fn may_be_same(run: &Run<'_>, a: Who, b: Who) -> bool {
    let contacts = |(at, party): Who| &run.records[at as usize].contacts[party];
    !matches!(agreement(run, a, b), Some(Agreement::Differs | Agreement::OtherFamily))
        || contacts(a).iter().any(|contact| contacts(b).contains(contact))
}

fn is_same(run: &Run<'_>, a: Who, b: Who) -> bool {
    matches!(agreement(run, a, b), Some(Agreement::Full | Agreement::Organisation))
}

/// The links of a course without which it falls apart, the weakest first, as places in `links`: two members and their bits each.
pub(super) fn bridges_of(members: &[usize], links: &[(usize, usize, f64)]) -> Vec<usize> {
    let places: std::collections::HashMap<usize, usize> = members.iter().enumerate().map(|(at, member)| (*member, at)).collect();
    let mut graph: UnGraph<(), usize, u32> = UnGraph::with_capacity(members.len(), links.len());
    let nodes: Vec<_> = members.iter().map(|_| graph.add_node(())).collect();
    for (at, (a, b, _)) in links.iter().enumerate() {
        if let (Some(a), Some(b)) = (places.get(a), places.get(b)) {
            graph.add_edge(nodes[*a], nodes[*b], at);
        }
    }
    let mut found: Vec<usize> = bridges(&graph).map(|edge| *edge.weight()).collect();
    found.sort_by(|x, y| links[*x].2.total_cmp(&links[*y].2).then(x.cmp(y)));
    found
}

/// The parts of a course that are left when the links at the places `cut` are cut, each in the members' order.
pub(super) fn parts_without(members: &[usize], links: &[(usize, usize, f64)], cut: &[usize]) -> Vec<Vec<usize>> {
    let places: std::collections::HashMap<usize, usize> = members.iter().enumerate().map(|(at, member)| (*member, at)).collect();
    let mut union: UnionFind<usize> = UnionFind::new(members.len());
    for (at, (a, b, _)) in links.iter().enumerate() {
        if let (false, Some(a), Some(b)) = (cut.contains(&at), places.get(a), places.get(b)) {
            union.union(*a, *b);
        }
    }
    let mut parts: std::collections::BTreeMap<usize, Vec<usize>> = std::collections::BTreeMap::new();
    for (at, member) in members.iter().enumerate() {
        parts.entry(union.find(at)).or_default().push(*member);
    }
    parts.into_values().collect()
}
