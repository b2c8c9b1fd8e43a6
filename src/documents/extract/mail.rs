//! Messages of e-mail, and pages that a browser saved as one file (MHTML, RFC 2557). The only module that uses `mail-parser`.

use mail_parser::{Address, Message, MessageParser, MimeHeaders};

use super::problem::Problem;
use super::{Extracted, html, lines};

/// Fields of which one begins every message.
const FIELDS: [&str; 11] = [
    "from:",
    "to:",
    "subject:",
    "date:",
    "received:",
    "return-path:",
    "message-id:",
    "mime-version:",
    "delivered-to:",
    "content-type:",
    "x-",
];

/// Whether a file begins as a message does: with fields, of which some are those of a message.
pub fn is_message(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head);
    let fields: Vec<String> = head.lines().take_while(|line| !line.is_empty()).map(str::to_ascii_lowercase).collect();
    let is_field =
        |line: &String| line.starts_with([' ', '\t']) || line.split_once(':').is_some_and(|(name, _)| is_name(name));
    let known = fields.iter().filter(|line| FIELDS.iter().any(|field| line.starts_with(field))).count();
    known >= 2 && fields.iter().all(is_field)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Reads who writes to whom, and what; attachments are named, and not read.
pub fn read(bytes: &[u8]) -> Result<Extracted, Problem> {
    let message = MessageParser::default().parse(bytes).ok_or(Problem::Broken)?;
    let body = body(&message)?;
    let subject = message.subject().map(|subject| subject.split_whitespace().collect::<Vec<_>>().join(" "));
    // A page is written to nobody, by the program that saved it.
    let is_page = message.content_type().is_some_and(|kind| kind.subtype() == Some("related"));
    if is_page && message.to().is_none() {
        return Ok(Extracted { title: body.title.or(subject), ..body });
    }
    let mut text = String::new();
    let date = message.date().map(|date| date.to_rfc3339());
    let people = [("From", message.from()), ("To", message.to()), ("Cc", message.cc())];
    let people = people.into_iter().filter_map(|(name, people)| Some((name, shown(people?))));
    for (name, value) in people.chain(date.map(|date| ("Date", date))) {
        text.push_str(&format!("{name}: {value}\n"));
    }
    text.push_str(&format!("\n{}\n", body.text.trim()));
    let attached = message.attachments().filter_map(|part| part.attachment_name()).collect::<Vec<_>>();
    if !attached.is_empty() {
        text.push_str(&format!("\nAttachments: {}\n", attached.join(", ")));
    }
    let author = message.from().and_then(Address::first).and_then(|from| from.name().or(from.address()));
    Ok(Extracted { title: subject, author: author.map(str::to_owned), text, ..Extracted::default() })
}

/// What the message says: as text, if it has one that was not made from a page, or else as a page. Between its parts there may be
/// attachments.
fn body(message: &Message) -> Result<Extracted, Problem> {
    let is_plain = |part: &u32| {
        let part = message.parts.get(*part as usize);
        part.is_some_and(|part| part.is_text() && !part.is_text_html())
    };
    if message.text_body.iter().any(is_plain) {
        let texts = (0..message.text_body.len()).filter_map(|at| message.body_text(at));
        let text = texts.map(|text| lines::plain(&text)).collect::<Vec<_>>().join("\n\n");
        return Ok(Extracted { text, ..Extracted::default() });
    }
    let mut all = Extracted::default();
    for page in (0..message.html_body.len()).filter_map(|at| message.body_html(at)) {
        let page = html::read(&page)?;
        all.title = all.title.or(page.title);
        all.text.push_str(&format!("{}\n\n", page.text.trim()));
    }
    Ok(all)
}

fn shown(people: &Address) -> String {
    let one = |person: &mail_parser::Addr| match (person.name(), person.address()) {
        (Some(name), Some(address)) => format!("{name} <{address}>"),
        (name, address) => name.or(address).unwrap_or_default().to_owned(),
    };
    people.iter().map(one).collect::<Vec<_>>().join(", ")
}
