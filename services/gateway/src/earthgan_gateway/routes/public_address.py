"""The address under which clients know the gateway. Behind a proxy, it is not the one on which the gateway listens.

A proxy states it in `Forwarded` (RFC 7239), or in `X-Forwarded-For`, `-Proto`, `-Host`, `-Port` and `-Prefix`. Only
proxies that a setting names are believed. A setting may also state the address once and for all. Every address that
the gateway writes follows from what is found here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_HOST = re.compile(r"(?:[A-Za-z0-9.-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?", re.ASCII)
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)*/?", re.ASCII)
_PAIR = re.compile(r'\s*([A-Za-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]+))\s*(?:([;,])|$)')
_USUAL_PORTS = {"http": "80", "https": "443"}


@dataclass(frozen=True)
class Passed:
    """What one proxy says of the request that it passed on. What it does not say is empty."""

    client: str = ""
    scheme: str = ""
    host: str = ""


class PublicAddress:
    """ASGI middleware that gives a request the client, the scheme, the host and the prefix that its client knows.

    `public_url` (such as `https://maps.example.org/mantle`) replaces what proxies say, but for the client. The prefix
    becomes the `root_path`. It is taken off the path, if the proxy has left it there.
    """

    def __init__(self, app: ASGIApp, trusted_proxies: Sequence[str] = (), public_url: str | None = None) -> None:
        self._app = app
        self._trusted = [ip_network(proxy) for proxy in trusted_proxies]
        stated = urlsplit(public_url or "")
        self._stated = Passed(scheme=stated.scheme, host=stated.netloc)
        self._prefix = stated.path.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        prefix = self._prefix
        said = Passed()
        if self._trusted and scope["client"] and self._is_trusted(scope["client"][0]):
            fields = _fields(scope)
            said = self._furthest(_forwarded(fields["forwarded"]) or _x_forwarded(fields))
            prefix = prefix or _prefix(fields["x-forwarded-prefix"])
        scope = _as_known(scope, said.client, self._stated.scheme or said.scheme, self._stated.host or said.host)
        if prefix:
            if scope["path"] == prefix:
                query = scope["query_string"].decode("latin-1")
                await RedirectResponse(f"{prefix}/{'?' if query else ''}{query}", 308)(scope, receive, send)
                return
            path = scope["path"].removeprefix(prefix) if scope["path"].startswith(f"{prefix}/") else scope["path"]
            scope = {**scope, "path": path, "root_path": prefix}
        await self._app(scope, receive, send)

    def _is_trusted(self, client: str) -> bool:
        try:
            address = ip_address(client)
        except ValueError:
            return False
        return any(address in network for network in self._trusted)

    def _furthest(self, passed: Sequence[Passed]) -> Passed:
        """Return what the proxy says that is furthest away and still trusted. The last one is the nearest."""
        for each in reversed(passed):
            if not self._is_trusted(each.client):
                return each
        return passed[0] if passed else Passed()


class Rooted:
    """ASGI middleware before the router, which expects the prefix in the path (ASGI 2.3, `root_path`)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("root_path"):
            scope = {**scope, "path": scope["root_path"] + scope["path"]}
        await self._app(scope, receive, send)


def _as_known(scope: Scope, client: str, scheme: str, host: str) -> Scope:
    changed = dict(scope)
    if client:
        changed["client"] = (client, 0)
    if scheme:
        changed["scheme"] = scheme
    if host:
        others = [(name, value) for name, value in scope["headers"] if name != b"host"]
        changed["headers"] = [(b"host", host.encode("ascii")), *others]
    return changed


_FIELDS = ("forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port")


def _fields(scope: Scope) -> dict[str, str]:
    """Return the header fields that proxies write. Several fields of one name make one list (RFC 9110, 5.3)."""
    found: dict[str, list[str]] = {name: [] for name in (*_FIELDS, "x-forwarded-prefix")}
    for name, value in scope["headers"]:
        if (text := name.decode("latin-1")) in found:
            found[text].append(value.decode("latin-1"))
    return {name: ", ".join(values) for name, values in found.items()}


def _forwarded(field: str) -> list[Passed]:
    """Read a `Forwarded` field. It is empty if it cannot be read."""
    elements: list[dict[str, str]] = [{}]
    at = 0
    while at < len(field):
        found = _PAIR.match(field, at)
        if found is None:
            return []
        quoted = found[2]
        elements[-1][found[1].lower()] = found[3] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        if found[4] == ",":
            elements.append({})
        at = found.end()
    return [_passed(each.get("for", ""), each.get("proto", ""), each.get("host", "")) for each in elements if each]


def _x_forwarded(fields: dict[str, str]) -> list[Passed]:
    """Read the `X-Forwarded` fields. Where one has fewer entries than there are clients, its last one counts."""
    clients, schemes, hosts, ports = (_list(fields[name]) for name in _FIELDS[1:])
    count = max(len(clients), 1)

    def of(values: list[str], at: int) -> str:
        return "" if not values else values[at] if len(values) == count else values[-1]

    passed = []
    for at in range(count):
        host, port, scheme = of(hosts, at), of(ports, at), of(schemes, at)
        if host and port and not host.endswith(f":{port}") and port != _USUAL_PORTS.get(scheme or "http"):
            host = f"{host}:{port}"
        passed.append(_passed(of(clients, at), scheme, host))
    return passed


def _list(field: str) -> list[str]:
    return [part.strip() for part in field.split(",") if part.strip()]


def _passed(client: str, scheme: str, host: str) -> Passed:
    """Keep what can be an address, a scheme and a host. A client may have a port, and IPv6 addresses have brackets."""
    bare = re.sub(r":[0-9]+$", "", client) if client.count(":") == 1 or client.startswith("[") else client
    return Passed(
        client=bare.strip("[]"),
        scheme=scheme.lower() if scheme.lower() in _USUAL_PORTS else "",
        host=host if _HOST.fullmatch(host) else "",
    )


def _prefix(field: str) -> str:
    """Return the prefix of the nearest proxy, without a slash at its end. It is empty if it cannot be a path."""
    last = (_list(field) or [""])[-1]
    return last.rstrip("/") if _PREFIX.fullmatch(last) else ""
