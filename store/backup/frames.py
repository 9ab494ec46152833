"""The sealed container of a backup: compressed frames under AES-256-GCM, in order, with an end. For store/backups.

Layout: MAGIC, 8 bytes naming the key, 32 bytes salt; then frames of flag (1 byte: 0 more follow, 1 the last), length
(4 bytes, big endian) and that many bytes of ciphertext with its tag. The file's own key comes from the master key and
the salt (HKDF-SHA256), the nonce is the frame's number, and what is authenticated beside the content is the header,
the number, flag and length: a frame moved, dropped, repeated, cut off or changed by one bit does not open.
"""

import hashlib
import hmac
import os
import secrets
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from conf.errors import BackupRefused

MAGIC = b"EQICHA-BACKUP-1\n"
FORMAT = 1
_KEY_NAME, _SALT = 8, 32
_HEADER = len(MAGIC) + _KEY_NAME + _SALT
_LARGEST = 96 << 20  # a frame is a few MiB; a length beyond this was altered
_MORE, _LAST = 0, 1


class FrameWriter:
    """Writes a backup beside its place and moves it there only when it is whole and on disk."""

    def __init__(self, path: Path, master: bytes) -> None:
        self._path, self._part = path, path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        salt = secrets.token_bytes(_SALT)
        self._header = MAGIC + _key_name(master) + salt
        self._cipher, self._number = AESGCM(_file_key(master, salt)), 0
        descriptor = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file: BinaryIO = os.fdopen(descriptor, "wb")
        self._file.write(self._header)

    def put(self, plain: bytes, *, is_last: bool = False) -> None:
        """One more frame, a few MiB at most."""
        packed = zlib.compress(plain, 1)
        flag, length = _LAST if is_last else _MORE, len(packed) + 16
        nonce, vouched = _vouched(self._header, self._number, flag, length)
        self._file.write(bytes([flag]) + length.to_bytes(4, "big") + self._cipher.encrypt(nonce, packed, vouched))
        self._number += 1

    def finish(self, plain: bytes) -> int:
        """Write the last frame, bring all of it to disk and under its name; its size in bytes.

        Raises BackupRefused when a file of that name came about meanwhile.
        """
        self.put(plain, is_last=True)
        self._file.flush()
        os.fsync(self._file.fileno())
        size = self._file.tell()
        self._file.close()
        try:
            os.link(self._part, self._path)  # never over an older backup
        except FileExistsError:
            raise BackupRefused(f"{self._path} is there already; choose another name") from None
        self._part.unlink()
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return size

    def give_up(self) -> None:
        """Leave nothing behind."""
        self._file.close()
        self._part.unlink(missing_ok=True)


def open_frames(path: Path, master: bytes) -> Iterator[bytes]:
    """Every frame's content, in order; the last one is the manifest.

    Raises BackupRefused for another kind of file, another key, a frame altered, and when the end is missing or not
    the end. Nothing of a frame is given out before it is proven, but only a file read to its end is proven whole.
    """
    try:
        with path.open("rb") as file:
            yield from _opened(file, path, master)
    except OSError as fault:
        raise BackupRefused(f"{path}: {fault.strerror or fault}") from None


def _opened(file: BinaryIO, path: Path, master: bytes) -> Iterator[bytes]:
    header = file.read(_HEADER)
    if not header.startswith(MAGIC):
        raise BackupRefused(f"{path} is not a backup of this service (or its first bytes were altered)")
    if len(header) < _HEADER:
        raise BackupRefused(f"{path} is cut off: it ends within its header; take another backup")
    if not hmac.compare_digest(header[len(MAGIC) : -_SALT], _key_name(master)):
        raise BackupRefused(f"{path} was made with another key; set the keys of the service it came from")
    cipher, number, flag = AESGCM(_file_key(master, header[-_SALT:])), 0, _MORE
    while flag == _MORE:
        head = file.read(5)
        length = int.from_bytes(head[1:], "big")
        sealed = file.read(length) if length <= _LARGEST else b""
        if len(head) < 5 or (len(sealed) < length <= _LARGEST):
            raise BackupRefused(f"{path} is cut off (or altered) in frame {number}; take another backup")
        flag = head[0]
        nonce, vouched = _vouched(header, number, flag, length)
        try:
            content = zlib.decompress(cipher.decrypt(nonce, sealed, vouched))
        except (InvalidTag, ValueError, zlib.error):
            raise BackupRefused(f"{path} was altered in frame {number}; take another backup") from None
        number += 1
        if flag == _LAST and file.read(1):
            raise BackupRefused(f"{path} goes on after its end: it was altered; take another backup")
        yield content


def _file_key(master: bytes, salt: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=b"eqicha backup file").derive(master)


def _key_name(master: bytes) -> bytes:
    """Names the master key without telling anything of it."""
    return HKDF(algorithm=SHA256(), length=_KEY_NAME, salt=None, info=b"eqicha backup key name").derive(master)


def _vouched(header: bytes, number: int, flag: int, length: int) -> tuple[bytes, bytes]:
    """(nonce, associated data) of a frame."""
    nonce = number.to_bytes(12, "big")
    return nonce, hashlib.sha256(header).digest() + nonce + bytes([flag]) + length.to_bytes(4, "big")
