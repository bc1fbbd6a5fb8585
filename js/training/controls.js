/**
 * Controls of the training view: text, optimizers, branch, sizes.
 */
import { button, choice, select, slider, stopsBetween, textField } from "../kit/controls.js";
import {
  addRun,
  branch,
  setOptimizer,
  dropBranch,
  limit,
  removeRun,
  runsOf,
  selectedSetting,
} from "./actions.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

const RATE_STOPS = [
  0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2,
  0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10,
];

/** @param {Scene} scene @returns {import("../kit/view_types.js").Control[]} */
export function controls(scene) {
  const { params, hidden, uid, explorer, ui } = scene;
  /** @param {string} name @param {string} label @param {string} symbol @returns {[string, unknown]} */
  const size = (name, label, symbol) => [
    name,
    slider({
      label,
      symbol,
      place: name,
      value: params[name],
      stops: stopsBetween(limit(scene, name).min ?? 1, limit(scene, name).max ?? 32),
      onChange: (value) => explorer.edit({ [name]: value }),
    }),
  ];
  const now = selectedSetting(scene);
  const runs = runsOf(scene);
  const { most = 3, choices = [], rates = {} } = limit(scene, "runs");
  const branched = params.branch?.length;
  return [
    [
      "runs",
      choice({
        label: "Run",
        group: `${uid}-run`,
        place: "run",
        value: String(now.n + 1),
        choices: runs.map((_, i) => String(i + 1)),
        onChange: (name) => {
          ui.local.run = Number(name) - 1;
          explorer.updateUi({ hover: null });
        },
      }),
      "run",
    ],
    [
      "runs",
      select({
        label: now.branched ? `From step ${now.step + 1} on` : "Optimizer",
        place: "optimizer",
        value: now.optimizer,
        choices,
        onChange: (name) => {
          const own = now.branched && rates[now.optimizer] !== now.rate;
          setOptimizer(scene, name, own ? now.rate : (rates[name] ?? now.rate));
        },
      }),
    ],
    [
      "runs",
      slider({
        label: "Learning rate",
        symbol: "η",
        place: "rate",
        value: now.rate,
        stops: RATE_STOPS,
        valueText: `η = ${now.rate}`,
        onChange: (rate) => setOptimizer(scene, now.optimizer, rate),
      }),
    ],
    [
      hidden.has("runs") ? "runs" : "branch",
      button({
        label: branched ? "Drop the branch" : "Branch here",
        key: "B",
        place: "branch",
        primary: !branched,
        onClick: () => (branched ? dropBranch : branch)(scene),
      }),
    ],
    size("batch", "Batch size", "B"),
    [
      "runs",
      button({
        label: "Add a run",
        place: "add",
        disabled: runs.length >= most,
        onClick: () => addRun(scene),
      }),
    ],
    [
      "runs",
      button({
        label: `Remove run ${now.n + 1}`,
        place: "remove",
        disabled: runs.length < 2,
        onClick: () => removeRun(scene),
      }),
    ],
    [
      "text",
      textField({
        label: "Text",
        place: "text",
        value: params.text,
        hint: "what to learn from",
        rows: 2,
        onChange: (text) => explorer.edit({ text }),
      }),
    ],
    size("steps", "Steps", "S"),
    size("output_dim", "Embedding dimension", "D"),
    size("input_dim", "Max. vocabulary", "V"),
  ];
}
