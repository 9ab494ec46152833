"""Pictures handed to nginx: readable by its group alone, gone in a minute, and sent from here when that fails."""

import os
import stat
from pathlib import Path

from handlers.pictures import KEPT, HandOver


def test_a_picture_handed_over_is_for_nginx_alone_and_does_not_stay(tmp_path: Path) -> None:
    hand_over = HandOver(tmp_path)
    kept = os.umask(0o077)  # as the unit has it
    try:
        names = {hand_over.put(b"one"), hand_over.put(b"two")}
    finally:
        os.umask(kept)
    assert len(names) == 2
    written = {(tmp_path / name).read_bytes() for name in names}
    assert written == {b"one", b"two"}
    first, second = (tmp_path / name for name in sorted(names))
    assert {stat.S_IMODE(path.stat().st_mode) for path in (first, second)} == {0o640}
    (tmp_path / "not ours").write_bytes(b"")
    now = first.stat().st_mtime
    os.utime(second, (now - KEPT - 1, now - KEPT - 1))
    assert hand_over.sweep(now) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([first.name, "not ours"])
