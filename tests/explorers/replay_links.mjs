// Follow the links of a file on a page of each view, as an exported page does: what follows "#" is read,
// and the state that it asks for is computed by the committed bundle of js/core.
import { readFileSync, writeFileSync } from "node:fs";
import { BadLink, readLink } from "../../js/page/link.js";
import { Model } from "../../js/page/model.js";

const [, , input, output] = process.argv;
const pages = JSON.parse(readFileSync(input, "utf8"));
const bytes = (base64) => new Uint8Array(Buffer.from(base64, "base64"));

/** A page as it was saved: with a core that computes, or without. */
function open(core, { data, message, names, inMessage }) {
  const saved = { ...message, buffer: bytes(message.buffer) };
  const traits = { ...message.header.params, _seq: 0, message: saved, hide: [] };
  const page = { traits, inMessage, noPython: "This page must be Python's. Received none. Ask it." };
  const model = new Model(page, core?.(data, saved));
  return (hash) => {
    try {
      model.restore(readLink(hash, message.header, names).changes);
    } catch (error) {
      if (!(error instanceof BadLink)) return { failed: String(error.stack) };
      return { error: error.message };
    }
    const { params, summary, alt, error } = traits.message.header;
    return error ? { error } : { params, summary, alt };
  };
}

const answers = [];
for (const page of pages) {
  const text = readFileSync(page.bundle).toString("base64"); // its folder says nothing about modules
  const { default: core } = await import(`data:text/javascript;base64,${text}`);
  const follow = { computed: open(core, page), saved: open(null, page) };
  answers.push(
    page.links.map((hash) => ({ computed: follow.computed(hash), saved: follow.saved(hash) })),
  );
}
writeFileSync(output, JSON.stringify(answers));
