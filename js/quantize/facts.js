/**
 * Facts beside the quantization figure: bytes, largest errors and neighbors kept.
 */
import { html } from "lit-html";
import { factGroups } from "../kit/facts_panel.js";
import { formatInt } from "../kit/format.js";
import { alignedFormat } from "./number_format.js";
import { isGrown, selection } from "./state.js";
import { SCHEMES, neighborRanks } from "./trace.js";
import { tradeoffChart } from "./tradeoff.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene */
export function facts(scene) {
  const selected = selection(scene);
  const { derived, row } = selected;
  const predicting = scene.ui.prediction !== null;
  const current = selected.current.scheme.name;
  /** @param {string} name */
  const label = (name) => (name === current ? html`<b class="current">${name}</b>` : name);
  const least = Math.min(...SCHEMES.map((name) => derived.schemes[name].bytes));
  const grown = isGrown(scene);
  const errors = SCHEMES.map((name) => derived.schemes[name][grown ? "grownError" : "error"][row]);
  const most = Math.max(...errors);
  const written = alignedFormat(Math.min(...errors.filter(Boolean), most), 2);
  const groups = [
    {
      title: "Bytes of the table",
      facts: [
        { name: "floats", value: formatInt(derived.bytes), id: "bytes:floats" },
        ...SCHEMES.map((name) => ({
          name: label(name),
          value: formatInt(derived.schemes[name].bytes),
          id: `bytes:${name}`,
          tone: derived.schemes[name].bytes === least ? "good" : "",
        })),
      ],
    },
    {
      title: `Max error, ${grown ? "after × 10" : `row ${row}`}`,
      facts: SCHEMES.map((name, i) => ({
        name: label(name),
        value: written(errors[i]),
        id: `error:${name}`,
        tone: most > 0 && errors[i] === most ? "bad" : "",
      })),
    },
    {
      title: "Nearest neighbors kept",
      facts: SCHEMES.map((name) => ({
        name: label(name),
        value: derived.near
          ? `${neighborRanks(derived, name, row).filter((other) => other.kept).length} of ${derived.near}`
          : "—",
        id: derived.near ? `kept:${name}` : undefined,
      })),
    },
  ];
  const open = (/** @type {string} */ id) =>
    predicting
      ? undefined
      : scene.explorer.updateUi({ open: { kind: "fact", id, from: `fact:${id}` } });
  return html`${factGroups(/** @type {any} */ (groups), open)} ${tradeoffChart(derived, row, current)}`;
}
