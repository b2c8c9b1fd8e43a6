//! The lines of a page in the order of reading.

use std::collections::HashMap;

use super::columns::{Columns, median};
use super::content::{Glyph, MIDDLE, Shown};
use super::pieces::{Part, pieces};
use super::rows::{FAR, Row};
use super::rules::Rule;
use super::{aligned, line_numbers, ruby, tables};
use crate::documents::extract::lines::{self, is_wide};

/// A line of text, and how it is set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    pub text: String,
    /// In half points.
    pub size: u32,
    /// From its beginning to its end.
    pub is_bold: bool,
    /// It leads to a number far away, as lines of a table of contents do.
    pub is_leader: bool,
    /// A row of a table.
    pub is_cells: bool,
    /// A number at the beginning or the end, far from all else.
    pub number: Option<i64>,
    /// The first word of the next line would not have fitted on it.
    pub is_full: bool,
}

/// Puts what a page shows into lines; an empty line stands where there is a gap.
pub fn lines(shown: Shown, columns: &mut Columns) -> Vec<Line> {
    let mut lines = Vec::new();
    for (angle, glyphs) in directions(upended(shown.glyphs)) {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        let rules: Vec<Rule> = shown.rules.iter().filter_map(|rule| rule.turned(angle)).collect();
        let (tables, glyphs) = tables::drawn(glyphs, &rules);
        let pieces = [ruby::without(line_numbers::without(pieces(&glyphs))), tables].concat();
        lines.extend(spaced(&aligned::tables(columns.in_order(pieces), &rules)));
    }
    lines
}

/// Turns characters that stand one below the other, as some programs draw Chinese and Japanese that runs downwards.
fn upended(mut glyphs: Vec<Glyph>) -> Vec<Glyph> {
    let is_below = |above: &Glyph, below: &Glyph| {
        let (right, down) = (below.x - above.x, above.y - below.y);
        let is_upright = above.angle == 0 && below.angle == 0 && is_wide(above.c) && is_wide(below.c);
        is_upright && right.abs() < 0.3 * above.size && (0.8 * above.size..1.5 * above.size).contains(&down)
    };
    let is_beside = |left: &Glyph, right: &Glyph| is_wide(left.c) && (left.y - right.y).abs() < 0.1 * left.size;
    let count = |is: &dyn Fn(&Glyph, &Glyph) -> bool| glyphs.windows(2).filter(|pair| is(&pair[0], &pair[1])).count();
    if count(&is_below) <= count(&is_beside) {
        return glyphs;
    }
    for glyph in glyphs.iter_mut().filter(|glyph| glyph.angle == 0 && is_wide(glyph.c)) {
        let (x, y) = (glyph.x + glyph.width / 2.0 - MIDDLE * glyph.size, glyph.y + 0.88 * glyph.size);
        *glyph = Glyph { x, y, angle: -90, width: glyph.size, ..*glyph };
    }
    glyphs
}

/// The characters by where their lines run to, most of them first, turned so that all run to the right.
fn directions(glyphs: Vec<Glyph>) -> Vec<(i16, Vec<Glyph>)> {
    let mut directions: HashMap<i16, Vec<Glyph>> = HashMap::new();
    for glyph in glyphs {
        // Scans are straightened by a few degrees.
        let quarter = (f32::from(glyph.angle) / 90.0).round() as i16 * 90;
        let angle = if (quarter - glyph.angle).abs() <= 5 { quarter } else { glyph.angle };
        directions.entry(angle.rem_euclid(360)).or_default().push(turned(glyph, angle));
    }
    let mut directions: Vec<(i16, Vec<Glyph>)> = directions.into_iter().collect();
    directions.sort_by_key(|(angle, glyphs)| (std::cmp::Reverse(glyphs.len()), *angle));
    directions
}

fn turned(glyph: Glyph, angle: i16) -> Glyph {
    let (x, y) = turned_point(glyph.x, glyph.y, angle);
    Glyph { x, y, ..glyph }
}

/// Where a point is when what runs at that angle is turned to run to the right.
pub fn turned_point(x: f32, y: f32, angle: i16) -> (f32, f32) {
    let (sin, cos) = match angle.rem_euclid(360) {
        0 => return (x, y),
        90 => (1.0, 0.0),
        180 => (0.0, -1.0),
        270 => (-1.0, 0.0),
        other => f32::from(other).to_radians().sin_cos(),
    };
    (x * cos + y * sin, y * cos - x * sin)
}

/// Rows as lines, with an empty one where more than usual lies between them.
fn spaced(rows: &[Row]) -> Vec<Line> {
    let pitch = |pair: &[Row]| (pair[0].y - pair[1].y) / pair[0].size.max(pair[1].size);
    let usual = median(rows.windows(2).map(pitch).filter(|pitch| (0.8..3.0).contains(pitch)));
    let goes_on = |above: &Row, below: &Row| {
        let is_in_table = above.pieces.iter().any(|piece| piece.part == Part::Row);
        let pitch = (above.y - below.y) / above.size.max(below.size);
        is_in_table || pitch <= (1.35 * usual).max(1.2)
    };
    let mut lines: Vec<Line> = Vec::with_capacity(rows.len());
    let mut at = 0;
    for block in rows.chunk_by(goes_on) {
        if at > 0 {
            lines.push(Line::default());
        }
        let margin = own_margin(block);
        let is_full = |(index, row): (usize, &Row)| {
            let next = rows.get(at + index + 1);
            next.is_some_and(|next| row.is_full_before(next) || margin.is_some_and(|end| row.would_overflow(next, end)))
        };
        let mut of_block: Vec<Line> =
            block.iter().enumerate().map(|row| Line { is_full: is_full(row), ..line(row.1) }).collect();
        if is_list(&of_block) {
            of_block.iter_mut().for_each(|line| line.is_full = false);
        }
        lines.append(&mut of_block);
        at += block.len();
    }
    lines
}

/// Where the lines of a paragraph end that is narrower than the text around it: most could not take another word, and go on within a
/// sentence.
fn own_margin(rows: &[Row]) -> Option<f32> {
    const FEWEST: usize = 3;
    /// Columns of a terminal below which lines are rather items of a list.
    const NARROWEST: f32 = 18.0;
    if median(rows.iter().map(|row| lines::width(&row.text()) as f32)) < NARROWEST {
        return None;
    }
    let x1 = rows.iter().map(Row::x1).fold(f32::NEG_INFINITY, f32::max);
    let full = rows.windows(2).filter(|pair| pair[0].would_overflow(&pair[1], x1)).count();
    let goes_on = |row: &&Row| row.pieces.first().is_some_and(|piece| piece.text.starts_with(char::is_lowercase));
    let go_on = rows.iter().skip(1).filter(goes_on).count();
    let breaks = rows.len().saturating_sub(1);
    (rows.len() >= FEWEST && full * 5 >= breaks * 4 && go_on * 2 >= breaks).then_some(x1)
}

/// Whether these lines are all about as long by chance, as opening hours or verses may be: each begins with a capital, and none says
/// that it goes on.
fn is_list(lines: &[Line]) -> bool {
    const FEWEST: usize = 4;
    let begins = |line: &Line| line.text.trim_start().starts_with(char::is_uppercase);
    let goes_on = |line: &Line| line.text.ends_with([',', ';', '-', '.', '\u{2010}', '\u{ad}']);
    lines.len() >= FEWEST && lines.iter().all(begins) && !lines[..lines.len() - 1].iter().any(goes_on)
}

fn line(row: &Row) -> Line {
    let (text, is_leader) = without_leaders(&row.text());
    let groups = row.groups(FAR);
    let number = [groups.first(), groups.last()].into_iter().flatten().find_map(|group| group.text().parse().ok());
    Line {
        text,
        size: (row.usual_size() * 2.0).round() as u32,
        is_bold: row.is_bold(),
        is_leader,
        is_cells: row.is_cells(),
        number: number.filter(|_| groups.len() > 1),
        is_full: false,
    }
}

/// Puts a wide gap in the place of dots that lead from a name to a number.
pub fn without_leaders(text: &str) -> (String, bool) {
    let (mut plain, mut is_leader) = (String::with_capacity(text.len()), false);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let dots = leader(rest);
        if dots > 0 {
            is_leader = true;
            plain.truncate(plain.trim_end().len());
            rest = rest[dots..].trim_start();
            if !rest.is_empty() {
                plain.push_str("   ");
            }
        } else {
            plain.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    (plain, is_leader)
}

/// Bytes of the dots at the beginning of a text, or of a line of strokes that leads to something. Three dots, and six in Chinese, are
/// an ellipsis.
fn leader(text: &str) -> usize {
    const FEWEST: usize = 4;
    let strokes = text.len() - text.trim_start_matches('_').trim_start_matches('-').len();
    if strokes > FEWEST && !text[strokes..].trim().is_empty() {
        return strokes;
    }
    let (mut dots, mut end) = (0, 0);
    for (index, c) in text.char_indices() {
        match c {
            '.' | '·' | '・' | '․' => dots += 1,
            '‥' | '…' => dots += 2,
            ' ' if dots > 0 => continue,
            _ => break,
        }
        end = index + c.len_utf8();
    }
    if dots > FEWEST || (dots == FEWEST && !text.starts_with('…')) { end } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Characters of a text from a place on, half as wide as they are high, ideographs as wide.
    fn set(x: f32, y: f32, size: f32, text: &str) -> Vec<Glyph> {
        let mut end = x;
        let glyph = |c| {
            let (x, width) = (end, if is_wide(c) { size } else { size / 2.0 });
            end += width;
            Glyph { c, x, y, width, size, ..Glyph::default() }
        };
        text.chars().map(glyph).collect()
    }

    fn shown(glyphs: Vec<Glyph>) -> Shown {
        Shown { glyphs, ..Shown::default() }
    }

    fn read(glyphs: Vec<Glyph>) -> String {
        lines(shown(glyphs), &mut Columns::default()).into_iter().map(|line| line.text).collect::<Vec<_>>().join("\n")
    }

    /// Lines one below the other.
    fn column(x: f32, y: f32, lines: &[&str]) -> Vec<Glyph> {
        lines.iter().zip(0_u8..).flat_map(|(line, index)| set(x, y - 12.0 * f32::from(index), 10.0, line)).collect()
    }

    const LEFT: [&str; 4] = [
        "Every member of the club",
        "may borrow two oars from",
        "the shed if he brings the",
        "key back on the same day.",
    ];
    const RIGHT: [&str; 4] = [
        "The board meets in March",
        "and whenever a third of",
        "all members ask for it in",
        "a letter to the treasurer.",
    ];

    #[test]
    fn columns_are_read_one_after_the_other() {
        let title = set(60.0, 740.0, 10.0, "The rules of the club for all members who use its boats");
        let foot = set(60.0, 600.0, 10.0, "These rules hold from the first of May until the end of the year");
        let page = [title, column(200.0, 700.0, &RIGHT), column(50.0, 700.0, &LEFT), foot].concat();
        let read = read(page);
        let order =
            ["rules of the club", LEFT[0], LEFT[3], RIGHT[0], RIGHT[3], "hold from"].map(|part| read.find(part));
        assert!(order.is_sorted() && order[0].is_some(), "{read}");
        assert!(read.contains(&LEFT.join("\n")) && read.contains(&RIGHT.join("\n")), "{read}");
    }

    #[test]
    fn columns_that_begin_at_different_heights_stay_whole() {
        let read = read([column(50.0, 694.0, &LEFT), column(200.0, 700.0, &RIGHT)].concat());
        assert_eq!(read, [LEFT.join("\n"), RIGHT.join("\n")].join("\n"));
    }

    #[test]
    fn rows_of_a_table_stay_lines() {
        let rows =
            [("Hotel in the old town", "120.00"), ("Train to the capital", "89.50"), ("Meals on three days", "61.20")];
        let page = rows.iter().zip(0_u8..).flat_map(|((name, amount), row)| {
            let y = 700.0 - 14.0 * f32::from(row);
            [set(50.0, y, 10.0, name), set(250.0, y, 10.0, amount)].concat()
        });
        let read = read(page.collect());
        assert_eq!(read, "Hotel in the old town | 120.00\nTrain to the capital | 89.50\nMeals on three days | 61.20");
    }

    #[test]
    fn spaces_are_gaps() {
        let apart = |gap: f32| read([set(50.0, 700.0, 10.0, "ab"), set(60.0 + gap, 700.0, 10.0, "cd")].concat());
        assert_eq!([0.5, 2.5, 8.0, 20.0].map(apart), ["abcd", "ab cd", "ab cd", "ab   cd"]);
        assert_eq!(read([set(50.0, 700.0, 10.0, "报销"), set(72.0, 700.0, 10.0, "规定")].concat()), "报销规定");
        let wide: Vec<Glyph> = (0..6_u8).flat_map(|n| set(50.0 + 7.0 * f32::from(n), 700.0, 10.0, "N")).collect();
        assert_eq!(read(wide), "NNNNNN", "letters that are set wide");
    }

    #[test]
    fn raised_digits_are_no_part_of_the_number() {
        let page = [set(50.0, 700.0, 10.0, "costs 120"), set(95.0, 704.0, 6.0, "2"), set(98.0, 700.0, 10.0, " euros")]
            .concat();
        assert_eq!(read(page), "costs 120² euros");
        assert_eq!(
            read([set(50.0, 700.0, 10.0, "H"), set(55.0, 698.0, 6.0, "2"), set(58.0, 700.0, 10.0, "O")].concat()),
            "H2O"
        );
    }

    #[test]
    fn what_is_drawn_twice_is_read_once() {
        let page = [set(50.0, 700.0, 10.0, "ball"), set(50.3, 700.0, 10.0, "ball")].concat();
        assert_eq!(read(page), "ball");
        let each = "ball".chars().zip(0_u8..).flat_map(|(c, n)| {
            let x = 50.0 + 5.0 * f32::from(n);
            [set(x, 700.0, 10.0, &c.to_string()), set(x + 0.3, 700.0, 10.0, &c.to_string())].concat()
        });
        let lines = lines(shown(each.collect()), &mut Columns::default());
        assert!(lines[0].text == "ball" && lines[0].is_bold, "{lines:?}");
    }

    #[test]
    fn lines_may_run_in_any_direction() {
        let turned = |glyph: Glyph| Glyph { x: glyph.y, y: 600.0 - glyph.x, angle: -90, ..glyph };
        let page = column(50.0, 700.0, &LEFT).into_iter().map(turned).collect();
        assert_eq!(read(page), LEFT.join("\n"));
        let down = |x: f32, text: &str| -> Vec<Glyph> {
            text.chars()
                .zip(0_u8..)
                .flat_map(|(c, n)| set(x, 700.0 - 10.0 * f32::from(n), 10.0, &c.to_string()))
                .collect()
        };
        assert_eq!(
            read([down(100.0, "员工应当在三天内"), down(82.0, "提交报销单据。")].concat()),
            "员工应当在三天内\n提交报销单据。"
        );
    }

    #[test]
    fn readings_above_ideographs_do_not_stand_between_the_words() {
        let page =
            [set(50.0, 700.0, 10.0, "员工应当"), set(70.0, 709.0, 5.0, "dēngjì"), set(90.0, 700.0, 10.0, "登记。")];
        let beside = [set(72.0, 709.0, 5.0, "yīng"), set(50.0, 700.0, 10.0, "员工应当")];
        assert_eq!((read(page.concat()), read(beside.concat())), ("员工应当登记。".into(), "员工应当".into()));
        // Not over ideographs, and not so small.
        assert!(read([set(50.0, 709.0, 5.0, "note"), set(50.0, 700.0, 10.0, "words")].concat()).contains("note"));
        assert!(read([set(50.0, 712.0, 8.0, "note"), set(50.0, 700.0, 10.0, "登记登记")].concat()).contains("note"));
    }

    #[test]
    fn numbers_of_lines_are_no_text() {
        let line = |n: u8| {
            let y = 700.0 - 12.0 * f32::from(n);
            [set(30.0, y, 5.0, &(n + 1).to_string()), set(50.0, y, 10.0, "Every member may borrow two oars")].concat()
        };
        let read = read((0..10).flat_map(line).collect());
        assert!(!read.contains(|c: char| c.is_ascii_digit()), "{read}");
    }

    #[test]
    fn columns_of_the_page_before_part_also_a_few_lines() {
        let mut columns = Columns::default();
        let first = [column(50.0, 700.0, &LEFT), column(200.0, 700.0, &RIGHT)].concat();
        let last = [column(50.0, 700.0, &LEFT[..2]), column(200.0, 700.0, &RIGHT[..1])].concat();
        let mut read =
            |glyphs| lines(shown(glyphs), &mut columns).into_iter().map(|line| line.text).collect::<Vec<_>>();
        assert_eq!(read(first).len(), 8);
        assert_eq!(read(last), [LEFT[0], LEFT[1], RIGHT[0]]);
    }

    #[test]
    fn remarks_beside_a_text_do_not_tear_it() {
        let text = (0..8).flat_map(|n| column(50.0, 700.0 - 48.0 * n as f32, &LEFT)).collect();
        let remarks =
            [set(190.0, 676.0, 7.0, "boats"), set(190.0, 604.0, 7.0, "oars"), set(190.0, 532.0, 7.0, "keys")].concat();
        let read = read([text, remarks].concat());
        assert!(
            read.starts_with(&LEFT.join("\n")) && read.ends_with("key back on the same day.\nboats\n\noars\n\nkeys"),
            "{read}"
        );
    }

    #[test]
    fn an_accent_joins_its_letter() {
        let page = [set(50.0, 700.0, 10.0, "G"), set(55.0, 700.0, 10.0, "¨"), set(55.0, 700.0, 10.0, "odel")].concat();
        assert_eq!(read(page), "Gödel");
    }

    #[test]
    fn dots_that_lead_to_a_number_are_a_gap() {
        for (text, plain) in [
            ("Espresso . . . . . . 2.10", "Espresso   2.10"),
            ("第一章…………………3", "第一章   3"),
            ("Tea ________ 4.00", "Tea   4.00"),
            ("Name: ________", "Name: ________"),
            ("and so on... then", "and so on... then"),
            ("他说……走吧", "他说……走吧"),
        ] {
            assert_eq!(without_leaders(text), (plain.to_owned(), plain != text), "{text}");
        }
    }

    #[test]
    fn a_gap_between_paragraphs_is_an_empty_line() {
        let page = [column(50.0, 700.0, &LEFT), column(50.0, 640.0, &RIGHT)].concat();
        assert_eq!(read(page), [LEFT.join("\n"), RIGHT.join("\n")].join("\n\n"));
    }
}
