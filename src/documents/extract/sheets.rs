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
        Data::DateTimeIso(time) | Data::DurationIso(time) => {
            time.replace('T', " ").trim_end_matches(" 00:00:00").to_owned()
        }
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
    let clock =
        if second == 0 { format!("{hour:02}:{minute:02}") } else { format!("{hour:02}:{minute:02}:{second:02}") };
    if time.is_duration() || time.as_f64() < 1.0 {
        return clock;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    if time.as_f64().fract() == 0.0 { date } else { format!("{date} {clock}") }
}

fn problem(error: &calamine::Error) -> Problem {
    let said = error.to_string().to_lowercase();
    if said.contains("password") || said.contains("encrypt") { Problem::PasswordNeeded } else { Problem::Broken }
}
