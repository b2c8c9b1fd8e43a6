//! The fields of forms, as browsers and curl send them. The home of `multer`.

use std::convert::Infallible;

use bytes::Bytes;
use multer::{Constraints, Multipart, SizeLimit};

use crate::documents::extract::decode;

/// A field's name and its value.
pub type Field = (String, String);

/// How many fields of a form are read.
const MOST_FIELDS: usize = 64;

/// Fields that hold what is to be read. Of files only these are.
const READ: [&str; 9] = ["payload", "payload_json", "text", "message", "msg", "content", "body", "title", "subject"];

/// Whether it is a text that only curl calls a form: `curl -d 'disk is full'`. A form has no spaces in it, but who types one
/// forgets that, too.
pub fn is_text(body: &str) -> bool {
    let body = body.trim();
    let is_typed = body.contains(|c: char| c.is_whitespace() || !c.is_ascii());
    let has_known = body.split('&').any(|field| field.split_once('=').is_some_and(|(name, _)| READ.contains(&name)));
    !has_known && (is_typed || !body.contains('='))
}

/// The fields of an URL-encoded form, in the sender's charset.
pub fn url_encoded(body: &[u8], content_type: &str) -> Vec<Field> {
    let decoded = |part: &[u8]| {
        let spaced: Vec<u8> = part.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        let bytes: Vec<u8> = percent_encoding::percent_decode(&spaced).collect();
        decode::sent(&bytes, content_type)
    };
    let mut fields: Vec<Field> = Vec::new();
    for part in body.trim_ascii().split(|byte| *byte == b'&').filter(|part| !part.is_empty()) {
        let end = part.iter().position(|byte| *byte == b'=').unwrap_or(part.len());
        let is_full = fields.len() == MOST_FIELDS;
        match fields.last_mut() {
            // What cannot be a name was typed, and belongs to the value before it.
            Some((_, value)) if part[..end].iter().any(u8::is_ascii_whitespace) => value.extend(["&", &decoded(part)]),
            _ if is_full => break,
            _ => fields.push((decoded(&part[..end]), decoded(part.get(end + 1..).unwrap_or_default()))),
        }
    }
    fields
}

/// The fields of a multipart form; of a file that is not to be read, its name.
///
/// # Errors
///
/// Why it is none, in English.
pub async fn of_parts(content_type: &str, body: &Bytes) -> Result<Vec<Field>, String> {
    let bad = |error: multer::Error| error.to_string();
    let boundary = multer::parse_boundary(content_type).map_err(bad)?;
    let whole = futures_util::stream::once(std::future::ready(Ok::<_, Infallible>(body.clone())));
    let limits = Constraints::new().size_limit(SizeLimit::new().whole_stream(body.len() as u64));
    let mut form = Multipart::with_constraints(whole, boundary, limits);
    let mut fields = Vec::new();
    while let Some(part) = form.next_field().await.map_err(bad)?.filter(|_| fields.len() < MOST_FIELDS) {
        let name = part.name().unwrap_or_default().to_owned();
        let charset = part.content_type().map(ToString::to_string).unwrap_or_default();
        let file = part.file_name().map(str::to_owned);
        let bytes = part.bytes().await.map_err(bad)?;
        let is_read = file.is_none() || READ.contains(&name.as_str());
        fields.push((name, if is_read { decode::sent(&bytes, &charset) } else { file.unwrap_or_default() }));
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "application/x-www-form-urlencoded";

    #[test]
    fn texts_are_told_from_forms() {
        for text in ["disk is full", "load=9 & rising", "C++ build: failed", "磁盘已满=是", "full", "95%25 full"] {
            assert!(is_text(text), "{text}");
        }
        for form in [
            "text=hello world",
            "a=b",
            "host=web-1&state=down",
            "x=1&message=disk is full\n",
            "payload={\"text\": \"x\"}",
        ] {
            assert!(!is_text(form), "{form}");
        }
    }

    #[test]
    fn fields_are_decoded_and_a_typed_sign_cuts_none() {
        let fields = |body: &str| url_encoded(body.as_bytes(), FORM);
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(fields("a=b%20c+d&e&=f\n"), [field("a", "b c d"), field("e", ""), field("", "f")]);
        assert_eq!(
            fields("text=one & two = three&title=four"),
            [field("text", "one & two = three"), field("title", "four")]
        );
    }
}
