//! Word documents (ECMA-376).

mod body;
mod numbering;
mod styles;

use super::ExtractLimits;
use super::Extracted;
use super::package::Package;
use super::problem::Problem;
use super::xml::{Mark, Xml};
use body::{Body, Notes};
use numbering::Numbering;
use styles::Styles;

/// Most headers and footers that are read; each section may have its own.
const MOST_MARGINS: usize = 50;

/// Reads the text with its headings, numbers and notes; rows of tables become lines.
pub fn read(package: &mut Package, main: &str, limits: &ExtractLimits) -> Result<Extracted, Problem> {
    let related = package.related(main)?;
    let part = |kind: &str| related.iter().find(|one| one.kind == kind).map(|one| one.target.as_str());
    let styles = package.optional(part("styles").unwrap_or("word/styles.xml"), Styles::read)?.unwrap_or_default();
    let numbering = part("numbering").unwrap_or("word/numbering.xml");
    let mut numbering = package.optional(numbering, Numbering::read)?.unwrap_or_default();
    let mut notes = Notes::default();
    for kind in ["footnotes", "endnotes"] {
        let name = part(kind).map_or_else(|| format!("word/{kind}.xml"), str::to_owned);
        let read = package.optional(&name, |xml| body::notes(xml, &styles, limits))?;
        notes.add(kind, read.unwrap_or_default());
    }
    let mut body = package.part(main, |xml| Body::read(xml, &styles, &mut numbering, &notes, limits))?;
    for margin in related.iter().filter(|one| matches!(one.kind.as_str(), "header" | "footer")).take(MOST_MARGINS) {
        let read = package.optional(&margin.target, |xml| body::margin(xml, &styles, limits))?;
        add_margin(&mut body.text, &read.unwrap_or_default());
    }
    let (title, author) = package.optional("docProps/core.xml", about)?.unwrap_or_default();
    Ok(Extracted { title, author, text: body.text, pages: body.pages, ..Extracted::default() })
}

/// Adds what stands above and below the pages, such as a hotline: once, and only if it says something that the text does not.
fn add_margin(text: &mut String, margin: &str) {
    for line in margin.lines().map(str::trim) {
        let says_something = line.split_whitespace().count() > 1 || line.chars().filter(|c| !c.is_ascii()).count() > 3;
        if says_something && line.chars().any(char::is_alphabetic) && !text.contains(line) {
            text.push_str(&format!("\n\n{}", super::lines::not_a_heading(line)));
        }
    }
}

/// Title and author, as all files of Office and of OpenDocument name them.
pub fn about(mut xml: Xml) -> Result<(Option<String>, Option<String>), Problem> {
    let (mut title, mut author) = (None, None);
    while let Some(mark) = xml.next()? {
        let Mark::Start(start) = &mark else { continue };
        match start.name.as_str() {
            "title" => title = Some(xml.text_within(start)?),
            "creator" => author = Some(xml.text_within(start)?),
            _ => {}
        }
    }
    Ok((title, author))
}
