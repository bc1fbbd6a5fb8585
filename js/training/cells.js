/**
 * Many small cells as a few SVG paths: neighbors of one shade become one rectangle.
 */

/**
 * The paths of a line of cells, by shade; shade 0 is not drawn.
 * @param {number} count
 * @param {(i: number) => number} shade  a whole number
 * @param {{ x: number, y: number, w: number, h: number }} box  of the whole line
 * @param {Map<number, string>} paths    added to
 */
export function addLine(count, shade, { x, y, w, h }, paths) {
  let from = 0;
  for (let i = 1; i <= count; i++) {
    const level = shade(from);
    if (i < count && shade(i) === level) continue;
    if (level !== 0) {
      const left = round(x + (from / count) * w);
      const right = round(x + (i / count) * w);
      paths.set(
        level,
        `${paths.get(level) ?? ""}M${left} ${round(y)}H${right}v${round(h)}H${left}z`,
      );
    }
    from = i;
  }
  return paths;
}

/** @param {number} v */
const round = (v) => Math.round(v * 100) / 100;

export const SHADES = 8;

/**
 * The shade of an amount, 1 to SHADES, and 0 for nothing; small amounts are lifted by a root.
 * @param {number} value
 * @param {number} most
 */
export function shadeOf(value, most) {
  if (!(value > 0)) return 0;
  return Math.max(1, Math.min(SHADES, Math.ceil(Math.sqrt(value / most) * SHADES)));
}

/**
 * The shade of a value with a sign, −SHADES to SHADES.
 * @param {number} value
 * @param {number} most
 */
export function signedShade(value, most) {
  if (!value || Number.isNaN(value)) return 0;
  return Math.sign(value) * shadeOf(Math.abs(value), most);
}
