//! Books in the format EPUB: pages of HTML in an order.

use super::package::{Package, resolved};
use super::problem::Problem;
use super::{ExtractLimits, Extracted, decode, html};

/// The media type of a book, which its first part has in it.
pub const MEDIA_TYPE: &str = "application/epub+zip";

/// Most chapters that are read.
const MOST_CHAPTERS: usize = 10_000;

/// What the book says of itself.
#[derive(Default)]
struct Contents {
    title: Option<String>,
    author: Option<String>,
    /// Ids of files with their names.
    files: Vec<(String, String)>,
    /// Ids of the chapters.
    order: Vec<String>,
}

/// Reads all chapters in their order.
pub fn read(package: &mut Package, limits: &ExtractLimits) -> Result<Extracted, Problem> {
    if package.has("META-INF/rights.xml") {
        return Err(Problem::PasswordNeeded);
    }
    let main = package.part("META-INF/container.xml", |mut xml| {
        while let Some(mark) = xml.next()? {
            if let Some(path) = mark.start_of("rootfile").and_then(|start| start.get("full-path")) {
                return Ok(path.to_owned());
            }
        }
        Err(Problem::Broken)
    })?;
    let folder = main.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let contents = contents(package, &main)?;
    let mut text = String::new();
    for id in contents.order.iter().take(MOST_CHAPTERS) {
        let Some((_, name)) = contents.files.iter().find(|(file, _)| file == id) else { continue };
        let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
        let name = resolved(&folder, &name);
        // A picture, or one that the archive lacks: the others are read.
        let Ok(chapter) = package.bytes(&name).and_then(|bytes| html::read(&decode::html(&bytes, None)?)) else {
            continue;
        };
        text.push_str(&format!("{}\n\n", chapter.text.trim()));
        if text.len() > limits.text {
            return Err(Problem::TooMuchText);
        }
    }
    Ok(Extracted { title: contents.title, author: contents.author, text, ..Extracted::default() })
}

fn contents(package: &mut Package, main: &str) -> Result<Contents, Problem> {
    package.part(main, |mut xml| {
        let mut contents = Contents::default();
        while let Some(mark) = xml.next()? {
            let super::xml::Mark::Start(start) = &mark else { continue };
            match start.name.as_str() {
                "title" if contents.title.is_none() => contents.title = Some(xml.text_within(start)?),
                "creator" if contents.author.is_none() => contents.author = Some(xml.text_within(start)?),
                "item" => contents
                    .files
                    .extend(start.get("id").zip(start.get("href")).map(|(id, name)| (id.to_owned(), name.to_owned()))),
                // The table of contents is marked as beside the text.
                "itemref" if start.get("linear") != Some("no") => {
                    contents.order.extend(start.get("idref").map(str::to_owned))
                }
                _ => {}
            }
        }
        Ok(contents)
    })
}
