/**
 * Facts beside the geometry figure: the selected pair, the ten nearest, the map.
 */
import { html } from "lit-html";
import { fixed, formatInt } from "../kit/format.js";
import { labelOf } from "./coloring.js";
import { percent, quoted } from "./narration.js";
import { selectedRow } from "./state.js";
import { derive } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene @returns {import("../kit/facts_panel.js").Facts} */
export function facts(scene) {
  const { header } = scene.trace;
  const derived = derive(scene.trace);
  const { cosines, distances, mapDistances, near, closer, both, picked, name, plain } = derived;
  const row = selectedRow(scene);
  const pair = row >= 0 && row !== picked;
  const at = near.indexOf(row);
  /** @param {string} label @param {unknown} value @param {string} id @param {string} [tone] */
  const fact = (label, value, id, tone = "") => ({
    name: label,
    value,
    tone,
    id: value === "—" ? undefined : id,
  });
  /** @param {ArrayLike<number>} values */
  const of = (values) => (pair ? fixed(values[row]) : "—");
  const cosine = fact("cosine", of(cosines), "cosine");
  const distance = fact("distance", of(distances), "true");
  const map = fact("distance on the map", of(mapDistances), "map");
  const kept = fact(
    "kept on the map",
    near.length ? `${both.length} of ${near.length}` : "—",
    "both",
    near.length && both.length < near.length / 2 ? "bad" : "",
  );
  const words = { name: "words", value: formatInt(derived.total), given: true };
  const dimensions = { name: "dimensions", value: formatInt(derived.D), given: true };
  const variance = {
    name: "explained variance",
    value: header.shares.length ? percent(header.shares[0] + header.shares[1]) : "—",
    id: header.shares.length ? "variance" : undefined,
    given: true,
  };
  const { trustworthiness, continuity } = header.quality;
  /** @param {number | null} value */
  const share = (value) => (value === null ? "—" : fixed(value));
  const trusted = fact("trustworthiness", share(trustworthiness), "trust");
  const label =
    header.legend && row >= 0
      ? [{ name: header.params.color, value: labelOf(scene.trace, row), given: true }]
      : [];
  const groups = [
    {
      title: "Selected pair",
      facts: [
        ...label,
        cosine,
        distance,
        map,
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
      facts: [kept, fact("on average", fixed(header.typical, 1), "typical")],
    },
    {
      title: "The map",
      facts: [
        words,
        dimensions,
        variance,
        ...(scene.predicting ? [] : [trusted, fact("continuity", share(continuity), "continuity")]),
        ...(header.invalid_rows
          ? [
              {
                name: "rows with NaN",
                value: formatInt(header.invalid_rows),
                tone: "bad",
                given: true,
              },
            ]
          : []),
      ],
    },
  ];
  return {
    before: scene.predicting
      ? undefined
      : html`<p class="pair">${pair ? html`${quoted(name(picked))} · ${quoted(name(row))}` : quoted(name(picked))}</p>`,
    groups,
    keys: scene.predicting
      ? [words, dimensions, variance]
      : [
          plain
            ? { ...distance, name: "Distance of the pair" }
            : { ...cosine, name: "Cosine of the pair" },
          { ...map, name: "Distance on the map" },
          { ...kept, name: "Neighbors kept on the map" },
          { ...variance, name: "Explained variance" },
          { ...trusted, name: "Trustworthiness" },
        ],
  };
}
