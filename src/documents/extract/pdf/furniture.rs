//! Headers and footers that repeat on most pages: they would appear in the middle of sentences.

use std::collections::{HashMap, HashSet};

use super::layout::Line;

/// Pages on which a line must be, at least.
const FEW: usize = 4;

/// Removes them from the pages.
pub fn drop_furniture(pages: &mut [Vec<Line>]) {
    for place in [first as Place, last] {
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
            drop(pages, place, |_, line| pattern(&line.text) == repeated);
        }
    }
    drop_numbers(pages);
}

/// Removes numbers that count the pages, above or below: however few these are where the number is all, and else what stands beside it.
fn drop_numbers(pages: &mut [Vec<Line>]) {
    for (number, few) in [(page_number as fn(&Line) -> Option<i64>, 2), (|line| line.number.or(page_number(line)), FEW)]
    {
        let mut counts: HashMap<i64, usize> = HashMap::new();
        for (at, page) in (0..).zip(pages.iter()) {
            let places = [first(page), last(page)].into_iter().flatten();
            let ahead: HashSet<i64> = places.filter_map(|index| Some(number(&page[index])? - at)).collect();
            ahead.into_iter().for_each(|ahead| *counts.entry(ahead).or_default() += 1);
        }
        let Some((ahead, _)) = counts.into_iter().find(|(_, count)| *count >= few && *count * 2 > pages.len()) else {
            continue;
        };
        for place in [first as Place, last] {
            drop(pages, place, |at, line| number(line) == Some(at + ahead));
        }
    }
}

fn drop(pages: &mut [Vec<Line>], place: Place, is: impl Fn(i64, &Line) -> bool) {
    for (at, page) in (0..).zip(pages.iter_mut()) {
        if let Some(index) = place(page).filter(|index| is(at, &page[*index])) {
            page.remove(index);
        }
    }
}

/// The number of a page, where a line says nothing else.
fn page_number(line: &Line) -> Option<i64> {
    let line = line.text.as_str();
    const LONGEST: usize = 24;
    const WORDS: [&str; 9] = ["page", "of", "p", "seite", "von", "第", "页", "頁", "共"];
    let is_word = |part: &str| part.is_empty() || WORDS.contains(&part.to_lowercase().as_str());
    let mut words = line
        .split(|c: char| !c.is_alphabetic())
        .flat_map(|part| if part.is_ascii() { vec![part] } else { part.split("").collect() });
    let plain = line.len() <= LONGEST && words.all(is_word);
    let digits = line.split(|c: char| !c.is_ascii_digit()).find(|part| !part.is_empty())?;
    digits.parse().ok().filter(|_| plain)
}

/// Where on a page a line is looked for.
type Place = fn(&[Line]) -> Option<usize>;

/// A line without its numbers.
fn pattern(line: &str) -> String {
    line.split(|c: char| c.is_ascii_digit()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("#")
}

fn first(page: &[Line]) -> Option<usize> {
    page.iter().position(|line| !line.text.trim().is_empty()).filter(|index| !page[*index].is_cells)
}

fn last(page: &[Line]) -> Option<usize> {
    page.iter().rposition(|line| !line.text.trim().is_empty()).filter(|index| !page[*index].is_cells)
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

    #[test]
    fn numbers_of_pages_are_dropped_also_from_a_few() {
        let mut pages: Vec<_> = (3..=4).map(|n| page(&["The text goes", &format!("– {n} –")])).collect();
        drop_furniture(&mut pages);
        assert!(pages.iter().all(|page| text(page) == "The text goes"), "{pages:?}");
        for (line, number) in
            [("12", Some(12)), ("Page 2 of 9", Some(2)), ("第 3 页", Some(3)), ("Rule 3", None), ("", None)]
        {
            assert_eq!(page_number(&page(&[line])[0]), number, "{line}");
        }
        let heads = |n: i64| Line { text: format!("{n} Boats"), number: Some(n), ..Line::default() };
        let mut pages: Vec<_> =
            (7..=11).map(|n| [vec![heads(n)], page(&[&"text ".repeat(n as usize)])].concat()).collect();
        drop_furniture(&mut pages);
        assert!(pages.iter().all(|page| text(page).starts_with("text")), "{pages:?}");
        let mut rules: Vec<_> = (1..=2).map(|n| page(&[&format!("Rule {n}"), "text"])).collect();
        drop_furniture(&mut rules);
        assert!(rules.iter().all(|page| page.len() == 2));
    }
}
