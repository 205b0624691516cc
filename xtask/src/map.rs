//! `cargo xtask map`: draws Natural Earth's land (public domain, through the npm package world-atlas) once, as
//! the SVG path in `frontend/src/components/land.rs`, which is committed. Nothing reads the atlas afterwards.

#[path = "../../frontend/src/components/projection.rs"]
mod projection;

use anyhow::{Context, Result};
use serde_json::Value;
use std::{fmt::Write as _, fs, path::Path};

const ATLAS: &str = "e2e/node_modules/world-atlas/land-110m.json";
const OUTPUT: &str = "frontend/src/components/land.rs";
/// Islands below this area, in square units of the viewBox, are dots that no reader sees.
const SMALLEST_RING: f64 = 1.6;
/// A point stays if the triangle with its neighbours is at least this large, in square units.
const SMALLEST_TRIANGLE: f64 = 1.5;
/// South of this there is only Antarctica, which the map leaves out.
const SOUTHERN_EDGE_DEGREES: f64 = -60.0;

type Point = (f64, f64);

pub fn run(root: &Path) -> Result<()> {
    let file = root.join(ATLAS);
    let text = fs::read(&file)
        .with_context(|| format!("{} is missing: run `scripts/setup node` first", file.display()))?;
    let atlas: Value = serde_json::from_slice(&text).context("the atlas is not JSON")?;
    let mut path = String::new();
    let mut points = 0;
    for ring in rings(&atlas)? {
        if ring.iter().all(|&(_, latitude)| latitude < SOUTHERN_EDGE_DEGREES) {
            continue;
        }
        for piece in cut_at_the_antimeridian(ring) {
            let projected: Vec<Point> = piece.iter().map(|&(lon, lat)| projection::place(lon, lat)).collect();
            if area(&projected) < SMALLEST_RING {
                continue;
            }
            let kept = simplify(projected);
            points += kept.len();
            draw(&mut path, &kept)?;
        }
    }
    let source = format!(
        "//! The land of the world map as one SVG path. Written by `cargo xtask map` from Natural Earth 1:110m\n\
         //! (public domain); do not edit. The projection is `projection::place`, the viewBox 0 0 1000 500.\n\n\
         pub const LAND: &str = \"{path}\";\n"
    );
    fs::write(root.join(OUTPUT), source)?;
    println!("{OUTPUT}: {points} points, {} bytes of path", path.len());
    Ok(())
}

/// The rings of the topology's `land`, outer and inner alike, in degrees. Format: TopoJSON 1.0 (arcs are
/// quantised and delta-encoded; a negative index `i` is arc `!i` backwards).
fn rings(atlas: &Value) -> Result<Vec<Vec<Point>>> {
    let number = |value: &Value| value.as_f64().context("the atlas has a coordinate that is no number");
    let transform = &atlas["transform"];
    let scale = (number(&transform["scale"][0])?, number(&transform["scale"][1])?);
    let origin = (number(&transform["translate"][0])?, number(&transform["translate"][1])?);
    let mut arcs = Vec::new();
    for arc in atlas["arcs"].as_array().context("the atlas has no arcs")? {
        let (mut x, mut y) = (0.0, 0.0);
        let mut points = Vec::new();
        for step in arc.as_array().context("an arc is no list")? {
            x += number(&step[0])?;
            y += number(&step[1])?;
            points.push((x * scale.0 + origin.0, y * scale.1 + origin.1));
        }
        arcs.push(points);
    }
    let mut rings = Vec::new();
    for geometry in atlas["objects"]["land"]["geometries"].as_array().context("the atlas has no land")? {
        for polygon in geometry["arcs"].as_array().context("a polygon has no arcs")? {
            for ring in polygon.as_array().context("a polygon has no rings")? {
                let mut points: Vec<Point> = Vec::new();
                for index in ring.as_array().context("a ring has no arcs")? {
                    let index = index.as_i64().context("an arc's index is no number")?;
                    let backwards = index < 0;
                    let arc = usize::try_from(if backwards { !index } else { index })
                        .ok()
                        .and_then(|at| arcs.get(at))
                        .context("a ring names an arc that is not there")?;
                    // Each arc begins where the one before ended.
                    points.pop();
                    if backwards {
                        points.extend(arc.iter().rev());
                    } else {
                        points.extend(arc);
                    }
                }
                points.pop();
                rings.push(points);
            }
        }
    }
    Ok(rings)
}

/// The atlas lets Siberia run on past 180° and come out at −180°, which a flat map would draw as a line across
/// the world. The ring is laid out without the jump and cut into the windows it covers.
fn cut_at_the_antimeridian(mut ring: Vec<Point>) -> Vec<Vec<Point>> {
    let mut turn = 0.0;
    for at in 1..ring.len() {
        let step = ring[at].0 + turn - ring[at - 1].0;
        if step > 180.0 {
            turn -= 360.0;
        } else if step < -180.0 {
            turn += 360.0;
        }
        ring[at].0 += turn;
    }
    [-360.0, 0.0, 360.0]
        .into_iter()
        .map(|window| {
            let inside = clip(&ring, |longitude| longitude - (window - 180.0), window - 180.0);
            let inside = clip(&inside, |longitude| window + 180.0 - longitude, window + 180.0);
            inside.into_iter().map(|(longitude, latitude)| (longitude - window, latitude)).collect()
        })
        .collect()
}

/// Sutherland and Hodgman's clip (1974) against one meridian: `depth` is positive inside.
fn clip(ring: &[Point], depth: impl Fn(f64) -> f64, meridian: f64) -> Vec<Point> {
    let mut kept = Vec::new();
    for (&from, &to) in ring.iter().zip(ring.iter().cycle().skip(1)) {
        let (before, after) = (depth(from.0), depth(to.0));
        if before >= 0.0 {
            kept.push(from);
        }
        if before * after < 0.0 {
            let share = before / (before - after);
            kept.push((meridian, from.1 + (to.1 - from.1) * share));
        }
    }
    kept
}

fn area(ring: &[Point]) -> f64 {
    let next = ring.iter().cycle().skip(1);
    ring.iter().zip(next).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum::<f64>().abs() / 2.0
}

/// Visvalingam and Whyatt's line generalisation (1993): the point that matters least goes first.
fn simplify(mut ring: Vec<Point>) -> Vec<Point> {
    while ring.len() > 4 {
        let count = ring.len();
        let triangle = |at: usize| area(&[ring[(at + count - 1) % count], ring[at], ring[(at + 1) % count]]);
        let Some((at, smallest)) = (0..count).map(|at| (at, triangle(at))).min_by(|a, b| a.1.total_cmp(&b.1))
        else {
            break;
        };
        if smallest >= SMALLEST_TRIANGLE {
            break;
        }
        ring.remove(at);
    }
    ring
}

/// Relative moves in tenths: the shortest text. Each step starts from the rounded point before it, so that
/// rounding never adds up.
fn draw(path: &mut String, ring: &[Point]) -> Result<()> {
    let tenths = |value: f64| (value * 10.0).round() as i64;
    let mut at = (0, 0);
    for (index, point) in ring.iter().enumerate() {
        let to = (tenths(point.0), tenths(point.1));
        if index > 0 && to == at {
            continue;
        }
        path.push_str(match index {
            0 => "M",
            1 => "l",
            _ => " ",
        });
        let (x, y) = (decimal(to.0 - at.0), decimal(to.1 - at.1));
        let separator = if y.starts_with('-') { "" } else { " " };
        if index > 1 && x.starts_with('-') {
            path.pop();
        }
        write!(path, "{x}{separator}{y}")?;
        at = to;
    }
    path.push('z');
    Ok(())
}

fn decimal(tenths: i64) -> String {
    let sign = if tenths < 0 { "-" } else { "" };
    let (whole, rest) = (tenths.abs() / 10, tenths.abs() % 10);
    match (whole, rest) {
        (0, 0) => "0".to_owned(),
        (whole, 0) => format!("{sign}{whole}"),
        (0, rest) => format!("{sign}.{rest}"),
        (whole, rest) => format!("{sign}{whole}.{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_in_relative_tenths_without_needless_characters() -> Result<()> {
        let mut path = String::new();
        draw(&mut path, &[(10.0, 20.0), (10.5, 19.5), (9.0, 21.0)])?;
        assert_eq!(path, "M10 20l.5-.5-1.5 1.5z");
        Ok(())
    }

    #[test]
    fn a_ring_across_the_antimeridian_becomes_one_piece_on_each_side() {
        let ring = vec![(170.0, 0.0), (-170.0, 0.0), (-170.0, 10.0), (170.0, 10.0)];
        let pieces = cut_at_the_antimeridian(ring);
        assert!(pieces[0].is_empty());
        assert_eq!(pieces[1], [(170.0, 0.0), (180.0, 0.0), (180.0, 10.0), (170.0, 10.0)]);
        assert_eq!(pieces[2], [(-180.0, 0.0), (-170.0, 0.0), (-170.0, 10.0), (-180.0, 10.0)]);
    }

    #[test]
    fn simplifying_keeps_corners_and_drops_points_on_a_line() {
        let square = vec![(0.0, 0.0), (5.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)];
        assert_eq!(simplify(square), [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)]);
    }
}
