"""Which device a name gives, alone and among the processes of `accelerate launch`."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import types

import pytest
import torch

from archdiff.errors import UsageError
from archdiff.weights.measure import Device, choose_device
from archdiff.weights.measure.ahead import in_order, threads

LAUNCH = ("LOCAL_RANK", "WORLD_SIZE", "PMI_SIZE", "OMPI_COMM_WORLD_SIZE")


@pytest.fixture
def alone(monkeypatch):
    for variable in LAUNCH:
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def machine(monkeypatch):
    """A machine with as many GPUs as it is called with, and what accelerate says of this process there."""

    def made(gpus, index=0, processes=1):
        monkeypatch.setenv("WORLD_SIZE", str(processes))
        monkeypatch.setattr("torch.cuda.is_available", lambda: gpus > 0)
        monkeypatch.setattr("torch.cuda.device_count", lambda: gpus)

        def state(cpu=False):
            device = torch.device("cpu") if cpu else torch.device("cuda", index)
            return types.SimpleNamespace(device=device, num_processes=processes, process_index=index)

        monkeypatch.setattr("accelerate.PartialState", state)

    return made


def test_the_processor_needs_no_torch(alone):
    code = (
        "import sys; from archdiff.weights.measure import choose_device; print(choose_device('cpu').name, *sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert told[0] == "cpu"
    assert not {"torch", "numba", "accelerate", "scipy"} & set(told)


@pytest.mark.parametrize(
    "name", ["", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:01", "CPU", "cpu:0", "cuda:1234", "a\nb"]
)
def test_an_unknown_name_is_refused(name):
    with pytest.raises(UsageError, match="no such device; choose auto, cpu, cuda or cuda:N"):
        choose_device(name)


@pytest.mark.parametrize(("name", "gpus"), [("cuda", 0), ("cuda:0", 0), ("cuda:2", 2)])
def test_a_device_that_is_not_there_is_refused_in_one_line(machine, name, gpus):
    machine(gpus)
    with pytest.raises(UsageError, match="no such CUDA device") as refused:
        choose_device(name)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "gpus", "chosen"),
    [("auto", 0, "cpu"), ("auto", 2, "cuda:0"), ("cpu", 2, "cpu"), ("cuda", 1, "cuda:0"), ("cuda:1", 2, "cuda:1")],
)
def test_a_name_gives_its_device(machine, name, gpus, chosen):
    machine(gpus)
    assert choose_device(name) == Device(chosen)


@pytest.mark.parametrize(("name", "gpus", "chosen"), [("auto", 2, "cuda:1"), ("cuda", 2, "cuda:1"), ("cpu", 2, "cpu")])
def test_each_process_of_a_launch_gets_its_own(machine, name, gpus, chosen):
    machine(gpus, index=1, processes=2)
    device = choose_device(name)
    assert device == Device(chosen, 1, 2)
    assert not device.is_main
    assert device.is_cuda == chosen.startswith("cuda")


def test_processes_do_not_share_one_device(machine):
    machine(2, index=1, processes=2)
    with pytest.raises(UsageError, match="2 processes cannot share one device"):
        choose_device("cuda:1")


def test_a_launch_that_accelerate_refuses_is_told(machine, monkeypatch):
    machine(0)

    def state(cpu):
        raise ValueError("no MASTER_ADDR\nand more")

    monkeypatch.setattr("accelerate.PartialState", state)
    with pytest.raises(UsageError, match=r"auto: accelerate cannot start here \(no MASTER_ADDR\); check"):
        choose_device("auto")


PROCESS = """
import json
import numpy as np
from archdiff.errors import SourceError
from archdiff.weights.measure import choose_device, compare
from tests.archdiff.weights.fakes import FakeTensors
from tests.archdiff.weights.measure.making import pair_of

class Broken(FakeTensors):
    def read(self, name, start, stop):
        if name == self.broken:
            raise SourceError(self.subject, name + " is truncated", "download it again")
        return super().read(name, start, stop)

def told(broken, device):
    held = {f"w{k}": np.full(4, float(k), np.float32) for k in range(5)}
    old, new = Broken(held), FakeTensors(held)
    old.broken = broken
    means, error = [], ""
    try:
        for item in compare(old, new, [pair_of(old, new, name) for name in held], device):
            means.append(item.means[0])
    except SourceError as refused:
        error = str(refused)
    return {"means": means, "error": error, "own": sorted(name for name, _, _ in old.taken)}

device = choose_device("cpu")
print(json.dumps({"place": [device.index, device.processes], "whole": told("", device), "broken": told("w2", device)}))
"""


def test_processes_deal_pairs_out_and_all_tell_all_results_and_errors():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    common = {**os.environ, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2",
              "LOCAL_WORLD_SIZE": "2", "CUDA_VISIBLE_DEVICES": "", "GLOO_SOCKET_IFNAME": "lo",
              "ACCELERATE_USE_CPU": "true"}  # fmt: skip
    started = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**common, "RANK": str(rank), "LOCAL_RANK": str(rank)},
        )
        for rank in range(2)
    ]  # fmt: skip
    output = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0, 0], output[0][1] + output[1][1]
    first, second = (json.loads(out.splitlines()[-1]) for out, _ in output)
    assert (first["place"], second["place"]) == ([0, 2], [1, 2])
    assert first["whole"]["means"] == second["whole"]["means"] == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert (first["whole"]["own"], second["whole"]["own"]) == (["w0", "w2", "w4"], ["w1", "w3"])
    assert first["broken"]["means"] == second["broken"]["means"] == [0.0, 1.0]
    assert first["broken"]["error"] == second["broken"]["error"] == "fake: w2 is truncated; download it again"


@pytest.mark.parametrize(
    ("environment", "count"),
    [
        ({"NUMBA_NUM_THREADS": "3", "OMP_NUM_THREADS": "5"}, 3),
        ({"OMP_NUM_THREADS": "2"}, 2),
        ({"OMP_NUM_THREADS": "99"}, 16),
    ],
)
def test_threads_are_those_that_the_environment_gives(monkeypatch, environment, count):
    for variable in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    assert threads() == count


@pytest.mark.parametrize("value", ["0", "many", "-2", ""])
def test_threads_without_a_number_are_the_cores(monkeypatch, value):
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert 1 <= threads() <= 16


def test_work_is_done_in_order_and_only_so_far_ahead():
    taken = []

    def tasks():
        for number in range(100):
            taken.append(number)
            yield number

    done = in_order(lambda number: number * number, tasks(), 3, 6)
    assert next(done) == (0, 0)
    assert len(taken) == 6
    assert list(done) == [(number, number * number) for number in range(1, 100)]


def test_work_that_nobody_waits_for_is_not_begun():
    begun, go = [], threading.Event()

    def work(number):
        begun.append(number)
        if number == 1:
            go.wait(10)

    done = in_order(work, range(50), 1, 40)
    next(done)
    threading.Timer(0.1, go.set).start()
    done.close()
    assert begun in ([0], [0, 1])
