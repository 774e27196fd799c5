import { readdirSync } from 'node:fs';
import * as path from 'node:path';
import { Disposable, extensions, type Uri, workspace } from 'vscode';

import type { Server } from './server';

const EXTENSION = 'charliermarsh.ruff';

/** What ruff's extension does in a folder: which ruff, and what the editor's settings tell it. */
interface Ruff {
  readonly version: string | undefined;
  readonly select: readonly string[] | undefined;
  readonly extendSelect: readonly string[] | undefined;
  readonly ignore: readonly string[] | undefined;
  readonly preview: boolean | undefined;
}

/** The ruff that runs beside this extension, if one does: what it reports, the server need not report again. */
export function ruffBeside(scope: Uri | undefined): Ruff | undefined {
  const extension = extensions.getExtension(EXTENSION);
  const settings = workspace.getConfiguration('ruff', scope);
  if (!extension || !settings.get<boolean>('enable', true) || !settings.get<boolean>('lint.enable', true)) {
    return undefined;
  }
  return {
    version: bundledIn(extension.extensionPath),
    select: settings.get<string[] | null>('lint.select') ?? undefined,
    extendSelect: settings.get<string[] | null>('lint.extendSelect') ?? undefined,
    ignore: settings.get<string[] | null>('lint.ignore') ?? undefined,
    preview: settings.get<boolean | null>('lint.preview') ?? undefined,
  };
}

/** Tells the server when ruff's extension comes, goes or is told something else. */
export function followRuff(server: Server): Disposable {
  let last = JSON.stringify(ruffBeside(undefined));
  const tell = (): void => {
    void server.client?.sendNotification('workspace/didChangeConfiguration', { settings: null }).catch(() => undefined);
  };
  return Disposable.from(
    extensions.onDidChange(() => {
      const now = JSON.stringify(ruffBeside(undefined));
      if (now !== last) {
        last = now;
        tell();
      }
    }),
    workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('ruff')) {
        tell();
      }
    }),
  );
}

function bundledIn(folder: string): string | undefined {
  try {
    const names = readdirSync(path.join(folder, 'bundled', 'libs'));
    return names.map((name) => /^ruff-(.+)\.dist-info$/.exec(name)?.[1]).find((version) => version !== undefined);
  } catch {
    return undefined;
  }
}
