/**
 * Controls of the geometry view: word, projection and number of words.
 */
import { choice, slider, stopsBetween } from "../kit/controls.js";
import { textInput } from "../kit/text_input.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene @returns {[string, unknown][]} */
export function controls({ params, uid, explorer, trace }) {
  const { source, limits } = trace.header;
  /** @type {any} */
  const rows = limits.rows;
  return [
    [
      "word",
      textInput({
        label: "Word",
        place: "word",
        value: params.word,
        hint: source ? `trained here on: ${source}` : "#12 is row 12",
        onChange: (word) => explorer.edit({ word }),
      }),
    ],
    [
      "plane",
      choice({
        label: "Projection",
        group: `${uid}-plane`,
        place: "plane",
        value: params.plane,
        choices: /** @type {any} */ (limits.plane).choices,
        onChange: (plane) => explorer.edit({ plane }),
      }),
    ],
    [
      "rows",
      slider({
        label: "Words",
        symbol: "V",
        place: "rows",
        value: Math.min(params.rows, rows.max),
        stops: stopsBetween(rows.min, rows.max, 20),
        onChange: (value) => explorer.edit({ rows: value }),
      }),
    ],
  ];
}
