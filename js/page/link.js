/**
 * The state of a page in its link: `#embedlab=…&hide=seed,race`.
 *
 * The state is the JSON of `embedlab.explorers.state` in base64url, with `changes`, which are relative to the
 * page as it was saved, in place of `params`. A link of Python's `share_link` is read too. Whatever a
 * link holds that this page cannot show is refused with one sentence.
 */

/** @typedef {Record<string, any>} Params */
/** @typedef {{ view: string, version: number, params: Params, needs?: string[] }} Header */

/** A link that is not used: its text says why. */
export class BadLink extends Error {}

const MOST_BYTES = 2_000; // of the JSON, as in Python
const MOST_SIGNS = Math.ceil((4 * MOST_BYTES) / 3); // of it in base64
const MARK = "embedlab=";
const HIDE = "hide=";
const FIELDS = ["view", "version", "needs", "params", "changes"];

/** @param {any} a @param {any} b */
export const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/**
 * What follows "#", with it, or "" for the page as it was saved; null when the state is too long.
 * @param {Header} header  of the message that is shown
 * @param {Params} saved  the parameters with which the page was saved
 * @param {string[]} hide  the controls that the link hides
 */
export function writeLink({ view, version, params, needs = [] }, saved, hide) {
  const changed = Object.entries(params).filter(([name, value]) => !same(value, saved[name]));
  const parts = hide.length ? [HIDE + hide.join(",")] : [];
  if (changed.length) {
    const changes = Object.fromEntries(changed);
    const state = JSON.stringify({ view, version, changes, ...(needs.length && { needs }) });
    const bytes = new TextEncoder().encode(state);
    if (bytes.length > MOST_BYTES) return null;
    const base64 = btoa(String.fromCharCode(...bytes));
    parts.unshift(MARK + base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""));
  }
  return parts.length ? `#${parts.join("&")}` : "";
}

/**
 * What a link asks for; `BadLink` when it is not for this page.
 * @param {string} hash  what follows "#", with it, or ""
 * @param {Header} header
 * @param {string[]} names  of the controls that can be hidden
 * @returns {{ changes: Params, hide: string[] }}
 */
export function readLink(hash, header, names) {
  const parts = hash.replace(/^#/, "").split("&");
  /** @type {{ changes: Params, hide: string[] }} */
  const result = { changes: {}, hide: [] };
  if (parts.filter((part) => part.startsWith(MARK)).length > 1)
    refuse("hold one state", "several", "Copy the whole link");
  for (const part of parts.filter(Boolean)) {
    if (part.startsWith(MARK)) result.changes = readState(part.slice(MARK.length), header);
    else if (part.startsWith(HIDE)) result.hide = part.slice(HIDE.length).split(",");
    else refuse(`end in #${MARK} and a state`, part, "Copy the whole link");
  }
  const unknown = result.hide.filter((name) => !names.includes(name));
  if (unknown.length)
    refuse("hide controls of this view", unknown.join(", "), `They are ${names.join(", ")}`);
  return result;
}

/** @param {string} text @param {Header} header @returns {Params} */
function readState(text, { view, version, params, needs = [] }) {
  if (text.length > MOST_SIGNS)
    refuse(`hold at most ${MOST_BYTES} bytes`, `${text.length} signs`, "Copy the link again");
  const state = decoded(text);
  if (state.view !== view)
    refuse(`be of the view "${view}"`, state.view, "Open the page of that view");
  if (state.version !== version)
    refuse(`have version ${version}`, state.version, "Open the page that it was copied from");
  if (!same("needs" in state ? state.needs : [], needs))
    refuse(`belong to a view of the same inputs`, state.needs, "Open the page it was copied from");
  const others = Object.keys(state).filter((name) => !FIELDS.includes(name));
  if (others.length) refuse("hold a state and no more", others.join(", "), "Copy the whole link");
  const changes = "changes" in state ? state.changes : "params" in state ? state.params : {};
  if ("changes" in state && "params" in state)
    refuse("hold its parameters once", "changes and params", "Copy the whole link");
  if (!changes || typeof changes !== "object" || Array.isArray(changes))
    refuse("hold parameters by their names", changes, "Copy the whole link");
  const unknown = Object.keys(changes).filter((name) => !Object.hasOwn(params, name));
  if (unknown.length)
    refuse("hold parameters of this view", unknown.join(", "), "Copy the whole link");
  return changes;
}

/** @param {string} text @returns {Record<string, any>} */
function decoded(text) {
  try {
    const base64 = text.replaceAll("-", "+").replaceAll("_", "/").replaceAll(/\s/g, "%");
    const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
    const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const state = JSON.parse(utf8.decode(bytes));
    if (state && typeof state === "object" && !Array.isArray(state)) return state;
  } catch {} // base64, UTF-8 or JSON
  return refuse(`end in #${MARK} and a state`, text, "Copy the whole link");
}

/** @param {string} condition @param {any} received @param {string} cure @returns {never} */
function refuse(condition, received, cure) {
  const text = typeof received === "string" ? shortened(received) : shortJson(received);
  throw new BadLink(
    `This link was not used: it must ${condition}. Received ${text || "nothing"}. ${cure}.`,
  );
}

/** A value as it stands in a sentence. @param {any} value */
export const shortJson = (value) => shortened(JSON.stringify(value) ?? "none");

/** Text in one line, without signs that turn or hide what follows. @param {string} text */
function shortened(text) {
  const signs = Array.from(text.slice(0, 200).replaceAll(/[\p{C}\p{Z}]+/gu, " "));
  return signs.length > 60 ? `${signs.slice(0, 60).join("")}…` : signs.join("");
}
