//! Alerts: what other programs post to a hook, in whatever form they have it, as the text of a message.
//!
//! [`Posted`] is what was sent, read by its content type; `senders` find out whose format it has and make a `Note` of it, the one
//! form between all formats and a text. A hook's [`template`] can take their place. No I/O.

mod emoji;
mod form;
mod json;
mod look;
mod mark;
mod mrkdwn;
mod note;
mod posted;
mod same;
mod senders;
pub mod template;

pub use self::json::BadJson;
pub use self::posted::{Posted, Unreadable};

/// How an alert is shown, and what was wrong with the template that should have shown it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Blank if there is nothing to read in it.
    pub text: String,
    pub problem: Option<template::Problem>,
}

/// Shows an alert, data by the template if there is one. An alert is never lost: where the template fails or shows nothing, it is
/// shown as if there were none.
pub fn shown(posted: &Posted, template: Option<&str>) -> Shown {
    let rendered = match (posted, template) {
        (Posted::Data(body), Some(template)) => template::rendered(template, body),
        _ => Ok(String::new()),
    };
    let (text, problem) = match rendered {
        Ok(text) if !text.trim().is_empty() => return Shown { text: text.trim().to_owned(), problem: None },
        Ok(_) => (usual(posted), None),
        Err(problem) => (usual(posted), Some(problem)),
    };
    Shown { text, problem }
}

fn usual(posted: &Posted) -> String {
    match posted {
        // "echo" ends a line that ends the message, too.
        Posted::Text(text) => text.trim_end().to_owned(),
        // Programs on Windows end lines differently.
        Posted::Data(body) => senders::note(body).into_text().replace("\r\n", "\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        shown(&Posted::Data(json::parse(text).expect("JSON")), None).text
    }

    #[test]
    fn what_is_deep_or_long_is_shown_in_time() {
        for name in [
            "elements",
            "blocks",
            "child_blocks",
            "attachments",
            "columns",
            "components",
            "items",
            "actions",
            "body",
            "content",
            "cards",
        ] {
            for kind in ["container", "AdaptiveCard", "interactive", "x"] {
                let deep = |inner: &str| format!(r#"{{"type": "{kind}", "{name}": [{inner}]}}"#);
                let text = (0..60).fold(r#"{"text": "deep"}"#.to_owned(), |inner, _| deep(&inner));
                for body in [text.clone(), format!(r#"{{"blocks": [{text}]}}"#), format!(r#"{{"embeds": [{text}]}}"#)] {
                    assert!(!read(&body).trim().is_empty(), "{body}");
                }
            }
        }
        for sign in ["<", "*", ":", "`", "a\\n", "<@", "```", "* a*", "://", "\\u0000"] {
            let long = sign.repeat(40_000);
            let attachments =
                format!(r#"{{"text": "{long}", "attachments": [{{"fallback": "{long}", "text": "{long}"}}]}}"#);
            assert!(read(&attachments).len() > 20_000, "{sign}");
        }
    }

    #[test]
    fn many_parts_are_counted() {
        let many = vec![r#"{"title": "one"}, {"title": "two"}"#; 1000].join(",");
        let shown = read(&format!(r#"{{"attachments": [{many}]}}"#));
        assert_eq!(shown.lines().count(), 1001);
        assert!(shown.ends_with("… +1000"), "{}", &shown[shown.len() - 20..]);
    }
}
