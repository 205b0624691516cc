use super::*;
use crate::bundle::tests::{NOW, opened, request, signing, who};
use holdfast_failover::break_glass::UnderBreakGlass;
use holdfast_failover::run::{Event, RunState};

const RUN: RunId = RunId(Uuid::from_u128(77));

fn entry(seq: i64, event: Event) -> Entry {
    Entry { seq, at: NOW, event }
}

/// A run that was asked for, begun and cancelled.
fn lines() -> Vec<Line> {
    let open = opened();
    let glass = BreakGlassId(Uuid::from_u128(78));
    let (begun, _) = begin(&open, RUN, glass);
    let under = UnderBreakGlass {
        id: glass,
        by: who(),
        reason: "our Region is lost".into(),
        until: NOW,
        offline: Some(open.head.id),
    };
    vec![
        Line::Begun(begun),
        Line::Opened(Opening {
            by: who(),
            at: NOW,
            reason: "our Region is lost".into(),
            version: "1.0.0".into(),
            host: "laptop".into(),
        }),
        Line::Entries(vec![
            entry(1, Event::Requested { request: Box::new(request()) }),
            entry(2, Event::BreakGlass { under }),
            entry(3, Event::Started),
        ]),
        Line::Entries(vec![entry(4, Event::Cancelled { by: who(), reason: "it came back".into() })]),
    ]
}

/// One bundle for the whole test: each has a key of its own.
fn written() -> (String, Open) {
    let open = opened();
    let (_, mut writer) = begin(&open, RUN, BreakGlassId(Uuid::from_u128(78)));
    let text = lines().iter().map(|line| writer.line(line).unwrap()).collect();
    (text, open)
}

#[test]
fn a_journal_is_read_back_and_tells_its_run() {
    let (text, open) = written();
    let (begun, head) = claims(&text, &[signing(1).public()]).unwrap();
    assert_eq!((begun.run, head.id), (RUN, open.head.id));
    let journal = Journal::read(&text, &open.key, RUN).unwrap();
    assert_eq!(journal.whole, text.len());
    assert_eq!(journal.run().unwrap().state, RunState::Cancelled);
    assert_eq!((journal.written.len(), journal.entries().len()), (2, 4));
    assert!(claims(&text, &[signing(2).public()]).is_err(), "of another Holdfast");
    assert!(Journal::read(&text, &open.key, RunId(Uuid::nil())).is_err(), "of another run");
}

#[test]
fn a_journal_in_which_anything_is_another_is_refused() {
    let (text, open) = written();
    // A newline that is another makes a line of two, a last line that is not ended is one that broke off.
    for at in 0..text.len() - 1 {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        let Ok(other) = String::from_utf8(bytes) else { continue };
        assert!(Journal::read(&other, &open.key, RUN).is_err(), "byte {at}");
    }
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    let without = [all[0], all[1], all[3]].concat();
    let twice = [all[0], all[1], all[1], all[2], all[3]].concat();
    let turned = [all[0], all[2], all[1], all[3]].concat();
    for changed in [without, twice, turned] {
        assert_eq!(Journal::read(&changed, &open.key, RUN).unwrap_err().code, "journal_tampered");
    }
    let other = opened();
    assert!(Journal::read(&text, &other.key, RUN).is_err(), "with the key of another bundle");
}

#[test]
fn a_line_that_broke_off_is_left_out_and_the_next_is_written_in_its_place() {
    let (text, open) = written();
    let torn = &text[..text.len() - 20];
    let mut journal = Journal::read(torn, &open.key, RUN).unwrap();
    assert_eq!(journal.run().unwrap().state, RunState::Running, "what broke off was never said");
    let line = journal.writer.line(&lines()[3]).unwrap();
    let mended = format!("{}{line}", &torn[..journal.whole]);
    assert_eq!(mended, text);
}
