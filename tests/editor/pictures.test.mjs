// The pictures of the extension's page: `make pictures` takes them over.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { Editor } from './editor.mjs';

const DASHBOARD = `import asyncio


async def fetch(path: str) -> str: ...


async def dashboard(user: str) -> dict[str, str]:
    profile, orders = await asyncio.gather(
        fetch(f"/users/{user}"),
        fetch(f"/orders/{user}"),  # the slow one
    )
    return {"profile": profile, "orders": orders}
`;

let editor;

before(async () => {
  editor = await Editor.start('pictures', {
    files: { 'dashboard.py': DASHBOARD, 'client.py': 'import random\n\nretry\n' },
    open: 'dashboard.py',
    scale: 2,
    settings: {
      'workbench.colorTheme': 'Default Dark Modern',
      'workbench.activityBar.location': 'hidden',
      'workbench.statusBar.visible': false,
      'workbench.layoutControl.enabled': false,
      'workbench.sideBar.location': 'left',
      'window.commandCenter': false,
      'window.menuBarVisibility': 'hidden',
      'breadcrumbs.enabled': false,
      'editor.fontSize': 13,
      'editor.stickyScroll.enabled': false,
    },
  });
  await editor.page.setViewportSize({ width: 960, height: 620 });
  await editor.command('View: Close Primary Side Bar');
});

after(() => editor?.close());

// What is around the editor is of no interest.
async function take(name, height) {
  const box = await editor.page.locator('.editor-instance').first().boundingBox();
  await editor.page.waitForTimeout(500); // until nothing fades in any more
  const file = path.join(editor.artifacts, `${name}.png`);
  await editor.page.screenshot({ path: file, clip: { ...box, height: Math.min(height, box.height) } });
}

test('a hover', async () => {
  await editor.squiggles.first().waitFor();
  const text = await editor.hover('gather', 'TaskGroup');
  assert.match(text, /async with asyncio\.TaskGroup\(\) as tg/);
  await take('hover', 410);
  await editor.press('Escape');
});

test('the fixes', async () => {
  await editor.goto(8, 40);
  await editor.quickFixes('TaskGroup');
  await take('fixes', 330);
  await editor.press('Escape');
});

test('a template', async () => {
  await editor.open('client.py');
  await editor.goto(3, 6);
  const row = editor.page.locator('.suggest-widget.visible .monaco-list-row', { hasText: 'retry' }).first();
  await editor.menu('Control+Space', row);
  // The second time, it shows the documentation.
  await editor.press('Control+Space');
  await editor.page.locator('.suggest-details-container', { hasText: 'attempts' }).first().waitFor();
  await take('template', 400);
});
