/** The sentence for ids outside a table: `embedlab.core.ids`. */

/**
 * The sentence for ids outside 0..V-1, or null. With `onlyNegative`, only for those below 0.
 * @param {number[]} ids @param {number} V @param {boolean} [onlyNegative]
 */
export function outOfRange(ids, V, onlyNegative = false) {
  const wrong = ids.flatMap((id, n) => (id < 0 || (!onlyNegative && id >= V) ? [n] : []));
  if (!wrong.length) return null;
  const first = ids[wrong[0]];
  const more = wrong.length > 1 ? ` (and ${wrong.length - 1} more)` : "";
  const cure =
    first < 0
      ? 'Count from 0, or pass negative="wrap".'
      : "Raise input_dim, or map unknown words to one id.";
  const must = `ids must lie in 0..${V - 1} (input_dim=${V})`;
  return `${must}. Received ${first} at [${wrong[0]}]${more}. ${cure}`;
}
