//! Generated room names: two words and a number that are easy to read out and suitable for children.

use crate::text::Locale;

/// A name in a language. Names are not unique: the caller checks.
pub(super) fn invent(locale: Locale) -> String {
    let (adjectives, nouns): (&[&str], &[&str]) = match locale {
        Locale::English => (&ENGLISH_ADJECTIVES, &ENGLISH_NOUNS),
        Locale::SimplifiedChinese => (&SIMPLIFIED_ADJECTIVES, &SIMPLIFIED_NOUNS),
        Locale::TraditionalChinese => (&TRADITIONAL_ADJECTIVES, &TRADITIONAL_NOUNS),
    };
    let random = uuid::Uuid::new_v4().as_u128();
    let pick = |words: &[&'static str], bits: u32| words[(random >> bits) as u16 as usize % words.len()];
    format!("{}-{}-{}", pick(adjectives, 0), pick(nouns, 16), 10 + (random >> 32) as u16 % 90)
}

const ENGLISH_ADJECTIVES: [&str; 47] = [
    "amber", "autumn", "brave", "bright", "busy", "calm", "cheerful", "clever", "cosy", "crisp", "curious", "eager",
    "early", "fancy", "friendly", "gentle", "golden", "happy", "honest", "jolly", "kind", "light", "little", "lively",
    "lucky", "mellow", "merry", "misty", "neat", "noble", "playful", "polite", "proud", "quick", "quiet", "rosy",
    "royal", "shiny", "silver", "simple", "sunny", "swift", "tidy", "warm", "wise", "witty", "young",
];
const ENGLISH_NOUNS: [&str; 49] = [
    "acorn", "anchor", "apple", "badger", "beach", "berry", "bridge", "brook", "candle", "canyon", "castle", "cherry",
    "cloud", "comet", "coral", "daisy", "dolphin", "falcon", "feather", "fern", "forest", "fox", "garden", "harbor",
    "hazel", "island", "kite", "lake", "lantern", "lemon", "maple", "meadow", "moon", "otter", "owl", "panda",
    "pebble", "pine", "planet", "puffin", "river", "robin", "rocket", "sparrow", "star", "teapot", "tulip", "valley",
    "willow",
];
const SIMPLIFIED_ADJECTIVES: [&str; 24] = [
    "安静", "明亮", "快乐", "温暖", "勇敢", "聪明", "可爱", "友好", "金色", "银色", "晴朗", "清新", "轻快", "甜甜",
    "小小", "悠闲", "活泼", "幸运", "蓝色", "绿色", "早起", "认真", "热心", "圆圆",
];
const SIMPLIFIED_NOUNS: [&str; 24] = [
    "狐狸", "熊猫", "海豚", "松鼠", "小鹿", "白鹤", "星星", "月亮", "云朵", "彩虹", "灯塔", "花园", "森林", "小溪",
    "海湾", "山谷", "苹果", "樱桃", "柠檬", "竹子", "风筝", "茶壶", "书房", "小岛",
];
const TRADITIONAL_ADJECTIVES: [&str; 24] = [
    "安靜", "明亮", "快樂", "溫暖", "勇敢", "聰明", "可愛", "友好", "金色", "銀色", "晴朗", "清新", "輕快", "甜甜",
    "小小", "悠閒", "活潑", "幸運", "藍色", "綠色", "早起", "認真", "熱心", "圓圓",
];
const TRADITIONAL_NOUNS: [&str; 24] = [
    "狐狸", "熊貓", "海豚", "松鼠", "小鹿", "白鶴", "星星", "月亮", "雲朵", "彩虹", "燈塔", "花園", "森林", "小溪",
    "海灣", "山谷", "蘋果", "櫻桃", "檸檬", "竹子", "風箏", "茶壺", "書房", "小島",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RoomName;

    #[test]
    fn every_language_makes_valid_names() {
        for locale in Locale::ALL {
            for _ in 0..100 {
                let name = invent(locale);
                assert_eq!(RoomName::public(&name).map(|room| room.as_str().to_owned()), Ok(name));
            }
        }
    }
}
