/**
 * Layout of each view's figure, cached until something it depends on changes.
 */

/** @type {WeakMap<object, { key: string, at: any }>} */
const cache = new WeakMap();

/**
 * Return the layout for these inputs: the same object while they stay the same.
 * @template What, At
 * @param {object} explorer  the explorer whose layout it is
 * @param {What} what    all that the layout depends on, as plain data
 * @param {(what: What) => At} layout
 * @returns {At}
 */
export function cachedLayout(explorer, what, layout) {
  const key = JSON.stringify(what);
  const before = cache.get(explorer);
  if (before?.key === key) return before.at;
  const at = layout(what);
  cache.set(explorer, { key, at });
  return at;
}
