use std::fmt;

/// The 35 indicators: behaviour (B), pattern (P), risk (R), legal context (L) and relationship (X).
///
/// Ids are stable and never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize)]
pub enum Indicator {
    B01,
    B02,
    B03,
    B04,
    B05,
    B06,
    B07,
    B08,
    B09,
    B10,
    B11,
    B12,
    B13,
    B14,
    B15,
    B16,
    P01,
    P02,
    P03,
    P04,
    R01,
    R02,
    R03,
    R04,
    R05,
    R06,
    R07,
    R08,
    R09,
    R10,
    L01,
    L02,
    X01,
    X02,
    X03,
}

/// The five groups of indicators, after the first letter of the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IndicatorGroup {
    Behaviour,
    Pattern,
    Risk,
    Legal,
    Relationship,
}

impl Indicator {
    /// All indicators in the order of their ids.
    #[rustfmt::skip]
    pub const ALL: [Self; 35] = [Self::B01, Self::B02, Self::B03, Self::B04, Self::B05, Self::B06, Self::B07, Self::B08, Self::B09, Self::B10, Self::B11, Self::B12, Self::B13, Self::B14, Self::B15, Self::B16, Self::P01, Self::P02, Self::P03, Self::P04, Self::R01, Self::R02, Self::R03, Self::R04, Self::R05, Self::R06, Self::R07, Self::R08, Self::R09, Self::R10, Self::L01, Self::L02, Self::X01, Self::X02, Self::X03];

    #[rustfmt::skip]
    fn row(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::B01 => ("B01", "Following", "follows the person"),
            Self::B02 => ("B02", "Repeated unwanted contact", "keeps making unwanted contact"),
            Self::B03 => ("B03", "Evading blocks", "gets round a block or refusal"),
            Self::B04 => ("B04", "Online monitoring or account intrusion", "looks into accounts or monitors online"),
            Self::B05 => ("B05", "Tracking device", "a tracking device"),
            Self::B06 => ("B06", "Smart home or camera abuse", "uses smart-home devices or cameras"),
            Self::B07 => ("B07", "Loitering or turning up", "turns up, waits near or keeps passing"),
            Self::B08 => ("B08", "Watching or spying", "watches, photographs or spies"),
            Self::B09 => ("B09", "Gifts, letters or items left", "leaves or sends gifts, letters or items"),
            Self::B10 => ("B10", "Property interference", "damages or tampers with property"),
            Self::B11 => ("B11", "Entering or approaching the home", "comes up to or into the home"),
            Self::B12 => ("B12", "Publication or humiliation", "publishes or spreads material about the person"),
            Self::B13 => ("B13", "Impersonation", "poses as the person or as someone else"),
            Self::B14 => ("B14", "Third-party or proxy contact", "reaches the person through others"),
            Self::B15 => ("B15", "Vexatious complaints or services", "uses complaints, services or checks against the person"),
            Self::B16 => ("B16", "Sexual element", "a sexual element"),
            Self::P01 => ("P01", "Fixated", "attention fixed on the person"),
            Self::P02 => ("P02", "Obsessive", "out of proportion in volume or persistence"),
            Self::P03 => ("P03", "Unwanted", "goes on after being told, blocked or ordered to stop"),
            Self::P04 => ("P04", "Repeated", "more than one occasion"),
            Self::R01 => ("R01", "Threats", "threats"),
            Self::R02 => ("R02", "Victim fear or impact", "marked fear or a changed life"),
            Self::R03 => ("R03", "Prior violence or strangulation", "earlier or present violence"),
            Self::R04 => ("R04", "Escalation", "getting worse"),
            Self::R05 => ("R05", "Weapons", "a weapon"),
            Self::R06 => ("R06", "Suicide or last-chance talk", "suicide or last-chance talk"),
            Self::R07 => ("R07", "Trigger", "a recent trigger such as a separation or court date"),
            Self::R08 => ("R08", "Children, pets or others targeted", "children, pets or others targeted"),
            Self::R09 => ("R09", "Suspect substance use or mental health", "drink, drugs or crisis of the person complained of"),
            Self::R10 => ("R10", "Serial or previous victims", "earlier conduct of this kind"),
            Self::L01 => ("L01", "Order or conditions in force", "an order or conditions in force"),
            Self::L02 => ("L02", "Breach or attempted breach", "a breach of an order or conditions"),
            Self::X01 => ("X01", "Ex-intimate", "former partner"),
            Self::X02 => ("X02", "Other known person", "known to the person in another way"),
            Self::X03 => ("X03", "Stranger or anonymous", "stranger or unknown sender"),
        }
    }

    /// The id, such as `B07`.
    pub fn id(self) -> &'static str {
        self.row().0
    }

    /// The short name, as a heading.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// What a reviewer is told, as part of a sentence.
    pub fn plain_words(self) -> &'static str {
        self.row().2
    }

    /// The indicator with this id, if there is one.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|indicator| indicator.id() == id)
    }

    /// The group that the id's first letter names.
    pub fn group(self) -> IndicatorGroup {
        match self.id().as_bytes()[0] {
            b'B' => IndicatorGroup::Behaviour,
            b'P' => IndicatorGroup::Pattern,
            b'R' => IndicatorGroup::Risk,
            b'L' => IndicatorGroup::Legal,
            _ => IndicatorGroup::Relationship,
        }
    }
}

impl fmt::Display for Indicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}
