//! The text of a Word document.

use std::collections::HashMap;

use super::numbering::Numbering;
use super::styles::{NO_LIST, Style, Styles, outline_level};
use crate::documents::extract::lines::not_a_heading;
use crate::documents::extract::problem::Problem;
use crate::documents::extract::table::lines_of;
use crate::documents::extract::xml::{Mark, Start, Xml};
use crate::documents::extract::{ExtractLimits, raised, symbols};

/// Most columns that a cell may say that it takes.
const MOST_SPAN: usize = 50;

/// Elements whose content is not the document's text: what was moved away, what older programs read instead of what stands beside it,
/// and properties as they were before a change.
const LEFT_OUT: [&str; 8] =
    ["Fallback", "moveFrom", "pPrChange", "rPrChange", "tcPrChange", "trPrChange", "tblPrChange", "sectPrChange"];

/// By how many half points a line in bold must be larger than the text to be a heading without a style.
const LARGER: u32 = 4;

/// Longest line, in characters, that is such a heading.
const LONGEST_HEADING: usize = 100;

/// Size of text that has none, in half points.
const USUAL_SIZE: u32 = 22;

/// The texts of notes, by their kind and id.
#[derive(Default)]
pub struct Notes(HashMap<(&'static str, String), String>);

impl Notes {
    pub fn add(&mut self, kind: &'static str, notes: Vec<(String, String)>) {
        self.0.extend(notes.into_iter().map(|(id, text)| ((kind, id), text)));
    }
}

/// The text, and how many pages it had when it was last shown.
pub struct Outcome {
    pub text: String,
    pub pages: Option<u32>,
}

/// The text being built.
pub struct Body<'a> {
    styles: &'a Styles,
    numbering: Option<&'a mut Numbering>,
    notes: Option<&'a Notes>,
    text: String,
    /// Paragraphs that have begun: one, and more where boxes of text stand within.
    paragraphs: Vec<Paragraph>,
    /// Tables that have begun: one, and more where tables stand within.
    tables: Vec<Table>,
    /// Pages that ended within a table.
    page_ends: usize,
    run: Run,
    /// Notes that were referred to since the last paragraph, and how many were before.
    noted: Vec<String>,
    numbered_notes: usize,
    /// Elements that are left out, within each other.
    skipped: usize,
    in_text: bool,
}

#[derive(Default)]
struct Paragraph {
    text: String,
    style: Style,
    /// Whether it is in a list.
    is_item: bool,
    /// Of the word that follows.
    reading: Option<String>,
    /// How many letters are in bold and large, and how many are there.
    emphasized: usize,
    letters: usize,
}

/// The properties of a run of text.
#[derive(Default)]
struct Run {
    is_open: bool,
    is_hidden: bool,
    is_raised: bool,
    is_bold: bool,
    size: Option<u32>,
    reading: bool,
}

#[derive(Default)]
struct Table {
    rows: Vec<Vec<String>>,
    cell: Option<Cell>,
}

struct Cell {
    text: String,
    span: usize,
    goes_on: bool,
}

impl<'a> Body<'a> {
    fn new(styles: &'a Styles) -> Self {
        Self {
            styles,
            numbering: None,
            notes: None,
            text: String::new(),
            paragraphs: Vec::new(),
            tables: Vec::new(),
            page_ends: 0,
            run: Run::default(),
            noted: Vec::new(),
            numbered_notes: 0,
            skipped: 0,
            in_text: false,
        }
    }

    pub fn read(
        mut xml: Xml,
        styles: &'a Styles,
        numbering: &'a mut Numbering,
        notes: &'a Notes,
        limits: &ExtractLimits,
    ) -> Result<Outcome, Problem> {
        let mut body = Self { numbering: Some(numbering), notes: Some(notes), ..Self::new(styles) };
        while let Some(mark) = xml.next()? {
            body.take(&mark, limits)?;
        }
        let ends = body.text.matches('\x0c').count() as u32;
        Ok(Outcome { text: body.text, pages: (ends > 0).then_some(ends + 1) })
    }

    fn take(&mut self, mark: &Mark, limits: &ExtractLimits) -> Result<(), Problem> {
        match mark {
            Mark::Start(start) if LEFT_OUT.contains(&start.name.as_str()) => {
                self.skipped += usize::from(!start.is_empty)
            }
            Mark::End(name) if LEFT_OUT.contains(&name.as_str()) => self.skipped = self.skipped.saturating_sub(1),
            _ if self.skipped > 0 => {}
            Mark::Start(start) => self.start(start),
            Mark::End(name) => self.end(name),
            Mark::Text(text) if self.in_text => self.add(text),
            Mark::Text(_) => {}
        }
        if self.text.len() > limits.text { Err(Problem::TooMuchText) } else { Ok(()) }
    }

    /// Adds words of a run.
    fn add(&mut self, text: &str) {
        if self.run.is_open && self.run.is_hidden {
            return;
        }
        let paragraph = self.paragraphs.last_mut().filter(|paragraph| !paragraph.style.is_hidden);
        let Some(paragraph) = paragraph else { return };
        if self.run.is_open && self.run.is_raised {
            paragraph.text.push_str(&raised(text));
        } else {
            paragraph.text.push_str(text);
        }
        let letters = text.chars().filter(|c| c.is_alphanumeric()).count();
        let is_emphasized = self.run.is_bold && self.run.size.unwrap_or(0) >= USUAL_SIZE + LARGER;
        paragraph.letters += letters;
        paragraph.emphasized += if is_emphasized { letters } else { 0 };
    }

    fn start(&mut self, start: &Start) {
        match start.name.as_str() {
            "p" if start.is_empty => self.finish(Paragraph::default()),
            "p" => self.paragraphs.push(Paragraph::default()),
            "r" => self.run = Run { is_open: !start.is_empty, reading: self.run.reading, ..Run::default() },
            "t" => self.in_text = !start.is_empty,
            "tbl" => self.tables.push(Table::default()),
            "tr" | "tc" | "gridSpan" | "vMerge" => self.start_in_table(start),
            "lastRenderedPageBreak" if !self.tables.is_empty() => self.page_ends += 1,
            "lastRenderedPageBreak" => self.push('\x0c'),
            "tab" if self.run.is_open => self.add_unless_first("\t"),
            "br" | "cr" => self.push('\n'),
            "noBreakHyphen" => self.add("-"),
            "sym" => {
                let code = start.get("char").and_then(|code| u32::from_str_radix(code, 16).ok());
                let sign = code.and_then(|code| symbols::of_font(start.get("font").unwrap_or_default(), code));
                self.add(&sign.map(String::from).unwrap_or_default());
            }
            "footnoteReference" => self.refer_to("footnotes", start),
            "endnoteReference" => self.refer_to("endnotes", start),
            "rt" if !start.is_empty => self.begin_reading(),
            _ => self.set_property(start),
        }
    }

    fn start_in_table(&mut self, start: &Start) {
        let Some(table) = self.tables.last_mut() else { return };
        match start.name.as_str() {
            "tr" => table.rows.push(Vec::new()),
            "tc" => table.cell = Some(Cell { text: String::new(), span: 1, goes_on: false }),
            "gridSpan" => {
                if let Some(cell) = &mut table.cell {
                    cell.span = start.number("val").unwrap_or(1).clamp(1, MOST_SPAN);
                }
            }
            _ => {
                if let Some(cell) = &mut table.cell {
                    cell.goes_on = start.get("val") != Some("restart");
                }
            }
        }
    }

    /// Properties of the paragraph or the run.
    fn set_property(&mut self, start: &Start) {
        let Some(paragraph) = self.paragraphs.last_mut() else { return };
        let value = start.get("val");
        match start.name.as_str() {
            "pStyle" => paragraph.style = value.map(|id| self.styles.get(id)).unwrap_or_default(),
            "rStyle" if self.run.is_open => self.run.is_hidden |= value.is_some_and(|id| self.styles.get(id).is_hidden),
            "outlineLvl" => paragraph.style.level = value.and_then(outline_level),
            "ilvl" => paragraph.style.list_level = start.number("val"),
            "numPr" => paragraph.is_item = true,
            "numId" => {
                paragraph.style.list = value.filter(|id| *id != NO_LIST).map(str::to_owned);
                paragraph.is_item = paragraph.style.list.is_some();
            }
            "vanish" if self.run.is_open => self.run.is_hidden = start.is_on(),
            "vertAlign" => self.run.is_raised = value == Some("superscript"),
            "b" if self.run.is_open => self.run.is_bold = start.is_on(),
            "sz" if self.run.is_open => self.run.size = start.number("val"),
            _ => {}
        }
    }

    fn push(&mut self, c: char) {
        if let Some(paragraph) = self.paragraphs.last_mut() {
            paragraph.text.push(c);
        }
    }

    fn add_unless_first(&mut self, text: &str) {
        if self.paragraphs.last().is_some_and(|paragraph| !paragraph.text.is_empty()) {
            self.add(text);
        }
    }

    /// The reading of a word comes before the word; it is put behind it, in brackets.
    fn begin_reading(&mut self) {
        self.run.reading = true;
        self.paragraphs.push(Paragraph::default());
    }

    fn end_reading(&mut self) {
        if std::mem::take(&mut self.run.reading)
            && let Some(reading) = self.paragraphs.pop()
            && let Some(paragraph) = self.paragraphs.last_mut()
        {
            paragraph.reading = Some(reading.text);
        }
    }

    fn refer_to(&mut self, kind: &'static str, start: &Start) {
        let id = start.get("id").unwrap_or_default().to_owned();
        let Some(note) = self.notes.and_then(|notes| notes.0.get(&(kind, id))) else { return };
        self.numbered_notes += 1;
        let mark = raised(&self.numbered_notes.to_string());
        self.noted.push(format!("{mark} {note}"));
        let was_raised = std::mem::take(&mut self.run.is_raised);
        self.add(&mark);
        self.run.is_raised = was_raised;
    }

    fn end(&mut self, name: &str) {
        match name {
            "t" => self.in_text = false,
            "r" => self.run.is_open = false,
            "rt" => self.end_reading(),
            "ruby" => {
                if let Some(paragraph) = self.paragraphs.last_mut()
                    && let Some(reading) = paragraph.reading.take()
                {
                    paragraph.text.push_str(&format!("({reading})"));
                }
            }
            "p" => {
                if let Some(paragraph) = self.paragraphs.pop() {
                    self.finish(paragraph);
                }
            }
            "tc" => self.end_cell(),
            "tbl" => self.end_table(),
            _ => {}
        }
    }

    fn end_cell(&mut self) {
        let Some(table) = self.tables.last_mut() else { return };
        let Some(Cell { text, span, goes_on }) = table.cell.take() else { return };
        let above = table.rows.len().checked_sub(2).and_then(|at| table.rows.get(at));
        let Some(row) = table.rows.last() else { return };
        let above = above.and_then(|above| above.get(row.len())).cloned().unwrap_or_default();
        let text = if goes_on { above } else { text.trim().to_owned() };
        let row = table.rows.last_mut().into_iter();
        row.for_each(|row| row.extend(std::iter::once(text.clone()).chain(vec![String::new(); span - 1])));
    }

    fn end_table(&mut self) {
        let Some(table) = self.tables.pop() else { return };
        let lines = lines_of(&table.rows);
        if let Some(cell) = self.tables.last_mut().and_then(|outer| outer.cell.as_mut()) {
            cell.text.push_str(&format!(" {}", lines.replace('\n', "; ")));
            return;
        }
        self.text.push_str(&format!("\n{lines}\n\n"));
        self.add_notes();
        self.text.push_str(&"\x0c".repeat(std::mem::take(&mut self.page_ends)));
    }

    /// Adds the notes that were referred to.
    fn add_notes(&mut self) {
        for note in self.noted.drain(..) {
            self.text.push_str(&format!("{note}\n\n"));
        }
    }

    /// What stands before a paragraph of a list, with a space.
    fn number_of(&mut self, paragraph: &Paragraph) -> String {
        if paragraph.text.trim().is_empty() {
            return String::new();
        }
        let numbering = self.numbering.as_deref_mut();
        let number = match (&paragraph.style.list, numbering) {
            (Some(list), Some(numbering)) if numbering.knows(list) => {
                numbering.next(list, paragraph.style.list_level.unwrap_or(0))
            }
            // A list that is described nowhere.
            (list, _) => (list.is_some() || paragraph.is_item).then(|| "-".to_owned()),
        };
        number.map(|number| format!("{number} ")).unwrap_or_default()
    }

    /// Appends a paragraph to the current cell, or to the text.
    fn finish(&mut self, paragraph: Paragraph) {
        let number = self.number_of(&paragraph);
        if let Some(cell) = self.tables.last_mut().and_then(|table| table.cell.as_mut()) {
            let words = paragraph.text.split_whitespace().flat_map(|word| [" ", word]);
            cell.text.push_str(&format!(" {}", number.trim_end()));
            cell.text.extend(words);
            return;
        }
        // A page may end before the first word.
        let starts = paragraph.text.len() - paragraph.text.trim_start_matches('\x0c').len();
        self.text.push_str(&paragraph.text[..starts]);
        let text = &paragraph.text[starts..];
        match paragraph.level().filter(|_| !text.trim().is_empty()) {
            Some(level) => {
                let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
                let number = number.strip_prefix("- ").unwrap_or(&number);
                self.text.push_str(&format!("{} {number}{words}\n\n", "#".repeat(level)));
            }
            None => {
                let lines: Vec<_> = text.lines().map(not_a_heading).collect();
                self.text.push_str(&format!("{number}{}\n", lines.join("\n")));
                if number.is_empty() && self.paragraphs.is_empty() {
                    self.text.push('\n');
                }
            }
        }
        if self.paragraphs.is_empty() {
            self.add_notes();
        }
    }
}

impl Paragraph {
    /// Its level as a heading: by its style, or because it is a line that is large and in bold.
    fn level(&self) -> Option<usize> {
        let text = self.text.trim();
        let is_line = text.chars().count() <= LONGEST_HEADING && !text.contains('\n');
        let ends = text.ends_with(['.', '。', ':', '：', ';', '；', ',', '，']);
        let looks_so = self.letters > 0 && self.emphasized == self.letters && is_line && !ends;
        self.style.level.or(looks_so.then_some(2))
    }
}

/// The texts of notes with their ids.
pub fn notes(mut xml: Xml, styles: &Styles, limits: &ExtractLimits) -> Result<Vec<(String, String)>, Problem> {
    let (mut notes, mut body) = (Vec::new(), Body::new(styles));
    let mut id = None;
    while let Some(mark) = xml.next()? {
        match &mark {
            Mark::Start(start) if matches!(start.name.as_str(), "footnote" | "endnote") => {
                // Lines between text and notes are notes, too.
                id = start.get("id").filter(|_| start.get("type").is_none()).map(str::to_owned);
                body.text.clear();
            }
            Mark::End(name) if matches!(name.as_str(), "footnote" | "endnote") => {
                let text = body.text.split_whitespace().collect::<Vec<_>>().join(" ");
                notes.extend(id.take().map(|id| (id, text)));
            }
            _ => {}
        }
        body.take(&mark, limits)?;
    }
    Ok(notes)
}

/// The text above or below pages.
pub fn margin(mut xml: Xml, styles: &Styles, limits: &ExtractLimits) -> Result<String, Problem> {
    let mut body = Body::new(styles);
    while let Some(mark) = xml.next()? {
        body.take(&mark, limits)?;
    }
    Ok(body.text)
}
