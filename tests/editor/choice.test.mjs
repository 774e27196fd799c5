// Beside other extensions: the interpreter chosen in the Python extension, and what ruff's extension reports already. Both
// are played by stand-ins with the same names and interfaces.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { Editor, poll } from './editor.mjs';

const { PYTHON } = process.env;
const INTERPRETER = `#!/bin/sh\nexec "${PYTHON}" "$@"\n`;

let editor;

before(async () => {
  editor = await Editor.start('choice', {
    files: {
      'module.py': 'from datetime import datetime\n\nSTARTED = datetime.utcnow()\n',
      'first/python': INTERPRETER,
      'second/python': INTERPRETER,
      '.venv/bin/python': INTERPRETER,
    },
    settings: { 'idiomatic.interpreter': '' },
    workspaceSettings: (workspace) => ({ 'standIn.interpreter': path.join(workspace, 'first', 'python') }),
    extensions: ['stand_in_python', 'stand_in_ruff'],
    open: 'module.py',
  });
});

after(() => editor?.close());

const started = () => editor.logs().extension.split('\n').filter((line) => line.includes('Starting the server'));

test('the chosen interpreter runs the server, before the one of the workspace', async () => {
  await poll('a start', () => started().length > 0);
  assert.equal(started().length, 1);
  assert.match(started()[0], /workspace\/first\/python \(chosen in the Python extension\)/);
});

test('another choice takes over at once', async () => {
  editor.configure({ 'standIn.interpreter': editor.path('second/python') });
  await poll('a start with the other interpreter', () => /second\/python/.test(started()[1] ?? ''));
  await editor.goto(4, 1);
  await editor.type('NOW = datetime.utcnow()');
  await editor.underlined(2);
  assert.equal(started().length, 2);
});

test('what ruff reports is underlined once, and has our fix', async () => {
  await editor.goto(3, 22);
  await editor.quickFixes('Use `now(UTC)` (aware');
  // Twice the same call: one underline each, of ruff's.
  assert.equal(await editor.page.locator('.cdr.squiggly-error').count(), 2);
  assert.equal(await editor.squiggles.count(), 2);
  await editor.press('Enter');
  await editor.underlined(1);
  await editor.save('module.py', /^STARTED = datetime\.now\(UTC\)$/m);
});

test('without ruff we report it ourselves', async () => {
  editor.configure({ 'ruff.enable': false });
  await poll('our own finding', async () => (await editor.page.locator('.cdr.squiggly-error').count()) === 0);
  await editor.underlined(1);
  assert.match(await editor.hover('utcnow', 'idiomatic'), /naive-utcnow/);
});
