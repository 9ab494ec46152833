"""The package as files: a folder, or a zip unpacked by a child under limits; `importing` opens it, nobody else."""

import os
import shutil
import stat
import zipfile
from hashlib import sha256
from pathlib import Path, PurePosixPath

from adapters.imaging import MAX_FILE_BYTES
from handlers.flows.intake.manifest import NAME
from handlers.flows.intake.report import Refusal, RowRefused

MOST_ENTRIES = 100_000
MOST_BYTES = 8 << 30
#: Scans hardly compress; what grows a hundredfold and more was made to fill a disk.
MOST_GROWTH = 100


def unpack(archive: str, folder: str) -> list[Refusal]:
    """Unpack the zip at `archive` into the empty `folder`; runs in a child. Entries that may not go in are returned.

    Nothing is ever written outside `folder`, links are not made, encrypted entries and bombs are not unpacked.
    """
    try:
        with zipfile.ZipFile(archive, metadata_encoding="gb18030") as package:
            return _unpack_all(package, Path(folder))
    except RowRefused as refused:
        return [Refusal(row=0, subject=Path(archive).name, reason=refused.reason)]
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, EOFError) as fault:
        reason = f"压缩包已损坏或不完整，请重新打包（{type(fault).__name__}）"
        return [Refusal(row=0, subject=Path(archive).name, reason=reason)]


def _unpack_all(package: zipfile.ZipFile, folder: Path) -> list[Refusal]:
    entries = [entry for entry in package.infolist() if not entry.is_dir()]
    if len(entries) > MOST_ENTRIES:
        raise RowRefused(f"压缩包内文件超过 {MOST_ENTRIES} 个，请拆分")
    if sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise RowRefused(f"压缩包展开后超过 {MOST_BYTES >> 30} GB，请拆分")
    refused = []
    for entry in entries:
        try:
            _unpack_one(package, entry, folder)
        except RowRefused as fault:
            refused.append(Refusal(row=0, subject=entry.filename[:200], reason=fault.reason))
        except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as fault:
            reason = f"该文件在压缩包中已损坏，请重新打包（{type(fault).__name__}）"
            refused.append(Refusal(row=0, subject=entry.filename[:200], reason=reason))
    return refused


def _unpack_one(package: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    path = PurePosixPath(entry.filename)
    if path.is_absolute() or ".." in path.parts or "\\" in entry.filename or ":" in path.parts[0]:
        raise RowRefused("文件路径越出资料包，未予展开")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise RowRefused("是符号链接，未予展开，请放入文件本身")
    if entry.flag_bits & 1:
        raise RowRefused("已加密，请去除密码后重新打包")
    if entry.file_size > MAX_FILE_BYTES:
        raise RowRefused(f"大于 {MAX_FILE_BYTES >> 20} MB，请拆分后重新打包")
    if entry.file_size > MOST_GROWTH * max(entry.compress_size, 1) and entry.file_size > 10 << 20:
        raise RowRefused("压缩比异常（疑似压缩炸弹），未予展开")
    target = folder.joinpath(*path.parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    with package.open(entry) as source, target.open("xb") as out:
        shutil.copyfileobj(source, out, 1 << 20)


def root_of(folder: Path) -> Path:
    """Where manifest.jsonl lies: at the top, or in the only folder of the top."""
    inner = [one for one in folder.iterdir() if one.is_dir()] if not (folder / NAME).is_file() else []
    return inner[0] if len(inner) == 1 and (inner[0] / NAME).is_file() else folder


def locate(root: Path, name: str) -> Path:
    """The file a row names, inside the package and reached without any link. Raises RowRefused."""
    path = root
    for part in PurePosixPath(name).parts:
        path = path / part
        if path.is_symlink():
            raise RowRefused(f"{name} 是符号链接，请放入文件本身")
    if not path.is_file():
        raise RowRefused(f"资料包中没有 {name}，请补上或改正 files")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise RowRefused(f"{name} 大于 {MAX_FILE_BYTES >> 20} MB，请拆分后重新提交")
    return path


def read_inside(path: str) -> bytes:
    """A package file's bytes; a link put there meanwhile is not followed."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        return file.read(MAX_FILE_BYTES + 1)


def digest_of(path: Path) -> str:
    """SHA-256 of a file, hex."""
    return sha256(read_inside(str(path))).hexdigest()
