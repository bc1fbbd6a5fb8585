/**
 * The layout of each view's figure, kept as long as nothing it depends on changes.
 */

/** @type {WeakMap<object, { key: string, at: any }>} */
const known = new WeakMap();

/**
 * Give the layout for these sizes: the same object as before, while they stay the same.
 * @template What, At
 * @param {object} live  the explorer whose layout it is
 * @param {What} what    all that the layout depends on, as plain data
 * @param {(what: What) => At} layout
 * @returns {At}
 */
export function laidOut(live, what, layout) {
  const key = JSON.stringify(what);
  const before = known.get(live);
  if (before?.key === key) return before.at;
  const at = layout(what);
  known.set(live, { key, at });
  return at;
}
