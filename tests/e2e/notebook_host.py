"""A page that stands for a notebook's cell: anywidget's model in the browser, and the real widget in Python."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Frame, Page

from e2e.client import WITHIN_MS

if TYPE_CHECKING:
    from earthgan_gateway.notebook.widget import Map

HTML = '<!doctype html><html lang="en"><title>A notebook</title><body style="margin: 0"><div id="cell"></div>'

#: What anywidget gives to a module: a model with its state, and an element. What leaves for the kernel waits.
HOST = """async ({ esm, state }) => {
  const { default: widget } = await import(URL.createObjectURL(new Blob([esm], { type: "text/javascript" })));
  const listeners = new Map();
  const tell = (name, ...what) => [...(listeners.get(name) ?? [])].forEach((on) => on(...what));
  const changed = new Set();
  const model = {
    get: (name) => state[name],
    set: (name, value) => {
      state[name] = value;
      changed.add(name);
      tell(`change:${name}`);
    },
    save_changes: () => {
      if (changed.size) outbox.push({ state: Object.fromEntries([...changed].map((name) => [name, state[name]])) });
      changed.clear();
    },
    on: (name, on) => listeners.set(name, [...(listeners.get(name) ?? []), on]),
    off: (name, off) => listeners.set(name, listeners.get(name).filter((on) => on !== off)),
    send: (message) => outbox.push({ message }),
  };
  const outbox = [];
  window.taken = () => outbox.splice(0);
  window.arrived = ({ state: news, message, buffers }) => {
    Object.assign(state, news);
    for (const name of Object.keys(news ?? {})) tell(`change:${name}`);
    const bytes = (buffer) => new DataView(Uint8Array.from(atob(buffer), (letter) => letter.charCodeAt(0)).buffer);
    if (message) tell("msg:custom", message, buffers.map(bytes));
  };
  window.unmount = await widget.render({ model, el: document.getElementById("cell") });
}"""


class Cell:
    """A widget, and the page that shows it. Messages pass while somebody waits for something."""

    def __init__(self, page: Page, widget: Map) -> None:
        self.page, self.widget = page, widget
        self._arriving: list[dict[str, Any]] = []
        self._heard: dict[str, Any] = {}
        state = widget.get_state()
        widget.send = self._sent
        names = [name for name in widget.trait_names(sync=True) if not name.startswith("_")]
        widget.observe(self._changed, [name for name in names if name != "layout"])
        page.evaluate(HOST, {"esm": state["_esm"], "state": {name: state[name] for name in names}})

    def _sent(self, message: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        self._arriving.append({"message": message, "buffers": [b64encode(each).decode() for each in buffers or []]})

    def _changed(self, change: dict[str, Any]) -> None:
        name, value = change["name"], change["new"]
        value = list(value) if isinstance(value, tuple) else value
        if name not in self._heard or self._heard[name] != value:  # a kernel does not repeat what it was told
            self._arriving.append({"state": {name: value}})

    def wait(self, until: Callable[[], bool]) -> None:
        """Pass messages both ways until something is so."""
        for _ in range(WITHIN_MS // 50):
            for each in self.page.evaluate("taken()"):
                if "state" in each:
                    self._heard = each["state"]
                    self.widget.set_state(each["state"])
                    self._heard = {}
                else:
                    self.widget._handle_custom_msg(each["message"], [])
            while self._arriving:
                self.page.evaluate("arrived", self._arriving.pop(0))
            if until():
                return
            self.page.wait_for_timeout(50)
        raise TimeoutError(f"{self.widget.caption!r} is all that came")

    def wait_for_caption(self, pattern: str) -> None:
        self.wait(lambda: re.search(pattern, self.widget.caption) is not None)

    @property
    def frame(self) -> Frame:
        """The page in the cell."""
        return self.page.frames[1]
