//! DNS messages (RFC 1035, section 4), as far as a server of addresses and names needs them.

use std::net::{Ipv4Addr, Ipv6Addr};

const HEADER: usize = 12;
const IN: u16 = 1;
/// QR, AA.
const AUTHORITATIVE_ANSWER: u8 = 0x84;
const RECURSION_DESIRED: u8 = 0x01;
const NEGATIVE_TTL_S: u32 = 60;

const TYPES: [(u16, &str); 4] = [(1, "A"), (5, "CNAME"), (16, "TXT"), (28, "AAAA")];

/// One question, and what of the message must be given back with the answer.
#[derive(Debug)]
pub(super) struct Query {
    id: [u8; 2],
    recursion_desired: bool,
    /// As asked, letter by letter: an asker may have mixed their case to know its own question again.
    question: Vec<u8>,
    kind: u16,
    /// Without the final dot.
    pub name: String,
}

/// One record of an answer.
#[derive(Debug)]
pub(super) struct Record {
    pub name: String,
    pub kind: String,
    pub ttl_s: u32,
    pub value: String,
}

#[derive(Debug)]
pub(super) enum Reply {
    Records(Vec<Record>),
    Nothing {
        zone: String,
        name_exists: bool,
    },
    /// Not a name of this server.
    Refused,
}

impl Query {
    /// A standard query with one question of the class IN.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let [id0, id1, flags, _, 0, 1, ..] = *bytes else { return None };
        // QR or an opcode: an answer, or something else than a query.
        if flags & 0xf8 != 0 {
            return None;
        }
        let (mut labels, mut at) = (Vec::new(), HEADER);
        loop {
            let length = usize::from(*bytes.get(at)?);
            at += 1;
            match length {
                0 => break,
                // Compression has no place in a question.
                1..=63 => {
                    labels.push(String::from_utf8_lossy(bytes.get(at..at + length)?).into_owned());
                    at += length;
                }
                _ => return None,
            }
        }
        let (&[k0, k1, c0, c1], question) =
            (bytes.get(at..at + 4)?.first_chunk()?, bytes.get(HEADER..at + 4)?);
        (u16::from_be_bytes([c0, c1]) == IN).then(|| Self {
            id: [id0, id1],
            recursion_desired: flags & RECURSION_DESIRED != 0,
            question: question.to_vec(),
            kind: u16::from_be_bytes([k0, k1]),
            name: labels.join("."),
        })
    }

    /// The type's name; one that is not answered has none.
    pub(super) fn kind(&self) -> &'static str {
        TYPES.iter().find(|(code, _)| *code == self.kind).map_or("", |(_, name)| name)
    }

    pub(super) fn reply(&self, reply: &Reply) -> Vec<u8> {
        let (code, answers, authority) = match reply {
            Reply::Records(records) => (0, records.iter().filter_map(encode).collect::<Vec<_>>(), vec![]),
            Reply::Nothing { zone, name_exists } => {
                (if *name_exists { 0 } else { 3 }, vec![], vec![soa(zone)])
            }
            Reply::Refused => (5, vec![], vec![]),
        };
        let flags = AUTHORITATIVE_ANSWER | if self.recursion_desired { RECURSION_DESIRED } else { 0 };
        let mut message = vec![self.id[0], self.id[1], flags, code];
        let counts =
            [1, answers.len(), authority.len(), 0].map(|n| u16::try_from(n).unwrap_or(0).to_be_bytes());
        message.extend(counts.concat());
        message.extend(&self.question);
        message.extend(answers.concat());
        message.extend(authority.concat());
        message
    }
}

fn encode(record: &Record) -> Option<Vec<u8>> {
    let (code, _) = TYPES.iter().find(|(_, name)| *name == record.kind)?;
    let data = match record.kind.as_str() {
        "A" => record.value.parse::<Ipv4Addr>().ok()?.octets().to_vec(),
        "AAAA" => record.value.parse::<Ipv6Addr>().ok()?.octets().to_vec(),
        "CNAME" => encode_name(&record.value),
        _ => {
            let text = record.value.trim_matches('"').as_bytes();
            let text = text.get(..text.len().min(255))?;
            [&[u8::try_from(text.len()).ok()?], text].concat()
        }
    };
    Some(resource_record(&record.name, *code, record.ttl_s, &data))
}

fn resource_record(name: &str, code: u16, ttl_s: u32, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap_or(0);
    [
        &encode_name(name)[..],
        &code.to_be_bytes(),
        &IN.to_be_bytes(),
        &ttl_s.to_be_bytes(),
        &length.to_be_bytes(),
        data,
    ]
    .concat()
}

/// What tells a resolver that there is nothing, and for how long it may believe that.
fn soa(zone: &str) -> Vec<u8> {
    let mut data = [encode_name("ns-1.sim.example"), encode_name("hostmaster.sim.example")].concat();
    for number in [1, 7_200, 900, 1_209_600, NEGATIVE_TTL_S] {
        data.extend(u32::to_be_bytes(number));
    }
    resource_record(zone, 6, NEGATIVE_TTL_S, &data)
}

/// Route 53 keeps `*` as `\052`; on the wire it is itself.
fn encode_name(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.replace("\\052", "*").trim_end_matches('.').split('.').filter(|l| !l.is_empty()) {
        let label = label.as_bytes();
        let label = label.get(..label.len().min(63)).unwrap_or_default();
        bytes.push(u8::try_from(label.len()).unwrap_or(0));
        bytes.extend(label);
    }
    bytes.push(0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `dig +norecurse A www.example.com`, without EDNS.
    const QUESTION: &[u8] =
        b"\x12\x34\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03WWW\x07example\x03com\x00\x00\x01\x00\x01";

    #[test]
    fn a_question_is_read_and_given_back_letter_by_letter() {
        let query = Query::read(QUESTION).unwrap();
        assert_eq!((query.name.as_str(), query.kind()), ("WWW.example.com", "A"));
        let record = |value: &str| Record {
            name: "www.example.com.".into(),
            kind: "A".into(),
            ttl_s: 60,
            value: value.into(),
        };
        let reply = query.reply(&Reply::Records(vec![record("192.0.2.1"), record("not an address")]));
        assert_eq!(reply[..8], *b"\x12\x34\x84\x00\x00\x01\x00\x01");
        assert_eq!(reply[HEADER..QUESTION.len()], QUESTION[HEADER..]);
        assert!(reply.ends_with(&[0, 0, 0, 60, 0, 4, 192, 0, 2, 1]));
    }

    #[test]
    fn a_name_that_is_not_there_and_a_name_that_is_not_ours_have_their_own_codes() {
        let query = Query::read(QUESTION).unwrap();
        let zone = || "example.com.".to_owned();
        assert_eq!(query.reply(&Reply::Nothing { zone: zone(), name_exists: false })[3], 3);
        assert_eq!(query.reply(&Reply::Nothing { zone: zone(), name_exists: true })[3], 0);
        assert_eq!(query.reply(&Reply::Refused)[3], 5);
    }

    #[test]
    fn what_is_no_question_is_not_read() {
        let with = |at: usize, byte: u8| {
            let mut bytes = QUESTION.to_vec();
            bytes[at] = byte;
            bytes
        };
        for wrong in [with(2, 0x80), with(2, 0x28), with(5, 2), with(12, 0xc0), with(QUESTION.len() - 1, 3)] {
            assert!(Query::read(&wrong).is_none(), "{wrong:?}");
        }
        for length in 0..QUESTION.len() {
            assert!(Query::read(&QUESTION[..length]).is_none(), "{length} bytes");
        }
    }
}
