//! Where a longitude and a latitude lie on the world map: the Natural Earth projection, fitted to a viewBox of
//! 1000 by 500. `cargo xtask map` draws the land (`land.rs`) with this same function, so a marker placed by
//! [`place`] sits on its coast. It is not a globe: nothing here turns or zooms.
//!
//! Source of the polynomial: Šavrič, Jenny, Patterson, Petrovič, Hurni, "A polynomial equation for the Natural
//! Earth projection", Cartography and Geographic Information Science 38(4), 2011.

/// Width of the map's viewBox, in its own units.
pub const VIEW_WIDTH: f64 = 1000.0;
/// Height of the map's viewBox, in its own units.
pub const VIEW_HEIGHT: f64 = 500.0;

/// Half the width of the projected world when the globe's radius is one.
const HALF_WIDTH: f64 = 0.8707 * std::f64::consts::PI;
/// Antarctica is not drawn: no Region is there, and the inhabited north is moved down into the room it leaves.
const SHIFT_DOWN: f64 = 36.0;

/// Degrees east and degrees north to `x` and `y` in the viewBox, `y` growing downwards. Longitudes outside
/// −180…180 and latitudes outside −90…90 are brought to the nearest edge.
#[must_use]
pub fn place(longitude_degrees: f64, latitude_degrees: f64) -> (f64, f64) {
    let lambda = longitude_degrees.clamp(-180.0, 180.0).to_radians();
    let phi = latitude_degrees.clamp(-90.0, 90.0).to_radians();
    let square = phi * phi;
    let fourth = square * square;
    let x = lambda
        * (0.8707 - 0.131_979 * square
            + fourth * (-0.013_791 + fourth * (0.003_971 * square - 0.001_529 * fourth)));
    let y = phi
        * (1.007_226
            + square * (0.015_085 + fourth * (-0.044_475 + 0.028_874 * square - 0.005_916 * fourth)));
    let scale = VIEW_WIDTH / (2.0 * HALF_WIDTH);
    (VIEW_WIDTH / 2.0 + x * scale, VIEW_HEIGHT / 2.0 + SHIFT_DOWN - y * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_equator_spans_the_whole_width() {
        assert!((place(-180.0, 0.0).0).abs() < 1e-9);
        assert!((place(180.0, 0.0).0 - VIEW_WIDTH).abs() < 1e-9);
    }

    #[test]
    fn every_inhabited_latitude_lies_inside_the_view() {
        for latitude in -56..=84 {
            let (_, y) = place(0.0, f64::from(latitude));
            assert!((0.0..=VIEW_HEIGHT).contains(&y), "{latitude}° is at y = {y}");
        }
    }

    #[test]
    fn north_is_up_and_east_is_right() {
        let (virginia, ireland, sydney) = (place(-78.0, 38.0), place(-6.3, 53.3), place(151.2, -33.9));
        assert!(virginia.0 < ireland.0 && ireland.0 < sydney.0);
        assert!(ireland.1 < virginia.1 && virginia.1 < sydney.1);
    }
}
