"""One picture against all: search among hashes and vectors, "do I have this?" as somebody waits for it."""

from __future__ import annotations

import io
import time
from functools import partial

import faiss
import numpy as np
import numpy.typing as npt
from sqlalchemy import delete, insert, select

from bench.camera import photographs
from bench.library import filled
from bench.measure import Effort, Figure, Findings, of_rounds, percentile, ratios, rotated, single, times
from photos.backends.recognition.protocol import VECTOR_BYTES
from photos.db.engine import Database
from photos.db.schema import photo, photo_vector
from photos.perceptual.index import HASH_BYTES, HashIndex
from photos.services import likeness, lookup

MILLION = 1_000_000
QUERIES = 40
Bits = npt.NDArray[np.uint8]


def measure(effort: Effort) -> Findings:
    """The rows about hashes and vectors."""
    faiss.omp_set_num_threads(1)
    return Findings(
        figures=[*_search(effort), *_growth(effort), _asked(effort), *_alike(effort)],
        peers=[f"faiss {faiss.__version__}"],
    )


def _search(effort: Effort) -> list[Figure]:
    hashes = _random(MILLION)
    ours, theirs = _ours(hashes), _theirs(hashes)
    asked = _asked_for(hashes)
    taken = rotated(
        {
            "31": lambda: [ours.search(bits.tobytes(), 31) for bits in asked],
            "47": lambda: [ours.search(bits.tobytes(), 47) for bits in asked],
            "faiss": lambda: [theirs.search(bits[None], 1) for bits in asked],
        },
        effort.choose(3, 7),
    )
    how = f"CPU time of {QUERIES} queries, half of them with a near twin, among {MILLION:,} random hashes"
    return [
        of_rounds(
            f"hashes within {radius} bits",
            ratios(taken, radius, "faiss"),
            "x faiss IndexBinaryFlat",
            how,
            bar=bar,
        )
        for radius, bar in (("31", 1.0), ("47", 3.0))
    ]


def _growth(effort: Effort) -> list[Figure]:
    small, large = effort.choose(10_000, 100_000), effort.choose(100_000, 10 * MILLION)
    indexes = {count: _random(count) for count in (small, large)}
    built = {count: (_ours(hashes), _asked_for(hashes)) for count, hashes in indexes.items()}
    taken = rotated(
        {str(count): times(1, partial(_ask_all, index, asked)) for count, (index, asked) in built.items()},
        effort.choose(3, 5),
    )
    return [
        of_rounds(
            f"hashes within 31 bits of {large:,}",
            ratios(taken, str(large), str(small)),
            f"x among {small:,}",
            "CPU time of the same queries",
        )
    ]


def _asked(effort: Effort) -> Figure:
    count = effort.choose(10_000, 100_000)
    (body,) = photographs(1)
    with filled(effort.folder / "asked", count) as library:
        here = library.backends
        waits = []
        for _ in range(effort.choose(3, 10)):
            started = time.perf_counter()
            lookup.find_picture(
                io.BytesIO(body),
                owner=library.owner,
                settings=here.settings,
                database=here.database,
                magnifier=here.open_magnifier(),
            )
            waits.append((time.perf_counter() - started) * 1000)
    return Figure(
        name=f"do I have this? among {count:,} photos, p95",
        value=percentile(waits, 95),
        low=min(waits),
        high=max(waits),
        unit="ms",
        how="wall time for a picture of 12 megapixels, with the start of the decoder that looks at it",
        bar=1000.0,
    )


def _alike(effort: Effort) -> list[Figure]:
    count = effort.choose(10_000, 100_000)
    with filled(effort.folder / "alike", count) as library:
        database = library.backends.database
        asked = f"like:{_give_vectors(database, library.owner.id)}"
        taken = []
        for _ in range(effort.choose(6, 21)):
            started = time.process_time()
            likeness.understand(asked, owner=library.owner, database=database)
            taken.append((time.process_time() - started) * 1000)
        kept = likeness.kept_bytes(database) / 2**20
    first, *later = taken
    waits = [
        Figure(
            name=f"more like this among {count:,} photos, {when}",
            value=percentile(waits, 95),
            low=min(waits),
            high=max(waits),
            unit="ms",
            how="CPU time until the photos are known that look like one; vectors at random",
            bar=bar,
        )
        for when, waits, bar in (("first question", [first], None), ("p95 of the next", later, 100.0))
    ]
    how = "what a web process keeps of the vectors, by their bytes"
    return [*waits, single(f"memory for it, {count:,} photos", round(kept, 1), "MiB", how, bar=16.0)]


def _give_vectors(database: Database, owner_id: int) -> str:
    """Vectors for all photos; the id of one of them."""
    chance, provider = np.random.default_rng(3), "bench/1"
    with database.write() as connection:
        connection.execute(delete(photo_vector))
        rows = connection.execute(select(photo.c.key, photo.c.id).where(photo.c.owner_id == owner_id)).all()
        owned = {"owner_id": owner_id, "provider": provider, "made_at": 1}
        connection.execute(
            insert(photo_vector),
            [{"photo_key": row.key, "bits": chance.bytes(VECTOR_BYTES), **owned} for row in rows],
        )
    return str(rows[0].id)


def _random(count: int) -> Bits:
    return np.random.default_rng(1).integers(0, 256, (count, HASH_BYTES), dtype=np.uint8)


def _asked_for(hashes: Bits) -> list[Bits]:
    """Every other one is a known hash with up to 47 bits changed, the others are anything."""
    rng = np.random.default_rng(2)
    asked = list(rng.integers(0, 256, (QUERIES, HASH_BYTES), dtype=np.uint8))
    for place in range(0, QUERIES, 2):
        bits = np.unpackbits(hashes[rng.integers(len(hashes))])
        bits[rng.choice(bits.size, rng.integers(48), replace=False)] ^= 1
        asked[place] = np.packbits(bits)
    return asked


def _ask_all(index: HashIndex, asked: list[Bits]) -> None:
    for bits in asked:
        index.search(bits.tobytes(), 31)


def _ours(hashes: Bits) -> HashIndex:
    index = HashIndex()
    index.add(np.arange(len(hashes)), hashes.tobytes())
    index.search(bytes(HASH_BYTES), 31)
    return index


def _theirs(hashes: Bits) -> faiss.IndexBinaryFlat:
    index = faiss.IndexBinaryFlat(HASH_BYTES * 8)
    index.add(hashes)
    return index
