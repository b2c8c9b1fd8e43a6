//! Pictures of pages: what they are is found out here, and what stands on them by whoever recognises it.

use super::problem::Problem;
use super::{Extracted, Scanned};

/// Pixels of a picture: a page of A4 at 600 dots per inch has 35 million.
const MOST_PIXELS: u64 = 60_000_000;

/// Longest side in pixels: tesseract takes no longer one.
const LONGEST_SIDE: u64 = 32_767;

/// Whether a file begins as a picture does.
pub fn is_picture(head: &[u8]) -> bool {
    let is_webp = head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP");
    head.starts_with(b"\x89PNG\r\n\x1a\n") || head.starts_with(b"\xff\xd8\xff") || Tiff::of(head).is_some() || is_webp
}

/// Counts the pages, and checks their sizes: a small file may claim to be a huge picture.
pub fn read(bytes: &[u8]) -> Result<Extracted, Problem> {
    let pages = match Tiff::of(bytes) {
        Some(tiff) => tiff.pages()?,
        None => {
            let size = imagesize::blob_size(bytes).map_err(|_| Problem::Broken)?;
            check(size.width as u64, size.height as u64)?;
            1
        }
    };
    Ok(Extracted { pages: Some(pages), scanned: Scanned::Picture(pages), ..Extracted::default() })
}

fn check(width: u64, height: u64) -> Result<(), Problem> {
    match width.checked_mul(height) {
        None | Some(0) => Err(Problem::Broken),
        Some(pixels) if pixels > MOST_PIXELS || width.max(height) > LONGEST_SIDE => Err(Problem::PictureTooBig),
        Some(_) => Ok(()),
    }
}

/// A file in the format TIFF, which may hold several pages (TIFF 6.0, section 2).
struct Tiff<'a> {
    bytes: &'a [u8],
    is_big_endian: bool,
}

impl<'a> Tiff<'a> {
    /// Pages that are counted: what is more than is read anyhow.
    const MOST_PAGES: u32 = 10_000;

    fn of(bytes: &'a [u8]) -> Option<Self> {
        match bytes.get(..4)? {
            b"II*\0" => Some(Self { bytes, is_big_endian: false }),
            b"MM\0*" => Some(Self { bytes, is_big_endian: true }),
            _ => None,
        }
    }

    /// How many there are, one behind the other.
    fn pages(&self) -> Result<u32, Problem> {
        let (mut count, mut at) = (0, self.long(4));
        while let Some(directory) = at.filter(|at| *at > 0) {
            count += 1;
            if count > Self::MOST_PAGES {
                return Err(Problem::TooManyPages);
            }
            at = self.check_page(directory as usize)?;
        }
        if count > 0 && at.is_some() { Ok(count) } else { Err(Problem::Broken) }
    }

    /// Checks the size of a page; returns where the next one is, or 0.
    fn check_page(&self, directory: usize) -> Result<Option<u32>, Problem> {
        const WIDTH: u16 = 256;
        const HEIGHT: u16 = 257;
        let fields = usize::from(self.short(directory).ok_or(Problem::Broken)?);
        let (mut width, mut height) = (0, 0);
        for field in (0..fields).map(|number| directory + 2 + 12 * number) {
            match self.short(field) {
                Some(WIDTH) => width = self.number(field).unwrap_or(0),
                Some(HEIGHT) => height = self.number(field).unwrap_or(0),
                _ => {}
            }
        }
        check(width, height)?;
        Ok(self.long(directory + 2 + 12 * fields))
    }

    /// The number in a field, which is of two or four bytes.
    fn number(&self, field: usize) -> Option<u64> {
        const SHORT: u16 = 3;
        if self.short(field + 2)? == SHORT {
            self.short(field + 8).map(u64::from)
        } else {
            self.long(field + 8).map(u64::from)
        }
    }

    fn short(&self, at: usize) -> Option<u16> {
        let bytes = self.bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.is_big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    fn long(&self, at: usize) -> Option<u32> {
        let bytes = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.is_big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of pages of that size, which say so and hold nothing.
    fn tiff(sizes: &[(u32, u32)]) -> Vec<u8> {
        let mut file = b"II*\0\x08\0\0\0".to_vec();
        for (number, (width, height)) in sizes.iter().enumerate() {
            let next = if number + 1 < sizes.len() { file.len() + 30 } else { 0 };
            file.extend(2_u16.to_le_bytes());
            for (tag, value) in [(256_u16, width), (257, height)] {
                file.extend(tag.to_le_bytes());
                file.extend(4_u16.to_le_bytes());
                file.extend(1_u32.to_le_bytes());
                file.extend(value.to_le_bytes());
            }
            file.extend((next as u32).to_le_bytes());
        }
        file
    }

    fn png(width: u32, height: u32) -> Vec<u8> {
        [b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".as_slice(), &width.to_be_bytes(), &height.to_be_bytes(), b"\x08\0\0\0\0"]
            .concat()
    }

    #[test]
    fn pages_are_counted_and_sizes_checked_before_anything_is_unpacked() {
        let pages = |bytes: &[u8]| read(bytes).map(|read| read.pages);
        assert_eq!(pages(&png(2480, 3508)), Ok(Some(1)));
        assert_eq!(pages(&png(65_000, 65_000)), Err(Problem::PictureTooBig));
        assert_eq!(pages(&png(40_000, 10)), Err(Problem::PictureTooBig));
        assert_eq!(pages(&png(0, 5)), Err(Problem::Broken));
        assert_eq!(pages(&tiff(&[(100, 200), (100, 200), (1, 1)])), Ok(Some(3)));
        assert_eq!(pages(&tiff(&[(100, 200), (65_000, 65_000)])), Err(Problem::PictureTooBig));
        assert_eq!(pages(b"MM\0*\0\0\0\0"), Err(Problem::Broken));
        assert_eq!(pages(b"\xff\xd8\xff\xe0"), Err(Problem::Broken));
        let mut endless = tiff(&[(1, 1)]);
        let end = endless.len() - 4;
        endless[end] = 8;
        assert_eq!(pages(&endless), Err(Problem::TooManyPages), "a page that is followed by itself");
    }

    #[test]
    fn a_picture_is_known_by_its_first_bytes() {
        for (head, is) in [
            (&b"\x89PNG\r\n\x1a\n\0"[..], true),
            (b"\xff\xd8\xff\xe1", true),
            (b"II*\0\x08", true),
            (b"MM\0*\0", true),
            (b"RIFF\0\0\0\0WEBPVP8 ", true),
            (b"RIFF\0\0\0\0WAVEfmt ", false),
            (b"GIF89a", false),
            (b"IIx", false),
            (b"", false),
        ] {
            assert_eq!(is_picture(head), is, "{head:?}");
        }
    }
}
