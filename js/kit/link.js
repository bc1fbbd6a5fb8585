/**
 * Linked views: views of one page with the same link_id share the selected row, and, among views
 * of one kind, the step. It works in the page, without a kernel.
 */

/** @typedef {{ view: string, step: number | null, row: number | null }} LinkMessage */
/** @typedef {import("./explorer.js").Explorer} Explorer */

const page = /** @type {any} */ (globalThis);
/** @type {EventTarget} one for the whole page, whichever bundle asks first */
const channel = (page.embedlab ??= new EventTarget());

const NOTEBOOK = ".jp-NotebookPanel"; // JupyterLab has several in one page

/**
 * Join the views of `id` in the document of `el`; an empty id joins nothing.
 * @template T
 * @param {string} id
 * @param {(detail: T) => void} heard  called for messages of the *other* views
 * @param {Element} el
 */
export function join(id, heard, el) {
  /** @param {Event} event */
  const listen = (event) => {
    const [from, detail] = /** @type {CustomEvent} */ (event).detail;
    if (from !== el && from.closest(NOTEBOOK) === el.closest(NOTEBOOK)) heard(detail);
  };
  if (id) channel.addEventListener(id, listen);
  return {
    /** @param {T} detail */
    send(detail) {
      channel.dispatchEvent(new CustomEvent(id, { detail: [el, detail] }));
    },
    leave() {
      channel.removeEventListener(id, listen);
    },
  };
}

/** Send step and row to the linked views. @param {Explorer} explorer */
export function broadcast(explorer) {
  const { scene, view, ui } = explorer;
  if (scene)
    explorer.link.send({ view: view.name, step: ui.step, row: view.selectedRow?.(scene) ?? null });
}

/** Send the selected row to the linked views. @param {Explorer} explorer @param {number} row */
export function broadcastRow(explorer, row) {
  explorer.link.send({ view: explorer.view.name, step: null, row });
}

/** Handle a message of a linked view. @param {Explorer} explorer @param {LinkMessage} message */
export function receive(explorer, message) {
  const { scene, view } = explorer;
  if (message.view === view.name && message.step !== null) {
    explorer.goToStep(message.step, { fromLink: true, patch: { focus: null } });
  } else if (scene && message.row !== null) view.onRowSelected?.(explorer, scene, message.row);
}
