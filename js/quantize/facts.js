/**
 * Facts beside the quantization figure: bytes, largest errors and neighbors kept.
 */
import { html } from "lit-html";
import { formatInt } from "../kit/format.js";
import { alignedFormat } from "./number_format.js";
import { isGrown, selection } from "./state.js";
import { SCHEMES, neighborRanks } from "./trace.js";
import { tradeoffChart } from "./tradeoff.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene @returns {import("../kit/facts_panel.js").Facts} */
export function facts(scene) {
  const selected = selection(scene);
  const { derived, row } = selected;
  const current = selected.current.scheme.name;
  /** @param {string} name */
  const label = (name) => (name === current ? html`<b class="current">${name}</b>` : name);
  const least = Math.min(...SCHEMES.map((name) => derived.schemes[name].bytes));
  const grown = isGrown(scene);
  const errors = SCHEMES.map((name) => derived.schemes[name][grown ? "grownError" : "error"][row]);
  const most = Math.max(...errors);
  const written = alignedFormat(Math.min(...errors.filter(Boolean), most), 2);
  const given = true;
  const bytes = SCHEMES.map((name) => ({
    name: label(name),
    value: formatInt(derived.schemes[name].bytes),
    id: `bytes:${name}`,
    tone: derived.schemes[name].bytes === least ? "good" : "",
    given,
  }));
  const largest = SCHEMES.map((name, i) => ({
    name: label(name),
    value: written(errors[i]),
    id: `error:${name}`,
    tone: most > 0 && errors[i] === most ? "bad" : "",
  }));
  const kept = SCHEMES.map((name) => ({
    name: label(name),
    value: derived.near
      ? `${neighborRanks(derived, name, row).filter((other) => other.kept).length} of ${derived.near}`
      : "—",
    id: derived.near ? `kept:${name}` : undefined,
  }));
  const floats = {
    name: "floats",
    value: formatInt(derived.bytes),
    id: "bytes:floats",
    given,
  };
  const n = SCHEMES.indexOf(current);
  return {
    groups: /** @type {any} */ ([
      { title: "Bytes of the table", facts: [floats, ...bytes] },
      { title: `Max error, ${grown ? "after × 10" : `row ${row}`}`, facts: largest },
      { title: "Nearest neighbors kept", facts: kept },
    ]),
    keys: [
      { ...floats, name: "Bytes, floats" },
      { ...bytes[n], name: `Bytes, ${current}` },
      { ...largest[n], name: grown ? "Max error after × 10" : `Max error, row ${row}` },
      { ...kept[n], name: "Nearest neighbors kept" },
    ],
    extra: scene.predicting ? undefined : tradeoffChart(derived, row, current),
  };
}
