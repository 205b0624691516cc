//! The control page's sections as HTML: what can be broken, above, and what it did, below.

use super::{switches, tables};
use crate::faults::{Fault, FaultKind};
use crate::state::State;
use crate::world::World;
use crate::world::clock::Moment;
use crate::world::regions::{link_key, usual_lag_ms};
use std::collections::BTreeSet;

/// Text into HTML, attribute values included.
pub(super) fn esc(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

/// A state: sign and colour by class, and the word.
pub(super) fn state(class: &str, word: &str) -> String {
    format!("<span class=\"state {class}\">{}</span>", esc(word))
}

/// A table that scrolls by itself where it is too wide.
pub(super) fn table(label: &str, heads: &[&str], rows: &str) -> String {
    let heads: String = heads.iter().map(|h| format!("<th scope=\"col\">{}</th>", esc(h))).collect();
    let label = esc(label);
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"{label}\"><table><thead><tr>{heads}</tr></thead>\
         <tbody>{rows}</tbody></table></div>"
    )
}

pub(super) fn card(id: &str, title: &str, wide: bool, content: &str) -> String {
    let class = if wide { "card wide" } else { "card" };
    format!(
        "<section class=\"{class}\" id=\"{id}\" aria-labelledby=\"{id}-h\"><h2 id=\"{id}-h\">{title}</h2>{content}</section>"
    )
}

/// One button that is a form. `hidden` pairs are sent with it; `about` is for those who hear the page.
struct Button<'a> {
    word: &'a str,
    about: &'a str,
    danger: bool,
    hidden: &'a [(&'a str, &'a str)],
}

fn hidden_fields(hidden: &[(&str, &str)], live: bool) -> String {
    let field = |k: &str, v: &str| format!("<input type=\"hidden\" name=\"{k}\" value=\"{}\">", esc(v));
    let live = if live { field("live", "true") } else { String::new() };
    hidden.iter().map(|(k, v)| field(k, v)).chain([live]).collect()
}

fn button(button: &Button<'_>, live: bool) -> String {
    let class = if button.danger { " class=\"danger\"" } else { "" };
    format!(
        "<form method=\"post\" action=\"/_sim/form\">{}<button{class}>{}<span class=\"hidden\"> {}</span></button></form>",
        hidden_fields(button.hidden, live),
        esc(button.word),
        esc(button.about)
    )
}

/// Everything between the page's head and foot.
pub(super) fn all(sim: &State, now: Moment, live: bool) -> String {
    let (toggle, word) =
        if live { ("/", "Stop looking again by itself") } else { ("/?live=true", "Look again every 3 s") };
    let world = &sim.world;
    [
        format!(
            "<div class=\"bar\"><h1>Simulator</h1><p class=\"muted\">A small AWS. What breaks here, Holdfast sees. \
             <a href=\"{toggle}\">{word}</a> · <a href=\"/_sim/world\">world</a> · <a href=\"/_sim/ledger\">ledger</a></p></div>\
             <div class=\"grid\">"
        ),
        card("regions", "Regions", false, &regions(world, live)),
        card("links", "Links between Regions", false, &links(world, now, live)),
        card("clock", "Clock", false, &clock(world, now, live)),
        card("faults", "Faults of calls", false, &faults(sim, live)),
        card("aurora", "Aurora global databases", true, &tables::aurora(world, now)),
        card("stores", "Other stores", true, &super::stores::all(world, now)),
        card("services", "ECS services", false, &tables::services(world, now)),
        card("groups", "Auto Scaling and EKS node groups", false, &tables::groups(world, now)),
        card("functions", "Lambda functions", false, &tables::functions(world, now)),
        card("records", "Route 53 records", false, &tables::records(world)),
        card("accelerators", "Global Accelerator", false, &tables::accelerators(world, now)),
        card("routes", "S3 Multi-Region Access Points", false, &tables::routes(world, now)),
        card("controls", "ARC routing controls", false, &switches::routing_controls(world)),
        card("checks", "Route 53 health checks", false, &switches::health_checks(world, now)),
        card("switches", "ARC Region switch", false, &switches::switch_plans(world, now)),
        card("distributions", "CloudFront", false, &switches::distributions(world, now)),
        card("supporting", "Stacks, secrets, keys", false, &tables::supporting(world)),
        card("ledger", "The last hundred calls", true, &tables::ledger(sim)),
        "</div>".to_owned(),
    ]
    .concat()
}

fn regions(world: &World, live: bool) -> String {
    let rows: String = world
        .regions
        .iter()
        .map(|(code, region)| {
            let shown = match (region.dark, region.control_plane_dark) {
                (true, true) => state("bad", "dark, control planes out"),
                (true, false) => state("bad", "dark"),
                (false, true) => state("watch", "control planes out"),
                (false, false) if region.capacity_short => state("watch", "no capacity"),
                (false, false) => state("good", "lit"),
            };
            let flip = |what: &str, is: bool, on: &str, off: &str| {
                button(
                    &Button {
                        word: if is { off } else { on },
                        about: code,
                        danger: !is,
                        hidden: &[("do", what), ("a", code), ("value", if is { "false" } else { "true" })],
                    },
                    live,
                )
            };
            format!(
                "<tr><th scope=\"row\">{}</th><td>{shown}</td><td><div class=\"verbs\">{}{}{}</div></td></tr>",
                esc(code),
                flip("dark", region.dark, "Darken", "Light"),
                flip(
                    "control_plane_dark",
                    region.control_plane_dark,
                    "Control planes out",
                    "Control planes back"
                ),
                flip("capacity_short", region.capacity_short, "Take its capacity", "Give capacity back"),
            )
        })
        .collect();
    format!(
        "<p class=\"muted\">Dark: the Region's own endpoints take a call and never answer. Control planes out: changes are \
         refused, also in the global ones that live there (Route 53 in us-east-1, Global Accelerator in us-west-2). No \
         capacity: sizes are accepted, and the tasks and instances do not come.</p>{}",
        table("Regions", &["Region", "State", "Change"], &rows)
    )
}

/// The pairs that data is replicated over, and the ones that something is wrong with.
fn pairs(world: &World) -> BTreeSet<(String, String)> {
    let mut pairs = BTreeSet::new();
    for global in &world.global_clusters {
        for (i, a) in global.members.iter().enumerate() {
            for b in global.members.iter().skip(i + 1) {
                pairs.extend(
                    link_key(&a.region, &b.region).split_once('/').map(|(a, b)| (a.into(), b.into())),
                );
            }
        }
    }
    pairs.extend(world.links.keys().filter_map(|k| k.split_once('/')).map(|(a, b)| (a.into(), b.into())));
    pairs
}

/// The worst lag of what is replicated over a link.
fn worst_lag_ms(world: &World, now: Moment, a: &str, b: &str) -> Option<f64> {
    let key = link_key(a, b);
    let followers = world.global_clusters.iter().flat_map(|global| {
        let writer = global.writer().map(|w| w.region.as_str()).unwrap_or_default();
        global.members.iter().filter(move |m| !m.writer).map(move |m| (link_key(writer, &m.region), m))
    });
    let lags = followers.filter(|(over, _)| *over == key).filter_map(|(_, m)| m.lag.at(now.virtual_ms));
    lags.max_by(f64::total_cmp)
}

fn links(world: &World, now: Moment, live: bool) -> String {
    let rows: String = pairs(world)
        .iter()
        .map(|(a, b)| {
            let link = world.links.get(&link_key(a, b)).copied().unwrap_or_default();
            let about = format!("between {a} and {b}");
            let worst = worst_lag_ms(world, now, a, b).map_or_else(|| "–".to_owned(), tables::seconds);
            let shown = if link.cut {
                state("bad", "cut")
            } else if link.lag_ms.is_some() {
                state("watch", "slow")
            } else {
                state("good", "up")
            };
            let cut = button(
                &Button {
                    word: if link.cut { "Mend" } else { "Cut" },
                    about: &about,
                    danger: !link.cut,
                    hidden: &[("do", "cut"), ("a", a), ("b", b), ("value", if link.cut { "false" } else { "true" })],
                },
                live,
            );
            let set = link.lag_ms.map(|l| (l / 1_000.0).to_string()).unwrap_or_default();
            format!(
                "<tr><th scope=\"row\">{} – {}</th><td>{shown}</td><td class=\"n\">{worst}</td><td><div class=\"verbs\">{cut}\
                 <form method=\"post\" action=\"/_sim/form\">{}<input name=\"value\" inputmode=\"decimal\" size=\"5\" \
                 value=\"{set}\" placeholder=\"{:.1}\" aria-label=\"Lag in seconds {}\"><button>Set lag<span class=\"hidden\"> {}</span></button></form></div></td></tr>",
                esc(a),
                esc(b),
                hidden_fields(&[("do", "lag"), ("a", a), ("b", b)], live),
                usual_lag_ms(a, b) / 1_000.0,
                esc(&about),
                esc(&about),
            )
        })
        .collect();
    format!(
        "<p class=\"muted\">Lag in seconds; an empty field is the usual lag again. Cut, it grows by a second each second.</p>{}",
        table("Links", &["Link", "State", "Worst lag", "Change"], &rows)
    )
}

fn clock(world: &World, now: Moment, live: bool) -> String {
    let ahead = (now.virtual_ms - now.real_ms) as f64;
    let advance: String = [("1 minute", "60"), ("10 minutes", "600"), ("1 hour", "3600")]
        .iter()
        .map(|(word, seconds)| {
            let hidden = [("do", "advance"), ("value", *seconds)];
            button(&Button { word, about: "ahead", danger: false, hidden: &hidden }, live)
        })
        .collect();
    let speed: String = [("Freeze", "0"), ("1×", "1"), ("10×", "10")]
        .iter()
        .map(|(word, value)| {
            let hidden = [("do", "speed"), ("value", *value)];
            button(&Button { word, about: "speed", danger: false, hidden: &hidden }, live)
        })
        .collect();
    format!(
        "<p>Runs at {}×, {} ahead of the wall clock.</p><p class=\"muted\">Step ahead</p><div class=\"verbs\">{advance}</div>\
         <p class=\"muted\">Speed</p><div class=\"verbs\">{speed}</div>",
        world.clock.speed(),
        tables::seconds(ahead),
    )
}

fn options(values: impl IntoIterator<Item = (String, String)>) -> String {
    let any = std::iter::once((String::new(), "any".to_owned()));
    any.chain(values)
        .map(|(v, word)| format!("<option value=\"{}\">{}</option>", esc(&v), esc(&word)))
        .collect()
}

fn faults(sim: &State, live: bool) -> String {
    let same = |s: &str| (s.to_owned(), s.to_owned());
    let accounts =
        options(sim.world.accounts.values().map(|a| (a.id.clone(), format!("{} ({})", a.name, a.id))));
    let services = options(crate::wire::service_names().map(same));
    let regions = options(sim.world.regions.keys().map(|r| same(r)));
    let form = format!(
        "<form class=\"fields\" method=\"post\" action=\"/_sim/form\">{}\
         <label>How<select name=\"kind\"><option value=\"throttle\">throttled</option><option value=\"deny\">denied</option>\
         <option value=\"error\">AWS's own error</option><option value=\"hang\">never answered</option>\
         <option value=\"lose_answer\">done, answer lost</option>\
         <option value=\"stale\">a look answered as before</option></select></label>\
         <label>Account<select name=\"account\">{accounts}</select></label><label>Service<select name=\"service\">{services}</select></label>\
         <label>Region<select name=\"region\">{regions}</select></label><label>Operation<input name=\"operation\" placeholder=\"any\"></label>\
         <label>Times<input name=\"times\" inputmode=\"numeric\" size=\"4\" placeholder=\"no end\"></label><button>Add</button></form>",
        hidden_fields(&[("do", "fault")], live)
    );
    if sim.faults.list().is_empty() {
        return format!("{form}<p class=\"muted\">No call goes wrong on purpose.</p>");
    }
    let rows: String = sim.faults.list().iter().map(fault_row).collect();
    let clear = Button { word: "Take all back", about: "", danger: false, hidden: &[("do", "clear_faults")] };
    let heads = ["How", "Account", "Service", "Operation", "Region", "Times left"];
    format!("{form}{}<div class=\"verbs\">{}</div>", table("Faults", &heads, &rows), button(&clear, live))
}

fn fault_row(fault: &Fault) -> String {
    let how = match fault.kind {
        FaultKind::Throttle => "throttled",
        FaultKind::Deny => "denied",
        FaultKind::Error => "AWS's own error",
        FaultKind::Hang => "never answered",
        FaultKind::LoseAnswer => "done, answer lost",
        FaultKind::Stale => "a look answered as before",
    };
    let chance = fault.probability.map(|p| format!(", {}% of calls", p * 100.0)).unwrap_or_default();
    let cell = |value: &Option<String>| format!("<td>{}</td>", esc(value.as_deref().unwrap_or("any")));
    format!(
        "<tr><td>{}</td>{}{}{}{}<td>{}</td></tr>",
        state("watch", &format!("{how}{chance}")),
        cell(&fault.account),
        cell(&fault.service),
        cell(&fault.operation),
        cell(&fault.region),
        fault.times.map_or_else(|| "no end".to_owned(), |t| t.to_string()),
    )
}
