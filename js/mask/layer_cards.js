/**
 * The model as a row of cards, and the sentences with handles that set their length.
 */
import { html, nothing } from "lit-html";
import { icon } from "../kit/icons.js";
import { markOf } from "../kit/predict.js";
import { boundary, rowTop } from "./layout.js";
import { wordsOf } from "./trace.js";

/** @typedef {import("./figure.js").Drawing} Drawing */

/** @type {Record<string, string>} */
const STATUS_TEXTS = {
  made: "mask made",
  kept: "mask kept",
  replaced: "mask replaced",
  consumed: "mask used",
  "lost here": "mask lost here",
  none: "no mask",
};

/** @param {Drawing} d */
export function cards({ scene, derived, at, predicting }) {
  const { ui } = scene;
  const none = derived.stages.length;
  const first = at.columns[0].card;
  const chosen = predicting ? (ui.local.asking ?? 0) : Math.min(ui.step, none - 1);
  return html`<div class="source" style="left:${first.x}px;top:${first.y}px;width:${first.w}px;height:${first.h}px">ids</div>
    <div role="listbox" aria-label=${predicting ? "Which layer loses the mask?" : "Layers"} aria-orientation=${at.narrow ? "vertical" : "horizontal"}>
      ${derived.stages.map((stage) => {
        const { x, y, w, h } = at.columns[stage.n + 1].card;
        const mark = markOf(ui.prediction, stage.n);
        const selected = predicting ? mark === "chosen" : chosen === stage.n;
        const shown = predicting ? "" : stage.status;
        const moved = ui.local.drag?.from === stage.n && ui.local.drag.gap != null;
        return html`<div
          role="option"
          class="card-layer ${shown === "lost here" ? "lost" : ""} ${selected ? "hit" : ""} ${mark} ${moved ? "moved" : ""} ${ui.playing && stage.n > ui.step ? "later" : ""} ${stage.n ? "movable" : ""}"
          aria-selected=${String(selected)}
          tabindex=${stage.n === chosen ? 0 : -1}
          data-place="layer:${stage.n}"
          title="${stage.kind}, ${stage.name}"
          style="left:${x}px;top:${y}px;width:${w}px;height:${h}px${w < 84 ? `${w < 76 ? ";font-size:10.5px;padding:0 2px" : ";font-size:11px"}` : ""}"
        >
          <bdi>${stage.label}</bdi>${mark ? html`<span class="badge ${mark}">${icon(mark === "chosen" ? "right" : mark)}<span class="unseen">${mark === "missed" ? "it is this one" : mark}</span></span>` : nothing}${
            stage.n && selected && !predicting && !ui.prediction
              ? html`<span class="away" aria-hidden="true" title="Take it out (Delete)">${icon("close")}</span>`
              : nothing
          }
          ${shown ? html`<span class="status-of ${shown.replace(" ", "-")}">${w < 84 && !at.narrow ? STATUS_TEXTS[shown].replace(/^mask /, "") : STATUS_TEXTS[shown]}</span>` : nothing}
        </div>`;
      })}
      ${
        ui.prediction && (predicting || markOf(ui.prediction, none))
          ? html`<div role="option" class="card-layer nobody ${markOf(ui.prediction, none)} ${predicting && markOf(ui.prediction, none) ? "hit" : ""}" aria-selected=${String(markOf(ui.prediction, none) === "chosen")} tabindex=${predicting && chosen === none ? 0 : -1} data-place="layer:${none}"
            style="left:0;top:38px;width:${at.narrow ? 150 : 170}px;height:28px"><bdi>No layer loses it</bdi>${markOf(ui.prediction, none) ? html`<span class="badge ${markOf(ui.prediction, none)}">${icon(markOf(ui.prediction, none) === "chosen" ? "right" : markOf(ui.prediction, none))}</span>` : nothing}</div>`
          : nothing
      }
    </div>`;
}

/**
 * Below the ids the sentence itself, and where its padding begins: a handle to drag.
 * @param {Drawing} d
 */
export function sentences({ scene, derived, at }) {
  const pre = scene.trace.header.params.padding === "pre";
  const { local } = scene.ui;
  const { x, w } = at.columns[0];
  return Array.from({ length: derived.B }, (_, b) => {
    const top = rowTop(at, 0, b);
    const words = wordsOf(derived, b);
    const n = derived.lengths[b];
    return html`<div
        role="slider"
        class="grip"
        tabindex=${local.sentence === b || (b === 0 && local.sentence >= derived.B) ? 0 : -1}
        data-place="pad:${b}"
        aria-label="Words of sentence ${b + 1}"
        aria-valuemin="0"
        aria-valuemax=${derived.available[b]}
        aria-valuenow=${n}
        aria-valuetext="${n} words, ${derived.T - n} padding"
        title="Drag: what is cut becomes padding"
        style="left:${boundary(at, derived, pre, b) - 6.75}px;top:${top + (at.vh - Math.min(22, at.vh)) / 2 - 3}px;height:${Math.min(22, at.vh) + 6}px"
      ></div>
      ${
        at.narrow
          ? nothing
          : html`<div class="line ${local.sentence === b ? "chosen" : ""}" aria-hidden="true" style="left:${x}px;width:${w}px;top:${top + at.vh + 1}px"><bdi>${words.join(" ") || "no word"}</bdi></div>`
      }`;
  });
}
