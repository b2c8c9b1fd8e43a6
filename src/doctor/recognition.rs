//! Whether text in pictures and scans can be recognised.

use crate::config::Config;
use crate::documents::Recogniser;
use crate::model::Diagnosis;
use crate::process::Programs;

/// Asks what is installed; nothing to say where it is not wanted.
pub async fn look(config: &Config) -> Option<Diagnosis> {
    let wanted = &config.documents.ocr_languages;
    if wanted.is_empty() {
        return None;
    }
    let programs = Programs::new(super::OWN_PROGRAM.into());
    let recogniser = Recogniser::new(programs, wanted.clone(), config.server.data_dir.clone(), Vec::new());
    Some(match recogniser.languages().await {
        Some(languages) => Diagnosis::fine("ocr-fine").with("languages", languages),
        None => Diagnosis::fine("ocr-off"),
    })
}
