/**
 * Initial UI state of a view, and ids unique in the page.
 */

/**
 * @param {import("./view_types.js").View} view
 * @returns {import("./view_types.js").Ui}
 */
export function newUi(view) {
  return {
    step: 0,
    playing: false,
    drawn: null,
    speed: 1,
    hover: null,
    focus: null,
    panel: null,
    prediction: null,
    open: null,
    note: "",
    local: view.initialUi(),
  };
}

/**
 * A number that no other view of the page has. Jupyter loads a bundle anew for every view, so a count
 * of a module's own would begin again in each.
 */
export function nextId() {
  const page = /** @type {any} */ (globalThis);
  return (page.embedlabCount = (page.embedlabCount ?? 0) + 1);
}
