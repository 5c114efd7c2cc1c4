"""Measures one table in a process of its own, so that none inherits another's memory or threads."""

import os
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from importlib import import_module
from multiprocessing import get_context

from bench.machine import describe_machine
from bench.setup import Setup
from bench.tables import Measurement, Table

ENVIRONMENT = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2"}


def measure_apart(module: str, setup: Setup, command: str) -> Measurement:
    """Measures a table.

    Args:
        module: Where its `measure` is.
        setup: How to measure.
        command: How that was asked for.
    """
    os.environ |= ENVIRONMENT
    began, load, start = datetime.now(UTC), os.getloadavg()[0], time.perf_counter()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        table = process.submit(_measure, module, setup).result()
    return Measurement(
        table=table,
        command=command,
        began=began,
        seconds=time.perf_counter() - start,
        load=load,
        machine=describe_machine(),
    )


def _measure(module: str, setup: Setup) -> Table:
    table: Table = import_module(module).measure(setup)
    return table
