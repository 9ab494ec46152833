"""The sample files operators copy: nginx overwrites what the service believes, units name what there is."""

import re
from pathlib import Path

from conf.settings import Settings
from eqicha import commands
from handlers.flows import organ_cases, supplements, verifying
from handlers.headers import standing_headers
from handlers.pictures import LOCATION
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
    limits = dict(re.findall(r"location (?:= |~ )?(\S+) \{[^}]*?client_max_body_size ([1-9]\d*)m", NGINX))
    largest = {
        "/verify/file": verifying.LARGEST_FILE,
        "^/orders/[^/]+/answer$": len(supplements.FILES) * supplements.LARGEST_FILE,
        "/gov/cases/new/file": organ_cases.LARGEST,
    }
    assert set(limits) == set(largest)
    for path, most in largest.items():
        assert most < int(limits[path]) << 20, f"{path}: the files and the form around them"
        example = re.sub(r"[\^$]|\[\^/\]\+", lambda part: "TH20260101-ABCDEF" if len(part[0]) > 1 else "", path)
        assert [spec for spec in all_routes() if spec.regex.fullmatch(example)], example


def test_every_address_that_takes_files_is_known_to_nginx() -> None:
    """A handler that streams its body may take more than 1 MB; nginx has to let it."""
    streamed = {spec.regex.pattern for spec in all_routes() if getattr(spec.target, "_stream_request_body", False)}
    small = {path for path in streamed if path.startswith("/gov/cases/(")}  # lists of 64 KB
    assert len(streamed) == len(streamed & small) + 3
    for path in ("/verify/file", "/orders/TH20260101-ABCDEF/answer", "/gov/cases/new/file"):
        assert any(re.match(pattern, path) for pattern in streamed - small), path


def test_nginx_adds_no_header_twice_and_closes_its_braces() -> None:
    """Only where it drops the service's headers (X-Accel-Redirect) nginx says them again, all of them."""
    handed = NGINX.split("location /internal/pictures/", 1)[1].split("}", 1)[0]
    assert NGINX.count("add_header") == handed.count("add_header")
    again = dict(re.findall(r"add_header (\S+) \$(\S+);", handed))
    assert set(again) == {*standing_headers(Settings(base_url="https://x.example")), "X-Request-ID"}
    assert all(value == f"upstream_http_{name.lower().replace('-', '_')}" for name, value in again.items())
    assert LOCATION in NGINX
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
