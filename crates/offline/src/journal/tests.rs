use super::*;
use crate::bundle::Bundle;
use crate::bundle::tests::{CODE, NOW, OTHER_CODE, opened, other, request, signed, signing, who};
use holdfast_failover::break_glass::UnderBreakGlass;
use holdfast_failover::run::{Event, RunState};

const RUN: RunId = RunId(Uuid::from_u128(77));

fn entry(seq: i64, event: Event) -> Entry {
    Entry { seq, at: NOW, event }
}

/// A run that was asked for, begun and cancelled.
fn lines(open: &Open) -> Vec<Line> {
    let glass = BreakGlassId(Uuid::from_u128(78));
    let (begun, _) = begin(open, RUN, glass);
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
            code: open.by.code,
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
    let text = lines(&open).iter().map(|line| writer.line(line).unwrap()).collect();
    (text, open)
}

/// As the Holdfast that gave the codes out knows them.
fn code(open: &Open) -> impl Fn(Uuid) -> Option<Key> {
    let (of, key) = (open.by.code, open.of_code.clone());
    move |code| (code == of).then(|| key.clone())
}

fn read(text: &str, open: &Open) -> Result<Journal, Fault> {
    Journal::read_by_hand(text, &open.key, RUN, &code(open))
}

#[test]
fn a_journal_is_read_back_and_tells_its_run() {
    let (text, open) = written();
    let (begun, head) = claims(&text, &[signing(1).public()]).unwrap();
    assert_eq!((begun.run, head.id), (RUN, open.head.id));
    let journal = read(&text, &open).unwrap();
    assert_eq!(journal.whole, text.len());
    assert_eq!(journal.run().unwrap().state, RunState::Cancelled);
    assert_eq!((journal.written.len(), journal.entries().len()), (2, 4));
    assert!(claims(&text, &[signing(2).public()]).is_err(), "of another Holdfast");
    assert!(Journal::read(&text, &open.key, RunId(Uuid::nil()), None).is_err(), "of another run");
}

#[test]
fn a_journal_in_which_anything_is_another_is_refused() {
    let (text, open) = written();
    // A newline that is another makes a line of two, a last line that is not ended is one that broke off.
    for at in 0..text.len() - 1 {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        let Ok(other) = String::from_utf8(bytes) else { continue };
        assert!(read(&other, &open).is_err(), "byte {at}");
    }
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    let without = [all[0], all[1], all[3]].concat();
    let twice = [all[0], all[1], all[1], all[2], all[3]].concat();
    let turned = [all[0], all[2], all[1], all[3]].concat();
    for changed in [without, twice, turned] {
        assert_eq!(Journal::read(&changed, &open.key, RUN, None).unwrap_err().code, "journal_tampered");
    }
    let other = opened();
    assert!(Journal::read(&text, &other.key, RUN, None).is_err(), "with the key of another bundle");
}

#[test]
fn a_line_that_broke_off_is_left_out_and_the_next_is_written_in_its_place() {
    let (text, open) = written();
    let torn = &text[..text.len() - 20];
    let (journal, mut writer) = Journal::reopen(torn, &open, &[signing(1).public()]).unwrap();
    assert_eq!(journal.run().unwrap().state, RunState::Running, "what broke off was never said");
    let line = writer.line(&lines(&open)[3]).unwrap();
    let mended = format!("{}{line}", &torn[..journal.whole]);
    assert_eq!(mended, text);
}

/// Whoever holds a code of the bundle has its key, and with it each line's mark; the hand they have is their own.
#[test]
fn a_holder_writes_in_no_other_holders_name_and_a_takeover_is_each_ones_own() {
    let bundle = Bundle::read(&signed(), &[signing(1).public()]).unwrap();
    let (mine, others) = (bundle.open(CODE).unwrap(), bundle.open(OTHER_CODE).unwrap());
    let both = |of: Uuid| code(&mine)(of).or_else(|| code(&others)(of));
    let by_hand = |text: &str| Journal::read_by_hand(text, &mine.key, RUN, &both);
    let opened_by = |open: &Open| {
        Line::Opened(Opening {
            by: open.by.person.clone(),
            code: open.by.code,
            at: NOW,
            reason: "our Region is lost".into(),
            version: "1.0.0".into(),
            host: "laptop".into(),
        })
    };
    let glass = BreakGlassId(Uuid::from_u128(78));
    let (begun, mut writer) = begin(&mine, RUN, glass);
    let first = [Line::Begun(begun), opened_by(&mine), lines(&mine)[2].clone()];
    let text: String = first.iter().map(|line| writer.line(line).unwrap()).collect();

    // The same in the first one's name, by the other's code.
    let mut forging = begin(&others, RUN, glass).1;
    let forged: String = first.iter().map(|line| forging.line(line).unwrap()).collect();
    assert!(Journal::read(&forged, &mine.key, RUN, None).is_ok(), "each mark is good");
    assert!(by_hand(&forged).unwrap_err().sentence.contains("not written by whoever had opened"));
    // So too a line that is put to the end of what the first one did write.
    let (_, mut forging) = Journal::reopen(&text, &others, &[signing(1).public()]).unwrap();
    let put = format!("{text}{}", forging.line(&lines(&mine)[3]).unwrap());
    assert_eq!(by_hand(&put).unwrap_err().code, "journal_tampered");

    let (_, mut takeover) = Journal::reopen(&text, &others, &[signing(1).public()]).unwrap();
    let cancelled = Event::Cancelled { by: other(), reason: "it came back".into() };
    let more = [opened_by(&others), Line::Entries(vec![entry(4, cancelled)])];
    let more: String = more.iter().map(|line| takeover.line(line).unwrap()).collect();
    let whole = by_hand(&format!("{text}{more}")).unwrap();
    let by: Vec<&Who> = whole.written.iter().map(|written| &written.by).collect();
    assert_eq!(by, [&who(), &other()]);
    let alone = Journal::read_by_hand(&format!("{text}{more}"), &mine.key, RUN, &code(&mine));
    assert_eq!(alone.unwrap_err().code, "journal_of_unknown_codes", "one of the two is not known");
}
