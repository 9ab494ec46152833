"""All adapters open from settings and close again; what cannot be opened is named."""

import subprocess
import sys
from pathlib import Path

import pytest

from adapters.assembly import open_adapters
from adapters.pdf.weasy import WeasyEngine
from adapters.pdf.wkhtml import WkhtmlEngine
from conf.keys import load_keys
from conf.settings import SettingsError, load_settings
from tests.outside import Run


@pytest.mark.parametrize(("name", "engine"), [("weasyprint", WeasyEngine), ("wkhtmltopdf", WkhtmlEngine)])
def test_every_adapter_opens_and_closes_and_the_engine_is_a_setting(
    run: Run, var_dir: Path, name: str, engine: type
) -> None:
    settings = load_settings(var_dir=var_dir, pdf_engine=name)

    async def opened() -> type:
        adapters = await open_adapters(settings, load_keys(settings))
        kind = type(adapters.pdf)
        await adapters.close()
        return kind

    assert run(opened()) is engine


def test_a_rating_key_that_will_not_do_is_named(run: Run, var_dir: Path, tmp_path: Path) -> None:
    not_a_key = tmp_path / "key.pem"
    not_a_key.write_text("nothing")
    for path in (not_a_key, tmp_path / "absent.pem"):
        settings = load_settings(var_dir=var_dir, rating_platform_key_file=path)
        with pytest.raises(SettingsError, match="EQICHA_RATING_PLATFORM_KEY_FILE"):
            run(open_adapters(settings, load_keys(settings)))


#: What only children load: together they would add 80 MB to the process that serves the pages.
_FOR_CHILDREN = "pyhanko weasyprint pikepdf img2pdf reportlab fontTools uharfbuzz pypdfium2"
_OPENED = """
import asyncio, sys
from adapters.assembly import open_adapters
from conf.keys import load_keys
from conf.settings import load_settings
import eqicha, handlers.application, handlers.flows.background, handlers.flows.sealing, views.sheets
settings = load_settings(var_dir=sys.argv[1])
asyncio.run(open_adapters(settings, load_keys(settings)))
print(*sorted(set(sys.argv[2].split()) & set(sys.modules)))
"""


def test_the_process_that_serves_pages_does_not_load_the_childrens_libraries(var_dir: Path) -> None:
    command = [sys.executable, "-c", _OPENED, str(var_dir), _FOR_CHILDREN]
    assert subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.split() == []


def test_the_seal_is_our_own_key_or_the_platform_with_a_line_of_its_own(run: Run, var_dir: Path) -> None:
    async def opened(provider: str) -> tuple[str, bool]:
        settings = load_settings(var_dir=var_dir, seal_provider=provider)
        adapters = await open_adapters(settings, load_keys(settings))
        found = type(adapters.seal).__name__, "seal" in {line.system for line in adapters.lines}
        await adapters.close()
        return found

    assert run(opened("local")) == ("LocalSeal", False)
    assert run(opened("platform")) == ("RemoteSeal", True)
