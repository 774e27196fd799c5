// The interpreter chosen in the Python extension, which a stand-in with the same name and interface plays here.
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
    extensions: ['stand_in'],
    open: 'module.py',
  });
});

after(() => editor?.close());

const started = () => editor.logs().extension.split('\n').filter((line) => line.includes('Starting the server'));

test('the chosen interpreter runs the server, before the one of the workspace', async () => {
  await editor.underlined(1);
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
