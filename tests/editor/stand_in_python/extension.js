// What the Python extension exports of interest here: the chosen interpreter, which is read from a setting.
const vscode = require('vscode');

const chosen = () => vscode.workspace.getConfiguration('standIn').get('interpreter');

exports.activate = function activate() {
  const changed = new vscode.EventEmitter();
  vscode.workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration('standIn')) {
      changed.fire({ path: chosen() });
    }
  });
  return {
    ready: Promise.resolve(),
    environments: {
      onDidChangeActiveEnvironmentPath: changed.event,
      getActiveEnvironmentPath: () => ({ id: chosen(), path: chosen() }),
      resolveEnvironment: async ({ path }) => ({ executable: { uri: vscode.Uri.file(path) } }),
    },
  };
};
