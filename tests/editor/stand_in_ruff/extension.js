// What ruff's extension shows of one rule, DTZ003, unless it is switched off.
const vscode = require('vscode');

exports.activate = function activate(context) {
  const shown = vscode.languages.createDiagnosticCollection('Ruff');
  const look = (document) => {
    if (document.languageId !== 'python') {
      return;
    }
    const isOn = vscode.workspace.getConfiguration('ruff').get('enable', true);
    const places = isOn ? [...document.getText().matchAll(/datetime\.utcnow\(\)/g)] : [];
    shown.set(document.uri, places.map(({ index, 0: text }) => {
      const range = new vscode.Range(document.positionAt(index), document.positionAt(index + text.length));
      const diagnostic = new vscode.Diagnostic(range, 'datetime.utcnow() is used', vscode.DiagnosticSeverity.Error);
      diagnostic.source = 'Ruff';
      diagnostic.code = { value: 'DTZ003', target: vscode.Uri.parse('https://docs.astral.sh/ruff/rules/call-datetime-utcnow') };
      return diagnostic;
    }));
  };
  const lookAtAll = () => vscode.workspace.textDocuments.forEach(look);
  context.subscriptions.push(
    shown,
    vscode.workspace.onDidOpenTextDocument(look),
    vscode.workspace.onDidChangeTextDocument(({ document }) => look(document)),
    vscode.workspace.onDidChangeConfiguration(lookAtAll),
  );
  lookAtAll();
};
