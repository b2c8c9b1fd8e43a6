//! Texts and presentations of LibreOffice and others (OpenDocument, ISO/IEC 26300).

use std::collections::HashSet;

use super::lines::not_a_heading;
use super::package::Package;
use super::problem::Problem;
use super::table::lines_of;
use super::xml::{Mark, Start, Xml};
use super::{ExtractLimits, Extracted, raised, word};

/// What the media type of texts and presentations begins with.
pub const MEDIA_TYPE: &str = "application/vnd.oasis.opendocument.";

/// Elements whose content is not the document's text: what was deleted, and notes of reviewers.
const LEFT_OUT: [&str; 5] = ["tracked-changes", "annotation", "forms", "sequence-decls", "variable-decls"];

/// Most times that a cell or a space may be repeated.
const MOST_REPEATED: usize = 50;

/// Reads the text with its headings, notes and tables; a presentation has a page for each slide.
pub fn read(package: &mut Package, limits: &ExtractLimits) -> Result<Extracted, Problem> {
    let is_encrypted = package.optional("META-INF/manifest.xml", |mut xml| {
        while let Some(mark) = xml.next()? {
            if mark.start_of("encryption-data").is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    })?;
    if is_encrypted == Some(true) {
        return Err(Problem::PasswordNeeded);
    }
    let mut text = package.part("content.xml", |xml| Content::read(xml, limits))?;
    // The first slide begins the first page.
    let pages = text.matches('\x0c').count() as u32;
    if pages > 0 {
        text = text.replacen('\x0c', "", 1);
    }
    let (title, author) = package.optional("meta.xml", word::about)?.unwrap_or_default();
    Ok(Extracted { title, author, text, pages: (pages > 0).then_some(pages), ..Extracted::default() })
}

/// The text being built.
#[derive(Default)]
struct Content {
    text: String,
    /// Paragraphs that have begun: notes stand within others.
    paragraphs: Vec<Paragraph>,
    tables: Vec<Table>,
    /// Lists within each other.
    lists: usize,
    is_new_item: bool,
    notes: Vec<String>,
    noted: usize,
    /// Notes that have begun, and the text of the one that is read.
    notes_open: usize,
    note: String,
    /// Names of automatic styles that raise text, and of those that hide it.
    raising: HashSet<String>,
    hiding: HashSet<String>,
    style: String,
    /// Spans within each other, and whether each is raised.
    spans: Vec<Span>,
    skipped: usize,
    /// Within the mark of a note, which is given anew.
    in_citation: bool,
    is_title: bool,
}

#[derive(Clone, Copy, Default)]
struct Span {
    is_raised: bool,
    is_hidden: bool,
}

#[derive(Default)]
struct Paragraph {
    text: String,
    level: Option<usize>,
}

#[derive(Default)]
struct Table {
    rows: Vec<Vec<String>>,
    cell: String,
    repeated: usize,
}

impl Content {
    fn read(mut xml: Xml, limits: &ExtractLimits) -> Result<String, Problem> {
        let mut content = Self::default();
        while let Some(mark) = xml.next()? {
            match mark {
                Mark::Start(start) if LEFT_OUT.contains(&start.name.as_str()) => {
                    content.skipped += usize::from(!start.is_empty);
                }
                Mark::End(name) if LEFT_OUT.contains(&name.as_str()) => {
                    content.skipped = content.skipped.saturating_sub(1);
                }
                _ if content.skipped > 0 => {}
                Mark::Start(start) => content.start(&start),
                Mark::End(name) => content.end(&name),
                Mark::Text(text) if !content.in_citation => content.add(&text),
                Mark::Text(_) => {}
            }
            if content.text.len() > limits.text {
                return Err(Problem::TooMuchText);
            }
        }
        Ok(content.text)
    }

    fn add(&mut self, text: &str) {
        let span = self.spans.last().copied().unwrap_or_default();
        if let Some(paragraph) = self.paragraphs.last_mut().filter(|_| !span.is_hidden) {
            // White space is written as elements where it counts.
            let words = text.split_inclusive(char::is_whitespace).map(|word| word.replace(['\n', '\t', '\r'], " "));
            let words: String = words.collect();
            paragraph.text.push_str(&if span.is_raised { raised(&words) } else { words });
        }
    }

    fn start(&mut self, start: &Start) {
        match start.name.as_str() {
            "style" => self.style = start.get("name").unwrap_or_default().to_owned(),
            "text-properties" => self.note_style(start),
            "h" if !start.is_empty => {
                let level = start.number("outline-level").unwrap_or(1).clamp(1, 6);
                self.paragraphs.push(Paragraph { level: Some(level), ..Paragraph::default() });
            }
            "p" if !start.is_empty => {
                let is_hidden = start.get("style-name").is_some_and(|style| self.hiding.contains(style));
                self.spans.push(Span { is_hidden, is_raised: false });
                let level = (self.is_title || start.get("style-name") == Some("Title")).then_some(1);
                self.paragraphs.push(Paragraph { level, ..Paragraph::default() });
            }
            "span" if !start.is_empty => {
                let style = start.get("style-name").unwrap_or_default();
                let above = self.spans.last().copied().unwrap_or_default();
                self.spans.push(Span {
                    is_raised: above.is_raised || self.raising.contains(style),
                    is_hidden: above.is_hidden || self.hiding.contains(style),
                });
            }
            "hidden-text" => self.skipped += usize::from(!start.is_empty),
            "s" => self.add(&" ".repeat(start.number("c").unwrap_or(1).min(MOST_REPEATED))),
            "tab" => self.add(" "),
            "line-break" => self.push('\n'),
            "list" => self.lists += usize::from(!start.is_empty),
            "list-item" => self.is_new_item = true,
            "note" => self.notes_open += 1,
            "note-citation" => self.in_citation = !start.is_empty,
            "frame" => self.is_title = start.get("class") == Some("title"),
            // A slide.
            "page" => self.text.push('\x0c'),
            "table" => self.tables.push(Table::default()),
            "table-row" => self.tables.last_mut().into_iter().for_each(|table| table.rows.push(Vec::new())),
            "table-cell" | "covered-table-cell" => self.start_cell(start),
            _ => {}
        }
    }

    /// Notes what the automatic style that is being read does.
    fn note_style(&mut self, start: &Start) {
        let position = start.get("text-position").unwrap_or_default();
        let is_raised = position.starts_with("super")
            || position.split('%').next().is_some_and(|raise| raise.parse::<i32>().is_ok_and(|raise| raise > 0));
        if is_raised {
            self.raising.insert(self.style.clone());
        }
        if start.get("display") == Some("none") {
            self.hiding.insert(self.style.clone());
        }
    }

    fn start_cell(&mut self, start: &Start) {
        let Some(table) = self.tables.last_mut() else { return };
        table.cell.clear();
        table.repeated = start.number("number-columns-repeated").unwrap_or(1).clamp(1, MOST_REPEATED);
        if start.is_empty {
            self.end_cell();
        }
    }

    fn push(&mut self, c: char) {
        self.paragraphs.last_mut().into_iter().for_each(|paragraph| paragraph.text.push(c));
    }

    fn end(&mut self, name: &str) {
        match name {
            "h" => self.finish(),
            "p" => {
                self.finish();
                self.spans.pop();
            }
            "span" => drop(self.spans.pop()),
            "hidden-text" => self.skipped = self.skipped.saturating_sub(1),
            "list" => self.lists = self.lists.saturating_sub(1),
            "note-citation" => self.in_citation = false,
            "note" => self.end_note(),
            "frame" => self.is_title = false,
            "table-cell" | "covered-table-cell" => self.end_cell(),
            "table" => self.end_table(),
            _ => {}
        }
    }

    fn end_cell(&mut self) {
        let Some(table) = self.tables.last_mut() else { return };
        let cell = table.cell.split_whitespace().collect::<Vec<_>>().join(" ");
        let cells = std::iter::repeat_n(cell, std::mem::take(&mut table.repeated));
        table.rows.last_mut().into_iter().for_each(|row| row.extend(cells.clone()));
        table.cell.clear();
    }

    fn end_table(&mut self) {
        let Some(Table { rows, .. }) = self.tables.pop() else { return };
        let lines = lines_of(&rows);
        match self.tables.last_mut() {
            Some(outer) => outer.cell.push_str(&format!(" {}", lines.replace('\n', "; "))),
            None => {
                self.text.push_str(&format!("\n{lines}\n\n"));
                self.add_notes();
            }
        }
    }

    /// Puts a mark where the note stands, and keeps the note for the end of the paragraph.
    fn end_note(&mut self) {
        self.notes_open = self.notes_open.saturating_sub(1);
        self.noted += 1;
        let mark = raised(&self.noted.to_string());
        let note = std::mem::take(&mut self.note);
        self.notes.push(format!("{mark} {}", note.split_whitespace().collect::<Vec<_>>().join(" ")));
        self.paragraphs.last_mut().into_iter().for_each(|paragraph| paragraph.text.push_str(&mark));
    }

    fn add_notes(&mut self) {
        for note in self.notes.drain(..) {
            self.text.push_str(&format!("{note}\n\n"));
        }
    }

    fn finish(&mut self) {
        let Some(Paragraph { text, level }) = self.paragraphs.pop() else { return };
        if self.notes_open > 0 {
            self.note.push_str(&format!(" {text}"));
            return;
        }
        if let Some(table) = self.tables.last_mut() {
            table.cell.push_str(&format!(" {text}"));
            return;
        }
        let is_item = self.lists > 0 && std::mem::take(&mut self.is_new_item);
        match level.filter(|_| !text.trim().is_empty()) {
            Some(level) => {
                let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
                self.text.push_str(&format!("{} {words}\n\n", "#".repeat(level)));
            }
            None => {
                let lines: Vec<_> = text.trim().lines().map(not_a_heading).collect();
                let (mark, end) = if is_item { ("- ", "\n") } else { ("", "\n\n") };
                self.text.push_str(&format!("{mark}{}{end}", lines.join("\n")));
            }
        }
        if self.paragraphs.is_empty() {
            self.add_notes();
        }
    }
}
