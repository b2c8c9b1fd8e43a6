//! Straight lines that a page draws: the borders of tables.

use hayro_syntax::content::ops::TypedInstruction as Do;

use super::layout::turned_point;
use super::matrix::Matrix;

/// Lines of a page up to which they are kept. What has more is a drawing.
const MOST: usize = 20_000;

/// Points of a path up to which it is looked at, for the same reason.
const MOST_POINTS: usize = 10_000;

/// A filled box that is no wider is a line, in points.
const WIDEST: f32 = 3.0;

/// A shorter line is a part of a letter, a tick or a dash, in points.
const SHORTEST: f32 = 3.0;

/// A line along or across the page, in points from the lower left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    pub x0: f32,
    pub y0: f32,
    pub x1: f32,
    pub y1: f32,
    /// Of a filled box.
    pub is_side: bool,
}

impl Rule {
    fn between((x0, y0): (f32, f32), (x1, y1): (f32, f32)) -> Self {
        Self { x0: x0.min(x1), y0: y0.min(y1), x1: x0.max(x1), y1: y0.max(y1), is_side: false }
    }

    pub fn width(&self) -> f32 {
        self.x1 - self.x0
    }

    pub fn height(&self) -> f32 {
        self.y1 - self.y0
    }

    /// The line when what runs at that angle is turned to run to the right, if it still is along or across.
    pub fn turned(&self, angle: i16) -> Option<Self> {
        let turned = Self::between(turned_point(self.x0, self.y0, angle), turned_point(self.x1, self.y1, angle));
        (angle % 90 == 0).then_some(Self { is_side: self.is_side, ..turned })
    }

    /// The lines that a filled box looks like: one if it is thin, or else its sides.
    fn of_box(&self) -> Vec<Self> {
        let Self { x0, y0, x1, y1, .. } = *self;
        let side = Self { is_side: true, ..*self };
        let (x, y) = ((x0 + x1) / 2.0, (y0 + y1) / 2.0);
        if self.height() <= WIDEST {
            vec![Self { y0: y, y1: y, ..*self }]
        } else if self.width() <= WIDEST {
            vec![Self { x0: x, x1: x, ..*self }]
        } else {
            vec![Self { y1: y0, ..side }, Self { y0: y1, ..side }, Self { x1: x0, ..side }, Self { x0: x1, ..side }]
        }
    }
}

/// Follows the paths of a page.
#[derive(Default)]
pub struct Pen {
    rules: Vec<Rule>,
    /// The parts of the path that is being made.
    parts: Vec<Vec<(f32, f32)>>,
    points: usize,
}

impl Pen {
    /// Whether this is about a path. Then it is followed.
    pub fn draws(&mut self, operator: &Do<'_, '_>, page: &Matrix) -> bool {
        match operator {
            Do::MoveTo(to) => self.move_to(to.0.as_f32(), to.1.as_f32(), page),
            Do::LineTo(to) => self.line_to(to.0.as_f32(), to.1.as_f32(), page),
            // Where a curve ends, another part begins: it is no straight line.
            Do::CubicTo(by) => self.move_to(by.4.as_f32(), by.5.as_f32(), page),
            Do::CubicStartTo(by) => self.move_to(by.2.as_f32(), by.3.as_f32(), page),
            Do::CubicEndTo(by) => self.move_to(by.2.as_f32(), by.3.as_f32(), page),
            Do::RectPath(rect) => {
                let (x, y, width, height) = (rect.0.as_f32(), rect.1.as_f32(), rect.2.as_f32(), rect.3.as_f32());
                self.move_to(x, y, page);
                for (x, y) in [(x + width, y), (x + width, y + height), (x, y + height), (x, y)] {
                    self.line_to(x, y, page);
                }
            }
            Do::ClosePath(_) => self.close(),
            Do::StrokePath(_) => self.stroke(),
            Do::CloseAndStrokePath(_) | Do::CloseFillAndStrokeNonZero(_) | Do::CloseFillAndStrokeEvenOdd(_) => {
                self.close();
                self.stroke();
            }
            Do::FillAndStrokeNonZero(_) | Do::FillAndStrokeEvenOdd(_) => self.stroke(),
            Do::FillPathNonZero(_) | Do::FillPathNonZeroCompatibility(_) | Do::FillPathEvenOdd(_) => self.fill(),
            Do::EndPath(_) => self.end(),
            _ => return false,
        }
        true
    }

    /// The lines that were drawn, none if there are too many.
    pub fn take(&mut self) -> Vec<Rule> {
        self.end();
        let rules = std::mem::take(&mut self.rules);
        if rules.len() < MOST { rules } else { Vec::new() }
    }

    fn move_to(&mut self, x: f32, y: f32, page: &Matrix) {
        self.parts.push(Vec::new());
        self.line_to(x, y, page);
    }

    fn line_to(&mut self, x: f32, y: f32, page: &Matrix) {
        self.points += 1;
        if self.points > MOST_POINTS {
            self.parts.clear();
            return;
        }
        if let Some(part) = self.parts.last_mut() {
            part.push(page.apply(x, y));
        }
    }

    fn close(&mut self) {
        if let Some(part) = self.parts.last_mut() {
            part.extend(part.first().copied());
        }
    }

    fn stroke(&mut self) {
        for part in std::mem::take(&mut self.parts) {
            for pair in part.windows(2) {
                self.keep(Rule::between(pair[0], pair[1]));
            }
        }
        self.end();
    }

    fn fill(&mut self) {
        for part in std::mem::take(&mut self.parts) {
            if let Some(filled) = upright_box(&part) {
                for side in filled.of_box() {
                    self.keep(side);
                }
            }
        }
        self.end();
    }

    fn end(&mut self) {
        self.parts.clear();
        self.points = 0;
    }

    fn keep(&mut self, rule: Rule) {
        /// How far from straight a line may be, in points.
        const ASKEW: f32 = 0.7;
        let (length, thickness) = (rule.width().max(rule.height()), rule.width().min(rule.height()));
        if length.is_finite() && length >= SHORTEST && thickness <= ASKEW && self.rules.len() < MOST {
            self.rules.push(rule);
        }
    }
}

/// The box that a path goes around, if it is one with sides along the page.
fn upright_box(part: &[(f32, f32)]) -> Option<Rule> {
    const NEAR: f32 = 0.1;
    let is_straight =
        |pair: &[(f32, f32)]| (pair[0].0 - pair[1].0).abs() < NEAR || (pair[0].1 - pair[1].1).abs() < NEAR;
    if !(4..=6).contains(&part.len()) || !part.windows(2).all(is_straight) {
        return None;
    }
    part.iter().map(|point| Rule::between(*point, *point)).reduce(|a, b| Rule {
        x0: a.x0.min(b.x0),
        y0: a.y0.min(b.y0),
        x1: a.x1.max(b.x1),
        y1: a.y1.max(b.y1),
        is_side: false,
    })
}
