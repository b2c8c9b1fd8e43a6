//! Text tables for terminals, in which Chinese characters are two columns wide.

use unicode_width::UnicodeWidthStr;

/// Aligns the cells of each column; columns are as wide as needed.
pub fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let rows: Vec<_> = rows.iter().map(|row| row.each_ref().map(|cell| on_one_line(cell))).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].width()).max().unwrap_or_default();
    let widths: [usize; N] = std::array::from_fn(width);
    let mut lines = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width + 2 - cell.width()));
        }
        lines.push_str(line.trim_end());
        lines.push('\n');
    }
    lines
}

/// User input must not contain terminal control characters.
fn on_one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_below_each_other_also_in_chinese() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned);
        let shown = table(&[
            row(["ID", "WHO", "COMMAND"]),
            row(["1", "王小明", "echo 你好"]),
            row(["22", "Ann", "a\n\u{1b}b"]),
        ]);
        let expected = "ID  WHO     COMMAND\n1   王小明  echo 你好\n22  Ann     a  b\n";
        assert_eq!(shown, expected);
    }
}
