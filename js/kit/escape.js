/**
 * What Escape does: close what is open, innermost first; with nothing open, leave the view.
 */

/** @typedef {import("./explorer.js").Explorer} Explorer */

/** @param {Explorer} live */
export function leave(live) {
  const { ui } = live;
  if (ui.panel) return live.panel(null);
  if (ui.open) {
    const back = ui.open.from;
    live.show({ open: null });
    if (back) live.focusLater(back);
    return;
  }
  if (ui.prediction) return live.predict("done");
  if (ui.playing) live.pause();
  live.show({ focus: null, hover: null });
  handBack(live.root);
}

/**
 * Hand the keyboard to whatever around the view can take it.
 * @param {HTMLElement} root
 */
function handBack(root) {
  const host = /** @type {HTMLElement | null} */ (root.parentElement?.closest("[tabindex]") ?? null);
  if (host) host.focus();
  else /** @type {HTMLElement | null} */ (document.activeElement)?.blur();
}
