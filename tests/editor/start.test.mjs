// How the extension starts, what it says when it can't, what it shows of itself, and what it does when the server
// crashes or hangs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';

import { Editor, poll, steps } from './editor.mjs';

const { PYTHON, CLIENT } = process.env;
const { version: VERSION } = JSON.parse(readFileSync(path.join(CLIENT, 'package.json'), 'utf8'));

const UTCNOW = 'from datetime import datetime\n\nSTARTED = datetime.utcnow()\n';

const GOOD = `#!/bin/sh\nexec "${PYTHON}" "$@"\n`;
const OLD = '#!/bin/sh\necho \'{"version": [3, 9, 2], "server": false}\'\n';
const SILENT = '#!/bin/sh\nexec sleep 600\n';
const SILENT_SERVER = `#!/bin/sh\ncase "$*" in *probe.py*) exec "${PYTHON}" "$@";; esac\nexec sleep 600\n`;

let editor;

before(async () => {
  editor = await Editor.start('start', {
    files: {
      'module.py': UTCNOW,
      'crash.py': UTCNOW,
      'page.py': UTCNOW,
      'pyproject.toml': '[project]\nname = "x"\nrequires-python = ">=3.12"\n',
      'tools/old': OLD,
      'tools/silent': SILENT,
      'tools/silent-server': SILENT_SERVER,
      'tools/good': GOOD,
    },
    settings: { 'idiomatic.interpreter': '' },
    workspaceSettings: () => ({ 'idiomatic.interpreter': '${workspaceFolder}/tools/old' }),
    open: 'module.py',
    // With VSCODE_CLI the editor takes PATH as it is, and not as the user's login shell would have it.
    environment: () => ({ PATH: [path.dirname(PYTHON), process.env.PATH].join(path.delimiter), VSCODE_CLI: '1' }),
  });
});

after(() => editor?.close());

const step = steps(() => editor);

const row = (text) => editor.page.locator('.quick-input-list .monaco-list-row', { hasText: text }).first();

/** What the editor shows of the language of a file: opened by a click on its braces in the status bar. */
async function statusOnceItSays(wanted) {
  return poll(`the status says ${wanted}`, async () => {
    await editor.press('Escape');
    await editor.page.locator('[id="status.languageStatus"]').click();
    const shown = editor.page.locator('.hover-language-status').first();
    await shown.waitFor({ timeout: 2_000 }).catch(() => undefined);
    const text = (await editor.page.locator('.hover-language-status').allInnerTexts().catch(() => [])).join('\n');
    return wanted.test(text) ? text : undefined;
  });
}

async function clearNotifications() {
  await editor.command('Notifications: Clear All Notifications');
}

step('a Python that is too old is named, once, and another one can be chosen', async () => {
  const toast = await editor.notification('needs Python 3.11 or newer');
  assert.match(await toast.innerText(), /tools\/old \(setting idiomatic\.interpreter\) is Python 3\.9\.2, too old/);
  assert.equal(await editor.page.locator('.notification-toast').count(), 1);
  await editor.screenshot('no interpreter');
  await toast.getByRole('button', { name: 'Choose Interpreter…' }).click();
  await row('is Python 3.9.2, too old').waitFor();
  await row(/^Python 3\.\d+\.\d+/).waitFor();
  await editor.screenshot('choice of interpreters');
  await editor.type(path.dirname(PYTHON));
  await row(path.dirname(PYTHON)).click();
  await editor.underlined(1);
  assert.match(editor.read('.vscode/settings.json'), new RegExp(`"idiomatic.interpreter": *"${path.dirname(PYTHON)}/`));
});

step('the status names versions and interpreter, and follows the configuration', async () => {
  const text = await statusOnceItSays(/For Python/);
  assert.ok(text.includes(`idiomatic ${VERSION}`), text);
  assert.match(text, /For Python 3\.12 and newer/);
  assert.match(text, /Run by Python 3\.\d+\.\d+/);
  await editor.screenshot('status');
  editor.write({ 'pyproject.toml': '[project]\nname = "x"\nrequires-python = ">=3.13"\n' });
  await statusOnceItSays(/For Python 3\.13 and newer/);
});

step('a click on the name of a rule opens its page, without a network', async () => {
  await editor.open('page.py');
  await editor.underlined(1);
  await editor.hover('utcnow', 'naive-utcnow');
  await editor.screenshot('hover with the name of the rule');
  await editor.page.locator('.monaco-hover:visible a', { hasText: 'naive-utcnow' }).first().click();
  const page = editor.page.frameLocator('iframe.webview.ready').frameLocator('#active-frame');
  await page.getByRole('heading', { name: 'Why' }).first().waitFor();
  await editor.screenshot('page of a rule');
  await editor.command('View: Close Editor');
});

step('a configuration is made where there is none, and then opened', async () => {
  await editor.open('page.py');
  await editor.command('idiomatic: Open Configuration');
  await row('add the table [tool.idiomatic]').waitFor();
  await editor.screenshot('choice of configuration files');
  await editor.press('Enter');
  await poll('the table is written', () => /^\[tool\.idiomatic\]$/m.test(editor.read('pyproject.toml')));
  await editor.page.locator('.tab.active[data-resource-name="pyproject.toml"]').waitFor();
  await editor.open('page.py');
  await editor.command('idiomatic: Open Configuration');
  await editor.page.locator('.tab.active[data-resource-name="pyproject.toml"]').waitFor();
  await editor.page.locator('[id="status.editor.selection"]', { hasText: 'Ln 5, Col 1' }).waitFor();
  assert.equal(await editor.squiggles.count(), 0);
});

step('a report has the versions filled in', async () => {
  await editor.command('idiomatic: Report Issue');
  await editor.page.locator('.editor-instance .view-line', { hasText: '| extension |' }).waitFor();
  const text = await editor.page.locator('.editor-instance .view-lines').innerText();
  const plain = text.replaceAll('\u00a0', ' ');
  for (const line of [`| extension | ${VERSION} |`, `| server | idiomatic ${VERSION} |`, '| platform | linux', '| state | running |']) {
    assert.ok(plain.includes(line), `${line} in\n${plain}`);
  }
  assert.ok(!plain.includes(editor.workspace), plain);
});

step('a killed server is started again, with what is open as it is in the editor', async () => {
  await editor.open('crash.py');
  await editor.goto(4, 1);
  await editor.type('NOW = datetime.utcnow()');
  await editor.underlined(2);
  const loaded = () => editor.logs().extension.split(/Loaded \d+ rules/).length;
  for (let crash = 1; crash <= 5; crash += 1) {
    const before = loaded();
    await crashed();
    // Not before it has come to its senses: then there would be another reason for its end.
    await poll(`start ${crash}`, () => editor.servers().length === 1 && loaded() > before);
  }
  await editor.underlined(2);
  await editor.goto(5, 1);
  await editor.type('AGAIN = datetime.utcnow()\n');
  await editor.underlined(3);
});

step('the sixth crash within three minutes is asked about', async () => {
  await editor.page.mouse.move(600, 400);
  await crashed();
  const toast = await editor.notification('crashed 6 times within three minutes');
  await editor.screenshot('crashed');
  assert.deepEqual(editor.servers(), []);
  await toast.getByRole('button', { name: 'Restart' }).click();
  await editor.underlined(3);
});

step('a Python that does not answer is given up', async () => {
  editor.configure({ 'idiomatic.startTimeout': 6, 'idiomatic.interpreter': '${workspaceFolder}/tools/silent' });
  const toast = await editor.notification('did not answer within 6 seconds');
  assert.match(await toast.innerText(), /tools\/silent \(setting/);
  assert.match(await statusOnceItSays(/not running/), /no Python 3\.11 or newer/);
  await editor.screenshot('status of a failure');
  await editor.page.locator('.hover-language-status').getByText('Choose Interpreter…').first().click();
  await row('Browse…').waitFor();
  await editor.type('tools/silent');
  await row('did not answer within 6 seconds').waitFor();
  await clearNotifications();
});

step('a server that does not answer is given up, and nothing of it is left', async () => {
  editor.configure({ 'idiomatic.interpreter': '${workspaceFolder}/tools/silent-server' });
  const toast = await editor.notification('could not be started with');
  assert.match(await toast.innerText(), /tools\/silent-server: it did not answer within 6 seconds/);
  await toast.getByRole('button', { name: 'Choose Interpreter…' }).waitFor();
  await editor.screenshot('a server that hangs');
  assert.equal(await editor.page.locator('.notification-toast').count(), 1);
  await clearNotifications();
});

step('a server that ends at once is reported, with its last words', async () => {
  editor.configure({ 'idiomatic.startTimeout': 30, 'idiomatic.interpreter': PYTHON, 'idiomatic.args': ['--no-such-option'] });
  const toast = await editor.notification('could not be started with');
  assert.match(await toast.innerText(), /No such option/);
  assert.equal(await editor.page.locator('.notification-toast').count(), 1);
  await clearNotifications();
});

step('an environment that is made later is taken up by itself', async () => {
  editor.configure({ 'idiomatic.args': [], 'idiomatic.interpreter': '${workspaceFolder}/.venv/bin/python' });
  await editor.notification('.venv/bin/python (setting idiomatic.interpreter) does not exist');
  await editor.open('crash.py');
  await editor.underlined(0);
  editor.write({ '.venv/bin/python': GOOD });
  await editor.underlined(3);
});

step('the extension host has seen no error, and no message had a stack', () => {
  const { host, extension } = editor.logs();
  assert.deepEqual(host.split('\n').filter((line) => /\[(error|critical|warning)\]/.test(line)), []);
  assert.doesNotMatch(extension, /^\s+at /m);
});

/** Kills the server, once there is one. */
async function crashed() {
  const [server, ...others] = await poll('a server', () => (editor.servers().length > 0 ? editor.servers() : undefined));
  assert.deepEqual(others, []);
  process.kill(server, 'SIGKILL');
  await poll('its end', () => !editor.servers().includes(server));
}
