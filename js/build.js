/**
 * Bundle every view into embedlab/explorers/static/: one minified module and one style sheet each,
 * and what computes it on a page without Python into static/core/,
 * the script of that page and what stands between a view and a host that sends JSON into static/page/.
 *
 * `npm run build` writes them; `node build.js --check` builds into memory and fails when what is
 * committed differs. The same sources give the same bytes on every machine.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const HERE = dirname(fileURLToPath(import.meta.url));
const OUT = join(HERE, "..", "embedlab", "explorers", "static");
const VIEWS = readdirSync(HERE).filter((name) => existsSync(join(HERE, name, "index.js")));
const CORES = readdirSync(join(HERE, "core")).filter((name) =>
  existsSync(join(HERE, "core", name, "index.js")),
);
const MOST = { plain: 100_000, gzipped: 34_000 }; // bytes of a module: it travels with every view
const LARGER = "geometry.js"; // its map paints its own pixels, colors and selects: 38 000 gzipped

const result = await build({
  absWorkingDir: HERE,
  entryPoints: [
    ...VIEWS.map((name) => ({ in: `${name}/index.js`, out: name })),
    ...CORES.map((name) => ({ in: `core/${name}/index.js`, out: `core/${name}` })),
    { in: "page/main.js", out: "page/page" },
    { in: "page/json_host.js", out: "page/json_host" },
  ],
  outdir: OUT,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  charset: "utf8",
  legalComments: "none", // LICENSES.txt carries them all, whole
  metafile: true,
  write: false,
  plugins: [
    {
      name: "flat",
      setup: ({ onLoad }) => onLoad({ filter: /\/js\/([a-z_]+\/)?[a-z_]+\.js$/ }, flat),
    },
    {
      name: "scoped",
      setup: ({ onLoad }) => onLoad({ filter: /\/js\/[a-z]+\/style\.css$/ }, scoped),
    },
  ],
});

/** @type {Map<string, string>} */
const files = new Map(
  // the form that a host finds which puts the module into one of its own: Explorer.json_module
  result.outputFiles.map((file) => [
    file.path,
    file.text.replace(/export\{([\w$]+) as default\};\s*$/, "export default $1;\n"),
  ]),
);
files.set(join(OUT, "LICENSES.txt"), licenses(Object.keys(result.metafile.inputs)));

let wrong = 0;
for (const [path, text] of files) {
  const name = relative(join(HERE, ".."), path);
  const plain = Buffer.byteLength(text);
  const gzipped = gzipSync(text, { level: 9 }).length;
  const most = path === join(OUT, LARGER) ? 38_000 : MOST.gzipped;
  const large = path.endsWith(".js") && (plain > MOST.plain || gzipped > most);
  if (large) console.error(`${name} is too large: at most ${MOST.plain} bytes, ${most} gzipped.`);
  if (process.argv.includes("--check")) {
    const same = existsSync(path) && readFileSync(path, "utf8") === text;
    if (!same)
      console.error(`${name} is not what the sources give. Run npm run build, and commit it.`);
    wrong += Number(!same);
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  wrong += Number(large);
  console.log(`${name}  ${plain} bytes, ${gzipped} gzipped`);
}
process.exit(wrong ? 1 : 0);

/**
 * A source without the indentation that its templates would carry into the bundle.
 * @param {{ path: string }} file
 */
function flat({ path }) {
  return { contents: readFileSync(path, "utf8").replace(/\n\s+/g, "\n") };
}

/**
 * A view's own styles for that view alone. Hosts put the sheets of all views into one document, and
 * each sheet brings the kit's again: its own must win over those whichever comes last.
 * @param {{ path: string }} file
 */
function scoped({ path }) {
  const own = `.embedlab.view-${basename(dirname(path))}`;
  const text = readFileSync(path, "utf8").replaceAll(/\.embedlab(?![\w-])/g, own);
  return { contents: text, loader: /** @type {const} */ ("css") };
}

/**
 * The licenses of the packages inside the bundles, as those packages ask for.
 * @param {string[]} inputs
 */
function licenses(inputs) {
  const names = [...new Set(inputs.map((path) => /node_modules\/([^/]+)/.exec(path)?.[1]))];
  const parts = names
    .filter((name) => name !== undefined)
    .sort()
    .map((name) => {
      const text = readFileSync(join(HERE, "node_modules", name, "LICENSE"), "utf8");
      return `${name}\n${"=".repeat(name.length)}\n\n${text.trim()}\n`;
    });
  return `The bundles in this folder contain these packages.\n\n${parts.join("\n\n")}`;
}
