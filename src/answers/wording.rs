//! Answers without a model: passages quoted with their sources, as plain text.

use super::sentences::sentences;
use crate::model::{RetrievedContext, Source};
use crate::text::{Locale, Text};

/// Maximum length of a quoted passage, in characters; passages are shorter, FAQ entries may be longer.
const LONGEST_QUOTE: usize = 1200;

/// The passages, each below its source.
pub fn passages(sources: &[Source], locale: Locale) -> String {
    let quoted: Vec<_> = sources
        .iter()
        .enumerate()
        .map(|(index, source)| format!("{}. {}\n{}", index + 1, place(source, locale), quote(&excerpt(source))))
        .collect();
    Text::new("answer-passages").with("passages", quoted.join("\n\n")).in_locale(locale)
}

/// Title, page and heading of a passage.
pub fn place(source: &Source, locale: Locale) -> String {
    let page = source.page.map(|page| Text::new("answer-page").with("page", page).in_locale(locale));
    let heading = source.heading.as_deref().map(|heading| heading.trim_start_matches('#').trim().to_owned());
    let heading = heading.filter(|heading| !heading.is_empty() && *heading != source.title);
    let parts: Vec<_> = [Some(source.title.clone()), page, heading].into_iter().flatten().collect();
    parts.join(" · ")
}

/// States that nothing was found, and names the nearest documents.
pub fn nothing(findings: &RetrievedContext, locale: Locale) -> String {
    if !findings.unknown.is_empty() {
        return unknown(findings, locale);
    }
    if findings.nearest.is_empty() {
        return Text::new("answer-nothing").in_locale(locale);
    }
    let titles: Vec<_> = findings.nearest.iter().map(|title| format!("• {title}")).collect();
    Text::new("answer-nothing-nearest").with("titles", titles.join("\n")).in_locale(locale)
}

/// States which words of the question stand in no document, if they are much of it and passages are found all the same.
pub fn unmentioned(findings: &RetrievedContext, locale: Locale) -> Option<String> {
    let between = match locale {
        Locale::English => "”, “",
        Locale::SimplifiedChinese => "”“",
        Locale::TraditionalChinese => "」「",
    };
    let words = findings.unmentioned.join(between);
    let is_of_use = findings.confident && !words.is_empty();
    is_of_use.then(|| Text::new("answer-unmentioned").with("words", words).in_locale(locale))
}

/// States which identifiers no document has, and names similar ones.
fn unknown(findings: &RetrievedContext, locale: Locale) -> String {
    let said = findings.unknown.iter().map(|unknown| {
        let text = match unknown.nearest.is_empty() {
            true => Text::new("answer-unknown"),
            false => Text::new("answer-unknown-nearest").with("nearest", unknown.nearest.join(", ")),
        };
        text.with("name", &unknown.name).in_locale(locale)
    });
    said.collect::<Vec<_>>().join("\n")
}

/// A passage with as many sentences before and after it as fit into a quote.
fn excerpt(source: &Source) -> String {
    let length = |text: &str| text.chars().count();
    let room = LONGEST_QUOTE.saturating_sub(length(&source.content));
    let starts = sentences(&source.before).into_iter().map(|sentence| &source.before[sentence.start..]);
    let before = starts.into_iter().find(|before| length(before) <= room / 2).unwrap_or_default();
    let room = room - length(before);
    let ends = sentences(&source.after).into_iter().map(|sentence| &source.after[..sentence.end]);
    let after = ends.into_iter().take_while(|after| length(after) <= room).last().unwrap_or_default();
    [before, &source.content, after].concat()
}

/// A passage as quoted lines, without form feeds and empty lines.
fn quote(content: &str) -> String {
    let mut quoted = String::new();
    let mut left = LONGEST_QUOTE;
    for line in content.split(['\n', '\u{c}']).map(str::trim).filter(|line| !line.is_empty()) {
        let shown: String = line.chars().take(left).collect();
        left -= shown.chars().count();
        quoted.push_str("> ");
        quoted.push_str(&shown);
        quoted.push_str(if shown.len() < line.len() { "…" } else { "\n" });
        if left == 0 {
            break;
        }
    }
    quoted.truncate(quoted.trim_end().len());
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::tests::source;
    use crate::model::UnknownIdentifier;

    #[test]
    fn passages_are_quoted_below_their_places() {
        let mut first = source("Terms", "Refunds take\n\n14 days.");
        (first.page, first.heading) = (Some(3), Some("## Refunds".into()));
        let second = source("退款", "七天内可退。");
        let quoted = passages(&[first, second], Locale::English);
        let expected = "1. Terms · page 3 · Refunds\n> Refunds take\n> 14 days.\n\n2. 退款\n> 七天内可退。";
        assert!(quoted.ends_with(expected), "{quoted}");
    }

    #[test]
    fn what_no_document_has_is_named_with_what_is_similar() {
        let unknown = |name: &str, nearest: &[&str]| UnknownIdentifier {
            name: name.into(),
            nearest: nearest.iter().map(|name| (*name).to_owned()).collect(),
        };
        let unknown = vec![unknown("R500", &["R200", "R300"]), unknown("HT-2040", &[])];
        let said = nothing(&RetrievedContext { unknown, ..RetrievedContext::default() }, Locale::English);
        assert_eq!(said, "No document mentions R500. There are R200, R300.\nNo document mentions HT-2040.");
    }

    #[test]
    fn whole_sentences_beside_a_passage_are_quoted_with_it() {
        let mut source = source("Terms", "Refunds take 14 days.");
        source.before = "This ends in the middle. Who returns an article pays nothing. ".into();
        source.after = " A letter is sent. ".to_owned() + &"Much is said. ".repeat(100);
        let quoted = excerpt(&source);
        assert!(
            quoted.starts_with("This ends in the middle. Who returns an article pays nothing. Refunds"),
            "{quoted}"
        );
        assert!(quoted.ends_with("said.") && quoted.chars().count() <= LONGEST_QUOTE, "{quoted}");
        source.before = "x".repeat(LONGEST_QUOTE);
        assert!(excerpt(&source).starts_with("Refunds"));
    }

    #[test]
    fn long_passages_are_cut() {
        let quoted = quote(&"字".repeat(5000));
        assert_eq!(quoted.chars().count(), LONGEST_QUOTE + 3);
    }
}
