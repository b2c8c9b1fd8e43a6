//! A page of pictures as one picture: scanners cut pages into strips and layers, and turn them.

use super::matrix::Matrix;
use super::samples::Picture;

/// Dots per inch: at more, recognition only takes longer.
const FINEST: f32 = 400.0;

/// Points per inch.
const INCH: f32 = 72.0;

/// Pixels of a page.
const MOST_PIXELS: f32 = 40_000_000.0;

/// What is drawn on a page that is `width` by `height` points: pictures and where they lie, which fill the unit square there. As a
/// file in the format PGM.
pub fn drawn(pictures: &[(Picture, Matrix)], (width, height): (f32, f32)) -> Vec<u8> {
    let scale = scale(pictures, width, height);
    let (columns, rows) = (((width * scale) as usize).max(1), ((height * scale) as usize).max(1));
    let mut page = vec![255; columns * rows];
    // From the page, which begins at its lower left corner, to the pixels, which begin at the upper left.
    let to_pixels = Matrix([scale, 0.0, 0.0, -scale, 0.0, rows as f32]);
    for (picture, place) in pictures {
        draw(picture, &place.then(&to_pixels), &mut page, columns);
    }
    let mut file = format!("P5\n{columns} {rows}\n255\n").into_bytes();
    file.append(&mut page);
    file
}

/// Pixels per point, at least one, so that the finest picture keeps its own, within limits.
fn scale(pictures: &[(Picture, Matrix)], width: f32, height: f32) -> f32 {
    let own = pictures.iter().map(|(picture, Matrix([a, b, ..]))| picture.width as f32 / a.hypot(*b).max(1.0));
    let most = (MOST_PIXELS / (width * height).max(1.0)).sqrt();
    own.fold(1.0, f32::max).min(FINEST / INCH).min(most)
}

/// Draws a picture onto the pixels of a page.
fn draw(picture: &Picture, place: &Matrix, page: &mut [u8], columns: usize) {
    let Some(back) = place.inverse() else { return };
    let rows = page.len() / columns;
    let [left, top, right, bottom] = place.around([0.0, 0.0, 1.0, 1.0]);
    let within = |from: f32, to: f32, most: usize| from.max(0.0) as usize..(to.ceil().max(0.0) as usize).min(most);
    for row in within(top, bottom, rows) {
        for column in within(left, right, columns) {
            let (x, y) = back.apply(column as f32 + 0.5, row as f32 + 0.5);
            if !((0.0..1.0).contains(&x) && (0.0..1.0).contains(&y)) {
                continue;
            }
            // The first row of a picture is its upper one.
            let at = (x, 1.0 - y);
            let shade = picture.at(at);
            let is_drawn = if picture.is_stencil {
                shade < 128
            } else {
                picture.mask.as_ref().is_none_or(|mask| mask.at(at) >= 128)
            };
            if is_drawn {
                page[row * columns + column] = shade;
            }
        }
    }
}

impl Picture {
    /// The pixel at a place in the unit square.
    fn at(&self, (x, y): (f32, f32)) -> u8 {
        let index = |part: f32, count: usize| ((part * count as f32) as usize).min(count.saturating_sub(1));
        let at = index(y, self.height) * self.width + index(x, self.width);
        self.pixels.get(at).copied().unwrap_or(255)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: usize, pixels: &[u8]) -> Picture {
        Picture { width, height: pixels.len() / width, pixels: pixels.to_vec(), mask: None, is_stencil: false }
    }

    /// Side by side, one row per line.
    fn page(pictures: &[(Picture, Matrix)], size: (f32, f32)) -> Vec<u8> {
        let file = drawn(pictures, size);
        let header = file.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(2).expect("a header").0;
        file[header + 1..].to_vec()
    }

    #[test]
    fn strips_are_put_together_and_turned_pages_stand_upright() {
        let strip = |pixels: &[u8], bottom: f32| (picture(2, pixels), Matrix([2.0, 0.0, 0.0, 1.0, 0.0, bottom]));
        assert_eq!(page(&[strip(&[1, 2], 1.0), strip(&[3, 4], 0.0)], (2.0, 2.0)), [1, 2, 3, 4]);
        // Turned by a right angle, counterclockwise.
        let turned = (picture(2, &[1, 2, 3, 4]), Matrix([0.0, 2.0, -2.0, 0.0, 2.0, 0.0]));
        assert_eq!(page(&[turned], (2.0, 2.0)), [2, 4, 1, 3]);
        let small = (picture(1, &[7]), Matrix([1.0, 0.0, 0.0, 1.0, 1.0, 0.0]));
        assert_eq!(page(&[small], (2.0, 2.0)), [255, 255, 255, 7]);
    }

    #[test]
    fn stencils_and_masks_let_what_is_behind_show() {
        let whole = Matrix([2.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
        let stencil = Picture { is_stencil: true, ..picture(2, &[0, 255]) };
        assert_eq!(page(&[(picture(2, &[9, 9]), whole), (stencil, whole)], (2.0, 1.0)), [0, 9]);
        let masked = Picture { mask: Some(Box::new(picture(2, &[0, 255]))), ..picture(2, &[1, 2]) };
        assert_eq!(page(&[(picture(2, &[9, 9]), whole), (masked, whole)], (2.0, 1.0)), [9, 2]);
    }

    #[test]
    fn a_page_has_a_bounded_number_of_pixels_wherever_its_pictures_lie() {
        let fine = (picture(1000, &[0; 1000]), Matrix([0.001, 0.0, 0.0, 0.001, 0.0, 0.0]));
        assert!(drawn(&[fine], (14_400.0, 14_400.0)).len() < 41_000_000);
        for place in [[0.0; 6], [f32::NAN; 6], [1e30, 0.0, 0.0, 1e30, -1e30, 1e30]] {
            assert!(drawn(&[(picture(1, &[0]), Matrix(place))], (100.0, 100.0)).len() > 100);
        }
    }
}
