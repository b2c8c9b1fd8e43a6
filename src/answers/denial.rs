//! Whether a model's answer says that the documents do not answer the question.

use super::sentences::{is_cited, sentences};

/// What does not answer, or in which there is no answer.
const DOCUMENTS: [&str; 9] =
    ["document", "passage", "text", "source", "excerpt", "material", "handbook", "manual", "information"];

/// What they do not do.
const VERBS: [&str; 20] = [
    "answer", "state", "say", "contain", "mention", "specif", "provide", "include", "cover", "give", "address",
    "describe", "list", "explain", "tell", "discuss", "refer", "indicate", "found", "define",
];

const DOCUMENTS_IN_CHINESE: [&str; 16] = [
    "文档",
    "文件",
    "段落",
    "资料",
    "資料",
    "上下文",
    "内容",
    "內容",
    "原文",
    "文中",
    "文本",
    "来源",
    "來源",
    "材料",
    "手册",
    "手冊",
];

const SAY_NOTHING_IN_CHINESE: [&str; 22] = [
    "没有答案",
    "沒有答案",
    "没有提",
    "沒有提",
    "未提",
    "没有说",
    "沒有說",
    "未说",
    "未說",
    "没有回答",
    "沒有回答",
    "未回答",
    "没有包含",
    "沒有包含",
    "未包含",
    "不包含",
    "没有给出",
    "沒有給出",
    "未给出",
    "未給出",
    "没有涉及",
    "沒有涉及",
];

/// What says it without naming the documents.
const UNANSWERED: [&str; 29] = [
    "not stated",
    "not answered",
    "cannot be answered",
    "can't be answered",
    "cannot answer",
    "can't answer",
    "unable to answer",
    "unable to find",
    "could not find",
    "couldn't find",
    "i do not know",
    "i don't know",
    "no information",
    "no mention",
    "无法回答",
    "無法回答",
    "不知道",
    "找不到",
    "未找到",
    "没有找到",
    "沒有找到",
    "无法确定",
    "無法確定",
    "无从得知",
    "無從得知",
    "没有相关",
    "沒有相關",
    "无相关",
    "無相關",
];

/// Words behind which an answer follows after all.
const BUT: [&str; 12] =
    [" but ", "however", "although", " only ", "except", "instead", "但", "不过", "不過", "然而", "只有", "仅"];

/// Whether the answer is that there is none. It is not where anything in it rests on a passage but the statement itself.
pub fn denies(answer: &str) -> bool {
    let mut sentences = sentences(answer).into_iter().map(|range| &answer[range]);
    let Some(first) = sentences.next() else { return false };
    is_denial(first) && sentences.all(|sentence| !is_cited(sentence) || is_denial(sentence))
}

fn is_denial(sentence: &str) -> bool {
    let sentence = sentence.to_lowercase().replace('’', "'");
    let has = |words: &[&str]| words.iter().any(|word| sentence.contains(word));
    let in_chinese = has(&DOCUMENTS_IN_CHINESE) && has(&SAY_NOTHING_IN_CHINESE);
    // What rests on a passage may say so of something else: "If you are unable to find your number, call us [1]."
    let is_unanswered = has(&UNANSWERED) && !is_cited(&sentence);
    let says_nothing = is_unanswered || in_chinese || documents_say_nothing(&sentence);
    says_nothing && !(is_cited(&sentence) && has(&BUT))
}

/// "The documents do not mention it", or "It is not mentioned in the documents".
fn documents_say_nothing(sentence: &str) -> bool {
    let names = |part: &str| DOCUMENTS.iter().any(|word| part.contains(word));
    let negated = |not: &str, documents_are_before: bool| {
        sentence.match_indices(not).any(|(at, _)| {
            let (before, after) = (&sentence[..at], &sentence[at + not.len()..]);
            // An adverb may stand between them.
            let mut words = after.split_whitespace().take(2);
            let is_said = words.any(|word| VERBS.iter().any(|verb| word.starts_with(verb)));
            is_said && names(if documents_are_before { before } else { after })
        })
    };
    ["do not ", "does not ", "don't ", "doesn't "].iter().any(|not| negated(not, true))
        || ["is not ", "are not ", "isn't ", "aren't ", "was not ", "were not "].iter().any(|not| negated(not, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_there_is_none_is_told_from_answers() {
        for text in [
            "Not stated.",
            "The documents do not answer this.",
            "The passages don’t mention a price [1].",
            "The documents do not state the price. You may ask in the shop.",
            "There is no information about batteries in the provided passages.",
            "The price is not explicitly mentioned in the documents.",
            "I couldn't find that in the documents.",
            "文档中没有答案。",
            "根据所给段落，没有提到电池。",
            "文件中沒有提到電池。",
            "無法回答這個問題。",
        ] {
            assert!(denies(text), "{text}");
        }
        for text in [
            "",
            "Three years [1].",
            "The warranty is three years [1]. The documents do not mention batteries.",
            "The documents do not mention batteries, but the ribs are under warranty [1].",
            "The documents do not give a date. They do say that it is in May [2].",
            "No, umbrellas are not included [1].",
            "The manual is not included [1].",
            "The shop does not provide umbrellas [1].",
            "保修三年 [1]。",
            "If you are unable to find your booking number, call 0800 123 [1].",
            "找不到密码时，请点击重置 [1]。",
        ] {
            assert!(!denies(text), "{text}");
        }
    }
}
