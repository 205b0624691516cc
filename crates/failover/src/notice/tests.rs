//! Claims about who hears what, and for how long somebody is asked.

use super::*;
use crate::approval::Review;
use crate::break_glass::{BreakGlass, OpenedWith, UnderBreakGlass};
use crate::evacuation::{self, Evacuation};
use crate::gap::Gap;
use crate::movement::{Intent, Mode};
use crate::run::{Command, Entry, Event, Request, Run, StepState};
use crate::testing::{NOW, failover, name, region, request, sealed, step_id, who};
use holdfast_domain::BreakGlassId;
use uuid::Uuid;

fn somebody(number: u128, groups: &[&str]) -> Addressee {
    let who = who(number);
    Addressee {
        id: who.id,
        email: who.email,
        groups: groups.iter().map(|g| name(g)).collect(),
        others: vec![],
        may_review: !groups.is_empty(),
        may_drive: groups.is_empty(),
        admin: false,
        on_call: vec![],
    }
}

/// 1 asked for it; 2 and 3 may approve, 4 is in a group and no approver, 5 drives, 6 is an admin, 7 reads.
fn people() -> Vec<Addressee> {
    vec![
        somebody(1, &[]),
        somebody(2, &["sre"]),
        somebody(3, &["business-owners"]),
        Addressee { may_review: false, ..somebody(4, &["sre"]) },
        somebody(5, &[]),
        Addressee { admin: true, ..somebody(6, &[]) },
        Addressee { may_drive: false, ..somebody(7, &[]) },
    ]
}

struct Story {
    run: Run,
    entries: Vec<Entry>,
}

impl Story {
    fn of(request: Request) -> Self {
        let id = RunId(Uuid::from_u128(9));
        let events = Run::request(id, request, NOW);
        let entries: Vec<Entry> =
            events.into_iter().zip(1..).map(|(event, seq)| Entry { seq, at: NOW, event }).collect();
        Self { run: Run::replay(id, &entries).unwrap(), entries }
    }

    fn tell(&mut self, command: Command) {
        for event in self.run.handle(command, NOW).unwrap() {
            self.write(event);
        }
    }

    fn write(&mut self, event: Event) {
        let entry = Entry { seq: self.run.seq + 1, at: NOW, event };
        self.run.apply(&entry).unwrap();
        self.entries.push(entry);
    }

    fn approve(&mut self, person: u128, group: &str) {
        let by = who(person);
        let review = Review {
            person: by.id,
            email: by.email,
            groups: vec![name(group)],
            at: NOW,
            comment: None,
            others: vec![],
        };
        self.tell(Command::Approve { review, digest: self.run.request.digest.clone() });
    }

    fn told_of(&self, kind: &str, rounds: u16) -> Told {
        let entry = self.entries.iter().rfind(|e| e.event.kind() == kind).unwrap();
        of_run(&self.run, entry, rounds, &people(), None)
    }

    fn told_with(&self, kind: &str, rounds: u16, people: &[Addressee]) -> Told {
        let entry = self.entries.iter().rfind(|e| e.event.kind() == kind).unwrap();
        of_run(&self.run, entry, rounds, people, Some(&name("payments")))
    }
}

fn emergency() -> Request {
    sealed(Request { movement: failover(Mode::Emergency), emergency: None, ..request() })
}

fn heard(told: &Told, matter: Matter) -> Vec<u128> {
    told.to.iter().filter(|(_, m)| m.matter == matter).map(|(id, _)| id.0.as_u128()).collect()
}

fn all(told: &Told) -> Vec<u128> {
    told.to.iter().map(|(id, _)| id.0.as_u128()).collect()
}

#[test]
fn whoever_may_approve_is_asked_at_once_and_nobody_else_is_bothered() {
    let told = Story::of(request()).told_of("requested", 0);
    assert_eq!((heard(&told, Matter::ApprovalWanted), told.to.len()), (vec![2, 3], 2));
    assert!(told.waits && told.settles.is_none());
    let (_, message) = &told.to[0];
    assert_eq!(message.signal, Signal::Ask);
    assert_eq!(message.title, "shop: failover us-east-1 → eu-central-1 waits for your approval");
    assert!(message.text.contains("person-1@example.com asks: the Region is impaired."), "{}", message.text);
}

/// As `people`, with another approver (8) in `sre`.
fn people_on_call(on_call: &[(u128, &str)]) -> Vec<Addressee> {
    let mut all = people();
    all.push(somebody(8, &["sre"]));
    for (number, team) in on_call {
        let person = all.iter_mut().find(|p| p.id == who(*number).id).unwrap();
        person.on_call.push(name(team));
    }
    all
}

#[test]
fn of_a_group_that_somebody_is_on_call_for_they_alone_are_asked_first_and_everybody_where_they_do_not_answer()
{
    let story = Story::of(request());
    let asked = |on_call: &[(u128, &str)], rounds| {
        heard(&story.told_with("requested", rounds, &people_on_call(on_call)), Matter::ApprovalWanted)
    };
    assert_eq!(asked(&[], 0), [2, 3, 8]);
    assert_eq!(asked(&[(8, "sre")], 0), [3, 8], "the other group has nobody on call: it is asked whole");
    assert_eq!(asked(&[(8, "sre")], 1), [2, 3, 8], "ten minutes later");
    assert_eq!(asked(&[(8, "business-owners")], 0), [2, 3, 8], "on call for a group that they are not in");
}

#[test]
fn where_those_on_call_could_not_approve_it_everybody_is_asked_at_once() {
    let asked = |on_call: &[(u128, &str)], asked: Request| {
        let story = Story::of(sealed(asked));
        heard(&story.told_with("requested", 0, &people_on_call(on_call)), Matter::ApprovalWanted)
    };
    let on_call = [(8, "sre")];
    assert_eq!(
        asked(&[(1, "sre"), (4, "sre")], request()),
        [2, 3, 8],
        "who asked for it, and who approves nothing"
    );
    let mut two = request();
    two.policy
        .rules
        .iter_mut()
        .for_each(|rule| rule.approvals = if rule.group == name("sre") { 2 } else { 1 });
    assert_eq!(asked(&on_call, two), [2, 3, 8], "two are needed, and one is on call");
    assert_eq!(asked(&on_call, emergency()), [2, 3, 8], "an emergency waits for nobody's turn");
}

#[test]
fn what_needs_a_person_calls_whoever_is_on_call_for_the_application_beside_whoever_asked() {
    let story = parked();
    let called = |on_call: &[(u128, &str)], rounds| {
        heard(&story.told_with("step_parked", rounds, &people_on_call(on_call)), Matter::NeedsPerson)
    };
    assert_eq!(called(&[(5, "payments")], 0), [1, 5]);
    assert_eq!(called(&[(5, "sre"), (7, "payments")], 0), [1], "another team's, and one who may not drive");
    assert_eq!(called(&[(5, "payments")], 1), [1, 5, 6]);
}

#[test]
fn what_needs_a_person_asks_everybody_who_may_drive_at_once_in_an_emergency_and_where_nobody_comes_first() {
    let called = |story: &Story, people: &[Addressee]| {
        heard(&story.told_with("step_parked", 0, people), Matter::NeedsPerson)
    };
    let on_call = people_on_call(&[(5, "payments")]);
    assert_eq!(called(&parked_of(emergency()), &on_call), [1, 5, 6], "an emergency waits for nobody's turn");
    let left: Vec<Addressee> = people().into_iter().filter(|p| p.id != who(1).id).collect();
    assert_eq!(called(&parked(), &left), [5, 6], "whoever asked for it is disabled");
}

#[test]
fn of_an_emergency_everybody_hears_but_whoever_asked_and_the_approvers_that_it_waits_for_them() {
    let told = Story::of(emergency()).told_of("requested", 0);
    assert_eq!(heard(&told, Matter::ApprovalWanted), [2, 3]);
    assert_eq!(heard(&told, Matter::Emergency), [4, 5, 6, 7]);
    assert!(told.to.iter().all(|(_, m)| m.title.contains("emergency failover")));
}

#[test]
fn an_emergency_that_asked_nobody_is_told_of_all_the_same() {
    let mut asked = emergency();
    asked.policy.rules.clear();
    let told = Story::of(sealed(asked)).told_of("requested", 0);
    assert_eq!(heard(&told, Matter::Emergency), [2, 3, 4, 5, 6, 7]);
    assert!(!told.waits);
}

#[test]
fn while_nobody_answers_those_whose_answer_is_missing_are_asked_again_and_admins_hear_of_it() {
    let mut story = Story::of(request());
    let told = story.told_of("requested", 1);
    assert_eq!(heard(&told, Matter::ApprovalWanted), [2, 3]);
    assert_eq!(heard(&told, Matter::Unanswered), [1, 6]);
    story.approve(2, "sre");
    let told = story.told_of("requested", 2);
    assert_eq!(heard(&told, Matter::ApprovalWanted), [3], "who has answered is left alone");
    story.approve(3, "business-owners");
    let told = story.told_of("requested", 3);
    assert!(told.to.is_empty() && !told.waits, "nothing is missing any more");
}

#[test]
fn a_decision_is_told_to_whoever_asked_and_ends_what_rang() {
    let mut story = Story::of(request());
    story.approve(2, "sre");
    story.approve(3, "business-owners");
    let told = story.told_of("started", 0);
    assert_eq!((all(&told), heard(&told, Matter::Started)), (vec![1], vec![1]));
    assert!(told.to[0].1.text.contains("person-2@example.com and person-3@example.com"));
    assert_eq!(told.settles.unwrap().signal, Signal::Settle);

    let mut story = Story::of(request());
    let digest = story.run.request.digest.clone();
    let comment = Some("not in business hours".to_owned());
    story.tell(Command::Deny { by: who(2), groups: vec![name("sre")], digest, comment });
    let told = story.told_of("denied", 0);
    assert_eq!(heard(&told, Matter::Denied), [1]);
    assert_eq!(told.to[0].1.text, "not in business hours");
}

#[test]
fn who_takes_a_request_back_need_not_be_told_and_what_rang_ends() {
    let mut story = Story::of(request());
    story.tell(Command::Cancel { by: who(1), reason: "not needed".into() });
    let told = story.told_of("cancelled", 0);
    assert!(told.to.is_empty() && told.settles.is_some());
    let mut story = Story::of(request());
    story.tell(Command::Cancel { by: who(5), reason: "not needed".into() });
    assert_eq!(heard(&story.told_of("cancelled", 0), Matter::Cancelled), [1]);
}

fn parked() -> Story {
    parked_of(request())
}

fn parked_of(asked: Request) -> Story {
    let mut story = Story::of(asked);
    story.approve(2, "sre");
    story.approve(3, "business-owners");
    let step = step_id("observe-again");
    story.write(Event::StepStarted {
        step: step.clone(),
        attempt: 1,
        epoch: 1,
        before: vec![],
        change: None,
        answer_due: NOW,
    });
    story.write(Event::StepParked { step, reason: "It is not known.".into(), way_out: "Look.".into() });
    story
}

#[test]
fn a_run_that_needs_somebody_asks_its_requester_first_and_then_whoever_may_drive_it() {
    let mut story = parked();
    let told = story.told_of("step_parked", 0);
    assert_eq!((heard(&told, Matter::NeedsPerson), told.waits), (vec![1], true));
    assert_eq!(told.to[0].1.text, "It is not known. Look.");
    assert_eq!(heard(&story.told_of("step_parked", 1), Matter::NeedsPerson), [1, 5, 6]);
    story.tell(Command::RetryStep { by: who(5), step: step_id("observe-again") });
    assert_ne!(story.run.steps[&step_id("observe-again")].state, StepState::NeedsPerson);
    let told = story.told_of("step_parked", 2);
    assert!(told.to.is_empty() && !told.waits, "somebody has seen to it");
}

#[test]
fn how_an_emergency_ended_is_told_to_everybody() {
    let failed = |asked: Request| {
        let mut story = Story::of(asked);
        story.approve(2, "sre");
        story.approve(3, "business-owners");
        story.write(Event::Failed { reason: "the store is gone".into() });
        heard(&story.told_of("failed", 0), Matter::Failed)
    };
    assert_eq!(failed(request()), [1]);
    assert_eq!(failed(emergency()), [1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn of_a_dry_run_and_of_what_the_engine_does_by_itself_nobody_hears() {
    let dry = Story::of(sealed(Request { dry_run: true, ..emergency() }));
    assert_eq!(dry.told_of("requested", 0), Told::default());
    let story = parked();
    assert_eq!(story.told_of("step_started", 0), Told::default());
}

#[test]
fn a_part_of_an_evacuation_is_asked_about_with_its_lot_alone() {
    let lot = EvacuationId(Uuid::from_u128(7));
    let part = Story::of(sealed(Request { evacuation: Some(lot), ..emergency() }));
    assert_eq!(part.told_of("requested", 0), Told::default());
    let asked = evacuation::Request {
        direction: evacuation::Direction::Out,
        region: region("us-east-1"),
        mode: Mode::Planned,
        waves: vec![vec![evacuation::Part {
            application: name("shop"),
            run: part.run.id,
            intent: Intent::Failover,
            to: region("eu-central-1"),
            digest: part.run.request.digest.clone(),
        }]],
        left_out: vec![],
        circles: vec![],
        concurrency: 8,
        stop_on_failure: true,
        dry_run: false,
        digest: crate::Digest("0".repeat(64)),
        by: who(1),
        reason: "it burns".into(),
        incident: None,
        expires_after_seconds: 3600,
    };
    let event = evacuation::Event::Requested { request: Box::new(asked) };
    let entry = evacuation::Entry { seq: 1, at: NOW, event };
    let waiting = Evacuation::replay(lot, std::slice::from_ref(&entry)).unwrap();
    let told = of_evacuation(&waiting, std::slice::from_ref(&part.run), &entry, 0, &people());
    assert_eq!((heard(&told, Matter::ApprovalWanted), told.to.len()), (vec![2, 3], 2));
    let told = of_evacuation(&waiting, &[part.run], &entry, 1, &people());
    assert_eq!(heard(&told, Matter::Unanswered), [1, 6]);
}

#[test]
fn that_the_glass_is_broken_everybody_hears_but_whoever_broke_it() {
    let glass = BreakGlass {
        id: BreakGlassId(Uuid::from_u128(8)),
        holder: who(5),
        reason: "nobody on call answers".into(),
        incident: None,
        opened_with: OpenedWith::SecondFactor,
        opened_at: NOW,
        expires_at: NOW,
        ended: None,
        reviewed: None,
    };
    let told = of_break_glass(&glass, &people());
    assert_eq!(heard(&told, Matter::BreakGlass), [1, 2, 3, 4, 6, 7]);
    assert!(!told.waits && told.to[0].1.text.contains("nobody on call answers"), "{told:?}");
}

#[test]
fn what_is_started_under_break_glass_is_told_at_once_to_those_it_does_without_and_ends_what_rang() {
    let under = UnderBreakGlass {
        id: BreakGlassId(Uuid::from_u128(5)),
        by: who(2),
        reason: "nobody answers.".into(),
        until: NOW,
        offline: None,
    };
    let mut story = Story::of(request());
    story.tell(Command::BreakGlass { under });
    let told = story.told_of("break_glass", 0);
    assert_eq!(heard(&told, Matter::Emergency), [3, 6], "approvers and admins, and not its holder");
    let (_, message) = &told.to[0];
    assert_eq!(message.signal, Signal::Tell);
    assert_eq!(
        message.text,
        "person-2@example.com broke the glass: nobody answers. Somebody else has to close its review."
    );
    assert_eq!(told.settles.unwrap().signal, Signal::Settle);
    assert!(!told.waits);
}

#[test]
fn what_rang_for_a_step_ends_when_somebody_has_seen_to_it_and_a_start_under_break_glass_is_no_approval() {
    let mut story = Story::of(emergency());
    let under = UnderBreakGlass {
        id: BreakGlassId(Uuid::from_u128(5)),
        by: who(1),
        reason: "nobody answers.".into(),
        until: NOW,
        offline: None,
    };
    story.approve(2, "sre");
    story.tell(Command::BreakGlass { under });
    assert_eq!(
        story.told_of("started", 0),
        Told::default(),
        "that it begins is told with who broke the glass"
    );
    let step = story.run.plan().steps[0].id.clone();
    let parked = Event::StepParked { step: step.clone(), reason: "no".into(), way_out: "look".into() };
    story.write(parked);
    assert!(story.told_of("step_parked", 0).waits);
    story.tell(Command::RetryStep { by: who(5), step });
    let told = story.told_of("step_retried", 0);
    assert_eq!((told.to.len(), told.settles.unwrap().signal), (0, Signal::Settle));
}

#[test]
fn of_what_a_database_has_lost_of_a_run_those_hear_who_would_be_called_to_it_and_admins_and_once() {
    let gap = |kept| Gap {
        run: RunId(Uuid::from_u128(9)),
        application: name("shop"),
        kept,
        known: 4,
        known_at: NOW,
    };
    let of = |run: Option<Request>, people: &[Addressee]| {
        let run = run.map(|request| Story::of(request).run);
        of_gap(&gap(1), NOW, run.as_ref(), people, Some(&name("payments")))
    };
    let told = of(Some(request()), &people());
    assert_eq!(all(&told), [1, 6]);
    assert!(!told.waits && told.settles.is_none());
    let (_, message) = &told.to[0];
    assert_eq!((message.matter, message.signal), (Matter::JournalGap, Signal::Tell));
    assert!(message.text.contains("3 entries of this run's journal, 2 to 4"), "{}", message.text);
    assert_eq!(message.path, "/runs/00000000-0000-0000-0000-000000000009");
    assert_eq!(all(&of(Some(request()), &people_on_call(&[(5, "payments")]))), [1, 5, 6]);
    assert_eq!(all(&of(Some(emergency()), &people())), [1, 5, 6]);
    assert_eq!(all(&of(None, &people())), [1, 5, 6], "whoever asked for it is lost with it");
    let rehearsed = sealed(Request { dry_run: true, ..request() });
    assert_eq!(all(&of(Some(rehearsed), &people())), [6]);
    let gone = of_gap(&gap(0), NOW, None, &people(), None);
    assert_eq!(gone.to[0].1.path, "/system");
}
