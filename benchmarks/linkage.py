"""Seconds and memory of linkage, and of one matcher beside peers on the same profiles.

    python benchmarks/linkage.py --vehicles 80000 -o benchmarks/results/linkage_speed.md

Two weeks of a synthetic region, pseudonyms that change on Monday. The first figure is the whole of
`measure_linkage`: all adversaries, profiles of fewer days, assignment, and the choice within the
first week. Below it the peers: the product of the two sparse tables of weights, from SciPy (in
blocks, the best 20 by partition) and, where it is installed, from sparse_dot_topn, on the first
queries. Compilation is done beforehand and reported apart.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from analyzer.engine import LocalEngine
from analyzer.risk.linkage import count_pair, measure_linkage
from analyzer.risk.profile_index import count_additions
from analyzer.risk.profile_matching import match_profiles
from analyzer.risk.profile_weights import Weighted, weigh
from analyzer.risk.profiles import GRAINS, make_profiles
from analyzer.risk.rotation import find_answers, first_days, pairs_of
from analyzer.sightings import Sightings
from analyzer.synthetic import make_region

BLOCK = 500


def timed(run: Callable[[], object]) -> tuple[float, float, object]:
    """Wall and processor seconds, and what was made."""
    wall, processor = time.perf_counter(), time.process_time()
    made = run()
    return time.perf_counter() - wall, time.process_time() - processor, made


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def weights_of(sightings: Sightings, grain: str, queries: int) -> tuple[Weighted, np.ndarray]:
    """Cosine weights of the first queries and of all candidates, and the answers."""
    local = [int(sightings.clock.local(np.array([end]))[0]) for end in sightings.span_ms]
    pair = pairs_of(*local, 168)[0]
    counts = count_pair(sightings, LocalEngine(), pair)
    old, new = (
        make_profiles(counts, hours, GRAINS[grain], period=at, seed=0)
        for at, hours in enumerate(first_days(pair, 7))
    )
    answers = find_answers(old.vehicles, new.vehicles)[:queries]
    ends = old.offsets[queries]
    old = old._replace(
        vehicles=old.vehicles[:queries],
        offsets=old.offsets[: queries + 1],
        features=old.features[:ends],
        counts=old.counts[:ends],
    )
    return weigh("cosine", old, new), answers


def tables(weighted: Weighted) -> tuple[csr_matrix, csr_matrix]:
    old = csr_matrix(
        (weighted.query_weights.astype(np.float32), weighted.query_features,
         weighted.query_offsets), shape=(len(weighted.query_offsets) - 1, weighted.n_features),
    )  # fmt: skip
    new = csr_matrix(
        (weighted.candidate_weights.astype(np.float32), weighted.candidate_features,
         weighted.candidate_offsets),
        shape=(len(weighted.candidate_offsets) - 1, weighted.n_features),
    )  # fmt: skip
    return old, new


def by_scipy(old: csr_matrix, new: csr_matrix) -> None:
    turned = new.T.tocsr()
    for first in range(0, old.shape[0], BLOCK):
        scores = (old[first : first + BLOCK] @ turned).toarray()
        np.argpartition(-scores, 20, axis=1)[:, :20]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vehicles", type=int, default=80_000)
    parser.add_argument("--queries", type=int, default=4_000, help="of the comparison with peers")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()

    small = make_region(vehicles=200, days=14, seed=1).sightings
    compiling, _, _ = timed(lambda: measure_linkage(small))
    with tempfile.TemporaryDirectory() as folder:
        # 1 September 2025 is a Monday.
        region = make_region(vehicles=options.vehicles, days=14, seed=options.seed)
        sightings = region.build_store(Path(folder) / "store")
        made = peak()
        wall, processor, linkage = timed(lambda: measure_linkage(sightings))
        lines = [
            f"`python benchmarks/linkage.py --vehicles {options.vehicles} "
            f"--queries {options.queries} --seed {options.seed}`",
            "",
            f"{len(sightings):,} sightings of {sightings.n_vehicles:,} pseudonyms in the store, "
            f"{len(sightings.camera_table)} cameras, two weeks; "
            f"{linkage.by_days[-1].absent.n:,} pseudonyms of the first week are linked with "
            f"{linkage.candidates:,} of the second. Engine local, {LocalEngine().threads} threads; "
            f"compilation or its cache {compiling:.1f} s, apart; peak while making the data "
            f"{made:.2f} GB. Success at the first guess {linkage.success[1].percent()}.",
            "",
            "| what | seconds | processor seconds | peak GB |",
            "|---|---|---|---|",
            f"| measure_linkage, 8 adversaries, 1, 3 and 7 days | {wall:.1f} | {processor:.1f} | "
            f"{peak():.2f} |",
            "",
            f"One matcher (cosine), {options.queries:,} queries, all candidates, one thread:",
            "",
            "| grain | additions | ours: ranks and 20 best | scipy: 20 best | × | "
            "sparse_dot_topn: 20 best | × |",
            "|---|---|---|---|---|---|---|",
        ]
        print("\n".join(lines), flush=True)
        for grain in GRAINS:
            weighted, answers = weights_of(sightings, grain, options.queries)
            old, new = tables(weighted)
            _, ours, _ = timed(lambda w=weighted, a=answers: match_profiles(
                LocalEngine(threads=1), w, a
            ))  # fmt: skip
            _, scipy_seconds, _ = timed(lambda o=old, n=new: by_scipy(o, n))
            cells = [
                grain, f"{count_additions(weighted):.2g}", f"{ours:.2f} s",
                f"{scipy_seconds:.2f} s", f"{scipy_seconds / ours:.1f}",
            ]  # fmt: skip
            try:
                from sparse_dot_topn import sp_matmul_topn
            except ImportError:
                cells += ["not installed", ""]
            else:
                _, topn, _ = timed(lambda o=old, n=new: sp_matmul_topn(o, n.T.tocsr(), top_n=20))
                cells += [f"{topn:.2f} s", f"{topn / ours:.1f}"]
            lines.append("| " + " | ".join(cells) + " |")
            print(lines[-1], flush=True)
    text = "\n".join(lines) + "\n"
    if options.output:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
