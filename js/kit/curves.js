/**
 * Curves that join matching elements of a figure.
 */

/**
 * The path of a ribbon that leaves and arrives level; `pull` keeps steep ones from folding.
 * @param {number} x1
 * @param {number} y1
 * @param {number} x2
 * @param {number} y2
 */
export function ribbonPath(x1, y1, x2, y2) {
  const pull = Math.max(8, Math.min(48, Math.abs(x2 - x1) * 0.5));
  return `M${r(x1)} ${r(y1)}C${r(x1 + pull)} ${r(y1)} ${r(x2 - pull)} ${r(y2)} ${r(x2)} ${r(y2)}`;
}

/** @param {number} v */
const r = (v) => Math.round(v * 10) / 10;
