#!/usr/bin/env python3
"""Makes pictures of pages as scanners and phones do, and a PDF of such pages, with a JSON file that says what stands on them.

    apt install fonts-noto-cjk && pip install pillow
    tests/pdf/scans.py tests/data/scans
"""
import io
import json
import sys
import zlib
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FONT = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
SIZE = (1500, 400)  # Pixels: 360 by 96 points at 300 dots per inch.
LINES = {
    "gray": ["Every employee has thirty days of leave a year."],
    "fax": ["The boatman locks the northern fence at low tide."],
    "strips": ["员工每年有三十天假期。", "请假须提前两周申请。"],
    "jpx": ["倉庫管理員應當檢查滅火器。", "會議室的投影儀須及時歸還。"],
    "turned": ["Nobody counts the lamps in the hut on Mondays."],
    "layers": ["The treasurer returns a basket of apples."],
    "sideways": [
        "Every member weighs the oars in the first week of June,",
        "because the lock of the shed is stiff. The porter opens",
        "the green gate on Mondays, unless the board objects.",
        "Our neighbour repairs the wooden ladder every third year.",
        "A visitor carries a bucket of tar before noon.",
    ],
}


def drawn(name):
    page = Image.new("L", (SIZE[0], max(SIZE[1], 110 * (len(LINES[name]) + 2))), 255)
    draw = ImageDraw.Draw(page)
    font = ImageFont.truetype(FONT, 50, index=3 if name == "jpx" else 2)
    for number, line in enumerate(LINES[name]):
        draw.text((60, 90 + 110 * number), line, font=font, fill=0)
    return page


def saved(picture, kind, **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def strip_of_tiff(data):
    """The bytes of the only strip of a TIFF with one page, as Pillow writes it."""
    with Image.open(io.BytesIO(data)) as picture:
        (offset,), (count,) = picture.tag_v2[273], picture.tag_v2[279]
    return data[offset:offset + count]


class Pdf:
    def __init__(self):
        self.objects = [None, None, b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
        self.pages = []

    def add(self, content):
        self.objects.append(content)
        return len(self.objects)

    def stream(self, entries, data):
        return self.add(b"<<" + entries.encode() + b"/Length %d>>\nstream\n" % len(data) + data + b"\nendstream")

    def image(self, entries, data, size=SIZE):
        return self.stream(f"/Type/XObject/Subtype/Image/Width {size[0]}/Height {size[1]}{entries}", data)

    def page(self, content, pictures=(), more=""):
        names = "".join(f"/P{number} {number} 0 R" for number in pictures)
        box = "0 0 96 360" if "Rotate" in more else "0 0 360 96"
        contents = self.stream("", content.encode())
        self.pages.append(self.add(
            f"<</Type/Page/Parent 2 0 R/MediaBox[{box}]{more}/Contents {contents} 0 R"
            f"/Resources<</Font<</F 3 0 R>>/XObject<<{names}>>>>>>".encode()))

    def bytes(self):
        self.objects[0] = b"<</Type/Catalog/Pages 2 0 R>>"
        kids = " ".join(f"{page} 0 R" for page in self.pages)
        self.objects[1] = f"<</Type/Pages/Count {len(self.pages)}/Kids[{kids}]>>".encode()
        file, places = b"%PDF-1.7\n", []
        for number, content in enumerate(self.objects, 1):
            places.append(len(file))
            file += b"%d 0 obj\n" % number + content + b"\nendobj\n"
        table = b"".join(b"%010d 00000 n \n" % place for place in places)
        head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
        tail = b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(places) + 1, len(file))
        return file + head + table + tail


def whole(number):
    return f"q 360 0 0 96 0 0 cm /P{number} Do Q"


def pdf():
    file = Pdf()
    file.page("BT /F 14 Tf 20 50 Td (This first page of the handbook is text.) Tj ET")
    gray = file.image("/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/DCTDecode", saved(drawn("gray"), "JPEG", quality=40))
    file.page(whole(gray), [gray])
    fax = strip_of_tiff(saved(drawn("fax").convert("1"), "TIFF", compression="group4", tiffinfo={278: SIZE[1]}))
    parameters = f"/DecodeParms<</K -1/Columns {SIZE[0]}/Rows {SIZE[1]}>>"
    fax = file.image(f"/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/CCITTFaxDecode{parameters}/Decode[1 0]", fax)
    file.page(whole(fax), [fax])
    page, half = drawn("strips").convert("1"), (SIZE[0], SIZE[1] // 2)
    strips = [page.crop((0, top, SIZE[0], top + half[1])) for top in (0, half[1])]
    entries = "/ColorSpace/DeviceGray/BitsPerComponent 1/Filter/FlateDecode"
    strips = [file.image(entries, zlib.compress(strip.tobytes(), 9), half) for strip in strips]
    file.page("".join(f"q 360 0 0 48 0 {48 - 48 * index} cm /P{strip} Do Q " for index, strip in enumerate(strips)), strips)
    jpx = file.image("/Filter/JPXDecode", saved(drawn("jpx"), "JPEG2000", quality_mode="rates", quality_layers=[40]))
    file.page(whole(jpx), [jpx])
    turned = drawn("turned").convert("1").rotate(90, expand=True)
    turned = file.image(entries, zlib.compress(turned.tobytes(), 9), (SIZE[1], SIZE[0]))
    file.page(f"q 96 0 0 360 0 0 cm /P{turned} Do Q", [turned], "/Rotate 90")
    behind = file.image("/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/FlateDecode", zlib.compress(bytes([250, 245, 230]) * 4), (2, 2))
    ink = file.image("/ImageMask true/BitsPerComponent 1/Filter/FlateDecode", zlib.compress(drawn("layers").convert("1").tobytes(), 9))
    file.page(f"{whole(behind)} 0 g {whole(ink)}", [behind, ink])
    return file.bytes()


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    gray, fax = drawn("gray"), drawn("fax")
    files = {
        "page.png": saved(gray.convert("1"), "PNG", optimize=True),
        "page.jpg": saved(gray, "JPEG", quality=40),
        "page.webp": saved(gray, "WEBP", quality=40),
        "sideways.png": saved(drawn("sideways").convert("1").rotate(90, expand=True), "PNG", optimize=True),
        "pages.tif": saved(gray.convert("1"), "TIFF", compression="group4", save_all=True, append_images=[fax.convert("1")]),
        "scan.pdf": pdf(),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / "lines.json").write_text(json.dumps(LINES, ensure_ascii=False, indent=1) + "\n")


main()
