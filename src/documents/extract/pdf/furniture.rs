//! Headers and footers that repeat on most pages: they would appear in the middle of sentences.

use std::collections::HashMap;

use super::layout::Line;

/// Pages on which a line must be, at least.
const FEW: usize = 4;

/// Removes them from the pages.
pub fn drop_furniture(pages: &mut [Vec<Line>]) {
    for place in [first, last] {
        // A running title with a number below it takes two rounds.
        for _ in 0..2 {
            let mut counts: HashMap<String, usize> = HashMap::new();
            for page in pages.iter() {
                if let Some(index) = place(page) {
                    *counts.entry(pattern(&page[index].text)).or_default() += 1;
                }
            }
            let repeated = counts.into_iter().find(|(_, count)| *count >= FEW && *count * 2 > pages.len());
            let Some((repeated, _)) = repeated else { break };
            for page in pages.iter_mut() {
                if let Some(index) = place(page).filter(|index| pattern(&page[*index].text) == repeated) {
                    page.remove(index);
                }
            }
        }
    }
}

/// A line without its numbers.
fn pattern(line: &str) -> String {
    line.split(|c: char| c.is_ascii_digit()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("#")
}

fn first(page: &[Line]) -> Option<usize> {
    page.iter().position(|line| !line.text.trim().is_empty())
}

fn last(page: &[Line]) -> Option<usize> {
    page.iter().rposition(|line| !line.text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(lines: &[&str]) -> Vec<Line> {
        lines.iter().map(|line| Line { text: (*line).to_owned(), ..Line::default() }).collect()
    }

    fn text(page: &[Line]) -> String {
        page.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn running_titles_and_page_numbers_are_dropped() {
        let number = |n: usize| format!("第 {n} 页");
        let body = |n: usize| format!("正文{}", "很长".repeat(n));
        let mut pages: Vec<_> = (1..=6).map(|n| page(&["员工手册", "", &body(n), &number(n * 5), ""])).collect();
        pages[0][0].text = "封面".into();
        drop_furniture(&mut pages);
        assert_eq!(text(&pages[0]), "封面正文很长");
        for (page, n) in pages.iter().zip(1..).skip(1) {
            assert_eq!(text(page), body(n));
        }
        let mut few: Vec<_> = (0..3).map(|_| page(&["同样的话", "正文"])).collect();
        drop_furniture(&mut few);
        assert!(few.iter().all(|page| page.len() == 2));
    }
}
