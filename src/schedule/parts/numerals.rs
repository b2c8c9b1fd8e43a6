//! Numbers in digits, and in Chinese and English words.

use super::reader::Reader;
use crate::analysis::{ENGLISH_NUMBERS, chinese_numeral};

/// Digits that are read as one number: more are none that a date or a duration needs.
const MOST_DIGITS: usize = 6;

/// Words of quantities that are not numbers.
const AMOUNTS: [(&str, f64); 11] = [
    ("a", 1.0),
    ("an", 1.0),
    ("a couple of", 2.0),
    ("a couple", 2.0),
    ("couple of", 2.0),
    ("half", 0.5),
    ("half a", 0.5),
    ("half an", 0.5),
    ("a half", 0.5),
    ("three quarters of an", 0.75),
    ("半", 0.5),
];

/// A whole number and the characters it is written with.
pub(in crate::schedule) struct Numeral {
    pub value: i64,
    pub chars: usize,
}

/// Reads digits or a Chinese number.
pub(in crate::schedule) fn numeral(reader: &mut Reader<'_>) -> Option<Numeral> {
    reader.attempt(|reader| {
        reader.skip_spaces();
        digits(reader).or_else(|| chinese(reader))
    })
}

/// Reads a number in English words: `five`, `twenty-five`.
pub(in crate::schedule) fn english(reader: &mut Reader<'_>) -> Option<i64> {
    let value = reader.one_of(&ENGLISH_NUMBERS)?;
    let ones = |reader: &mut Reader<'_>| {
        reader.symbol(|c| (c == '-').then_some(()));
        reader.one_of(&ENGLISH_NUMBERS).filter(|ones| *ones < 10)
    };
    let ones = (value >= 20).then(|| reader.attempt(ones)).flatten();
    Some(i64::from(value + ones.unwrap_or(0)))
}

/// Reads a whole number in any writing.
pub(in crate::schedule) fn whole(reader: &mut Reader<'_>) -> Option<i64> {
    english(reader).or_else(|| numeral(reader).map(|numeral| numeral.value))
}

/// Reads a number in digits or words, also one with a decimal point or a half.
pub(in crate::schedule) fn quantity(reader: &mut Reader<'_>) -> Option<f64> {
    if let Some(amount) = reader.one_of(&AMOUNTS) {
        return Some(amount);
    }
    let whole = whole(reader)? as f64;
    let fraction = reader.attempt(|reader| {
        reader.symbol(|c| (c == '.').then_some(()))?;
        let Numeral { value, chars } = digits(reader)?;
        Some(value as f64 / 10_f64.powi(chars as i32))
    });
    let has_half = fraction.is_none() && (reader.word("and a half") || reader.word("½"));
    Some(whole + fraction.unwrap_or(if has_half { 0.5 } else { 0.0 }))
}

fn digits(reader: &mut Reader<'_>) -> Option<Numeral> {
    let mut read = Numeral { value: 0, chars: 0 };
    while let Some(digit) = reader.symbol(|c| c.to_digit(10)) {
        read.value = read.value * 10 + i64::from(digit);
        read.chars += 1;
        if read.chars > MOST_DIGITS {
            return None;
        }
    }
    (read.chars > 0).then_some(read)
}

/// Reads a number such as 十五, 二十三, 一百零五 or 二零二六.
fn chinese(reader: &mut Reader<'_>) -> Option<Numeral> {
    let (mut total, mut digits, mut chars) = (0, None, 0);
    while let Some(part) = reader.symbol(part) {
        match part {
            Part::Digit(digit) => digits = Some(digits.unwrap_or(0) * 10 + digit),
            Part::Times(power) => total += digits.take().unwrap_or(1) * power,
        }
        chars += 1;
        if chars > MOST_DIGITS {
            return None;
        }
    }
    (chars > 0).then(|| Numeral { value: total + digits.unwrap_or(0), chars })
}

enum Part {
    Digit(i64),
    Times(i64),
}

fn part(c: char) -> Option<Part> {
    match chinese_numeral(c)? {
        digit @ 0..10 => Some(Part::Digit(digit.into())),
        power @ 10..10_000 => Some(Part::Times(power.into())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_every_writing() {
        for (text, expected) in [
            ("0", 0.0),
            ("12", 12.0),
            ("１２", 12.0),
            ("1.5", 1.5),
            ("0.25", 0.25),
            ("a", 1.0),
            ("Twelve", 12.0),
            ("twenty-five", 25.0),
            ("a couple of", 2.0),
            ("two and a half", 2.5),
            ("半", 0.5),
            ("十", 10.0),
            ("十五", 15.0),
            ("二十", 20.0),
            ("二十三", 23.0),
            ("兩", 2.0),
            ("零五", 5.0),
            ("一百零五", 105.0),
            ("二〇二六", 2026.0),
        ] {
            assert_eq!(quantity(&mut Reader::new(text)), Some(expected), "{text}");
        }
        for text in ["", "x", "anna", "1234567"] {
            assert_eq!(quantity(&mut Reader::new(text)), None, "{text}");
        }
    }
}
