/**
 * Facts beside the quantization figure: bytes, largest errors and neighbors kept.
 */
import { html } from "lit-html";
import { factGroups } from "../kit/facts_panel.js";
import { whole } from "../kit/format.js";
import { ruled } from "./number_format.js";
import { isGrown, lookOf } from "./state.js";
import { WAYS, bumps } from "./trace.js";
import { trade } from "./tradeoff.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene */
export function numbers(scene) {
  const look = lookOf(scene);
  const { reading, row } = look;
  const asked = scene.ui.prediction !== null;
  const current = look.now.way.name;
  /** @param {string} name */
  const label = (name) => (name === current ? html`<b class="current">${name}</b>` : name);
  const least = Math.min(...WAYS.map((name) => reading.ways[name].bytes));
  const grown = isGrown(scene);
  const errors = WAYS.map((name) => reading.ways[name][grown ? "grownError" : "error"][row]);
  const most = Math.max(...errors);
  const written = ruled(Math.min(...errors.filter(Boolean), most), 2);
  const groups = [
    {
      title: "Bytes of the table",
      facts: [
        { name: "floats", value: whole(reading.bytes), id: "bytes:floats" },
        ...WAYS.map((name) => ({
          name: label(name),
          value: whole(reading.ways[name].bytes),
          id: `bytes:${name}`,
          tone: reading.ways[name].bytes === least ? "good" : "",
        })),
      ],
    },
    {
      title: `Max error, ${grown ? "after × 10" : `row ${row}`}`,
      facts: WAYS.map((name, i) => ({
        name: label(name),
        value: written(errors[i]),
        id: `error:${name}`,
        tone: most > 0 && errors[i] === most ? "bad" : "",
      })),
    },
    {
      title: "Neighbours kept",
      facts: WAYS.map((name) => ({
        name: label(name),
        value: reading.near
          ? `${bumps(reading, name, row).filter((other) => other.kept).length} of ${reading.near}`
          : "—",
        id: reading.near ? `kept:${name}` : undefined,
      })),
    },
  ];
  const open = (/** @type {string} */ id) =>
    asked ? undefined : scene.act.show({ open: { kind: "fact", id, from: `fact:${id}` } });
  return html`${factGroups(/** @type {any} */ (groups), open)} ${trade(reading, row, current)}`;
}
