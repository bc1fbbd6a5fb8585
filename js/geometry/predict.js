/**
 * Prediction of the geometry view: which word is nearest?
 */
import { html, nothing } from "lit-html";
import { fixed } from "../kit/format.js";
import { quoted } from "./narration.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene */
export function predict({ trace, ui }) {
  const { picked, name, near, nearMap, values, measure, by, mapDistances } = derive(trace);
  const [chosen] = ui.prediction?.chosen ?? [];
  const first = near[0];
  if (first === undefined)
    return { question: "There is no other word to guess.", outcome: "There is no other word." };
  const yours =
    chosen !== undefined && chosen !== first
      ? html` Yours, ${quoted(name(chosen))}, has ${fixed(values[chosen])}${nearMap.includes(chosen) ? html`, though it lies only ${fixed(mapDistances[chosen])} away on the map` : nothing}.`
      : nothing;
  return {
    question: html`Which of the named words is nearest by ${by} to ${quoted(name(picked))}? Click one, or use the arrows and Enter.`,
    outcome: html`${quoted(name(first))} is: ${measure} ${fixed(values[first])}, ${fixed(mapDistances[first])} away on the map.${yours}`,
  };
}
