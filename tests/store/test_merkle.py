"""The tree against RFC 6962: known roots, and proofs that hold for every size and fail for every change."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    tree_root,
    verify_consistency,
    verify_inclusion,
)

#: The eight inputs and the roots of growing trees used by the reference implementations of RFC 6962.
INPUTS = [bytes.fromhex(h) for h in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def leaves_of(count: int) -> list[bytes]:
    return [leaf_hash(str(n).encode()) for n in range(count)]


def test_roots_equal_the_published_ones() -> None:
    assert hashlib.sha256(b"").digest() == EMPTY_ROOT == Frontier().root
    for size, root in enumerate(ROOTS, 1):
        assert tree_root([leaf_hash(content) for content in INPUTS[:size]]).hex() == root


def test_a_frontier_keeps_one_peak_for_each_bit_and_the_same_root_however_it_grew() -> None:
    frontier = Frontier()
    for size, leaf in enumerate(leaves_of(300), 1):
        frontier = frontier.append(leaf)
        assert len(frontier.peaks) == size.bit_count()
    half = Frontier().extend(leaves_of(300)[:137])
    assert half.extend(leaves_of(300)[137:]) == frontier


@given(size=st.integers(1, 70), index=st.integers(0, 69))
def test_every_leaf_is_proved_in_its_place_and_nowhere_else(size: int, index: int) -> None:
    leaves, index = leaves_of(size), index % size
    proof, root = inclusion_proof(leaves, index), tree_root(leaves)
    assert verify_inclusion(leaves[index], index, size=size, proof=proof, root=root)
    assert not verify_inclusion(leaf_hash(b"other"), index, size=size, proof=proof, root=root)
    assert not verify_inclusion(leaves[index], index, size=size, proof=(*proof, root), root=root)
    assert not verify_inclusion(leaves[index], index, size=size, proof=proof, root=leaf_hash(b"other"))
    others = set(range(size)) - {index}
    assert not any(verify_inclusion(leaves[index], n, size=size, proof=proof, root=root) for n in others)


@given(old=st.integers(1, 70), more=st.integers(0, 70), at=st.integers(0, 200))
def test_growth_is_proved_and_a_rewritten_past_is_not(old: int, more: int, at: int) -> None:
    leaves = leaves_of(old + more)
    before, proof = tree_root(leaves[:old]), consistency_proof(leaves, old)
    assert verify_consistency(old, before, size=old + more, root=tree_root(leaves), proof=proof)
    rewritten = list(leaves)
    rewritten[at % old] = leaf_hash(b"rewritten")
    forged = consistency_proof(rewritten, old)
    assert not verify_consistency(old, before, size=old + more, root=tree_root(rewritten), proof=forged)
    assert not verify_consistency(old, before, size=old + more, root=tree_root(rewritten), proof=proof)


def test_there_is_no_proof_for_what_is_not_there() -> None:
    leaves = leaves_of(5)
    for asked in (-1, 5):
        with pytest.raises(IndexError):
            inclusion_proof(leaves, asked)
    for asked in (0, 6):
        with pytest.raises(IndexError):
            consistency_proof(leaves, asked)
    assert not verify_inclusion(leaves[0], 5, size=5, proof=(), root=tree_root(leaves))
    assert not verify_consistency(6, tree_root(leaves), size=5, root=tree_root(leaves), proof=())
    assert node_hash(b"a", b"b") != leaf_hash(b"ab")
