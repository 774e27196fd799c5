// The extension as its user meets it, by mouse and keyboard. Each step has a file of its own, so that none depends on
// what another left behind.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before } from 'node:test';

import { Editor, EXTENSION, poll, steps } from './editor.mjs';

const UTCNOW = 'from datetime import datetime\n\n\ndef stamp():\n    return datetime.utcnow()\n';
const UTCNOW_FIXED = 'from datetime import UTC, datetime\n\n\ndef stamp():\n    return datetime.now(UTC)\n';
const REFUSED = 'from datetime import datetime\n\n\ndef stamp():\n    return datetime.utcnow().isoformat() + "Z"\n';
const QUIET = `import os\n\n\n${['remove', 'unlink'].map((name) => `\
def ${name}(path):
    try:
        os.${name}(path)
    except FileNotFoundError:
        pass
`).join('\n\n')}`;
const QUIET_FIXED = `import contextlib\n${QUIET}`
  .replaceAll('    try:\n', '    with contextlib.suppress(FileNotFoundError):\n')
  .replaceAll('    except FileNotFoundError:\n        pass\n', '');

const REFUSAL = /"Z"/;

const QUICK_FIX_KEY = 'Control+Alt+k';

// Were a module of the workspace ever run, it would leave this file.
const INTRUDER = 'import pathlib\npathlib.Path(__file__).with_name("intruded").touch()\n';
const INTRUDERS = ['idiomatic.py', 'typing.py', 'json.py', 'attrs.py', 'pygls.py', 'sitecustomize.py', 'usercustomize.py'];

let editor;

before(async () => {
  editor = await Editor.start('use', {
    files: {
      'squiggle.py': UTCNOW,
      'hover.py': UTCNOW,
      'fix.py': UTCNOW,
      'silence.py': UTCNOW,
      'severity.py': UTCNOW,
      'refused.py': REFUSED,
      'on_save.py': QUIET,
      'template.py': '"""A module."""\n\n',
      ...Object.fromEntries(INTRUDERS.map((file) => [file, INTRUDER])),
    },
    open: 'squiggle.py',
    keybindings: [{ key: 'ctrl+alt+k', command: 'editor.action.codeAction', args: { kind: 'quickfix', apply: 'never' } }],
    environment: (workspace) => ({ PYTHONPATH: workspace }),
  });
});

after(() => editor?.close());

const step = steps(() => editor);

step('underlines the place', async () => {
  await editor.underlined(1);
  assert.deepEqual(await editor.underlinedTexts(), ['datetime.utcnow()']);
});

step('hover shows the diff of the code, and why', async () => {
  await editor.open('hover.py');
  await editor.underlined(1);
  const text = await editor.hover('utcnow', 'datetime.now(UTC)');
  // A link to the rule's page, whose parentheses are drawn by the style sheet; without one they are text.
  assert.match(text, /idiomatic\(?naive-utcnow/);
  assert.match(text, /-\s*return datetime\.utcnow\(\)/);
  assert.match(text, /\+\s*return datetime\.now\(UTC\)/);
});

step('quick fix rewrites the code, and undo restores it', async () => {
  await editor.open('fix.py');
  await editor.underlined(1);
  await editor.goto(5, 14);
  await editor.quickFixes('now(UTC)` (aware instead of naive)');
  await editor.screenshot('quick fix menu');
  await editor.press('Enter');
  await editor.underlined(0);
  await editor.save('fix.py', UTCNOW_FIXED);
  await editor.press('Control+z');
  await editor.underlined(1);
  await editor.save('fix.py', UTCNOW);
});

step('a refused fix is listed as disabled, and the hover says why', async () => {
  await editor.open('refused.py');
  await editor.underlined(1);
  await editor.hover('utcnow', REFUSAL);
  await editor.screenshot('hover of a refused fix');
  await editor.press('Escape');
  await editor.goto(5, 14);
  // Disabled actions are in the menu of a kind, not in the one of Ctrl+., and behind a switch if there are others.
  const show = await editor.menu(QUICK_FIX_KEY, editor.page.getByText('Show Disabled'));
  await show.click();
  const refused = editor.page.locator('.action-widget .monaco-list-row.action.option-disabled');
  await refused.filter({ hasText: 'now(UTC)` (aware instead of naive)' }).waitFor();
});

step('an action silences the finding', async () => {
  await editor.open('silence.py');
  await editor.underlined(1);
  await editor.goto(5, 14);
  const silence = await editor.quickFixes(/silence .* here/i);
  await silence.click();
  await editor.underlined(0);
  await editor.save('silence.py', UTCNOW.replace('utcnow()', 'utcnow()  # idiomatic: ignore[naive-utcnow]'));
});

step('safe fixes are applied on save', async () => {
  await editor.open('on_save.py');
  await editor.underlined(4); // two lines each
  editor.configure({ 'editor.codeActionsOnSave': { 'source.fixAll.idiomatic': 'explicit' } });
  try {
    // The editor takes the changed settings up when it notices the file; saving again is what a user would do.
    await poll('fixed on save', async () => {
      await editor.press('Control+s');
      await new Promise((resolve) => setTimeout(resolve, 500));
      return editor.read('on_save.py') !== QUIET;
    });
    assert.equal(editor.read('on_save.py'), QUIET_FIXED);
    await editor.underlined(0);
  } finally {
    editor.configure({ 'editor.codeActionsOnSave': {} });
  }
});

step('a template completes, with tab stops and imports', async () => {
  await editor.open('template.py');
  await editor.goto(3, 1);
  await editor.type('acm');
  const row = editor.page.locator('.suggest-widget.visible .monaco-list-row', { hasText: 'acm' }).first();
  // A slow machine may miss the moment in which the editor asks by itself; then the key for it has to do.
  await row.waitFor({ timeout: 5_000 }).catch(() => editor.menu('Control+Space', row));
  await editor.screenshot('template in the suggestions');
  await editor.press('Enter');
  await editor.page.locator('.snippet-placeholder').first().waitFor({ state: 'attached' });
  await editor.type('connect');
  await editor.press('Tab');
  await editor.type('address');
  await editor.press('Escape');
  await editor.save('template.py', /^from contextlib import asynccontextmanager\b/m);
  const [head, body] = editor.read('template.py').split('@asynccontextmanager');
  assert.match(head, /^import asyncio\nfrom collections.abc import AsyncIterator$/m);
  assert.match(body, /async def connect\(\s*address: str,/);
  assert.doesNotMatch(body, /\bhost\b/);
});

step('a changed setting takes effect at once', async () => {
  await editor.open('severity.py');
  await editor.underlined(1);
  editor.configure({ 'idiomatic.severity': { 'naive-utcnow': 'error' } });
  await editor.page.locator('.editor-instance .squiggly-error').waitFor({ state: 'attached' });
  editor.configure({ 'idiomatic.severity': { 'naive-utcnow': 'off' } });
  await editor.underlined(0);
  editor.configure({ 'idiomatic.severity': {} });
  await editor.underlined(1);
});

step('nothing went wrong in the logs', () => {
  const { host, extension } = editor.logs();
  assert.match(host, new RegExp(`_doActivateExtension ${EXTENSION}`));
  assert.deepEqual(complaints(host + extension), []);
});

step('no module of the workspace was run, and the extension host has seen no error', () => {
  assert.equal(existsSync(editor.path('intruded')), false);
  assert.deepEqual(complaints(editor.logs().host), []);
});

function complaints(log) {
  return log.split('\n').filter((line) => /\[(error|critical|warning)\]/.test(line));
}
