/**
 * The numbers on the right, and the data table: what is drawn, as figures.
 */
import { factGroups } from "../kit/facts_panel.js";
import { fixed, whole } from "../kit/format.js";
import { short } from "./number_format.js";
import { drawingOf, nameOf } from "./state.js";
import { census, distance } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {ArrayLike<number>} values */
export const size = (values) => distance(new Float64Array(values.length), values);

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

