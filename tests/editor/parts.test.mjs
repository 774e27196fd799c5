// Parts of the extension that need no editor, built from their sources.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

const { CLIENT } = process.env;

const require = createRequire(path.join(CLIENT, 'package.json'));
const built = mkdtempSync(path.join(tmpdir(), 'idiomatic-parts-'));
require('esbuild').buildSync({
  absWorkingDir: CLIENT,
  entryPoints: ['variables', 'redaction', 'configuration_start', 'paths'].map((name) => `src/${name}.ts`),
  outdir: built,
  format: 'cjs',
  platform: 'node',
});
const { resolved, resolvedDeeply } = require(path.join(built, 'variables.js'));
const { redacted, withoutFolders } = require(path.join(built, 'redaction.js'));
const { START, tableLine } = require(path.join(built, 'configuration_start.js'));
const { isBelow } = require(path.join(built, 'paths.js'));

after(() => rmSync(built, { recursive: true }));

const AROUND = {
  folder: '/work space/app',
  folders: new Map([['app', '/work space/app'], ['lib', '/lib']]),
  home: '/home/me',
  environment: { VENV: '/venvs/a', DOLLARS: '$&$1' },
};

for (const [value, expected] of [
  ['python3', 'python3'],
  ['~', '/home/me'],
  ['~/bin/python', '/home/me/bin/python'],
  ['~\\python.exe', '/home/me\\python.exe'],
  ['~other/python', '~other/python'],
  ['a/~', 'a/~'],
  ['${workspaceFolder}/.venv', '/work space/app/.venv'],
  ['${workspaceFolder:lib}/.venv', '/lib/.venv'],
  ['${workspaceFolder:none}/.venv', '${workspaceFolder:none}/.venv'],
  ['${workspaceFolderBasename}', 'app'],
  ['${userHome}/x', '/home/me/x'],
  ['${env:VENV}/bin/${env:VENV}', '/venvs/a/bin//venvs/a'],
  ['${env:DOLLARS}', '$&$1'],
  ['${env:NOT_SET}/bin', '/bin'],
  ['${file}', '${file}'],
]) {
  test(`${value} is resolved`, () => assert.equal(resolved(value, AROUND), expected));
}

test('without a folder its variable stays, for the server to complain about', () => {
  assert.equal(resolved('${workspaceFolder}/x', { ...AROUND, folder: undefined }), '${workspaceFolder}/x');
});

test('strings are resolved at any depth, and nothing else is touched', () => {
  const settings = { templates: '${workspaceFolder}/t', select: ['~/x', 3], severity: { a: null, b: { c: '${env:VENV}' } }, on: true };
  assert.deepEqual(resolvedDeeply(settings, AROUND), {
    templates: '/work space/app/t', select: ['/home/me/x', 3], severity: { a: null, b: { c: '/venvs/a' } }, on: true,
  });
});

test('of a traceback stay its places and the kind of the exception', () => {
  const message = `[error] idiomatic.lsp.protocol: Request 3 (textDocument/hover) failed
Traceback (most recent call last):
  File "/home/me/.ext/bundled/libs/idiomatic/lsp/hover.py", line 30, in hover
    secret = call(password="x")
             ^^^^^^^^^^^^^^^^^^
SyntaxError: invalid syntax: password = 'hunter2'`;
  assert.deepEqual(redacted([message], [['/home/me', '~']]), [
    '[error] idiomatic.lsp.protocol: Request 3 (textDocument/hover) failed',
    'File "…/hover.py", line 30, in hover',
    'SyntaxError',
  ]);
});

test('more lines of a message are left out, and what it quotes', () => {
  assert.deepEqual(redacted(["[warn] `secret = 1` and 'another secret' in /home/me/p/a.py\n    secret = 1"], [['/home/me', '~'], ['/home/me/p', '<folder>']]), [
    '[warn] `…` and `…` in <folder>/a.py',
  ]);
});

test('the longest folder is the one that is named', () => {
  assert.equal(withoutFolders('/a/b/c /a/d', [['/a', '~'], ['/a/b', '<folder>'], ['', 'x']]), '<folder>/c ~/d');
});

for (const [text, line] of [
  ['[project]\n\n[tool.idiomatic]\nselect = []\n', 2],
  ['[tool.idiomatic.severity]\n', 0],
  ['\r\n[ tool . idiomatic ]\r\n', 1],
  ['[tool."idiomatic"]', 0],
  ['tool.idiomatic.select = []', 0],
  ['[tool.idiomatically]\n# [tool.idiomatic]', -1],
  ['[tool.ruff]\nselect = ["tool.idiomatic"]', -1],
  ['', -1],
]) {
  test(`the table is on line ${line} of ${JSON.stringify(text)}`, () => assert.equal(tableLine(text), line));
}

test('a configuration to begin with has its table', () => {
  assert.equal(tableLine(START['pyproject.toml']), 0);
  assert.equal(tableLine(START['idiomatic.toml']), -1);
});

for (const [file, expected] of [['/a/b/c', true], ['/a/b', true], ['/a/bc', false], ['/a', false], ['/a/b/..c', true], ['/a/b/../c', false]]) {
  test(`${file} is ${expected ? '' : 'not '}below /a/b`, () => assert.equal(isBelow(file, '/a/b'), expected));
}
