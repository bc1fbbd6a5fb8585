/**
 * Icons as inline SVG, so that no font is needed.
 */
import { html, svg } from "lit-html";

/** @type {Record<string, import("lit-html").TemplateResult>} */
const SHAPES = {
  back: svg`<path d="M12 3 4 8l8 5z" />`,
  play: svg`<path d="M4 3l9 5-9 5z" />`,
  pause: svg`<path d="M4 3h3v10H4zM9 3h3v10H9z" />`,
  forward: svg`<path d="M4 3l8 5-8 5z" /><path d="M13.2 3v10" />`,
  close: svg`<path d="M4 4l8 8M12 4l-8 8" fill="none" />`,
  right: svg`<path d="M3 8.5 6.5 12 13 4.5" fill="none" />`,
  missed: svg`<circle cx="8" cy="8" r="4.5" fill="none" />`,
  extra: svg`<path d="M4 4l8 8M12 4l-8 8" fill="none" />`,
  next: svg`<path d="M6 4l4 4-4 4" fill="none" />`,
  open: svg`<path d="M5 6l3 4 3-4" fill="none" />`,
};

/**
 * @param {string} name
 * @param {string} [className]
 */
export function icon(name, className = "") {
  return html`<svg class="icon ${className}" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
    ${SHAPES[name]}
  </svg>`;
}
