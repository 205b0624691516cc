//! The world map: Regions by what was seen of them and what was declared, and replication between them. Drawn
//! twice, for wide and for narrow places, because SVG text shrinks with its picture; only one is displayed.
//! Everything on it stands in the table of the Regions page as well.

use crate::components::labels::{self, Area, Wanted};
use crate::components::land::LAND;
use crate::components::projection::place;
use crate::components::tone::{self, Tone};
use crate::format;
use holdfast_api::regions::{RegionView, RegionsView, Replication};
use leptos::prelude::*;
use std::fmt::Write as _;

/// The part of the projection that is shown: no Region lies beyond.
const VIEW: Area = Area { x: 20.0, y: 30.0, width: 960.0, height: 420.0 };

/// A run that is moving traffic now, drawn over replication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moving {
    pub from: String,
    pub to: String,
}

struct Scale {
    class: &'static str,
    text: f64,
    marker: f64,
    counts: bool,
}

#[must_use]
pub fn map(view: &RegionsView, moving: &[Moving]) -> AnyView {
    let wide = Scale { class: "map wide-only", text: 15.0, marker: 7.5, counts: true };
    let narrow = Scale { class: "map narrow-only", text: 30.0, marker: 15.0, counts: false };
    view! { <div class="map-box">{draw(view, moving, &wide)}{draw(view, moving, &narrow)}</div> }.into_any()
}

/// The worse of what was seen and what was declared.
#[must_use]
pub fn region_tone(region: &RegionView) -> Tone {
    let seen = tone::observed(&region.observed).0;
    match tone::declared(&region.declared).0 {
        Tone::Quiet => seen,
        said => said.min(seen),
    }
}

fn draw(view: &RegionsView, moving: &[Moving], scale: &Scale) -> AnyView {
    let spots: Vec<(&RegionView, f64, f64)> = view
        .regions
        .iter()
        .map(|r| {
            let (x, y) = place(r.longitude, r.latitude);
            (r, x, y)
        })
        .collect();
    let find = |code: &str| spots.iter().find(|(r, ..)| r.code == code).map(|(_, x, y)| (*x, *y));
    let wanted: Vec<Wanted> = spots
        .iter()
        .map(|(region, x, y)| {
            let longest = lines(region, scale).iter().map(|l| l.chars().count()).max().unwrap_or(0);
            Wanted {
                x: *x,
                y: *y,
                radius: scale.marker * 1.3,
                width: f64::from(u32::try_from(longest).unwrap_or(40)) * scale.text * 0.55,
                height: scale.text * if scale.counts { 2.3 } else { 1.2 },
            }
        })
        .collect();
    let areas = labels::place(&wanted, VIEW);
    let arcs = view
        .replication
        .iter()
        .filter_map(|r| Some(arc(r, find(&r.from)?, find(&r.to)?, scale)))
        .collect_view();
    let runs = moving
        .iter()
        .filter_map(|m| {
            let (from, to) = (find(&m.from)?, find(&m.to)?);
            Some(view! { <path class="map-run" d=curve(from, to, 0.34).0 fill="none" stroke-width=scale.marker * 0.4 /> })
        })
        .collect_view();
    let markers = spots
        .iter()
        .zip(areas)
        .map(|((region, x, y), area)| marker(region, *x, *y, area, scale))
        .collect_view();
    let frame = format!("{} {} {} {}", VIEW.x, VIEW.y, VIEW.width, VIEW.height);
    let label = format!("Map of {}; the Regions page has the same as a table", format::count(view.regions.len(), "Region", "Regions"));
    view! {
        <svg class=scale.class viewBox=frame role="group" aria-label=label>
            <path class="map-grid" d=graticule() fill="none" />
            <path class="map-land" d=LAND />
            <g>{arcs}{runs}</g>
            <g>{markers}</g>
        </svg>
    }
    .into_any()
}

fn lines(region: &RegionView, scale: &Scale) -> Vec<String> {
    let mut lines = vec![region.code.clone()];
    if scale.counts {
        let tone = region_tone(region);
        let (_, seen) = tone::observed(&region.observed);
        let mut under = if region.declared == "normal" { String::new() } else { format!("{} · ", format::plain(&region.declared)) };
        if tone == Tone::Good {
            let _ = write!(under, "{} serving", region.serving.len());
        } else {
            under.push_str(seen);
        }
        lines.push(under);
    }
    lines
}

fn marker(region: &RegionView, x: f64, y: f64, area: Area, scale: &Scale) -> AnyView {
    let tone = region_tone(region);
    let r = scale.marker;
    let shape = match tone {
        Tone::Good | Tone::Quiet => view! { <circle cx=x cy=y r=r /> }.into_any(),
        Tone::Watch => {
            let d = format!("M{x} {}L{} {}L{} {}Z", y - r * 1.15, x + r * 1.15, y + r * 0.85, x - r * 1.15, y + r * 0.85);
            view! { <path d=d /> }.into_any()
        }
        Tone::Bad => view! { <rect x=x - r * 0.9 y=y - r * 0.9 width=r * 1.8 height=r * 1.8 /> }.into_any(),
        Tone::Moving => {
            let d = format!("M{} {}L{} {y}L{} {}Z", x - r * 0.8, y - r, x + r * 1.2, x - r * 0.8, y + r);
            view! { <path d=d /> }.into_any()
        }
        Tone::Unknown => view! {
            <g>
                <circle cx=x cy=y r=r stroke-dasharray="3 2.5" />
                <text class="map-q" x=x y=y + r * 0.45 text-anchor="middle" font-size=r * 1.4>"?"</text>
            </g>
        }
        .into_any(),
    };
    let (_, seen) = tone::observed(&region.observed);
    let (_, said) = tone::declared(&region.declared);
    let name = format!("{} ({}): {seen}, declared {said}, {} serving", region.code, region.name, region.serving.len());
    // A label to the left of its marker is set flush with it.
    let centre = area.x + area.width / 2.0;
    let (anchor, at) = if (centre - x).abs() < area.width * 0.3 {
        ("middle", centre)
    } else if centre < x {
        ("end", area.x + area.width)
    } else {
        ("start", area.x)
    };
    let first = area.y + scale.text * 0.95;
    let words = lines(region, scale)
        .into_iter()
        .enumerate()
        .map(|(i, line)| {
            let class = if i == 0 { "map-code" } else { "map-under" };
            let size = if i == 0 { scale.text } else { scale.text * 0.86 };
            let y = if i == 0 { first } else { first + scale.text * 1.1 };
            view! { <text class=class x=at y=y text-anchor=anchor font-size=size>{line}</text> }
        })
        .collect_view();
    let href = format!("/regions#{}", region.code);
    view! {
        <a href=href class=format!("map-region {}", tone.as_str()) aria-label=name.clone()>
            <title>{name.clone()}</title>
            {shape}
            {words}
        </a>
    }
    .into_any()
}

/// The path of an arc that bends towards the pole, and its middle with the direction there, in degrees.
fn curve((x1, y1): (f64, f64), (x2, y2): (f64, f64), bend: f64) -> (String, f64, f64, f64) {
    let length = (x2 - x1).hypot(y2 - y1).max(1.0);
    // There and back bend differently, so that neither hides the other.
    let bend = if x1 <= x2 { bend } else { bend * 0.45 };
    let (cx, cy) = (f64::midpoint(x1, x2), (f64::midpoint(y1, y2) - length * bend).max(VIEW.y + 4.0));
    let middle = |a: f64, c: f64, b: f64| 0.25 * a + 0.5 * c + 0.25 * b;
    let degrees = (y2 - y1).atan2(x2 - x1).to_degrees();
    (format!("M{x1:.1} {y1:.1}Q{cx:.1} {cy:.1} {x2:.1} {y2:.1}"), middle(x1, cx, x2), middle(y1, cy, y2), degrees)
}

fn arc(replication: &Replication, from: (f64, f64), to: (f64, f64), scale: &Scale) -> AnyView {
    let (tone, lag) = match replication.worst_lag_ms {
        None => (Tone::Unknown, "lag unknown".to_owned()),
        Some(ms) if replication.above_objective => (Tone::Watch, format!("lag {}, above its objective", format::lag(ms))),
        Some(ms) => (Tone::Quiet, format!("lag {}", format::lag(ms))),
    };
    let (path, x, y, degrees) = curve(from, to, 0.22);
    let width = (1.0 + f64::from(u32::try_from(replication.stores.min(6)).unwrap_or(6)) * 0.35) * scale.marker / 7.0;
    let name = format!("{} to {}: {}, {lag}", replication.from, replication.to, format::count(replication.stores, "store", "stores"));
    let dashes = (tone == Tone::Unknown).then_some("4 4");
    let short = match (tone, replication.worst_lag_ms) {
        (Tone::Watch, Some(ms)) => Some(format!("▲ {}", format::lag(ms))),
        (Tone::Unknown, _) => Some("? lag".to_owned()),
        _ => None,
    };
    let words = short.filter(|_| scale.counts).map(|words| {
        view! { <text class="map-lag" x=x y=y - 6.0 text-anchor="middle" font-size=scale.text * 0.86>{words}</text> }
    });
    let head = scale.marker * 0.6;
    let arrow = format!("M{} {}L{} 0L{} {}Z", -head, -head, head, -head, head);
    let turn = format!("translate({x:.1} {y:.1}) rotate({degrees:.1})");
    view! {
        <g class=format!("map-arc {}", tone.as_str())>
            <title>{name}</title>
            <path d=path fill="none" stroke-width=width stroke-dasharray=dashes />
            <path class="map-arrow" d=arrow transform=turn />
            {words}
        </g>
    }
    .into_any()
}

/// Every thirty degrees, faintly: it tells that this is the earth.
fn graticule() -> String {
    let mut path = String::new();
    let mut line = |points: Vec<(f64, f64)>| {
        for (i, (x, y)) in points.into_iter().enumerate() {
            let _ = write!(path, "{}{x:.0} {y:.0}", if i == 0 { 'M' } else { 'L' });
        }
    };
    for longitude in (-150..=150).step_by(30) {
        line((-60..=84).step_by(12).map(|latitude| place(f64::from(longitude), f64::from(latitude))).collect());
    }
    for latitude in (-30..=60).step_by(30) {
        line(vec![place(-180.0, f64::from(latitude)), place(180.0, f64::from(latitude))]);
    }
    path
}

/// What the shapes and colours mean.
#[must_use]
pub fn legend() -> AnyView {
    let item = |tone: Tone, words: &'static str| view! { <li>{tone::badge(tone, words)}</li> };
    view! {
        <ul class="legend">
            {item(Tone::Good, "all seen")}
            {item(Tone::Watch, "partly seen, impaired, lag above objective")}
            {item(Tone::Bad, "dark")}
            {item(Tone::Unknown, "unknown or stale")}
            <li class="muted">"arcs: replication, writer to copy"</li>
        </ul>
    }
    .into_any()
}
