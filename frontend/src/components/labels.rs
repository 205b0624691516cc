//! Where the words of the map go: each label takes the first free place around its marker. Nothing here draws.

/// A rectangle in the map's units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Area {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Area {
    #[must_use]
    pub fn around(x: f64, y: f64, radius: f64) -> Self {
        Self { x: x - radius, y: y - radius, width: 2.0 * radius, height: 2.0 * radius }
    }

    #[must_use]
    pub fn overlap(&self, other: &Self) -> f64 {
        let across = (self.x + self.width).min(other.x + other.width) - self.x.max(other.x);
        let down = (self.y + self.height).min(other.y + other.height) - self.y.max(other.y);
        if across > 0.0 && down > 0.0 { across * down } else { 0.0 }
    }

    /// How far a point lies from its edge; nothing when inside.
    #[must_use]
    pub fn gap(&self, x: f64, y: f64) -> f64 {
        let across = (self.x - x).max(x - self.x - self.width).max(0.0);
        let down = (self.y - y).max(y - self.y - self.height).max(0.0);
        across.hypot(down)
    }

    fn outside(&self, view: &Self) -> f64 {
        self.width * self.height - self.overlap(view)
    }
}

/// What wants a label: its marker, and how large the words are.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    pub x: f64,
    pub y: f64,
    pub radius: f64,
    pub width: f64,
    pub height: f64,
}

/// One area per label, in order. Places to the right and left are preferred, then below and above, then the
/// corners; where none is free the least covered wins, so a full map degrades and never drops a name.
#[must_use]
pub fn place(wanted: &[Wanted], view: Area) -> Vec<Area> {
    let markers: Vec<Area> = wanted.iter().map(|w| Area::around(w.x, w.y, w.radius)).collect();
    let mut taken: Vec<Area> = Vec::new();
    for (index, want) in wanted.iter().enumerate() {
        let best = candidates(want)
            .into_iter()
            .map(|area| {
                let own = area.gap(want.x, want.y);
                // A name must not seem to be that of a marker which it lies nearer to.
                let others = wanted.iter().enumerate().filter(|(i, other)| *i != index && other.radius > 0.0);
                let claimed = others.filter(|(_, o)| area.gap(o.x, o.y) < own + want.radius).count();
                let size = area.width * area.height;
                let doubt = size * 0.5 * f64::from(u32::try_from(claimed).unwrap_or(u32::MAX)) + own * 0.5;
                let on_labels: f64 = taken.iter().map(|t| area.overlap(t)).sum();
                let on_markers: f64 = markers
                    .iter()
                    .enumerate()
                    .filter(|(i, _)| *i != index)
                    .map(|(_, m)| area.overlap(m))
                    .sum();
                (area, doubt + 2.0 * on_labels + 2.0 * on_markers + 6.0 * area.outside(&view))
            })
            .reduce(|best, next| if next.1 < best.1 { next } else { best });
        if let Some((area, _)) = best {
            taken.push(area);
        }
    }
    taken
}

fn candidates(w: &Wanted) -> Vec<Area> {
    let gap = w.radius + 5.0;
    let at = |x: f64, y: f64| Area { x, y, width: w.width, height: w.height };
    let middle = w.y - w.height / 2.0;
    let centre = w.x - w.width / 2.0;
    let mut all = vec![
        at(w.x + gap, middle),
        at(w.x - gap - w.width, middle),
        at(centre, w.y + gap),
        at(centre, w.y - gap - w.height),
        at(w.x + gap * 0.6, w.y + gap * 0.6),
        at(w.x - gap * 0.6 - w.width, w.y + gap * 0.6),
        at(w.x + gap * 0.6, w.y - gap * 0.6 - w.height),
        at(w.x - gap * 0.6 - w.width, w.y - gap * 0.6 - w.height),
    ];
    // Further out, for crowds such as western Europe.
    for step in [1.2, 2.2, 3.2] {
        let away = w.height * step;
        all.extend([
            at(w.x + gap, middle - away),
            at(w.x + gap, middle + away),
            at(w.x - gap - w.width, middle - away),
            at(w.x - gap - w.width, middle + away),
        ]);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::components::projection;
    use holdfast_domain::REGIONS;

    const VIEW: Area = Area { x: 0.0, y: 0.0, width: 1000.0, height: 500.0 };

    fn wanted(codes: &[&str]) -> Vec<Wanted> {
        REGIONS
            .iter()
            .filter(|r| codes.is_empty() || codes.contains(&r.code))
            .map(|r| {
                let (x, y) = projection::place(r.longitude, r.latitude);
                Wanted { x, y, radius: 7.0, width: 96.0, height: 30.0 }
            })
            .collect()
    }

    #[test]
    fn labels_of_a_usual_inventory_touch_neither_each_other_nor_a_marker() {
        let wanted = wanted(&[
            "us-east-1",
            "us-west-2",
            "eu-west-1",
            "eu-central-1",
            "eu-west-3",
            "ap-southeast-1",
            "sa-east-1",
        ]);
        let areas = place(&wanted, VIEW);
        for (i, a) in areas.iter().enumerate() {
            for (j, b) in areas.iter().enumerate().filter(|(j, _)| *j != i) {
                assert!(a.overlap(b) < 0.1, "{i} and {j}");
            }
            assert!(a.outside(&VIEW) < 0.1);
        }
    }

    #[test]
    fn every_region_of_aws_at_once_keeps_its_name_on_the_map() {
        let wanted = wanted(&[]);
        let areas = place(&wanted, VIEW);
        assert_eq!(areas.len(), wanted.len());
        assert!(areas.iter().all(|a| a.outside(&VIEW) < 0.1));
    }
}
