"""How blobs are cut into requests, by what is known and by what was seen."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from polyarch.registry.habits import LARGE, MAX_CHUNK, SINGLE_POST, SMALLEST, Habits
from polyarch.registry.profile_data import GAR, GHCR, UNKNOWN

MIB = 1024 * 1024
GIB = 1024 * MIB
SLOW = 1e6


def chunk(habits: Habits, size: int, *, rate: float = SLOW, asked_min: int = 0) -> int:
    return habits.chunk_size(size, bytes_per_s=rate, asked_min=asked_min)


def test_small_blobs_go_whole_and_large_ones_in_chunks():
    habits = Habits(UNKNOWN)
    assert chunk(habits, LARGE) == LARGE
    assert chunk(habits, LARGE + 1) == LARGE
    assert chunk(habits, 0) == 0


def test_a_fast_line_gets_longer_chunks_that_take_as_long():
    habits = Habits(UNKNOWN)
    assert chunk(habits, 10 * GIB, rate=12.5e6) == 250_000_000
    assert chunk(habits, 10 * GIB, rate=1e9) == MAX_CHUNK
    assert chunk(habits, 150 * MIB, rate=12.5e6) == 150 * MIB


def test_what_the_registry_asks_for_is_kept_within_reason():
    habits = Habits(UNKNOWN)
    assert chunk(habits, GIB, asked_min=100 * MIB) == 100 * MIB
    assert chunk(habits, 2 * GIB, asked_min=2 * GIB - 1) == 2 * GIB


def test_a_size_that_was_too_large_is_not_tried_again():
    habits = Habits(UNKNOWN)
    assert habits.too_large(100 * MIB)
    assert chunk(habits, 100 * MIB) == 16 * MIB
    assert chunk(habits, 99 * MIB) == LARGE
    assert habits.too_large(16 * MIB)
    assert chunk(habits, 99 * MIB) == 4 * MIB
    assert habits.too_large(4 * MIB)
    assert chunk(habits, 99 * MIB) == SMALLEST
    assert not habits.too_large(SMALLEST)


def test_ghcr_and_gar_keep_their_own_limits():
    ghcr, gar = Habits(GHCR), Habits(GAR)
    for habits in (ghcr, gar):
        assert chunk(habits, GIB) == GIB
    assert ghcr.too_large(GIB)
    assert chunk(ghcr, GIB) == 4 * MIB
    assert not gar.too_large(GIB)
    assert chunk(gar, GIB) == GIB


def test_refused_chunks_get_shorter_and_then_none():
    habits = Habits(replace(UNKNOWN, blob_max=20 * MIB))
    assert chunk(habits, GIB) == 20 * MIB
    assert habits.chunk_refused(20 * MIB)
    assert chunk(habits, GIB) == 5 * MIB
    assert habits.chunk_refused(5 * MIB)
    assert chunk(habits, GIB) < 4 * MIB
    assert not habits.chunk_refused(2 * MIB)
    assert chunk(habits, GIB) == GIB


@given(
    size=st.integers(0, 20 * GIB),
    rate=st.floats(0, 1e12),
    asked=st.integers(0, 2**60),
    seen=st.lists(st.tuples(st.booleans(), st.integers(1, 2 * GIB)), max_size=8),
)
def test_a_chunk_is_never_empty_nor_longer_than_the_blob(size, rate, asked, seen):
    habits = Habits(UNKNOWN)
    for refused, count in seen:
        _ = habits.chunk_refused(count) if refused else habits.too_large(count)
    found = chunk(habits, size, rate=rate, asked_min=asked)
    assert min(size, 1) <= found <= size


def test_one_blob_tries_the_short_way():
    habits = Habits(UNKNOWN)
    assert not habits.try_single_post(SINGLE_POST + 1)
    assert habits.try_single_post(SINGLE_POST)
    assert not habits.try_single_post(1)
    habits.single_post_worked()
    assert habits.try_single_post(1)
    assert habits.single_post_proven
