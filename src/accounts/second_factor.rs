//! The second factor: codes of an authenticator app (RFC 6238), and recovery codes for when that is lost.

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use totp_rs::{Builder, Secret, Totp};

use super::keys::{digest, random_bytes};
use crate::model::{Handle, SecondFactor, Timestamp};
use crate::text::Text;

/// Recovery codes that there are at a time.
const RECOVERY_CODES: usize = 10;

/// What an authenticator app is set up with.
#[derive(Clone, Debug)]
pub struct Enrollment {
    /// In Base32, to be typed.
    pub secret: String,
    /// The same as an `otpauth` URL, to be scanned.
    pub url: String,
}

impl Enrollment {
    /// A new one. `issuer` is how the app calls this server.
    pub fn new(name: &Handle, issuer: &str) -> Result<Self, Text> {
        let secret = random_bytes::<20>();
        // A colon divides the issuer from the name.
        let without_colon = |text: &str| text.replace(':', " ");
        let builder = Builder::new().with_secret(Secret::from(secret));
        let named =
            builder.with_issuer(Some(without_colon(issuer))).with_account_name(without_colon(&name.to_string()));
        let url = named.build().and_then(|totp| totp.to_url()).map_err(|error| {
            tracing::error!(%error, "cannot set up a second factor");
            Text::new("error-store_failed")
        })?;
        Ok(Self { secret: BASE32_NOPAD.encode(&secret), url })
    }
}

/// The second factor of whoever shows that their app has the secret, and its recovery codes, which cannot be read later.
pub fn confirmed(secret: &str, code: &str, now: Timestamp) -> Result<(SecondFactor, Vec<String>), Text> {
    let totp = totp(secret).ok_or_else(|| Text::new("error-bad_code"))?;
    let last_step = totp.check(&plain(code), seconds(now)).ok_or_else(|| Text::new("error-bad_code"))?;
    let codes = new_recovery_codes();
    let recovery_codes = codes.iter().map(|code| digest_of(code)).collect();
    Ok((SecondFactor { secret: secret.to_owned(), last_step, recovery_codes, created_at: now }, codes))
}

/// Takes a code of the app, or a recovery code. Each works once.
pub fn take(factor: &mut SecondFactor, code: &str, now: Timestamp) -> Result<(), Text> {
    let code = plain(code);
    let step = totp(&factor.secret).and_then(|totp| totp.check(&code, seconds(now)));
    if let Some(step) = step.filter(|step| *step > factor.last_step) {
        factor.last_step = step;
        return Ok(());
    }
    let digest = digest_of(&code);
    let before = factor.recovery_codes.len();
    factor.recovery_codes.retain(|kept| *kept != digest);
    if factor.recovery_codes.len() < before { Ok(()) } else { Err(Text::new("error-bad_code")) }
}

/// Replaces the recovery codes.
pub fn renew_recovery_codes(factor: &mut SecondFactor, codes: &[String]) {
    factor.recovery_codes = codes.iter().map(|code| digest_of(code)).collect();
}

/// Codes of 80 random bits, in groups that can be read and typed.
pub fn new_recovery_codes() -> Vec<String> {
    let code = |_| {
        let text = BASE32_NOPAD.encode(&random_bytes::<10>()).to_lowercase();
        let groups: Vec<_> = text.as_bytes().chunks(4).map(String::from_utf8_lossy).collect();
        groups.join("-")
    };
    (0..RECOVERY_CODES).map(code).collect()
}

/// A code without what people and apps put between its parts.
fn plain(code: &str) -> String {
    code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect::<String>().to_lowercase()
}

fn digest_of(code: &str) -> String {
    HEXLOWER.encode(&digest(&plain(code)))
}

fn totp(secret: &str) -> Option<Totp> {
    let bytes = BASE32_NOPAD.decode(secret.as_bytes()).ok()?;
    Builder::new().with_secret(Secret::from(bytes)).build().ok()
}

fn seconds(now: Timestamp) -> u64 {
    u64::try_from(now.0 / 1000).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    /// What an app shows at that time.
    fn code_at(secret: &str, now: Timestamp) -> String {
        totp(secret).expect("a secret").generate(seconds(now)).to_string()
    }

    fn later(seconds: i64) -> Timestamp {
        Timestamp(NOW.0 + seconds * 1000)
    }

    fn enrolled() -> (SecondFactor, Vec<String>) {
        let secret = Enrollment::new(&Handle::new("Ann").expect("a name"), "chat.example").expect("random").secret;
        confirmed(&secret, &code_at(&secret, NOW), NOW).expect("the app's code")
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // Appendix B, the last six of its eight digits.
        let secret = BASE32_NOPAD.encode(b"12345678901234567890");
        for (at, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(code_at(&secret, Timestamp(at * 1000)), code);
        }
    }

    #[test]
    fn each_code_works_once_and_none_that_is_older() {
        let (mut factor, _) = enrolled();
        let secret = factor.secret.clone();
        assert!(take(&mut factor, &code_at(&secret, NOW), NOW).is_err(), "it was used to set up");
        let code = code_at(&secret, later(60));
        let spaced = format!("{} {}", &code[..3], &code[3..]);
        assert_eq!(take(&mut factor, &spaced, later(60)), Ok(()));
        assert!(take(&mut factor, &code, later(60)).is_err());
        assert!(take(&mut factor, &code_at(&secret, later(30)), later(60)).is_err());
        assert!(take(&mut factor, &code_at(&secret, later(300)), later(90)).is_err(), "of another time");
    }

    #[test]
    fn each_recovery_code_works_once_however_it_is_typed() {
        let (mut factor, codes) = enrolled();
        assert_eq!(codes.len(), RECOVERY_CODES);
        let typed = codes[0].to_uppercase().replace('-', " ");
        assert_eq!(take(&mut factor, &typed, NOW), Ok(()));
        assert!(take(&mut factor, &codes[0], NOW).is_err());
        assert_eq!(take(&mut factor, &codes[1], NOW), Ok(()));
        assert!(take(&mut factor, "", NOW).is_err());
        assert_eq!(factor.recovery_codes.len(), RECOVERY_CODES - 2);
        assert!(
            !serde_json::to_string(&factor).expect("a record").contains(&plain(&codes[2])),
            "only digests are kept"
        );
    }

    #[test]
    fn an_app_is_set_up_with_the_servers_and_the_persons_name() {
        let enrollment = Enrollment::new(&Handle::new("Ann").expect("a name"), "chat.example:8000").expect("random");
        assert!(enrollment.url.starts_with("otpauth://totp/"), "{}", enrollment.url);
        assert!(
            enrollment.url.contains("issuer=chat.example%208000")
                || enrollment.url.contains("issuer=chat.example+8000"),
            "{}",
            enrollment.url
        );
        assert!(enrollment.url.contains(&format!("secret={}", enrollment.secret)), "{}", enrollment.url);
        assert!(confirmed(&enrollment.secret, "000000", NOW).is_err());
        assert!(confirmed("not Base32!", "000000", NOW).is_err());
        assert!(confirmed("AA", "000000", NOW).is_err(), "too short a secret");
    }
}
