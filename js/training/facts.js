/**
 * The numbers on the right, and the data table: what is drawn, as figures.
 */
import { fixed, whole } from "../kit/format.js";
import { factGroups } from "../kit/facts_panel.js";
import { blocks } from "../kit/data_table.js";
import { chosen, lanesOf } from "./charts.js";
import { census, distance } from "./trace.js";
import { drawingOf, nameOf } from "./state.js";
import { short } from "./narration.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

const WIDE = 82; // pixels of a column of the data table: 1.23e−4 ∅

/** @param {ArrayLike<number>} values */
const size = (values) => distance(new Float64Array(values.length), values);

/** @param {Scene} scene */
export function numbers(scene) {
  const d = drawingOf(scene);
  const { reading, run, row, s } = d;
  const { V, D } = reading;
  const name = nameOf(reading, row);
  const seen = reading.lastSeen(s, row);
  const glides = run.glides(s, row);
  const { memory } = run.rule(s);
  const { moved, glided, pulled } = census(reading, run, s);
  const id = (/** @type {string} */ name) => (scene.ui.prediction ? undefined : name);
  const groups = [
    {
      title: `“${name.length > 12 ? `${name.slice(0, 11)}…` : name}” at step ${s + 1}`,
      facts: [
        { name: "last seen", value: seen < 0 ? "never" : `step ${seen + 1}` },
        { name: "uses", value: whole(reading.counts[row]) },
        { name: "gradient", value: short(size(run.grad(s, row))), id: id("gradient") },
        ...memory.map((word, slot) => ({ name: `${word}, length`, value: short(size(run.memory(slot, s + 1, row) ?? [])), id: id(word) })),
        { name: "moved", value: short(run.move(s, row)), tone: glides ? "bad" : "", id: id("moved") },
        ...distances(d),
      ],
    },
    {
      title: "Rows at this step",
      facts: [
        { name: "loss", value: Number.isFinite(run.losses[s]) ? fixed(run.losses[s], 3) : "—" },
        { name: "in the batch", value: `${pulled} of ${V}` },
        { name: "moved", value: `${moved} of ${V}` },
        { name: "no gradient", value: whole(glided), tone: glided ? "bad" : "" },
      ],
    },
    {
      title: "The optimiser's memory",
      facts: [
        { name: run.rule(s).optimizer, value: memory.length ? `${memory.length} × table` : "none" },
        { name: "numbers", value: whole(memory.length * V * D) },
      ],
    },
  ];
  return factGroups(/** @type {any} */ (groups), (name) =>
    scene.act.show({ open: { kind: "cell", from: `fact:${name}` } }),
  );
}

/** The true distance to each pinned row, beside the one on the map. @param {import("./state.js").Drawing} d */
function distances({ scene, reading, run, row, s }) {
  const here = run.weights(s + 1, row);
  return scene.ui.own.pins
    .filter((/** @type {number} */ pin) => pin !== row)
    .map((/** @type {number} */ pin) => {
      const there = run.weights(s + 1, pin);
      const flat = reading.D > 2 ? ` (map ${short(distance(reading.place(here), reading.place(there)))})` : "";
      return { name: `to “${nameOf(reading, pin).slice(0, 10)}”`, value: `${short(distance(here, there))}${flat}` };
    });
}

/** Every number drawn. @param {Scene} scene @returns {import("../kit/data_table.js").DataTable[]} */
export function tables(scene) {
  const d = drawingOf(scene);
  const { reading, s } = d;
  const { row, n: mine } = chosen(d);
  const { S, order, runs } = reading;
  const until = d.asked ? s + 1 : S; // an open question keeps its answer
  const steps = Array.from({ length: until }, (_, t) => String(t + 1));
  const head = (/** @type {number} */ r) => nameOf(reading, r);
  const many = (/** @type {string} */ what, /** @type {number} */ n) => (runs.length > 1 ? `${what}, run ${n + 1}: ${runs[n].title}` : what);
  const most = Math.max(2, Math.floor((scene.size.width - 130) / WIDE));
  /** @type {import("../kit/data_table.js").DataTable[]} */
  const all = [
    ...runs.map((run, n) => ({
      caption: many(`Where each row stands after step ${s + 1}`, n),
      corner: "row",
      columns: ["x", "y", "moved", "gradient", "seen"],
      rows: order.map((r) => ({
        head: head(r),
        cells: [
          ...reading.place(run.weights(s + 1, r)).map(short),
          short(run.move(s, r)),
          short(size(run.grad(s, r))),
          reading.lastSeen(s, r) < 0 ? "never" : reading.lastSeen(s, r) + 1,
        ],
      })),
    })),
    {
      caption: "Loss of each batch",
      corner: "run",
      columns: steps,
      rows: [
        ...runs.map((run, n) => ({ head: `${n + 1} ${run.name}`, cells: steps.map((_, t) => fixed(run.losses[t], 3)) })),
        ...(reading.ghost ? [{ head: "without the branch", cells: steps.map((_, t) => fixed(reading.ghost?.losses[t] ?? NaN, 3)) }] : []),
      ],
    },
    {
      caption: `“${head(row)}” number by number${runs.length > 1 ? `, run ${mine + 1}` : ""}`,
      corner: "number",
      columns: steps,
      rows: lanesOf(chosen(d)).map(({ name, value }) => ({ head: name, cells: steps.map((_, t) => short(value(t))) })),
    },
    ...runs.map((run, n) => ({
      caption: many("How far each row moved at each step (∅: without a gradient)", n),
      corner: "row",
      columns: steps,
      rows: order.map((r) => ({
        head: head(r),
        cells: steps.map((_, t) => `${short(run.move(t, r))}${run.hasGrad(t, r) ? "" : " ∅"}`),
      })),
    })),
  ];
  return all.flatMap((table) => blocks(table, most));
}
