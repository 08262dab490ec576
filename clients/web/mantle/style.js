/** The style of flow, slabs and plumes, which comes with them. */

export const STYLE = `
.viewport-canvas.flow {
  z-index: 520; /* above the graticule */
}

#flow-note {
  position: absolute;
  z-index: 650;
  top: 10px;
  left: 10px;
  max-width: min(560px, calc(100% - var(--touch) - 32px));
  padding: 4px 10px;
  background: var(--glass);
  border: 1px solid var(--line);
  border-radius: 6px;
  font-size: 12.5px;
  pointer-events: none;
}

:root[data-globe] #flow-note {
  max-width: calc(50% - var(--touch) - 32px);
}

#features .thresholds {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 4px;
  font-size: 12.5px;
}

#features :is(input, select, button) {
  min-height: max(26px, var(--touch) - 4px);
  padding: 1px 6px;
  background: var(--raised);
  border: 1px solid var(--edge);
  border-radius: 4px;
  color: var(--text);
  font: inherit;
}

#features input {
  width: 64px;
}

#features select {
  max-width: 190px; /* × standard deviation */
}

#features button:disabled {
  opacity: 0.5;
}

#features .rows {
  overflow-x: auto;
  margin-top: 6px;
}

#features table {
  width: 100%;
  border-collapse: collapse;
  font-size: 12px;
}

#features :is(td, th) {
  padding: 2px 4px;
  border-bottom: 1px solid var(--line);
  font-weight: normal;
  text-align: right;
}

#features thead th {
  color: var(--muted);
  vertical-align: bottom;
}

#features td {
  white-space: nowrap;
}

#features tr > :first-child {
  text-align: left;
  white-space: nowrap;
}

#features tbody button {
  min-height: 24px;
  padding: 0;
  background: none;
  border: 0;
  text-decoration: underline;
  cursor: pointer;
}

#features .elsewhere {
  color: var(--muted);
}

#features tbody th::before {
  content: "";
  display: inline-block;
  width: 9px;
  height: 9px;
  margin-right: 5px;
  background: #2f9fd8;
  border: 1px solid #000;
  border-radius: 2px;
}

#features .plume th::before {
  background: #ffe14d;
}

#path-words {
  margin-bottom: 4px;
  padding-left: 8px;
  border-left: 3px solid #ffd23f;
  font-size: 12.5px;
}
`;
