/**
 * Views of one page that carry the same link_id share the step and the row that is selected: inside
 * the page, without a kernel. A step is shared by views that step through the same kind of thing.
 */

/** @typedef {{ noun: string, step: number, row: number | null }} Said */
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
  if (scene) live.link.say({ noun: view.noun, step: ui.step, row: view.token?.(scene) ?? null });
}

/** Follow what a linked view said. @param {Explorer} live @param {Said} said */
export function hear(live, { noun, step, row }) {
  const { scene, view } = live;
  if (noun === view.noun) live.go(step, { heard: true, patch: { focus: null } });
  else if (scene && row !== null) view.onToken?.(live, scene, row);
}
