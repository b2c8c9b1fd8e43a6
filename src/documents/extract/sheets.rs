//! Spreadsheets: those of Excel, old and new, and of OpenDocument. The only module that uses `calamine`.

use std::io::Cursor;

use calamine::{CellErrorType, Data, Reader, Sheets, open_workbook_auto_from_rs};

use super::problem::Problem;
use super::table;
use super::{ExtractLimits, Extracted};
use crate::model::DocumentKind;

/// Most cells of a sheet, filled or not, that are looked at: some sheets say that they reach to the last row there can be.
const MOST_CELLS: usize = 5_000_000;

/// Reads all sheets. A single one with questions and answers becomes such; others become lines of text under the sheets' names.
pub fn read(bytes: Vec<u8>, limits: &ExtractLimits) -> Result<Extracted, Problem> {
    let mut book = open_workbook_auto_from_rs(Cursor::new(bytes)).map_err(|error| problem(&error))?;
    let mut sheets = Vec::new();
    for name in visible(&book) {
        let range = book.worksheet_range(&name).map_err(|error| problem(&error))?;
        if range.width().saturating_mul(range.height()) > MOST_CELLS {
            return Err(Problem::TooComplex);
        }
        let rows: Vec<Vec<String>> = range.rows().map(|row| row.iter().map(shown).collect()).collect();
        match table::of_rows(rows) {
            Ok(extracted) => sheets.push((name, extracted)),
            Err(Problem::Empty) => {}
            Err(problem) => return Err(problem),
        }
        if sheets.iter().map(|(_, extracted)| extracted.text.len()).sum::<usize>() > limits.text {
            return Err(Problem::TooMuchText);
        }
    }
    match sheets.len() {
        0 => Err(Problem::Empty),
        1 => Ok(sheets.remove(0).1),
        _ => {
            let is_faq = sheets.iter().all(|(_, extracted)| extracted.kind == DocumentKind::Faq);
            let kind = if is_faq { DocumentKind::Faq } else { DocumentKind::Text };
            let text = sheets.iter().map(|(name, extracted)| format!("# {name}\n\n{}\n\n", extracted.text.trim()));
            Ok(Extracted { kind, text: text.collect(), ..Extracted::default() })
        }
    }
}

/// The names of the sheets that are shown.
fn visible(book: &Sheets<Cursor<Vec<u8>>>) -> Vec<String> {
    let is_visible = |sheet: &&calamine::Sheet| sheet.visible == calamine::SheetVisible::Visible;
    book.sheets_metadata().iter().filter(is_visible).map(|sheet| sheet.name.clone()).collect()
}

/// A cell as a reader would write it.
fn shown(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::String(text) => text.trim().to_owned(),
        Data::Bool(value) => if *value { "TRUE" } else { "FALSE" }.to_owned(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => number_shown(*number),
        Data::DateTime(time) => date_shown(time),
        Data::DateTimeIso(time) => time.replace('T', " ").trim_end_matches(" 00:00:00").to_owned(),
        Data::DurationIso(time) => duration_shown(time).unwrap_or_else(|| time.clone()),
        Data::Error(CellErrorType::NA) => "#N/A".to_owned(),
        Data::Error(_) => String::new(),
    }
}

/// Without what only the arithmetic of computers adds: 0.30000000000000004.
fn number_shown(number: f64) -> String {
    // Excel itself shows 15 digits.
    let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    rounded.to_string()
}

/// A date, a time or both, whichever it has.
fn date_shown(time: &calamine::ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    if time.is_duration() {
        // Sums of hours go beyond a day.
        return clock((time.as_f64() * 24.0 + 1e-9).floor() as u64, u64::from(minute), u64::from(second));
    }
    let clock = clock(u64::from(hour), u64::from(minute), u64::from(second));
    if time.as_f64() < 1.0 {
        return clock;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    if time.as_f64().fract() == 0.0 { date } else { format!("{date} {clock}") }
}

fn clock(hours: u64, minutes: u64, seconds: u64) -> String {
    let seconds = if seconds == 0 { String::new() } else { format!(":{seconds:02}") };
    format!("{hours:02}:{minutes:02}{seconds}")
}

/// `PT09H30M00S` is 09:30; `None` if it is not written so.
fn duration_shown(iso: &str) -> Option<String> {
    let (hours, rest) = iso.strip_prefix("PT")?.split_once('H')?;
    let (minutes, seconds) = rest.split_once('M')?;
    let seconds = seconds.trim_end_matches('S').split(['.', ',']).next()?;
    Some(clock(hours.parse().ok()?, minutes.parse().ok()?, seconds.parse().ok()?))
}

fn problem(error: &calamine::Error) -> Problem {
    let said = error.to_string().to_lowercase();
    if said.contains("password") || said.contains("encrypt") { Problem::PasswordNeeded } else { Problem::Broken }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_shown_as_people_write_them() {
        assert_eq!(number_shown(0.1 + 0.2), "0.3");
        assert_eq!(number_shown(1_234_567.0), "1234567");
        for (days, kind, shown) in [
            (0.395_833_333_333_333_3, calamine::ExcelDateTimeType::DateTime, "09:30"),
            (46_053.0, calamine::ExcelDateTimeType::DateTime, "2026-01-31"),
            (46_053.5, calamine::ExcelDateTimeType::DateTime, "2026-01-31 12:00"),
            (1.5, calamine::ExcelDateTimeType::TimeDelta, "36:00"),
        ] {
            assert_eq!(date_shown(&calamine::ExcelDateTime::new(days, kind, false)), shown, "{days}");
        }
        assert_eq!(duration_shown("PT09H30M00S").as_deref(), Some("09:30"));
        assert_eq!(duration_shown("PT36H00M05.5S").as_deref(), Some("36:00:05"));
        assert_eq!(duration_shown("P1D"), None);
    }
}
