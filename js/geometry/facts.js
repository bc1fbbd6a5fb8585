/**
 * Facts beside the geometry figure: the selected pair, the ten nearest, the map.
 */
import { html } from "lit-html";
import { factGroups } from "../kit/facts_panel.js";
import { fixed, whole } from "../kit/format.js";
import { percent, quoted } from "./narration.js";
import { currentOf } from "./state.js";
import { readingOf } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene */
export function numbers(scene) {
  const { header } = scene.trace;
  const reading = readingOf(scene.trace);
  const { cosines, apart, onMap, near, closer, both, picked, name } = reading;
  const asked = scene.ui.prediction?.phase === "open";
  const row = currentOf(scene);
  const pair = !asked && row >= 0 && row !== picked;
  const at = near.indexOf(row);
  /** @param {string} label @param {unknown} value @param {string} id @param {"good" | "bad" | ""} [tone] */
  const fact = (label, value, id, tone = "") => ({ name: label, value: asked ? "?" : value, tone: asked ? "" : tone, id: asked || value === "—" ? undefined : id });
  /** @param {ArrayLike<number>} values */
  const of = (values) => (pair ? fixed(values[row]) : "—");
  const groups = [
    {
      title: "The word looked at",
      facts: [
        fact("cosine", of(cosines), "cosine"),
        fact("true distance", of(apart), "true"),
        fact("on the map", of(onMap), "map"),
        fact("shown of it", pair ? percent(onMap[row] / apart[row]) : "—", "shown"),
        fact("closer on the map", pair && at >= 0 ? whole(closer[at]) : "—", "closer", pair && closer[at] > 9 ? "bad" : ""),
      ],
    },
    {
      title: `The ${near.length} nearest`,
      facts: [
        fact("kept on the map", near.length ? `${both.length} of ${near.length}` : "—", "both", near.length && both.length < near.length / 2 ? "bad" : ""),
        fact("on average", fixed(header.typical, 1), "typical"),
      ],
    },
    {
      title: "The map",
      facts: [
        { name: "words", value: whole(reading.V) },
        { name: "numbers a word", value: whole(reading.D) },
        { name: "variance shown", value: percent(header.shares[0] + header.shares[1]), id: "variance" },
        ...(header.lost ? [{ name: "rows with NaN", value: whole(header.lost), tone: /** @type {const} */ ("bad") }] : []),
      ],
    },
  ];
  const open = (/** @type {string} */ id) => scene.act.show({ open: { kind: "fact", id, from: `fact:${id}` } });
  return html`<p class="pair">${pair ? html`${quoted(name(picked))} · ${quoted(name(row))}` : quoted(name(picked))}</p>
    ${factGroups(groups, open)}`;
}
