"""A hub on loopback: answers what huggingface_hub asks about files, lists and ranges of them, and counts."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

COMMIT = "a" * 40
TOKEN = "hf_let_me_in"


@dataclass
class Hub:
    """`files` maps a repository and a file name to its bytes; the rest says how requests fail.

    `faults` holds, by repository and file, what happens to one range after the other that does not begin at byte 0:
    "break" and "whole", "etag" for another one, a status, or a status with what Retry-After says.
    """

    files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    private: set[str] = field(default_factory=set)
    broken: dict[str, int] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    announced_size: int | None = None
    ranges: bool = True
    lfs: bool = False
    faults: dict[tuple[str, str], list] = field(default_factory=dict)
    broken_at: dict[tuple[str, str], int] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    url: str = ""

    def listing(self, repository, revision, token):
        """Status, extra headers and body of a request for the list of files."""
        status, headers, _ = self.answer(repository, revision, "", token)
        if headers.get("X-Error-Code") != "EntryNotFound":
            return status, headers, b""
        names = [self.sibling(name, body) for (owner, name), body in self.files.items() if owner == repository]
        return 200, {}, json.dumps({"id": repository, "sha": COMMIT, "siblings": names}).encode()

    def sibling(self, name, body):
        """What the list says of one file."""
        digest = {"size": len(body), "sha256": hashlib.sha256(body).hexdigest(), "pointerSize": 100}
        return {"rfilename": name, **({"lfs": digest} if self.lfs else {})}

    def answer(self, repository, revision, name, token):
        """Status, extra headers and body of a request for one file."""
        if repository in self.broken:
            return self.broken[repository], {}, b""
        known = any(owner == repository for owner, _ in self.files)
        if not known or (repository in self.private and token != TOKEN):
            return 401 if not token else 404, {"X-Error-Code": "RepoNotFound"}, b""
        if repository in self.gated and token != TOKEN:
            return 403, {"X-Error-Code": "GatedRepo"}, b""
        if revision not in ("main", "v1", COMMIT):
            return 404, {"X-Error-Code": "RevisionNotFound"}, b""
        if (repository, name) not in self.files:
            return 404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}, b""
        body = self.files[repository, name]
        return 200, {"X-Repo-Commit": COMMIT, "ETag": f'"{hashlib.sha1(body).hexdigest()}"'}, body

    def ranged(self, answer, asked, key):
        """The answer, cut to the range that was asked for, or what the next fault of the file makes of it."""
        status, headers, body = answer
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", asked)
        fault = self.faults[key].pop(0) if self.faults.get(key) and asked and int(asked[1]) else None
        if isinstance(fault, int):
            return fault, {}, b""
        if isinstance(fault, tuple):
            return fault[0], {"Retry-After": fault[1]}, b""
        if status != 200 or not asked or not self.ranges or fault == "whole":
            return answer
        first, last = int(asked[1]), min(int(asked[2]), len(body) - 1)
        headers = {**headers, "Content-Range": f"bytes {first}-{last}/{len(body)}"}
        if fault == "etag":
            headers["ETag"] = '"another"'
        if fault == "break":
            self.broken_at[key] = (last + 1 - first) // 2
        return 206, headers, body[first : last + 1]


def _parts(path):
    """Owner, name, revision and file of a request; no file for the list of them, None for any other request."""
    if listed := re.fullmatch(r"/api/models/([^/?]+)/([^/?]+)(?:/revision/([^/?]+))?(?:\?.*)?", path):
        return listed[1], listed[2], unquote(listed[3] or "main"), ""
    if "/resolve/" not in path:
        return None
    owner, name, _, revision, file = (unquote(part) for part in path.lstrip("/").split("/", 4))
    return owner, name, revision, file


def handler(hub):
    """Return a request handler class that answers for `hub`."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.serve(with_body=False)

        def do_GET(self):
            self.serve(with_body=True)

        def serve(self, *, with_body):
            asked_for = _parts(self.path)
            if asked_for is None:  # the client's own questions, which it can do without
                self.send_error(404)
                return
            hub.requests.append(f"{self.command} {self.path}")
            owner, name, revision, file = asked_for
            if f"{owner}/{name}" in hub.silent:
                self.close_connection = True
                stopped.wait(5)
                return
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            repository = f"{owner}/{name}"
            answer = hub.answer(repository, revision, file, token) if file else hub.listing(repository, revision, token)
            status, headers, body = hub.ranged(answer, self.headers.get("Range", ""), (repository, file))
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            size = hub.announced_size if hub.announced_size and file == "config.json" else len(body)
            self.send_header("Content-Length", str(size))
            self.end_headers()
            body = body[: hub.broken_at.pop((repository, file), len(body))]
            if with_body:
                hub.sent[file] = hub.sent.get(file, 0) + len(body)
                with suppress(ConnectionError):  # a client that has read enough leaves
                    self.wfile.write(body)

        def log_message(self, *_):
            pass

    stopped = hub.stopped = threading.Event()
    return Handler


@contextmanager
def running(hub):
    """Serve `hub` from a thread while the block runs, then stop answering."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(hub))
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        hub.stopped.set()
        server.shutdown()
        thread.join()
        server.server_close()
