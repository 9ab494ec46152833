"""What every PdfEngine must do: the same pages, right Chinese in the text layer, and no way out of the HTML."""

import re
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.pdf import weasy, wkhtml
from adapters.pdf.weasy import WeasyEngine
from adapters.pdf.wkhtml import WkhtmlEngine
from conf.errors import WorkFault
from tests.pdf import papers
from tests.seal.bench import SealBench, seal_bench, seal_settings, tsa
from views.contexts.print import certificate, extract_sheet
from views.sheets import PrintSheets

__all__ = ["seal_bench", "seal_settings", "tsa"]

Render = Callable[[str], bytes]


@pytest.fixture(params=["weasyprint", "wkhtmltopdf"])
def render(request: pytest.FixtureRequest) -> Render:
    return {"weasyprint": weasy.render_html, "wkhtmltopdf": wkhtml.render_html}[request.param]


def text_of(pdf: bytes) -> str:
    """All text without white space, so that line breaks do not matter."""
    said = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True).stdout
    return re.sub(r"\s", "", said.decode())


def pages_of(pdf: bytes) -> list[str]:
    said = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
    return [page for page in said.split("\f") if page.strip()]


def test_the_certificate_says_everything_in_right_chinese(render: Render) -> None:
    company, order, issue = papers.company(), papers.order(4), papers.issue()
    text = text_of(render(PrintSheets().certificate(order, company, issue)))
    for words in (
        "企业登记档案查询证明",
        "登记档案影像查询件",
        "广州市天河区𠮷祥软件（样例）有限公司",
        company.uscc,
        order.no,
        issue.no,
        "陈*",
        "办理本企业事务",
        "截至第7次登记、2024年8月9日",
        "2026年11月21日10:05",
        "2027年2月19日",
        "7K3M9Q2PWXYZ4H6J8N5R",
        "http://127.0.0.1:8000/verify",
        "档案法实施条例",
        "样例·无法律效力",
        "陈䶮为执行董事",
        "影像4份，共10页，另附机读档案",
    ):
        assert words in text, words
    for item in order.items:
        assert item.document_title in text
    assert "⼈" not in text, "U+2F08 is what a wrong font makes of 人"
    assert "人" in text


@pytest.mark.parametrize("count", [2, 4, 6])
def test_a_signatory_takes_a_row_of_its_own_and_pages_break_where_they_should(render: Render, count: int) -> None:
    signatory = "档案管理科副科长一二三 样例甲"
    order, issue = papers.order(count), papers.issue(signatory=signatory)
    pages = pages_of(render(PrintSheets().certificate(order, papers.company(), issue)))
    assert len(pages) == len(certificate(order, papers.company(), issue).pages)
    assert signatory.replace(" ", "") in re.sub(r"\s", "", pages[0])


def test_the_extract_says_everything_and_masks_what_is_personal(render: Render) -> None:
    company = papers.company()
    text = text_of(render(PrintSheets().extract(company, papers.issue())))
    for words in (
        "陈䶮",
        "刘㛃",
        "广州𠮷星贸易（样例）有限公司",
        "法定代表人",
        "变更记录",
        "经营范围",
        "100万元人民币",
    ):
        assert words in text, words
    assert company.scope.replace("；", "") in text.replace("；", "")
    assert "4401**********123X" in text


def test_long_lists_flow_to_further_pages_without_loss(render: Render) -> None:
    company, order, issue = papers.company(), papers.order(120), papers.issue()
    pdf = render(PrintSheets().certificate(order, company, issue))
    pages = pages_of(pdf)
    assert len(pages) == len(certificate(order, company, issue).pages) > 3
    text = text_of(pdf)
    assert all(item.document_title in text for item in order.items)


def test_an_extract_with_long_changes_breaks_where_we_say(render: Render) -> None:
    long = papers.company(scope="软件开发与销售；" * 400)
    pdf = render(PrintSheets().extract(long, papers.issue()))
    assert len(pages_of(pdf)) == len(extract_sheet(long, papers.issue()).pages)
    assert text_of(pdf).count("销") == 400


@pytest.fixture
def canary() -> Iterator[tuple[int, list[bytes]]]:
    """A port that should never be called, and what came in."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        stop = threading.Event()

        def listen() -> None:
            while not stop.is_set():
                try:
                    peer, _ = server.accept()
                except TimeoutError:
                    continue
                heard.append(b"called")
                peer.close()

        thread = threading.Thread(target=listen)
        thread.start()
        yield server.getsockname()[1], heard
        stop.set()
        thread.join()


def test_nothing_outside_the_html_can_be_reached(
    render: Render, canary: tuple[int, list[bytes]], tmp_path: Path
) -> None:
    port, heard = canary
    (tmp_path / "secret.txt").write_text("SECRET-IN-A-FILE")
    html = f"""<html><head><meta charset="utf-8">
      <meta name="pdfkit-header-html" content="http://127.0.0.1:{port}/meta">
      <link rel="stylesheet" href="http://127.0.0.1:{port}/style.css">
      <style>@import url(http://127.0.0.1:{port}/import.css);
      body {{ background: url(http://127.0.0.1:{port}/b.png) }}</style>
      </head><body><p>PLAIN</p><img src="http://127.0.0.1:{port}/x.png">
      <iframe src="file://{tmp_path}/secret.txt"></iframe><iframe src="http://127.0.0.1:{port}/frame"></iframe>
      <object data="file://{tmp_path}/secret.txt"></object>
      <script>document.write("SCRIPT-RAN")</script></body></html>"""
    try:
        text = text_of(render(html))
    except WorkFault:  # refusing the whole sheet is as good
        text = ""
    assert heard == []
    assert "SECRET-IN-A-FILE" not in text
    assert "SCRIPT-RAN" not in text


@pytest.mark.parametrize("engine", [WeasyEngine, WkhtmlEngine])
def test_engines_work_in_a_child_and_name_a_failure(
    seal_bench: SealBench, engine: type[WeasyEngine] | type[WkhtmlEngine]
) -> None:
    html = PrintSheets().certificate(papers.order(2), papers.company(), papers.issue())
    pdf = seal_bench.run(engine(seal_bench.workshop).render(html))
    assert pdf.startswith(b"%PDF")


def test_a_program_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(WorkFault, match="EQICHA_PDF_ENGINE"):
        wkhtml.render_html("<html><head></head><body>x</body></html>")
