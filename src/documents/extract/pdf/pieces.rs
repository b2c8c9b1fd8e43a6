//! From characters to pieces of lines.

use super::cells::TableRow;
use super::content::Glyph;
use super::names::with_accent;
use crate::documents::extract::lines::is_wide;

/// The gaps, as parts of the size, from which on there is a space between letters; between a letter and an ideograph; between
/// ideographs; and from which on the next piece begins, which is more than a space in letters of one width.
pub const SPACE: f32 = 0.14;
pub const WIDE_SPACE: f32 = 0.2;
const IDEOGRAPHIC_SPACE: f32 = 0.6;
const BREAK: f32 = 0.68;

/// What stands together on a line: most often all of it, or a cell of a table.
#[derive(Clone, Debug, Default)]
pub struct Piece {
    pub text: String,
    pub x0: f32,
    pub x1: f32,
    /// The line that letters stand on.
    pub y: f32,
    pub size: f32,
    pub is_bold: bool,
    /// Its place among all that is drawn.
    pub order: usize,
    pub part: Part,
    /// A space was drawn before it.
    pub is_after_space: bool,
}

/// What a piece is part of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    #[default]
    Text,
    /// A whole row of a table.
    Row,
    /// The last one.
    LastRow,
}

impl Piece {
    /// A row of a table, from its left to its right end.
    pub fn row(row: &TableRow, text: String, (x0, x1): (f32, f32), is_last: bool) -> Self {
        let part = if is_last { Part::LastRow } else { Part::Row };
        Self { text, x0, x1, y: row.y, size: row.size, part, ..Self::default() }
    }

    pub fn top(&self) -> f32 {
        self.y + 0.75 * self.size
    }

    pub fn bottom(&self) -> f32 {
        self.y - 0.2 * self.size
    }
}

/// Pieces of lines that run to the right, in the order in which they are drawn.
pub fn pieces(glyphs: &[Glyph]) -> Vec<Piece> {
    let (mut pieces, mut run, mut is_after_space) = (Vec::<Piece>::new(), Run::default(), false);
    let mut glyphs = glyphs.iter().copied().peekable();
    while let Some(mut glyph) = glyphs.next() {
        if let Some(joined) = glyphs.peek().and_then(|next| accented(&glyph, next)) {
            glyph = joined;
            glyphs.next();
        }
        if glyph.c.is_whitespace() {
            is_after_space = true;
            continue;
        }
        if run.repeats(&glyph) {
            continue;
        }
        if !run.continues(&glyph) {
            pieces.extend(std::mem::take(&mut run).piece(pieces.len()));
        }
        run.glyphs.push((glyph, is_after_space));
        is_after_space = false;
    }
    pieces.extend(run.piece(pieces.len()));
    pieces
}

/// The letter with the accent that was drawn over it.
fn accented(accent: &Glyph, letter: &Glyph) -> Option<Glyph> {
    let middle = |glyph: &Glyph| glyph.x + glyph.width / 2.0;
    let is_over =
        (middle(accent) - middle(letter)).abs() < 0.3 * letter.size && (accent.y - letter.y).abs() < 0.5 * letter.size;
    with_accent(letter.c, accent.c).filter(|_| is_over).map(|c| Glyph { c, ..*letter })
}

/// Characters that follow each other, and whether a space was drawn before each.
#[derive(Default)]
struct Run {
    glyphs: Vec<(Glyph, bool)>,
}

impl Run {
    /// Letters that are drawn twice, a little apart, look bold.
    fn repeats(&mut self, next: &Glyph) -> bool {
        let Some((last, _)) = self.glyphs.last_mut() else { return false };
        let near = 0.12 * last.size;
        let is_repeated = last.c == next.c && (last.x - next.x).abs() < near && (last.y - next.y).abs() < near;
        last.is_bold |= is_repeated;
        is_repeated
    }

    fn continues(&self, next: &Glyph) -> bool {
        let Some((last, _)) = self.glyphs.last() else { return true };
        let is_alike = (last.size - next.size).abs() < 0.06 * last.size && (last.y - next.y).abs() < 0.1 * last.size;
        is_alike && (-BREAK..BREAK).contains(&((next.x - last.x - last.width) / last.size))
    }

    fn piece(self, order: usize) -> Option<Piece> {
        let ((first, is_after_space), (last, _)) = (self.glyphs.first().copied()?, self.glyphs.last().copied()?);
        let tracking = self.tracking();
        let mut text = String::new();
        let mut before: Option<Glyph> = None;
        for (glyph, is_after_space) in &self.glyphs {
            let is_apart = |last: Glyph| {
                let gap = (glyph.x - last.x - last.width) / last.size - tracking;
                *is_after_space || is_space(gap, last.c, glyph.c)
            };
            if before.is_some_and(is_apart) {
                text.push(' ');
            }
            text.push(glyph.c);
            before = Some(*glyph);
        }
        let is_bold = self.glyphs.iter().all(|(glyph, _)| glyph.is_bold || !glyph.c.is_alphanumeric());
        let has_letters = self.glyphs.iter().any(|(glyph, _)| glyph.c.is_alphanumeric());
        let (x0, x1) = (first.x, last.x + last.width);
        let is_bold = is_bold && (has_letters || first.is_bold);
        Some(Piece {
            text,
            x0,
            x1: x1.max(x0),
            y: first.y,
            size: first.size,
            is_bold,
            order,
            is_after_space,
            part: Part::Text,
        })
    }

    /// The usual gap between letters: some headings are set wide.
    fn tracking(&self) -> f32 {
        const FEW: usize = 4;
        let mut gaps: Vec<f32> = (self.glyphs.windows(2))
            .filter(|pair| !pair[1].1)
            .map(|pair| (pair[1].0.x - pair[0].0.x - pair[0].0.width) / pair[0].0.size)
            .collect();
        if gaps.len() < FEW {
            return 0.0;
        }
        let middle = gaps.len() / 2;
        let (_, median, _) = gaps.select_nth_unstable_by(middle, f32::total_cmp);
        median.max(0.0)
    }
}

pub fn is_space(gap: f32, before: char, after: char) -> bool {
    match (is_wide(before), is_wide(after)) {
        (true, true) => gap > IDEOGRAPHIC_SPACE,
        (false, false) => gap > SPACE,
        _ => gap > WIDE_SPACE,
    }
}
