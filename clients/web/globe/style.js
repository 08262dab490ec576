/** The globe's style. It comes with the globe, so that the first view of the page is smaller: beside the map on wide screens, over it on upright ones. */

export const STYLE = `
#globe {
  position: absolute;
  z-index: 655;
  inset: 0 0 0 50%;
  overflow: hidden;
  background: var(--ground);
  border-left: 1px solid var(--line);
}

:root[data-globe] #map {
  right: 50%;
}

:root[data-globe] #zoom {
  right: calc(50% + 10px);
}

#globe canvas {
  position: absolute;
  inset: 0;
  width: 100%;
  height: 100%;
  cursor: grab;
  touch-action: none;
}

#globe canvas:active {
  cursor: grabbing;
}

#globe canvas:focus-visible {
  outline-offset: -3px;
}

#globe-note {
  position: absolute;
  top: 10px;
  right: 10px;
  left: 10px;
  color: var(--muted);
  font-size: 12px;
  text-align: center;
  pointer-events: none;
}

#globe .handle.behind:not(:focus-visible) {
  opacity: 0;
  pointer-events: none;
}

.globe-mark,
.globe-depth {
  position: absolute;
  top: 0;
  left: 0;
  pointer-events: none;
}

.globe-mark {
  width: 10px;
  height: 10px;
  margin: -5px;
  background: #fff;
  border: 2px solid #000;
  border-radius: 50%;
}

.globe-mark.chosen {
  width: 22px;
  height: 22px;
  margin: -11px;
  background: none;
  border-color: #fff;
  box-shadow: 0 0 0 1.5px rgb(0 0 0 / 0.55), inset 0 0 0 1.5px rgb(0 0 0 / 0.55);
}

.globe-depth {
  margin: -7px 0 0 -14px;
  width: 28px;
  color: #fff;
  font: 600 10.5px/14px system-ui, sans-serif;
  text-align: center;
  text-shadow: 0 0 3px #000, 0 0 2px #000;
}

@media (max-aspect-ratio: 1/1), (max-width: 640px) and (min-height: 501px) {
  #globe {
    left: 0;
    border-left: 0;
  }

  #globe canvas {
    height: calc(100% - 84px); /* above the words */
  }

  :root[data-globe] {
    & #map {
      right: 0;
    }

    & #zoom {
      right: 10px;
    }

    & :is([name="zoom-in"], [name="zoom-out"], [name="whole-globe"], [name="compare"], [name="section"]) {
      display: none;
    }
  }
}
`;
