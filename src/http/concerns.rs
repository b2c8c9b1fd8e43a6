//! What whoever looks after the server should see to, in words.

use super::App;
use crate::model::{Timestamp, whole_days};
use crate::text::Text;
use crate::tls::{ENDS_SOON_MS, Tls};

/// All there are now, the most urgent first.
pub fn all(app: &App) -> Vec<Text> {
    let of_tls = app.tls.as_deref().map(of_tls).unwrap_or_default();
    let proxy = app.unknown_proxy.address();
    let proxy = proxy.map(|address| Text::new("concern-proxy").with("address", address.to_string()));
    of_tls.into_iter().chain(proxy).collect()
}

fn of_tls(tls: &Tls) -> Vec<Text> {
    let (findings, now) = (tls.findings(), Timestamp::now());
    let left = tls.certificate().map(|certificate| certificate.not_after.since(now));
    let reason = || findings.problem.as_ref().map(|problem| problem.words.clone()).unwrap_or_default();
    let certificate = match left {
        None if findings.problem.is_some() => Some(Text::new("concern-certificate-missing").with("reason", reason())),
        None => Some(Text::new("concern-certificate-coming")),
        Some(0) => Some(Text::new("concern-certificate-over").with("reason", reason())),
        Some(left) if findings.problem.is_some() => {
            Some(Text::new("concern-certificate-stale").with("days", whole_days(left)).with("reason", reason()))
        }
        // Somebody else renews it, or should.
        Some(left) if findings.renews_at.is_none() && left < ENDS_SOON_MS => {
            Some(Text::new("concern-certificate-ends").with("days", whole_days(left)))
        }
        Some(_) => None,
    };
    let clock = findings.clock_ahead.map(|seconds| {
        let key = if seconds > 0 { "concern-clock-behind" } else { "concern-clock-ahead" };
        Text::new(key).with("minutes", (seconds.unsigned_abs() + 30) / 60)
    });
    certificate.into_iter().chain(clock).collect()
}
