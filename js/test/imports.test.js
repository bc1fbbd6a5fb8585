import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const VIEWS = readdirSync(ROOT, { withFileTypes: true })
  .filter(
    (entry) =>
      entry.isDirectory() && !["core", "kit", "page", "test", "node_modules"].includes(entry.name),
  )
  .map((entry) => entry.name);
const ROLES = [
  "actions.js",
  "arithmetic.js",
  "controls.js",
  "facts.js",
  "figure.js",
  "index.js",
  "input.js",
  "layout.js",
  "narration.js",
  "predict.js",
  "state.js",
  "style.css",
  "tables.js",
  "trace.js",
];

/** The modules of the kit and of every view, each with the modules it imports. */
function importGraph() {
  /** @type {Map<string, string[]>} */
  const graph = new Map();
  for (const folder of ["kit", "page", ...VIEWS]) {
    for (const name of readdirSync(join(ROOT, folder)).filter((file) => file.endsWith(".js"))) {
      const path = join(ROOT, folder, name);
      const imports = readFileSync(path, "utf8").matchAll(
        /^(?:import|export)\b[^;]*?"(\.[^"]+\.js)";/gm,
      );
      graph.set(
        relative(ROOT, path),
        Array.from(imports, ([, target]) => relative(ROOT, join(dirname(path), target))),
      );
    }
  }
  return graph;
}

/**
 * A chain of modules that ends where it begins, or null.
 * @param {Map<string, string[]>} graph
 */
function findCircle(graph) {
  /** @type {Set<string>} */
  const done = new Set();
  /** @param {string} name @param {string[]} chain @returns {string[] | null} */
  const visit = (name, chain) => {
    if (chain.includes(name)) return [...chain.slice(chain.indexOf(name)), name];
    if (done.has(name)) return null;
    for (const target of graph.get(name) ?? []) {
      const circle = visit(target, [...chain, name]);
      if (circle) return circle;
    }
    done.add(name);
    return null;
  };
  for (const name of graph.keys()) {
    const circle = visit(name, []);
    if (circle) return circle;
  }
  return null;
}

test("a circle of imports is found", () => {
  assert.deepEqual(
    findCircle(
      new Map([
        ["a", ["b"]],
        ["b", ["c"]],
        ["c", ["b"]],
      ]),
    ),
    ["b", "c", "b"],
  );
});

test("no module imports itself through others", () => {
  assert.deepEqual(findCircle(importGraph()), null);
});

test("the kit imports no view, and no view another", () => {
  for (const [name, targets] of importGraph()) {
    const home = dirname(name);
    for (const target of targets) {
      assert.ok([home, "kit"].includes(dirname(target)), `${name} must not import ${target}`);
    }
  }
});

test("every view has the same files for the same roles", () => {
  for (const view of VIEWS) {
    const files = readdirSync(join(ROOT, view));
    assert.deepEqual(
      ROLES.filter((role) => !files.includes(role)),
      [],
      `js/${view} lacks files. js/README.md says what each is for; one without contents has "export {};"`,
    );
  }
});
