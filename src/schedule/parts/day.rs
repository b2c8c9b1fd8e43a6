//! Days by their names: `tomorrow`, `next friday`, `end of the month`, `明天`, `下周一`, `月底`.

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};

use super::Weight;
use super::date::{Numbers, date, month_and_day, number_of_day};
use super::part_of_day::Part;
use super::reader::Reader;
use crate::schedule::Asker;
use crate::schedule::zone::Zone;
use crate::text::Text;

/// A day as it was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::schedule) enum Day {
    /// So many days from today.
    Ahead(i64),
    /// The next one.
    Weekday(Weekday),
    /// In the week so many weeks from this one; weeks begin on Monday.
    InWeek(i64, Weekday),
    /// Saturday or Sunday, in the week so many weeks from this one or in the next that has one left.
    Weekend(Option<i64>),
    /// In the month so many months from this one, or in any.
    OfMonth(Option<i64>, Number),
    /// In the year so many years from this one, or in any.
    OfYear(Option<i64>, i8, Number),
    Exact(Date),
    /// In numbers, the order of which depends on who writes them.
    Numbers(Numbers),
}

/// A day's number in its month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::schedule) enum Number {
    Nth(i8),
    Last,
}

impl Number {
    /// The day of that number in the month of a date, if it has one.
    fn in_month_of(self, first: Date) -> Option<Date> {
        match self {
            Self::Nth(number) => Date::new(first.year(), first.month(), number).ok(),
            Self::Last => Some(first.last_of_month()),
        }
    }
}

/// Days counted from today, some with a part of the day in the same word.
const AHEAD: [(&str, (i64, Option<Part>)); 27] = [
    ("today", (0, None)),
    ("this morning", (0, Some(Part::Morning))),
    ("this afternoon", (0, Some(Part::Afternoon))),
    ("this evening", (0, Some(Part::Evening))),
    ("tonight", (0, Some(Part::Evening))),
    ("tomorrow", (1, None)),
    ("tmr", (1, None)),
    ("tmrw", (1, None)),
    ("the day after tomorrow", (2, None)),
    ("day after tomorrow", (2, None)),
    ("今天", (0, None)),
    ("今日", (0, None)),
    ("今早", (0, Some(Part::Morning))),
    ("今晨", (0, Some(Part::Morning))),
    ("今晚", (0, Some(Part::Evening))),
    ("今夜", (0, Some(Part::Evening))),
    ("明天", (1, None)),
    ("明日", (1, None)),
    ("明早", (1, Some(Part::Morning))),
    ("明晨", (1, Some(Part::Morning))),
    ("明晚", (1, Some(Part::Evening))),
    ("后天", (2, None)),
    ("后日", (2, None)),
    ("后早", (2, Some(Part::Morning))),
    ("后晚", (2, Some(Part::Evening))),
    ("大后天", (3, None)),
    ("大后日", (3, None)),
];

const ENGLISH_WEEKDAYS: [(&str, (Weekday, Weight)); 18] = [
    ("monday", (Weekday::Monday, Weight::Strong)),
    ("mon", (Weekday::Monday, Weight::Weak)),
    ("tuesday", (Weekday::Tuesday, Weight::Strong)),
    ("tue", (Weekday::Tuesday, Weight::Weak)),
    ("tues", (Weekday::Tuesday, Weight::Weak)),
    ("wednesday", (Weekday::Wednesday, Weight::Strong)),
    ("wed", (Weekday::Wednesday, Weight::Weak)),
    ("weds", (Weekday::Wednesday, Weight::Weak)),
    ("thursday", (Weekday::Thursday, Weight::Strong)),
    ("thu", (Weekday::Thursday, Weight::Weak)),
    ("thur", (Weekday::Thursday, Weight::Weak)),
    ("thurs", (Weekday::Thursday, Weight::Weak)),
    ("friday", (Weekday::Friday, Weight::Strong)),
    ("fri", (Weekday::Friday, Weight::Weak)),
    ("saturday", (Weekday::Saturday, Weight::Strong)),
    ("sat", (Weekday::Saturday, Weight::Weak)),
    ("sunday", (Weekday::Sunday, Weight::Strong)),
    ("sun", (Weekday::Sunday, Weight::Weak)),
];

/// What stands before a weekday in Chinese.
const CHINESE_WEEKS: [&str; 3] = ["周", "星期", "礼拜"];

/// Weeks, months and years from this one.
const FROM_THIS: [(&str, i64); 11] = [
    ("this", 0),
    ("next", 1),
    ("the next", 1),
    ("这", 0),
    ("这个", 0),
    ("本", 0),
    ("下", 1),
    ("下个", 1),
    ("下下", 2),
    ("下下个", 2),
    ("下一个", 1),
];

impl Day {
    /// The days this may mean, the soonest first.
    ///
    /// # Errors
    /// When there is no such day, or when it depends on the asker's customs, which are not known.
    pub fn candidates(self, today: Date, asker: &Asker) -> Result<Vec<Date>, Text> {
        /// Far enough for every 29th of February.
        const YEARS: i64 = 8;
        let ahead = |span: Span| today.checked_add(span).ok();
        let first_of_month = |months: i64| today.first_of_month().checked_add(months.months()).ok();
        let found: Vec<_> = match self {
            Self::Ahead(days) => ahead(days.days()).into_iter().collect(),
            Self::Exact(date) => vec![date],
            Self::Numbers(numbers) => return numbers.days(asker),
            Self::Weekday(weekday) => {
                let days = i64::from(today.weekday().until(weekday));
                [days, days + 7].into_iter().filter_map(|days| ahead(days.days())).collect()
            }
            Self::InWeek(weeks, weekday) => ahead(in_week(today, weeks, weekday).days()).into_iter().collect(),
            Self::Weekend(weeks) => {
                let weeks = weeks.map_or(0..=1, |weeks| weeks..=weeks);
                let days = weeks.flat_map(|weeks| {
                    [Weekday::Saturday, Weekday::Sunday].map(|weekday| in_week(today, weeks, weekday))
                });
                days.filter_map(|days| ahead(days.days())).collect()
            }
            Self::OfMonth(months, number) => {
                let months = months.map_or(0..=12, |months| months..=months);
                months.filter_map(first_of_month).filter_map(|first| number.in_month_of(first)).collect()
            }
            Self::OfYear(years, month, number) => {
                let years = years.map_or(0..=YEARS, |years| years..=years);
                let firsts = years
                    .filter_map(|years| Date::new(i16::try_from(i64::from(today.year()) + years).ok()?, month, 1).ok());
                firsts.filter_map(|first| number.in_month_of(first)).collect()
            }
        };
        if found.is_empty() { Err(Text::new("time-no-day")) } else { Ok(found) }
    }
}

/// How many days from today that is.
fn in_week(today: Date, weeks: i64, weekday: Weekday) -> i64 {
    weeks * 7 + i64::from(weekday.to_monday_zero_offset() - today.weekday().to_monday_zero_offset())
}

/// The sentence that asks which of two days is meant.
pub(super) fn which_of(words: &str, days: [Date; 2], asker: &Asker) -> Text {
    let [first, second] = days.map(|day| Zone::day_words(day, asker.locale));
    let text = Text::new("time-two-days").with("words", words).with("first", first).with("second", second);
    text.with("date", days[0])
}

/// A day, the part of the day if the same word names one, and how certain it is.
pub(in crate::schedule) type NamedDay = (Day, Option<Part>, Weight);

/// Reads a day.
pub(in crate::schedule) fn day(reader: &mut Reader<'_>) -> Option<NamedDay> {
    reader.attempt(|reader| {
        let is_on = reader.one_of(&[("on", ()), ("by", ()), ("于", ()), ("at the", ())]).is_some();
        if let Some((days, part)) = reader.one_of(&AHEAD) {
            return Some((Day::Ahead(days), part, Weight::Strong));
        }
        let (day, weight) = reader
            .attempt(end_of_month_or_year)
            .or_else(|| reader.attempt(in_week_from_this))
            .or_else(|| reader.attempt(in_month_from_this))
            .or_else(|| reader.attempt(in_year_from_this))
            .or_else(|| reader.attempt(date))
            .or_else(|| reader.attempt(weekday_alone))?;
        Some((day, None, if is_on && weight > Weight::Lone { Weight::Strong } else { weight }))
    })
}

/// Reads a weekday without anything before it.
pub(in crate::schedule) fn weekday(reader: &mut Reader<'_>) -> Option<Weekday> {
    weighed_weekday(reader).map(|(weekday, _)| weekday)
}

fn weighed_weekday(reader: &mut Reader<'_>) -> Option<(Weekday, Weight)> {
    reader.one_of(&ENGLISH_WEEKDAYS).or_else(|| {
        reader.attempt(|reader| {
            CHINESE_WEEKS.iter().find(|week| reader.word(week))?;
            Some((chinese_weekday(reader)?, Weight::Strong))
        })
    })
}

/// Reads the last character of 星期一 and the like.
pub(in crate::schedule) fn chinese_weekday(reader: &mut Reader<'_>) -> Option<Weekday> {
    reader.attempt(|reader| {
        let offset = reader.symbol(|c| match c {
            '日' | '天' => Some(7),
            _ => "一二三四五六".chars().position(|number| number == c).map(|position| position as i8 + 1),
        })?;
        // The second number in 周一二点, and the only one in 下周三点, is an hour.
        (!reader.is_before("点时")).then(|| Weekday::from_monday_one_offset(offset).ok()).flatten()
    })
}

fn weekday_alone(reader: &mut Reader<'_>) -> Option<(Day, Weight)> {
    const WEEKENDS: [&str; 6] = ["the weekend", "weekend", "周末", "星期末", "礼拜末", "这周末"];
    if WEEKENDS.iter().any(|weekend| reader.word(weekend)) {
        return Some((Day::Weekend(None), Weight::Strong));
    }
    reader.one_of(&[("coming", ()), ("this coming", ()), ("the coming", ())]);
    let (weekday, weight) = weighed_weekday(reader)?;
    match reader.attempt(week_from_this).or_else(|| reader.word("after next").then_some(2)) {
        Some(weeks) => Some((Day::InWeek(weeks, weekday), Weight::Strong)),
        None => Some((Day::Weekday(weekday), weight)),
    }
}

/// Reads `next week`, 下周; how many weeks from this.
fn week_from_this(reader: &mut Reader<'_>) -> Option<i64> {
    if reader.one_of(&[("the week after next", ()), ("week after next", ())]).is_some() {
        return Some(2);
    }
    let weeks = reader.one_of(&FROM_THIS)?;
    reader.one_of(&[("week", ()), ("周", ()), ("星期", ()), ("礼拜", ())])?;
    reader.is_at_boundary().then_some(weeks)
}

/// Reads `next friday`, `next week`, `this weekend`, `下下周一`, `下周`.
fn in_week_from_this(reader: &mut Reader<'_>) -> Option<(Day, Weight)> {
    let weekday_in = |reader: &mut Reader<'_>| {
        let weeks = reader.one_of(&FROM_THIS)?;
        if let Some(weekday) = weekday(reader) {
            return Some(Day::InWeek(weeks, weekday));
        }
        reader.one_of(&[("weekend", ()), ("周末", ()), ("星期末", ())]).map(|()| Day::Weekend(Some(weeks)))
    };
    let whole_week = |reader: &mut Reader<'_>| {
        let weeks = week_from_this(reader).filter(|weeks| *weeks > 0)?;
        let weekday = reader.attempt(|reader| {
            reader.one_of(&[("on", ()), (",", ()), ("的", ())]);
            weekday(reader)
        });
        Some(Day::InWeek(weeks, weekday.unwrap_or(Weekday::Monday)))
    };
    let day = reader.attempt(weekday_in).or_else(|| reader.attempt(whole_week));
    let day = day.or_else(|| {
        reader.one_of(&[("the end of the week", ()), ("end of the week", ()), ("end of week", ()), ("eow", ())])?;
        Some(Day::Weekday(Weekday::Friday))
    });
    Some((day?, Weight::Strong))
}

/// Reads `end of the month`, `end of next month`, `月底`, `下月末`, `年底`.
fn end_of_month_or_year(reader: &mut Reader<'_>) -> Option<(Day, Weight)> {
    const WORDS: [(&str, Option<i64>); 7] = [
        ("end of month", None),
        ("end of the month", None),
        ("end of this month", Some(0)),
        ("end of next month", Some(1)),
        ("last day of the month", None),
        ("last day of this month", Some(0)),
        ("last day of next month", Some(1)),
    ];
    const YEARS: [(&str, Option<i64>); 4] = [
        ("end of year", None),
        ("end of the year", None),
        ("end of this year", Some(0)),
        ("end of next year", Some(1)),
    ];
    reader.word("the");
    if let Some(months) = reader.one_of(&WORDS) {
        return Some((Day::OfMonth(months, Number::Last), Weight::Strong));
    }
    let end = |reader: &mut Reader<'_>| reader.one_of(&[("底", ()), ("末", ()), ("的最后一天", ()), ("最后一天", ())]);
    let of_month = reader.attempt(|reader| {
        let months = reader.one_of(&FROM_THIS);
        reader.word("月").then(|| end(reader)).flatten()?;
        Some(Day::OfMonth(months, Number::Last))
    });
    let of_year = |reader: &mut Reader<'_>| {
        let years = reader.one_of(&[("今", 0), ("明", 1), ("后", 2)]);
        reader.word("年").then(|| end(reader)).flatten()?;
        Some(Day::OfYear(years, 12, Number::Last))
    };
    let day = of_month
        .or_else(|| reader.one_of(&YEARS).map(|years| Day::OfYear(years, 12, Number::Last)))
        .or_else(|| reader.attempt(of_year))?;
    Some((day, Weight::Strong))
}

/// Reads `next month`, `the 5th of next month`, `下个月1号`.
fn in_month_from_this(reader: &mut Reader<'_>) -> Option<(Day, Weight)> {
    let month = |reader: &mut Reader<'_>| {
        let months = reader.one_of(&FROM_THIS)?;
        reader.one_of(&[("month", ()), ("月", ())]).map(|()| months)
    };
    let number_first = |reader: &mut Reader<'_>| {
        reader.word("the");
        let number = number_of_day(reader)?;
        reader.word("of");
        Some((month(reader)?, Some(number)))
    };
    let month_first = |reader: &mut Reader<'_>| {
        let months = month(reader)?;
        let number = reader.attempt(|reader| {
            reader.one_of(&[("on the", ()), ("on", ()), ("the", ()), ("的", ())]);
            number_of_day(reader)
        });
        Some((months, number))
    };
    let (months, number) = reader.attempt(number_first).or_else(|| reader.attempt(month_first))?;
    // "This month" is no day.
    let number = number.or((months > 0).then_some(1))?;
    Some((Day::OfMonth(Some(months), Number::Nth(number)), Weight::Strong))
}

/// Reads `next year`, `明年一月一号`.
fn in_year_from_this(reader: &mut Reader<'_>) -> Option<(Day, Weight)> {
    const YEARS: [(&str, i64); 7] =
        [("next year", 1), ("this year", 0), ("今年", 0), ("本年", 0), ("明年", 1), ("来年", 1), ("后年", 2)];
    let years = reader.one_of(&YEARS)?;
    let named = reader.attempt(|reader| {
        reader.one_of(&[("on", ()), (",", ()), ("的", ())]);
        month_and_day(reader)
    });
    let (month, number) = named.or((years > 0).then_some((1, 1)))?;
    Some((Day::OfYear(Some(years), month, Number::Nth(number)), Weight::Strong))
}
