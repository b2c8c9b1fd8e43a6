//! Texts that are as varied as real ones, the same in every run.

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
        let at = random.fraction() * self.sums.last().copied().unwrap_or(0.0);
        let index = self.sums.partition_point(|&sum| sum < at);
        self.words[index.min(self.words.len() - 1)]
    }

    /// Running text of about this many characters. Half of its words are among a few hundred of its own.
    pub fn text(&self, random: &mut Random, chars: usize) -> String {
        let own: Vec<&str> = (0..300).map(|_| self.word(random)).collect();
        let (mut text, mut length, mut in_sentence) = (String::new(), 0, 0);
        while length < chars {
            let word = if random.below(2) == 0 { own[random.below(own.len())] } else { self.word(random) };
            text.push_str(word);
            in_sentence += 1;
            let ends = in_sentence > 6 && random.below(8) == 0;
            text.push_str(match (ends, self.gap) {
                (false, gap) => gap,
                (true, "") => "。",
                (true, _) => ". ",
            });
            in_sentence = if ends { 0 } else { in_sentence };
            length += word.chars().count() + 1;
        }
        text
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
