import { commands, Disposable, type ExtensionContext, languages, Uri, window, workspace } from 'vscode';

import { SECTION } from './settings';

/** What the steps of the walkthrough are told, so that they are ticked off: names of the editor's contexts. */
const FOUND = 'idiomatic.hasFound';

/** Offers the example of the walkthrough, and notices when its first step is done. */
export function accompanyWalkthrough(context: ExtensionContext): Disposable {
  const found = languages.onDidChangeDiagnostics(({ uris }) => {
    if (uris.some((uri) => languages.getDiagnostics(uri).some(({ source }) => source === SECTION))) {
      found.dispose();
      void commands.executeCommand('setContext', FOUND, true);
    }
  });
  return Disposable.from(
    found,
    commands.registerCommand('idiomatic.openExample', () => openExample(context)),
  );
}

/** Notes that a fix of the server's was applied. */
export function noteFix(): void {
  void commands.executeCommand('setContext', 'idiomatic.hasFixed', true);
}

async function openExample(context: ExtensionContext): Promise<void> {
  const file = Uri.joinPath(context.extensionUri, 'walkthrough', 'example.py');
  const content = new TextDecoder().decode(await workspace.fs.readFile(file));
  await window.showTextDocument(await workspace.openTextDocument({ language: 'python', content }));
}
