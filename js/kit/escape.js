/**
 * The Escape key: closes what is open, innermost first; with nothing open, leaves the view.
 */

/** @typedef {import("./explorer.js").Explorer} Explorer */

/** @param {Explorer} explorer */
export function escape(explorer) {
  const { ui } = explorer;
  if (ui.panel) return explorer.showPanel(null);
  if (ui.open) {
    const back = ui.open.from;
    explorer.updateUi({ open: null });
    if (back) explorer.focusAfterPaint(back);
    return;
  }
  if (ui.prediction) return explorer.predict("done");
  if (ui.playing) explorer.pause();
  explorer.updateUi({ focus: null, hover: null });
  returnFocusToHost(explorer.root);
}

/**
 * Move the focus to the host's focusable element around the view.
 * @param {HTMLElement} root
 */
function returnFocusToHost(root) {
  const host = /** @type {HTMLElement | null} */ (
    root.parentElement?.closest("[tabindex]") ?? null
  );
  if (host) host.focus();
  else /** @type {HTMLElement | null} */ (document.activeElement)?.blur();
}
