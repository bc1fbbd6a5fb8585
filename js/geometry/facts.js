/**
 * Facts beside the geometry figure: the selected pair, the ten nearest, the map.
 */
import { html } from "lit-html";
import { factGroups } from "../kit/facts_panel.js";
import { fixed, formatInt } from "../kit/format.js";
import { percent, quoted } from "./narration.js";
import { selectedRow } from "./state.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene */
export function facts(scene) {
  const { header } = scene.trace;
  const derived = derive(scene.trace);
  const { cosines, distances, mapDistances, near, closer, both, picked, name } = derived;
  const predicting = scene.ui.prediction?.phase === "open";
  const row = selectedRow(scene);
  const pair = !predicting && row >= 0 && row !== picked;
  const at = near.indexOf(row);
  /**
   * @param {string} label
   * @param {unknown} value
   * @param {string} id
   * @param {"good" | "bad" | ""} [tone]
   */
  const fact = (label, value, id, tone = "") => ({
    name: label,
    value: predicting ? "?" : value,
    tone: predicting ? "" : tone,
    id: predicting || value === "—" ? undefined : id,
  });
  /** @param {ArrayLike<number>} values */
  const of = (values) => (pair ? fixed(values[row]) : "—");
  const groups = [
    {
      title: "Selected pair",
      facts: [
        fact("cosine", of(cosines), "cosine"),
        fact("distance", of(distances), "true"),
        fact("distance on the map", of(mapDistances), "map"),
        fact("map / distance", pair ? percent(mapDistances[row] / distances[row]) : "—", "shown"),
        fact(
          "closer on the map",
          pair && at >= 0 ? formatInt(closer[at]) : "—",
          "closer",
          pair && closer[at] > 9 ? "bad" : "",
        ),
      ],
    },
    {
      title: `${near.length} nearest neighbors`,
      facts: [
        fact(
          "kept on the map",
          near.length ? `${both.length} of ${near.length}` : "—",
          "both",
          near.length && both.length < near.length / 2 ? "bad" : "",
        ),
        fact("on average", fixed(header.typical, 1), "typical"),
      ],
    },
    {
      title: "The map",
      facts: [
        { name: "words", value: formatInt(derived.V) },
        { name: "dimensions", value: formatInt(derived.D) },
        {
          name: "explained variance",
          value: percent(header.shares[0] + header.shares[1]),
          id: "variance",
        },
        ...(header.invalid_rows
          ? [
              {
                name: "rows with NaN",
                value: formatInt(header.invalid_rows),
                tone: /** @type {const} */ ("bad"),
              },
            ]
          : []),
      ],
    },
  ];
  const open = (/** @type {string} */ id) =>
    scene.explorer.updateUi({ open: { kind: "fact", id, from: `fact:${id}` } });
  return html`<p class="pair">${pair ? html`${quoted(name(picked))} · ${quoted(name(row))}` : quoted(name(picked))}</p>
    ${factGroups(groups, open)}`;
}
