"""Packages made to do harm: refused with a reason, nothing written outside, the parent unharmed."""

import io
import resource
import stat
import zipfile
from pathlib import Path
from typing import Any

from handlers.flows.importing import import_package
from handlers.flows.intake.package import unpack
from store import Store
from tests.intake import scans
from tests.intake.conftest import Package, Run

USCC = "91440106MA9W00010Y"


def zipped(package: Package, path: Path, *, under: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(package.folder.rglob("*")):
            if file.is_file():
                archive.write(file, under + str(file.relative_to(package.folder)))
    return path


def filled(package: Package) -> Package:
    package.company()
    package.filing()
    package.document(1, [package.file("扫描/好.jpg", scans.jpeg())], title="good")
    return package


def titles(run: Run, store: Store) -> list[str]:
    dossier = run(store.dossiers.of(USCC))
    return [one.title for one in dossier.documents] if dossier else []


def test_a_zip_goes_in_like_its_folder_also_with_one_folder_around_it(
    intake_run: Run, store: Store, adapters: Any, package: Package, tmp_path: Path
) -> None:
    filled(package)
    flat = intake_run(import_package(store, adapters, zipped(package, tmp_path / "flat.zip")))
    nested = intake_run(import_package(store, adapters, zipped(package, tmp_path / "nested.zip", under="2026-001/")))
    assert (flat.documents, flat.refusals) == (1, [])
    assert (nested.skipped, nested.refusals) == (3, [])


def test_entries_that_climb_out_link_or_explode_are_refused_and_the_rest_goes_in(
    intake_run: Run, store: Store, adapters: Any, package: Package, tmp_path: Path
) -> None:
    path = zipped(filled(package), tmp_path / "evil.zip")
    link = zipfile.ZipInfo("link.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        for name in ("../climbed.txt", "/climbed.txt", "a/../../climbed.txt", "..\\climbed.txt", "C:/climbed.txt"):
            archive.writestr(name, b"out")
        archive.writestr(link, "/etc/passwd")
        archive.writestr("bomb.jpg", b"\0" * (64 << 20))
    report = intake_run(import_package(store, adapters, path))
    said = {one.subject: one.reason for one in report.refusals}
    assert len(said) == 7
    assert "符号链接" in said["link.jpg"]
    assert "压缩炸弹" in said["bomb.jpg"]
    assert sum("越出" in reason for reason in said.values()) == 5
    assert titles(intake_run, store) == ["good"]
    assert not list(tmp_path.rglob("climbed.txt"))
    assert not Path("/climbed.txt").exists()


def test_a_zip_larger_than_allowed_or_broken_is_refused_as_a_whole(
    intake_run: Run, store: Store, adapters: Any, package: Package, tmp_path: Path
) -> None:
    filled(package)
    huge = tmp_path / "huge.zip"
    with zipfile.ZipFile(huge, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.bin", b"x")
    content = bytearray(huge.read_bytes())
    at = content.rindex(b"PK\x01\x02") + 24
    content[at : at + 4] = (0xF0000000).to_bytes(4, "little")
    huge.write_bytes(content)
    broken = tmp_path / "broken.zip"
    broken.write_bytes(zipped(package, tmp_path / "whole.zip").read_bytes()[:-40])
    assert "大于" in intake_run(import_package(store, adapters, huge)).refusals[0].reason
    assert "损坏" in intake_run(import_package(store, adapters, broken)).refusals[0].reason
    assert titles(intake_run, store) == []


def test_the_unpacked_whole_is_bounded(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(70):
            archive.writestr(f"{number}.bin", b"x")
    content = bytearray(out.getvalue())
    at = -1
    while (at := content.find(b"PK\x01\x02", at + 1)) >= 0:
        content[at + 24 : at + 28] = (150 << 20).to_bytes(4, "little")
    path = tmp_path / "sum.zip"
    path.write_bytes(content)
    (refusal,) = unpack(str(path), str(tmp_path))
    assert "GB" in refusal.reason


def test_a_link_in_a_folder_is_not_followed(
    intake_run: Run, store: Store, adapters: Any, package: Package, tmp_path: Path
) -> None:
    filled(package)
    outside = tmp_path / "outside.jpg"
    outside.write_bytes(scans.jpeg(mark=3))
    (package.folder / "link.jpg").symlink_to(outside)
    (package.folder / "folder").symlink_to(tmp_path)
    package.document(2, ["link.jpg"])
    package.document(3, ["folder/outside.jpg"])
    report = intake_run(import_package(store, adapters, package.folder))
    assert [one.row for one in report.refusals] == [4, 5]
    assert all("符号链接" in one.reason for one in report.refusals)


def test_a_pdf_that_unpacks_to_much_leaves_the_parent_as_it_was(
    intake_run: Run, store: Store, adapters: Any, package: Package
) -> None:
    filled(package)
    package.document(2, [package.file("bomb.pdf", scans.bomb_pdf())])
    package.document(3, [package.file("bomb.tif", scans.bomb_tiff())])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    report = intake_run(import_package(store, adapters, package.folder))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 64 << 10  # KiB
    assert [one.row for one in report.refusals] == [4, 5]
    assert "good" in titles(intake_run, store)


def test_a_manifest_of_garbage_names_each_line(intake_run: Run, store: Store, adapters: Any, package: Package) -> None:
    for line in ("[]", "null", '{"kind":"visitor"}', "\x00", '{"kind":"company"}', "[" * 5000, '{"kind":["company"]}'):
        package.line(line)
    package.company(name="含\u202e反向")
    report = intake_run(import_package(store, adapters, package.folder))
    assert [one.row for one in report.refusals] == list(range(1, 9))
    assert "控制字符" in report.refusals[-1].reason
    assert intake_run(store.companies.count()) == 0
