/**
 * Scales that charts share. (d3's logarithmic one brings ticks and formats along: 10 kB.)
 */

/**
 * A logarithmic scale from 1 to `most`, onto pixels `from` to `to`; values outside are clipped.
 * @param {number} most
 * @param {number} from
 * @param {number} to
 * @returns {(value: number) => number}
 */
export function logScale(most, from, to) {
  const span = Math.log(Math.max(2, most));
  return (value) => {
    const t = Math.max(0, Math.min(1, Math.log(Math.max(1, value)) / span));
    return Math.round((from + t * (to - from)) * 100) / 100;
  };
}
