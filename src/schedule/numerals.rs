//! Numbers in digits, and in Chinese and English words.

use super::reader::Reader;

/// Digits that are read as one number: more are none that a date or a duration needs.
const MOST_DIGITS: usize = 6;

const ENGLISH: [(&str, i64); 17] = [
    ("a", 1),
    ("an", 1),
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
    ("fifteen", 15),
    ("twenty", 20),
    ("thirty", 30),
];

/// A whole number and the characters it is written with.
pub(super) struct Numeral {
    pub value: i64,
    pub chars: usize,
}

/// Reads digits or a Chinese number.
pub(super) fn numeral(reader: &mut Reader<'_>) -> Option<Numeral> {
    reader.attempt(|reader| {
        reader.skip_spaces();
        digits(reader).or_else(|| chinese(reader))
    })
}

/// Reads a whole number, or one with a decimal point, in digits or words.
pub(super) fn quantity(reader: &mut Reader<'_>) -> Option<f64> {
    if let Some(value) = reader.one_of(&ENGLISH) {
        return Some(value as f64);
    }
    let whole = numeral(reader)?.value as f64;
    let fraction = reader.attempt(|reader| {
        reader.symbol(|c| (c == '.').then_some(()))?;
        let Numeral { value, chars } = digits(reader)?;
        Some(value as f64 / 10_f64.powi(chars as i32))
    });
    Some(whole + fraction.unwrap_or_default())
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
    Some(match c {
        '十' => Part::Times(10),
        '百' => Part::Times(100),
        '千' => Part::Times(1000),
        '两' => Part::Digit(2),
        _ => Part::Digit("零一二三四五六七八九".chars().position(|digit| digit == c)? as i64),
    })
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
        for text in ["", "x", "anna", "1234567", "半"] {
            assert_eq!(quantity(&mut Reader::new(text)), None, "{text}");
        }
    }
}
