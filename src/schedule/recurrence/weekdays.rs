//! Sets of weekdays: `weekdays`, `mondays and fridays`, `monday to friday`, `周一三五`.

use jiff::civil::Weekday;

use crate::schedule::parts::day::{chinese_weekday, weekday};
use crate::schedule::parts::reader::Reader;

/// A set of weekdays, Sunday first as in patterns.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Weekdays([bool; 7]);

impl Weekdays {
    const WORKING: Self = Self([false, true, true, true, true, true, false]);
    const WEEKEND: Self = Self([true, false, false, false, false, false, true]);

    pub fn of(weekday: Weekday) -> Self {
        let mut set = Self::default();
        set.insert(weekday);
        set
    }

    /// From one to another, over the week's end if need be.
    fn range(first: Weekday, last: Weekday) -> Self {
        let mut set = Self::of(last);
        let mut day = first;
        while day != last {
            set.insert(day);
            day = day.next();
        }
        set
    }

    fn insert(&mut self, weekday: Weekday) {
        self.0[weekday.to_sunday_zero_offset() as usize] = true;
    }

    /// The days so many days later.
    pub fn shifted(mut self, days: usize) -> Self {
        self.0.rotate_right(days % 7);
        self
    }

    /// As a pattern's field.
    pub fn field(self) -> String {
        let numbers = (0..7).filter(|day| self.0[*day]).map(|day| day.to_string());
        numbers.collect::<Vec<_>>().join(",")
    }
}

/// Reads weekdays without "every": `weekdays`, `mondays`, `monday to friday`, 工作日, 周一三五.
pub(super) fn weekdays(reader: &mut Reader<'_>) -> Option<Weekdays> {
    const SETS: [(&str, Weekdays); 12] = [
        ("weekday", Weekdays::WORKING),
        ("weekdays", Weekdays::WORKING),
        ("workday", Weekdays::WORKING),
        ("workdays", Weekdays::WORKING),
        ("working day", Weekdays::WORKING),
        ("working days", Weekdays::WORKING),
        ("business day", Weekdays::WORKING),
        ("工作日", Weekdays::WORKING),
        ("weekend", Weekdays::WEEKEND),
        ("weekends", Weekdays::WEEKEND),
        ("周末", Weekdays::WEEKEND),
        ("个周末", Weekdays::WEEKEND),
    ];
    // As in 每个工作日.
    reader.word("个");
    if let Some(set) = reader.one_of(&SETS) {
        return Some(set);
    }
    let first = one_weekday(reader)?;
    let mut set = Weekdays::of(first);
    if let Some(last) = reader.attempt(range_end) {
        set = Weekdays::range(first, last);
    }
    while let Some(next) = reader.attempt(another_weekday) {
        set.insert(next);
    }
    Some(set)
}

/// Reads a weekday, in English also in the plural.
fn one_weekday(reader: &mut Reader<'_>) -> Option<Weekday> {
    const PLURALS: [(&str, Weekday); 7] = [
        ("mondays", Weekday::Monday),
        ("tuesdays", Weekday::Tuesday),
        ("wednesdays", Weekday::Wednesday),
        ("thursdays", Weekday::Thursday),
        ("fridays", Weekday::Friday),
        ("saturdays", Weekday::Saturday),
        ("sundays", Weekday::Sunday),
    ];
    reader.one_of(&PLURALS).or_else(|| weekday(reader))
}

fn range_end(reader: &mut Reader<'_>) -> Option<Weekday> {
    const TO: [(&str, ()); 8] =
        [("to", ()), ("through", ()), ("thru", ()), ("-", ()), ("–", ()), ("到", ()), ("至", ()), ("~", ())];
    reader.one_of(&TO)?;
    one_weekday(reader).or_else(|| chinese_weekday(reader))
}

fn another_weekday(reader: &mut Reader<'_>) -> Option<Weekday> {
    const BETWEEN: [(&str, ()); 7] =
        [(",", ()), ("and", ()), (", and", ()), ("、", ()), ("和", ()), ("跟", ()), ("，", ())];
    reader.one_of(&BETWEEN);
    // The last number in 周日二十点 is an hour.
    one_weekday(reader).or_else(|| chinese_weekday(reader).filter(|_| !reader.is_before("十")))
}
