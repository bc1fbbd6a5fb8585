/**
 * Arithmetic card of the geometry view: cosines and distances with their numbers.
 */
import { html } from "lit-html";
import { pluralize, fixed, joinList, formatInt } from "../kit/format.js";
import { percent, quoted } from "./narration.js";
import { selectedRow } from "./state.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */
/** @typedef {import("./trace.js").Derived} Derived */

/** @typedef {{ name?: string, body: unknown, note?: unknown, main?: boolean }} Line */

/**
 * Return the lines of the arithmetic card.
 * @param {Scene} scene
 * @returns {{ lines: Line[], pinned: boolean }}
 */
export function arithmetic(scene) {
  const derived = derive(scene.trace);
  const { open } = scene.ui;
  const row = selectedRow(scene);
  if (open?.kind === "fact") return { lines: fact(open.id, scene, derived, row), pinned: true };
  return { lines: row < 0 || row === derived.picked ? [] : pair(derived, row), pinned: false };
}

/** @param {number} value */
const on = (value) => html`<span class="on">${fixed(value)}</span>`;

/** @param {Derived} derived @param {number} row @returns {Line[]} */
function pair(derived, row) {
  return [trueLine(derived, row), mapLine(derived, row)];
}

/** @param {Derived} derived @param {number} row @returns {Line} */
function trueLine({ cosines, distances, D, plain, lengths, picked }, row) {
  if (plain) {
    const [u, v] = [lengths[picked], lengths[row]].map((length) => fixed(length));
    return {
      name: "distance",
      body: html`|u − v| = √(${u}² + ${v}² − 2·${u}·${v}·${signedFactor(cosines[row])}) = ${on(distances[row])}`,
      note: `lengths and cosine, in ${pluralize(D, "dimension")}`,
    };
  }
  return {
    name: "distance",
    body: html`|u − v| = √(2 − 2·cos) = √(2 − 2·${signedFactor(cosines[row])}) = ${on(distances[row])}`,
    note: `in all ${pluralize(D, "dimension")}; u and v have length 1`,
  };
}

/** @param {Derived} derived @param {number} row @returns {Line} */
function mapLine({ points, mapDistances, picked, projected }, row) {
  const [dx, dy] = [
    points[2 * row] - points[2 * picked],
    points[2 * row + 1] - points[2 * picked + 1],
  ];
  return {
    name: "map",
    body: html`√(Δx² + Δy²) = √(${square(dx)} + ${square(dy)}) = ${on(mapDistances[row])}`,
    note: projected ? "in two of them: never longer" : "scaled to the spread of the rows",
  };
}

/** @param {number} value */
const signedFactor = (value) => fixed(value).replace(/^−.*/, "($&)");

/** @param {number} value */
const square = (value) => `${signedFactor(value)}²`;

/**
 * Return the formula of a fact.
 * @param {string} id
 * @param {Scene} scene
 * @param {Derived} derived
 * @param {number} row
 * @returns {Line[]}
 */
function fact(id, { trace }, derived, row) {
  const { values, measure, by, near, nearMap, both, name, mapDistances, distances, closer, total } =
    derived;
  const { typical, shares, quality } = trace.header;
  const among = `among ${pluralize(quality.rows, "row")}, evenly spread`;
  if (id === "cosine") return [dot(derived, row)];
  if (id === "true") return [trueLine(derived, row)];
  if (id === "map") return [mapLine(derived, row)];
  if (id === "shown")
    return [
      {
        body: html`${fixed(mapDistances[row])} / ${fixed(distances[row])} = <span class="on">${percent(mapDistances[row] / distances[row])}</span>`,
        note: derived.projected
          ? "a projection never lengthens a vector"
          : "this map is no projection: it may be any number",
      },
    ];
  if (id === "closer")
    return [
      {
        body: html`<span class="on">${formatInt(closer[near.indexOf(row)])}</span> of ${pluralize(total - 2, "other word")} lie within ${fixed(mapDistances[row])} of ${quoted(name(derived.picked))}`,
        note: `its ${measure} is ${fixed(values[row])}`,
      },
    ];
  if (id === "both")
    return [
      { name: "distance", body: joinList(near.map(name), 10) },
      {
        name: "map",
        body: joinList(nearMap.map(name), 10),
        note: html`<span class="on">${both.length}</span> in both`,
      },
    ];
  if (id === "trust")
    return [
      {
        body: html`1 − the ranks by ${by} beyond 10 of the ten nearest on the map, scaled = <span class="on">${fixed(quality.trustworthiness)}</span>`,
        note: `1: who is near on the map is near; ${among}`,
      },
    ];
  if (id === "continuity")
    return [
      {
        body: html`1 − the ranks on the map beyond 10 of the ten nearest by ${by}, scaled = <span class="on">${fixed(quality.continuity)}</span>`,
        note: `1: who is near is near on the map; ${among}`,
      },
    ];
  if (id === "typical")
    return [
      {
        body: html`the same count, on average over many words = <span class="on">${fixed(typical, 1)}</span>`,
        note: "if all were kept it would be 10",
      },
    ];
  return [
    {
      body: html`${percent(shares[0])} + ${percent(shares[1])} = <span class="on">${percent(shares[0] + shares[1])}</span>`,
      note: "the variance along both axes, of the variance along all",
    },
  ];
}

/** Return the line of a cosine, as a sum of products. @param {Derived} derived @param {number} row @returns {Line} */
function dot({ vector, picked, cosines, D }, row) {
  const [u, v] = [vector(picked), vector(row)];
  if (!u || !v)
    return {
      body: html`cos = u · v = ${on(cosines[row])}`,
      note: `${pluralize(D, "product")}; pick the word to see its own`,
    };
  const shown = Math.min(D, 4);
  const terms = Array.from(
    { length: shown },
    (_, d) => `${signedFactor(u[d])}·${signedFactor(v[d])}`,
  ).join(" + ");
  const rest = D > shown ? ` + … ${D - shown} more …` : "";
  return {
    body: html`cos = u · v = ${terms}${rest} = ${on(cosines[row])}`,
    note: "of rows with length 1",
  };
}
