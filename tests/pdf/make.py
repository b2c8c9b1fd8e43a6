#!/usr/bin/env python3
"""Makes PDFs as people make them, each with a JSON file that says what has to be read from it.

    apt install texlive-latex-extra texlive-latex-recommended texlive-fonts-recommended lmodern latex-cjk-chinese \
        latex-cjk-chinese-arphic-gbsn00lp fonts-noto-cjk libreoffice-writer chromium
    tests/pdf/make.py FOLDER

The JSON has `sentences`, which must come out whole, and `rows` of tables: lists of cells, which must stand on one line in that order.
"""
import json, os, random, re, shutil, subprocess, sys, tempfile
from html import escape

WHO = ["The treasurer", "Every member", "The keeper", "The boatman", "The board", "Our neighbour", "A student", "The porter",
       "The gardener", "A visitor"]
DOES = ["cleans", "locks", "paints", "carries", "weighs", "opens", "counts", "borrows", "returns", "repairs", "sells", "checks"]
WHAT = ["a bucket of tar", "the water meter", "the keys of the shed", "the lamps in the hut", "two oars", "the northern fence",
        "the wooden ladder", "the old ledger", "the green gate", "a basket of apples", "a rope"]
WHEN = ["by the end of the month", "at low tide", "in the first week of June", "during the fair", "without a permit",
        "when the wind drops", "after the flood", "every third year", "on Mondays", "before noon"]
WHY = ["", "", ", because the lock is stiff", ", so that children cannot reach it", ", unless the board objects",
       ", while the bell is ringing", ", if the weather allows", ", although nobody asked for it"]
WER = ["仓库管理员", "财务人员", "部门主管", "门卫", "实习生", "行政人员", "新员工", "项目负责人"]
WANN = ["未经批准", "每周一上午", "在月底之前", "项目结束时", "下班以后", "出差期间"]
MUSS = ["应当检查", "需要保管", "必须登记", "可以借用", "应及时归还", "不得转让"]
WAS = ["出差的发票", "会议室的投影仪", "客户的合同原件", "办公室的钥匙", "仓库的灭火器", "公司的笔记本电脑", "ERP 系统的账号", "USB 存储设备"]
WARUM = ["", "，并填写登记表", "，以便统一管理", "，特殊情况除外", "，由行政部备案"]


class Text:
    """Sentences that are all different."""

    def __init__(self, seed, chinese=False):
        self.random, self.all, self.chinese = random.Random(seed), [], chinese

    def sentence(self):
        pick = self.random.choice
        while True:
            if self.chinese:
                text = pick(WER) + pick(WANN) + pick(MUSS) + pick(WAS) + pick(WARUM) + "。"
            else:
                text = f"{pick(WHO)} {pick(DOES)} {pick(WHAT)} {pick(WHEN)}{pick(WHY)}."
            if text not in self.all:
                self.all.append(text)
                return text

    def paragraph(self, count=0):
        sentences = [self.sentence() for _ in range(count or self.random.randint(2, 5))]
        return ("" if self.chinese else " ").join(sentences)


def table(text, rows=6, columns=3, wrapped=False):
    pick = text.random.choice
    table = [["Item", "Limit", "Place", "Contact", "Note"][:columns]]
    for row in range(rows):
        cells = [f"{pick(['Pump', 'Valve', 'Hose', 'Meter', 'Rope'])} {chr(65 + row % 26)}-{text.random.randint(10, 99)}",
                 f"{text.random.randint(1, 99)}.{text.random.randint(10, 99)}",
                 pick(["shed", "hut", "pier", "office"]), f"desk {text.random.randint(1, 9)}@{row}",
                 pick(["red", "blue", "new", "old"]) + f" {row}"][:columns]
        if wrapped:
            cells[1] = f"{text.random.randint(12, 48)} months from the date of delivery, wearing parts excluded {row}"
        elif columns > 2 and text.random.random() < 0.25:
            cells[2] = ""
        table.append(cells)
    return table


def latex(body, head="\\documentclass[11pt,a4paper]{article}"):
    return head + "\n\\begin{document}\n" + body + "\n\\end{document}\n"


def tabular(rows, style):
    spec = {"grid": "|" + "l|" * len(rows[0]), "book": "l" * len(rows[0]), "lines": "l" * len(rows[0]),
            "wrapped": "|l|p{4cm}|" + "l|" * (len(rows[0]) - 2)}[style]
    top, mid, end, each = {"book": ("\\toprule", "\\midrule", "\\bottomrule", "")}.get(style, ("\\hline",) * 4)
    lines = [" & ".join(row) + " \\\\" for row in rows]
    return f"\\begin{{center}}\\begin{{tabular}}{{{spec}}}{top}\n{lines[0]}\n{mid}\n" + f"\n{each}\n".join(lines[1:]) + \
        f"\n{end}\\end{{tabular}}\\end{{center}}\n"


def latex_files():
    def sections(text, count, paragraphs=3, size=0):
        return "\n\n".join(f"\\section{{Rule {n}}}\n\n" + "\n\n".join(text.paragraph(size) for _ in range(paragraphs)) for n in range(1, count))
    a = "\\documentclass[%s]{article}\n"
    for name, head, count, paragraphs, size in [
        ("indent12", a % "12pt,a4paper", 9, 2, 2), ("indent10", a % "10pt,a4paper", 8, 4, 0), ("letter", a % "11pt,letterpaper", 6, 3, 1),
        ("onehalf", a % "12pt,a4paper" + "\\usepackage{setspace}\\onehalfspacing", 7, 3, 2),
        ("double", a % "12pt,a4paper" + "\\usepackage{setspace}\\doublespacing", 7, 2, 2),
        ("parskip", a % "11pt,a4paper" + "\\usepackage{parskip}", 7, 3, 0), ("ragged", a % "11pt,a4paper" + "\\AtBeginDocument{\\raggedright}", 7, 3, 0),
        ("two", a % "10pt,a4paper,twocolumn", 12, 3, 0), ("two9", a % "10pt,a4paper,twocolumn" + "\\usepackage[margin=1.5cm]{geometry}", 16, 3, 2),
        ("narrow", a % "11pt,a5paper" + "\\usepackage[margin=3cm]{geometry}", 4, 2, 2),
        ("palatino", a % "12pt,a4paper" + "\\usepackage{mathpazo}", 8, 3, 2),
    ]:
        text = Text(name)
        yield "tex_" + name, latex(sections(text, count, paragraphs, size), head), text.all, []
    for name, columns, options in [("multi3", 3, "landscape"), ("multi2", 2, ""), ("multi3rule", 3, "landscape")]:
        text = Text(name)
        rule = "\\setlength{\\columnseprule}{0.4pt}" if "rule" in name else ""
        head = a % f"10pt,a4paper,{options}" + "\\usepackage{multicol}\\usepackage[margin=2cm]{geometry}" + rule
        yield "tex_" + name, latex(f"\\begin{{multicols}}{{{columns}}}\n{sections(text, 9)}\n\\end{{multicols}}", head), text.all, []
    for name in ["indent10", "two"]:
        text = Text(name)
        sections(text, *{"indent10": (8, 4, 0), "two": (12, 3, 0)}[name])
        nup = f"\\includepdf[nup=2x1,landscape,pages=-]{{tex_{name}.pdf}}"
        yield f"tex_sheet_{name}", latex(nup, a % "a4paper" + "\\usepackage{pdfpages}"), text.all, []
    text = Text("lists")
    body = "".join(f"\\section{{Rule {n}}}\n{text.paragraph(2)}\n\\begin{{{kind}}}\n" + "".join(f"\\item {text.paragraph(2)}\n" for _ in range(3)) + f"\\end{{{kind}}}\n"
                   for n, kind in enumerate(["itemize", "enumerate", "itemize", "enumerate"], 1))
    yield "tex_lists", latex(body), text.all, []
    text = Text("notes")
    body = "\n\n".join(text.paragraph(2) + f"\\footnote{{{text.sentence()}}} " + text.paragraph(2) for _ in range(7))
    yield "tex_notes", latex(body), [s for s in text.all], []
    text = Text("quote")
    body = "\n\n".join(text.paragraph(3) + f"\n\\begin{{quote}}{text.paragraph(2)}\\end{{quote}}\n" + text.paragraph(2) for _ in range(5))
    yield "tex_quote", latex(body), text.all, []
    text = Text("code")
    body = "\n\n".join(text.paragraph(3) + f"\n\\begin{{verbatim}}\nlet keys = count(shed);   // all\nif keys > {n} {{ lock(); }}\n\\end{{verbatim}}\n"
                       + text.paragraph(2) + f" Then type \\texttt{{lock --all {n}}} at the gate." for n in range(5))
    yield "tex_code", latex(body), text.all + [f"Then type lock --all {n} at the gate." for n in range(5)], []
    for style in ["grid", "book", "lines", "wrapped"]:
        text, rows, body = Text("table" + style), [], ""
        for part in range(3):
            more = table(text, columns=3 + part % 2, wrapped=style == "wrapped")
            rows += more
            body += text.paragraph(3) + "\n" + tabular(more, style) + "\n" + text.paragraph(3) + "\n\n"
        yield "tex_table_" + style, latex(body, a % "11pt,a4paper" + "\\usepackage{booktabs}"), text.all, rows
    for name, indent in [("hei", True), ("mix", False)]:
        text = Text("cjk" + name, chinese=True)
        head = a % "12pt,a4paper" + "\\usepackage{CJKutf8,setspace}\\onehalfspacing" + ("\\setlength{\\parindent}{2em}" if indent else "\\usepackage{multicol}")
        body = "\n\n".join(f"\\section{{第{n}章}}\n\\hspace*{{2em}}{text.paragraph(3)}\n\n{text.paragraph(2)}" for n in "一二三四五六")
        if not indent:
            body = "\\begin{multicols}{2}" + body + "\\end{multicols}"
        yield "tex_cjk_" + name, latex("\\begin{CJK*}{UTF8}{gbsn}" + body + "\\end{CJK*}", head), text.all, []


def page(body, css=""):
    return f"<!doctype html><meta charset=utf-8><style>@page{{margin:2cm}}body{{font:11pt/1.4 'Liberation Serif','Noto Serif CJK SC'}}{css}</style>{body}"


def html_table(rows, attributes=""):
    return f"<table {attributes}>" + "".join("<tr>" + "".join(f"<t{'hd'[n > 0]}>{escape(cell)}" for cell in row) for n, row in enumerate(rows)) + "</table>"


def chromium_files():
    def paragraphs(text, count, size=0):
        return "".join(f"<p>{text.paragraph(size)}" + (f"<h2>Rule {n}</h2>" if n % 3 == 2 else "") for n in range(count))
    for name, css, chinese in [
        ("plain", "", False), ("indent", "p{text-indent:2em;margin:0;text-align:justify}", False),
        ("two", "body{columns:2}", False), ("three", "@page{size:A4 landscape}body{columns:3;text-align:justify}", False),
        ("wide", "body{line-height:2}p{text-indent:3em}", False), ("rule", "body{columns:2;column-rule:1px solid;font-size:9pt}", False),
        ("hyphens", "body{columns:3;hyphens:auto;text-align:justify}", False),
        ("zh", "body{line-height:1.75;text-align:justify}p{text-indent:2em;margin:0}", True), ("zh_two", "body{columns:2}p{text-indent:2em}", True),
    ]:
        text = Text("web" + name, chinese)
        yield "web_" + name, page(f"<html lang={'zh' if chinese else 'en'}>" + paragraphs(text, 16), css), text.all, []
    text = Text("side")
    aside = "".join(f"<p>{text.paragraph(1)}" for _ in range(5))
    yield "web_side", page(f"<div style='display:flex;gap:1cm'><div style='flex:2'>{paragraphs(text, 10)}</div><div style='flex:1;background:#eee'>{aside}</div></div>"), text.all, []
    text = Text("lists")
    body = "".join(f"<p>{text.paragraph(2)}<{k}>" + "".join(f"<li>{text.paragraph(2)}" for _ in range(4)) + f"</{k}>" for k in ["ul", "ol", "ul"])
    body += "<dl>" + "".join(f"<dt>Term {n}<dd>{text.paragraph(2)}" for n in range(4)) + "</dl>"
    yield "web_lists", page(body), text.all, []
    for name, css, wrapped in [("grid", "td,th{border:1px solid;padding:3px}table{border-collapse:collapse}", False),
                               ("lines", "td,th{border-bottom:1px solid #999;padding:6px;text-align:left}table{border-collapse:collapse;width:100%}", False),
                               ("plain", "td,th{padding:4px 20px;text-align:left}", False), ("zebra", "tr:nth-child(even){background:#ddd}td,th{padding:5px 20px;text-align:left}", False),
                               ("wrapped", "td,th{border:1px solid;padding:3px}td:nth-child(2){width:3cm}table{border-collapse:collapse}", True),
                               ("wrapped_lines", "td,th{border-bottom:1px solid;padding:6px}td:nth-child(2){width:4cm}table{border-collapse:collapse}", True),
                               ("wrapped_plain", "td,th{padding:8px 14px;vertical-align:top;text-align:left}td:nth-child(2){width:4cm}", True)]:
        text, rows, body = Text("webtable" + name), [], ""
        for part in range(3):
            more = table(text, columns=3 + part, wrapped=wrapped)
            rows += more
            body += f"<p>{text.paragraph(3)}" + html_table(more) + f"<p>{text.paragraph(3)}"
        yield "web_table_" + name, page(body, css), text.all, rows
    text = Text("ruby", chinese=True)
    body = "".join("<p>" + re.sub("登记", "<ruby>登记<rt>dēngjì</rt></ruby>", text.paragraph(3)) for _ in range(6))
    yield "web_ruby", page(body, "body{line-height:2}"), text.all, []


FODT = """<?xml version="1.0"?><office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"
 office:version="1.3" office:mimetype="application/vnd.oasis.opendocument.text"><office:styles><style:default-style style:family="paragraph">
 <style:text-properties style:font-name="Liberation Serif" fo:font-family="'Liberation Serif'" style:font-family-asian="'%(asian)s'" fo:font-size="%(size)s" style:font-size-asian="%(size)s" fo:language="en" fo:country="GB"/></style:default-style>
 <style:style style:name="B" style:family="paragraph"><style:paragraph-properties fo:text-indent="%(indent)s" fo:line-height="%(line)s" fo:text-align="%(align)s" fo:margin-bottom="%(after)s"/></style:style>
 <style:style style:name="H" style:family="paragraph"><style:paragraph-properties fo:line-height="%(line)s" fo:margin-top="0.3cm" fo:margin-bottom="0.2cm"/><style:text-properties fo:font-size="16pt" style:font-size-asian="16pt" fo:font-weight="bold"/></style:style>
 </office:styles><office:automatic-styles><style:page-layout style:name="L"><style:page-layout-properties fo:page-width="21cm" fo:page-height="29.7cm" fo:margin="2.3cm">%(columns)s</style:page-layout-properties></style:page-layout>
 <style:style style:name="c" style:family="table-cell"><style:table-cell-properties fo:padding="0.1cm" fo:border="%(border)s" style:vertical-align="middle"/></style:style></office:automatic-styles>
 <office:master-styles><style:master-page style:name="Standard" style:page-layout-name="L"/></office:master-styles><office:body><office:text>%(body)s</office:text></office:body></office:document>"""


def fodt_table(rows):
    cell = lambda text: f'<table:table-cell table:style-name="c"><text:p>{escape(text)}</text:p></table:table-cell>'
    return f'<table:table><table:table-column table:number-columns-repeated="{len(rows[0])}"/>' + \
        "".join("<table:table-row>" + "".join(map(cell, row)) + "</table:table-row>" for row in rows) + "</table:table>"


def writer_files():
    usual = dict(asian="Noto Serif CJK SC", size="12pt", indent="0cm", line="100%", align="start", after="0.2cm", columns="", border="0.5pt solid #000000")
    two = '<style:columns fo:column-count="2" fo:column-gap="0.8cm"/>'
    for name, chinese, set in [
        ("plain", False, {}), ("indent", False, dict(indent="1.25cm", align="justify", after="0cm")), ("onehalf", False, dict(line="150%", align="justify", indent="1cm", after="0cm")),
        ("double", False, dict(line="200%")), ("two", False, dict(columns=two, align="justify", size="10pt")), ("three", False, dict(columns=two.replace('"2"', '"3"'), size="9pt")),
        ("zh", True, dict(indent="0.85cm", line="150%", align="justify", after="0cm")), ("zh_28", True, dict(indent="1.1cm", line="28pt", size="16pt", after="0cm", align="justify")),
        ("zh_two", True, dict(columns=two, indent="0.85cm", after="0cm")), ("zh_sans", True, dict(asian="Noto Sans CJK SC", indent="0.85cm", line="150%", after="0cm")),
    ]:
        text = Text("writer" + name, chinese)
        body = "".join(f'<text:p text:style-name="H">{"第%d条 规定" % n if chinese else "Rule %d" % n}</text:p>' +
                       "".join(f'<text:p text:style-name="B">{text.paragraph(2 if n % 2 else 0)}</text:p>' for _ in range(3)) for n in range(1, 8))
        yield "writer_" + name, FODT % {**usual, **set, "body": body}, text.all, []
    for name, border, wrapped in [("grid", "0.5pt solid #000000", False), ("wrapped", "0.5pt solid #000000", True), ("none", "none", False)]:
        text, rows, body = Text("writertable" + name), [], ""
        for part in range(3):
            more = table(text, columns=3 + part % 2, wrapped=wrapped)
            rows += more
            body += f'<text:p text:style-name="B">{text.paragraph(3)}</text:p>' + fodt_table(more) + f'<text:p text:style-name="B">{text.paragraph(3)}</text:p>'
        yield "writer_table_" + name, FODT % {**usual, "border": border, "body": body}, text.all, rows


def run(*command, cwd):
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stdout.decode(errors='replace')[-2000:]}")


def main(folder):
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        for kind, files in [("tex", latex_files()), ("html", chromium_files()), ("fodt", writer_files())]:
            made = []
            for name, source, sentences, rows in files:
                path = os.path.join(work, f"{name}.{kind}")
                open(path, "w").write(source)
                json.dump({"sentences": sentences, "rows": rows}, open(os.path.join(folder, name + ".json"), "w"), ensure_ascii=False)
                made.append((name, path))
            if kind == "fodt":
                run("soffice", f"-env:UserInstallation=file://{work}/profile", "--headless", "--convert-to", "pdf", *[path for _, path in made], cwd=work)
            for name, path in made:
                if kind == "tex":
                    run("pdflatex", "-interaction=nonstopmode", "-halt-on-error", path, cwd=work)
                elif kind == "html":
                    run("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", f"--print-to-pdf={work}/{name}.pdf", f"file://{path}", cwd=work)
                shutil.copy(os.path.join(work, name + ".pdf"), os.path.join(folder, name + ".pdf"))


if __name__ == "__main__":
    main(*sys.argv[1:])
