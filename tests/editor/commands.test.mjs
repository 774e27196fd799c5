// The commands of the palette that do something with code, by mouse and keyboard.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { Editor, poll, steps } from './editor.mjs';

const QUIET = 'import os\n\n\ndef remove(path):\n    try:\n        os.remove(path)\n    except FileNotFoundError:\n        pass\n';
const FIXED = 'import contextlib\nimport os\n\n\ndef remove(path):\n    with contextlib.suppress(FileNotFoundError):\n        os.remove(path)\n';
const UTCNOW = 'from datetime import datetime\n\n\ndef stamp():\n    return datetime.utcnow()\n';
const INSERT = 'import os\n\n\nasync def main():\n    print(os.getcwd())\n';
const CONFIGURATION = '[project]\nname = "x"\nrequires-python = ">=3.12"\n\n[tool.idiomatic]\nignore = [\n  "str-enum", # ours\n]\n';

let editor;

before(async () => {
  editor = await Editor.start('commands', {
    files: {
      'open.py': QUIET,
      'closed.py': QUIET,
      'naive.py': UTCNOW,
      'insert.py': INSERT,
      'pyproject.toml': CONFIGURATION,
    },
    open: 'open.py',
  });
});

after(() => editor?.close());

const step = steps(() => editor);

step('a scan shows what is found in files that are not open', async () => {
  await poll('something is underlined', async () => (await editor.squiggles.count()) > 0);
  await editor.command('idiomatic: Scan Workspace');
  const told = await editor.notification('3 findings in 3 files, 2 with a safe fix.');
  await editor.screenshot('scanned');
  await told.getByRole('button', { name: 'Open Problems' }).click();
  const problems = editor.page.locator('.markers-panel');
  for (const file of ['open.py', 'closed.py', 'naive.py']) {
    await problems.getByText(file, { exact: true }).waitFor();
  }
});

step('all safe fixes of the workspace are previewed, applied at once and saved', async () => {
  await editor.command('idiomatic: Fix All Safe in Workspace…');
  const preview = editor.page.locator('.refactor-preview, .bulk-edit-panel').first();
  await preview.waitFor();
  await editor.screenshot('preview of all fixes');
  assert.equal(editor.read('closed.py'), QUIET);
  await editor.page.getByRole('button', { name: 'Apply', exact: true }).click();
  await poll('both are fixed', () => editor.read('open.py') === FIXED && editor.read('closed.py') === FIXED);
  assert.equal(editor.read('naive.py'), UTCNOW);
  await editor.notification('Fixed what you have chosen.');
});

step('nothing to fix says so', async () => {
  await editor.command('idiomatic: Fix All Safe in File');
  await editor.notification('Nothing in this file has a safe fix.');
});

step('an idiom is inserted with its tab stops and imports, and taken back at once', async () => {
  await editor.open('insert.py');
  await editor.goto(5, 8);
  await editor.command('idiomatic: Insert Idiom…');
  const list = editor.page.locator('.quick-input-widget');
  await list.getByText('task-group-results').first().waitFor();
  await editor.screenshot('insert idiom');
  await editor.type('task-group-results');
  await editor.page.locator('.view-lines', { hasText: 'TaskGroup' }).first().waitFor();
  await editor.screenshot('insert idiom with its preview');
  await editor.press('Enter');
  await editor.page.locator('.snippet-placeholder').first().waitFor({ state: 'attached' });
  await editor.screenshot('inserted');
  await editor.type('group');
  await editor.press('Escape', 'Control+s');
  await poll('it is saved', () => editor.read('insert.py') !== INSERT);
  const text = editor.read('insert.py');
  assert.match(text, /^import asyncio\nimport os\n/);
  assert.match(text, / {4}print\(os\.getcwd\(\)\)\n {4}async with asyncio\.TaskGroup\(\) as group:\n/);
  assert.equal(await editor.page.locator('.tab', { hasText: 'Preview' }).count(), 0);
  for (let undone = 0; undone < 8 && editor.read('insert.py') !== INSERT; undone += 1) {
    await editor.press('Control+z', 'Control+s');
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  assert.equal(editor.read('insert.py'), INSERT);
});

step('a rule is silenced in the project, and the squiggle goes', async () => {
  await editor.open('naive.py');
  await editor.underlined(1);
  await editor.command('idiomatic: Silence Rule in Project…');
  const first = editor.page.locator('.quick-input-widget .monaco-list-row').first();
  await first.getByText('naive-utcnow').waitFor();
  await editor.screenshot('silence which rule');
  await editor.press('Enter');
  await poll('it is written', () => editor.read('pyproject.toml') === CONFIGURATION.replace('# ours\n', '# ours\n  "naive-utcnow",\n'));
  await editor.underlined(0);
});

step('a rule is explained on a page of its own', async () => {
  await editor.command('idiomatic: Explain Rule…');
  await editor.page.locator('.quick-input-widget').getByText('gather-to-task-group').first().waitFor();
  await editor.type('raise-without-from');
  await editor.press('Enter');
  const page = editor.page.frameLocator('iframe.webview').frameLocator('iframe').getByRole('heading', { name: 'raise-without-from' });
  await page.waitFor();
});

step('the buttons of the walkthrough lead somewhere, and its pictures are there', async () => {
  await editor.page.setViewportSize({ width: 1500, height: 900 }); // the pictures need room
  const at = async (step) => {
    const title = editor.page.locator(`.getting-started-step:not([disabled])[data-step-id$="#${step}"]`).first();
    if (!(await title.isVisible())) {
      await editor.command('Welcome: Open Walkthrough');
      await editor.page.locator('.quick-input-list .monaco-list-row', { hasText: 'Get started with idiomatic' }).first().click();
    }
    await title.click();
  };
  for (const [each, name] of [['find', 'hover'], ['insert', 'template'], ['fix', 'fixes']]) {
    await at(each);
    const picture = editor.page.frameLocator('iframe.webview').frameLocator('iframe').locator(`img[src*="${name}.png"]`);
    await poll(`the picture of ${each}`, () => picture.evaluate((shown) => shown.naturalWidth > 0, undefined, { timeout: 1_000 }).catch(() => false));
    await editor.screenshot(`walkthrough ${each}`);
  }
  await editor.page.getByRole('button', { name: 'Show Fixes' }).click();
  await editor.page.locator('.action-widget .monaco-list-row.action', { hasText: 'contextlib.suppress' }).first().waitFor();
  await editor.screenshot('fixes of the example');
  await editor.press('Escape');
  await at('insert');
  await editor.page.getByRole('button', { name: 'Insert Idiom…' }).click();
  await editor.page.locator('.quick-input-widget').getByText('Insert which idiom?').waitFor();
  await editor.press('Escape');
});

step('nothing went wrong', () => {
  assert.deepEqual(editor.logs().host.split('\n').filter((line) => /\[(error|critical)\]/.test(line)), []);
});
