import {
  commands,
  type Diagnostic,
  Disposable,
  type ExtensionContext,
  languages,
  Selection,
  type TextDocument,
  Uri,
  window,
  workspace,
} from 'vscode';

import { SECTION } from './settings';

/** What the steps of the walkthrough are told, so that they are ticked off: names of the editor's contexts. */
const FOUND = 'idiomatic.hasFound';

/** How long a step waits for a finding in the example: the server may just be starting. */
const PATIENCE_MS = 15_000;

/** Offers the example of the walkthrough, and notices when its first step is done. */
export function accompanyWalkthrough(context: ExtensionContext): Disposable {
  const found = languages.onDidChangeDiagnostics(({ uris }) => {
    if (uris.some((uri) => findings(uri).length > 0)) {
      found.dispose();
      void commands.executeCommand('setContext', FOUND, true);
    }
  });
  // The buttons of all steps lead to the same text: an editor without one, as the walkthrough is, has nothing to fix.
  let opened: TextDocument | undefined;
  const example = async (): Promise<TextDocument> => {
    opened = opened && !opened.isClosed ? opened : await newExample(context);
    return opened;
  };
  return Disposable.from(
    found,
    commands.registerCommand('idiomatic.openExample', async () => window.showTextDocument(await example())),
    commands.registerCommand('idiomatic.fixExample', async () => fixExample(await example())),
    commands.registerCommand('idiomatic.insertIntoExample', async () => insertInto(await example())),
  );
}

/** Notes that a fix of the server's was applied. */
export function noteFix(): void {
  void commands.executeCommand('setContext', 'idiomatic.hasFixed', true);
}

async function newExample(context: ExtensionContext): Promise<TextDocument> {
  const file = Uri.joinPath(context.extensionUri, 'walkthrough', 'example.py');
  const content = new TextDecoder().decode(await workspace.fs.readFile(file));
  return workspace.openTextDocument({ language: 'python', content });
}

/** Shows the fixes of the first finding in the example. */
async function fixExample(document: TextDocument): Promise<void> {
  const editor = await window.showTextDocument(document);
  const finding = await firstFinding(document.uri);
  if (finding) {
    editor.selection = new Selection(finding.range.start, finding.range.start);
    await commands.executeCommand('editor.action.quickFix');
  }
}

/** Lets the user choose a template for the end of the example. */
async function insertInto(document: TextDocument): Promise<void> {
  const editor = await window.showTextDocument(document);
  const end = document.lineAt(document.lineCount - 1).range.end;
  editor.selection = new Selection(end, end);
  await commands.executeCommand('idiomatic.insertIdiom');
}

function findings(uri: Uri): Diagnostic[] {
  return languages.getDiagnostics(uri).filter(({ source }) => source === SECTION);
}

function firstFinding(uri: Uri): Promise<Diagnostic | undefined> {
  return new Promise((resolve) => {
    const look = (): void => {
      const [finding] = findings(uri);
      if (finding) {
        done(finding);
      }
    };
    const done = (finding?: Diagnostic): void => {
      clearTimeout(timer);
      listening.dispose();
      resolve(finding);
    };
    const timer = setTimeout(done, PATIENCE_MS);
    const listening = languages.onDidChangeDiagnostics(look);
    look();
  });
}
