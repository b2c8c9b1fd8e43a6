//! How people write dates and times where they live, as far as their time zone tells it.

use super::zone::Zone;

/// The order of day and month in a date such as `03/04/2026`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    DayFirst,
    MonthFirst,
}

/// Zones of the United States, and of what follows their custom.
const MONTH_FIRST: [&str; 28] = [
    "America/New_York",
    "America/Detroit",
    "America/Kentucky/Louisville",
    "America/Kentucky/Monticello",
    "America/Indiana/",
    "America/Indianapolis",
    "America/Fort_Wayne",
    "America/Louisville",
    "America/Chicago",
    "America/Menominee",
    "America/North_Dakota/",
    "America/Denver",
    "America/Boise",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "America/Juneau",
    "America/Sitka",
    "America/Metlakatla",
    "America/Yakutat",
    "America/Nome",
    "America/Adak",
    "America/Puerto_Rico",
    "Pacific/Honolulu",
    "Pacific/Guam",
    "Pacific/Pago_Pago",
    "Asia/Manila",
    "US/",
];

/// Zones where neither order can be presumed: of Canada, which has both, and of where the year comes first.
const UNKNOWN: [&str; 26] = [
    "America/Toronto",
    "America/Montreal",
    "America/Vancouver",
    "America/Edmonton",
    "America/Winnipeg",
    "America/Regina",
    "America/Halifax",
    "America/St_Johns",
    "America/Moncton",
    "America/Glace_Bay",
    "America/Goose_Bay",
    "America/Whitehorse",
    "America/Dawson",
    "America/Yellowknife",
    "America/Iqaluit",
    "Canada/",
    "Asia/Shanghai",
    "Asia/Urumqi",
    "Asia/Chongqing",
    "Asia/Harbin",
    "Asia/Taipei",
    "Asia/Tokyo",
    "Asia/Seoul",
    "Asia/Pyongyang",
    "Asia/Ulaanbaatar",
    "America/Belize",
];

/// Parts of the world where, but for the zones above, the day comes first.
const DAY_FIRST: [&str; 8] =
    ["Europe/", "Africa/", "America/", "Asia/", "Australia/", "Atlantic/", "Indian/", "Pacific/"];

/// The order of day and month there; `None` where it is not known.
pub(super) fn order(zone: &Zone) -> Option<Order> {
    let is_in = |names: &[&str]| names.iter().any(|name| zone.name().starts_with(name));
    match () {
        () if is_in(&MONTH_FIRST) => Some(Order::MonthFirst),
        () if is_in(&UNKNOWN) => None,
        () => is_in(&DAY_FIRST).then_some(Order::DayFirst),
    }
}

/// Whether hours are counted up to twelve there on digital clocks, too, so that `5:30` may be in the afternoon.
pub(super) fn is_twelve_hours(zone: &Zone) -> bool {
    const OTHERS: [&str; 5] = ["Canada/", "Australia/", "America/Toronto", "America/Vancouver", "Asia/Kolkata"];
    order(zone) == Some(Order::MonthFirst) || OTHERS.iter().any(|name| zone.name().starts_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_dates_is_known_by_the_zone() {
        for (name, expected) in [
            ("America/New_York", Some(Order::MonthFirst)),
            ("America/Indiana/Vincennes", Some(Order::MonthFirst)),
            ("Asia/Manila", Some(Order::MonthFirst)),
            ("Europe/London", Some(Order::DayFirst)),
            ("America/Sao_Paulo", Some(Order::DayFirst)),
            ("Asia/Hong_Kong", Some(Order::DayFirst)),
            ("America/Toronto", None),
            ("Asia/Shanghai", None),
            ("UTC", None),
        ] {
            assert_eq!(order(&Zone::named(name).expect("a zone")), expected, "{name}");
        }
    }
}
