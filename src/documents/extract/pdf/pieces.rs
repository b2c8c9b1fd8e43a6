//! From characters to pieces of lines, and from those to lines.

use super::cells::TableRow;
use super::content::Glyph;
use super::names::with_accent;
use crate::documents::extract::lines::{self, is_wide};

/// The gaps, as parts of the size, from which on there is a space between letters; between a letter and an ideograph; between
/// ideographs; from which on the next piece begins, which is more than a space in letters of one width; and from which on it is something else, such as the next cell of a table.
const SPACE: f32 = 0.14;
const WIDE_SPACE: f32 = 0.2;
const IDEOGRAPHIC_SPACE: f32 = 0.6;
const BREAK: f32 = 0.68;
pub const FAR: f32 = 1.4;

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
    is_after_space: bool,
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

fn is_space(gap: f32, before: char, after: char) -> bool {
    match (is_wide(before), is_wide(after)) {
        (true, true) => gap > IDEOGRAPHIC_SPACE,
        (false, false) => gap > SPACE,
        _ => gap > WIDE_SPACE,
    }
}

/// What stands at one height.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// From left to right once the row is whole.
    pub pieces: Vec<Piece>,
    /// Of its largest letters.
    pub y: f32,
    pub size: f32,
    /// Where the lines of its part of the page end.
    pub margin: f32,
}

impl Row {
    fn add(&mut self, piece: Piece) {
        if piece.size > self.size {
            (self.y, self.size) = (piece.y, piece.size);
        }
        self.pieces.push(piece);
    }

    /// How much of the lower of both heights they share.
    fn shares(&self, piece: &Piece) -> f32 {
        let row = Piece { y: self.y, size: self.size, ..Piece::default() };
        let shared = row.top().min(piece.top()) - row.bottom().max(piece.bottom());
        shared / (0.95 * self.size.min(piece.size))
    }

    /// Whether a piece stands above or below another one of the row rather than beside all.
    fn collides(&self, piece: &Piece) -> bool {
        /// Pieces that are compared; only a few can be in the way.
        const SOME: usize = 64;
        self.pieces.iter().rev().take(SOME).any(|other| {
            let shared = other.x1.min(piece.x1) - other.x0.max(piece.x0);
            let least = (other.x1 - other.x0).min(piece.x1 - piece.x0);
            shared > 0.5 * least && (other.y - piece.y).abs() > 0.3 * other.size.min(piece.size)
        })
    }

    pub fn x0(&self) -> f32 {
        self.pieces.iter().map(|piece| piece.x0).fold(f32::INFINITY, f32::min)
    }

    pub fn x1(&self) -> f32 {
        self.pieces.iter().map(|piece| piece.x1).fold(f32::NEG_INFINITY, f32::max)
    }

    /// Whether the first word of the next row would not have fitted on this one.
    pub fn is_full_before(&self, next: &Row) -> bool {
        let words = || next.pieces.iter().map(|piece| piece.text.as_str());
        let count: usize = words().map(|text| text.chars().count()).sum();
        let first = words().next().map_or(0, first_word);
        let letter = (next.x1() - next.x0()) / count.max(1) as f32;
        self.x1() + letter * first as f32 + SPACE * self.size >= self.margin
    }

    pub fn is_bold(&self) -> bool {
        self.pieces.iter().all(|piece| piece.is_bold)
    }

    /// The size that most of its characters have.
    pub fn usual_size(&self) -> f32 {
        let mut sizes: Vec<(f32, usize)> = Vec::new();
        for piece in &self.pieces {
            let count = piece.text.chars().count();
            match sizes.iter_mut().find(|(size, _)| (size - piece.size).abs() < 0.06 * size) {
                Some((_, characters)) => *characters += count,
                None => sizes.push((piece.size, count)),
            }
        }
        sizes.into_iter().max_by_key(|(_, count)| *count).map_or(0.0, |(size, _)| size)
    }

    /// A row of one piece.
    pub fn of(piece: Piece) -> Self {
        let mut row = Self { margin: f32::INFINITY, ..Self::default() };
        row.add(piece);
        row
    }

    /// Whether it is a row of a table.
    pub fn is_cells(&self) -> bool {
        self.pieces.iter().any(|piece| piece.part != Part::Text)
    }

    /// The parts of it with gaps between them that are wider than that, as a part of the size.
    pub fn groups(&self, gap: f32) -> Vec<Self> {
        let is_near = |last: &Piece, next: &Piece| (next.x0 - last.x1) / last.size.max(next.size) <= gap;
        self.pieces.chunk_by(is_near).map(|pieces| Self { pieces: pieces.to_vec(), ..*self }).collect()
    }

    /// Whether the first word of the next line would have gone beyond that end.
    pub fn would_overflow(&self, next: &Self, end: f32) -> bool {
        Self { margin: end, pieces: self.pieces.clone(), ..*self }.is_full_before(next)
    }

    /// Its text, with wide gaps where it goes on far away. Raised signs are written as such, for they are no part of a number before
    /// them.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut last: Option<&Piece> = None;
        for (index, piece) in self.pieces.iter().enumerate() {
            if let Some(last) = last {
                let is_repeated = last.text == piece.text && (last.x0 - piece.x0).abs() < 0.12 * piece.size;
                if is_repeated {
                    continue;
                }
                text.push_str(if self.begins_with_mark(&text) { " " } else { between(last, piece) });
            }
            match self.shifted(last, piece, self.pieces.get(index + 1)) {
                Some(shifted) => text.push_str(&shifted),
                None => text.push_str(&piece.text),
            }
            last = Some(piece);
        }
        text
    }

    /// Whether this is what an item or a heading begins with, which may be set apart.
    fn begins_with_mark(&self, text: &str) -> bool {
        lines::is_mark(text) || (is_number(text) && self.groups(FAR).len() == 2)
    }

    /// A piece as it is written if it is raised beside another, or lowered beside a digit.
    fn shifted(&self, last: Option<&Piece>, piece: &Piece, next: Option<&Piece>) -> Option<String> {
        const LONGEST: usize = 5;
        let is_near = |left: &Piece, right: &Piece| right.x0 - left.x1 < WIDE_SPACE * self.size;
        let is_beside = last.is_some_and(|last| is_near(last, piece)) || next.is_some_and(|next| is_near(piece, next));
        if !is_beside || piece.text.chars().count() > LONGEST {
            return None;
        }
        let (is_small, above) = (piece.size < 0.85 * self.size, (piece.y - self.y) / self.size);
        if above > if is_small { 0.15 } else { 0.3 } {
            return signs(&piece.text, RAISED);
        }
        let is_after_digit = last.is_some_and(|last| last.text.ends_with(|c: char| c.is_ascii_digit()));
        let is_before_digit = next.is_some_and(|next| {
            next.text.starts_with(|c: char| c.is_ascii_digit()) && !next.is_after_space && is_near(piece, next)
        });
        let is_lowered = is_small && above < -0.05 && (is_after_digit || is_before_digit);
        if is_lowered { signs(&piece.text, LOWERED) } else { None }
    }
}

/// The number of a heading, such as "2" or "2.1".
pub fn is_number(text: &str) -> bool {
    const LONGEST: usize = 8;
    let starts = text.starts_with(|c: char| c.is_ascii_digit());
    starts && text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// Characters of the word that a text begins with. One ideograph is a word, with the mark that must not stand before it.
fn first_word(text: &str) -> usize {
    match text.chars().next() {
        Some(c) if is_wide(c) => 1 + text.chars().skip(1).take_while(|c| is_wide(*c) && !c.is_alphanumeric()).count(),
        _ => text.chars().take_while(|c| !c.is_whitespace() && !is_wide(*c)).count(),
    }
}

fn between(last: &Piece, next: &Piece) -> &'static str {
    let gap = (next.x0 - last.x1) / last.size.max(next.size);
    let (before, after) = (last.text.chars().next_back(), next.text.chars().next());
    if gap > FAR {
        "   "
    } else if next.is_after_space || before.zip(after).is_some_and(|(before, after)| is_space(gap, before, after)) {
        " "
    } else {
        ""
    }
}

/// Signs and what they are when they are raised or lowered.
const RAISED: &[(char, char)] = &[
    ('0', '⁰'),
    ('1', '¹'),
    ('2', '²'),
    ('3', '³'),
    ('4', '⁴'),
    ('5', '⁵'),
    ('6', '⁶'),
    ('7', '⁷'),
    ('8', '⁸'),
    ('9', '⁹'),
    ('+', '⁺'),
    ('-', '⁻'),
    ('–', '⁻'),
    ('−', '⁻'),
    ('(', '⁽'),
    (')', '⁾'),
    ('n', 'ⁿ'),
    ('i', 'ⁱ'),
    (',', ','),
    (' ', ' '),
];
const LOWERED: &[(char, char)] = &[
    ('0', '₀'),
    ('1', '₁'),
    ('2', '₂'),
    ('3', '₃'),
    ('4', '₄'),
    ('5', '₅'),
    ('6', '₆'),
    ('7', '₇'),
    ('8', '₈'),
    ('9', '₉'),
];

/// A text in other signs, if there is one for each of its characters.
fn signs(text: &str, table: &[(char, char)]) -> Option<String> {
    text.chars().map(|c| table.iter().find(|(plain, _)| *plain == c).map(|(_, sign)| *sign)).collect()
}

/// Puts pieces into rows, from top to bottom.
pub fn rows(mut pieces: Vec<Piece>) -> Vec<Row> {
    /// Share of a height that pieces of one row have in common. What is raised or lowered has less than the whole.
    const SHARED: f32 = 0.45;
    /// Rows above that a piece may still belong to.
    const NEAR: usize = 4;
    pieces.sort_by(|a, b| b.y.total_cmp(&a.y).then(a.x0.total_cmp(&b.x0)));
    let mut rows: Vec<Row> = Vec::new();
    for piece in pieces {
        let near = rows.len().saturating_sub(NEAR);
        let best = rows[near..].iter_mut().max_by(|a, b| a.shares(&piece).total_cmp(&b.shares(&piece)));
        match best.filter(|row| row.shares(&piece) > SHARED && !row.collides(&piece)) {
            Some(row) => row.add(piece),
            None => {
                let mut row = Row::default();
                row.add(piece);
                rows.push(row);
            }
        }
    }
    for row in &mut rows {
        row.pieces.sort_by(|a, b| a.x0.total_cmp(&b.x0));
    }
    rows.sort_by(|a, b| b.y.total_cmp(&a.y));
    rows
}
