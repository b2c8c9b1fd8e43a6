//! The lines of a page in the order of reading.

use std::collections::HashMap;

use super::columns::{in_order, median};
use super::content::{Glyph, MIDDLE};
use super::pieces::{Row, pieces};
use crate::documents::extract::lines::is_wide;

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
    /// The first word of the next line would not have fitted on it.
    pub is_full: bool,
}

/// Puts characters into lines; an empty line stands where there is a gap.
pub fn lines(glyphs: Vec<Glyph>) -> Vec<Line> {
    let mut lines = Vec::new();
    for direction in directions(upended(glyphs)) {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.extend(spaced(&in_order(pieces(&direction))));
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
fn directions(glyphs: Vec<Glyph>) -> Vec<Vec<Glyph>> {
    let mut directions: HashMap<i16, Vec<Glyph>> = HashMap::new();
    for glyph in glyphs {
        // Scans are straightened by a few degrees.
        let quarter = (f32::from(glyph.angle) / 90.0).round() as i16 * 90;
        let angle = if (quarter - glyph.angle).abs() <= 5 { quarter } else { glyph.angle };
        directions.entry(angle.rem_euclid(360)).or_default().push(turned(glyph, angle));
    }
    let mut directions: Vec<(i16, Vec<Glyph>)> = directions.into_iter().collect();
    directions.sort_by_key(|(angle, glyphs)| (std::cmp::Reverse(glyphs.len()), *angle));
    directions.into_iter().map(|(_, glyphs)| glyphs).collect()
}

fn turned(glyph: Glyph, angle: i16) -> Glyph {
    let (sin, cos) = match angle.rem_euclid(360) {
        0 => return glyph,
        90 => (1.0, 0.0),
        180 => (0.0, -1.0),
        270 => (-1.0, 0.0),
        other => f32::from(other).to_radians().sin_cos(),
    };
    Glyph { x: glyph.x * cos + glyph.y * sin, y: glyph.y * cos - glyph.x * sin, ..glyph }
}

/// Rows as lines, with an empty one where more than usual lies between them.
fn spaced(rows: &[Row]) -> Vec<Line> {
    let pitch = |pair: &[Row]| (pair[0].y - pair[1].y) / pair[0].size.max(pair[1].size);
    let usual = median(rows.windows(2).map(pitch).filter(|pitch| (0.8..3.0).contains(pitch)));
    let mut lines: Vec<Line> = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let above = index.checked_sub(1).map(|above| pitch(&rows[above..=index]));
        if above.is_some_and(|pitch| pitch > (1.35 * usual).max(1.2)) {
            lines.push(Line::default());
        }
        lines.push(Line { is_full: rows.get(index + 1).is_some_and(|next| row.is_full_before(next)), ..line(row) });
    }
    lines
}

fn line(row: &Row) -> Line {
    let (text, is_leader) = without_leaders(&row.text());
    Line { text, size: (row.usual_size() * 2.0).round() as u32, is_bold: row.is_bold(), is_leader, is_full: false }
}

/// Puts a wide gap in the place of dots that lead from a name to a number.
fn without_leaders(text: &str) -> (String, bool) {
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

/// Bytes of the dots at the beginning of a text. Three dots, and six in Chinese, are an ellipsis.
fn leader(text: &str) -> usize {
    const FEWEST: usize = 4;
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
            Glyph { c, x, y, angle: 0, width, size, is_bold: false }
        };
        text.chars().map(glyph).collect()
    }

    fn read(glyphs: Vec<Glyph>) -> String {
        lines(glyphs).into_iter().map(|line| line.text).collect::<Vec<_>>().join("\n")
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
        assert_eq!(read, "Hotel in the old town   120.00\nTrain to the capital   89.50\nMeals on three days   61.20");
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
        let lines = lines(each.collect());
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
    fn an_accent_joins_its_letter() {
        let page = [set(50.0, 700.0, 10.0, "G"), set(55.0, 700.0, 10.0, "¨"), set(55.0, 700.0, 10.0, "odel")].concat();
        assert_eq!(read(page), "Gödel");
    }

    #[test]
    fn dots_that_lead_to_a_number_are_a_gap() {
        for (text, plain) in [
            ("Espresso . . . . . . 2.10", "Espresso   2.10"),
            ("第一章…………………3", "第一章   3"),
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
