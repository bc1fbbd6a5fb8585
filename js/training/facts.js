/**
 * Facts beside the training figure: the selected row, the step, and the optimizer state.
 */
import { fixed, formatInt, shorten } from "../kit/format.js";
import { shortNumber } from "./number_format.js";
import { sceneFrame, rowName } from "./state.js";
import { countMoves, distance } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {ArrayLike<number>} values */
export const size = (values) => distance(new Float64Array(values.length), values);

/** @param {Scene} scene @returns {import("../kit/facts_panel.js").Facts} */
export function facts(scene) {
  const d = sceneFrame(scene);
  const { derived, run, row, s } = d;
  const { V, D } = derived;
  const name = rowName(derived, row);
  const lastStep = derived.lastSeen(s, row);
  const rowMovedWithoutGrad = run.movedWithoutGrad(s, row);
  const { slots } = run.rule(s);
  const { moved, movedWithoutGrad, withGrad } = countMoves(derived, run, s);
  const id = (/** @type {string} */ name) => (scene.ui.prediction ? undefined : name);
  const short = shorten(name, 12);
  const given = true;
  const last = {
    name: "last seen",
    value: lastStep < 0 ? "never" : `step ${lastStep + 1}`,
    given,
  };
  const gradient = {
    name: "gradient norm",
    value: shortNumber(size(run.grad(s, row))),
    id: id("gradient"),
    given,
  };
  const displacement = {
    name: "moved",
    value: shortNumber(run.move(s, row)),
    tone: rowMovedWithoutGrad ? "bad" : "",
    id: id("moved"),
  };
  const loss = {
    name: "loss",
    value: Number.isFinite(run.losses[s]) ? fixed(run.losses[s], 3) : "—",
    given,
  };
  const still = {
    name: "zero gradient, updated",
    value: formatInt(movedWithoutGrad),
    tone: movedWithoutGrad ? "bad" : "",
  };
  const groups = [
    {
      title: `“${short}” at step ${s + 1}`,
      facts: [
        last,
        { name: "uses", value: formatInt(derived.counts[row]), given },
        gradient,
        ...slots.map((word, slot) => ({
          name: `${word}, norm`,
          value: shortNumber(size(run.slot(slot, s + 1, row) ?? [])),
          id: id(word),
        })),
        displacement,
        ...distances(d),
      ],
    },
    {
      title: "Rows at this step",
      facts: [
        loss,
        { name: "in the batch", value: `${withGrad} of ${V}`, given },
        { name: "moved", value: `${moved} of ${V}` },
        still,
      ],
    },
    {
      title: "Skip-gram with negative samples",
      facts: [
        { name: "window", value: `${derived.objective.window} words on each side`, given },
        { name: "negatives", value: `up to ${derived.objective.negative} for each pair`, given },
        { name: "table W, on the maps", value: `${V} × ${D}`, given },
        { name: "context table C", value: `${V} × ${D}`, given },
      ],
    },
    {
      title: "Optimizer state (slots)",
      facts: [
        { name: run.rule(s).optimizer, value: slots.length ? `${slots.length} × table` : "none" },
        { name: "values", value: formatInt(slots.length * V * D) },
      ],
    },
  ];
  return {
    groups,
    keys: scene.predicting
      ? [
          { name: "Optimizer", value: run.rule(s).optimizer, given },
          { name: "Learning rate", value: run.rule(s).rate, given },
          { ...last, name: `“${short}” last seen` },
          { ...gradient, name: "Its gradient norm" },
        ]
      : [
          { ...last, name: `“${short}” last seen` },
          { ...gradient, name: "Its gradient norm" },
          { ...displacement, name: "Its displacement" },
          { ...still, name: "Zero gradient, updated" },
          { ...loss, name: "Loss" },
        ],
  };
}

/**
 * The true distance to each pinned row, beside the one on the map.
 * @param {import("./state.js").SceneFrame} d
 */
function distances({ scene, derived, run, row, s }) {
  const here = run.weights(s + 1, row);
  return scene.ui.local.pins
    .filter((/** @type {number} */ pin) => pin !== row)
    .map((/** @type {number} */ pin) => {
      const there = run.weights(s + 1, pin);
      const flat =
        derived.D > 2
          ? ` (map ${shortNumber(distance(derived.project(here), derived.project(there)))})`
          : "";
      return {
        name: `to “${shorten(rowName(derived, pin), 10)}”`,
        value: `${shortNumber(distance(here, there))}${flat}`,
      };
    });
}
