//! Transformations of the plane, as PDF writes them.

/// Maps (x, y) to (a x + c y + e, b x + d y + f).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Matrix(pub [f32; 6]);

impl Matrix {
    pub const IDENTITY: Self = Self([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    /// First this one, then the other.
    pub fn then(&self, other: &Self) -> Self {
        let Self([a, b, c, d, e, f]) = *self;
        let Self([a2, b2, c2, d2, e2, f2]) = *other;
        Self([
            a * a2 + b * c2,
            a * b2 + b * d2,
            c * a2 + d * c2,
            c * b2 + d * d2,
            e * a2 + f * c2 + e2,
            e * b2 + f * d2 + f2,
        ])
    }

    pub fn apply(&self, x: f32, y: f32) -> (f32, f32) {
        let Self([a, b, c, d, e, f]) = *self;
        (a * x + c * y + e, b * x + d * y + f)
    }

    /// What undoes it; `None` for one that leaves nothing of an area.
    pub fn inverse(&self) -> Option<Self> {
        let Self([a, b, c, d, e, f]) = *self;
        let area = a * d - b * c;
        let inverse = [d / area, -b / area, -c / area, a / area, (c * f - d * e) / area, (b * e - a * f) / area];
        inverse.iter().all(|number| number.is_finite()).then_some(Self(inverse))
    }

    /// The box (left, bottom, right, top) around a box that is mapped.
    pub fn around(&self, [x0, y0, x1, y1]: [f32; 4]) -> [f32; 4] {
        let corners = [(x0, y0), (x0, y1), (x1, y0), (x1, y1)].map(|(x, y)| self.apply(x, y));
        let least = |side: fn((f32, f32)) -> f32| corners.map(side).into_iter().fold(f32::INFINITY, f32::min);
        let most = |side: fn((f32, f32)) -> f32| corners.map(side).into_iter().fold(f32::NEG_INFINITY, f32::max);
        [least(|(x, _)| x), least(|(_, y)| y), most(|(x, _)| x), most(|(_, y)| y)]
    }

    /// What moves and scales a box (left, bottom, right, top), as this matrix turns it, into another box.
    pub fn fitting(&self, from: [f32; 4], to: [f32; 4]) -> Self {
        let [left, bottom, right, top] = self.around(from);
        let scale = |from: f32, to: f32| if from.abs() > f32::EPSILON { to / from } else { 1.0 };
        let (x, y) = (scale(right - left, to[2] - to[0]), scale(top - bottom, to[3] - to[1]));
        Self([x, 0.0, 0.0, y, to[0] - left * x, to[1] - bottom * y])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_transformation_follows_another() {
        let (turn, shift) = (Matrix([0.0, 1.0, -1.0, 0.0, 0.0, 0.0]), Matrix([1.0, 0.0, 0.0, 1.0, 10.0, 0.0]));
        assert_eq!(turn.then(&shift).apply(1.0, 2.0), (8.0, 1.0));
        assert_eq!(shift.then(&turn).apply(1.0, 2.0), (-2.0, 11.0));
    }

    #[test]
    fn an_inverse_undoes_and_what_has_no_area_has_none() {
        let matrix = Matrix([0.0, 2.0, -4.0, 1.0, 3.0, 5.0]);
        let (x, y) = matrix.apply(7.0, 9.0);
        assert_eq!(matrix.inverse().map(|inverse| inverse.apply(x, y)), Some((7.0, 9.0)));
        assert_eq!(Matrix([1.0, 2.0, 2.0, 4.0, 0.0, 0.0]).inverse(), None);
    }

    #[test]
    fn a_box_is_fitted_into_another() {
        let fitted = Matrix::IDENTITY.fitting([0.0, 0.0, 10.0, 20.0], [100.0, 100.0, 120.0, 120.0]);
        assert_eq!((fitted.apply(0.0, 0.0), fitted.apply(10.0, 20.0)), ((100.0, 100.0), (120.0, 120.0)));
    }
}
