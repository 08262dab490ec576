/** The style of the dialog and of the tour, which comes with them. */

export const ABOUT_STYLE = `
#about-dialog,
#tour {
  padding: 14px 18px;
  background: var(--raised);
  border: 1px solid var(--edge);
  border-radius: 8px;
  box-shadow: 0 4px 24px rgb(0 0 0 / 0.35);
  color: var(--text);
}

#about-dialog {
  width: min(560px, calc(100vw - 24px));
  max-height: calc(100dvh - 24px);
  overflow: auto;
  line-height: 1.5;
}

#about-dialog::backdrop {
  background: rgb(0 0 0 / 0.45);
}

#about-dialog h2,
#tour h2 {
  margin: 0;
  font-size: 16px;
}

#about-dialog h3 {
  margin: 12px 0 2px;
  font-size: 14px;
}

#about-dialog .buttons,
#tour .buttons {
  display: flex;
  align-items: center;
  justify-content: flex-end;
  gap: 8px;
  margin-top: 12px;
}

#about-dialog button,
#tour button {
  min-width: var(--touch);
  min-height: var(--touch);
  padding: 2px 12px;
  background: var(--panel);
  border: 1px solid var(--edge);
  border-radius: 5px;
  color: var(--text);
  font: inherit;
  cursor: pointer;
}

#about-dialog [name="tour"],
#tour [name="next"] {
  background: var(--accent);
  border-color: var(--accent);
  color: var(--panel);
}

#tour {
  position: fixed;
  z-index: 1200; /* above the map's controls */
  width: min(300px, calc(100vw - 20px));
  padding: 10px 14px;
}

#tour .buttons span {
  flex: 1;
  color: var(--muted);
}

.toured {
  outline: 3px solid var(--accent);
  outline-offset: 3px;
  scroll-margin: 12px; /* the outline is seen, too */
  border-radius: 4px;
}
`;
