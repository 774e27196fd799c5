import { commands, type Diagnostic, Disposable, type TextDocumentContentProvider, Uri, window, workspace } from 'vscode';

import type { Client } from './client';
import type { Server } from './server';

const SCHEME = 'idiomatic';
// What package.json associates with the scheme as well: a link can name a document, and not how it is shown.
const RENDERED = 'vscode.markdown.preview.editor';
const EXPLAIN = 'idiomatic.server.explain';

/** Shows the pages of rules in the editor, without a network: the server has their text. */
export function provideRulePages(server: Server): Disposable {
  const provider: TextDocumentContentProvider = {
    provideTextDocumentContent: ({ path }) => explained(server.client, nameIn(path)),
  };
  return Disposable.from(
    workspace.registerTextDocumentContentProvider(SCHEME, provider),
    commands.registerCommand('idiomatic.openRule', openRule),
  );
}

/** Opens the page of a rule. */
export async function openRule(rule: unknown): Promise<void> {
  if (typeof rule === 'string' && /^[a-z][a-z0-9-]*$/.test(rule)) {
    await commands.executeCommand('vscode.openWith', pageOf(rule), RENDERED);
  }
}

/** Makes the name of the rule that a diagnostic has for a code open its page here, where the server can explain it. */
export function linked(diagnostics: Diagnostic[], client: Client | undefined): Diagnostic[] {
  if (!client || !offers(client)) {
    return diagnostics;
  }
  for (const diagnostic of diagnostics) {
    const rule = ruleOf(diagnostic);
    if (rule !== undefined) {
      diagnostic.code = { value: rule, target: pageOf(rule) };
    }
  }
  return diagnostics;
}

// What is wrong in a configuration file has a code as well, but no rule.
function ruleOf(diagnostic: Diagnostic & { readonly data?: { readonly rule?: unknown } | null }): string | undefined {
  const rule = diagnostic.data?.rule;
  return typeof rule === 'string' ? rule : undefined;
}

function offers(client: Client): boolean {
  return client.initializeResult?.capabilities.executeCommandProvider?.commands.includes(EXPLAIN) ?? false;
}

function pageOf(rule: string): Uri {
  return Uri.from({ scheme: SCHEME, path: `/${rule}.md` });
}

function nameIn(path: string): string {
  return path.replace(/^\/|\.md$/g, '');
}

async function explained(client: Client | undefined, rule: string): Promise<string> {
  if (!client || !offers(client)) {
    void window.showInformationMessage('The idiomatic server that runs now has no pages for rules.');
    return '';
  }
  const answer: unknown = await client.sendRequest('workspace/executeCommand', { command: EXPLAIN, arguments: [rule] });
  return typeof answer === 'string' ? answer : '';
}
