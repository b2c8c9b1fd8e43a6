//! `/api/qr-code`: a text as something that a phone's camera reads.

use std::sync::Arc;

use qrcodegen::{QrCode, QrCodeEcc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use warp::Filter;
use warp::http::StatusCode;

use super::account::own;
use super::route::{Route, route};
use super::{Answer, App, Caller, ErrorBody, bad_request, body, json, trusted_caller};

/// Longest text, in bytes: longer ones make codes that cameras read badly.
const LONGEST: usize = 512;

/// Modules of empty space around the code (ISO/IEC 18004).
const MARGIN: i32 = 4;

#[derive(Deserialize, ToSchema)]
struct TextToShow {
    text: String,
}

#[derive(Serialize, ToSchema)]
struct Drawing {
    /// Width and height, margins included.
    size: i32,
    /// The dark modules, as the `d` of an SVG path.
    path: String,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    vec![route!(draw).fixed(|at| at.and(trusted_caller(app)).and(body(app)).then(draw))]
}

/// Draws a text as a QR code. It is neither kept nor logged.
#[utoipa::path(post, path = "/api/qr-code", request_body = TextToShow, responses(
    (status = 200, body = Drawing), (status = 400, description = "Longer than 512 bytes", body = ErrorBody),
    (status = 403, description = "Not signed in to an account", body = ErrorBody)))]
async fn draw(caller: Caller, form: TextToShow) -> Answer {
    own(&caller)?;
    let text = Some(form.text).filter(|text| text.len() <= LONGEST);
    let code = text.and_then(|text| QrCode::encode_text(&text, QrCodeEcc::Medium).ok());
    let code = code.ok_or_else(|| bad_request("the text is too long"))?;
    Ok(json(StatusCode::OK, &Drawing { size: code.size() + 2 * MARGIN, path: path(&code) }))
}

/// A bar for each run of dark modules.
fn path(code: &QrCode) -> String {
    let mut path = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let dark = (x..code.size()).take_while(|x| code.get_module(*x, y)).count();
            if dark > 0 {
                path.push_str(&format!("M{} {}h{dark}v1h-{dark}z", x + MARGIN, y + MARGIN));
            }
            x += i32::try_from(dark).unwrap_or_default() + 1;
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_has_the_dark_modules_of_the_code() {
        let code = QrCode::encode_text("https://chat.example/join#0123", QrCodeEcc::Medium).expect("short enough");
        let mut drawn = std::collections::HashSet::new();
        for bar in path(&code).split('M').skip(1) {
            let numbers: Vec<i32> = bar.split(['h', 'v', ' ']).take(3).map(|n| n.parse().expect("a number")).collect();
            drawn.extend((numbers[0]..numbers[0] + numbers[2]).map(|x| (x - MARGIN, numbers[1] - MARGIN)));
        }
        for (x, y) in (0..code.size()).flat_map(|x| (0..code.size()).map(move |y| (x, y))) {
            assert_eq!(drawn.contains(&(x, y)), code.get_module(x, y), "{x} {y}");
        }
    }
}
