//! Files that are archives with parts in them: those of Word, PowerPoint and OpenDocument, and books. The only module that uses
//! `zip`.

use std::io::{BufReader, Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use super::problem::Problem;
use super::xml::Xml;

/// Maximum unpacked size of one part, in bytes. The text is a small fraction of the markup.
const UNPACKED: u64 = 128 * 1024 * 1024;

/// How the main parts of Office documents are usually called.
const MAIN_PARTS: [&str; 4] = ["word/document.xml", "ppt/presentation.xml", "xl/workbook.xml", "xl/workbook.bin"];

/// An archive.
pub struct Package(ZipArchive<Cursor<Vec<u8>>>);

/// A part that another one refers to.
pub struct Related {
    pub id: String,
    /// The last word of its type, such as `footnotes`.
    pub kind: String,
    /// Its name in the archive.
    pub target: String,
}

impl Package {
    pub fn open(bytes: Vec<u8>) -> Result<Self, Problem> {
        ZipArchive::new(Cursor::new(bytes)).map(Self).map_err(|error| problem(&error))
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.index_for_name(name).is_some()
    }

    /// The archive as it came.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0.into_inner().into_inner()
    }

    /// Streams a part of XML; it is never unpacked as a whole.
    pub fn part<T>(&mut self, name: &str, read: impl FnOnce(Xml) -> Result<T, Problem>) -> Result<T, Problem> {
        let packed = self.0.by_name(name).map_err(|error| problem(&error))?;
        let mut unpacked = BufReader::new(packed.take(UNPACKED));
        let read = read(Xml::new(&mut unpacked));
        if unpacked.get_ref().limit() == 0 { Err(Problem::TooComplex) } else { read }
    }

    /// The same for a part that need not be there.
    pub fn optional<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Xml) -> Result<T, Problem>,
    ) -> Result<Option<T>, Problem> {
        self.has(name).then(|| self.part(name, read)).transpose()
    }

    /// Unpacks a part as a whole.
    pub fn bytes(&mut self, name: &str) -> Result<Vec<u8>, Problem> {
        let mut bytes = Vec::new();
        let packed = self.0.by_name(name).map_err(|error| problem(&error))?;
        packed.take(UNPACKED).read_to_end(&mut bytes).map_err(|_| Problem::Broken)?;
        if bytes.len() as u64 == UNPACKED { Err(Problem::TooComplex) } else { Ok(bytes) }
    }

    /// The part with the content of an Office document, if it is one. Its folder says of which kind it is; its name may differ: that of
    /// Word on the web is `word/document2.xml`.
    pub fn main_part(&mut self) -> Result<Option<String>, Problem> {
        let related = self.related("")?;
        let named = related.into_iter().find(|one| one.kind == "officeDocument").map(|one| one.target);
        let named = named.filter(|name| self.has(name));
        Ok(named.or_else(|| MAIN_PARTS.into_iter().find(|name| self.has(name)).map(str::to_owned)))
    }

    /// What a part of an Office document refers to; that of the document as a whole has an empty name.
    pub fn related(&mut self, part: &str) -> Result<Vec<Related>, Problem> {
        let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
        let at =
            |folder: &str, name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        let read = self.optional(&at(folder, &format!("_rels/{name}.rels")), |mut xml| {
            let mut related = Vec::new();
            while let Some(mark) = xml.next()? {
                if let Some(start) = mark.start_of("Relationship")
                    && let (Some(id), Some(kind), Some(target)) =
                        (start.get("Id"), start.get("Type"), start.get("Target"))
                {
                    let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
                    related.push(Related { id: id.to_owned(), kind, target: resolved(folder, target) });
                }
            }
            Ok(related)
        })?;
        Ok(read.unwrap_or_default())
    }
}

/// The name in the archive of what is called so in a folder.
pub fn resolved(folder: &str, target: &str) -> String {
    let (base, target) = target.strip_prefix('/').map_or((folder, target), |target| ("", target));
    let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn problem(error: &ZipError) -> Problem {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) | ZipError::InvalidPassword => {
            Problem::PasswordNeeded
        }
        _ => Problem::Broken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_in_the_archive() {
        for (folder, target, name) in [
            ("word", "styles.xml", "word/styles.xml"),
            ("word", "/word/document2.xml", "word/document2.xml"),
            ("ppt/slides", "../notesSlides/notesSlide1.xml", "ppt/notesSlides/notesSlide1.xml"),
            ("", "./a/../b.xml", "b.xml"),
            ("a", "../../../etc/passwd", "etc/passwd"),
        ] {
            assert_eq!(resolved(folder, target), name);
        }
    }
}
