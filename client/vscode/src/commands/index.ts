import { commands, Disposable } from 'vscode';

import { explainRule } from './explain';
import { fixFile, fixWorkspace } from './fix';
import { insertIdiom } from './insert';
import { Preview } from './preview';
import type { Connected } from './request';
import { Scan } from './scan';
import { silenceRule } from './silence';

/** The commands that do something with code: what they do is the server's part, how one chooses is ours. */
export function registerCommands(server: Connected): Disposable {
  const preview = new Preview();
  const scan = new Scan(server);
  return Disposable.from(
    preview,
    commands.registerCommand('idiomatic.scanWorkspace', () => scan.run()),
    commands.registerCommand('idiomatic.fixFile', () => fixFile(server)),
    commands.registerCommand('idiomatic.fixWorkspace', () => fixWorkspace(server)),
    commands.registerCommand('idiomatic.insertIdiom', () => insertIdiom(server, preview)),
    commands.registerCommand('idiomatic.explainRule', () => explainRule(server)),
    commands.registerCommand('idiomatic.silenceRule', () => silenceRule(server)),
  );
}
