/**
 * Views of one page that carry the same link_id share the step: inside the page, without a kernel.
 */

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
