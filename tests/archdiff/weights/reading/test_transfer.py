"""Ranges come whole through every fault that passes, and every one that does not is named."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import pytest
from huggingface_hub import errors

from archdiff.errors import SourceError
from archdiff.reference import Reference
from archdiff.weights.reading.transfer import Transfer

DATA = bytes(range(256)) * 1024
HUB = Reference("owner/model", "hub", "owner/model")
COMMIT = "c" * 40
STORAGE = "https://storage.example/blob?signature=1"
TRANSPORT = errors.HfHubHTTPError.__bases__[0]


class Answer:
    """One answer to a request for a range."""

    def __init__(self, status, headers, body, url, history=(), breaks=None):
        self.status_code, self.headers, self.url, self.history = status, headers, url, history
        self.body, self.breaks = body, breaks

    def read(self):
        return self.body

    def iter_raw(self):
        for start in range(0, len(self.body), 1000):
            yield self.body[start : start + 1000]
        if self.breaks:
            raise self.breaks


class Hub:
    """Answers for one file; `faults` are functions of (url, first, last), each used for one request."""

    def __init__(self, *faults, data=DATA, storage=False):
        self.faults, self.data, self.storage = list(faults), data, storage
        self.asked, self.tokens, self.pauses, self.etag = [], [], [], "e"

    @contextmanager
    def request(self, url, headers):
        first, last = map(int, headers["Range"].removeprefix("bytes=").split("-"))
        self.asked.append((url.partition("/")[2].split("/")[1], first, last))
        self.tokens.append("authorization" in {key.lower() for key in headers})
        fault = self.faults.pop(0) if self.faults else None
        yield (fault or self.honest)(url, first, last)

    def honest(self, url, first, last, breaks=None):
        body = self.data[first : last + 1] if breaks is None else self.data[first : first + breaks]
        headers = {"Content-Range": f"bytes {first}-{last}/{len(self.data)}", "ETag": self.etag}
        history = ()
        if self.storage and not url.startswith("https://storage"):
            history = [Answer(302, {"X-Linked-Etag": "linked"}, b"", url)]
            url = STORAGE
        error = None if breaks is None else TRANSPORT("peer closed connection")
        return Answer(206, headers, body, url, history, error)

    def pause(self, seconds):
        self.pauses.append(seconds)
        return False

    def transfer(self, size=None):
        return Transfer(HUB, COMMIT, "model.safetensors", self.pause, size, self.request)


def status(number, **headers):
    return lambda url, *_: Answer(number, {key.replace("_", "-"): value for key, value in headers.items()}, b"", url)


def fails(hub, said, size=None):
    with pytest.raises(SourceError) as caught:
        hub.transfer(size).fetch(0, 5000)
    assert str(caught.value).startswith("owner/model: model.safetensors ")
    assert said in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_range():
    hub = Hub()
    found = hub.transfer(len(DATA)).fetch(7, 3001)
    assert bytes(found) == DATA[7:3001]
    assert found.readonly
    assert [asked[1:] for asked in hub.asked] == [(7, 3000)]


def test_what_comes_behind_the_range_is_left():
    hub = Hub(lambda url, first, last: Hub().honest(url, first, last + 5000))
    assert bytes(hub.transfer().fetch(0, 1500)) == DATA[:1500]


def broken(count, data=DATA):
    return lambda url, first, last: Hub(data=data).honest(url, first, last, breaks=count)


def test_an_answer_that_breaks_off_is_resumed_at_the_byte():
    hub = Hub(broken(1000), broken(2500), broken(0))
    assert bytes(hub.transfer().fetch(100, 9000)) == DATA[100:9000]
    assert [first for _, first, _ in hub.asked] == [100, 1100, 3600, 3600]


def test_an_answer_that_just_ends_is_resumed_too():
    hub = Hub(lambda url, first, _: Hub().honest(url, first, first + 99))
    assert bytes(hub.transfer().fetch(0, 5000)) == DATA[:5000]
    assert [first for _, first, _ in hub.asked] == [0, 100]


@pytest.mark.parametrize("number", [408, 429, 500, 502, 503, 504])
def test_a_fault_that_passes(number):
    hub = Hub(status(number), status(number))
    assert bytes(hub.transfer().fetch(0, 5000)) == DATA[:5000]
    assert hub.pauses == [0.5, 1.0]


def test_the_hub_says_how_long_to_wait():
    hub = Hub(status(429, Retry_After="17"), status(503, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"))
    hub.transfer().fetch(0, 5000)
    assert hub.pauses == [17.0, 1.0]
    fails(Hub(status(429, Retry_After="9000")), "status 429, and asks to wait for 9,000 seconds; try again later")


def unreachable(*_):
    raise TRANSPORT("no route")


def test_a_hub_that_stays_away_is_given_up():
    hub = Hub(*[unreachable] * 20)
    fails(hub, "cannot be read: the connection fails (HTTPError), 6 times in a row; try again later")
    assert hub.pauses == [0.5, 1.0, 2.0, 4.0, 8.0]


def test_a_hub_that_sends_byte_by_byte_is_given_up():
    fails(Hub(*[broken(1)] * 20), "6 times in a row")


def test_a_hub_that_makes_progress_is_not_given_up():
    data = bytes(2**21)
    hub = Hub(*[broken(2**16, data)] * 20, data=data)
    assert len(hub.transfer().fetch(0, 2**21)) == 2**21


def test_a_hub_that_ignores_ranges():
    fails(Hub(lambda url, *_: Answer(200, {}, DATA, url)), "is sent whole, or at another place")
    fails(Hub(lambda url, first, last: Hub().honest(url, first + 1, last)), "is sent whole, or at another place")
    fails(Hub(lambda url, *_: Answer(206, {"Content-Range": "bytes 0-"}, DATA, url)), "is sent whole")


def test_a_file_that_changes_midway():
    def changed(url, first, last):
        hub.etag = "f"
        return hub.honest(url, first, last)

    hub = Hub(broken(1000), changed)
    fails(hub, "changed on the hub while it was read")


def test_a_file_of_another_size_than_its_header_said():
    fails(Hub(), "changed on the hub while it was read", size=len(DATA) + 1)
    fails(Hub(status(416)), "is shorter on the hub than its header says")


def test_storage_is_asked_directly_and_without_the_token(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    hub = Hub(storage=True)
    transfer = hub.transfer()
    for start in range(0, 3000, 1000):
        transfer.fetch(start, start + 1000)
    assert [host for host, *_ in hub.asked] == ["huggingface.co", "storage.example", "storage.example"]
    assert hub.tokens == [True, False, False]


def test_storage_that_refuses_is_found_again_through_the_hub():
    hub = Hub(None, status(403), storage=True)
    transfer = hub.transfer()
    for start in range(0, 2000, 1000):
        assert bytes(transfer.fetch(start, start + 1000)) == DATA[start : start + 1000]
    assert [host for host, *_ in hub.asked] == ["huggingface.co", "storage.example", "huggingface.co"]


def test_storage_that_refuses_each_time_is_no_longer_asked():
    hub = Hub(None, status(403), None, status(403), storage=True)
    transfer = hub.transfer()
    for start in range(0, 5000, 1000):
        transfer.fetch(start, start + 1000)
    assert [host for host, *_ in hub.asked].count("storage.example") == 2


def test_another_storage_may_call_the_same_file_otherwise():
    def elsewhere(url, first, last):
        answer = hub.honest(url, first, last)
        answer.headers["ETag"], answer.url = "other", "https://mirror.example/blob"
        return answer

    hub = Hub(None, status(403), elsewhere, storage=True)
    transfer = hub.transfer()
    assert bytes(transfer.fetch(0, 1000)) == DATA[:1000]
    assert bytes(transfer.fetch(1000, 2000)) == DATA[1000:2000]


def test_a_reader_that_was_closed_waits_no_longer():
    closed = threading.Event()
    closed.set()
    hub = Hub(*[unreachable] * 3)
    transfer = Transfer(HUB, COMMIT, "m", closed.wait, None, hub.request)
    with pytest.raises(SourceError, match="was closed while it was read"):
        transfer.fetch(0, 10)
    assert len(hub.asked) == 1
