// Which interpreter runs the server before and after the user trusts a workspace that brings one of its own.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { Editor, poll } from './editor.mjs';

const { PYTHON } = process.env;

// Works like the Python it stands for, and leaves a file that says it was run.
const INTERPRETER = `#!/bin/sh\ntouch "$(dirname "$0")/was-run"\nexec "${PYTHON}" "$@"\n`;

let editor;

before(async () => {
  editor = await Editor.start('trust', {
    files: {
      'module.py': 'from datetime import datetime\n\nSTARTED = datetime.utcnow()\n',
      'other.py': 'from datetime import datetime\n\nSTARTED = datetime.utcnow()\n',
      '.venv/bin/python': INTERPRETER,
      'tools/python': INTERPRETER,
      '.vscode/settings.json': '{"idiomatic.interpreter": "${workspaceFolder}/tools/python"}',
    },
    settings: { 'idiomatic.interpreter': '', 'security.workspace.trust.startupPrompt': 'never' },
    open: 'module.py',
    // With VSCODE_CLI the editor takes PATH as it is, and not as the user's login shell would have it.
    environment: () => ({ PATH: [path.dirname(PYTHON), process.env.PATH].join(path.delimiter), VSCODE_CLI: '1' }),
    trusted: false,
  });
});

after(() => editor?.close());

const wasRun = (directory) => existsSync(editor.path(`${directory}/was-run`));

test('without trust, nothing of the workspace is run', async () => {
  await editor.underlined(1);
  await editor.screenshot('restricted mode');
  assert.match(editor.logs().extension, /\(PATH\)/);
  assert.deepEqual([wasRun('.venv/bin'), wasRun('tools')], [false, false]);
});

test('with trust, the interpreter that the workspace names takes over', async () => {
  await editor.command('Workspaces: Manage Workspace Trust');
  const trust = editor.page.locator('.workspace-trust-editor').getByRole('button', { name: /^Trust/ }).first();
  await trust.waitFor();
  // A busy editor may not yet heed the button that it shows.
  await poll('the interpreter of the setting is run', async () => {
    await trust.click({ timeout: 2_000 }).catch(() => undefined);
    return poll('it', () => wasRun('tools'), 5_000).catch(() => false);
  });
  await editor.open('other.py');
  await editor.underlined(1);
  await editor.screenshot('trusted');
});
