//! What an examination of the server finds.

use std::fmt::Display;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Timestamp;
use crate::text::{Locale, Text};

/// What a running server has seen of itself that an examination cannot find out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Observed {
    /// A proxy in front of it that the settings do not name.
    pub unknown_proxy: Option<IpAddr>,
    /// When the last backup was made.
    pub last_backup: Option<Timestamp>,
    /// When the last backup of the plan failed, if none was made since.
    pub backup_failed_at: Option<Timestamp>,
    /// By how many seconds the certificate authority's clock is ahead of this machine's, if that is much.
    pub clock_ahead: Option<i64>,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing to do.
    Fine,
    /// It works, and could be better or may break.
    Warning,
    /// Something does not work, or data are at risk.
    Fault,
}

/// One thing that was looked at, and how it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// Its words are `doctor-NAME`, and what to do `doctor-NAME-do`.
    pub name: &'static str,
    pub severity: Severity,
    arguments: Vec<(&'static str, String)>,
}

impl Diagnosis {
    pub fn fine(name: &'static str) -> Self {
        Self { name, severity: Severity::Fine, arguments: Vec::new() }
    }

    pub fn warning(name: &'static str) -> Self {
        Self { severity: Severity::Warning, ..Self::fine(name) }
    }

    pub fn fault(name: &'static str) -> Self {
        Self { severity: Severity::Fault, ..Self::fine(name) }
    }

    /// Sets an argument of its words.
    pub fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.arguments.push((name, value.to_string()));
        self
    }

    /// In words of a language.
    pub fn view(&self, locale: Locale) -> DiagnosisView {
        let remedy = (self.severity != Severity::Fine).then(|| self.text("-do").in_locale(locale));
        DiagnosisView {
            name: self.name.to_owned(),
            severity: self.severity,
            text: self.text("").in_locale(locale),
            remedy,
        }
    }

    fn text(&self, ending: &str) -> Text {
        let text = Text::new(format!("doctor-{}{ending}", self.name));
        self.arguments.iter().fold(text, |text, (name, value)| text.with(name, value))
    }
}

/// A finding in words.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DiagnosisView {
    pub name: String,
    pub severity: Severity,
    pub text: String,
    /// What to do, unless it is fine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}
