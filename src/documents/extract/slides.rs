//! Presentations of PowerPoint (ECMA-376): a page for each slide, with its notes.

use super::lines::not_a_heading;
use super::package::Package;
use super::problem::Problem;
use super::table::lines_of;
use super::xml::{Mark, Start, Xml};
use super::{ExtractLimits, Extracted, raised, word};

/// Reads all slides that are shown; `main` is the part that says which there are, and in which order.
pub fn read(package: &mut Package, main: &str, limits: &ExtractLimits) -> Result<Extracted, Problem> {
    let order = package.part(main, |mut xml| {
        let mut ids = Vec::new();
        while let Some(mark) = xml.next()? {
            ids.extend(mark.start_of("sldId").and_then(|start| start.reference("id")).map(str::to_owned));
        }
        Ok(ids)
    })?;
    if order.len() > limits.pages {
        return Err(Problem::TooManyPages);
    }
    let related = package.related(main)?;
    let mut pages = Vec::new();
    let slides = order.iter().filter_map(|id| related.iter().find(|one| one.id == *id)).map(|one| one.target.clone());
    for slide in slides.collect::<Vec<_>>() {
        let mut text = package.part(&slide, |xml| Slide::read(xml, limits))?;
        let notes = package.related(&slide)?.into_iter().find(|one| one.kind == "notesSlide");
        if let Some(notes) = notes
            && let Some(notes) = package.optional(&notes.target, |xml| Slide::read(xml, limits))?
        {
            text.push_str(&format!("\n{notes}"));
        }
        pages.push(text);
        if pages.iter().map(String::len).sum::<usize>() > limits.text {
            return Err(Problem::TooMuchText);
        }
    }
    let (title, author) = package.optional("docProps/core.xml", word::about)?.unwrap_or_default();
    let count = u32::try_from(pages.len()).ok();
    Ok(Extracted { title, author, text: pages.join("\x0c"), pages: count, ..Extracted::default() })
}

/// The text of a slide being built.
#[derive(Default)]
struct Slide {
    text: String,
    paragraph: String,
    /// What the shape is for, such as `title` or `sldNum`.
    place: String,
    rows: Vec<Vec<String>>,
    cell: Option<String>,
    /// Level of the item that the paragraph is.
    level: usize,
    in_text: bool,
    is_raised: bool,
    in_table: bool,
    is_hidden: bool,
}

impl Slide {
    fn read(mut xml: Xml, limits: &ExtractLimits) -> Result<String, Problem> {
        let mut slide = Self::default();
        while let Some(mark) = xml.next()? {
            match mark {
                // One that is not shown.
                Mark::Start(start) if start.name == "sld" && start.get("show") == Some("0") => slide.is_hidden = true,
                Mark::Start(start) => slide.start(&start),
                Mark::End(name) => slide.end(&name),
                Mark::Text(text) if slide.in_text && slide.is_raised => slide.paragraph.push_str(&raised(&text)),
                Mark::Text(text) if slide.in_text => slide.paragraph.push_str(&text),
                Mark::Text(_) => {}
            }
            if slide.text.len() > limits.text {
                return Err(Problem::TooMuchText);
            }
        }
        Ok(if slide.is_hidden { String::new() } else { slide.text })
    }

    fn start(&mut self, start: &Start) {
        match start.name.as_str() {
            "sp" | "graphicFrame" => self.place = String::new(),
            "ph" => self.place = start.get("type").unwrap_or("body").to_owned(),
            "p" => (self.paragraph, self.level) = (String::new(), 0),
            "pPr" => self.level = start.number("lvl").unwrap_or(0),
            "t" => self.in_text = !start.is_empty,
            "r" => self.is_raised = false,
            "rPr" => self.is_raised = start.number::<i64>("baseline").is_some_and(|raise| raise > 0),
            "br" => self.paragraph.push('\n'),
            "tbl" => (self.rows, self.in_table) = (Vec::new(), true),
            "tr" => self.rows.push(Vec::new()),
            "tc" if self.in_table => self.cell = Some(String::new()),
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "t" => self.in_text = false,
            "p" => self.finish(),
            "tc" => {
                let cell = self.cell.take().unwrap_or_default();
                self.rows.last_mut().into_iter().for_each(|row| row.push(cell.trim().to_owned()));
            }
            "tbl" => {
                self.text.push_str(&format!("\n{}\n\n", lines_of(&self.rows)));
                self.in_table = false;
            }
            "sp" => self.text.push('\n'),
            _ => {}
        }
    }

    fn finish(&mut self) {
        let words = self.paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        // Numbers of slides and dates say nothing.
        if words.is_empty() || matches!(self.place.as_str(), "sldNum" | "dt" | "ftr" | "hdr" | "sldImg") {
            return;
        }
        if let Some(cell) = &mut self.cell {
            cell.push_str(&format!(" {words}"));
        } else if matches!(self.place.as_str(), "title" | "ctrTitle") {
            self.text.push_str(&format!("# {words}\n\n"));
        } else if self.level > 0 {
            self.text.push_str(&format!("- {words}\n"));
        } else {
            self.text.push_str(&format!("{}\n", not_a_heading(&words)));
        }
    }
}
