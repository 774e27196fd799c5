// The extension through the editor's own interface: suite.cjs runs inside the extension host, beside the extension.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';

import { Editor } from './editor.mjs';

const editor = await Editor.start('api', {
  files: {
    'module.py': 'from datetime import datetime\n\n\ndef stamp():\n    return datetime.utcnow()\n',
    'quiet.py': 'import os\n\n\ndef remove(path):\n    try:\n        os.remove(path)\n    except FileNotFoundError:\n        pass\n',
    'empty.py': '',
    'pyproject.toml': '[tool.idiomatic]\nselect = ["no-such-idiom"]\n',
  },
  suite: path.join(import.meta.dirname, 'suite.cjs'),
});
let timer;
const late = new Promise((resolve) => {
  timer = setTimeout(resolve, 120_000, 'timeout');
});
const exit = await Promise.race([editor.exit, late]);
clearTimeout(timer);
await editor.close();

const results = editor.lines.filter((line) => line.startsWith('{"name"')).map((line) => JSON.parse(line));
for (const { name, error } of results) {
  test(name, () => {
    if (error) {
      throw Object.assign(new Error(), { stack: error });
    }
  });
}
test('the extension host ran all checks', () => {
  assert.ok(results.length > 0, editor.lines.join('\n'));
  assert.notEqual(exit, 'timeout', editor.lines.join('\n'));
});
