import { Disposable, RelativePattern, window, workspace } from 'vscode';

import { pythonIn } from './places';
import { onDidChangeEnvironment } from './python_extension';
import type { Server } from './server';

const SOON_MS = 500;
// It takes a while until a new environment has all it needs, and of its folders only the outermost is sure to be heard of.
const WHILE_IT_IS_MADE_MS = [SOON_MS, 2_000, 5_000, 10_000, 20_000, 40_000];

/** Starts the server by itself when an interpreter that can run it appears, or is chosen. */
export function followEnvironments(server: Server): Disposable {
  let timers: NodeJS.Timeout[] = [];
  const forget = (): void => {
    timers.forEach(clearTimeout);
  };
  const repair = (delays: readonly number[]): void => {
    forget();
    timers = delays.map((delay) => setTimeout(() => void server.repair(), delay));
  };
  let watchers: Disposable[] = [];
  const watch = (): void => {
    Disposable.from(...watchers).dispose();
    const patterns = ['.venv', pythonIn('.venv').replaceAll('\\', '/')];
    watchers = (workspace.workspaceFolders ?? []).flatMap((folder) =>
      patterns.map((pattern) => {
        const watcher = workspace.createFileSystemWatcher(new RelativePattern(folder, pattern), false, true, true);
        watcher.onDidCreate(() => {
          repair(WHILE_IT_IS_MADE_MS);
        });
        return watcher;
      }),
    );
  };
  watch();
  return Disposable.from(
    onDidChangeEnvironment(() => server.update()),
    workspace.onDidGrantWorkspaceTrust(() => server.update()),
    workspace.onDidChangeWorkspaceFolders(() => {
      watch();
      repair([SOON_MS]);
    }),
    // Whoever has installed a Python meanwhile comes back from another window.
    window.onDidChangeWindowState(({ focused }) => {
      if (focused) {
        repair([SOON_MS]);
      }
    }),
    new Disposable(() => {
      forget();
      Disposable.from(...watchers).dispose();
    }),
  );
}
