"""All adapters open from settings and close again; what cannot be opened is named."""

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
