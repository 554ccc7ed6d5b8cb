// Runs tests/micropython/runner.py on the WebAssembly build of MicroPython.
//   node run_wasm.mjs LOADER ROOT… -- MODULE…
// Each ROOT is HOST_FOLDER=GUEST_FOLDER: its .py files are copied into the emulated file system.
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

const [loader, ...rest] = process.argv.slice(2);
const split = rest.indexOf("--");
const roots = rest.slice(0, split).map((root) => root.split("="));
const modules = rest.slice(split + 1);

const { loadMicroPython } = await import(pathToFileURL(loader).href);
const mp = await loadMicroPython({ heapsize: 4 * 1024 * 1024, linebuffer: true, stdout: (line) => console.log(line) });

function copy(from, to) {
  mp.FS.mkdirTree(to);
  for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
    const source = path.join(from, entry.name);
    const target = `${to}/${entry.name}`;
    if (fs.statSync(source).isDirectory()) {
      if (entry.name !== "__pycache__") copy(source, target);
    } else if (entry.name.endsWith(".py")) {
      mp.FS.writeFile(target, fs.readFileSync(source));
    }
  }
}
for (const [from, to] of roots) copy(from, to);

mp.runPython(`import sys\nsys.path[:] = ["/path", "/tests", "/tests/micropython"]`);
mp.runPython(`import runner\nfailed = runner.run(${JSON.stringify(modules)})`);
process.exit(mp.globals.get("failed") === 0 ? 0 : 1);
