/**
 * The map of a run: each row of the table as a point, the way it came, and the arrow of a row that
 * moves without a gradient.
 */
import { nothing, svg } from "lit-html";
import { guard } from "lit-html/directives/guard.js";
import { mapper, placeLabels } from "./geometry.js";
import { AHEAD, distance } from "./reading.js";
import { nameOf, runOf } from "./state.js";
import { short } from "./words.js";

/** @typedef {import("./state.js").Drawing} Drawing */
/** @typedef {{ row: number, run: number, x: number, y: number }} Dot */

const DETAIL = 1.5; // px
const MOMENTUM = -1; // among the labels, that of the arrow
export const ARROW = 12; // how many times its move an arrow is long
const ARROW_LEAST = 11;
const ARROW_MOST = 46;

/** Where the points of all maps stand now; rows without a finite place are left out. @param {Drawing} d @returns {Dot[]} */
export function dots({ reading, at, s }) {
  return at.maps.flatMap((box, run) => {
    const map = mapper(reading.bounds, box);
    return reading.order.flatMap((row) => {
      const [x, y] = map.at(reading.place(reading.runs[run].weights(s + 1, row)));
      return Number.isFinite(x) && Number.isFinite(y) ? [{ row, run, x, y }] : [];
    });
  });
}

/** The points, their names and ways, on a layer of its own: it stays while the pointer moves. @param {Drawing} d */
export function ground(d) {
  const { scene, reading, at, s } = d;
  const { row, pins } = scene.ui.own;
  return guard([scene.trace, at, s, row, pins.join(), scene.theme, revealed(d, runOf(scene))], () => {
    const all = dots(d);
    return reading.runs.map((_, n) => land(d, n, all.filter((dot) => dot.run === n)));
  });
}

/** @param {Drawing} d @param {number} n @param {Dot[]} here */
function land(d, n, here) {
  const { scene, reading, at, s } = d;
  const { own } = scene.ui;
  const run = reading.runs[n];
  const box = at.maps[n];
  const path = pathOf(d, n);
  const flying = arrowsOf(d, n, here);
  const named = flying.find(({ row }) => row === own.row) ?? flying[0];
  const names = namesOf(d, here, box, named);
  const state = (/** @type {number} */ row) => (own.pins.includes(row) ? "pinned" : run.glides(s, row) ? "glides" : "");
  const wind = names.get(MOMENTUM);
  const gone = revealed(d, n);
  return svg`<rect class="sheet" x=${box.x} y=${box.y} width=${box.w} height=${box.h} rx="6" />
    ${reading.order.map((row) => svg`<path class="trail ${own.pins.includes(row) ? "pinned" : ""}" d=${path(run.weights, row, 0, s + 1)} />`)}
    ${ghost(d, n, path)}
    <g class="arrows">${flying.map(({ line, head }) => svg`<path d=${line} /><path class="tip" d=${head} />`)}</g>
    ${here.map(({ row, x, y }) => svg`<circle class="dot ${state(row)}" cx=${r(x)} cy=${r(y)} r=${own.pins.includes(row) ? 5 : 4} />`)}
    ${here.map(({ row }) => (gone && row === own.row ? nothing : name(names.get(row), state(row), label(d, row))))}
    ${name(wind, "momentum", "momentum")}
    ${here.length ? nothing : svg`<text x=${box.x + box.w / 2} y=${box.y + box.h / 2} text-anchor="middle">no row stands at a finite place</text>`}
    ${n === reading.runs.length - 1 ? note(d, box) : nothing}`;
}

/** @param {{ x: number, y: number, anchor: string } | undefined} place @param {string} kind @param {string} text */
const name = (place, kind, text) =>
  place ? svg`<text class="name ${kind}" x=${r(place.x)} y=${r(place.y)} text-anchor=${place.anchor}>${text}</text>` : nothing;

/** Where the names go: those of rows chosen by hand first. @param {Drawing} d @param {Dot[]} here @param {import("./geometry.js").Box} box @param {{ tip: number[] } | undefined} named */
function namesOf(d, here, box, named) {
  const { row: chosen, pins } = d.scene.ui.own;
  const first = (/** @type {number} */ row) => row === chosen || pins.includes(row);
  const wanted = here.map(({ row, x, y }) => ({ row, x, y, w: label(d, row).length * 6.6 + 2, first: first(row) }));
  if (named) wanted.push({ row: MOMENTUM, x: named.tip[0], y: named.tip[1], w: 62, first: true });
  return placeLabels(wanted, box);
}

/** What is chosen or pointed at, above the points. @param {Drawing} d */
export function maps(d) {
  const all = dots(d);
  return d.at.maps.map((_, n) => above(d, n, all.filter((dot) => dot.run === n)));
}

/** @param {Drawing} d @param {number} n @param {Dot[]} here */
function above(d, n, here) {
  const { scene, reading, at, s, row } = d;
  const run = reading.runs[n];
  const box = at.maps[n];
  const path = pathOf(d, n);
  const most = Math.max(20, Math.floor(box.w / 6.8));
  const long = run.turn === null ? run.title : `${run.title}, from step ${run.turn + 1}`;
  const title = long.length > most ? run.title : long;
  const dot = here.find((one) => one.row === row);
  const flying = arrowsOf(d, n, here);
  const named = flying.find((one) => one.row === scene.ui.own.row) ?? flying[0];
  const place = dot && (namesOf(d, here, box, named).get(row) ?? { x: dot.x + 9, y: dot.y + 4, anchor: "start" });
  return svg`<g>
    <text class="head title ${d.n === n ? "active" : ""}" x=${box.x} y=${box.y - 9}>${title.length > most ? `${title.slice(0, most - 1)}…` : title}</text>
    <path class="trail hit" d=${guard([scene.trace, at, s, row], () => path(run.weights, row, 0, s + 1))} />
    ${d.n === n ? ruler(d, here) : nothing}
    ${dot ? svg`<circle class="dot hit" cx=${r(dot.x)} cy=${r(dot.y)} r="6" />` : nothing}
    ${revealed(d, n) ? ahead(d, n, path) : name(place, "hit", label(d, row))}
  </g>`;
}

/** A word as it fits on the map. @param {Drawing} d @param {number} row */
function label({ reading }, row) {
  const name = nameOf(reading, row);
  return name.length > 12 ? `${name.slice(0, 11)}…` : name;
}

/** @param {Drawing} d @param {number} n */
function pathOf({ reading, at }, n) {
  const map = mapper(reading.bounds, at.maps[n]);
  /** @param {(k: number, row: number) => ArrayLike<number>} weights @param {number} row @param {number} from @param {number} to */
  return (weights, row, from, to) => {
    let d = "";
    let last = [Infinity, Infinity];
    for (let k = from; k <= to; k++) {
      const [x, y] = map.at(reading.place(weights(k, row)));
      if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
      const near = Math.abs(x - last[0]) + Math.abs(y - last[1]) < DETAIL;
      if (near && k < to) continue; // no eye sees it, and every point is drawn anew at each step
      d += `${d ? "L" : "M"}${r(x)} ${r(y)}`;
      last = [x, y];
    }
    return d;
  };
}

/** The way the run would have gone on, behind the branch. @param {Drawing} d @param {number} n @param {ReturnType<typeof pathOf>} path */
function ghost({ scene, reading, s, at }, n, path) {
  const past = reading.ghost;
  const { own } = scene.ui;
  if (!past || past.run !== n || s + 1 <= past.from) return nothing;
  const map = mapper(reading.bounds, at.maps[n]);
  return svg`<g class="ghost">${reading.order.map((row) => {
    const [x, y] = map.at(reading.place(past.weights(s + 1, row)));
    return Number.isFinite(x) && Number.isFinite(y)
      ? svg`<path class=${row === own.row || own.pins.includes(row) ? "special" : ""} d=${path(past.weights, row, past.from, s + 1)} /><circle cx=${r(x)} cy=${r(y)} r="3.5" />`
      : nothing;
  })}</g>`;
}

/** After a prediction: where the row really went, and its name there. @param {Drawing} d @param {number} n @param {ReturnType<typeof pathOf>} path */
function ahead(d, n, path) {
  const { reading, s, row, run, at } = d;
  const way = path(run.weights, row, s + 1, Math.min(reading.S, s + 1 + AHEAD));
  const [x, y] = way.slice(Math.max(way.lastIndexOf("L"), 0) + 1).split(" ").map(Number);
  const left = x > at.maps[n].x + at.maps[n].w - 70;
  return way
    ? svg`<path class="ahead" pathLength="1" d=${way} /><circle class="dot glides" cx=${x} cy=${y} r="5" />
      ${name({ x: x + (left ? -9 : 9), y: y + 4, anchor: left ? "end" : "start" }, "hit", label(d, row))}`
    : nothing;
}

/** Whether a prediction about this run was revealed: its row's name moves along. @param {Drawing} d @param {number} n */
const revealed = ({ scene }, n) => scene.ui.prediction?.phase === "revealed" && runOf(scene) === n;

/** An arrow for each row that moves without a gradient, the longest first. @param {Drawing} d @param {number} n @param {Dot[]} here */
function arrowsOf({ reading, at, s }, n, here) {
  const run = reading.runs[n];
  const map = mapper(reading.bounds, at.maps[n]);
  const gliding = here.filter(({ row }) => run.glides(s, row));
  gliding.sort((a, b) => run.move(s, b.row) - run.move(s, a.row));
  return gliding.flatMap(({ row, x, y }) => {
    const [x0, y0] = map.at(reading.place(run.weights(s, row)));
    const long = Math.hypot(x - x0, y - y0);
    if (!(long > 0)) return [];
    const [ux, uy] = [(x - x0) / long, (y - y0) / long];
    const size = Math.max(ARROW_LEAST, Math.min(ARROW_MOST, long * ARROW)) + 6;
    const [tx, ty] = [x + ux * size, y + uy * size];
    const wing = (/** @type {number} */ side) => `${r(tx - ux * 6 - side * uy * 3.5)} ${r(ty - uy * 6 + side * ux * 3.5)}`;
    return [{
      row,
      tip: [tx, ty],
      line: `M${r(x + ux * 6)} ${r(y + uy * 6)}L${r(tx)} ${r(ty)}`,
      head: `M${wing(1)}L${r(tx)} ${r(ty)}L${wing(-1)}`,
    }]; // prettier-ignore
  });
}

/** From the row that is looked at to each pinned one: the true distance. @param {Drawing} d @param {Dot[]} here */
function ruler({ scene, run, row, s }, here) {
  const one = here.find((dot) => dot.row === row);
  if (!one) return nothing;
  return scene.ui.own.pins.map((/** @type {number} */ pin) => {
    const two = here.find((dot) => dot.row === pin);
    if (!two || pin === row) return nothing;
    const true_ = distance(run.weights(s + 1, row), run.weights(s + 1, pin));
    return svg`<g class="ruler"><path d="M${r(one.x)} ${r(one.y)}L${r(two.x)} ${r(two.y)}" />
      <text class="name" x=${r((one.x + two.x) / 2)} y=${r((one.y + two.y) / 2 - 5)} text-anchor="middle">${short(true_)}</text></g>`;
  });
}

/** How the numbers became places, below the maps. @param {Drawing} d @param {import("./geometry.js").Box} box */
function note({ reading, at }, box) {
  const { D, kept } = reading;
  const share = kept === null ? "" : `: ${Math.round(kept * 100)} % of the variance`;
  const said = D > 2 ? `D = ${D}, a fixed plane${share}` : D === 2 ? "D = 2, nothing is projected" : "D = 1: left and right";
  return svg`<text class="sub" x="0" y=${box.y + box.h + 14}>${said}; ${at.narrow ? "arrows" : "an arrow is"} ${ARROW} × the move</text>`;
}

/** @param {number} v */
const r = (v) => Math.round(v * 10) / 10;
