//! Time zones beside a time: `EST`, `UTC+8`, `Europe/London`, `London time`, `北京时间`.

use super::numerals::numeral;
use super::reader::Reader;
use crate::model::Timestamp;
use crate::schedule::Zone;
use crate::text::Text;

/// Where a time is meant to be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::schedule) enum Place {
    Zone(Zone),
    Abbreviation(&'static Abbreviation),
}

/// An abbreviation, and the zones or offsets that it may stand for.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::schedule) struct Abbreviation {
    name: &'static str,
    /// Whether it is also a word, so that only capitals are it.
    is_word: bool,
    zones: &'static [&'static str],
}

const fn abbreviation(name: &'static str, zones: &'static [&'static str]) -> Abbreviation {
    Abbreviation { name, is_word: false, zones }
}

const fn word(name: &'static str, zones: &'static [&'static str]) -> Abbreviation {
    Abbreviation { name, is_word: true, zones }
}

/// Those with one letter for summer or winter are offsets all year round; the others are what counts on the day.
static ABBREVIATIONS: [Abbreviation; 48] = [
    abbreviation("utc", &["UTC"]),
    abbreviation("gmt", &["UTC"]),
    word("z", &["UTC"]),
    abbreviation("est", &["UTC-05:00"]),
    abbreviation("edt", &["UTC-04:00"]),
    word("et", &["America/New_York"]),
    abbreviation("cst", &["America/Chicago", "Asia/Shanghai"]),
    abbreviation("cdt", &["UTC-05:00"]),
    word("ct", &["America/Chicago"]),
    abbreviation("mst", &["UTC-07:00"]),
    abbreviation("mdt", &["UTC-06:00"]),
    word("mt", &["America/Denver"]),
    abbreviation("pst", &["UTC-08:00"]),
    abbreviation("pdt", &["UTC-07:00"]),
    word("pt", &["America/Los_Angeles"]),
    abbreviation("akst", &["UTC-09:00"]),
    abbreviation("akdt", &["UTC-08:00"]),
    abbreviation("hst", &["UTC-10:00"]),
    abbreviation("ast", &["America/Halifax", "Asia/Riyadh"]),
    abbreviation("adt", &["UTC-03:00"]),
    abbreviation("brt", &["UTC-03:00"]),
    word("wet", &["UTC"]),
    word("west", &["UTC+01:00"]),
    abbreviation("bst", &["Europe/London", "Asia/Dhaka"]),
    abbreviation("ist", &["Asia/Kolkata", "Asia/Jerusalem", "Europe/Dublin"]),
    abbreviation("cet", &["UTC+01:00"]),
    abbreviation("cest", &["UTC+02:00"]),
    abbreviation("mez", &["UTC+01:00"]),
    abbreviation("mesz", &["UTC+02:00"]),
    abbreviation("eet", &["UTC+02:00"]),
    abbreviation("eest", &["UTC+03:00"]),
    abbreviation("msk", &["UTC+03:00"]),
    abbreviation("sast", &["UTC+02:00"]),
    word("cat", &["UTC+02:00"]),
    word("eat", &["UTC+03:00"]),
    word("gst", &["Asia/Dubai"]),
    abbreviation("pkt", &["UTC+05:00"]),
    word("ict", &["UTC+07:00"]),
    word("wib", &["UTC+07:00"]),
    abbreviation("sgt", &["UTC+08:00"]),
    abbreviation("hkt", &["UTC+08:00"]),
    abbreviation("awst", &["UTC+08:00"]),
    abbreviation("jst", &["UTC+09:00"]),
    abbreviation("kst", &["UTC+09:00"]),
    abbreviation("aest", &["UTC+10:00"]),
    abbreviation("aedt", &["UTC+11:00"]),
    abbreviation("nzst", &["UTC+12:00"]),
    abbreviation("nzdt", &["UTC+13:00"]),
];

/// Places whose time people name: before "time" or 时间.
const PLACES: [(&str, &str); 60] = [
    ("eastern", "America/New_York"),
    ("central", "America/Chicago"),
    ("mountain", "America/Denver"),
    ("pacific", "America/Los_Angeles"),
    ("new york", "America/New_York"),
    ("boston", "America/New_York"),
    ("chicago", "America/Chicago"),
    ("denver", "America/Denver"),
    ("los angeles", "America/Los_Angeles"),
    ("san francisco", "America/Los_Angeles"),
    ("seattle", "America/Los_Angeles"),
    ("toronto", "America/Toronto"),
    ("vancouver", "America/Vancouver"),
    ("sao paulo", "America/Sao_Paulo"),
    ("london", "Europe/London"),
    ("uk", "Europe/London"),
    ("dublin", "Europe/Dublin"),
    ("paris", "Europe/Paris"),
    ("berlin", "Europe/Berlin"),
    ("vienna", "Europe/Vienna"),
    ("zurich", "Europe/Zurich"),
    ("madrid", "Europe/Madrid"),
    ("rome", "Europe/Rome"),
    ("amsterdam", "Europe/Amsterdam"),
    ("stockholm", "Europe/Stockholm"),
    ("moscow", "Europe/Moscow"),
    ("istanbul", "Europe/Istanbul"),
    ("dubai", "Asia/Dubai"),
    ("mumbai", "Asia/Kolkata"),
    ("delhi", "Asia/Kolkata"),
    ("bangkok", "Asia/Bangkok"),
    ("singapore", "Asia/Singapore"),
    ("hong kong", "Asia/Hong_Kong"),
    ("beijing", "Asia/Shanghai"),
    ("shanghai", "Asia/Shanghai"),
    ("china", "Asia/Shanghai"),
    ("taipei", "Asia/Taipei"),
    ("tokyo", "Asia/Tokyo"),
    ("seoul", "Asia/Seoul"),
    ("sydney", "Australia/Sydney"),
    ("melbourne", "Australia/Melbourne"),
    ("auckland", "Pacific/Auckland"),
    ("北京", "Asia/Shanghai"),
    ("上海", "Asia/Shanghai"),
    ("中国", "Asia/Shanghai"),
    ("台北", "Asia/Taipei"),
    ("香港", "Asia/Hong_Kong"),
    ("东京", "Asia/Tokyo"),
    ("首尔", "Asia/Seoul"),
    ("美国东部", "America/New_York"),
    ("东部", "America/New_York"),
    ("美国西部", "America/Los_Angeles"),
    ("美西", "America/Los_Angeles"),
    ("新加坡", "Asia/Singapore"),
    ("伦敦", "Europe/London"),
    ("巴黎", "Europe/Paris"),
    ("柏林", "Europe/Berlin"),
    ("纽约", "America/New_York"),
    ("美东", "America/New_York"),
    ("太平洋", "America/Los_Angeles"),
];

impl Place {
    /// The zone that is meant by somebody who lives in the zone `own`.
    ///
    /// # Errors
    /// When it may be several, none of which is the own one.
    pub fn zone(&self, own: &Zone, now: Timestamp) -> Result<Zone, Text> {
        let abbreviation = match self {
            Self::Zone(zone) => return Ok(zone.clone()),
            Self::Abbreviation(abbreviation) => abbreviation,
        };
        if let Some(own) = own.own(abbreviation.name, now) {
            return Ok(own);
        }
        let unclear = || {
            let zones = abbreviation.zones.join(", ");
            Text::new("time-zones").with("name", abbreviation.name.to_uppercase()).with("zones", zones)
        };
        match abbreviation.zones {
            [zone] => Zone::named(zone).ok_or_else(unclear),
            _ => Err(unclear()),
        }
    }
}

/// Reads a zone, in brackets or without.
pub(in crate::schedule) fn place(reader: &mut Reader<'_>) -> Option<Place> {
    reader.attempt(|reader| {
        let is_open = reader.word("(");
        let place = reader
            .attempt(with_offset)
            .or_else(|| reader.attempt(of_database))
            .or_else(|| reader.attempt(short))
            .or_else(|| reader.attempt(named))?;
        (!is_open || reader.word(")")).then_some(place)
    })
}

/// Reads `UTC+8`, `GMT-05:30`, `+08:00`.
fn with_offset(reader: &mut Reader<'_>) -> Option<Place> {
    let is_named = reader.one_of(&[("utc", ()), ("gmt", ())]).is_some();
    reader.skip_spaces();
    let is_west = reader.symbol(|c| match c {
        '+' => Some(false),
        '-' | '−' => Some(true),
        _ => None,
    })?;
    let hours = reader.is_before("0123456789").then(|| numeral(reader)).flatten()?;
    let minutes = reader.attempt(|reader| {
        reader.symbol(|c| (c == ':').then_some(()))?;
        numeral(reader).filter(|minutes| minutes.chars == 2)
    });
    // A lone -5 may be anything, and -10:00 the end of a period.
    let is_named = is_named || (minutes.is_some() && !is_west);
    if hours.chars > 2 || !is_named || !reader.is_at_boundary() {
        return None;
    }
    let hours = i32::try_from(hours.value).ok()?;
    let minutes = minutes.map_or(Some(0), |minutes| i32::try_from(minutes.value).ok())?;
    Zone::offset(if is_west { -hours } else { hours }, minutes).map(Place::Zone)
}

/// Reads `Europe/London`.
fn of_database(reader: &mut Reader<'_>) -> Option<Place> {
    reader.skip_spaces();
    let token = reader.token();
    let token = token.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    let is_name = token.len() <= 40 && token.contains('/') && token.starts_with(|c: char| c.is_ascii_alphabetic());
    is_name.then(|| Zone::named(token)).flatten().map(Place::Zone)
}

/// Reads `EST`.
fn short(reader: &mut Reader<'_>) -> Option<Place> {
    reader.skip_spaces();
    let letters = reader.rest();
    let end = letters.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(letters.len());
    let letters = &letters[..end];
    let found = ABBREVIATIONS.iter().find(|known| known.name.eq_ignore_ascii_case(letters))?;
    let is_whole = reader.word(found.name);
    let is_word = found.is_word && letters.contains(|c: char| c.is_ascii_lowercase());
    // As in UTC+99.
    let mut behind = *reader;
    let is_cut = behind.symbol(|c| "+-".contains(c).then_some(())).is_some() && behind.is_before("0123456789");
    (is_whole && !is_word && !is_cut && reader.is_at_boundary()).then_some(Place::Abbreviation(found))
}

/// Reads `London time`, `北京时间`.
fn named(reader: &mut Reader<'_>) -> Option<Place> {
    let zone = city(reader)?;
    reader.one_of(&[("time", ()), ("standard time", ()), ("时间", ())])?;
    Zone::named(zone).map(Place::Zone)
}

/// Reads the name of a place; its zone.
pub(in crate::schedule) fn city(reader: &mut Reader<'_>) -> Option<&'static str> {
    reader.one_of(&PLACES)
}
