"""`earthgan download` against a real HTTP server: archives arrive whole or not at all, and each fault is one line."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from earthgan.cli import main

CONTENT = bytes(range(256)) * 400
SHA256 = hashlib.sha256(CONTENT).hexdigest()
Handler = http.server.BaseHTTPRequestHandler
#: How the server answers the `nth` request of a path.
Script = Callable[[Handler, int], None]


def part(handler: Handler, *, ranges: bool = True, stop_after: int | None = None) -> None:
    """Answer with the content, or with what was asked for of it. The connection ends after `stop_after` bytes."""
    asked = handler.headers.get("Range")
    first = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and ranges else 0
    if first >= len(CONTENT):
        handler.send_response(416)
        handler.send_header("Content-Range", f"bytes */{len(CONTENT)}")
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return
    handler.send_response(206 if asked and ranges else 200)
    if asked and ranges:
        handler.send_header("Content-Range", f"bytes {first}-{len(CONTENT) - 1}/{len(CONTENT)}")
    handler.send_header("Content-Length", str(len(CONTENT) - first))
    handler.end_headers()
    handler.wfile.write(CONTENT[first:][:stop_after])
    handler.close_connection = True


def status(code: int) -> Script:
    return lambda handler, nth: handler.send_error(code)


def redirect(to: str) -> Script:
    def answer(handler: Handler, nth: int) -> None:
        handler.send_response(302)
        handler.send_header("Location", to)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def raw(content: bytes) -> Script:
    def answer(handler: Handler, nth: int) -> None:
        handler.wfile.write(content)
        handler.close_connection = True

    return answer


@dataclass
class Server:
    """A server on loopback, what it answers under each path, and the ranges that it was asked for."""

    url: str
    scripts: dict[str, Script] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")

    class Scripted(Handler):
        def do_GET(self) -> None:  # noqa: N802
            found.asked.append((self.path, self.headers.get("Range")))
            nth = sum(path == self.path for path, _ in found.asked)
            found.scripts[self.path.partition("?")[0]](self, nth)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Scripted) as serving:
        found = Server(f"http://127.0.0.1:{serving.server_port}")
        thread = threading.Thread(target=serving.serve_forever, args=(0.01,))
        thread.start()
        yield found
        serving.shutdown()
        thread.join()


def table(folder: Path, **archives: tuple[str, str]) -> Path:
    """A table of archives: the address and the checksum of each name."""
    path = folder / "archives.toml"
    lines = [
        f"[[archives]]\nname = {json.dumps(f'{name}.nc')}\naddress = {json.dumps(address)}\nsha256 = '{sha256}'\n"
        for name, (address, sha256) in archives.items()
    ]
    path.write_text("".join(lines))
    return path


def download(table: Path, out: Path) -> int:
    return main(["download", str(table), "--out", str(out)])


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


GOOD: dict[str, Script] = {
    "whole": lambda handler, nth: part(handler),
    "without ranges": lambda handler, nth: part(handler, ranges=False),
    "the connection breaks twice": lambda handler, nth: part(handler, stop_after=30_000 if nth < 3 else None),
    "without a length": raw(b"HTTP/1.0 200 OK\r\n\r\n" + CONTENT),
    "chunked": raw(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"%x\r\n%b\r\n0\r\n\r\n" % (len(CONTENT), CONTENT)
    ),
    "redirected": redirect("/elsewhere"),
}


@pytest.mark.parametrize("answer", GOOD)
def test_it_arrives_whole_and_is_not_fetched_again(
    answer: str, server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.scripts = {"/a": GOOD[answer], "/elsewhere": GOOD["whole"]}
    archives, out = table(tmp_path, a=(f"{server.url}/a", SHA256)), tmp_path / "new" / "raw"

    assert download(archives, out) == 0, capsys.readouterr().err
    assert capsys.readouterr().out == f"{out / 'a.nc'}\n"
    assert [path.name for path in out.iterdir()] == ["a.nc"]
    assert (out / "a.nc").read_bytes() == CONTENT

    requests = len(server.asked)
    assert download(archives, out) == 0
    assert capsys.readouterr().out == f"{out / 'a.nc'}: was there already\n"
    assert len(server.asked) == requests


#: What a server or a table does wrong, and the line that says so.
FAULTS: dict[str, tuple[Script, str]] = {
    "absent": (status(404), "URL/a: the server answers 404 Not Found"),
    "forbidden": (status(403), "URL/a: the server answers 403 Forbidden"),
    "broken": (status(500), "URL/a: the server answers 500 Internal Server Error"),
    "other content": (
        raw(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nno"),
        f"OUT/a.nc: has the checksum {hashlib.sha256(b'no').hexdigest()}, but the table says {SHA256}: it is not kept",
    ),
    "truncated": (
        lambda handler, nth: part(handler, ranges=False, stop_after=30_000),
        "URL/a: only 30,000 of 102,400 bytes arrived; the next run continues if the server can",
    ),
    "truncated chunk": (
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nx"),
        "URL/a: the connection ended too early",
    ),
    "nothing": (raw(b""), "URL/a: the connection broke (Remote end closed connection without response)"),
    "not HTTP": (raw(b"220 ftp\r\n"), "URL/a: cannot be fetched (220 ftp)"),
    "redirects to a file": (
        redirect("file:///etc/passwd"),
        "URL/a: the server answers 302 Found - Redirection to url 'file:///etc/passwd' is not allowed",
    ),
    "redirects to FTP": (
        redirect("ftp://127.0.0.1/a"),
        "URL/a: cannot be fetched (it redirects from http to ftp, which is not followed)",
    ),
    "redirects in a circle": (
        redirect("/a"),
        "URL/a: the server answers 302 The HTTP server returned a redirect error that would lead to an infinite loop."
        " The last 30x error message was: Found",
    ),
    "too large for the disk": (
        raw(b"HTTP/1.0 200 OK\r\nContent-Length: 900000000000000000\r\n\r\nx"),
        "OUT: 900000000.0 GB are to come, but only ",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_line_and_nothing_has_the_name(
    fault: str, server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer, told = FAULTS[fault]
    server.scripts, out = {"/a": answer}, tmp_path / "raw"

    assert download(table(tmp_path, a=(f"{server.url}/a?token=secret", SHA256)), out) == 1

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("earthgan: " + told.replace("URL", server.url).replace("OUT", str(out)))
    assert "secret" not in line
    assert visible(out) == []


def test_a_server_that_is_away_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], server: Server) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{bound.getsockname()[1]}/a"
        assert download(table(tmp_path, a=(address, SHA256)), tmp_path / "raw") == 1
    assert capsys.readouterr().err == f"earthgan: {address}: cannot be fetched (Connection refused)\n"


def test_the_other_archives_come_all_the_same_and_each_fault_has_its_line(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.scripts = {"/a": status(404), "/b": GOOD["whole"], "/c": status(410)}
    archives = table(tmp_path, **{name: (f"{server.url}/{name}", SHA256) for name in "abc"})

    assert download(archives, tmp_path / "raw") == 1

    assert visible(tmp_path / "raw") == ["b.nc"]
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition("answers ")[2] for line in lines] == ["404 Not Found", "410 Gone"]


def test_a_run_that_was_killed_is_continued(server: Server, tmp_path: Path) -> None:
    arrived, killed = threading.Event(), threading.Event()

    def hang(handler: Handler, nth: int) -> None:
        if nth == 1:
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(CONTENT)))
            handler.end_headers()
            handler.wfile.write(CONTENT[:50_000])
            handler.wfile.flush()
            arrived.set()
            killed.wait(60)
        else:
            part(handler)

    server.scripts = {"/a": hang}
    archives, out = table(tmp_path, a=(f"{server.url}/a", SHA256)), tmp_path / "raw"
    command = [sys.executable, "-m", "earthgan.cli", "download", str(archives), "--out", str(out)]
    # Only a chunk that is full is written.
    program = f"import earthgan_training.download.fetch as f, sys; f._CHUNK = 10_000; sys.argv = {command[2:]!r}; "
    program += "from earthgan.cli import main; main()"
    child = subprocess.Popen([sys.executable, "-c", program], env={**os.environ, "no_proxy": "*"})
    assert arrived.wait(60)
    (there,) = iter_until(lambda: [p for p in out.glob(".*.partial") if p.stat().st_size >= 40_000])
    child.send_signal(signal.SIGKILL)
    child.wait()
    killed.set()
    have = there.stat().st_size
    assert visible(out) == []

    assert download(archives, out) == 0
    assert server.asked[-1] == ("/a", f"bytes={have}-")
    assert (out / "a.nc").read_bytes() == CONTENT
    assert [path.name for path in out.iterdir()] == ["a.nc"]


def iter_until(find: Callable[[], list[Path]], seconds: float = 30) -> list[Path]:
    for _ in range(int(seconds / 0.05)):
        if found := find():
            return found
        threading.Event().wait(0.05)
    raise AssertionError("it did not come")


@pytest.mark.parametrize("left", [CONTENT, CONTENT + b"more", b"other" + CONTENT[5:50_000], b""])
def test_whatever_an_earlier_run_left_nothing_wrong_gets_the_name(left: bytes, server: Server, tmp_path: Path) -> None:
    server.scripts, out = {"/a": GOOD["whole"]}, tmp_path / "raw"
    archives = table(tmp_path, a=(f"{server.url}/a", SHA256))
    out.mkdir()
    (out / f".a.nc.{SHA256[:16]}.partial").write_bytes(left)

    # Wrong bytes are found when all have come, and the next run begins anew.
    assert [download(archives, out), download(archives, out)][-1] == 0
    assert (out / "a.nc").read_bytes() == CONTENT


def test_a_part_that_was_not_asked_for_is_refused(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.scripts = {"/a": raw(b"HTTP/1.0 206 Partial\r\nContent-Range: bytes 7-8/9\r\nContent-Length: 2\r\n\r\nxx")}
    out = tmp_path / "raw"
    out.mkdir()
    (out / f".a.nc.{SHA256[:16]}.partial").write_bytes(CONTENT[:5])

    assert download(table(tmp_path, a=(f"{server.url}/a", SHA256)), out) == 1
    assert "answers with a part that was not asked for" in capsys.readouterr().err


@pytest.mark.parametrize("link", ["a.nc", "folder"])
def test_a_link_does_not_lead_out_of_the_folder(
    link: str, server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, outside = tmp_path / "raw", tmp_path / "outside"
    out.mkdir()
    outside.mkdir()
    (out / link).symlink_to(outside / link if link == "a.nc" else outside)
    name = "a" if link == "a.nc" else "folder/a"

    assert download(table(tmp_path, **{name: (f"{server.url}/a", SHA256)}), out) == 1
    assert "leads out of the folder" in capsys.readouterr().err
    assert list(outside.iterdir()) == []
    assert server.asked == []


def test_another_file_of_that_name_is_left_alone(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "raw"
    out.mkdir()
    (out / "a.nc").write_bytes(b"mine")

    assert download(table(tmp_path, a=(f"{server.url}/a", SHA256)), out) == 1
    assert "exists already with the checksum" in capsys.readouterr().err
    assert (out / "a.nc").read_bytes() == b"mine"


def test_a_full_disk_is_one_line_and_the_next_run_continues(server: Server, tmp_path: Path) -> None:
    server.scripts, out = {"/a": GOOD["whole"]}, tmp_path / "raw"
    archives = table(tmp_path, a=(f"{server.url}/a", SHA256))
    done = subprocess.run(
        [sys.executable, "-m", "earthgan.cli", "download", str(archives), "--out", str(out)],
        env={**os.environ, "no_proxy": "*"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000)),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr == f"earthgan: {out / 'a.nc'}: cannot be written (File too large)\n"
    assert visible(out) == []
    assert download(archives, out) == 0
    assert server.asked[-1] == ("/a", "bytes=60000-")
    assert (out / "a.nc").read_bytes() == CONTENT
