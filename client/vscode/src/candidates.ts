import { existsSync, realpathSync } from 'node:fs';
import * as path from 'node:path';
import { workspace } from 'vscode';

import type { Candidate } from './interpreter';
import { isBelow } from './paths';
import { installed, namedOnPath, onPath, pythonIn } from './places';
import { activeEnvironment, knownEnvironments } from './python_extension';

/** The interpreters that may run the server, best first. */
export async function* candidates(setting: string): AsyncGenerator<Candidate> {
  // What the user names is used or reported; running another one silently would hide the mistake.
  yield* allowed(setting ? fromSetting(setting) : search());
}

/** Every interpreter there is to choose from, each once. */
export async function* choices(setting: string): AsyncGenerator<Candidate> {
  const seen = new Set<string>();
  for await (const candidate of allowed(all(setting))) {
    const place = identity(candidate.path);
    if (!seen.has(place)) {
      seen.add(place);
      yield candidate;
    }
  }
}

/** Whether a file belongs to the workspace, and so may be what somebody else wants to have run. */
export function isInWorkspace(file: string): boolean {
  return (workspace.workspaceFolders ?? []).some(({ uri }) => isBelow(file, uri.fsPath));
}

async function* allowed(all: Iterable<Candidate> | AsyncIterable<Candidate>): AsyncGenerator<Candidate> {
  for await (const candidate of all) {
    if (workspace.isTrusted || !isInWorkspace(candidate.path)) {
      yield candidate;
    }
  }
}

function fromSetting(setting: string): Candidate[] {
  const origin = 'setting idiomatic.interpreter';
  if (path.basename(setting) === setting) {
    const found = [...namedOnPath(setting, origin)];
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
  yield* environmentsOfWorkspace(['.venv']);
  yield* onPath();
  yield* installed();
}

async function* all(setting: string): AsyncGenerator<Candidate> {
  if (setting) {
    yield* fromSetting(setting);
  }
  yield* search();
  yield* environmentsOfWorkspace(['venv', 'env']);
  if (workspace.isTrusted) {
    for (const file of await knownEnvironments()) {
      yield { path: file, origin: 'known to the Python extension' };
    }
  }
}

function* environmentsOfWorkspace(names: readonly string[]): Generator<Candidate> {
  for (const { uri } of workspace.workspaceFolders ?? []) {
    for (const name of names) {
      const python = pythonIn(path.join(uri.fsPath, name));
      if (existsSync(python)) {
        yield { path: python, origin: 'environment of the workspace' };
      }
    }
  }
}

// `python3` beside the `python3.12` that it links to is the same; the one of a virtual environment is not.
function identity(file: string): string {
  try {
    return path.join(realpathSync(path.dirname(file)), path.basename(realpathSync(file)));
  } catch {
    return file;
  }
}
