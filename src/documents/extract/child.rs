//! The sandboxed process that reads one file. Before it reads the first byte it drops all privileges it does not need: other files,
//! the network, other processes, other programs, more memory and time.

use std::fs::File;
use std::io::{self, Read, Write};
use std::panic::AssertUnwindSafe;
use std::path::Path;

use data_encoding::BASE64;
use rustix::fs::{FileType, Mode, OFlags};
use rustix::process::{Resource, Rlimit};

use super::kind::{Format, format_of};
use super::package::Package;
use super::{
    ExtractLimits, Extracted, Problem, Said, Scanned, Task, Wanted, book, decode, html, lines, mail, markdown,
    open_document, pdf, picture, rtf, sheets, slides, table, word,
};
use crate::analysis::normalize;
use crate::model::{Document, DocumentKind};
#[cfg(target_os = "linux")]
use crate::process::sandbox::Sandbox;
use crate::process::syscalls;

/// Bytes of text in one line of output; escaped it stays below the longest line that is read whole.
const PIECE: usize = 8 * 1024;

/// Stack size, for recursive parsers. Deeper nesting overflows it, which ends only this process.
const STACK: usize = 128 * 1024 * 1024;

/// The environment of the process.
pub fn environment() -> Vec<(String, String)> {
    // The memory limit counts what is mapped: what is freed is unmapped, by the thread that frees it, so that the same file
    // always meets the same limit.
    vec![("_RJEM_MALLOC_CONF".to_owned(), "background_thread:false,retain:false,dirty_decay_ms:0".to_owned())]
}

/// Reads the file that is named on standard input and writes what was in it.
///
/// # Errors
/// If the input is invalid, or the output cannot be written.
pub fn run() -> io::Result<()> {
    let task: Task = serde_json::from_reader(io::stdin().lock())?;
    // Errors are part of the result; panic messages would be noise.
    std::panic::set_hook(Box::new(|_| {}));
    let file = open(&task.file, &task.limits);
    // Before there is another thread, because it holds for this one and those that it starts.
    #[cfg(target_os = "linux")]
    Sandbox::closed()?.enter().map_err(io::Error::other)?;
    syscalls::give_up()?;
    let reading = std::thread::Builder::new().stack_size(STACK).spawn(move || {
        let said = match task.wanted {
            Wanted::Text => guarded(|| text(file?, &task)),
            Wanted::Picture(page) => guarded(|| picture_of(file?, page, &task)),
        };
        write(said)
    })?;
    reading.join().unwrap_or_else(|_| Err(io::Error::other("the reading thread broke")))
}

/// What comes of reading, also where a parser breaks on it.
fn guarded<T>(read: impl FnOnce() -> Result<T, Problem>) -> Result<T, Problem> {
    std::panic::catch_unwind(AssertUnwindSafe(read)).unwrap_or(Err(Problem::Broken))
}

/// Confines the process, then reads the file.
fn content(file: File, limits: &ExtractLimits) -> Result<Vec<u8>, Problem> {
    confine(limits).map_err(|_| Problem::NotRead)?;
    let mut bytes = Vec::new();
    file.take(limits.file + 1).read_to_end(&mut bytes).map_err(|_| Problem::Broken)?;
    if bytes.len() as u64 > limits.file { Err(Problem::TooBig) } else { Ok(bytes) }
}

fn text(file: File, task: &Task) -> Result<Vec<Said>, Problem> {
    let extracted = extract(content(file, &task.limits)?, &task.name, task.media_type.as_deref(), &task.limits)?;
    let Extracted { title, author, kind, text, pages, scanned, links, .. } = finish(extracted, &task.limits)?;
    let about = Said::About { title, author, kind, pages, scanned };
    let links = links.base.map(Said::Base).into_iter().chain(links.links.into_iter().map(Said::Link));
    let pieces = pieces(&text).map(|piece| Said::Text(piece.to_owned()));
    Ok([about].into_iter().chain(links).chain(pieces).collect())
}

/// Text a piece at a time.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (piece, more) = rest.split_at(rest.floor_char_boundary(PIECE));
        rest = more;
        (!piece.is_empty()).then_some(piece)
    })
}

fn picture_of(file: File, page: u32, task: &Task) -> Result<Vec<Said>, Problem> {
    let picture = pdf::picture_of(content(file, &task.limits)?, page, &task.limits)?;
    // Three bytes become four characters, without any left over between two pieces.
    Ok(picture.chunks(PIECE / 4 * 3).map(|piece| Said::Picture(BASE64.encode(piece))).collect())
}

/// Opens an ordinary file and nothing else: a pipe would never end, and a link may lead anywhere.
fn open(path: &Path, limits: &ExtractLimits) -> Result<File, Problem> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty()).map_err(|_| Problem::NoFile)?;
    let about = rustix::fs::fstat(&file).map_err(|_| Problem::NoFile)?;
    if FileType::from_raw_mode(about.st_mode) != FileType::RegularFile {
        return Err(Problem::NoFile);
    }
    match u64::try_from(about.st_size) {
        Ok(0) => Err(Problem::Empty),
        Ok(size) if size <= limits.file => Ok(file.into()),
        _ => Err(Problem::TooBig),
    }
}

/// Irrevocably drops what reading does not need, also where the kernel has no sandbox. Memory was already limited by the keeper.
fn confine(limits: &ExtractLimits) -> io::Result<()> {
    let set =
        |resource, most| rustix::process::setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
    // No file descriptor can be opened any more: neither files nor sockets nor pipes.
    set(Resource::Nofile, 0)?;
    set(Resource::Nproc, 0)?;
    set(Resource::Fsize, 0)?;
    set(Resource::Core, 0)?;
    // At the second limit the signal cannot be told from other ends.
    let seconds = limits.time.as_secs().max(1);
    let processor = Rlimit { current: Some(seconds), maximum: Some(seconds + 1) };
    rustix::process::setrlimit(Resource::Cpu, processor)?;
    // Chat has priority.
    let _ = rustix::process::nice(10);
    Ok(())
}

fn extract(bytes: Vec<u8>, name: &str, media_type: Option<&str>, limits: &ExtractLimits) -> Result<Extracted, Problem> {
    match format_of(&bytes, name, media_type)? {
        Format::Pdf => pdf::read(bytes, limits),
        Format::Package => package(bytes, limits),
        Format::OldSheet => sheets::read(bytes, limits),
        Format::Rtf => rtf::read(&bytes, limits),
        Format::Picture => picture::read(&bytes),
        Format::Mail => mail::read(&bytes),
        Format::Html => html::read(&decode::html(&bytes, media_type)?),
        Format::Markdown => Ok(markdown::read(&decode::text(&bytes, media_type)?)),
        Format::Table(separator) => table::read(&decode::text(&bytes, media_type)?, separator),
        Format::Text => {
            let text = decode::text(&bytes, media_type)?;
            // Programs colour what they write for terminals.
            Ok(Extracted { text: lines::plain(&console::strip_ansi_codes(&text)), ..Extracted::default() })
        }
    }
}

/// Reads an archive as what its parts say that it is.
fn package(bytes: Vec<u8>, limits: &ExtractLimits) -> Result<Extracted, Problem> {
    let mut package = Package::open(bytes)?;
    if let Some(main) = package.main_part()? {
        return match main.split('/').next() {
            Some("word") => word::read(&mut package, &main, limits),
            Some("ppt") => slides::read(&mut package, &main, limits),
            Some("xl") => sheets::read(package.into_bytes(), limits),
            _ => Err(Problem::UnknownType),
        };
    }
    let said = if package.has("mimetype") { package.bytes("mimetype")? } else { Vec::new() };
    let said = String::from_utf8_lossy(&said);
    match said.trim().strip_prefix(open_document::MEDIA_TYPE) {
        Some(kind) if kind.starts_with("spreadsheet") => sheets::read(package.into_bytes(), limits),
        Some(kind) if kind.starts_with("text") || kind.starts_with("presentation") => {
            open_document::read(&mut package, limits)
        }
        None if said.trim() == book::MEDIA_TYPE => book::read(&mut package, limits),
        _ => Err(Problem::UnknownType),
    }
}

/// Normalises what one format yielded, checks, and finds a title where the file names none.
fn finish(extracted: Extracted, limits: &ExtractLimits) -> Result<Extracted, Problem> {
    let text = tidy(&normalize(&extracted.text));
    if !text.chars().any(|c| c.is_alphanumeric()) && extracted.scanned == Scanned::default() {
        return Err(if extracted.pages.is_some() { Problem::ScanWithoutText } else { Problem::Empty });
    }
    if text.len() > limits.text {
        return Err(Problem::TooMuchText);
    }
    let heading = || (extracted.kind == DocumentKind::Text).then(|| first_heading(&text)).flatten();
    let title = extracted.title.as_deref().and_then(name_of).or_else(heading);
    let author = extracted.author.as_deref().and_then(name_of);
    Ok(Extracted { title, author, text, ..extracted })
}

/// A title or author from the file's metadata, unless it was obviously generated.
fn name_of(text: &str) -> Option<String> {
    let words = normalize(text).split_whitespace().collect::<Vec<_>>().join(" ");
    let plain = words.to_lowercase();
    let is_leftover = matches!(plain.as_str(), "untitled" | "无标题" | "未命名" | "about:blank" | "untitled document")
        || ["microsoft word - ", "microsoft powerpoint - ", "file:///"].iter().any(|start| plain.starts_with(start));
    let fits = !words.is_empty() && words.chars().nth(Document::LONGEST_NAME).is_none();
    (fits && !is_leftover).then_some(words)
}

fn first_heading(text: &str) -> Option<String> {
    let first = text.lines().find(|line| !line.trim().is_empty())?;
    let words = first.trim_start_matches('\x0c').strip_prefix("# ")?;
    name_of(words)
}

/// At most one blank line in a row, and no white space at the ends of lines.
pub(super) fn tidy(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len());
    let mut pages = text.split('\x0c');
    let mut page = pages.next();
    while let Some(lines) = page {
        let start = tidied.len();
        let mut blank = 0;
        for line in lines.lines().map(str::trim_end) {
            blank = if line.is_empty() { blank + 1 } else { 0 };
            if blank < 2 && (!line.is_empty() || tidied.len() > start) {
                tidied.push_str(line);
                tidied.push('\n');
            }
        }
        tidied.truncate(start + tidied[start..].trim_end().len());
        page = pages.next();
        if page.is_some() {
            tidied.push('\x0c');
        }
    }
    tidied
}

/// Writes the result for the server.
fn write(read: Result<Vec<Said>, Problem>) -> io::Result<()> {
    let mut output = io::BufWriter::new(io::stdout().lock());
    let mut say = |said: &Said| {
        serde_json::to_writer(&mut output, said)?;
        output.write_all(b"\n")
    };
    match read {
        Ok(said) => {
            said.iter().try_for_each(&mut say)?;
            say(&Said::Done)?;
        }
        Err(problem) => say(&Said::Failed(problem))?,
    }
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_and_ends_of_lines_are_tidied_page_by_page() {
        assert_eq!(tidy("\n\n a  \n\n\n\nb\n\x0c\nc \n\n\x0c"), " a\n\nb\x0cc\x0c");
    }

    #[test]
    fn a_title_is_what_a_person_would_have_written() {
        assert_eq!(name_of("  员工\n手册 "), Some("员工 手册".into()));
        for text in ["", " \n", "Untitled", "Microsoft Word - 手册.doc", &"x".repeat(Document::LONGEST_NAME + 1)] {
            assert_eq!(name_of(text), None, "{text:?}");
        }
        assert_eq!(first_heading("\x0c# 手册\n"), Some("手册".into()));
        assert_eq!(first_heading("Text\n# Later"), None);
    }

    #[test]
    fn only_ordinary_files_are_opened() {
        let dir = tempfile::tempdir().expect("a folder");
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("file"), "text").expect("written");
        std::fs::write(at("none"), "").expect("written");
        std::os::unix::fs::symlink(at("file"), at("link")).expect("a link");
        rustix::fs::mknodat(rustix::fs::CWD, at("pipe"), FileType::Fifo, Mode::RUSR, 0).expect("a pipe");
        let limits = ExtractLimits { file: 4, ..ExtractLimits::default() };
        assert!(open(&at("file"), &limits).is_ok());
        assert_eq!(open(&at("file"), &ExtractLimits { file: 3, ..limits }).err(), Some(Problem::TooBig));
        assert_eq!(open(&at("none"), &limits).err(), Some(Problem::Empty));
        for name in ["link", "pipe", "gone", "."] {
            assert_eq!(open(&at(name), &limits).err(), Some(Problem::NoFile), "{name}");
        }
    }
}
