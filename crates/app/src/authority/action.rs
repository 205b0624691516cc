//! Everything that can be asked for, as far as rights go. Which of it is whose stands in `policies.cedar`.

/// Each has its action of the same name in the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// That there is such an application at all, and what belongs to it; of no token's scope.
    See,
    ReadInventory,
    /// Applications of the inventory, their plans and waivers.
    WriteInventory,
    /// Groups and Regions of the inventory, which are of no one application.
    WriteShared,
    /// Accounts, roles and approval policies: whoever changes these could approve by other means. Of an application: the
    /// policy that it stands under, its webhooks' secrets.
    WriteProtected,
    ReadStatus,
    DeclareRegion,
    ReadRuns,
    RequestRun,
    DriveRun,
    /// From planned to emergency: the loss of data is accepted.
    EscalateRun,
    /// Taking back what a run has done.
    AbortRun,
    /// Saying that what a run has done stays.
    CommitRun,
    /// Saying that what a step of one's own waits for is so; a group that the step names is the pure core's.
    ConfirmStep,
    ReviewRun,
    /// Stopping all automation, and letting it go on.
    SwitchAutomation,
    /// Declaring a change freeze, and lifting it: of one application, or of all.
    DeclareFreeze,
    /// Entries about what one may see.
    ReadAudit,
    /// All of it, as it is exported and proved.
    ReadWholeLog,
    ReadPeople,
    /// People, their roles and groups: whoever changes these could approve by other means.
    WritePeople,
    /// One's own API tokens.
    ManageOwnTokens,
    /// How one signs in oneself: second factor, sessions.
    ManageOwnSignIn,
    /// That one is who one says: the proof, and what is asked for it.
    ProveOneself,
    ChangeOwnPassword,
    /// How one is told.
    ManageOwnChannels,
    /// Accepting in the inventory what readiness would hold against an application.
    Waive,
    /// Starting without others what would wait for them, for at most an hour.
    OpenBreakGlass,
    /// Before its time; that it is one's own, or that one is an administrator, is the pure core's.
    EndBreakGlass,
    /// Closing its review; that it is not one's own is the pure core's.
    ReviewBreakGlass,
    /// Making codes that break the glass, and withdrawing them.
    KeepSealedCodes,
    /// Who hears first: schedules of who is on call, and taking a duty over. Nobody's right rests on it.
    KeepOnCall,
    /// Having a code of one's own that opens bundles; that another's is ended by an administrator alone is the use case's.
    KeepOfflineCode,
    /// Taking a copy of the sealed bundle away.
    TakeBundle,
    /// Handing in what was carried out without a server.
    HandInJournal,
}

impl Action {
    pub const ALL: [Self; 35] = [
        Self::See,
        Self::ReadInventory,
        Self::WriteInventory,
        Self::WriteShared,
        Self::WriteProtected,
        Self::ReadStatus,
        Self::DeclareRegion,
        Self::ReadRuns,
        Self::RequestRun,
        Self::DriveRun,
        Self::EscalateRun,
        Self::AbortRun,
        Self::CommitRun,
        Self::ConfirmStep,
        Self::ReviewRun,
        Self::SwitchAutomation,
        Self::DeclareFreeze,
        Self::ReadAudit,
        Self::ReadWholeLog,
        Self::ReadPeople,
        Self::WritePeople,
        Self::ManageOwnTokens,
        Self::ManageOwnSignIn,
        Self::ProveOneself,
        Self::ChangeOwnPassword,
        Self::ManageOwnChannels,
        Self::Waive,
        Self::OpenBreakGlass,
        Self::EndBreakGlass,
        Self::ReviewBreakGlass,
        Self::KeepSealedCodes,
        Self::KeepOnCall,
        Self::KeepOfflineCode,
        Self::TakeBundle,
        Self::HandInJournal,
    ];

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::See => "knowing of it",
            Self::ReadInventory => "reading the inventory",
            Self::WriteInventory => "changing the inventory",
            Self::WriteShared => "changing groups or Regions of the inventory",
            Self::WriteProtected => "changing accounts, roles or approval policies",
            Self::ReadStatus => "reading live status",
            Self::DeclareRegion => "declaring a Region's state",
            Self::ReadRuns => "reading runs",
            Self::RequestRun => "requesting a run",
            Self::DriveRun => "steering a run",
            Self::EscalateRun => "escalating a run",
            Self::AbortRun => "aborting a run",
            Self::CommitRun => "committing a run",
            Self::ConfirmStep => "confirming a step",
            Self::ReviewRun => "reviewing a run",
            Self::SwitchAutomation => "switching automation",
            Self::DeclareFreeze => "declaring or lifting a change freeze",
            Self::ReadAudit => "reading the audit log",
            Self::ReadWholeLog => "reading the audit log whole",
            Self::ReadPeople => "reading who the people are",
            Self::WritePeople => "changing people, their roles or groups",
            Self::ManageOwnTokens => "managing API tokens",
            Self::ManageOwnSignIn => "changing how one signs in",
            Self::ProveOneself => "proving who one is",
            Self::ChangeOwnPassword => "changing one's own password",
            Self::ManageOwnChannels => "changing how one is told",
            Self::Waive => "waiving a finding",
            Self::OpenBreakGlass => "breaking the glass",
            Self::EndBreakGlass => "ending a break-glass",
            Self::ReviewBreakGlass => "closing the review of a break-glass",
            Self::KeepSealedCodes => "making and withdrawing sealed codes",
            Self::KeepOnCall => "changing who is on call",
            Self::KeepOfflineCode => "having a code that opens bundles",
            Self::TakeBundle => "taking a copy of the bundle",
            Self::HandInJournal => "handing in what was carried out without a server",
        }
    }
}
