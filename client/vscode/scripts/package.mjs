// Builds dist/idiomatic-TARGET.vsix with the server and its libraries inside.
//
//   npm run package                          for this machine
//   npm run package -- --target linux-arm64  for another platform, from any machine (the names in scripts/bundle.py)
//   npm run package -- --target universal    without a server: it runs the one of the interpreter's environment
//   npm run package -- --all                 one after the other
//   npm run package -- --if-stale            only if something it is made of has changed
//
// The Python that fetches the libraries is $PYTHON, else that of the repository's .venv (make setup).
// The paths of the packages are the only lines on standard output; what else there is to say goes to standard error.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

// What would be searched for secrets is this repository and wheels that anyone can download; it takes eight minutes.
const SKIP_SECRET_SCAN = '--allow-package-all-secrets';

const README = path.join('dist', 'README.md');

const root = path.dirname(import.meta.dirname);
const repository = path.resolve(root, '..', '..');
const { values: options } = parseArgs({
  options: { target: { type: 'string' }, all: { type: 'boolean' }, 'if-stale': { type: 'boolean' } },
});
const bundle = path.join('scripts', 'bundle.py');
// This machine's last: what is then in the folder `bundled` is what an extension started from here needs.
const targets = options.all
  ? [...run(python(), [bundle, '--list']).trim().split(/\r?\n/).filter((name) => name !== thisPlatform()), thisPlatform()]
  : [options.target ?? thisPlatform()];
for (const target of targets) {
  console.log(upToDate(target));
}

function upToDate(target) {
  const vsix = path.join(root, 'dist', `idiomatic-${target}.vsix`);
  const stamp = `${vsix}.stamp`;
  const state = hash(target);
  if (options['if-stale'] && existsSync(vsix) && existsSync(stamp) && readFileSync(stamp, 'utf8') === state) {
    console.error('The package is up to date.');
    return vsix;
  }
  console.error(`Packaging the extension for ${target}.`);
  mkdirSync(path.dirname(vsix), { recursive: true });
  rmSync(stamp, { force: true });
  run(python(), [bundle, '--target', target]);
  run(process.execPath, [path.join('scripts', 'build.mjs')]);
  writeFileSync(path.join(root, README), withoutPictures(readFileSync(path.join(root, 'README.md'), 'utf8')));
  run(process.execPath, [
    path.join('node_modules', '@vscode', 'vsce', 'vsce'), 'package', '--readme-path', README,
    '--no-dependencies', '--allow-missing-repository', '--no-rewrite-relative-links', SKIP_SECRET_SCAN, '--out', vsix,
    ...(target === 'universal' ? [] : ['--target', target]),
  ]);
  writeFileSync(stamp, state);
  return vsix;
}

// The page of an installed extension shows pictures that have an address in the internet and no others, broken. The
// walkthrough shows ours.
function withoutPictures(text) {
  return text.replaceAll(/^!\[[^\]]*\]\((?!https:)[^)]*\)\n\n/gm, '');
}

// What the tools say is of interest only when they fail: vsce recommends to bundle what cannot be bundled.
function run(command, args) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (error || status !== 0) {
    console.error(`${stdout}${stderr}error: ${command} ${args[0]} failed${error ? `: ${error.message}` : ''}`);
    process.exit(1);
  }
  return stdout;
}

function thisPlatform() {
  const system = process.platform === 'linux' && existsSync('/etc/alpine-release') ? 'alpine' : process.platform;
  return `${system}-${process.arch}`;
}

function python() {
  const own = path.join(repository, '.venv', ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']));
  const name = process.env.PYTHON ?? own;
  if (spawnSync(name, ['-c', 'import packaging, pip'], { stdio: 'ignore' }).status !== 0) {
    console.error(`error: ${name} is no Python with pip and packaging; \`make setup\` in ${repository} makes one`);
    process.exit(1);
  }
  return name;
}

function hash(target) {
  const sum = createHash('sha256').update(target);
  const inputs = [
    ...['package.json', 'package-lock.json', '.vscodeignore', 'README.md', 'CHANGELOG.md', 'LICENSE', 'icon.png', 'images'],
    ...['src', 'scripts', 'walkthrough', 'bundled/launch.py', 'bundled/probe.py'],
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
