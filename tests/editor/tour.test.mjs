// Every rule's own example, fixed, read and taken back by keyboard, and a template of each group inserted by its prefix.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before } from 'node:test';

import { Editor, poll, steps } from './editor.mjs';

const { rules, templates } = JSON.parse(readFileSync(process.env.TOUR, 'utf8'));

let editor;

before(async () => {
  const files = Object.fromEntries(rules.map(({ name, before: text }) => [`${name}.py`, text]));
  for (const { file, around } of templates) {
    files[file] = around;
  }
  editor = await Editor.start('tour', { files, open: `${rules[0].name}.py` });
});

after(() => editor?.close());

const step = steps(() => editor);

for (const { name, before: text, after: fixed, title, line, column } of rules) {
  step(`${name} is fixed and undone by keyboard, and explained`, async () => {
    const file = `${name}.py`;
    await editor.open(file);
    await poll('something is underlined', async () => (await editor.squiggles.count()) > 0);
    await editor.goto(line, column);
    await editor.press('Control+k', 'Control+i');
    await editor.page.locator('.monaco-hover:visible', { hasText: name }).first().waitFor();
    await editor.page.locator('.monaco-hover:visible .monaco-tokenized-source').first().waitFor();
    await editor.screenshot(`${name} explained`);
    await editor.press('Escape');
    await editor.quickFixes(title);
    await editor.press('Enter');
    await poll('fixed', async () => {
      await editor.press('Control+s');
      await new Promise((resolve) => setTimeout(resolve, 200));
      return editor.read(file) === fixed;
    });
    await editor.screenshot(`${name} fixed`);
    await editor.press('Control+z');
    await editor.save(file, text);
  });
}

for (const { name, file, prefix, line, expected } of templates) {
  step(`${name} is inserted by its prefix`, async () => {
    await editor.open(file);
    await editor.goto(line, 99);
    await editor.type(prefix);
    // What only begins with it may come first, if the library of this one is not installed.
    const label = editor.page.locator('.suggest-widget.visible .label-name', { hasText: new RegExp(`^${prefix}$`) });
    await label.first().waitFor({ timeout: 5_000 }).catch(() => editor.menu('Control+Space', label.first()));
    await label.first().click();
    await editor.page.locator('.snippet-placeholder').first().waitFor({ state: 'attached' });
    await editor.press('Escape');
    await poll('inserted', async () => {
      await editor.press('Control+s');
      await new Promise((resolve) => setTimeout(resolve, 200));
      return editor.read(file).includes(expected);
    });
    assert.ok(!editor.read(file).split('\n').includes(prefix), 'the prefix is gone');
  });
}
