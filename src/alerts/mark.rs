//! How bad it is, as one sign before what it is about.

/// A sign for how bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Bad,
    Doubtful,
    Good,
}

/// A colour with less difference than this between its strongest and its weakest part is grey.
const GREY: u8 = 0x40;

impl Mark {
    pub fn sign(self) -> &'static str {
        match self {
            Self::Bad => "🔴",
            Self::Doubtful => "🟡",
            Self::Good => "🟢",
        }
    }

    /// What a sender's word for a state or a severity means, if that is known.
    pub fn of_word(word: &str) -> Option<Self> {
        match word.trim().to_ascii_lowercase().as_str() {
            "critical" | "crit" | "danger" | "error" | "fatal" | "fail" | "failed" | "failure" | "firing"
            | "alerting" | "down" | "problem" | "emergency" | "emerg" | "disaster" | "high" | "page" | "attention"
            | "alarm" | "timed_out" | "unstable" | "broken" | "unhealthy" | "严重" | "嚴重" | "紧急" | "緊急"
            | "故障" | "错误" | "錯誤" | "失败" | "失敗" => Some(Self::Bad),
            "warning" | "warn" | "average" | "medium" | "pending" | "no_data" | "nodata" | "grace" | "degraded"
            | "insufficient_data" | "aborted" | "action_required" | "警告" => Some(Self::Doubtful),
            "good" | "ok" | "okay" | "success" | "successful" | "passed" | "resolved" | "up" | "recovery"
            | "recovered" | "normal" | "fixed" | "healthy" | "正常" | "恢复" | "恢復" | "已恢复" | "已恢復"
            | "成功" => Some(Self::Good),
            _ => None,
        }
    }

    /// What a colour means: one of Slack's words, or `#rrggbb` that is clearly red, yellow or green.
    pub fn of_colour(colour: &str) -> Option<Self> {
        let hexadecimal = colour.trim().trim_start_matches('#');
        match u32::from_str_radix(hexadecimal, 16) {
            Ok(number) if hexadecimal.len() == 6 => Self::of_rgb(number),
            _ => Self::of_word(colour),
        }
    }

    /// The same of a colour as a number.
    pub fn of_rgb(colour: u32) -> Option<Self> {
        let [_, red, green, blue] = colour.to_be_bytes();
        let (most, least) = (red.max(green).max(blue), red.min(green).min(blue));
        if most - least < GREY || blue == most {
            return None;
        }
        // How far between red (0) and yellow (1), or green and yellow.
        let towards_yellow = |weaker: u8| f32::from(weaker - least) / f32::from(most - least);
        if red == most {
            Some(if towards_yellow(green) < 0.4 { Self::Bad } else { Self::Doubtful })
        } else {
            Some(if towards_yellow(red) > 0.75 { Self::Doubtful } else { Self::Good })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_mean_what_their_hue_does() {
        for (colour, meant) in [
            ("danger", Some(Mark::Bad)),
            ("#D63232", Some(Mark::Bad)),
            ("dd0000", Some(Mark::Bad)),
            ("#f2c744", Some(Mark::Doubtful)),
            ("warning", Some(Mark::Doubtful)),
            ("#FF9830", Some(Mark::Doubtful)),
            ("#36a64f", Some(Mark::Good)),
            ("good", Some(Mark::Good)),
            ("#439FE0", None),
            ("#cccccc", None),
            ("#fff", None),
            ("", None),
        ] {
            assert_eq!(Mark::of_colour(colour), meant, "{colour}");
        }
    }
}
