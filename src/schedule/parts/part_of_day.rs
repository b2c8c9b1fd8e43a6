//! Parts of the day: `in the morning`, `evening`, `下午`, `傍晚`.

use super::Weight;
use super::reader::Reader;

/// A part of the day, which says which of its two hours a number means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::schedule) enum Part {
    /// From midnight on.
    Early,
    Morning,
    Noon,
    Afternoon,
    Dusk,
    Evening,
    /// Around midnight.
    Night,
}

/// Parts of the day that are a time by themselves.
const PARTS: [(&str, Part); 27] = [
    ("in the morning", Part::Morning),
    ("in the afternoon", Part::Afternoon),
    ("in the evening", Part::Evening),
    ("at night", Part::Evening),
    ("凌晨", Part::Early),
    ("清晨", Part::Morning),
    ("早上", Part::Morning),
    ("早晨", Part::Morning),
    ("上午", Part::Morning),
    ("一早", Part::Morning),
    ("一大早", Part::Morning),
    ("中午", Part::Noon),
    ("下午", Part::Afternoon),
    ("午后", Part::Afternoon),
    ("傍晚", Part::Dusk),
    ("黄昏", Part::Dusk),
    ("晚上", Part::Evening),
    ("晚间", Part::Evening),
    ("夜里", Part::Evening),
    ("夜间", Part::Evening),
    ("夜晚", Part::Evening),
    ("深夜", Part::Night),
    ("半夜", Part::Night),
    ("on the morning", Part::Morning),
    ("on the afternoon", Part::Afternoon),
    ("on the evening", Part::Evening),
    ("in the night", Part::Evening),
];

/// Parts of the day that are a time only beside a day or an hour.
const BESIDE_DAYS: [(&str, Part); 8] = [
    ("am", Part::Morning),
    ("pm", Part::Afternoon),
    ("morning", Part::Morning),
    ("afternoon", Part::Afternoon),
    ("evening", Part::Evening),
    ("night", Part::Evening),
    ("早", Part::Morning),
    ("晚", Part::Evening),
];

impl Part {
    /// The hour that a number up to 12 means in this part of the day.
    pub fn hour(self, hour: i64) -> i64 {
        match (self, hour) {
            (Self::Early, 12) => 0,
            (Self::Noon, 1..=3) | (Self::Afternoon | Self::Dusk, 1..=11) | (Self::Evening | Self::Night, 5..=11) => {
                hour + 12
            }
            (Self::Evening | Self::Night, 1..=4) => hour + 24,
            (Self::Evening | Self::Night, 0 | 12) => 24,
            _ => hour,
        }
    }
}

/// Reads a part of the day; `is_beside` is whether a day or an hour stands before it. In Chinese, one alone may belong to a thing.
pub(in crate::schedule) fn weighed_part(reader: &mut Reader<'_>, is_beside: bool) -> Option<(Part, Weight)> {
    let part = part(reader, is_beside)?;
    let is_english = reader.last().is_some_and(|c| c.is_ascii());
    Some((part, if is_english { Weight::Strong } else { Weight::Weak }))
}

/// Reads a part of the day; `is_beside` is whether a day or an hour stands before it.
pub(in crate::schedule) fn part(reader: &mut Reader<'_>, is_beside: bool) -> Option<Part> {
    let part = reader.attempt(|reader| {
        let part = reader.one_of(&PARTS)?;
        // 早上好 is a greeting, and 下午茶 a meal.
        (!reader.is_before("好茶")).then_some(part)
    });
    let beside = |reader: &mut Reader<'_>| {
        let part = reader.one_of(&BESIDE_DAYS)?;
        // 早一点 is earlier.
        let is_degree = matches!(reader.last(), Some('早' | '晚')) && reader.is_before("一点些饭餐");
        (!is_degree).then_some(part)
    };
    part.or_else(|| is_beside.then(|| reader.attempt(beside)).flatten())
}
