/**
 * The training figure: maps, strips, the loss, and one row over time.
 */
import { html, nothing } from "lit-html";
import { tabs } from "../kit/controls.js";
import { lanes, loss } from "./charts.js";
import { pointer } from "./input.js";
import { mapLayer, maps } from "./map.js";
import { predictionChart } from "./predict.js";
import { sceneFrame } from "./state.js";
import { stripCells, strips } from "./strip.js";

/** @typedef {import("../kit/view_types.js").Scene} Scene */

/** @param {Scene} scene */
export function figure(scene) {
  const d = sceneFrame(scene);
  const { at, predicting } = d;
  const on = pointer(d);
  return html`<div
    class="stage training ${predicting ? "asked" : ""}"
    role="group"
    aria-label=${scene.alt}
    style="height:${at.height}px"
    @pointermove=${on.move}
    @pointerdown=${on.down}
    @pointerup=${on.up}
    @pointerleave=${on.leave}
    @click=${on.click}
  >
    <svg class="below" aria-hidden="true" width=${at.width} height=${at.height} viewBox="0 0 ${at.width} ${at.height}">${d.plot === "strips" ? stripCells(d) : nothing}</svg>
    <svg class="below" aria-hidden="true" width=${at.width} height=${at.height} viewBox="0 0 ${at.width} ${at.height}">${mapLayer(d)}</svg>
    <svg width=${at.width} height=${at.height} viewBox="0 0 ${at.width} ${at.height}">
      ${maps(d)} ${scene.ui.prediction ? predictionChart(d) : nothing} ${d.plot === "loss" ? loss(d) : d.plot === "lanes" ? lanes(d) : strips(d)}
    </svg>
    ${
      scene.ui.prediction
        ? nothing
        : tabs({
            explorer: scene.explorer,
            local: "plot",
            label: "Plot below the maps",
            choices: { strips: "Displacement", loss: "Loss", lanes: "This row" },
            style: `right:0;top:${at.stripHead - 15}px`,
          })
    }
  </div>`;
}
