/**
 * Views of one page that carry the same link_id share the step and the row that is selected: inside
 * the page, without a kernel. A step is shared by views of one
 * kind, whose steps mean the same.
 */

/** @typedef {{ view: string, step: number | null, row: number | null }} Said */
/** @typedef {import("./explorer.js").Explorer} Explorer */

const KEY = Symbol.for("embedlab.link");

/** @returns {EventTarget} one for the whole page, whichever bundle asks first */
function exchange() {
  const page = /** @type {any} */ (globalThis);
  return (page[KEY] ??= new EventTarget());
}

/**
 * Join the views of `id`; an empty id joins nothing.
 * @template T
 * @param {string} id
 * @param {(detail: T) => void} heard  called for what the *other* views say
 */
export function join(id, heard) {
  const self = Symbol(id);
  /** @param {Event} event */
  const listen = (event) => {
    const { from, detail } = /** @type {CustomEvent} */ (event).detail;
    if (from !== self) heard(detail);
  };
  if (id) exchange().addEventListener(id, listen);
  return {
    /** @param {T} detail */
    say(detail) {
      if (id) exchange().dispatchEvent(new CustomEvent(id, { detail: { from: self, detail } }));
    },
    leave() {
      exchange().removeEventListener(id, listen);
    },
  };
}

/** Tell the linked views where this one is. @param {Explorer} live */
export function tell(live) {
  const { scene, view, ui } = live;
  if (scene) live.link.say({ view: view.name, step: ui.step, row: view.token?.(scene) ?? null });
}

/** Tell the linked views of a selected row alone. @param {Explorer} live @param {number} row */
export function tellRow(live, row) {
  live.link.say({ view: live.view.name, step: null, row });
}

/** Follow what a linked view said. @param {Explorer} live @param {Said} said */
export function hear(live, said) {
  const { scene, view } = live;
  if (said.view === view.name && said.step !== null) {
    live.go(said.step, { heard: true, patch: { focus: null } });
  } else if (scene && said.row !== null) view.onToken?.(live, scene, said.row);
}
