//! From pieces to the lines that they stand on.

use super::pieces::{Part, Piece, SPACE, WIDE_SPACE, is_space};
use crate::documents::extract::lines::{self, is_wide};

/// The gap, as a part of the size, from which on a piece is something else than the one before, such as the next cell of a table.
pub const FAR: f32 = 1.4;

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
        // A note begins with its mark.
        let begins = |next: &Piece| last.is_none() && next.x0 - piece.x1 < self.size;
        let is_beside = last.is_some_and(|last| is_near(last, piece))
            || next.is_some_and(|next| is_near(piece, next) || begins(next));
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
