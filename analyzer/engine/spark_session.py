"""The connection to Spark: one a process, quiet, on the loopback where the master is, offline."""

from __future__ import annotations

import atexit
import importlib.util
import os
import re
import shutil
import socket
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.engine.scratch import ScratchFolder
from analyzer.errors import EngineError, UsageError

if TYPE_CHECKING:
    from pyspark import SparkContext

MASTER_VARIABLE = "SPARK_MASTER"
DEFAULT_MASTER = "local[*]"
PATIENCE_SECONDS = 60
"""So long a cluster may take to give its first worker."""

_MASTER = re.compile(
    r"local(\[(\*|\d+)(,\s*\d+)?\])?|spark://[^/\s]+:\d+(,[^/\s]+:\d+)*|yarn|k8s://\S+"
)
_LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")
_LOCAL_DIRS = "SPARK_LOCAL_DIRS"
_own: dict[str, Any] = {}


def check_spark(master: str | None = None) -> str:
    """Check that Spark can be had here, and give the master that is meant.

    Parameters
    ----------
    master : str, optional
        ``"local[2]"``, ``"spark://host:7077"``; by default what the environment variable
        SPARK_MASTER says, else all processors of this machine.

    Raises
    ------
    EngineError
        If pyspark or Java are missing.
    UsageError
        If the text is no master of Spark.
    """
    master = master or os.environ.get(MASTER_VARIABLE) or DEFAULT_MASTER
    if not _MASTER.fullmatch(master):
        raise UsageError(
            f"master {master!r} is not one of Spark's; write for example 'spark://host:7077' or "
            "'local[2]'"
        )
    if importlib.util.find_spec("pyspark") is None:
        raise EngineError(
            "the Spark engine needs pyspark, which is not installed: pip install 'platerisk[spark]'"
        )
    home = os.environ.get("JAVA_HOME")
    if not (shutil.which("java") or (home and (Path(home) / "bin" / "java").exists())):
        raise EngineError(
            "the Spark engine needs Java 17 or newer, and there is none: install one (on Debian: "
            "apt-get install default-jre-headless) or say where it is with JAVA_HOME"
        )
    return master


def spark_context(master: str, memory: int) -> SparkContext:
    """Give the connection to a master; made once, and ended with the process.

    Parameters
    ----------
    master : str
        As `check_spark` gives it.
    memory : int
        Bytes that the driver may hold.

    Raises
    ------
    EngineError
        If the master cannot be reached, or gives no worker.
    UsageError
        If a session that is not ours is running with another master.
    """
    # They are about pandas, which nothing here goes through.
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"pyspark\.")
    from pyspark import SparkContext

    active = SparkContext._active_spark_context
    if active is not None and active.master == master:
        return active
    if active is not None and active is not _own.get("context"):
        raise UsageError(
            f"a Spark session with master {active.master!r} is running in this process; stop it, "
            f"or use that master"
        )
    stop_spark()
    _reach(master)
    context = _start(master, memory)
    _own["context"] = context
    if not _own.get("registered"):
        atexit.register(stop_spark)
        _own["registered"] = True
    if not master.startswith("local"):
        _await_worker(context, master)
    return context


def stop_spark() -> None:
    """End the connection that this process made, if there is one."""
    context = _own.pop("context", None)
    if context is not None:
        context.stop()


def _start(master: str, memory: int) -> SparkContext:
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    conf = SparkConf()
    for name, value in _settings(master, memory).items():
        conf.set(name, value)
    conf.setMaster(master).setAppName("platerisk")
    # What Java says at its start is no message of ours; it is kept in case it does not start.
    with tempfile.TemporaryFile() as said:
        verbose = bool(os.environ.get("PLATERISK_TRACEBACK"))
        try:
            if SparkContext._gateway is None:
                with _private_folder() as folder:
                    conf.set("spark.driver.extraJavaOptions", f"-Djava.io.tmpdir={folder}")
                    gateway = launch_gateway(
                        conf, {} if verbose else {"stderr": said, "stdout": said}
                    )
            else:
                gateway = SparkContext._gateway
            return SparkContext(conf=conf, gateway=gateway)
        except Exception as error:
            said.seek(0)
            lines = said.read().decode(errors="replace").strip().splitlines()
            reason = lines[-1] if lines else type(error).__name__
            raise EngineError(f"Spark did not start: {reason}") from None


@contextmanager
def _private_folder() -> Iterator[str]:
    """Make a folder that only its owner can enter, for what Spark here leaves on disk."""
    folder = ScratchFolder("platerisk-spark-")
    # Kept until the process ends: Java, once started, stays with it.
    _own["folder"] = folder
    before = os.environ.get(_LOCAL_DIRS)
    os.environ[_LOCAL_DIRS] = str(folder.path)
    try:
        yield str(folder.path)
    finally:
        if before is None:
            del os.environ[_LOCAL_DIRS]
        else:
            os.environ[_LOCAL_DIRS] = before


def _settings(master: str, memory: int) -> dict[str, str]:
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "OFF",
        "spark.driver.memory": f"{max(memory // 2, 1 << 30) >> 20}m",
        "spark.driver.maxResultSize": "0",
        # Rows that are regrouped wait on workers' disks, in folders that others may enter.
        "spark.io.encryption.enabled": "true",
        # Rows are read where a part is sent; nothing is gained by waiting for a certain worker.
        "spark.locality.wait": "0",
        "spark.executorEnv.PYTHONPATH": os.pathsep.join(_module_path()),
    }
    if _is_loopback(master):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        settings |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    return settings


def _module_path() -> list[str]:
    """Where workers that share this machine's paths find the package that runs here."""
    own = str(Path(__file__).parents[2])
    others = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return list(dict.fromkeys([own, *(path for path in others if path)]))


def _hosts(master: str) -> list[tuple[str, int]]:
    if not master.startswith("spark://"):
        return []
    pairs = (address.rpartition(":") for address in master.removeprefix("spark://").split(","))
    return [(host, int(port)) for host, _, port in pairs]


def _is_loopback(master: str) -> bool:
    hosts = {host for host, _ in _hosts(master)}
    return master.startswith("local") or (bool(hosts) and hosts <= set(_LOOPBACK))


def _reach(master: str) -> None:
    """Fail at once where Spark itself would try for minutes."""
    hosts = _hosts(master)
    for host, port in hosts:
        try:
            socket.create_connection((host.strip("[]"), port), timeout=5).close()
            return
        except OSError:
            continue
    if hosts:
        raise EngineError(
            f"there is no Spark master at {master}; start one, or work here with --engine local"
        )


def _await_worker(context: SparkContext, master: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        # The driver counts as one.
        if context._jsc.sc().getExecutorMemoryStatus().size() > 1:
            return
        time.sleep(0.1)
    stop_spark()
    raise EngineError(
        f"no worker of {master} took the work within {PATIENCE_SECONDS} seconds: the cluster is "
        "busy, or has no worker with the memory and processors that were asked for"
    )
