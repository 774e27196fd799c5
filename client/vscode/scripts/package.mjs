// Builds dist/idiomatic-PLATFORM.vsix with the server and its libraries inside.
//
//   npm run package                          for this machine
//   npm run package -- --target linux-arm64  for another platform (the names in scripts/bundle.py)
//   npm run package -- --if-stale            only if something it is made of has changed
//
// Python with pip is taken from the repository's .venv, else from $PYTHON or PATH.
// The path of the package is the only line on standard output; what else there is to say goes to standard error.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

// What would be searched for secrets is this repository and wheels that anyone can download; it takes eight minutes.
const SKIP_SECRET_SCAN = '--allow-package-all-secrets';

const root = path.dirname(import.meta.dirname);
const repository = path.resolve(root, '..', '..');
const { values: options } = parseArgs({
  options: { target: { type: 'string', default: thisPlatform() }, 'if-stale': { type: 'boolean', default: false } },
});
const vsix = path.join(root, 'dist', `idiomatic-${options.target}.vsix`);
const stamp = `${vsix}.stamp`;

const state = hash();
if (options['if-stale'] && existsSync(vsix) && existsSync(stamp) && readFileSync(stamp, 'utf8') === state) {
  console.error('The package is up to date.');
} else {
  build();
}
console.log(vsix);

function build() {
  console.error(`Packaging the extension for ${options.target}.`);
  mkdirSync(path.dirname(vsix), { recursive: true });
  rmSync(stamp, { force: true });
  run(python(), [path.join('scripts', 'bundle.py'), '--target', options.target]);
  run(process.execPath, [path.join('scripts', 'build.mjs')]);
  run(process.execPath, [
    path.join('node_modules', '@vscode', 'vsce', 'vsce'), 'package',
    '--no-dependencies', '--allow-missing-repository', SKIP_SECRET_SCAN, '--target', options.target, '--out', vsix,
  ]);
  writeFileSync(stamp, state);
}

// What the tools say is of interest only when they fail: vsce recommends to bundle what cannot be bundled.
function run(command, args) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (error || status !== 0) {
    console.error(`${stdout}${stderr}error: ${command} ${args[0]} failed${error ? `: ${error.message}` : ''}`);
    process.exit(1);
  }
  const notice = /^left out .*/m.exec(stderr ?? '');
  if (notice) {
    console.error(notice[0]);
  }
}

function thisPlatform() {
  const system = process.platform === 'linux' && existsSync('/etc/alpine-release') ? 'alpine' : process.platform;
  return `${system}-${process.arch}`;
}

function python() {
  const names = [
    path.join(repository, '.venv', ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python'])),
    process.env.PYTHON, 'python3', 'python',
  ];
  const found = names.find((name) => name && spawnSync(name, ['-m', 'pip', '--version'], { stdio: 'ignore' }).status === 0);
  if (!found) {
    console.error(`error: no Python with pip found; tried ${names.filter(Boolean).join(', ')}`);
    process.exit(1);
  }
  return found;
}

function hash() {
  const sum = createHash('sha256').update(options.target);
  const inputs = [
    ...['package.json', 'package-lock.json', '.vscodeignore', 'README.md', 'CHANGELOG.md', 'LICENSE', 'icon.png'],
    ...['src', 'scripts', 'bundled/launch.py', 'bundled/probe.py'],
  ].map((name) => path.join(root, name));
  inputs.push(...['requirements/runtime.txt', 'pyproject.toml', 'server'].map((name) => path.join(repository, name)));
  for (const file of inputs.flatMap(filesIn)) {
    sum.update(`\0${path.relative(repository, file)}\0`).update(readFileSync(file));
  }
  return sum.digest('hex');
}

function filesIn(file) {
  if (!statSync(file).isDirectory()) {
    return [file];
  }
  return readdirSync(file, { withFileTypes: true })
    .filter(({ name }) => name !== '__pycache__' && !name.startsWith('.'))
    .map(({ name }) => path.join(file, name))
    .sort()
    .flatMap(filesIn);
}
