import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import * as path from 'node:path';

import type { Candidate } from './interpreter';

export const WINDOWS = process.platform === 'win32';

/** The interpreter of a virtual environment, or of any other folder that Python is installed in. */
export function pythonIn(environment: string): string {
  return path.join(environment, ...(WINDOWS ? ['Scripts', 'python.exe'] : ['bin', 'python']));
}

/** The interpreters on PATH: those that go by the plain name first, then the others from new to old. */
export function* onPath(): Generator<Candidate> {
  yield* namedOnPath('python3', 'PATH');
  yield* namedOnPath('python', 'PATH');
  const name = WINDOWS ? /^python3\.\d+\.exe$/i : /^python3\.\d+$/;
  const versioned = pathDirectories().flatMap((directory) => matching(directory, name).map((file) => path.join(directory, file)));
  // Those of one version stay in the order of PATH.
  for (const file of versioned.sort((one, other) => newestFirst(path.basename(one), path.basename(other)))) {
    yield { path: file, origin: 'PATH' };
  }
}

/** The interpreters of a name on PATH. */
export function* namedOnPath(name: string, origin: string): Generator<Candidate> {
  const file = WINDOWS && !name.endsWith('.exe') ? `${name}.exe` : name;
  for (const directory of pathDirectories()) {
    if (existsSync(path.join(directory, file))) {
      yield { path: path.join(directory, file), origin };
    }
  }
}

/** The interpreters where the usual installers put them, in case none of them is on PATH. */
export function* installed(): Generator<Candidate> {
  for (const [origin, folder, name, inside] of WINDOWS ? onWindows() : elsewhere()) {
    for (const entry of matching(folder, name).sort(newestFirst)) {
      const file = path.join(folder, entry, ...inside);
      if (existsSync(file)) {
        yield { path: file, origin };
      }
    }
  }
}

type Place = readonly [origin: string, folder: string, name: RegExp, inside: readonly string[]];

function onWindows(): Place[] {
  const { LOCALAPPDATA = '', APPDATA = '', ProgramFiles = '' } = process.env;
  const exe = ['python.exe'];
  return [
    ['installed for this user', path.join(LOCALAPPDATA, 'Programs', 'Python'), /^Python3\d+/i, exe],
    ['installed for all users', ProgramFiles, /^Python3\d+/i, exe],
    ['uv', process.env['UV_PYTHON_INSTALL_DIR'] ?? path.join(APPDATA, 'uv', 'python'), /^cpython-3/, exe],
    ['pyenv', path.join(homedir(), '.pyenv', 'pyenv-win', 'versions'), /^3/, exe],
    ['conda', homedir(), /^(mini|ana)(conda|forge)3$/, exe],
  ];
}

function elsewhere(): Place[] {
  const { UV_PYTHON_INSTALL_DIR, PYENV_ROOT, XDG_DATA_HOME = path.join(homedir(), '.local', 'share') } = process.env;
  const bin = ['bin', 'python3'];
  return [
    ['Homebrew', '/opt/homebrew/bin', /^python3(\.\d+)?$/, []],
    ['installed for all users', '/usr/local/bin', /^python3(\.\d+)?$/, []],
    ['installed for all users', '/usr/bin', /^python3(\.\d+)?$/, []],
    ['python.org', '/Library/Frameworks/Python.framework/Versions', /^3/, bin],
    ['uv', UV_PYTHON_INSTALL_DIR ?? path.join(XDG_DATA_HOME, 'uv', 'python'), /^cpython-3/, bin],
    ['pyenv', path.join(PYENV_ROOT ?? path.join(homedir(), '.pyenv'), 'versions'), /^3/, bin],
    ['conda', homedir(), /^(mini|ana)(conda|forge)3$/, bin],
  ];
}

function pathDirectories(): string[] {
  // A relative entry would be looked up in whatever directory the process happens to run in.
  return (process.env['PATH'] ?? '').split(path.delimiter).filter((directory) => path.isAbsolute(directory));
}

function matching(folder: string, name: RegExp): string[] {
  try {
    return path.isAbsolute(folder) ? readdirSync(folder).filter((entry) => name.test(entry)) : [];
  } catch {
    return [];
  }
}

function newestFirst(one: string, other: string): number {
  return other.localeCompare(one, 'en', { numeric: true });
}
