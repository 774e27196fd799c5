// Bundles src/ and the packages it uses into dist/extension.js, with their licences beside it.
// `--watch` builds again on every change, with a source map for debugging.
import { context } from 'esbuild';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.dirname(import.meta.dirname);
const watch = process.argv.includes('--watch');

const build = await context({
  absWorkingDir: root,
  entryPoints: ['src/extension.ts'],
  outfile: 'dist/extension.js',
  bundle: true,
  // The editor's own module, which exists only inside its extension host.
  external: ['vscode'],
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  minify: !watch,
  sourcemap: watch,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
});
if (watch) {
  await build.watch();
} else {
  const { metafile } = await build.rebuild();
  writeFileSync(path.join(root, 'dist', 'LICENSES.txt'), licenses(Object.keys(metafile.inputs)));
  await build.dispose();
}

function licenses(inputs) {
  const packages = new Set(inputs.map((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]).filter(Boolean));
  return [...packages].sort().map((folder) => {
    const directory = path.join(root, folder);
    const { name, version, license } = JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8'));
    const file = readdirSync(directory).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file ? readFileSync(path.join(directory, file), 'utf8').trim() : '';
    return `${name} ${version} (${license})\n\n${text}\n`;
  }).join(`\n${'-'.repeat(80)}\n\n`);
}
