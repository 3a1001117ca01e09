"""The connection to Spark: one a process, quiet, on the loopback where the master is, offline."""

from __future__ import annotations

import atexit
import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.engine.scratch import ScratchFolder, remove_abandoned
from analyzer.errors import EngineError, UsageError

if TYPE_CHECKING:
    from pyspark import SparkContext

MASTER_VARIABLE = "SPARK_MASTER"
DEFAULT_MASTER = "local[*]"
ENCRYPTION = "spark.io.encryption.enabled"
PATIENCE_SECONDS = 60
"""So long a cluster may take to give its first worker."""

_LABEL = r"[A-Za-z0-9_][A-Za-z0-9_-]{0,62}"
_ADDRESS = rf"(?:\[[0-9A-Fa-f:.]+\]|{_LABEL}(?:\.{_LABEL})*):[1-9]\d{{0,4}}"
_MASTER = re.compile(
    rf"local(\[(\*|[1-9]\d*)(,\s*[1-9]\d*)?\])?|spark://{_ADDRESS}(,{_ADDRESS})*"
)
_UNTESTED = re.compile(r"yarn.*|(k8s|mesos)://.*|local-cluster.*")
_VERSION = re.compile(r'version "(?:1\.)?(\d+)')
LEAST_JAVA = 17
LAST_PORT = 65_535
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
        If pyspark or Java are missing, or Java does not run.
    UsageError
        If the text is no master of Spark, or one on which this program was never tried.
    """
    master = master or os.environ.get(MASTER_VARIABLE) or DEFAULT_MASTER
    if _UNTESTED.fullmatch(master):
        raise UsageError(
            f"master {master!r}: this program is not tested on YARN, Kubernetes, Mesos or "
            "local-cluster, and does not start there; use a standalone cluster, "
            "'spark://host:7077', or this machine, 'local[2]'"
        )
    if not _MASTER.fullmatch(master) or any(port > LAST_PORT for _, port in _hosts(master)):
        raise UsageError(
            f"master {master!r} is not one of Spark's; write for example 'spark://host:7077' or "
            "'local[2]'"
        )
    if importlib.util.find_spec("pyspark") is None:
        raise EngineError(
            "the Spark engine needs pyspark, which is not installed: pip install 'platerisk[spark]'"
        )
    home = os.environ.get("JAVA_HOME")
    # As Spark looks for it: where JAVA_HOME is set, no other counts.
    java = os.path.join(home, "bin", "java") if home else shutil.which("java")
    wrong = "there is none" if java is None else _wrong_with(java)
    if wrong:
        told = " (JAVA_HOME says so)" if home else ""
        raise EngineError(
            f"the Spark engine needs Java {LEAST_JAVA} or newer, and {wrong}{told}: install one "
            "(on Debian: apt-get install default-jre-headless) or say where it is with JAVA_HOME"
        )
    return master


@cache
def _wrong_with(java: str) -> str | None:
    """Say what is wrong with a Java, by running it; None if nothing is."""
    try:
        done = subprocess.run(
            [java, "-version"], capture_output=True, timeout=PATIENCE_SECONDS, check=False
        )
    except FileNotFoundError:
        return f"there is no {java}"
    except (OSError, subprocess.TimeoutExpired):
        return f"{java} does not run"
    if done.returncode:
        return f"{java} does not run"
    version = _VERSION.search((done.stderr + done.stdout).decode(errors="replace"))
    if version is not None and int(version.group(1)) < LEAST_JAVA:
        return f"{java} is Java {version.group(1)}"
    return None


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
        If the master cannot be reached or gives no worker, or a session that is not ours leaves
        rows on disks as they are.
    UsageError
        If a session that is not ours is running with another master.
    """
    # They are about pandas, which nothing here goes through.
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"pyspark\.")
    from pyspark import SparkContext

    active = SparkContext._active_spark_context
    if active is not None and active.master == master:
        _refuse_unencrypted(active)
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


def _refuse_unencrypted(context: SparkContext) -> None:
    """Refuse a session that writes rows of vehicles to disks as they are; ours never does."""
    if context.getConf().get(ENCRYPTION) != "true":
        raise EngineError(
            "the Spark session of this process does not encrypt what it writes to disks, and rows "
            f"about vehicles wait there; start it with .config('{ENCRYPTION}', 'true'), or stop it "
            "and let this program start its own"
        )


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
            lines = said.read().decode(errors="replace").splitlines()
            raise EngineError(f"Spark did not start: {_reason(error, lines)}") from None


def _reason(error: Exception, said: list[str]) -> str:
    """Find why Spark did not start in what it said, which is mostly about other things."""
    java = getattr(error, "java_exception", None)
    if java is not None and java.getMessage():
        return str(java.getMessage()).splitlines()[0]
    # Last is often a line of a stack, or how much it would log.
    telling = [line.strip() for line in said if re.search(r"Exception|Error|error|denied", line)]
    return telling[-1] if telling else type(error).__name__


@contextmanager
def _private_folder() -> Iterator[str]:
    """Make a folder that only its owner can enter, for what Spark here leaves on disk."""
    # What killed runs left there holds rows of vehicles, encrypted or not.
    remove_abandoned()
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
        ENCRYPTION: "true",
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
        except (OSError, UnicodeError):
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
