//! Headings, by the size of their type: a PDF does not say what a line is.

use std::collections::HashMap;

use super::layout::Line;
use crate::documents::extract::hyphens::Words;
use crate::documents::extract::lines;

/// How much larger than the text a heading is, at least.
const LARGER: f32 = 1.15;

/// Longest heading in characters.
const LONGEST: usize = 80;

/// The font sizes of headings.
#[derive(Default)]
pub struct Levels {
    /// The largest first.
    sizes: Vec<u32>,
    /// From here on all are, below only what is bold.
    surely: f32,
}

impl Levels {
    /// Compares with the size that most of the text has.
    pub fn of(pages: &[Vec<Line>]) -> Self {
        let lines = || pages.iter().flatten().filter(|line| !line.text.is_empty());
        let mut all: HashMap<u32, usize> = HashMap::new();
        for line in lines() {
            *all.entry(line.size).or_default() += line.text.chars().count();
        }
        let total: usize = all.values().sum();
        let Some((&body, _)) = all.iter().max_by_key(|(size, count)| (**count, **size)) else { return Self::default() };
        let surely = body as f32 * LARGER;
        let large: usize = all.iter().filter(|(size, _)| **size as f32 >= surely).map(|(_, count)| count).sum();
        // Where a third of the text is large, as on slides, size says nothing.
        if large * 3 > total {
            return Self::default();
        }
        let bold = lines().filter(|line| line.is_bold && line.size > body).map(|line| line.size);
        let mut sizes: Vec<u32> = all.keys().copied().filter(|size| *size as f32 >= surely).chain(bold).collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        sizes.dedup();
        Self { sizes, surely }
    }

    fn level(&self, line: &Line) -> Option<usize> {
        let has_words = line.text.chars().filter(|c| c.is_alphabetic()).count() > 1;
        let can_be = has_words && !line.is_leader && !line.is_cells && line.text.chars().count() <= LONGEST;
        let stands_out = can_be && (line.is_bold || line.size as f32 >= self.surely);
        self.sizes.iter().position(|size| *size == line.size).filter(|_| stands_out).map(|index| index.min(5) + 1)
    }

    /// A page's text with its headings marked. A heading of two lines is one, and so are lines that were broken at the margin.
    pub fn mark(&self, page: &[Line], words: &Words) -> String {
        let mut marked: Vec<String> = Vec::with_capacity(page.len());
        let mut above: Option<(&Line, Option<usize>)> = None;
        for line in page {
            let level = self.level(line);
            let goes_on = above.is_some_and(|(above, of_above)| match level {
                Some(_) => level == of_above,
                None => of_above.is_none() && goes_on(above, line),
            });
            match (level, marked.last_mut()) {
                (_, Some(last)) if goes_on => lines::glue(last, line.text.trim(), words),
                (Some(level), _) => marked.push(format!("{} {}", "#".repeat(level), line.text.trim())),
                (None, _) => marked.push(lines::not_a_heading(line.text.trim_end()).into_owned()),
            }
            above = Some((line, level));
        }
        marked.join("\n")
    }
}

/// Whether a paragraph goes on in the next line: where the margin is reached, or a word is broken.
fn goes_on(line: &Line, next: &Line) -> bool {
    let breaks_word = || {
        let mut end = line.text.chars().rev();
        let is_broken =
            matches!(end.next(), Some('-' | '\u{2010}' | '\u{ad}')) && end.next().is_some_and(char::is_alphabetic);
        is_broken && next.text.starts_with(char::is_lowercase)
    };
    let is_text = !line.is_cells && !next.is_cells && line.size == next.size;
    is_text && (line.is_full || breaks_word()) && lines::may_go_on(&line.text, &next.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, size: u32) -> Line {
        Line { text: text.to_owned(), size, ..Line::default() }
    }

    #[test]
    fn large_type_is_a_heading() {
        let body = "正文很长，说明规定。";
        let long = || std::iter::repeat_n(line(&"很长的正文。".repeat(20), 22), 5);
        let page = |lead: Line| -> Vec<Line> {
            let head = [line("第一章", 40), line("总则", 40), line("", 0), lead, line("12", 40)];
            head.into_iter().chain(long()).collect()
        };
        let mark = |page: &[Line]| Levels::of(std::slice::from_ref(&page.to_vec())).mark(&page[..5], &Words::default());
        assert_eq!(mark(&page(line(body, 22))), "# 第一章总则\n\n正文很长，说明规定。\n12");
        assert_eq!(mark(&page(line(body, 24))), "# 第一章总则\n\n正文很长，说明规定。\n12", "hardly larger");
        let bold = Line { is_bold: true, ..line(body, 24) };
        assert_eq!(mark(&page(bold)), "# 第一章总则\n\n## 正文很长，说明规定。\n12", "hardly larger, but bold");
        let leader = Line { is_leader: true, ..line(body, 30) };
        assert_eq!(mark(&page(leader)), "# 第一章总则\n\n正文很长，说明规定。\n12", "in a table of contents");
        let slides: Vec<Line> =
            page(line(body, 22)).into_iter().map(|line| Line { size: line.size.max(23), ..line }).take(6).collect();
        assert!(!Levels::of(&[slides[..3].to_vec()]).mark(&slides, &Words::default()).contains('#'), "slides");
    }
}
