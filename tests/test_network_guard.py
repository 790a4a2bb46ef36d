"""The guard that keeps every other test off the network."""

from __future__ import annotations

import socket

import pytest

from tests.conftest import is_local


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", None])
def test_loopback_is_local(host):
    assert is_local(socket.AF_INET, host)


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "example.com", "0.0.0.0"])
def test_anything_else_is_not(host):
    assert not is_local(socket.AF_INET, host)


def test_connecting_out_fails_the_test_past_except_exception():
    with socket.socket() as out, pytest.raises(pytest.fail.Exception, match=r"192\.0\.2\.1"):
        out.connect(("192.0.2.1", 443))


def test_looking_up_a_host_fails_the_test():
    with pytest.raises(pytest.fail.Exception, match=r"example\.com"):
        socket.getaddrinfo("example.com", 443)


def test_loopback_connects():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass
