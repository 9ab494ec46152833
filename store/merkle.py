"""The RFC 6962 Merkle tree as pure functions on bytes: store/audit.py grows it, provers and verifiers read it.

A hash is 32 raw bytes (SHA-256). Sizes count leaves, indexes start at 0. Nothing here touches the database.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(content: bytes) -> bytes:
    """SHA-256(0x00 ‖ content), RFC 6962 §2.1."""
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right), RFC 6962 §2.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """All a growing tree needs to keep: roots of its complete subtrees, largest first, one per 1-bit of `size`."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> "Frontier":
        """The frontier with one more leaf hash; equal subtrees merge from the right."""
        peaks = list(self.peaks)
        merges = (~self.size & (self.size + 1)).bit_length() - 1  # how many 1-bits `size` ends in
        for _ in range(merges):
            leaf = node_hash(peaks.pop(), leaf)
        return Frontier(self.size + 1, (*peaks, leaf))

    def extend(self, leaves: Iterable[bytes]) -> "Frontier":
        """The frontier after all `leaves`, in their order."""
        grown = self
        for leaf in leaves:
            grown = grown.append(leaf)
        return grown

    @property
    def root(self) -> bytes:
        """The tree's root hash; of the empty tree SHA-256 of nothing."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """Root over leaf hashes (MTH of RFC 6962 §2.1)."""
    return Frontier().extend(leaves).root


def inclusion_proof(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Audit path of leaf `index`, nearest first (PATH of RFC 6962 §2.1.1). Raises IndexError when there is none."""
    if not 0 <= index < len(leaves):
        raise IndexError(index)
    if len(leaves) == 1:
        return ()
    cut = _split(len(leaves))
    if index < cut:
        return (*inclusion_proof(leaves[:cut], index), tree_root(leaves[cut:]))
    return (*inclusion_proof(leaves[cut:], index - cut), tree_root(leaves[:cut]))


def verify_inclusion(leaf: bytes, index: int, *, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `leaf` stands at `index` in the tree of `size` leaves with `root` (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size:
        return False
    here, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if here & 1 or here == last:
            found = node_hash(sibling, found)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        here, last = here >> 1, last >> 1
    return last == 0 and found == root


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> tuple[bytes, ...]:
    """Proof that the tree of the first `old_size` leaves is a prefix (PROOF of RFC 6962 §2.1.2)."""
    if not 0 < old_size <= len(leaves):
        raise IndexError(old_size)
    return _subproof(leaves, old_size, whole=True)


def verify_consistency(old_size: int, old_root: bytes, *, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the tree (`size`, `root`) only appended to (`old_size`, `old_root`) (RFC 9162 §2.1.4.2)."""
    if not 0 < old_size <= size:
        return False
    if old_size == size:
        return not proof and old_root == root
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    here, last = old_size - 1, size - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        here, last = here >> 1, last >> 1
    return last == 0 and old == old_root and new == root


def _subproof(leaves: Sequence[bytes], old_size: int, *, whole: bool) -> tuple[bytes, ...]:
    if old_size == len(leaves):
        return () if whole else (tree_root(leaves),)
    cut = _split(len(leaves))
    if old_size <= cut:
        return (*_subproof(leaves[:cut], old_size, whole=whole), tree_root(leaves[cut:]))
    return (*_subproof(leaves[cut:], old_size - cut, whole=False), tree_root(leaves[:cut]))


def _split(size: int) -> int:
    """The largest power of two below `size` (≥ 2)."""
    return 1 << (size - 1).bit_length() - 1
