/**
 * Rendering into the page: at most once a frame, with the size and theme found there.
 */
import { nextTask, startTiming } from "./frame_timing.js";
import { focusByPlace } from "./roving_tabindex.js";
import { hostScale, watchTheme } from "./theme.js";

const BORDERS = 2;
const DESK = 394; // of a figure: with the other rows 660
const OTHER_ROWS = 266;
const LEAST_HEIGHT = 280;
const LOWEST_WINDOW = 500; // a frame of a page that grows with its content has no height of its own
const LEAST = 320; // the width that a figure needs; in less it is scaled down

/**
 * Return the height of a figure that does not stack: 394 px at a desk, more where there is more room, less in a
 * low window.
 * @param {number} width   of the view
 * @param {number} seen    how high the part of the page is that is seen
 * @param {boolean} full   on the whole screen
 */
export function figureHeight(width, seen, full) {
  const most = width < 1200 ? DESK : Math.min(540, Math.round(DESK + (width - 1200) * 0.36));
  const room = Math.max(LEAST_HEIGHT, Math.floor(seen) - OTHER_ROWS);
  if (full) return room;
  return seen < LOWEST_WINDOW ? most : Math.min(most, room);
}

/**
 * Return how much of a view can be seen at once: the height of what scrolls around it, or of the window.
 * @param {HTMLElement} view
 */
function seenHeight(view) {
  for (let node = view.parentElement; node; node = node.parentElement)
    if (
      node.scrollHeight > node.clientHeight + 1 &&
      node.clientHeight >= LOWEST_WINDOW &&
      /auto|scroll/.test(getComputedStyle(node).overflowY)
    )
      return Math.min(innerHeight, node.clientHeight);
  return innerHeight;
}

/**
 * Keep the host's shortcuts from what holds the keyboard. Jupyter looks for this mark on its way up
 * from the focused element, and some of its shortcuts match that very element: so it must carry it.
 * @param {FocusEvent} event
 */
function keepShortcuts({ target }) {
  /** @type {HTMLElement} */ (target).dataset.lmSuppressShortcuts = "true";
}

/**
 * Let inputs show what is true, also where the learner has changed them and the edit was refused.
 * @param {HTMLElement} root
 */
function showValues(root) {
  for (const input of /** @type {NodeListOf<HTMLInputElement>} */ (
    root.querySelectorAll("input, select, textarea") // among thousands of cells, found faster than by an attribute
  )) {
    const { value: wanted, checked } = input.dataset;
    if (wanted !== undefined) {
      if (input.value !== wanted) input.value = wanted;
    } else if (input.type === "radio") input.checked = checked !== undefined;
  }
}

const STOPS = "button, input, select, textarea, [tabindex='0']";

/**
 * Remember where the keyboard is, so that it stays near when what holds it goes: without this it would fall to
 * the page, and the next Tab would begin at its top.
 * @param {HTMLElement} root
 */
function neighborsOfFocus(root) {
  const { activeElement: active } = /** @type {Document} */ (root.getRootNode());
  if (!(active instanceof HTMLElement) || active === root || !root.contains(active)) return null;
  if (active.matches("[role=gridcell], [role=option]")) return null; // each view moves these itself
  /** @type {HTMLElement[]} */
  const around = [];
  for (let at = active.parentElement; at && around.at(-1) !== root; at = at.parentElement)
    around.push(at);
  const place = [...around[0].querySelectorAll(STOPS)].indexOf(active);
  return {
    keep() {
      if (root.contains(active) && !active.matches(":disabled")) return;
      for (const group of around.filter((one) => root.contains(one))) {
        const stops = [...group.querySelectorAll(STOPS)].filter((one) => !one.matches(":disabled"));
        const next = stops[Math.min(group === around[0] ? place : 0, stops.length - 1)];
        if (next) return /** @type {HTMLElement} */ (next).focus();
      }
    },
  };
}

export class Renderer {
  /**
   * @param {HTMLElement} el     where it goes
   * @param {() => void} draw    puts everything into `root`
   */
  constructor(el, draw) {
    this.draw = draw;
    this.root = document.createElement("div");
    this.root.className = "embedlab";
    this.root.addEventListener("focusin", keepShortcuts);
    el.append(this.root);
    this.size = { width: 0, figure: 0, height: 0 };
    /** @type {Record<string, number>} acts that wait for their painting, and when they began */
    this.timedActs = {};
    /** @type {number | undefined} the frame that will paint */
    this.frameRequest = undefined;
    this.ahead = false; // whether this frame's picture is drawn, or will be, before the frame begins
    /** @type {string | undefined} the place that gets the keyboard once it is there */
    this.pendingFocus = undefined;
    this.themeWatch = watchTheme(this.root, () => {
      this.theme = this.themeWatch.read();
      this.measure(); // the host's font size may be another one
      this.repaint();
    });
    this.theme = this.themeWatch.read();
    this.sizeWatch = new ResizeObserver(() => this.measure());
    this.sizeWatch.observe(this.root);
    this.onResize = () => this.measure(); // a lower window, of the same width
    addEventListener("resize", this.onResize);
  }

  /**
   * Note the start of a timed act; its paint ends it.
   * @param {string} name
   * @param {number} [start]
   */
  timeAct(name, start = performance.now()) {
    this.timedActs[name] ??= start;
  }

  repaint() {
    this.frameRequest ??= requestAnimationFrame(() => this.paintNow(true));
  }

  /**
   * Paint what the learner did. The browser waits up to 16 ms for the next frame: the drawing is done meanwhile,
   * and what comes after it is drawn in the frame, so that nothing is drawn more than twice.
   */
  repaintAhead() {
    this.repaint();
    if (this.ahead) return;
    this.ahead = true;
    requestAnimationFrame(() => {
      this.ahead = false;
    });
    nextTask(() => {
      if (this.frameRequest !== undefined) this.paintNow();
    });
  }

  /** @param {boolean} [inFrame]  whether the page is drawing a frame */
  paintNow(inFrame = false) {
    if (this.frameRequest !== undefined) cancelAnimationFrame(this.frameRequest);
    this.frameRequest = undefined;
    const ends = Object.entries(this.timedActs).map(([name, start]) => startTiming(name, start));
    this.timedActs = {};
    const keyboard = neighborsOfFocus(this.root);
    this.draw();
    showValues(this.root);
    if (!this.pendingFocus) keyboard?.keep();
    if (this.pendingFocus && focusByPlace(this.root, this.pendingFocus))
      this.pendingFocus = undefined;
    for (const end of ends) end(inFrame);
  }

  /**
   * Move the focus to a place after the next paint.
   * @param {string} place
   */
  focusAfterPaint(place) {
    this.pendingFocus = place;
    this.repaint();
  }

  /**
   * Read the sizes the page gives, and paint again when they changed. A view is laid out at a font size of
   * 16 px and scaled to that of its host, so that what is read is divided by the scale.
   */
  measure() {
    const scale = hostScale();
    this.root.style.setProperty("zoom", scale === 1 ? "" : String(scale));
    const full = document.fullscreenElement === this.root;
    const width = Math.floor(this.root.getBoundingClientRect().width / scale) - BORDERS;
    if (width !== this.size.width) {
      this.size = { ...this.size, width }; // what the width decides is painted before the figure is measured
      this.theme = this.themeWatch.read(); // the first size comes with the first place in the page
      this.paintNow();
    }
    const box = this.root.querySelector(".figure");
    if (!box) return;
    const padding = 2 * parseFloat(getComputedStyle(box).paddingLeft || "0");
    const room = Math.floor(box.getBoundingClientRect().width / scale - padding);
    const figure = Math.max(LEAST, room);
    this.root.style.setProperty("--figure-zoom", String(room / figure));
    const height = figureHeight(width, (full ? innerHeight : seenHeight(this.root)) / scale, full);
    this.root.style.setProperty("--figure-height", `${height + 11}px`);
    if (figure === this.size.figure && height === this.size.height) return;
    this.size = { width, figure, height };
    this.paintNow();
  }

  close() {
    if (this.frameRequest !== undefined) cancelAnimationFrame(this.frameRequest);
    this.themeWatch.close();
    this.sizeWatch.disconnect();
    removeEventListener("resize", this.onResize);
    this.root.remove();
  }
}
