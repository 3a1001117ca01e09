"""A Spark standalone cluster on the loopback: a master and its workers, each its own process."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analyzer.engine import get_engine
from analyzer.errors import EngineError

STARTED = re.compile(r"Starting Spark master at (spark://127\.0\.0\.1:\d+)")
REGISTERED = "Successfully registered with master"


def need_spark() -> None:
    """Skip a module where Spark or Java is not installed; ``.ci/run`` installs both."""
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    try:
        get_engine("spark", master="local[2]")
    except EngineError as error:
        pytest.skip(str(error), allow_module_level=True)


def _end_with_parent() -> None:
    """Ask Linux to end this process when the tests are killed and cannot do it themselves."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Cluster:
    """Start a master and workers; used with ``with``, so that they end whatever happens.

    Attributes
    ----------
    master : str
        ``spark://127.0.0.1:PORT``, a port that was free.
    workers : list of subprocess.Popen
        The workers, one processor each.
    folder : Path
        Where logs lie, and what the workers leave on disk (in ``scratch``).
    """

    def __init__(self, folder: Path, workers: int = 2):
        self.folder = folder
        self._count = workers
        self._all: list[subprocess.Popen] = []
        self.workers: list[subprocess.Popen] = []
        self.master = ""

    def __enter__(self) -> Cluster:
        try:
            log = self._start("master", "org.apache.spark.deploy.master.Master", "--port", "0")
            self.master = STARTED.search(self._await(log, STARTED.pattern)).group(1)
            for number in range(self._count):
                self.add_worker(number)
            return self
        except BaseException:
            self.stop()
            raise

    def add_worker(self, number: int) -> None:
        """Start one more worker and wait until the master knows it."""
        name = f"worker-{number}"
        log = self._start(
            name, "org.apache.spark.deploy.worker.Worker", "--cores", "1", "--memory", "1g",
            "--work-dir", str(self.folder / name), self.master,
        )  # fmt: skip
        self.workers.append(self._all[-1])
        self._await(log, REGISTERED)

    def __exit__(self, *_: object) -> None:
        self.stop()

    def kill_worker(self, number: int) -> None:
        """End a worker and what it runs, as a power cut would."""
        # Executors are started by their worker and stay in its group.
        os.killpg(self.workers[number].pid, signal.SIGKILL)
        self.workers[number].wait(timeout=30)

    def stop(self) -> None:
        """End every process that was started here."""
        for process in reversed(self._all):
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            process.wait(timeout=30)
        self._all.clear()

    def _start(self, name: str, java_class: str, *arguments: str) -> Path:
        import pyspark

        home = Path(pyspark.__file__).parent
        log = self.folder / f"{name}.log"
        environment = {
            **os.environ,
            "SPARK_HOME": str(home),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_LOCAL_DIRS": str(self.folder / "scratch"),
            "SPARK_DAEMON_MEMORY": "512m",
            "PYSPARK_PYTHON": sys.executable,
        }
        with open(log, "wb") as said:
            process = subprocess.Popen(
                [home / "bin" / "spark-class", java_class, "--host", "127.0.0.1",
                 "--webui-port", "0", *arguments],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=environment,
                start_new_session=True, preexec_fn=_end_with_parent,
            )  # fmt: skip
        self._all.append(process)
        return log

    def _await(self, log: Path, pattern: str, seconds: float = 120) -> str:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            text = log.read_text(errors="replace")
            if re.search(pattern, text):
                return text
            if self._all[-1].poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"{log.name}: {log.read_text(errors='replace')[-2000:]}")
