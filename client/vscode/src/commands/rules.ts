import { type QuickPickItem, QuickPickItemKind, window } from 'vscode';

import { type Connected, execute } from './request';

interface Rule {
  readonly name: string;
  readonly family: string;
  readonly advice: string;
  readonly found: number;
}

/** The rule that the user picks from all of them, those found in the active file first. */
export async function pickRule(server: Connected, title: string): Promise<string | undefined> {
  const uri = activeUri(server);
  const rules = await execute<Rule[]>(server, 'idiomatic.server.rules', uri ?? null);
  if (!rules) {
    return undefined;
  }
  const picked = await window.showQuickPick(items(rules), { title, matchOnDescription: true, matchOnDetail: true });
  return picked?.label;
}

/** The active file, as the server calls it. */
export function activeUri({ client }: Connected): string | undefined {
  const document = window.activeTextEditor?.document;
  return document && client && document.languageId === 'python' ? client.code2ProtocolConverter.asUri(document.uri) : undefined;
}

function items(rules: readonly Rule[]): QuickPickItem[] {
  let group = '';
  return rules.flatMap(({ name, family, advice, found }) => {
    const own = found > 0 ? 'in this file' : family;
    const separator = own === group ? [] : [{ label: own, kind: QuickPickItemKind.Separator }];
    group = own;
    const description = found > 0 ? `${family} · ${found} in this file` : family;
    return [...separator, { label: name, description, detail: advice }];
  });
}
