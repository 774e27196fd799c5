import { commands, type ExtensionContext, window, workspace } from 'vscode';

import { registerCommands } from './commands';
import { onDidChangeEnvironment } from './python_extension';
import { Server } from './server';
import { affectsLaunch } from './settings';

let server: Server | undefined;

export async function activate(context: ExtensionContext): Promise<void> {
  const log = window.createOutputChannel('idiomatic', { log: true });
  const running = new Server(context, log);
  server = running;

  context.subscriptions.push(
    log,
    registerCommands(running),
    commands.registerCommand('idiomatic.restartServer', () => running.restart()),
    commands.registerCommand('idiomatic.showLogs', () => {
      log.show();
    }),
    workspace.onDidChangeConfiguration(async (event) => {
      if (affectsLaunch(event)) {
        await running.update();
      }
    }),
    workspace.onDidGrantWorkspaceTrust(() => running.update()),
    onDidChangeEnvironment(() => running.update()),
  );
  await running.update();
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}
