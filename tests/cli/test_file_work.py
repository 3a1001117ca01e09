"""Reading, exporting and making: what they would take, how far they are, what is left of them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


def test_an_interrupted_ingest_is_named_and_starts_over(run, reads, reads_frame, tmp_path):
    """Killed while it reads: no verb takes what is left for a store, and all say what to type."""
    store, key, marker = tmp_path / "store", tmp_path / "key" / "plates.key", tmp_path / "reading"
    key.parent.mkdir()
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from analyzer.cli import main\n"
        "from analyzer.store import StoreBuilder\n"
        "write = StoreBuilder.write_parts\n"
        "def stop(self, *rest):\n"
        "    write(self, *rest)\n"
        "    Path(sys.argv.pop()).touch()\n"
        "    time.sleep(600)\n"
        "StoreBuilder.write_parts = stop\n"
        "main(sys.argv[1:-1])\n"
    )
    ingest = ["ingest", str(reads), "--timezone", "Asia/Tashkent", "--key", str(key), "-o",
              str(store)]  # fmt: skip
    process = subprocess.Popen([sys.executable, "-c", code, *ingest, str(marker)])
    for _ in range(1_200):
        if marker.exists() or process.poll() is not None:
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (store / "data-000001" / "part-00000.parquet").is_file()
    for verb in (["info"], ["risk"], ["check"], ["export", "-o", "x.csv", "--internal"]):
        said = run(verb[0], store, *verb[1:], expect=1).stderr
        assert "not a store yet" in said and "type its command again" in said
    again = run(*ingest)
    assert "an earlier run was interrupted while it wrote here" in again.stderr
    assert f"{len(reads_frame):,} rows read" in again.stdout
    assert "interrupted" not in run("info", store).stdout
    # While something is added, the store is the one before.
    (store / "data-000002").mkdir()
    assert "was interrupted, or is still at work" in run("info", store).stdout
    assert run("risk", store).stdout


@pytest.mark.parametrize("files", [3])
def test_files_added_one_by_one_are_a_store_read_at_once(run, reads_frame, tmp_path, files):
    """What the help says of months: each stays, in whatever order the machine fails."""
    size = -(-len(reads_frame) // files)
    paths = []
    for number in range(files):
        paths.append(tmp_path / f"month-{number}.csv")
        reads_frame[number * size : (number + 1) * size].to_csv(paths[-1], index=False)
    options = ("--timezone", "Asia/Tashkent", "--key", tmp_path / "plates.key")
    run("ingest", *paths, *options, "-o", tmp_path / "once")
    for path in [*paths, paths[0]]:
        run("ingest", path, *options, "-o", tmp_path / "by-month")
    exported = []
    for name in ("once", "by-month"):
        file = tmp_path / f"INTERNAL-{name}.csv"
        run("export", tmp_path / name, "-o", file, "--internal")
        exported.append(Path(file).read_bytes())
    assert exported[0] == exported[1]
