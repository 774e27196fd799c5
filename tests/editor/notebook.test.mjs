// Notebooks, and two folders in one window, each with a configuration of its own.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { Editor, poll, steps } from './editor.mjs';

const UTCNOW = 'from datetime import datetime\n\n\ndef stamp():\n    return datetime.utcnow()\n';
const QUIET = 'try:\n    stamp.tick()\nexcept AttributeError:\n    pass\n';

const cell = (source, more = {}) => ({
  cell_type: 'code', execution_count: null, id: `cell${source.length}`, metadata: {}, outputs: [],
  source: source.split(/(?<=\n)/), ...more,
});
const notebook = (...cells) => `${JSON.stringify({
  cells,
  metadata: { language_info: { name: 'python' }, kernelspec: { display_name: 'Python 3', language: 'python', name: 'python3' } },
  nbformat: 4,
  nbformat_minor: 5,
}, undefined, 1)}\n`;
const text = { cell_type: 'markdown', id: 'text', metadata: {}, source: ['# Some notes\n', 'datetime.utcnow()'] };

const CELLS = [
  cell('%matplotlib inline\nfrom datetime import datetime'),
  text,
  cell('stamp = datetime.utcnow()\nstamp'),
  cell(QUIET),
];

let editor;

before(async () => {
  editor = await Editor.start('notebook', {
    files: {
      'one/analysis.ipynb': notebook(...CELLS),
      'one/first.py': UTCNOW,
      'one/idiomatic.toml': 'ignore = ["suppress-exception"]\n[severity]\nnaive-utcnow = "error"\n',
      'two/second.py': UTCNOW,
      'two/idiomatic.toml': '[severity]\nnaive-utcnow = "warning"\n',
      'three/third.py': UTCNOW,
      'three/idiomatic.toml': 'ignore = ["naive-utcnow"]\n',
    },
    folders: ['one', 'two'],
    open: 'one/first.py',
    settings: { 'notebook.codeActionsOnSave': { 'notebook.source.fixAll': 'explicit' } },
  });
});

after(() => editor?.close());

const step = steps(() => editor);

/** The cells on disk: none while the file is being written, for the editor empties it first. */
function sources() {
  const written = editor.read('one/analysis.ipynb');
  return written === '' ? [] : JSON.parse(written).cells.map(({ source }) => [source].flat().join(''));
}

/** Puts the cursor into the cell that has a text, behind the first character of that. */
async function click(words) {
  const word = editor.page.locator('.notebookOverlay .view-line > span > span', { hasText: words }).first();
  await word.click({ position: { x: 6, y: 6 } });
  await editor.page.locator('.notebookOverlay .monaco-editor.focused').waitFor();
}

step('a cell knows what the one above imports', async () => {
  // By hand: what is opened with the window is shown as text.
  await editor.press('Control+p');
  await editor.type('analysis.ipynb');
  await editor.page.locator('.quick-input-list .monaco-list-row .label-name', { hasText: 'analysis.ipynb' }).first().click();
  editor.area = '.notebookOverlay';
  await editor.underlined(1);
  assert.deepEqual(await editor.underlinedTexts(), ['datetime.utcnow()']);
  const text = await editor.hover('utcnow', 'datetime.now(UTC)');
  assert.match(text, /naive-utcnow/);
  assert.match(text, /%matplotlib inline\s*-from datetime import datetime/);
});

step('a quick fix rewrites the cell, and imports in the one above', async () => {
  const fix = editor.page.locator('.action-widget .monaco-list-row.action', { hasText: 'now(UTC)` (aware instead of naive)' });
  await poll('the menu of quick fixes', async () => {
    // Escape closes a menu, but leaves the cell as well.
    await click('utcnow');
    await editor.press('Control+.');
    return fix.first().waitFor({ timeout: 3_000 }).then(() => true, () => editor.press('Escape'));
  });
  await editor.screenshot('quick fix menu in a cell');
  await editor.press('Enter');
  await editor.underlined(0);
  await editor.press('Control+s');
  const wanted = [
    '%matplotlib inline\nfrom datetime import UTC, datetime',
    text.source.join(''),
    'stamp = datetime.now(UTC)\nstamp',
    QUIET,
  ];
  await poll('the notebook on disk', () => JSON.stringify(sources()) === JSON.stringify(wanted), 10_000).catch(() => {
    assert.deepEqual(sources(), wanted);
  });
});

step('all safe fixes of a notebook are applied on save', async () => {
  editor.write({ 'one/idiomatic.toml': '[severity]\nnaive-utcnow = "error"\n' });
  await editor.underlined(2); // two lines
  await click('tick');
  await editor.press('End');
  await editor.type('  # twice');
  await editor.press('Control+s');
  const [imports, , , quiet] = await poll('fixed on save', async () => {
    const found = sources();
    return found[3]?.includes('suppress') ? found : undefined;
  }, 10_000).catch(() => sources());
  assert.equal(imports, '%matplotlib inline\nimport contextlib\nfrom datetime import UTC, datetime');
  assert.equal(quiet, 'with contextlib.suppress(AttributeError):\n    stamp.tick()  # twice\n');
  await editor.underlined(0);
});

step('each folder has its own configuration', async () => {
  editor.area = '.editor-instance';
  await editor.open('first.py');
  await editor.page.locator('.editor-instance .squiggly-error').waitFor({ state: 'attached' });
  await editor.open('second.py');
  await editor.page.locator('.editor-instance .squiggly-warning').waitFor({ state: 'attached' });
});

step('each folder has its own settings, which take effect at once', async () => {
  const settings = (more) => editor.write({ 'two/.vscode/settings.json': JSON.stringify(more) });
  settings({ 'idiomatic.severity': { 'naive-utcnow': 'off' } });
  await editor.underlined(0);
  await editor.open('first.py');
  await editor.page.locator('.editor-instance .squiggly-error').waitFor({ state: 'attached' });
  settings({ 'idiomatic.ignore': [] });
  await editor.open('second.py');
  await editor.page.locator('.editor-instance .squiggly-warning').waitFor({ state: 'attached' });
});

step('folders come and go', async () => {
  editor.setFolders(['one', 'two', 'three']);
  await editor.page.locator('.explorer-folders-view .monaco-list-row', { hasText: /^three$/ }).waitFor();
  await editor.open('third.py');
  await editor.underlined(0);
  editor.write({ 'three/idiomatic.toml': '' });
  await editor.underlined(1);
  editor.setFolders(['one', 'three']);
  editor.write({ 'three/.vscode/settings.json': JSON.stringify({ 'idiomatic.ignore': ['naive-utcnow'] }) });
  await editor.underlined(0);
});

step('nothing went wrong in the logs', () => {
  const { host, extension } = editor.logs();
  const complaints = (host + extension).split('\n').filter((line) => /\[(error|critical|warning)\]/.test(line));
  assert.deepEqual(complaints, []);
});
