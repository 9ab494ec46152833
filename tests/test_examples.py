"""The sample files operators copy: nginx overwrites what the service believes, units name what there is."""

import re
from pathlib import Path

from conf.settings import Settings
from eqicha import commands
from handlers.flows.verifying import LARGEST_FILE
from handlers.routes import all_routes

EXAMPLES = Path(__file__).resolve().parent.parent / "docs" / "examples"
NGINX = (EXAMPLES / "nginx.conf").read_text(encoding="utf-8")


def test_nginx_overwrites_every_header_the_service_believes() -> None:
    """Tornado's xheaders: X-Real-IP before X-Forwarded-For, X-Scheme before X-Forwarded-Proto."""
    said = dict(re.findall(r"proxy_set_header\s+(\S+)\s+(\S+);", NGINX))
    assert said["X-Real-IP"] == said["X-Forwarded-For"] == "$remote_addr"
    assert said["X-Forwarded-Proto"] == "$scheme"
    assert said["X-Scheme"] == '""'
    assert "$proxy_add_x_forwarded_for" not in NGINX
    outside_of_server = NGINX.split("location", 1)[0]
    assert outside_of_server.count("proxy_set_header") == NGINX.count("proxy_set_header"), (
        "a location with one of its own would lose all the others"
    )


def test_nginx_takes_large_bodies_only_where_uploads_are_streamed() -> None:
    limits = re.findall(r"location (?:= )?(\S+) \{[^}]*?client_max_body_size (\d+)m", NGINX)
    assert limits == [("/verify/file", "61")]
    assert LARGEST_FILE < 61 << 20, "the file and the form around it"
    assert [spec for spec in all_routes() if spec.regex.match("/verify/file")]


def test_nginx_adds_no_header_twice_and_closes_its_braces() -> None:
    assert "add_header" not in NGINX
    bare = re.sub(r"#.*", "", NGINX)
    assert bare.count("{") == bare.count("}")
    ends = [line for line in bare.splitlines() if line.strip() and not line.rstrip().endswith((";", "{", "}"))]
    assert ends == []


def test_units_name_settings_and_commands_there_are() -> None:
    known = {f"EQICHA_{name.upper()}" for name in Settings.model_fields} | {"EQICHA_SETTINGS_FILE"}
    names = set(commands()._subparsers._group_actions[0].choices)  # type: ignore[union-attr,arg-type]
    for path in sorted(EXAMPLES.glob("eqicha*")):
        text = path.read_text(encoding="utf-8")
        assert set(re.findall(r"EQICHA_[A-Z_]+", text)) <= known, path.name
        assert set(re.findall(r"eqicha\.py ([a-z-]+)", text)) <= names, path.name
