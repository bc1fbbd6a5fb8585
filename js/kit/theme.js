/**
 * Theme of the page around a view: light or dark, forced colors, reduced motion.
 *
 * JupyterLab gives its color in --jp-layout-color0; elsewhere the nearest painted background
 * counts; a page with none shows the browser's own canvas, which follows prefers-color-scheme.
 */

/** @typedef {import("./colors.js").ColorScheme} Shade */
/** @typedef {{ scheme: Shade, forcedColors: boolean, reducedMotion: boolean }} Theme */

const QUERIES = {
  dark: "(prefers-color-scheme: dark)",
  forced: "(forced-colors: active)",
  calm: "(prefers-reduced-motion: reduce)",
};

/**
 * Call `changed` whenever the theme of the page may have changed; return functions to read it and to stop.
 * @param {HTMLElement} el
 * @param {() => void} changed
 */
export function watchTheme(el, changed) {
  const lists = Object.values(QUERIES).map((query) => matchMedia(query));
  for (const list of lists) list.addEventListener("change", changed);
  const observer = new MutationObserver(changed);
  for (const node of [document.documentElement, document.body]) {
    observer.observe(node, {
      attributes: true,
      attributeFilter: ["class", "style", "data-jp-theme-light"],
    });
  }
  return {
    read: () => readTheme(el),
    close() {
      observer.disconnect();
      for (const list of lists) list.removeEventListener("change", changed);
    },
  };
}

/**
 * @param {HTMLElement} el
 * @returns {Theme}
 */
export function readTheme(el) {
  return {
    scheme: luminance(background(el)) < 0.4 ? "dark" : "light",
    forcedColors: matchMedia(QUERIES.forced).matches,
    reducedMotion: matchMedia(QUERIES.calm).matches,
  };
}

/**
 * Return the size of the host's text over the usual one: of the page (16 px), and of Jupyter's cells (14 px).
 * A page with less sets a unit and no text: nbclassic has 10 px.
 */
export function hostScale() {
  const page = getComputedStyle(document.documentElement);
  const cell = parseFloat(page.getPropertyValue("--jp-content-font-size1")) / 14;
  const scale = Math.max(1, parseFloat(page.fontSize) / 16) * (cell || 1);
  return Math.round(scale * 100) / 100 || 1;
}

/**
 * Return the relative luminance of a color, 0 black to 1 white.
 * @param {[number, number, number]} rgb  0..255
 */
export function luminance(rgb) {
  const [r, g, b] = rgb.map((v) => (v <= 10 ? v / 3294 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/**
 * @param {HTMLElement} el
 * @returns {[number, number, number]}
 */
function background(el) {
  const host = getComputedStyle(el).getPropertyValue("--jp-layout-color0").trim();
  const named = host && parse(resolve(el, host));
  if (named) return named;
  for (let node = el.parentElement; node; node = node.parentElement) {
    const painted = parse(getComputedStyle(node).backgroundColor);
    if (painted) return painted;
  }
  // read from the parent: the view itself sets its own color-scheme
  return parse(resolve(el.parentElement ?? el, "Canvas")) ?? [255, 255, 255];
}

/**
 * Return a CSS color as the browser computes it.
 * @param {HTMLElement} el
 * @param {string} color
 */
function resolve(el, color) {
  const probe = document.createElement("span");
  probe.style.color = color;
  el.append(probe);
  const computed = getComputedStyle(probe).color;
  probe.remove();
  return computed;
}

/**
 * @param {string} color  rgb(…) or rgba(…)
 * @returns {[number, number, number] | null} null when it is see-through or of another form
 */
export function parse(color) {
  const parts = /^rgba?\(([^)]+)\)$/
    .exec(color)?.[1]
    .split(/[\s,/]+/)
    .map(Number);
  if (!parts || parts.length < 3 || parts.some(Number.isNaN) || (parts[3] ?? 1) < 0.5) return null;
  return [parts[0], parts[1], parts[2]];
}
