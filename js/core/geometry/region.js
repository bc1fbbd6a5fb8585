/** Words of a region of the map: `embedlab.traces.geometry.region`. */
import { TEN } from "./plane.js";
import { largest, rowAt } from "./unit_rows.js";

/** @typedef {import("./unit_rows.js").Rows} Rows */

export const MEMBERS_MAX = 50;

/** For each member, how many of its ten nearest rows are its ten nearest on the map. @param {Rows} rows @param {Float32Array} points @param {number} count @param {number[]} members */
export function keptNeighbors({ table, lengths, nearness: nearnessTo }, points, count, members) {
  const nearness = new Float64Array(count);
  return members.map((member) => {
    if (Number.isNaN(lengths[member])) return 0;
    for (let row = 0; row < count; row++) {
      const x = points[2 * row] - points[2 * member];
      const y = points[2 * row + 1] - points[2 * member + 1];
      nearness[row] = -(x * x + y * y);
    }
    const onMap = largest(nearness, TEN, [member]);
    const near = largest(nearnessTo(rowAt(table, member), count), TEN, [member]);
    return near.filter((row) => onMap.includes(row)).length;
  });
}

/** The mean cosine of two members, over all pairs; null for fewer than two. @param {Rows} rows @param {number[]} members */
export function meanCosine({ units, lengths }, members) {
  const finite = members.filter((row) => !Number.isNaN(lengths[row]));
  if (finite.length < 2) return null;
  const total = new Float64Array(units.columns);
  let squares = 0;
  for (const row of finite) {
    for (const [d, value] of rowAt(units, row).entries()) total[d] += value;
    squares += lengths[row] ** 2;
  }
  const square = total.reduce((sum, value) => sum + value * value, 0);
  return (square - squares) / (finite.length * (finite.length - 1));
}
