//! Tables as text: questions with answers, or rows. The only module that uses `csv`.

use super::Extracted;
use super::lines::not_a_heading;
use super::problem::Problem;
use crate::model::DocumentKind;

/// Column titles for questions.
const QUESTION: [&str; 11] =
    ["question", "questions", "q", "frage", "fragen", "问题", "問題", "问", "問", "提问", "提問"];

/// Column titles for answers.
const ANSWER: [&str; 12] =
    ["answer", "answers", "a", "antwort", "antworten", "答案", "回答", "答", "答复", "答覆", "解答", "回复"];

/// What a question begins with that does not end with a mark.
const ASKING: [&str; 22] = [
    "how ", "what ", "when ", "where ", "who ", "which ", "why ", "can ", "do ", "does ", "is ", "are ", "wie ",
    "was ", "wann ", "wo ", "wer ", "welche", "warum ", "kann ", "gibt es ", "darf ",
];

/// What stands in a Chinese question.
const ASKING_CHINESE: [&str; 18] = [
    "吗", "嗎", "呢", "怎", "什么", "什麼", "哪", "谁", "誰", "几", "幾", "多少", "多久", "如何", "是否", "为何",
    "为什", "可否",
];

/// Characters of a question that become its heading; the rest goes to the answer.
const LONGEST_QUESTION: usize = 250;

/// Reads cells with that separator between them; a comma may also be a semicolon or a tab, as spreadsheets write it.
pub fn read(text: &str, separator: u8) -> Result<Extracted, Problem> {
    let (named, text) = named_separator(text);
    let separator = named.unwrap_or(if separator == b',' { separator_in(text) } else { separator });
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for row in reader.records() {
        rows.push(row.map_err(|_| Problem::Broken)?.iter().map(|cell| cell.trim().to_owned()).collect());
    }
    of_rows(rows)
}

/// Questions with answers if the rows are such, or else lines of text.
pub fn of_rows(mut rows: Vec<Vec<String>>) -> Result<Extracted, Problem> {
    rows.retain(|row| row.iter().any(|cell| !cell.is_empty()));
    let above = titles(&rows);
    let table = rows.split_off(above);
    let Some(first) = table.first() else { return Err(Problem::Empty) };
    let title = rows.first().and_then(|row| row.iter().find(|cell| !cell.is_empty()).cloned());
    let extracted = match named_columns(first).map(|columns| (&table[1..], columns)) {
        Some((rows, columns)) => questions(rows, columns),
        None => match asking_columns(&table) {
            Some(columns) => questions(&table, columns),
            None => Extracted { text: named_rows(&table), ..Extracted::default() },
        },
    };
    let text = [plain_rows(&rows), extracted.text].concat();
    Ok(Extracted { title, text, ..extracted })
}

/// The separator that Excel writes as a line of its own in front of the table, and the table.
fn named_separator(text: &str) -> (Option<u8>, &str) {
    let text = text.trim_start_matches('\u{feff}');
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let named = first.trim_end_matches('\r').trim_matches('"').to_ascii_lowercase();
    match named.strip_prefix("sep=").map(str::as_bytes) {
        Some([separator]) => (Some(*separator), rest),
        _ => (None, text),
    }
}

/// The separator that most of the first lines have, for a title above the table has none; then the one of which the first has most.
fn separator_in(text: &str) -> u8 {
    /// How many lines are looked at.
    const LINES: usize = 20;
    let count =
        |separator: u8| text.lines().take(LINES).filter(|line| line.bytes().any(|byte| byte == separator)).count();
    let of_first = |separator: u8| {
        let line = text.lines().next().unwrap_or_default();
        line.bytes().filter(|byte| *byte == separator).count()
    };
    // `max_by_key` returns the last of equal elements.
    let separators = [b'\t', b';', b','].into_iter();
    separators.max_by_key(|separator| (count(*separator), of_first(*separator))).unwrap_or(b',')
}

/// How many rows stand above the table: those with one cell, where the table has several columns.
fn titles(rows: &[Vec<String>]) -> usize {
    let cells = |row: &Vec<String>| row.iter().filter(|cell| !cell.is_empty()).count();
    let is_table = rows.iter().any(|row| cells(row) > 1);
    let above = rows.iter().take_while(|row| cells(row) == 1).count();
    if is_table { above } else { 0 }
}

/// The columns of questions and answers in a table of two columns, of which one is questions.
fn asking_columns(rows: &[Vec<String>]) -> Option<(usize, usize)> {
    let pairs: Vec<_> = rows.iter().filter_map(|row| <&[String; 2]>::try_from(row.as_slice()).ok()).collect();
    let asking = |column: usize| pairs.iter().filter(|pair| is_question(&pair[column])).count();
    let (first, second) = (asking(0), asking(1));
    let are_questions = pairs.len() == rows.len() && first.max(second) * 2 >= rows.len();
    are_questions.then_some(if first >= second { (0, 1) } else { (1, 0) })
}

fn is_question(cell: &str) -> bool {
    let text = cell.trim_end_matches(['"', '”', '」', ' ']).to_lowercase();
    text.ends_with(['?', '？'])
        || ASKING.iter().any(|word| text.starts_with(word))
        || (text.chars().count() <= LONGEST_QUESTION && ASKING_CHINESE.iter().any(|word| text.contains(word)))
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
        let asked = on_a_line(cell(question));
        if asked.is_empty() {
            // The question above goes over several rows.
            if !text.is_empty() {
                cell(answer).lines().for_each(|line| text.push_str(&format!("{}\n", not_a_heading(line))));
                text.push('\n');
            }
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

/// The rows of a table within a text as lines. Empty cells stay where they are.
pub fn lines_of(rows: &[Vec<String>]) -> String {
    let rows = rows.iter().filter(|row| row.iter().any(|cell| !cell.is_empty()));
    let lines = rows.map(|row| not_a_heading(row.join(" | ").trim_end()).into_owned());
    lines.collect::<Vec<_>>().join("\n")
}

/// Each row as a line that repeats the column titles, so that it is understandable on its own.
fn named_rows(rows: &[Vec<String>]) -> String {
    let Some((names, named)) = rows.split_first() else { return String::new() };
    if named.is_empty() {
        return plain_rows(rows);
    }
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate().filter(|(_, cell)| !cell.is_empty());
        let named = cells.map(|(column, cell)| match names.get(column).filter(|name| !name.is_empty()) {
            Some(name) => format!("{}: {}", on_a_line(name), on_a_line(cell)),
            None => on_a_line(cell),
        });
        not_a_heading(&named.collect::<Vec<_>>().join(" | ")).into_owned()
    };
    named.iter().map(line).collect::<Vec<_>>().join("\n\n")
}

/// Each row as a paragraph.
fn plain_rows(rows: &[Vec<String>]) -> String {
    let line = |row: &Vec<String>| {
        let cells: Vec<_> = row.iter().filter(|cell| !cell.is_empty()).map(|cell| on_a_line(cell)).collect();
        format!("{}\n\n", not_a_heading(&cells.join(" | ")))
    };
    rows.iter().map(line).collect()
}

fn on_a_line(cell: &str) -> String {
    cell.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_and_answers_are_found_by_the_names_of_their_columns() {
        let text = "编号,答案,问题\n1,\"三天，\n# 最多\",\"怎么\n报销？\"\n2,,\n3,或五天,\n";
        let extracted = read(text, b',').expect("a table");
        assert_eq!(
            (extracted.kind, extracted.text.as_str()),
            (DocumentKind::Faq, "## 怎么 报销？\n\n三天，\n # 最多\n\n\n或五天\n\n")
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
    fn which_column_is_a_question_is_asked_only_where_one_is() {
        let extracted = read("Ulm,118\nBonn,141", b',').expect("a table");
        assert_eq!((extracted.kind, extracted.text.as_str()), (DocumentKind::Text, "Ulm: Bonn | 118: 141"));
        let extracted = read("City,Area\nUlm,118", b',').expect("a table");
        assert_eq!((extracted.kind, extracted.text.as_str()), (DocumentKind::Text, "City: Ulm | Area: 118"));
        for text in ["Yes.,Is it open?\nAt nine.,When does it open?", "Is it open?,Yes.\nwhen does it open,At nine."] {
            assert_eq!(read(text, b',').expect("a table").kind, DocumentKind::Faq, "{text}");
            assert!(read(text, b',').expect("a table").text.starts_with("## Is it open?\n\nYes."), "{text}");
        }
        assert_eq!(read("几点开门,九点\n可以带狗吗,不可以", b',').expect("a table").kind, DocumentKind::Faq);
    }

    #[test]
    fn the_line_with_the_separator_and_titles_above_are_no_rows() {
        for text in
            ["sep=;\nQuestion;Answer\nHow?;So, easily", "\u{feff}\"SEP=|\"\r\nQuestion|Answer\r\nHow?|So, easily"]
        {
            assert_eq!(read(text, b',').expect("a table").text, "## How?\n\nSo, easily\n\n", "{text}");
        }
        let extracted =
            read("Price list 2026,,\n,valid from May,\nItem,Price,Unit\nRope,5,m\n", b',').expect("a table");
        assert_eq!(extracted.title.as_deref(), Some("Price list 2026"));
        assert_eq!(extracted.text, "Price list 2026\n\nvalid from May\n\nItem: Rope | Price: 5 | Unit: m");
        let extracted = read("Price list\nItem;Price\nRope;5,20\n", b',').expect("a table");
        assert_eq!(extracted.text, "Price list\n\nItem: Rope | Price: 5,20");
    }

    #[test]
    fn other_tables_become_lines_that_say_what_is_in_them() {
        let extracted = read("City,Area,Mayor\n\"Ulm\",118,\nBonn,141,Ann", b',').expect("a table");
        let expected = "City: Ulm | Area: 118\n\nCity: Bonn | Area: 141 | Mayor: Ann";
        assert_eq!((extracted.kind, extracted.text.as_str()), (DocumentKind::Text, expected));
        assert_eq!(read("\n , \n", b',').map(|_| ()), Err(Problem::Empty));
    }
}
