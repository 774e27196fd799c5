// The filters of the documentation's tables, in a browser: the tables are there without them.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const STATIC = path.join(import.meta.dirname, '..', '..', 'docs', '_static');
const ROWS = [
  ['dangling-task', 'concurrency', 'problem', 'safe or unsafe', 'Keep a reference'],
  ['gather-to-task-group', 'concurrency', 'idiom', 'unsafe', 'Wait for several'],
  ['class-to-dataclass', 'data', 'idiom', 'safe or unsafe', 'Let dataclass write it'],
  ['primitive-id', 'data', 'refactor', 'safe', 'Give identifiers a type'],
];
const cells = (tag, texts) => `<tr>${texts.map((text) => `<${tag}>${text}</${tag}>`).join('')}</tr>`;
const TABLE = `<div class="catalogue"><table>
  <thead>${cells('th', ['rule', 'family', 'kind', 'fixes', 'advice'])}</thead>
  <tbody>${ROWS.map((row) => cells('td', row)).join('')}</tbody>
</table></div>`;

let browser;
let page;

before(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
  page = await browser.newPage();
});

after(() => browser?.close());

/** Shows the table as a page of this address. */
async function show(query, { scripts = true } = {}) {
  // Any file will do: what counts is that the page comes from the disk.
  await page.goto(`${pathToFileURL(path.join(STATIC, 'site.css'))}${query}`);
  await page.evaluate((html) => { document.body.innerHTML = html; }, TABLE);
  if (scripts) {
    await page.addScriptTag({ path: path.join(STATIC, 'catalogue.js') });
  }
}

const names = () => page.locator('.catalogue tbody tr:visible td:first-child').allInnerTexts();

test('every row is shown without filters', async () => {
  await show('', { scripts: false });
  assert.equal((await names()).length, ROWS.length);
});

test('rows are filtered by what is in their cells, and the address says how', async () => {
  await show('');
  assert.deepEqual(await page.locator('select').evaluateAll((all) => all.map((each) => each.name)), ['family', 'kind', 'fixes']);
  assert.equal(await page.locator('output').innerText(), '4 of 4');
  await page.selectOption('select[name=fixes]', 'safe');
  assert.deepEqual(await names(), ['dangling-task', 'class-to-dataclass', 'primitive-id']);
  await page.selectOption('select[name=family]', 'data');
  await page.fill('input[name=text]', 'LET write');
  assert.deepEqual(await names(), ['class-to-dataclass']);
  assert.equal(await page.locator('output').innerText(), '1 of 4');
  assert.equal(new URL(page.url()).search, '?family=data&fixes=safe&text=LET+write');
});

test('an address brings its filters, and a strange one none', async () => {
  await show('?family=concurrency&kind=idiom');
  assert.deepEqual(await names(), ['gather-to-task-group']);
  await show('?family=nonsense');
  assert.equal((await names()).length, ROWS.length);
});
