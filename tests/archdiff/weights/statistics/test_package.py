"""What every test of the package keeps: the same outcome whatever the threads, and nothing heavy at import."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import archdiff.weights.statistics as package

PROGRAM = """
import numpy as np
from archdiff.weights.statistics import *
draw = np.random.default_rng(0).standard_normal
a, b, e, f = (draw((300, 200)).astype("float32") for _ in range(4))
b = a + 2 * b
print(order_test(a, b, seed=1), value_test(a, b, 3, 3, seed=1), residual_test([a, a[0]], [b, b[0]], seed=1))
print(match_test(a, e, b, f, seed=1), alignment_test(a, b, [e], [f], seed=1), pooled(list(a), list(b)))
print(polar_test(np.vstack([a, e]), np.vstack([b, f]), seed=1), mixing([b], [[a], [e]]))
"""


def printed(program, threads):
    """What a program prints that runs with so many threads."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    environment = {**os.environ, **dict.fromkeys(names, str(threads))}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return run.stdout


def test_outcomes_do_not_depend_on_the_number_of_threads():
    assert printed(PROGRAM, 1) == printed(PROGRAM, 2)


def test_importing_it_loads_neither_scipy_nor_torch():
    program = "import archdiff.weights.statistics, sys; print({'scipy', 'torch', 'numba'} & set(sys.modules))"
    assert printed(program, 1).strip() == "set()"


@pytest.mark.parametrize("name", package.__all__)
def test_everything_public_says_what_it_is(name):
    assert getattr(package, name).__doc__
