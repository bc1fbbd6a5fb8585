// Answer the edits of a file with the committed bundles of js/core, as an exported page does. What the
// edits of some pages lead to is reached by a link as well.
import { readFileSync, writeFileSync } from "node:fs";

const [, , input, output] = process.argv;
const { bundles, pages } = JSON.parse(readFileSync(input, "utf8"));
const bytes = (base64) => new Uint8Array(Buffer.from(base64, "base64"));
const open = {};
for (const [view, path] of Object.entries(bundles)) {
  const text = readFileSync(path).toString("base64"); // its folder says nothing about modules
  open[view] = (await import(`data:text/javascript;base64,${text}`)).default;
}

const shown = ({ params, summary, alt, arrays }) => JSON.stringify([params, summary, alt, arrays]);

const answers = pages.map(({ view, data, message, edits, searches, members }, at) => {
  const page = open[view](data, { ...message, buffer: bytes(message.buffer) });
  if (members) return members.map(({ selection, ...query }) => page.kept(query, selection));
  if (searches) return searches.map((query) => page.search(query));
  const answers = edits.map((edit, n) => {
    const started = performance.now();
    const { header, buffer } = page.answer(edit, n + 1);
    const view = ArrayBuffer.isView(buffer) ? buffer : new Uint8Array(buffer);
    const ms = performance.now() - started;
    return { header, buffer: Buffer.from(view).toString("base64"), ms };
  });
  if (at % 4 === 0) {
    const linked = open[view](data, { ...message, buffer: bytes(message.buffer) });
    const { header } = linked.restore(page.params, 0);
    if (header.error || shown(header) !== shown(page.header))
      throw new Error(`A link to ${view} gives ${header.error}: ${JSON.stringify(page.params)}`);
  }
  return answers;
});
writeFileSync(output, JSON.stringify(answers));
