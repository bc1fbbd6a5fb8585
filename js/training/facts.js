/**
 * Facts beside the training figure: the selected row, the step, and the optimizer state.
 */
import { factGroups } from "../kit/facts_panel.js";
import { fixed, formatInt } from "../kit/format.js";
import { shortNumber } from "./number_format.js";
import { sceneFrame, rowName } from "./state.js";
import { countMoves, distance } from "./trace.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {ArrayLike<number>} values */
export const size = (values) => distance(new Float64Array(values.length), values);

/** @param {Scene} scene */
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
  const groups = [
    {
      title: `“${name.length > 12 ? `${name.slice(0, 11)}…` : name}” at step ${s + 1}`,
      facts: [
        { name: "last seen", value: lastStep < 0 ? "never" : `step ${lastStep + 1}` },
        { name: "uses", value: formatInt(derived.counts[row]) },
        { name: "gradient norm", value: shortNumber(size(run.grad(s, row))), id: id("gradient") },
        ...slots.map((word, slot) => ({
          name: `${word}, norm`,
          value: shortNumber(size(run.slot(slot, s + 1, row) ?? [])),
          id: id(word),
        })),
        {
          name: "moved",
          value: shortNumber(run.move(s, row)),
          tone: rowMovedWithoutGrad ? "bad" : "",
          id: id("moved"),
        },
        ...distances(d),
      ],
    },
    {
      title: "Rows at this step",
      facts: [
        { name: "loss", value: Number.isFinite(run.losses[s]) ? fixed(run.losses[s], 3) : "—" },
        { name: "in the batch", value: `${withGrad} of ${V}` },
        { name: "moved", value: `${moved} of ${V}` },
        {
          name: "zero gradient, updated",
          value: formatInt(movedWithoutGrad),
          tone: movedWithoutGrad ? "bad" : "",
        },
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
  return factGroups(/** @type {any} */ (groups), (name) =>
    scene.explorer.updateUi({ open: { kind: "cell", from: `fact:${name}` } }),
  );
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
        name: `to “${rowName(derived, pin).slice(0, 10)}”`,
        value: `${shortNumber(distance(here, there))}${flat}`,
      };
    });
}
