//! Where each step and each line of a drawn plan is: a stage is a row, a step stands one row below the last that it waits for,
//! and lines that pass rows by keep a lane of their own there.

use std::collections::BTreeSet;

pub const WIDTH: f64 = 224.0;
pub const HEIGHT: f64 = 64.0;
const GAP: f64 = 20.0;
const LANE: f64 = 12.0;
const BETWEEN: f64 = 34.0;
const EDGE: f64 = 4.0;
/// How often rows are put in the order of what they hang on; more changes little.
const SWEEPS: usize = 6;

pub struct Layout {
    pub width: u32,
    pub height: u32,
    pub stages: usize,
    /// The upper left corner of each step.
    pub spots: Vec<(f64, f64)>,
    pub lines: Vec<Line>,
}

/// From the lower edge of a step to the upper edge of one that waits for it.
pub struct Line(Vec<(f64, f64)>);

impl Line {
    pub fn path(&self) -> String {
        let mut path = String::new();
        for (at, (x, y)) in self.0.iter().enumerate() {
            match at.checked_sub(1).map(|before| self.0[before]) {
                None => path.push_str(&format!("M{x:.1} {y:.1}")),
                // Straight through a row, curved from one row to the next.
                Some((from, _)) if at % 2 == 0 && (from - x).abs() < 0.05 => {
                    path.push_str(&format!("V{y:.1}"))
                }
                Some((from, above)) => {
                    let middle = (above + y) / 2.0;
                    path.push_str(&format!("C{from:.1} {middle:.1} {x:.1} {middle:.1} {x:.1} {y:.1}"));
                }
            }
        }
        path
    }

    pub fn tip(&self) -> String {
        let Some((x, y)) = self.0.last() else { return String::new() };
        format!("M{:.1} {:.1}L{x:.1} {y:.1}L{:.1} {:.1}Z", x - 4.0, y - 7.0, x + 4.0, y - 7.0)
    }
}

/// A step in its row, or a line that passes the row by.
struct Item {
    row: usize,
    step: Option<usize>,
    above: Vec<usize>,
    below: Vec<usize>,
    x: f64,
}

impl Item {
    fn width(&self) -> f64 {
        if self.step.is_some() { WIDTH } else { LANE }
    }
}

/// `after`: of each step the numbers of those that it waits for.
pub fn layout(after: &[Vec<usize>]) -> Layout {
    let rows_of = rows(after);
    let stages = rows_of.iter().max().map_or(0, |row| row + 1);
    let mut items: Vec<Item> = rows_of
        .iter()
        .enumerate()
        .map(|(step, row)| Item { row: *row, step: Some(step), above: vec![], below: vec![], x: 0.0 })
        .collect();
    let mut chains = Vec::new();
    for (step, waits_for) in reduced(after, &rows_of).into_iter().enumerate() {
        for before in waits_for {
            let mut chain = vec![before];
            for row in rows_of[before] + 1..rows_of[step] {
                items.push(Item { row, step: None, above: vec![], below: vec![], x: 0.0 });
                chain.push(items.len() - 1);
            }
            chain.push(step);
            for pair in chain.windows(2) {
                items[pair[0]].below.push(pair[1]);
                items[pair[1]].above.push(pair[0]);
            }
            chains.push(chain);
        }
    }
    let width = place(&mut items, stages);
    let top = |row: usize| EDGE + small(row) * (HEIGHT + BETWEEN);
    let spots = items[..after.len()].iter().map(|item| (item.x, top(item.row))).collect();
    let lines = chains.iter().map(|chain| line(chain, &items, top)).collect();
    let height = if stages == 0 { 0.0 } else { top(stages - 1) + HEIGHT + EDGE };
    Layout { width: pixels(width), height: pixels(height), stages, spots, lines }
}

fn line(chain: &[usize], items: &[Item], top: impl Fn(usize) -> f64) -> Line {
    let middle = |at: usize| items[at].x + items[at].width() / 2.0;
    let mut points = Vec::new();
    for (at, item) in chain.iter().enumerate() {
        if at > 0 {
            points.push((middle(*item), top(items[*item].row)));
        }
        if at + 1 < chain.len() {
            points.push((middle(*item), top(items[*item].row) + HEIGHT));
        }
    }
    Line(points)
}

/// One row below the last that it waits for. A circle, which no plan has, ends after as many rounds as there are steps.
fn rows(after: &[Vec<usize>]) -> Vec<usize> {
    let mut rows = vec![0_usize; after.len()];
    for _ in 0..after.len() {
        let mut still = true;
        for (step, waits_for) in after.iter().enumerate() {
            let row = waits_for.iter().map(|before| rows[*before] + 1).max().unwrap_or(0);
            if row > rows[step] && row < after.len() {
                rows[step] = row;
                still = false;
            }
        }
        if still {
            break;
        }
    }
    rows
}

/// Without what is waited for by way of another anyway.
fn reduced(after: &[Vec<usize>], rows: &[usize]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..after.len()).collect();
    order.sort_by_key(|step| rows[*step]);
    let mut behind: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); after.len()];
    for step in order {
        let mut all: BTreeSet<usize> = after[step].iter().copied().collect();
        for before in &after[step] {
            all.extend(behind[*before].iter().copied());
        }
        behind[step] = all;
    }
    let direct = |step: usize| {
        let waits_for: BTreeSet<usize> =
            after[step].iter().copied().filter(|b| rows[*b] < rows[step]).collect();
        let by_way =
            |before: &usize| waits_for.iter().any(|other| other != before && behind[*other].contains(before));
        waits_for.iter().copied().filter(|before| !by_way(before)).collect()
    };
    (0..after.len()).map(direct).collect()
}

/// Orders each row by what its items hang on and gives them their places; answers the width of all.
fn place(items: &mut [Item], stages: usize) -> f64 {
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); stages];
    for (at, item) in items.iter().enumerate() {
        rows[item.row].push(at);
    }
    let mut position = vec![0.0_f64; items.len()];
    let settle = |rows: &[Vec<usize>], position: &mut Vec<f64>| {
        for row in rows {
            let middle = small(row.len()) / 2.0;
            for (at, item) in row.iter().enumerate() {
                position[*item] = small(at) + 0.5 - middle;
            }
        }
    };
    settle(&rows, &mut position);
    for sweep in 0..SWEEPS {
        let down = sweep % 2 == 0;
        let order: Vec<usize> = if down { (0..stages).collect() } else { (0..stages).rev().collect() };
        for row in order {
            let weight = |item: &usize| {
                let hangs_on = if down { &items[*item].above } else { &items[*item].below };
                if hangs_on.is_empty() {
                    return position[*item];
                }
                hangs_on.iter().map(|other| position[*other]).sum::<f64>() / small(hangs_on.len())
            };
            let mut ordered = rows[row].clone();
            ordered.sort_by(|a, b| weight(a).total_cmp(&weight(b)));
            rows[row] = ordered;
            let middle = small(rows[row].len()) / 2.0;
            for (at, item) in rows[row].iter().enumerate() {
                position[*item] = small(at) + 0.5 - middle;
            }
        }
    }
    let width_of = |row: &Vec<usize>| {
        row.iter().map(|item| items[*item].width()).sum::<f64>() + GAP * small(row.len().saturating_sub(1))
    };
    let widths: Vec<f64> = rows.iter().map(width_of).collect();
    let width = widths.iter().copied().fold(0.0, f64::max) + 2.0 * EDGE;
    for (row, own) in rows.iter().zip(widths) {
        let mut x = (width - own) / 2.0;
        for item in row {
            items[*item].x = x;
            x += items[*item].width() + GAP;
        }
    }
    width
}

/// Counts of steps are small.
fn small(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

/// Up to the next whole one; a picture's size is small and never negative.
fn pixels(size: f64) -> u32 {
    size.ceil().max(0.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_stands_below_all_that_it_waits_for_and_branches_stand_side_by_side() {
        // Look; raise two; switch after both; confirm after all of it.
        let plan = layout(&[vec![], vec![0], vec![0], vec![1, 2], vec![3, 0]]);
        assert_eq!(plan.stages, 4);
        let y = |step: usize| plan.spots[step].1;
        assert!(y(0) < y(1) && (y(1) - y(2)).abs() < 1e-9 && y(2) < y(3) && y(3) < y(4));
        assert!((plan.spots[1].0 - plan.spots[2].0).abs() >= WIDTH, "they do not lie over each other");
        assert_eq!(plan.lines.len(), 5, "the confirmation waits for the look by way of the switch");
    }

    #[test]
    fn a_line_that_passes_a_row_by_crosses_no_step_of_it() {
        // A branch of two steps beside one of four.
        let plan = layout(&[vec![], vec![0], vec![1], vec![2], vec![0], vec![3, 4]]);
        let line = plan.lines.iter().find(|line| line.0.len() > 2).unwrap();
        for (x, y) in &line.0[1..line.0.len() - 1] {
            for (left, top) in &plan.spots {
                let inside = *x > *left && *x < left + WIDTH && *y > *top && *y < top + HEIGHT;
                assert!(!inside, "{x} {y} lies in the step at {left} {top}");
            }
        }
    }

    #[test]
    fn everything_lies_within_the_picture_and_nothing_makes_it_panic() {
        for after in [
            vec![],
            vec![vec![]],
            vec![vec![1], vec![0]],
            vec![vec![], vec![0, 0], vec![1, 0], vec![2, 0, 1]],
        ] {
            let plan = layout(&after);
            assert_eq!(plan.spots.len(), after.len());
            for (x, y) in &plan.spots {
                assert!(*x >= 0.0 && x + WIDTH <= f64::from(plan.width));
                assert!(*y >= 0.0 && y + HEIGHT <= f64::from(plan.height));
            }
            let lines: Vec<String> = plan.lines.iter().map(Line::path).collect();
            assert!(lines.iter().all(|path| path.starts_with('M')), "{lines:?}");
        }
    }
}
