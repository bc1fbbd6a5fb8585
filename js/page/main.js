/**
 * An exported page: its view, with what answers edits in Python's place, and its state in the link.
 */
import { talkToHost } from "./host.js";
import { BadLink, readLink, writeLink } from "./link.js";
import { Model } from "./model.js";

const REMEMBER_AFTER = 200; // ms: a browser refuses to write an address many times a second

/** @type {import("./model.js").Page} */
const page = JSON.parse(/** @type {HTMLElement} */ (document.getElementById("model")).textContent);
const { message } = page.traits;
const bytes = Uint8Array.from(atob(message.buffer), (sign) => sign.charCodeAt(0));
page.traits.message = { ...message, buffer: bytes.buffer };

talkToHost();

/** @param {string} text  of a module */
async function load(text) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const module = await import(url);
  URL.revokeObjectURL(url);
  return module.default;
}

const view = await load(page.script);
const core = page.core ? (await load(page.core))(page.coreData, page.traits.message) : null;
const model = new Model(page, core);
/** @type {string[]} */
const hidden = model.get("hide");
/** @type {string[]} */
let hiddenByLink = [];

function openLink() {
  try {
    const { changes, hide } = readLink(location.hash, model.get("message").header, page.names);
    hiddenByLink = hide;
    model.set("hide", [...hidden, ...hide]);
    model.restore(changes);
  } catch (error) {
    if (!(error instanceof BadLink)) throw error;
    model.refuse(error.message);
  }
}

const linkNow = () => writeLink(model.get("message").header, model.saved, hiddenByLink);

function remember() {
  const hash = linkNow() ?? writeLink({ ...message.header }, model.saved, hiddenByLink);
  try {
    history.replaceState(history.state, "", location.href.split("#")[0] + hash);
  } catch {} // a host that keeps its addresses to itself
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
openLink();
addEventListener("hashchange", openLink);
model.on("change:message", () => {
  clearTimeout(timer);
  if (!model.get("message").header.error) timer = setTimeout(remember, REMEMBER_AFTER);
});
model.share = () => {
  const hash = linkNow();
  if (hash === null || !/^(https?|file):$/.test(location.protocol)) return undefined;
  const note = "The link is on the clipboard: it opens this page as it is now.";
  return { text: location.href.split("#")[0] + hash, note };
};

const style = document.createElement("style");
style.textContent = page.style;
document.head.append(style);
const el = document.createElement("div");
const definition = typeof view === "function" ? await view() : view;
await definition.initialize?.({ model });
document.querySelector("#view figure")?.replaceWith(el);
await definition.render({ model, el });
