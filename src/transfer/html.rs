//! Pages to read in a browser, without any script: a list of the rooms, and so many messages of a room on a page.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use super::lines::{MessageLine, RoomLine};
use crate::model::AuthorKind;

/// Messages on a page.
const ON_A_PAGE: usize = 1000;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}\
h2{font-size:1rem;margin:2rem 0 .5rem;border-bottom:1px solid #ddd}article{margin:.6rem 0}article p{margin:0;white-space:pre-wrap;\
overflow-wrap:anywhere}time{color:#777;font-size:.85rem;margin-left:.5rem}.bot b{color:#06c}.deleted p{color:#999;font-style:italic}\
nav{margin:1rem 0}@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}h2{border-color:#444}}";

/// The pages, as they are written.
pub(super) struct Pages<'a> {
    dir: &'a Path,
    /// Files and names of the rooms, and how many messages each has.
    rooms: Vec<(String, RoomLine, usize)>,
    page: String,
    /// Its number within the room.
    number: usize,
    day: String,
}

impl<'a> Pages<'a> {
    pub fn new(dir: &'a Path) -> Self {
        Self { dir, rooms: Vec::new(), page: String::new(), number: 0, day: String::new() }
    }

    pub fn room(&mut self, room: RoomLine) -> io::Result<()> {
        self.end_page(false)?;
        // Names of rooms may be in any script; files are named so that every disk takes them.
        self.rooms.push((format!("room-{}", self.rooms.len() + 1), room, 0));
        self.number = 0;
        self.begin_page();
        Ok(())
    }

    pub fn message(&mut self, message: &MessageLine) -> io::Result<()> {
        let Some((_, _, messages)) = self.rooms.last_mut() else { return Ok(()) };
        *messages += 1;
        if *messages > 1 && (*messages - 1).is_multiple_of(ON_A_PAGE) {
            self.end_page(true)?;
            self.number += 1;
            self.begin_page();
        }
        let at = message.at.to_string();
        let (day, time) = at.split_once('T').unwrap_or((&at, ""));
        if day != self.day {
            day.clone_into(&mut self.day);
            let _ = writeln!(self.page, "<h2>{day}</h2>");
        }
        let class = match message.kind {
            _ if message.deleted => "deleted",
            AuthorKind::Bot => "bot",
            AuthorKind::System => "system",
            AuthorKind::User => "person",
        };
        let text = if message.deleted { "(deleted)".to_owned() } else { escaped(&message.text) };
        let (author, time, seq) = (escaped(&message.author), time.get(..5).unwrap_or(time), message.seq.unwrap_or(0));
        // Writing into a String cannot fail.
        let _ = writeln!(
            self.page,
            "<article class=\"{class}\" id=\"m{seq}\"><b>{author}</b><time datetime=\"{at}\">{time}</time><p>{text}</p></article>"
        );
        Ok(())
    }

    /// Writes the last page and the list of the rooms.
    pub fn finish(mut self) -> io::Result<()> {
        self.end_page(false)?;
        let mut list = head("Rooms");
        list.push_str("<h1>Rooms</h1><ul>\n");
        for (file, room, messages) in &self.rooms {
            let topic = if room.topic.is_empty() { String::new() } else { format!(": {}", escaped(&room.topic)) };
            let _ = writeln!(list, "<li><a href=\"{file}.html\">{}</a> ({messages}){topic}</li>", escaped(title(room)));
        }
        list.push_str("</ul></body></html>\n");
        fs::write(self.dir.join("index.html"), list)
    }

    fn begin_page(&mut self) {
        let Some((file, room, _)) = self.rooms.last() else { return };
        let title = escaped(title(room));
        self.page = head(&title);
        self.day.clear();
        let before = match self.number {
            0 => String::new(),
            number => format!(" · <a href=\"{}\">earlier</a>", page_name(file, number - 1)),
        };
        let _ = writeln!(self.page, "<nav><a href=\"index.html\">Rooms</a>{before}</nav><h1>{title}</h1>");
    }

    fn end_page(&mut self, goes_on: bool) -> io::Result<()> {
        let Some((file, _, _)) = self.rooms.last() else { return Ok(()) };
        if goes_on {
            let _ = writeln!(self.page, "<nav><a href=\"{}\">later</a></nav>", page_name(file, self.number + 1));
        }
        self.page.push_str("</body></html>\n");
        fs::write(self.dir.join(page_name(file, self.number)), std::mem::take(&mut self.page))
    }
}

fn page_name(file: &str, number: usize) -> String {
    if number == 0 { format!("{file}.html") } else { format!("{file}-{}.html", number + 1) }
}

fn title(room: &RoomLine) -> &str {
    if room.title.is_empty() { &room.name } else { &room.title }
}

fn head(title: &str) -> String {
    format!(
        "<!doctype html><html><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <title>{title}</title><style>{STYLE}</style></head><body>\n"
    )
}

/// What people wrote must not become part of the page.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn long_rooms_have_several_pages_and_no_text_is_markup() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut pages = Pages::new(dir.path());
        pages.room(RoomLine { title: "<b>R&D</b>".into(), ..RoomLine::named("rd") }).expect("written");
        for number in 0..ON_A_PAGE as i64 + 1 {
            let at = Timestamp(number * 3_600_000);
            let text = format!("<script>alert({number})</script>");
            pages.message(&MessageLine::said("rd", "id", at, "\"Ann\"", text)).expect("written");
        }
        pages.room(RoomLine::named("empty")).expect("written");
        pages.finish().expect("written");
        let read = |name: &str| fs::read_to_string(dir.path().join(name)).expect("a page");
        let (first, second, index) = (read("room-1.html"), read("room-1-2.html"), read("index.html"));
        assert_eq!(first.matches("<article").count(), ON_A_PAGE);
        assert_eq!(second.matches("<article").count(), 1);
        assert!(first.contains("room-1-2.html") && second.contains("href=\"room-1.html\""));
        assert!(
            index.contains("(1001)") && index.contains("&lt;b&gt;R&amp;D&lt;/b&gt;") && index.contains("room-2.html")
        );
        assert!(read("room-2.html").contains("empty"));
        assert!(
            !first.contains("<script") && first.contains("&lt;script&gt;") && first.contains("<h2>1970-01-02</h2>")
        );
    }
}
