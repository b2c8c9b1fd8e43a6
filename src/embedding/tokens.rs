//! Vectors of single tokens, by which texts are compared more closely than by one vector each.
//!
//! They are made small: 64 of 384 dimensions and two bits of each find as many answers as all of them.

use super::dot;

/// Components of a token's vector.
const DIMENSIONS: usize = 64;

/// Size of a packed token, in bytes.
pub const PACKED: usize = DIMENSIONS / 4;

/// The vectors of a text's tokens.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TokenVectors(Vec<[i8; DIMENSIONS]>);

impl TokenVectors {
    /// The vectors of tokens in two bits each component: its sign, and whether it is large.
    pub fn pack(&self) -> Vec<u8> {
        self.0.iter().flat_map(packed).collect()
    }

    /// How well a passage, of which these are packed, says what this question asks: the mean over the question's tokens of the
    /// cosine of the nearest of the passage's. `None` if one of them has no tokens.
    pub fn similarity(&self, passage: &[u8]) -> Option<f32> {
        let passage: Vec<[i8; DIMENSIONS]> = passage.chunks_exact(PACKED).map(unpacked).collect();
        let lengths: Vec<f32> = passage.iter().map(length).collect();
        if self.0.is_empty() || passage.is_empty() {
            return None;
        }
        let nearest = self.0.iter().map(|token| {
            let cosines = passage.iter().zip(&lengths).map(|(other, length)| dot(token, other) as f32 / length);
            cosines.fold(f32::NEG_INFINITY, f32::max) / length(token).max(1.0)
        });
        Some(nearest.sum::<f32>() / self.0.len() as f32)
    }
}

#[cfg(test)]
impl TokenVectors {
    /// Some tokens, others for each seed.
    pub fn of_test(seed: i32) -> Self {
        Self((0..3).map(|token| tests::token(seed * 7 + token)).collect())
    }
}

fn length(token: &[i8; DIMENSIONS]) -> f32 {
    (dot(token, token) as f32).sqrt()
}

fn packed(token: &[i8; DIMENSIONS]) -> [u8; PACKED] {
    let sum: u32 = token.iter().map(|value| u32::from(value.unsigned_abs())).sum();
    let is_large = |value: i8| u32::from(value.unsigned_abs()) * DIMENSIONS as u32 >= sum;
    let bits = |value: i8| u8::from(value < 0) | u8::from(is_large(value)) << 1;
    let mut packed = [0; PACKED];
    for (byte, values) in packed.iter_mut().zip(token.chunks_exact(4)) {
        *byte = values.iter().rev().fold(0, |byte, value| byte << 2 | bits(*value));
    }
    packed
}

fn unpacked(packed: &[u8]) -> [i8; DIMENSIONS] {
    /// By the two bits.
    const VALUES: [i8; 4] = [1, -1, 3, -3];
    let mut token = [0; DIMENSIONS];
    for (values, byte) in token.chunks_exact_mut(4).zip(packed) {
        for (place, value) in values.iter_mut().enumerate() {
            *value = VALUES[usize::from(byte >> (2 * place) & 3)];
        }
    }
    token
}

/// Reduces the model's vectors of tokens to [`DIMENSIONS`]: the principal components.
pub struct Projection {
    /// What they are moved by, and the directions that are kept.
    rows: Vec<(f32, Vec<f32>)>,
}

impl Projection {
    /// Reads the mean of all tokens, `size` floats, and for each direction a scale and `size` bytes. `None` if that is not what
    /// the bytes are.
    pub fn new(bytes: &[u8], size: usize) -> Option<Self> {
        let float = |bytes: &[u8]| Some(f32::from_le_bytes(bytes.try_into().ok()?));
        let (mean, rest) = bytes.split_at_checked(4 * size)?;
        let mean: Vec<f32> = mean.chunks_exact(4).map(float).collect::<Option<_>>()?;
        let rows = rest.chunks_exact(4 + size).map(|row| {
            let (scale, values) = row.split_at_checked(4)?;
            let scale = float(scale)?;
            let row: Vec<f32> = values.iter().map(|&value| f32::from(value as i8) * scale).collect();
            Some((row.iter().zip(&mean).map(|(a, b)| a * b).sum(), row))
        });
        let rows: Vec<(f32, Vec<f32>)> = rows.collect::<Option<_>>()?;
        (rows.len() == DIMENSIONS).then_some(Self { rows })
    }

    /// The vectors of tokens as the model made them.
    pub fn project<'a>(&self, tokens: impl Iterator<Item = &'a [f32]>) -> TokenVectors {
        TokenVectors(tokens.map(|token| self.token(token)).collect())
    }

    fn token(&self, token: &[f32]) -> [i8; DIMENSIONS] {
        let mut reduced = [0.0_f32; DIMENSIONS];
        for (value, (offset, row)) in reduced.iter_mut().zip(&self.rows) {
            *value = row.iter().zip(token).map(|(a, b)| a * b).sum::<f32>() - offset;
        }
        let largest = reduced.iter().fold(f32::MIN_POSITIVE, |largest, value| largest.max(value.abs()));
        reduced.map(|value| (value / largest * 127.0).round() as i8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub fn token(seed: i32) -> [i8; DIMENSIONS] {
        std::array::from_fn(|at| ((at as i32 * 37 + seed * 101) % 255 - 127) as i8)
    }

    #[test]
    fn what_is_packed_is_near_what_it_was() {
        let packed = packed(&token(1));
        let again = unpacked(&packed);
        for (before, after) in token(1).into_iter().zip(again) {
            assert_eq!(before < 0, after < 0);
        }
        assert!(again.contains(&3) && again.contains(&-1));
        let question = TokenVectors(vec![token(1)]);
        let same = question.similarity(&packed).expect("tokens");
        assert!((0.85..=1.0).contains(&same), "{same}");
    }

    #[test]
    fn each_token_of_a_question_counts_by_the_nearest_of_the_passage() {
        let question = TokenVectors(vec![token(1), token(2)]);
        let both = question.similarity(&TokenVectors(vec![token(3), token(2), token(1)]).pack());
        let one = question.similarity(&TokenVectors(vec![token(3), token(2)]).pack());
        assert!(both > one, "{both:?} {one:?}");
        assert_eq!(question.similarity(&[]), None);
        assert_eq!(TokenVectors::default().similarity(&TokenVectors(vec![token(3)]).pack()), None);
    }

    #[test]
    fn a_projection_of_another_size_is_refused() {
        assert!(Projection::new(&[0; 100], 4).is_none());
        assert!(Projection::new(&vec![0; 16 + DIMENSIONS * 8], 4).is_some());
    }
}
