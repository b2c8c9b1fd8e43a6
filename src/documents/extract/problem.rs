//! Why a file was not read.

use serde::{Deserialize, Serialize};

use super::ExtractLimits;
use super::recognise::{MOST_SCANS, PAGE_TIME};
use crate::process::End;
use crate::text::Text;

/// Each has one sentence for the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Problem {
    Empty,
    TooBig,
    TooMuchText,
    TooManyPages,
    /// A folder, a pipe, a link.
    NoFile,
    UnknownType,
    /// A document of Word or PowerPoint before 2007.
    OldOffice,
    /// The content does not match the file name.
    OtherType,
    Broken,
    PasswordNeeded,
    ScanWithoutText,
    /// A picture with more pixels than are read.
    PictureTooBig,
    /// More pages to be recognised than that is done for.
    TooManyScans,
    /// Takes more memory than is allowed, or is nested too deeply.
    TooComplex,
    TooSlow,
    /// A page takes too long to be recognised.
    ScanTooSlow,
    /// An internal error.
    NotRead,
}

impl Problem {
    /// The reason why the reading process ended early.
    pub fn of_end(end: End) -> Self {
        match end {
            End::Signal(libc::SIGXCPU) => Self::TooSlow,
            // Memory that is refused and a stack that overflows both end by SIGABRT or SIGSEGV.
            End::Signal(_) => Self::TooComplex,
            End::TooMuchOutput => Self::TooMuchText,
            End::Exit(_) => Self::Broken,
            End::NoProgram | End::NoFolder | End::NotExecutable | End::NotStarted(_) => {
                tracing::warn!(?end, "cannot start reading a file");
                Self::NotRead
            }
        }
    }

    pub fn text(self, limits: &ExtractLimits) -> Text {
        match self {
            Self::Empty => Text::new("error-file_empty"),
            Self::TooBig => Text::new("error-file_too_big").with("max", limits.file / 1_000_000),
            Self::TooMuchText => Text::new("error-file_too_big-text").with("max", limits.text / 1_000_000),
            Self::TooManyPages => Text::new("error-file_too_big-pages").with("max", limits.pages),
            Self::NoFile => Text::new("error-file_broken-no_file"),
            Self::UnknownType => Text::new("error-file_unknown_type"),
            Self::OldOffice => Text::new("error-file_unknown_type-old_office"),
            Self::OtherType => Text::new("error-file_unknown_type-other"),
            Self::Broken => Text::new("error-file_broken"),
            Self::PasswordNeeded => Text::new("error-password_needed"),
            Self::ScanWithoutText => Text::new("error-scan_without_text"),
            Self::PictureTooBig => Text::new("error-file_too_big-picture"),
            Self::TooManyScans => Text::new("error-file_too_big-scans").with("max", MOST_SCANS),
            Self::TooComplex => Text::new("error-file_too_complex"),
            Self::TooSlow => Text::new("error-file_too_slow").with("seconds", limits.time.as_secs()),
            Self::ScanTooSlow => Text::new("error-file_too_slow-scan").with("seconds", PAGE_TIME.as_secs()),
            Self::NotRead => Text::new("error-busy-file"),
        }
    }
}
