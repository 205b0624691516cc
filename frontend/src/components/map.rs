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
    /// Shares of the picture's width: the size of words and markers, and the room left around the outermost.
    text: f64,
    marker: f64,
    margin: f64,
    counts: bool,
}

const WIDE: Scale =
    Scale { class: "map wide-only", text: 0.0185, marker: 0.0085, margin: 0.12, counts: true };
const NARROW: Scale =
    Scale { class: "map narrow-only", text: 0.034, marker: 0.016, margin: 0.23, counts: false };

#[must_use]
pub fn map(view: &RegionsView, moving: &[Moving]) -> AnyView {
    view! { <div class="map-box">{draw(view, moving, &WIDE)}{draw(view, moving, &NARROW)}</div> }.into_any()
}

/// The part of the world that holds all markers with room for their words, in the proportions of a screen.
fn frame(spots: &[(f64, f64)], margin: f64) -> Area {
    const PROPORTION: f64 = 0.46;
    let edge = |pick: fn(&(f64, f64)) -> f64, fold: fn(f64, f64) -> f64| spots.iter().map(pick).reduce(fold);
    let (Some(left), Some(right), Some(top), Some(bottom)) =
        (edge(|s| s.0, f64::min), edge(|s| s.0, f64::max), edge(|s| s.1, f64::min), edge(|s| s.1, f64::max))
    else {
        return VIEW;
    };
    let across = (right - left) / (1.0 - 2.0 * margin);
    let down = (bottom - top) / (1.0 - 2.0 * margin);
    let width = across.max(down / PROPORTION).clamp(360.0, VIEW.width);
    let height = (width * PROPORTION).min(VIEW.height);
    let x = (f64::midpoint(left, right) - width / 2.0).clamp(VIEW.x, VIEW.x + VIEW.width - width);
    let y = (f64::midpoint(top, bottom) - height / 2.0).clamp(VIEW.y, VIEW.y + VIEW.height - height);
    Area { x, y, width, height }
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

/// The sizes of one picture, in the map's units.
struct Pen {
    text: f64,
    marker: f64,
    counts: bool,
}

/// Bold letters of the widest system face; a label that is narrower than its place harms nothing.
fn width_of(words: &str, size: f64) -> f64 {
    f64::from(u32::try_from(words.chars().count()).unwrap_or(60)) * size * 0.64
}

fn draw(view: &RegionsView, moving: &[Moving], scale: &Scale) -> AnyView {
    let spots: Vec<(&RegionView, (f64, f64))> =
        view.regions.iter().map(|r| (r, place(r.longitude, r.latitude))).collect();
    let area = frame(&spots.iter().map(|(_, at)| *at).collect::<Vec<_>>(), scale.margin);
    let pen = Pen { text: area.width * scale.text, marker: area.width * scale.marker, counts: scale.counts };
    let find = |code: &str| spots.iter().find(|(r, _)| r.code == code).map(|(_, at)| *at);
    let arcs: Vec<Arc> = view
        .replication
        .iter()
        .filter_map(|r| Some(Arc::of(r, find(&r.from)?, find(&r.to)?, area.y)))
        .collect();
    // Names first: they have the better places, and the lags go where room is left.
    let mut wanted: Vec<Wanted> = spots
        .iter()
        .map(|(region, (x, y))| {
            let lines = lines(region, pen.counts);
            let width = lines.iter().map(|line| width_of(line, pen.text)).fold(0.0, f64::max);
            let height = pen.text * if pen.counts { 2.3 } else { 1.2 };
            Wanted { x: *x, y: *y, radius: pen.marker * 1.3, width, height }
        })
        .collect();
    wanted.extend(arcs.iter().filter_map(|arc| {
        let width = width_of(arc.words.as_ref()?, pen.text * 0.86);
        Some(Wanted { x: arc.middle.0, y: arc.middle.1, radius: pen.marker * 0.5, width, height: pen.text })
    }));
    let mut areas = labels::place(&wanted, area).into_iter();
    let markers = spots
        .iter()
        .zip(areas.by_ref())
        .map(|((region, (x, y)), area)| marker(region, *x, *y, area, &pen))
        .collect_view();
    let arcs = arcs
        .into_iter()
        .map(|arc| {
            let at = if arc.words.is_some() { areas.next() } else { None };
            arc.draw(at, &pen)
        })
        .collect_view();
    let runs = moving
        .iter()
        .filter_map(|m| {
            let (from, to) = (find(&m.from)?, find(&m.to)?);
            let path = curve(from, to, 0.34, area.y).0;
            Some(view! { <path class="map-run" d=path fill="none" stroke-width=pen.marker * 0.4 /> })
        })
        .collect_view();
    let label = format!(
        "Map of {}; the Regions page has the same as a table",
        format::count(view.regions.len(), "Region", "Regions")
    );
    let shown = format!("{:.1} {:.1} {:.1} {:.1}", area.x, area.y, area.width, area.height);
    view! {
        <svg class=scale.class viewBox=shown role="group" aria-label=label>
            <path class="map-grid" d=graticule() fill="none" stroke-width=area.width / 1_600.0 />
            <path class="map-land" d=LAND />
            <g>{arcs}{runs}</g>
            <g>{markers}</g>
        </svg>
    }
    .into_any()
}

fn lines(region: &RegionView, counts: bool) -> Vec<String> {
    let mut lines = vec![region.code.clone()];
    if counts {
        let tone = region_tone(region);
        let (_, seen) = tone::observed(&region.observed);
        let mut under = if region.declared == "normal" {
            String::new()
        } else {
            format!("{} · ", format::plain(&region.declared))
        };
        if tone == Tone::Good {
            let _ = write!(under, "{} serving", region.serving.len());
        } else {
            under.push_str(seen);
        }
        lines.push(under);
    }
    lines
}

fn marker(region: &RegionView, x: f64, y: f64, area: Area, pen: &Pen) -> AnyView {
    let tone = region_tone(region);
    let r = pen.marker;
    let shape = match tone {
        Tone::Good | Tone::Quiet => view! { <circle cx=x cy=y r=r /> }.into_any(),
        Tone::Watch => {
            let d = format!(
                "M{x} {}L{} {}L{} {}Z",
                y - r * 1.15,
                x + r * 1.15,
                y + r * 0.85,
                x - r * 1.15,
                y + r * 0.85
            );
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
    let name = format!(
        "{} ({}): {seen}, declared {said}, {} serving",
        region.code,
        region.name,
        region.serving.len()
    );
    // A label to the left of its marker is set flush with it.
    let centre = area.x + area.width / 2.0;
    let (anchor, at) = if (centre - x).abs() < area.width * 0.3 {
        ("middle", centre)
    } else if centre < x {
        ("end", area.x + area.width)
    } else {
        ("start", area.x)
    };
    let first = area.y + pen.text * 0.95;
    let words = lines(region, pen.counts)
        .into_iter()
        .enumerate()
        .map(|(i, line)| {
            let class = if i == 0 { "map-code" } else { "map-under" };
            let size = if i == 0 { pen.text } else { pen.text * 0.86 };
            let y = if i == 0 { first } else { first + pen.text * 1.1 };
            view! { <text class=class x=at y=y text-anchor=anchor font-size=size>{line}</text> }
        })
        .collect_view();
    // A name that had to move away is tied to its marker.
    let tie = (area.gap(x, y) > r * 2.6).then(|| {
        let to = (x.clamp(area.x, area.x + area.width), y.clamp(area.y, area.y + area.height));
        view! { <line class="map-tie" x1=x y1=y x2=to.0 y2=to.1 stroke-width=r * 0.14 /> }
    });
    let href = format!("/regions#{}", region.code);
    view! {
        <a href=href class=format!("map-region {}", tone.as_str())>
            <title>{name}</title>
            {tie}
            {shape}
            {words}
        </a>
    }
    .into_any()
}

/// The path of an arc that bends towards the pole, and its middle. Below `top` it stays in the picture.
fn curve((x1, y1): (f64, f64), (x2, y2): (f64, f64), bend: f64, top: f64) -> (String, (f64, f64)) {
    let length = (x2 - x1).hypot(y2 - y1).max(1.0);
    // There and back bend differently, so that neither hides the other.
    let bend = if x1 <= x2 { bend } else { bend * 0.45 };
    let (cx, cy) = (f64::midpoint(x1, x2), (f64::midpoint(y1, y2) - length * bend).max(top + 4.0));
    let middle = |a: f64, c: f64, b: f64| 0.25 * a + 0.5 * c + 0.25 * b;
    (format!("M{x1:.1} {y1:.1}Q{cx:.1} {cy:.1} {x2:.1} {y2:.1}"), (middle(x1, cx, x2), middle(y1, cy, y2)))
}

/// Replication from a writer to its copies, drawn with its direction.
struct Arc {
    tone: Tone,
    name: String,
    /// Only what stands out is written on the map.
    words: Option<String>,
    path: String,
    middle: (f64, f64),
    degrees: f64,
    stores: usize,
}

impl Arc {
    fn of(replication: &Replication, from: (f64, f64), to: (f64, f64), top: f64) -> Self {
        let Replication { from: writer, to: copy, stores, worst_lag_ms, above_objective } = replication;
        let (tone, lag, words) = match worst_lag_ms {
            None => (Tone::Unknown, "lag unknown".to_owned(), Some("? lag".to_owned())),
            Some(ms) if *above_objective => {
                let lag = format::lag(*ms);
                (Tone::Watch, format!("lag {lag}, above its objective"), Some(format!("▲ {lag}")))
            }
            Some(ms) => (Tone::Quiet, format!("lag {}", format::lag(*ms)), None),
        };
        let (path, middle) = curve(from, to, 0.22, top);
        Self {
            tone,
            name: format!("{writer} to {copy}: {}, {lag}", format::count(*stores, "store", "stores")),
            words,
            path,
            middle,
            degrees: (to.1 - from.1).atan2(to.0 - from.0).to_degrees(),
            stores: *stores,
        }
    }

    fn draw(self, label: Option<Area>, pen: &Pen) -> AnyView {
        let width =
            (1.0 + f64::from(u32::try_from(self.stores.min(6)).unwrap_or(6)) * 0.35) * pen.marker / 6.0;
        let dashes = (self.tone == Tone::Unknown).then(|| format!("{0:.1} {0:.1}", pen.marker * 0.6));
        let words = self.words.zip(label).filter(|_| pen.counts).map(|(words, at)| {
            let (x, y) = (at.x + at.width / 2.0, at.y + at.height * 0.8);
            view! { <text class="map-lag" x=x y=y text-anchor="middle" font-size=pen.text * 0.86>{words}</text> }
        });
        let head = pen.marker * 0.6;
        let arrow = format!("M{0} {0}L{head} 0L{0} {head}Z", -head);
        let turn =
            format!("translate({:.1} {:.1}) rotate({:.1})", self.middle.0, self.middle.1, self.degrees);
        view! {
            <g class=format!("map-arc {}", self.tone.as_str())>
                <title>{self.name}</title>
                <path d=self.path fill="none" stroke-width=width stroke-dasharray=dashes />
                <path class="map-arrow" d=arrow transform=turn />
                {words}
            </g>
        }
        .into_any()
    }
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
        line(
            (-60..=84).step_by(12).map(|latitude| place(f64::from(longitude), f64::from(latitude))).collect(),
        );
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
