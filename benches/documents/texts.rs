//! Texts that are as varied as real ones, the same in every run.
//!
//! How much they repeat themselves was set beside five million characters of Debian's `manpages-zh` and of LibreOffice's help in
//! Chinese: there 0.70 of a passage's terms are different ones, here 0.75; their index is a tenth smaller than that of these.

/// Words of one kind and how often they come.
pub struct Words {
    words: Vec<&'static str>,
    /// Sums of the frequencies up to each word.
    sums: Vec<f64>,
    /// Between two words.
    gap: &'static str,
}

/// The three kinds of text: English, simplified Chinese, Chinese of both scripts.
pub fn kinds() -> [Words; 3] {
    let is_han = |word: &str| word.chars().all(|c| matches!(c, '\u{4e00}'..='\u{9fff}'));
    let english = |piece: &'static str| {
        let word = piece.strip_prefix('\u{2581}')?;
        (word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_alphabetic())).then_some(word)
    };
    let simplified =
        |piece: &'static str| (is_han(piece) && chatbot::analysis::simplify(piece) == piece).then_some(piece);
    let either = |piece: &'static str| is_han(piece).then_some(piece);
    [Words::new(english, " "), Words::new(simplified, ""), Words::new(either, "")]
}

/// Characters of a section.
const SECTION: usize = 1000;

/// Words that a section has of its own.
const TOPIC: usize = 8;

impl Words {
    fn new(pick: impl Fn(&'static str) -> Option<&'static str>, gap: &'static str) -> Self {
        const VOCABULARY: &str = include_str!("../../models/e5-small-en-zh/vocabulary.tsv");
        let (mut words, mut sums, mut sum) = (Vec::new(), Vec::new(), 0.0);
        for (piece, score) in VOCABULARY.lines().filter_map(|line| line.split_once('\t')) {
            if let (Some(word), Ok(score)) = (pick(piece).filter(|word| !word.is_empty()), score.parse::<f64>()) {
                sum += score.exp();
                words.push(word);
                sums.push(sum);
            }
        }
        Self { words, sums, gap }
    }

    /// A word, by its frequency.
    pub fn word(&self, random: &mut Random) -> &'static str {
        self.words[self.index(random)]
    }

    fn index(&self, random: &mut Random) -> usize {
        let at = random.fraction() * self.sums.last().copied().unwrap_or(0.0);
        let index = self.sums.partition_point(|&sum| sum < at);
        index.min(self.words.len() - 1)
    }

    /// Running text of about this many characters. Most words follow their neighbour as they did before, and most of the
    /// others are among a few that are the section's own; in Chinese every third is English.
    pub fn text(&self, random: &mut Random, chars: usize, english: &Words) -> String {
        let own: Vec<usize> = (0..60).map(|_| self.index(random)).collect();
        let (mut topic, mut topic_ends) = (Vec::new(), 0);
        let (mut text, mut length, mut in_sentence) = (String::new(), 0, 0);
        let mut last = None;
        while length < chars {
            if length >= topic_ends {
                topic = (0..TOPIC).map(|_| own[random.below(own.len())]).collect();
                topic_ends = length + SECTION;
            }
            let word = if self.gap.is_empty() && random.below(3) == 0 {
                last = None;
                format!(" {} ", english.word(random))
            } else {
                let index = match last {
                    Some(last) if random.below(5) > 0 => self.after(last, random),
                    _ if random.below(10) > 0 => topic[random.below(topic.len())],
                    _ => self.index(random),
                };
                last = Some(index);
                self.words[index].to_owned()
            };
            text.push_str(&word);
            in_sentence += 1;
            let ends = in_sentence > 6 && random.below(8) == 0;
            text.push_str(match (ends, self.gap) {
                (false, gap) => gap,
                (true, "") => "。",
                (true, _) => ". ",
            });
            if ends {
                (in_sentence, last) = (0, None);
            }
            length += word.chars().count() + self.gap.len();
        }
        text
    }

    /// A word that follows this one: of four, the first ones more often.
    fn after(&self, index: usize, random: &mut Random) -> usize {
        let which = random.below(4).min(random.below(4));
        self.index(&mut Random((4 * index + which) as u64))
    }
}

/// SplitMix64: any spread will do, if it is the same every time.
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to 1.
    fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.fraction() * end as f64) as usize
    }
}
