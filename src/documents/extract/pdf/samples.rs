//! The pictures in a file, as shades of grey: all that is needed to recognise what stands on them.

use hayro_syntax::object::dict::Dict;
use hayro_syntax::object::stream::{FilterResult, ImageColorSpace, ImageDecodeParams};
use hayro_syntax::object::{Array, Name, Object, Stream, String as Bytes};

use crate::documents::extract::problem::Problem;

/// Pixels of a picture: a page of A3 at 600 dots per inch has 70 million.
const MOST_PIXELS: u64 = 150_000_000;

/// A picture, row by row from its upper left corner; 0 is black.
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<u8>,
    /// Where it is drawn at all, if not everywhere: a picture of which white parts are drawn.
    pub mask: Option<Box<Picture>>,
    /// Whether it is a stencil, through which only what is black is drawn.
    pub is_stencil: bool,
}

impl Picture {
    /// Decodes a picture; `None` for one that cannot be, or is of no use here.
    ///
    /// # Errors
    /// If it is too big.
    pub fn of(stream: &Stream<'_>) -> Result<Option<Self>, Problem> {
        let Some(picture) = Self::without_mask(stream)? else { return Ok(None) };
        let dict = stream.dict();
        let soft = dict.get::<Stream<'_>>("SMask");
        let hard = dict.get::<Stream<'_>>("Mask");
        let mask = match (soft, hard) {
            (Some(soft), _) => Self::without_mask(&soft)?,
            // What is white in this one is left out.
            (None, Some(hard)) => Self::without_mask(&hard)?.map(Self::inverted),
            (None, None) => None,
        };
        Ok(Some(Self { mask: mask.map(Box::new), ..picture }))
    }

    fn inverted(mut self) -> Self {
        self.pixels.iter_mut().for_each(|pixel| *pixel = 255 - *pixel);
        self
    }

    fn without_mask(stream: &Stream<'_>) -> Result<Option<Self>, Problem> {
        let dict = stream.dict();
        let size = |long: &str, short: &str| dict.get::<u32>(long).or_else(|| dict.get::<u32>(short)).unwrap_or(0);
        let (width, height) = (size("Width", "W"), size("Height", "H"));
        if u64::from(width) * u64::from(height) > MOST_PIXELS {
            return Err(Problem::PictureTooBig);
        }
        if width == 0 || height == 0 {
            return Ok(None);
        }
        let is_stencil = flag(dict, "ImageMask", "IM");
        let space = if is_stencil { Some(Space::Gray) } else { Space::of(dict) };
        let said_bits = dict.get::<u8>("BitsPerComponent").or_else(|| dict.get::<u8>("BPC"));
        let params = ImageDecodeParams {
            is_indexed: matches!(space, Some(Space::Table(_))),
            bpc: said_bits,
            num_components: space.as_ref().map(Space::components),
            target_dimension: None,
            width,
            height,
        };
        let Ok(decoded) = stream.decoded_image(&params) else { return Ok(None) };
        let bits = if is_stencil { 1 } else { said_bits.unwrap_or(8) };
        let Some(samples) = Samples::of(&decoded, space, bits, width, height) else { return Ok(None) };
        let picture = samples.picture(is_stencil);
        Ok(Some(if inverts(dict) { picture.inverted() } else { picture }))
    }
}

fn flag(dict: &Dict<'_>, long: &str, short: &str) -> bool {
    dict.get::<bool>(long).or_else(|| dict.get::<bool>(short)).unwrap_or(false)
}

/// Whether high samples are dark.
fn inverts(dict: &Dict<'_>) -> bool {
    let ranges = dict.get::<Array<'_>>("Decode").or_else(|| dict.get::<Array<'_>>("D"));
    ranges.is_some_and(|ranges| {
        let mut ends = ranges.iter::<f32>();
        ends.next().zip(ends.next()).is_some_and(|(first, last)| first > last)
    })
}

/// What the numbers of a sample mean.
enum Space {
    Gray,
    /// The more, the darker: an ink.
    Ink,
    Rgb,
    Cmyk,
    /// Shades of grey by number.
    Table(Vec<u8>),
}

impl Space {
    fn of(dict: &Dict<'_>) -> Option<Self> {
        let space = dict.get::<Object<'_>>("ColorSpace").or_else(|| dict.get::<Object<'_>>("CS"))?;
        Self::of_object(&space, 0)
    }

    fn of_object(space: &Object<'_>, depth: usize) -> Option<Self> {
        if let Object::Name(name) = space {
            return Self::named(name);
        }
        let Object::Array(parts) = space else { return None };
        let mut parts = parts.flex_iter();
        let family = parts.next::<Name<'_>>()?;
        match &*family {
            b"ICCBased" => Self::of_components(parts.next::<Stream<'_>>()?.dict().get::<u8>("N")?),
            b"Separation" => Some(Self::Ink),
            b"Indexed" | b"I" if depth == 0 => {
                let base = Self::of_object(&parts.next::<Object<'_>>()?, depth + 1)?;
                parts.next::<u32>()?;
                let table = match parts.next::<Object<'_>>()? {
                    Object::String(bytes) => Bytes::as_bytes(&bytes).to_vec(),
                    Object::Stream(stream) => stream.decoded_data().ok()?.into_owned(),
                    _ => return None,
                };
                Some(Self::Table(table.chunks_exact(base.components().into()).map(|color| base.gray(color)).collect()))
            }
            _ => Self::named(&family),
        }
    }

    fn named(name: &[u8]) -> Option<Self> {
        match name {
            b"DeviceGray" | b"G" | b"CalGray" => Some(Self::Gray),
            b"DeviceRGB" | b"RGB" | b"CalRGB" => Some(Self::Rgb),
            b"DeviceCMYK" | b"CMYK" => Some(Self::Cmyk),
            _ => None,
        }
    }

    fn of_components(count: u8) -> Option<Self> {
        match count {
            1 => Some(Self::Gray),
            3 => Some(Self::Rgb),
            4 => Some(Self::Cmyk),
            _ => None,
        }
    }

    fn components(&self) -> u8 {
        match self {
            Self::Gray | Self::Ink | Self::Table(_) => 1,
            Self::Rgb => 3,
            Self::Cmyk => 4,
        }
    }

    /// The shade of a sample.
    fn gray(&self, sample: &[u8]) -> u8 {
        match (self, sample) {
            (Self::Gray, [gray, ..]) => *gray,
            (Self::Ink, [ink, ..]) => 255 - ink,
            (Self::Rgb, [red, green, blue, ..]) => luma(*red, *green, *blue),
            (Self::Cmyk, [cyan, magenta, yellow, black]) => {
                let light = |ink: u8| ((255 - u16::from(ink)) * (255 - u16::from(*black)) / 255) as u8;
                luma(light(*cyan), light(*magenta), light(*yellow))
            }
            (Self::Table(shades), [index, ..]) => shades.get(usize::from(*index)).copied().unwrap_or(255),
            _ => 255,
        }
    }
}

/// How bright a colour is to the eye.
fn luma(red: u8, green: u8, blue: u8) -> u8 {
    ((u32::from(red) * 77 + u32::from(green) * 150 + u32::from(blue) * 29) >> 8) as u8
}

/// Decoded data, and how it is laid out.
struct Samples<'a> {
    data: &'a [u8],
    space: Space,
    bits: u8,
    width: usize,
    height: usize,
}

impl<'a> Samples<'a> {
    /// What a filter says of its picture counts before what the file says of it.
    fn of(decoded: &'a FilterResult<'_>, space: Option<Space>, bits: u8, width: u32, height: u32) -> Option<Self> {
        let data = &*decoded.data;
        let Some(image) = &decoded.image_data else {
            return Some(Self { data, space: space?, bits, width: width as usize, height: height as usize });
        };
        let own = match image.color_space {
            Some(ImageColorSpace::Gray) => Some(Space::Gray),
            Some(ImageColorSpace::Rgb) => Some(Space::Rgb),
            Some(ImageColorSpace::Cmyk) => Some(Space::Cmyk),
            Some(ImageColorSpace::Unknown(count)) => Space::of_components(count),
            None => None,
        };
        let fits = |said: &Space| own.as_ref().is_none_or(|own| own.components() == said.components());
        let space = space.filter(fits).or(own)?;
        let (width, height) = (image.width as usize, image.height as usize);
        Some(Self { data, space, bits: image.bits_per_component, width, height })
    }

    /// Rows that are missing are white.
    fn picture(&self, is_stencil: bool) -> Picture {
        let Self { data, space, bits, width, height } = self;
        let (width, height, count) = (*width, *height, usize::from(space.components()));
        let row_bytes = (width * count * usize::from(*bits)).div_ceil(8).max(1);
        let mut pixels = Vec::with_capacity(width * height);
        let mut sample = [0; 4];
        for row in data.chunks(row_bytes).take(height) {
            for pixel in 0..width {
                for (part, value) in sample.iter_mut().enumerate().take(count) {
                    *value = self.value(row, pixel * count + part);
                }
                pixels.push(space.gray(&sample[..count]));
            }
        }
        pixels.resize(width * height, 255);
        Picture { width, height, pixels, mask: None, is_stencil }
    }

    /// A number of a row, from 0 to 255; one of a table as it is.
    fn value(&self, row: &[u8], index: usize) -> u8 {
        let byte = |at: usize| row.get(at).copied().unwrap_or(255);
        let bits = usize::from(self.bits);
        match bits {
            8 => byte(index),
            16 => byte(2 * index),
            1 | 2 | 4 => {
                let at = index * bits;
                let value = (byte(at / 8) >> (8 - bits - at % 8)) & ((1 << bits) - 1);
                let most = (1_u8 << bits) - 1;
                if matches!(self.space, Space::Table(_)) {
                    value
                } else {
                    (u16::from(value) * 255 / u16::from(most)) as u8
                }
            }
            _ => 255,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shades(data: &[u8], space: Space, bits: u8, width: usize, height: usize) -> Vec<u8> {
        Samples { data, space, bits, width, height }.picture(false).pixels
    }

    #[test]
    fn samples_of_every_depth_and_colour_become_shades() {
        assert_eq!(shades(&[0b1010_0000, 0b0100_0000], Space::Gray, 1, 3, 2), [255, 0, 255, 0, 255, 0]);
        assert_eq!(shades(&[0b0001_1011], Space::Gray, 2, 4, 1), [0, 85, 170, 255]);
        assert_eq!(shades(&[0x0f, 0xf0], Space::Gray, 4, 3, 1), [0, 255, 255]);
        assert_eq!(shades(&[1, 99, 2, 99], Space::Gray, 16, 2, 1), [1, 2]);
        assert_eq!(shades(&[255, 255, 255, 0, 0, 0], Space::Rgb, 8, 2, 1), [255, 0]);
        assert_eq!(shades(&[0, 0, 0, 0, 0, 0, 0, 255], Space::Cmyk, 8, 2, 1), [255, 0]);
        assert_eq!(shades(&[0, 255], Space::Ink, 8, 2, 1), [255, 0]);
        assert_eq!(shades(&[0b0110_0000], Space::Table(vec![9, 7]), 1, 3, 1), [9, 7, 7]);
        assert_eq!(shades(&[5], Space::Table(vec![9, 7]), 8, 1, 1), [255], "not in the table");
        assert_eq!(shades(&[0], Space::Gray, 8, 1, 3), [0, 255, 255], "cut off");
    }
}
