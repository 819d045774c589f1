use std::fmt;

/// A column of the input that the engine knows by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[rustfmt::skip]
pub enum Column {
    IncidentId,
    Narrative,
    ReportedAt,
    OccurredFrom,
    OccurredTo,
    RecordType,
    OffenceCode,
    OffenceTitle,
    OpeningCode,
    ClosingCode,
    OutcomeCode,
    Status,
    Force,
    Area,
    SourceSystem,
    VictimId,
    VictimName,
    VictimDob,
    VictimSex,
    VictimPhone,
    VictimEmail,
    VictimAddress,
    VictimPostcode,
    SuspectId,
    SuspectName,
    SuspectDob,
    SuspectPhone,
    SuspectEmail,
    SuspectAddress,
    SuspectPostcode,
    SuspectVrm,
    ReporterName,
    ReporterPhone,
    Relationship,
    Location,
    LocationPostcode,
    LinkedRefs,
    RiskGrade,
    DaFlag,
}

impl Column {
    /// Every known column, in the order in which they are documented.
    #[rustfmt::skip]
    pub const ALL: [Self; 39] = [
        Self::IncidentId,
        Self::Narrative,
        Self::ReportedAt,
        Self::OccurredFrom,
        Self::OccurredTo,
        Self::RecordType,
        Self::OffenceCode,
        Self::OffenceTitle,
        Self::OpeningCode,
        Self::ClosingCode,
        Self::OutcomeCode,
        Self::Status,
        Self::Force,
        Self::Area,
        Self::SourceSystem,
        Self::VictimId,
        Self::VictimName,
        Self::VictimDob,
        Self::VictimSex,
        Self::VictimPhone,
        Self::VictimEmail,
        Self::VictimAddress,
        Self::VictimPostcode,
        Self::SuspectId,
        Self::SuspectName,
        Self::SuspectDob,
        Self::SuspectPhone,
        Self::SuspectEmail,
        Self::SuspectAddress,
        Self::SuspectPostcode,
        Self::SuspectVrm,
        Self::ReporterName,
        Self::ReporterPhone,
        Self::Relationship,
        Self::Location,
        Self::LocationPostcode,
        Self::LinkedRefs,
        Self::RiskGrade,
        Self::DaFlag,
    ];

    /// The column's name in every file the program reads and writes.
    #[rustfmt::skip]
    pub fn name(self) -> &'static str {
        match self {
            Self::IncidentId => "incident_id",
            Self::Narrative => "narrative",
            Self::ReportedAt => "reported_at",
            Self::OccurredFrom => "occurred_from",
            Self::OccurredTo => "occurred_to",
            Self::RecordType => "record_type",
            Self::OffenceCode => "offence_code",
            Self::OffenceTitle => "offence_title",
            Self::OpeningCode => "opening_code",
            Self::ClosingCode => "closing_code",
            Self::OutcomeCode => "outcome_code",
            Self::Status => "status",
            Self::Force => "force",
            Self::Area => "area",
            Self::SourceSystem => "source_system",
            Self::VictimId => "victim_id",
            Self::VictimName => "victim_name",
            Self::VictimDob => "victim_dob",
            Self::VictimSex => "victim_sex",
            Self::VictimPhone => "victim_phone",
            Self::VictimEmail => "victim_email",
            Self::VictimAddress => "victim_address",
            Self::VictimPostcode => "victim_postcode",
            Self::SuspectId => "suspect_id",
            Self::SuspectName => "suspect_name",
            Self::SuspectDob => "suspect_dob",
            Self::SuspectPhone => "suspect_phone",
            Self::SuspectEmail => "suspect_email",
            Self::SuspectAddress => "suspect_address",
            Self::SuspectPostcode => "suspect_postcode",
            Self::SuspectVrm => "suspect_vrm",
            Self::ReporterName => "reporter_name",
            Self::ReporterPhone => "reporter_phone",
            Self::Relationship => "relationship",
            Self::Location => "location",
            Self::LocationPostcode => "location_postcode",
            Self::LinkedRefs => "linked_refs",
            Self::RiskGrade => "risk_grade",
            Self::DaFlag => "da_flag",
        }
    }

    /// The column of that exact name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name() == name)
    }
}

/// One record of an export, as it was read: nothing is interpreted yet except dates and encodings.
#[derive(Clone, PartialEq)]
pub struct Incident {
    /// Unique in the run.
    pub id: String,
    /// The narrative as received, decoded to UTF-8. All spans count bytes of this text.
    pub narrative: String,
    /// Index into the run's list of input files.
    pub file: usize,
    /// Data row in its file, counted from 1 without the header.
    pub row: u64,
    /// The known columns that hold a value, except id and narrative, in the order of [`Column::ALL`]. Dates are ISO 8601 local time.
    pub fields: Vec<(Column, String)>,
    /// The values of the columns named by `--keep-columns`, in that order; empty where the row has none.
    pub kept: Vec<String>,
}

impl Incident {
    /// The value of a column other than id and narrative, where the row has one.
    pub fn get(&self, column: Column) -> Option<&str> {
        self.fields.iter().find(|(known, _)| *known == column).map(|(_, value)| value.as_str())
    }
}

/// Shows id and position only: an incident's text and people never reach a log by accident.
impl fmt::Debug for Incident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incident").field("id", &self.id).field("file", &self.file).field("row", &self.row).finish_non_exhaustive()
    }
}

/// A row that could not be screened, and why. Rows in = screened + rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedRow {
    /// Index into the run's list of input files.
    pub file: usize,
    /// Data row in its file, counted from 1 without the header.
    pub row: u64,
    /// Line of the file on which the row starts, counted from 1, where the format has lines.
    pub line: Option<u64>,
    /// The id, where it could be read.
    pub incident_id: Option<String>,
    /// The header of the column at fault, where one is.
    pub column: Option<String>,
    /// What is wrong and what was expected; never the narrative or a person's details.
    pub cause: String,
}
