import * as path from 'node:path';
import {
  env,
  type QuickPickItem,
  QuickPickItemKind,
  SnippetString,
  SnippetTextEdit,
  type TextEditor,
  window,
  workspace,
  WorkspaceEdit,
} from 'vscode';
import type { LanguageClient, Range, TextEdit } from 'vscode-languageclient/node';

import type { Preview } from './preview';
import { type Connected, execute } from './request';

interface Fitting {
  readonly name: string;
  readonly title: string;
  readonly group: string;
  /** The command that installs what is missing for it. */
  readonly install: string | null;
}

interface Inserted {
  readonly version: number;
  readonly range: Range;
  readonly snippet: string;
  readonly edits: TextEdit[];
  readonly preview: string;
}

interface Item extends QuickPickItem {
  readonly template?: Fitting;
}

/** Inserts one of the templates that fit at the cursor, with its tab stops and imports. */
export async function insertIdiom(server: Connected, preview: Preview): Promise<void> {
  const editor = window.activeTextEditor;
  const client = server.client;
  if (!editor) {
    void window.showInformationMessage('Open a Python file, and put the cursor where the idiom is to stand.');
    return;
  }
  const place = client ? [client.code2ProtocolConverter.asUri(editor.document.uri), client.code2ProtocolConverter.asRange(editor.selection)] : [];
  const fitting = await execute<Fitting[]>(server, 'idiomatic.server.templates', ...place);
  if (!fitting || !client) {
    return;
  }
  if (fitting.length === 0) {
    void window.showInformationMessage('No template fits at the cursor.');
    return;
  }
  const made = (name: string): Promise<Inserted | undefined> => execute(server, 'idiomatic.server.insertion', ...place, name);
  const extension = path.extname(editor.document.fileName) || '.py';
  const template = await pick(fitting, async ({ name }, isCurrent) => {
    const inserted = await made(name);
    if (inserted && isCurrent()) {
      await preview.show(inserted.preview, extension);
    }
  });
  await preview.close();
  const inserted = template && (await made(template.name));
  if (inserted) {
    await insert(editor, client, inserted);
    if (template.install !== null) {
      void offerInstalling(template, template.install);
    }
  }
}

/** The template that the user picks; each that is looked at meanwhile is shown. */
function pick(fitting: readonly Fitting[], show: (template: Fitting, isCurrent: () => boolean) => Promise<void>): Promise<Fitting | undefined> {
  return new Promise((resolve) => {
    const list = window.createQuickPick<Item>();
    let isOpen = true;
    let chosen: Fitting | undefined;
    list.title = 'Insert which idiom?';
    list.matchOnDescription = true;
    list.matchOnDetail = true;
    list.items = items(fitting);
    list.onDidChangeActive(([item]) => {
      if (item?.template) {
        void show(item.template, () => isOpen && list.activeItems[0] === item);
      }
    });
    list.onDidAccept(() => {
      chosen = list.activeItems[0]?.template;
      list.hide();
    });
    list.onDidHide(() => {
      isOpen = false;
      list.dispose();
      resolve(chosen);
    });
    list.show();
  });
}

function items(fitting: readonly Fitting[]): Item[] {
  let group = '';
  return fitting.flatMap((template) => {
    const own = template.install === null ? template.group : 'not installed';
    const separator: Item[] = own === group ? [] : [{ label: own, kind: QuickPickItemKind.Separator }];
    group = own;
    const description = template.install ?? template.group;
    return [...separator, { label: template.name, description, detail: template.title, template }];
  });
}

async function insert({ document, viewColumn }: TextEditor, client: LanguageClient, inserted: Inserted): Promise<void> {
  if (document.version !== inserted.version) {
    void window.showInformationMessage('The file was edited meanwhile: nothing was inserted.');
    return;
  }
  const range = client.protocol2CodeConverter.asRange(inserted.range);
  const others = await client.protocol2CodeConverter.asTextEdits(inserted.edits);
  // The tab stops need the focus.
  await window.showTextDocument(document, viewColumn);
  const edit = new WorkspaceEdit();
  // One edit, so that it is undone in one step; it begins at the start of a line, where nothing is indented again.
  edit.set(document.uri, [new SnippetTextEdit(range, new SnippetString(inserted.snippet)), ...others]);
  await workspace.applyEdit(edit);
}

async function offerInstalling({ name }: Fitting, install: string): Promise<void> {
  const choice = await window.showInformationMessage(`${name} needs a library that is not installed: ${install}`, 'Copy Command');
  if (choice) {
    await env.clipboard.writeText(install);
  }
}
