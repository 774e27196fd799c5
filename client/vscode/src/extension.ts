import { commands, type ExtensionContext, window, workspace } from 'vscode';

import { chooseInterpreter } from './choose';
import { registerCommands } from './commands';
import { openConfiguration } from './configuration_file';
import { followEnvironments } from './environments';
import { reportIssue } from './issue';
import { remembering } from './log';
import { reportProblems } from './problems';
import { provideRulePages } from './rule_page';
import { followRuff } from './ruff';
import { Server } from './server';
import { affectsLaunch } from './settings';
import { showStatus } from './status';
import { accompanyWalkthrough } from './walkthrough';

let server: Server | undefined;

export function activate(context: ExtensionContext): void {
  const started = performance.now();
  const log = remembering(window.createOutputChannel('idiomatic', { log: true }));
  const running = new Server(context, log);
  server = running;

  context.subscriptions.push(
    log,
    reportProblems(running, log),
    showStatus(running),
    followEnvironments(running),
    followRuff(running),
    provideRulePages(running),
    accompanyWalkthrough(context),
    registerCommands(running),
    commands.registerCommand('idiomatic.restartServer', () => running.restart()),
    commands.registerCommand('idiomatic.selectInterpreter', () => chooseInterpreter(running)),
    commands.registerCommand('idiomatic.openConfiguration', openConfiguration),
    commands.registerCommand('idiomatic.reportIssue', () => reportIssue(context, running, log)),
    commands.registerCommand('idiomatic.showLogs', () => {
      log.show();
    }),
    workspace.onDidChangeConfiguration(async (event) => {
      if (affectsLaunch(event)) {
        await running.update();
      }
    }),
  );
  // The editor need not wait for the server: what it can do is said when it has answered.
  void running.update();
  log.info(`The extension was ready after ${Math.round(performance.now() - started)} ms.`);
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}
