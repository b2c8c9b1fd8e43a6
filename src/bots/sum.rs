//! `sum`: adds numbers of any length, exactly.

use std::collections::BTreeMap;

use async_trait::async_trait;
use num_bigint::{BigInt, Sign};
use unicode_normalization::UnicodeNormalization;

use super::{Bot, Failure, Reply, Request};
use crate::jobs::Policy;
use crate::text::Text;

pub struct Sum;

#[async_trait]
impl Bot for Sum {
    fn name(&self) -> &str {
        "sum"
    }

    fn policy(&self) -> Policy {
        Policy::QUICK
    }

    async fn run(&self, request: Request<'_>) -> Result<Reply, Failure> {
        sum(&request.job.arguments).map(Reply::Plain).map_err(Failure::bad_arguments)
    }
}

/// `12 + 32 = 44`, or what is wrong with the numbers.
fn sum(arguments: &str) -> Result<String, Text> {
    // Input methods write digits and signs in their wide forms.
    let folded: String = arguments.nfkc().map(|c| if c == '−' { '-' } else { c }).collect();
    let numbers: Vec<Decimal> =
        folded.split_whitespace().filter(|word| *word != "+").map(Decimal::parse).collect::<Result<_, _>>()?;
    if numbers.len() < 2 {
        return Err(Text::new("sum-too-few"));
    }
    let total = Decimal::total(&numbers);
    let shown: Vec<_> = numbers.iter().enumerate().map(|(index, number)| number.as_term(index == 0)).collect();
    Ok(format!("{} = {}", shown.join(" + "), total.show()))
}

/// `digits / 10^places`, exactly.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    digits: BigInt,
    places: usize,
}

impl Decimal {
    fn parse(word: &str) -> Result<Self, Text> {
        let wrong = || {
            let shown: String = word.chars().take(40).collect();
            Text::new("sum-not-a-number").with("found", shown)
        };
        let (sign, unsigned) = match word.strip_prefix('-') {
            Some(rest) => (Sign::Minus, rest),
            None => (Sign::Plus, word.strip_prefix('+').unwrap_or(word)),
        };
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let all = format!("{whole}{fraction}");
        let is_number = !whole.is_empty() && all.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number || (unsigned.contains('.') && fraction.is_empty()) {
            return Err(wrong());
        }
        let digits: BigInt = all.parse().map_err(|_| wrong())?;
        let digits = if sign == Sign::Minus { -digits } else { digits };
        Ok(Self { digits, places: fraction.len() })
    }

    fn total(numbers: &[Self]) -> Self {
        let places = numbers.iter().map(|number| number.places).max().unwrap_or(0);
        // First among those with the same number of places, so that each power of ten is computed once.
        let mut sums = BTreeMap::<usize, BigInt>::new();
        for number in numbers {
            *sums.entry(number.places).or_default() += &number.digits;
        }
        let scaled = sums.into_iter().map(|(own, sum)| sum * BigInt::from(10).pow((places - own) as u32));
        Self { digits: scaled.sum(), places }
    }

    fn show(&self) -> String {
        let sign = if self.digits.sign() == Sign::Minus { "-" } else { "" };
        let digits = self.digits.magnitude().to_string();
        if self.places == 0 {
            return format!("{sign}{digits}");
        }
        let padded = format!("{digits:0>width$}", width = self.places + 1);
        let (whole, fraction) = padded.split_at(padded.len() - self.places);
        match fraction.trim_end_matches('0') {
            "" => format!("{sign}{whole}"),
            fraction => format!("{sign}{whole}.{fraction}"),
        }
    }

    /// As one of several terms: a negative one in brackets, unless it comes first.
    fn as_term(&self, is_first: bool) -> String {
        let shown = self.show();
        if shown.starts_with('-') && !is_first { format!("({shown})") } else { shown }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: &str, expected: &str) {
        assert_eq!(sum(arguments), Ok(expected.to_owned()), "{arguments:?}");
    }

    #[test]
    fn numbers_of_any_length_are_added_exactly() {
        check("12 32", "12 + 32 = 44");
        check("1 2 3", "1 + 2 + 3 = 6");
        check("12 + 32", "12 + 32 = 44");
        check("-5 -6", "-5 + (-6) = -11");
        check("0.1 0.2", "0.1 + 0.2 = 0.3");
        check("-0.05 1", "-0.05 + 1 = 0.95");
        check("1.50 1.50", "1.5 + 1.5 = 3");
        check("１２ ３２", "12 + 32 = 44");
        let nines = "9".repeat(300);
        check(&format!("{nines} 1"), &format!("{nines} + 1 = 1{}", "0".repeat(300)));
    }

    #[test]
    fn anything_else_is_named() {
        for arguments in ["", "12", "a b", "1 2x", "1. 2", ".5 1", "- 1", "1e5 2", "1,000 2"] {
            assert!(sum(arguments).is_err(), "{arguments:?}");
        }
    }
}
