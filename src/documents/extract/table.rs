//! Tables as text: questions with answers, or rows. The only module that uses `csv`.

use super::Extracted;
use super::lines::not_a_heading;
use super::problem::Problem;
use crate::model::DocumentKind;

/// Column titles for questions.
const QUESTION: [&str; 9] = ["question", "questions", "q", "问题", "問題", "问", "問", "提问", "提問"];

/// Column titles for answers.
const ANSWER: [&str; 10] = ["answer", "answers", "a", "答案", "回答", "答", "答复", "答覆", "解答", "回复"];

/// Characters of a question that become its heading; the rest goes to the answer.
const LONGEST_QUESTION: usize = 250;

/// Reads cells with that separator between them; a comma may also be a semicolon or a tab, as spreadsheets write it.
pub fn read(text: &str, separator: u8) -> Result<Extracted, Problem> {
    let separator = if separator == b',' { separator_in(text) } else { separator };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for row in reader.records() {
        let row: Vec<String> = row.map_err(|_| Problem::Broken)?.iter().map(|cell| cell.trim().to_owned()).collect();
        if row.iter().any(|cell| !cell.is_empty()) {
            rows.push(row);
        }
    }
    let Some(first) = rows.first() else { return Err(Problem::Empty) };
    match named_columns(first) {
        Some(columns) => Ok(questions(&rows[1..], columns)),
        None if rows.iter().all(|row| row.len() == 2) => Ok(questions(&rows, (0, 1))),
        None => Ok(Extracted { text: plain_rows(&rows), ..Extracted::default() }),
    }
}

/// The separator that the first line has most of.
fn separator_in(text: &str) -> u8 {
    let line = text.lines().next().unwrap_or_default();
    let count = |separator: u8| line.bytes().filter(|byte| *byte == separator).count();
    // `max_by_key` returns the last of equal elements.
    [b'\t', b';', b','].into_iter().max_by_key(|separator| count(*separator)).unwrap_or(b',')
}

/// The columns of questions and answers, where the first row names them.
fn named_columns(first: &[String]) -> Option<(usize, usize)> {
    let position = |names: &[&str]| first.iter().position(|cell| names.contains(&cell.to_lowercase().as_str()));
    Some((position(&QUESTION)?, position(&ANSWER)?))
}

fn questions(rows: &[Vec<String>], (question, answer): (usize, usize)) -> Extracted {
    let mut text = String::new();
    for row in rows {
        let cell = |column: usize| row.get(column).map(String::as_str).unwrap_or_default();
        let asked = cell(question).split_whitespace().collect::<Vec<_>>().join(" ");
        if asked.is_empty() {
            continue;
        }
        let cut = asked.char_indices().nth(LONGEST_QUESTION).map_or(asked.len(), |(index, _)| index);
        let (heading, rest) = asked.split_at(cut);
        text.push_str(&format!("## {heading}\n\n"));
        for line in rest.lines().chain(cell(answer).lines()) {
            text.push_str(&not_a_heading(line));
            text.push('\n');
        }
        text.push('\n');
    }
    Extracted { kind: DocumentKind::Faq, text, ..Extracted::default() }
}

/// Each row as a line that repeats the column titles, so that it is understandable on its own.
fn plain_rows(rows: &[Vec<String>]) -> String {
    let Some((names, rows)) = rows.split_first() else { return String::new() };
    if rows.is_empty() {
        return names.join(" | ");
    }
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate().filter(|(_, cell)| !cell.is_empty());
        let named = cells.map(|(column, cell)| match names.get(column).filter(|name| !name.is_empty()) {
            Some(name) => format!("{name}: {}", cell.replace('\n', " ")),
            None => cell.replace('\n', " "),
        });
        not_a_heading(&named.collect::<Vec<_>>().join(" | ")).into_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_and_answers_are_found_by_the_names_of_their_columns() {
        let text = "编号,答案,问题\n1,\"三天，\n# 最多\",\"怎么\n报销？\"\n2,,\n";
        let extracted = read(text, b',').expect("a table");
        assert_eq!(
            (extracted.kind, extracted.text.as_str()),
            (DocumentKind::Faq, "## 怎么 报销？\n\n三天，\n # 最多\n\n")
        );
        for text in ["Question;Answer\nHow?;So, easily", "question\tANSWER\nHow?\tSo, easily"] {
            assert_eq!(read(text, b',').expect("a table").text, "## How?\n\nSo, easily\n\n", "{text}");
        }
    }

    #[test]
    fn two_columns_are_questions_and_answers_without_names() {
        let extracted = read("How?,So\nWhen?,Soon", b',').expect("a table");
        assert_eq!(
            (extracted.kind, extracted.text.as_str()),
            (DocumentKind::Faq, "## How?\n\nSo\n\n## When?\n\nSoon\n\n")
        );
    }

    #[test]
    fn other_tables_become_lines_that_say_what_is_in_them() {
        let extracted = read("City,Area,Mayor\n\"Ulm\",118,\nBonn,141,Ann", b',').expect("a table");
        let expected = "City: Ulm | Area: 118\n\nCity: Bonn | Area: 141 | Mayor: Ann";
        assert_eq!((extracted.kind, extracted.text.as_str()), (DocumentKind::Text, expected));
        assert_eq!(read("\n , \n", b',').map(|_| ()), Err(Problem::Empty));
    }
}
