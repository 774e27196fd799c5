import * as path from 'node:path';
import { Position, Range, Selection, type TextDocument, Uri, window, workspace, WorkspaceEdit } from 'vscode';

import { OWN_FILE, SHARED_FILE, START, tableLine } from './configuration_start';

/** Opens what configures the file in the active editor, and offers to make it where there is nothing. */
export async function openConfiguration(): Promise<void> {
  const from = startingPoint();
  if (!from) {
    void window.showInformationMessage('Open a folder or a Python file first: its configuration is what is looked for.');
    return;
  }
  const found = await nearest(from);
  if (found) {
    await show(found.file, found.line);
  } else {
    await offerToCreate(from);
  }
}

function startingPoint(): Uri | undefined {
  const document = window.activeTextEditor?.document;
  return document?.uri.scheme === 'file' ? Uri.joinPath(document.uri, '..') : workspace.workspaceFolders?.[0]?.uri;
}

/** The file that counts for those in a directory, as the server finds it: upwards, its own file before the shared one. */
async function nearest(directory: Uri): Promise<{ file: Uri; line: number } | undefined> {
  for (const folder of upwards(directory)) {
    const own = Uri.joinPath(folder, OWN_FILE);
    if ((await read(own)) !== undefined) {
      return { file: own, line: 0 };
    }
    const shared = Uri.joinPath(folder, SHARED_FILE);
    const line = tableLine((await read(shared)) ?? '');
    if (line >= 0) {
      return { file: shared, line };
    }
  }
  return undefined;
}

async function offerToCreate(from: Uri): Promise<void> {
  const root = await projectRoot(from);
  const hasShared = (await read(Uri.joinPath(root, SHARED_FILE))) !== undefined;
  const shared = {
    label: SHARED_FILE,
    description: hasShared ? 'add the table [tool.idiomatic]' : 'create it with the table [tool.idiomatic]',
    detail: 'Beside what the project’s other tools are told',
  };
  const own = { label: OWN_FILE, description: 'create it', detail: 'A file for idiomatic alone' };
  const chosen = await window.showQuickPick(hasShared ? [shared, own] : [own, shared], {
    title: 'There is no configuration of idiomatic yet',
    placeHolder: `Where in ${workspace.asRelativePath(root)} should it be?`,
  });
  if (chosen) {
    await create(Uri.joinPath(root, chosen.label));
  }
}

async function create(file: Uri): Promise<void> {
  const start = START[path.posix.basename(file.path)] ?? '';
  const edit = new WorkspaceEdit();
  edit.createFile(file, { ignoreIfExists: true });
  await workspace.applyEdit(edit);
  const document = await workspace.openTextDocument(file);
  const text = document.getText();
  const gap = text.trim() === '' ? '' : text.endsWith('\n') ? '\n' : '\n\n';
  const insertion = new WorkspaceEdit();
  insertion.insert(file, document.positionAt(text.length), gap + start);
  await workspace.applyEdit(insertion);
  await document.save();
  await show(file, Math.max(0, tableLine(document.getText())));
}

/** The folder that is the project's: where its `pyproject.toml` is, else the one that is open, else the file's. */
async function projectRoot(from: Uri): Promise<Uri> {
  const folder = workspace.getWorkspaceFolder(from)?.uri;
  for (const directory of upwards(from)) {
    if ((await read(Uri.joinPath(directory, SHARED_FILE))) !== undefined) {
      return directory;
    }
    if (directory.toString() === folder?.toString()) {
      break;
    }
  }
  return folder ?? from;
}

async function show(file: Uri, line: number): Promise<TextDocument> {
  const position = new Position(line, 0);
  const editor = await window.showTextDocument(file, { selection: new Selection(position, position) });
  editor.revealRange(new Range(position, position));
  return editor.document;
}

function* upwards(directory: Uri): Generator<Uri> {
  for (let folder = directory, last = ''; folder.path !== last; folder = Uri.joinPath(folder, '..')) {
    yield folder;
    last = folder.path;
  }
}

/** The text of a file as it is in the editor, else on the disk; nothing if there is none. */
async function read(file: Uri): Promise<string | undefined> {
  const open = workspace.textDocuments.find(({ uri }) => uri.toString() === file.toString());
  if (open) {
    return open.getText();
  }
  try {
    return new TextDecoder().decode(await workspace.fs.readFile(file));
  } catch {
    return undefined;
  }
}
