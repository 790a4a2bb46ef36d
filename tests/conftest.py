"""What holds for every test: no network but loopback, no hub, and the corpus only where it is."""

from __future__ import annotations

import os
import socket
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from archdiff.graph.schema import ModelGraph

# Read by huggingface_hub when it is first imported, here and in every subprocess of a test.
os.environ["HF_HUB_OFFLINE"] = "1"

# Every test builds its graphs, whatever others have built and whatever the user has; those of the cache name a folder.
os.environ["ARCHDIFF_CACHE"] = "off"

# As wide as where nothing is known of a terminal; runners of tests in parallel say 80.
os.environ["COLUMNS"] = "100"

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile("archdiff", deadline=None)
hypothesis.settings.load_profile("archdiff")

CORPUS_UNSET = "ARCHDIFF_CORPUS names no folder of config files"


def is_local(family: int, host: object) -> bool:
    """Whether a connection to ``host`` stays on this machine; a name other than ``localhost`` does not."""
    if family not in (socket.AF_INET, socket.AF_INET6):
        return True
    if host in (None, "", b"", "localhost", b"localhost"):
        return True
    try:
        return ip_address(host.decode() if isinstance(host, bytes) else str(host)).is_loopback
    except ValueError:
        return False


def guarded_connect(connect: Callable[..., Any]) -> Callable[..., Any]:
    """``socket.connect`` that fails the test, past any ``except Exception``, on its way off the machine."""

    def guarded(self: socket.socket, address: Any) -> Any:
        if not is_local(self.family, address[0]):
            pytest.fail(f"a test reached for the network: {address!r}")
        return connect(self, address)

    return guarded


def guarded_lookup(lookup: Callable[..., Any]) -> Callable[..., Any]:
    """``socket.getaddrinfo`` that fails the test instead of asking a name server."""

    def guarded(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not is_local(socket.AF_INET, host):
            pytest.fail(f"a test looked up a host: {host!r}")
        return lookup(host, *args, **kwargs)

    return guarded


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Let sockets reach loopback only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect(socket.socket.connect))
        patch.setattr(socket.socket, "connect_ex", guarded_connect(socket.socket.connect_ex))
        patch.setattr(socket, "getaddrinfo", guarded_lookup(socket.getaddrinfo))
        yield


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what is marked ``corpus`` where there is none."""
    if item.get_closest_marker("corpus") and not os.environ.get("ARCHDIFF_CORPUS"):
        pytest.skip(CORPUS_UNSET)


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of released config files, ``<owner>__<model>.json``; skips where it is not named."""
    named = os.environ.get("ARCHDIFF_CORPUS")
    if not named:
        pytest.skip(CORPUS_UNSET)
    folder = Path(named)
    assert folder.is_dir(), f"ARCHDIFF_CORPUS is set and no folder: {named}"
    return folder


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout: the folder of pyproject.toml."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def catalogue_graph() -> Callable[[str], ModelGraph]:
    """Gives the graph of a catalogue entry by its name; each is built once."""
    from tests.archdiff.catalogue.graphs import graph_of

    return graph_of
