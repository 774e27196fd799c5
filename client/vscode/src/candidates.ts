import { existsSync } from 'node:fs';
import * as path from 'node:path';
import { workspace } from 'vscode';

import type { Candidate } from './interpreter';
import { activeEnvironment } from './python_extension';

const WINDOWS = process.platform === 'win32';

/** The interpreters that may run the server, best first. */
export async function* candidates(setting: string): AsyncGenerator<Candidate> {
  const all = setting ? fromSetting(setting) : search();
  for await (const candidate of all) {
    if (workspace.isTrusted || !isInWorkspace(candidate.path)) {
      yield candidate;
    }
  }
}

// What the user names is used or reported; running another one silently would hide the mistake.
function fromSetting(setting: string): Candidate[] {
  const origin = 'setting idiomatic.interpreter';
  if (path.basename(setting) === setting) {
    const found = [...onPath(setting, origin)];
    return found.length > 0 ? found : [{ path: setting, origin }];
  }
  return [{ path: path.resolve(workspace.workspaceFolders?.[0]?.uri.fsPath ?? '', setting), origin }];
}

async function* search(): AsyncGenerator<Candidate> {
  const folders = workspace.workspaceFolders ?? [];
  if (workspace.isTrusted) {
    const chosen = await activeEnvironment(folders[0]?.uri);
    if (chosen) {
      yield { path: chosen, origin: 'chosen in the Python extension' };
    }
  }
  for (const folder of folders) {
    const python = path.join(folder.uri.fsPath, '.venv', ...(WINDOWS ? ['Scripts', 'python.exe'] : ['bin', 'python']));
    if (existsSync(python)) {
      yield { path: python, origin: 'environment of the workspace' };
    }
  }
  yield* onPath('python3', 'PATH');
  yield* onPath('python', 'PATH');
}

function* onPath(name: string, origin: string): Generator<Candidate> {
  const file = WINDOWS && !name.endsWith('.exe') ? `${name}.exe` : name;
  for (const directory of (process.env['PATH'] ?? '').split(path.delimiter)) {
    // A relative entry would be looked up in whatever directory the process happens to run in.
    if (path.isAbsolute(directory) && existsSync(path.join(directory, file))) {
      yield { path: path.join(directory, file), origin };
    }
  }
}

function isInWorkspace(file: string): boolean {
  return (workspace.workspaceFolders ?? []).some((folder) => {
    const relative = path.relative(folder.uri.fsPath, file);
    return !relative.startsWith('..') && !path.isAbsolute(relative);
  });
}
