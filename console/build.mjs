// Builds the page into the folder given: `node build.mjs FOLDER`. The same sources and lock file give the same bytes.
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { build } from "esbuild";

const FOLDER = process.argv[2];

// GraphiQL's style sheet holds Roboto and Fira Code as data: 350 kB for what the system's own fonts do as well.
const systemFonts = {
  name: "system-fonts",
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path: file }) => ({
      contents: (await readFile(file, "utf8")).replace(/@font-face\s*\{[^}]*\}/g, ""),
      loader: "css",
    }));
  },
};

async function bundle() {
  const { metafile } = await build({
    entryPoints: { console: "src/main.tsx" },
    outdir: FOLDER,
    bundle: true,
    minify: true,
    metafile: true,
    format: "iife",
    target: "es2022",
    jsx: "automatic",
    legalComments: "none",
    define: { "process.env.NODE_ENV": '"production"' },
    plugins: [systemFonts],
    logLevel: "warning",
  });
  const outputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  return outputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([file]) => file);
}

// node_modules/a/node_modules/@b/c/dist/d.js → node_modules/a/node_modules/@b/c
function packageOf(file) {
  return file.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0];
}

async function licenceOf(folder) {
  const { name, version, license } = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
  const file = (await readdir(folder)).sort().find((found) => /^licen[cs]e/i.test(found));
  const text = file ? (await readFile(path.join(folder, file), "utf8")).replaceAll("\r\n", "\n").trim() : license;
  return { title: `${name} ${version} (${license})`, text };
}

// Packages under the same words share one entry.
async function licences(files) {
  const folders = [...new Set(files.map(packageOf).filter(Boolean))];
  const titles = new Map();
  for (const { title, text } of await Promise.all(folders.map(licenceOf))) {
    titles.set(text, [...(titles.get(text) ?? []), title]);
  }
  const entries = [...titles].map(([text, names]) => `${names.sort().join("\n")}\n\n${text}\n`).sort();
  return entries.join(`\n${"-".repeat(80)}\n\n`);
}

await rm(FOLDER, { recursive: true, force: true });
await mkdir(FOLDER, { recursive: true });
const files = await bundle();
await writeFile(path.join(FOLDER, "LICENSES.txt"), await licences(files));
for (const name of ["index.html", "icon.svg"]) {
  await copyFile(path.join("src", name), path.join(FOLDER, name));
}
