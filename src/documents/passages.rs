//! Splitting a text into passages: the units of search, quotation and prompts.
//!
//! About 500 characters with 100 of overlap, as measured best on questions in three languages; cut where a reader would pause,
//! since passages are quoted whole.

use std::ops::Range;

use crate::model::DocumentKind;

/// Target length of a passage, in characters.
const LENGTH: usize = 500;

/// Overlap of two passages, in characters, so that text across a cut is still found.
const OVERLAP: usize = 100;

/// Longest passage in characters; what is no longer is not cut.
const LONGEST: usize = 600;

/// Maximum length, in characters, of an FAQ answer that is not split.
const LONGEST_ANSWER: usize = 1500;

/// A section with fewer characters goes together with the next one.
const TINY: usize = 100;

/// Longest heading in characters; a longer line is text, whatever it begins with.
const LONGEST_HEADING: usize = 300;

/// What stands between the cells of a row.
const BETWEEN_CELLS: &str = " | ";

/// A piece of a document's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// From 0 within the document.
    pub number: u32,
    /// Bytes in the text. Neither begins nor ends with white space, and is never empty.
    pub range: Range<usize>,
    /// The page where it begins, from 1, if the text has pages.
    pub page: Option<u32>,
    /// The words of the nearest heading above, without their marks; or the first row of a table of which other rows are in another
    /// passage. Bytes in the text.
    pub heading: Option<Range<usize>>,
}

/// Splits a text. Headings are not part of a passage, except where a section has next to no text of its own. Each answer to a
/// frequent question is one passage, under its question as heading; long ones are split.
pub fn passages(text: &str, kind: DocumentKind) -> Vec<Passage> {
    let (sections, longest) = match kind {
        DocumentKind::Text => (together(text, sections(text, |_| true)), LONGEST),
        DocumentKind::Faq => (sections(text, |level| level == 2), LONGEST_ANSWER),
    };
    let mut pages = Pages::new(text);
    let tables = tables(text);
    let pieces = sections.into_iter().flat_map(|section| {
        let (pieces, tables) = (pieces(text, section.range.clone(), longest), &tables);
        pieces.into_iter().map(move |range| {
            let names = tables.names_at(range.start);
            (names.or_else(|| section.heading_of(text, range.start)), range)
        })
    });
    let numbered = pieces.zip(0..);
    numbered.map(|((heading, range), number)| Passage { number, page: pages.at(range.start), heading, range }).collect()
}

/// What stands under a heading.
#[derive(Debug)]
struct Section {
    /// Its own and those of the sections that were added to it.
    headings: Vec<Heading>,
    /// What of it becomes passages: its text, or its heading if there is no text.
    range: Range<usize>,
    /// Whether there is no text.
    is_bare: bool,
}

#[derive(Clone, Debug)]
struct Heading {
    level: usize,
    line: Range<usize>,
    words: Range<usize>,
}

impl Section {
    fn new(text: &str, heading: Option<Heading>, body: Range<usize>) -> Self {
        let body = trimmed(text, body);
        let (is_bare, line) = (body.is_empty(), heading.as_ref().map(|heading| heading.line.clone()));
        let range = line.filter(|_| is_bare).unwrap_or(body);
        Self { headings: heading.into_iter().collect(), range, is_bare }
    }

    fn add(&mut self, next: Self) {
        self.headings.extend(next.headings);
        self.range.end = next.range.end;
        self.is_bare &= next.is_bare;
    }

    /// The nearest heading above; for a passage that begins with headings the one above its first text.
    fn heading_of(&self, text: &str, start: usize) -> Option<Range<usize>> {
        let (mut nearest, mut only_headings_up_to) = (None, start);
        for heading in &self.headings {
            let line = &heading.line;
            if line.start > only_headings_up_to && !text[only_headings_up_to..line.start].trim().is_empty() {
                break;
            }
            only_headings_up_to = only_headings_up_to.max(line.end);
            nearest = Some(heading.words.clone());
        }
        nearest
    }
}

/// The sections of a text, by the headings of those levels.
fn sections(text: &str, counts: impl Fn(usize) -> bool) -> Vec<Section> {
    let mut all = Vec::new();
    let (mut heading, mut body, mut at) = (None, 0..0, 0);
    for line in text.split_inclusive(['\n', '\x0c']) {
        let start = at;
        at += line.len();
        match heading_line(line, start).filter(|heading| counts(heading.level)) {
            Some(next) => {
                all.push(Section::new(text, heading.replace(next), body));
                body = at..at;
            }
            None => body.end = at,
        }
    }
    all.push(Section::new(text, heading, body));
    all.retain(|section| !section.range.is_empty());
    all
}

/// A line that is a heading: up to six `#`, a space and words.
fn heading_line(line: &str, start: usize) -> Option<Heading> {
    let level = line.bytes().take_while(|byte| *byte == b'#').count();
    let words = line[level..].strip_prefix([' ', '\t'])?.trim().trim_end_matches('#').trim_end();
    if !(1..=6).contains(&level) || words.is_empty() || words.chars().nth(LONGEST_HEADING).is_some() {
        return None;
    }
    let offset = words.as_ptr().addr() - line.as_ptr().addr();
    let words = start + offset..start + offset + words.len();
    Some(Heading { level, line: start..start + line.trim_end().len(), words })
}

/// The tables of a text: lines with cells that follow each other.
struct Tables {
    /// From the beginning of the second row to the end, and the first row, which names the columns.
    tables: Vec<(Range<usize>, Range<usize>)>,
}

fn tables(text: &str) -> Tables {
    let (mut tables, mut open, mut at) = (Vec::<(Range<usize>, Range<usize>)>::new(), false, 0);
    for line in text.split_inclusive(['\n', '\x0c']) {
        let (start, end) = (at, at + line.len());
        at = end;
        let is_row = line.contains(BETWEEN_CELLS);
        match tables.last_mut().filter(|_| open && is_row) {
            Some((rows, _)) => rows.end = end,
            None if is_row => tables.push((end..end, trimmed(text, start..end))),
            None => {}
        }
        open = is_row;
    }
    tables.retain(|(rows, names)| !rows.is_empty() && text[names.clone()].chars().nth(LONGEST_HEADING).is_none());
    Tables { tables }
}

impl Tables {
    /// The names of the columns where a row begins that is not the first.
    fn names_at(&self, start: usize) -> Option<Range<usize>> {
        let after = self.tables.partition_point(|(rows, _)| rows.start <= start);
        let (rows, names) = self.tables.get(after.checked_sub(1)?)?;
        rows.contains(&start).then(|| names.clone())
    }
}

/// Joins sections that are too short to be found or quoted with those that follow. A heading without text of its own goes to
/// the next section; the first one is the document's title, and known from there.
fn together(text: &str, sections: Vec<Section>) -> Vec<Section> {
    let length = |section: &Section| text[section.range.clone()].chars().take(LENGTH + 1).count();
    let fit = |last: &Section, next: &Section| {
        let short = length(last);
        last.is_bare || (short < TINY && short + length(next) <= LENGTH)
    };
    let is_title = |section: &Section| section.is_bare && section.headings.iter().all(|heading| heading.level == 1);
    let titles = usize::from(sections.len() > 1 && sections.first().is_some_and(is_title));
    let mut joined: Vec<Section> = Vec::new();
    for section in sections.into_iter().skip(titles) {
        match joined.last_mut() {
            Some(last) if fit(last, &section) => last.add(section),
            _ => joined.push(section),
        }
    }
    joined
}

/// Cuts a range into pieces of about [`LENGTH`], unless it is no longer than `longest`.
fn pieces(text: &str, range: Range<usize>, longest: usize) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let (mut start, mut longest) = (range.start, longest);
    loop {
        let rest = &text[start..range.end];
        let window: Vec<(usize, char)> = rest.char_indices().take(longest + 1).collect();
        let end = (window.len() > longest).then(|| best_cut(&window, LENGTH, 300..LONGEST));
        let stop = end.map_or(range.end, |end| start + window[end].0);
        let piece = trimmed(text, start..stop);
        if !piece.is_empty() {
            pieces.push(piece);
        }
        let Some(end) = end else { return pieces };
        start += window[best_cut(&window, end - OVERLAP, end - 180..end - 40)].0;
        longest = LONGEST;
    }
}

/// The best index to cut before: near `ideal`, but a good place may be further away than a bad one.
fn best_cut(window: &[(usize, char)], ideal: usize, within: Range<usize>) -> usize {
    let worth = |index: usize| pause(window, index) - ideal.abs_diff(index) as i32;
    within.max_by_key(|index| worth(*index)).unwrap_or(ideal)
}

/// Quality of a cut before that character, as the number of characters by which it may be further from the ideal.
fn pause(window: &[(usize, char)], index: usize) -> i32 {
    let at = |index: usize| window.get(index).map_or(' ', |(_, character)| *character);
    let (earlier, before, after) = (at(index - 2), at(index - 1), at(index));
    let ends_sentence = |c: char| matches!(c, '。' | '！' | '？' | '；' | '…' | '!' | '?');
    let closes = |c: char| matches!(c, '”' | '’' | '」' | '』' | '）' | '》' | ')' | '"' | '\'');
    if after.is_whitespace() {
        // After the white space is better: the next passage begins with a word.
        0
    } else if before == '\n' && earlier == '\n' {
        240
    } else if before == '\x0c' && is_han(earlier) && is_han(after) {
        // The sentence goes on upon the next page.
        20
    } else if matches!(before, '\n' | '\x0c') {
        130
    } else if before.is_whitespace() && (ends_sentence(earlier) || earlier == '.') {
        120
    } else if closes(after) || ends_sentence(after) || matches!(after, '，' | '、' | '：' | '.' | ',' | '…') {
        0
    } else if ends_sentence(before) || (closes(before) && ends_sentence(earlier)) {
        120
    } else if matches!(before, '，' | '：' | '、') || (before == ' ' && matches!(earlier, ',' | ';' | ':')) {
        60
    } else if before.is_whitespace() {
        40
    } else if before.is_alphanumeric() && after.is_alphanumeric() && !(is_han(before) || is_han(after)) {
        0
    } else {
        20
    }
}

/// Chinese characters, which need no space between words.
fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let whole = &text[range.clone()];
    let start = range.start + whole.len() - whole.trim_start().len();
    start..(start + whole.trim().len())
}

/// Which page a place is on, for places asked in order.
struct Pages<'a> {
    text: &'a str,
    counted: usize,
    page: Option<u32>,
}

impl<'a> Pages<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, counted: 0, page: text.contains('\x0c').then_some(1) }
    }

    fn at(&mut self, place: usize) -> Option<u32> {
        // Overlaps go back at most to the page before.
        let (from, to) = (self.counted.min(place), self.counted.max(place));
        let ends = self.text.as_bytes()[from..to].iter().filter(|byte| **byte == b'\x0c').count() as u32;
        let forward = place >= self.counted;
        self.page = self.page.map(|page| if forward { page + ends } else { page - ends });
        self.counted = place;
        self.page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str, kind: DocumentKind) -> Vec<(Option<&str>, &str)> {
        let all = passages(text, kind);
        for (passage, number) in all.iter().zip(0..) {
            let words = &text[passage.range.clone()];
            assert_eq!((passage.number, words.trim()), (number, words));
            assert!(!words.is_empty());
        }
        all.into_iter().map(|passage| (passage.heading.map(|range| &text[range]), &text[passage.range])).collect()
    }

    /// Numbered sentences, so that the test can find each one again.
    fn sentences(count: usize, sentence: impl Fn(usize) -> String) -> (String, Vec<String>) {
        let all: Vec<String> = (0..count).map(sentence).collect();
        (all.concat(), all)
    }

    #[test]
    fn chinese_is_cut_at_sentences_with_overlap_and_nothing_is_lost() {
        let (text, all) = sentences(200, |n| format!("第{n}条规定，员工应当在三个工作日内提交报销单据。"));
        let found = split(&text, DocumentKind::Text);
        assert!(found.len() > 8);
        for (_, passage) in &found {
            assert!(passage.starts_with('第') && passage.ends_with('。'), "{passage}");
            assert!((200..=LONGEST).contains(&passage.chars().count()));
        }
        for sentence in all {
            assert!(found.iter().any(|(_, passage)| passage.contains(&sentence)), "{sentence}");
        }
        for pair in found.windows(2) {
            let last = pair[0].1.split_inclusive('。').next_back().expect("a sentence");
            assert!(pair[1].1.contains(last), "{last} is in both");
        }
    }

    #[test]
    fn english_is_cut_at_sentences_or_else_at_words() {
        let (text, _) = sentences(90, |n| format!("Rule {n} says that receipts are due within three days. "));
        for (_, passage) in split(&text, DocumentKind::Text) {
            assert!(passage.starts_with("Rule") && passage.ends_with('.'), "{passage}");
        }
        let (text, _) = sentences(500, |n| format!("word{n} "));
        for (_, passage) in split(&text, DocumentKind::Text) {
            assert!(passage.starts_with("word") && text.contains(&format!("{passage} ")), "{passage}");
        }
    }

    #[test]
    fn without_any_pause_it_is_cut_by_length() {
        for text in ["x".repeat(5000), "字".repeat(5000), "😀".repeat(5000), "e\u{301}".repeat(2500)] {
            let found = split(&text, DocumentKind::Text);
            assert!(found.len() > 5 && found.iter().all(|(_, passage)| passage.chars().count() <= LONGEST));
        }
    }

    #[test]
    fn paragraphs_are_better_places_to_cut_than_sentences() {
        let paragraph = "One sentence of some length stands here. ".repeat(10);
        let text = [paragraph.trim(); 5].join("\n\n");
        let found = split(&text, DocumentKind::Text);
        assert!(found.iter().all(|(_, passage)| passage.ends_with("here.")));
        assert_eq!(found[0].1, paragraph.trim());
    }

    #[test]
    fn a_passage_stays_in_its_section_under_its_heading() {
        let body = "The office is open from nine to five on working days, except on public holidays. ".repeat(3);
        let text = format!("# Handbook\n\nWelcome.\n\n## Hours ##\n\n{body}\n\n### Sick leave\n{body}\n");
        let found = split(&text, DocumentKind::Text);
        let first = format!("Welcome.\n\n## Hours ##\n\n{}", body.trim());
        let expected = [(Some("Handbook"), first.as_str()), (Some("Sick leave"), body.trim())];
        assert_eq!(found, expected);
    }

    #[test]
    fn headings_without_text_are_found_with_what_follows_them() {
        let body = "A sentence that is long enough to stand alone in a passage of its own, is it not? ".repeat(3);
        let text = format!("# Title\n# Part one\n\n## Hours\n\n{body}\n\n## Annex");
        let found = split(&text, DocumentKind::Text);
        let first = format!("# Part one\n\n## Hours\n\n{}", body.trim());
        assert_eq!(found, [(Some("Hours"), first.as_str()), (Some("Annex"), "## Annex")]);
        assert_eq!(split("# Only", DocumentKind::Text), [(Some("Only"), "# Only")]);
    }

    #[test]
    fn rows_of_a_table_keep_the_names_of_its_columns() {
        let rows: String = (0..60).map(|n| format!("Pump {n} | {n} months | pumps{n}@example.org\n")).collect();
        let text = format!("## Warranty\n\nThese are the times.\n\nProduct | Warranty | Contact\n{rows}\nThis is all.");
        let found = split(&text, DocumentKind::Text);
        assert!(found.len() > 3 && found[0].0 == Some("Warranty"));
        for (heading, passage) in &found[1..] {
            assert!(
                *heading == Some("Product | Warranty | Contact") && passage.starts_with("Pump "),
                "{heading:?} {passage}"
            );
        }
    }

    #[test]
    fn what_only_looks_like_a_heading_is_text() {
        for text in ["#tag", "####### seven", "# ", "#", " # indented"] {
            assert!(split(text, DocumentKind::Text).iter().all(|(heading, _)| heading.is_none()), "{text}");
        }
        let long = format!("# {}", "long ".repeat(200));
        assert!(split(&long, DocumentKind::Text).iter().all(|(heading, _)| heading.is_none()));
    }

    #[test]
    fn a_frequent_question_is_one_passage() {
        let long = "请先登录系统，再打开报销页面，然后上传发票。".repeat(100);
        let text = format!(
            "## 怎么报销？\n\n在系统里填写。\n\n# 不是问题\n\n## How long?\n\nThree days.\n\n## 没有答案\n\n## 详细步骤\n{long}"
        );
        let found = split(&text, DocumentKind::Faq);
        let expected = [
            (Some("怎么报销？"), "在系统里填写。\n\n# 不是问题"),
            (Some("How long?"), "Three days."),
            (Some("没有答案"), "## 没有答案"),
        ];
        assert_eq!(found[..3], expected);
        assert!(found.len() > 5 && found[3..].iter().all(|(heading, _)| *heading == Some("详细步骤")));
    }

    #[test]
    fn pages_are_counted_where_there_are_any() {
        let page = |n: usize| format!("第{n}页的内容。").repeat(90);
        let text = (1..=40).map(page).collect::<Vec<_>>().join("\x0c");
        let all = passages(&text, DocumentKind::Text);
        assert!(all.len() > 10);
        for passage in &all {
            let words = &text[passage.range.clone()];
            assert!(words.starts_with(&format!("第{}页", passage.page.expect("a page"))), "{passage:?} {words}");
        }
        assert!(all.iter().any(|passage| passage.page == Some(40)));
        assert_eq!(passages("no pages", DocumentKind::Text)[0].page, None);
        assert_eq!(passages("\x0c\x0cthird", DocumentKind::Text)[0].page, Some(3));
    }

    #[test]
    fn nothing_has_no_passages() {
        for text in ["", " \n\n\x0c \u{3000}"] {
            assert_eq!(passages(text, DocumentKind::Text), []);
            assert_eq!(passages(text, DocumentKind::Faq), []);
        }
    }
}
