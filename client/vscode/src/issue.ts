import { homedir } from 'node:os';
import { commands, env, type ExtensionContext, UIKind, version, window, workspace } from 'vscode';

import type { Log } from './log';
import { describe } from './problems';
import { type Folders, redacted, withoutFolders } from './redaction';
import type { Server } from './server';
import { SECTION } from './settings';

const LOG_LINES = 30;

interface Manifest {
  readonly version: string;
  readonly bugs?: { readonly url?: string };
  readonly contributes: { readonly configuration: { readonly properties?: Properties } | { readonly properties?: Properties }[] };
}

type Properties = Readonly<Record<string, unknown>>;

/** Opens a report with everything filled in that somebody else would ask for first. */
export async function reportIssue(context: ExtensionContext, server: Server, log: Log): Promise<void> {
  const manifest = context.extension.packageJSON as Manifest;
  const body = report(manifest, server, log);
  // The editor's own form sends reports to where the extension says; in a browser there is none.
  if (manifest.bugs?.url && env.uiKind === UIKind.Desktop) {
    await commands.executeCommand('workbench.action.openIssueReporter', { extensionId: context.extension.id, issueBody: body });
    return;
  }
  await window.showTextDocument(await workspace.openTextDocument({ language: 'markdown', content: body }));
}

function report(manifest: Manifest, server: Server, log: Log): string {
  const { state, client } = server;
  const folders = privateFolders();
  const interpreter = 'interpreter' in state ? state.interpreter : undefined;
  const info = client?.initializeResult?.serverInfo;
  const rows: [string, string][] = [
    ['extension', manifest.version],
    ['server', info ? `${info.name} ${info.version ?? ''}` : 'not running'],
    ['Python', interpreter ? `${interpreter.version} (${interpreter.origin})` : 'none'],
    ['interpreter', interpreter ? interpreter.path : 'none'],
    ['editor', `${env.appName} ${version}${env.remoteName ? `, remote: ${env.remoteName}` : ''}`],
    ['platform', `${process.platform} ${process.arch}, Node.js ${process.versions.node}`],
    ['state', state.kind === 'failed' ? describe(state.problem) : state.kind],
  ];
  const table = rows.map(([name, value]) => `| ${name} | ${withoutFolders(value, folders)} |`);
  const settings = withoutFolders(JSON.stringify(changedSettings(manifest), undefined, 2), folders);
  const lines = redacted(log.recent.slice(-LOG_LINES), folders);
  return `# idiomatic: …

## What happens

…

## What should happen

…

## How to see it

A piece of code is best, as small as possible, with the name of the rule.

## Versions

| | |
|---|---|
${table.join('\n')}

## Settings that were changed

\`\`\`json
${settings}
\`\`\`

## The end of the log

Code, and where your files are, was left out. Please have a look at it all the same before you send it.

\`\`\`
${lines.join('\n')}
\`\`\`
`;
}

/** The settings that have another value than the one they come with. */
function changedSettings(manifest: Manifest): Record<string, unknown> {
  const configuration = workspace.getConfiguration(SECTION);
  const changed: Record<string, unknown> = {};
  for (const { properties = {} } of [manifest.contributes.configuration].flat()) {
    for (const name of Object.keys(properties)) {
      const key = name.slice(SECTION.length + 1);
      const set = configuration.inspect(key);
      const value = set?.workspaceFolderValue ?? set?.workspaceValue ?? set?.globalValue;
      if (value !== undefined) {
        changed[name] = value;
      }
    }
  }
  return changed;
}

function privateFolders(): Folders {
  const own = (workspace.workspaceFolders ?? []).map(({ uri }, index) => [uri.fsPath, index ? `<folder ${index + 1}>` : '<folder>'] as const);
  return [...own, [homedir(), '~']];
}
