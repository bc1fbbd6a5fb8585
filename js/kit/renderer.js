/**
 * Something painted into the page: at most once a frame, at the size and in the theme it finds there.
 */
import { begin } from "./frame_timing.js";
import { focusPlace } from "./roving_tabindex.js";
import { watchTheme } from "./theme.js";

/**
 * Keep the host's shortcuts from what holds the keyboard. Jupyter looks for this mark on its way up
 * from the focused element, and some of its shortcuts match that very element: so it must carry it.
 * @param {FocusEvent} event
 */
function keepShortcuts({ target }) {
  /** @type {HTMLElement} */ (target).dataset.lmSuppressShortcuts = "true";
}

export class Painted {
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
    this.size = { width: 0, figure: 0 };
    /** @type {Record<string, number>} acts that wait for their painting, and when they began */
    this.acts = {};
    /** @type {number | undefined} the frame that will paint */
    this.coming = undefined;
    /** @type {string | undefined} the place that gets the keyboard once it is there */
    this.wanted = undefined;
    this.theme = watchTheme(this.root, () => {
      this.themed = this.theme.read();
      this.repaint();
    });
    this.themed = this.theme.read();
    this.resized = new ResizeObserver(() => this.measure());
    this.resized.observe(this.root);
  }

  /**
   * Note that an act began; its painting ends it.
   * @param {string} name
   * @param {number} [start]
   */
  began(name, start = performance.now()) {
    this.acts[name] ??= start;
  }

  repaint() {
    this.coming ??= requestAnimationFrame(() => this.paintNow());
  }

  paintNow() {
    if (this.coming !== undefined) cancelAnimationFrame(this.coming);
    this.coming = undefined;
    const ends = Object.entries(this.acts).map(([name, start]) => begin(name, start));
    this.acts = {};
    this.draw();
    if (this.wanted && focusPlace(this.root, this.wanted)) this.wanted = undefined;
    for (const end of ends) end();
  }

  /**
   * Give the keyboard to a place after the next painting.
   * @param {string} place
   */
  focusLater(place) {
    this.wanted = place;
    this.repaint();
  }

  /** Read the sizes the page gives, and paint again when they changed. */
  measure() {
    const width = this.root.clientWidth;
    const box = /** @type {HTMLElement | null} */ (this.root.querySelector(".figure"));
    const padding = box ? parseFloat(getComputedStyle(box).paddingLeft || "0") : 0;
    const figure = box ? Math.floor(box.clientWidth - 2 * padding) : 0;
    if (width === this.size.width && figure === this.size.figure) return;
    this.size = { width, figure };
    this.themed = this.theme.read(); // the first size comes with the first place in the page
    this.paintNow();
  }

  close() {
    if (this.coming !== undefined) cancelAnimationFrame(this.coming);
    this.theme.close();
    this.resized.disconnect();
    this.root.remove();
  }
}
