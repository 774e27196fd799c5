// Runs inside the extension host; each check is reported to api.test.mjs as a line of JSON.
const assert = require('node:assert/strict');
const path = require('node:path');
const vscode = require('vscode');

const checks = {
  async 'a diagnostic has its place, severity, source and name'() {
    const { uri } = await open('module.py');
    const [diagnostic, ...others] = await diagnostics(uri, 1);
    assert.deepEqual(others, []);
    assert.deepEqual(plainRange(diagnostic.range), [4, 11, 4, 28]);
    assert.equal(diagnostic.source, 'idiomatic');
    assert.equal(name(diagnostic), 'naive-utcnow');
    assert.match(diagnostic.message, /utcnow/);
  },

  async 'a quick fix comes with its edit when it is resolved'() {
    const document = await open('quiet.py');
    const [diagnostic] = await diagnostics(document.uri, 1);
    const actions = await codeActions(document.uri, diagnostic.range, vscode.CodeActionKind.QuickFix);
    const preferred = actions.filter((action) => action.isPreferred);
    assert.equal(preferred.length, 1, `preferred: ${titles(preferred)}; all: ${titles(actions)}`);
    await vscode.workspace.applyEdit(preferred[0].edit);
    assert.equal(
      document.getText(),
      'import contextlib\nimport os\n\n\ndef remove(path):\n    with contextlib.suppress(FileNotFoundError):\n        os.remove(path)\n',
    );
    await diagnostics(document.uri, 0);
    await vscode.commands.executeCommand('undo');
    await diagnostics(document.uri, 1);
  },

  async 'an unsafe fix is not the preferred one, and one that keeps the behaviour is offered beside it'() {
    const { uri } = await open('module.py');
    const [diagnostic] = await diagnostics(uri, 1);
    const actions = await codeActions(uri, diagnostic.range, vscode.CodeActionKind.QuickFix);
    assert.match(actions[0].title, /aware instead of naive/);
    assert.ok(!actions[0].isPreferred);
    assert.match(actions[1].title, /keep the value naive/);
  },

  async 'fix all applies the safe fixes of a file'() {
    const document = await open('quiet.py');
    await diagnostics(document.uri, 1);
    const whole = new vscode.Range(0, 0, document.lineCount, 0);
    const actions = await codeActions(document.uri, whole, vscode.CodeActionKind.SourceFixAll.append('idiomatic'));
    assert.equal(actions.length, 1, titles(actions));
    assert.ok(actions[0].edit);
  },

  async 'a hover shows the diff'() {
    const { uri } = await open('module.py');
    await diagnostics(uri, 1);
    const hovers = await vscode.commands.executeCommand('vscode.executeHoverProvider', uri, new vscode.Position(4, 20));
    const text = hovers.flatMap(({ contents }) => contents.map(({ value }) => value)).join('\n');
    assert.match(text, /^\+\s+return datetime\.now\(UTC\)/m);
  },

  async 'templates are completed'() {
    const { uri } = await open('empty.py');
    const list = await vscode.commands.executeCommand(
      'vscode.executeCompletionItemProvider', uri, new vscode.Position(0, 0), undefined, 100,
    );
    const template = list.items.find(({ filterText, label }) => /asynccontextmanager/.test(filterText ?? label.label ?? label));
    assert.ok(template, JSON.stringify(list.items.map(({ label }) => label.label ?? label)));
    assert.ok(template.insertText instanceof vscode.SnippetString);
  },

  async 'text that was never saved is checked too'() {
    const document = await vscode.workspace.openTextDocument({
      language: 'python',
      content: 'from datetime import datetime\n\nNOW = datetime.utcnow()\n',
    });
    const [diagnostic] = await diagnostics(document.uri, 1);
    assert.deepEqual(plainRange(diagnostic.range), [2, 6, 2, 23]);
  },

  async 'a wrong configuration is shown where it is written'() {
    const { uri } = await open('pyproject.toml');
    const [diagnostic] = await diagnostics(uri, 1);
    assert.match(diagnostic.message, /no-such-idiom/);
    assert.equal(diagnostic.range.start.line, 1);
  },

  async 'the server can be restarted'() {
    const { uri } = await open('module.py');
    await diagnostics(uri, 1);
    await vscode.commands.executeCommand('idiomatic.restartServer');
    await diagnostics(uri, 1);
  },
};

exports.run = async function run() {
  for (const [name, check] of Object.entries(checks)) {
    let error;
    try {
      await check();
    } catch (failure) {
      error = String(failure.stack ?? failure);
    }
    console.log(JSON.stringify({ name, error }));
  }
};

async function open(file) {
  const { uri } = vscode.workspace.workspaceFolders[0];
  const document = await vscode.workspace.openTextDocument(vscode.Uri.joinPath(uri, file));
  await vscode.window.showTextDocument(document);
  return document;
}

async function diagnostics(uri, count) {
  const ours = () => vscode.languages.getDiagnostics(uri).filter(({ source }) => source === 'idiomatic');
  for (let waited = 0; ours().length !== count; waited += 50) {
    if (waited > 20_000) {
      assert.equal(ours().length, count, `${path.basename(uri.path)}: ${ours().map(({ message }) => message)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return ours();
}

function codeActions(uri, range, kind) {
  return vscode.commands.executeCommand('vscode.executeCodeActionProvider', uri, range, kind.value, 100);
}

function name({ code }) {
  return typeof code === 'object' ? code.value : code;
}

function plainRange({ start, end }) {
  return [start.line, start.character, end.line, end.character];
}

function titles(actions) {
  return actions.map(({ title }) => title).join(' | ');
}
