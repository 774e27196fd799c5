import { commands, type ExtensionContext, type LogOutputChannel, window } from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';

import { candidates } from './candidates';
import { createClient } from './client';
import { type Failure, findInterpreter, type Interpreter, type Requirements } from './interpreter';
import { launchSettings } from './settings';

/** The one server of this window: started, restarted and stopped here, each after the one before has ended. */
export class Server {
  private client: LanguageClient | undefined;
  private interpreter: Interpreter | undefined;
  private pending: Promise<void> = Promise.resolve();

  constructor(
    private readonly context: ExtensionContext,
    private readonly log: LogOutputChannel,
  ) {}

  restart(): Promise<void> {
    return this.enqueue(async () => {
      await this.end();
      await this.begin();
    });
  }

  /** Restarts if another interpreter is now the one to use, or the first that can be used. */
  update(): Promise<void> {
    return this.enqueue(async () => {
      const settings = launchSettings();
      const search = await findInterpreter(candidates(settings.interpreter), this.requirements());
      const found = 'found' in search ? search.found.path : undefined;
      if (found !== this.interpreter?.path) {
        await this.end();
        await this.begin();
      }
    });
  }

  stop(): Promise<void> {
    return this.enqueue(() => this.end());
  }

  private enqueue(step: () => Promise<void>): Promise<void> {
    this.pending = this.pending.then(step).catch((error: unknown) => {
      this.log.error(error instanceof Error ? error : String(error));
    });
    return this.pending;
  }

  private async begin(): Promise<void> {
    const settings = launchSettings();
    if (!settings.enable) {
      this.log.info('Not started: idiomatic.enable is false.');
      return;
    }
    const requirements = this.requirements();
    const search = await findInterpreter(candidates(settings.interpreter), requirements);
    if ('tried' in search) {
      this.reportNoInterpreter(search.tried);
      return;
    }
    const { path, version, origin } = search.found;
    this.log.info(`Starting the server with Python ${version}, ${path} (${origin}), ${settings.importStrategy}.`);
    this.interpreter = search.found;
    this.client = createClient(search.found, requirements, settings.args, this.log);
    await this.client.start();
  }

  private async end(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    this.interpreter = undefined;
    // A client that failed to start or has given up has nothing left to stop, and says so by throwing.
    if (client?.needsStop()) {
      await client.stop();
    }
    await client?.dispose();
  }

  private requirements(): Requirements {
    return {
      importStrategy: launchSettings().importStrategy,
      bundled: this.context.asAbsolutePath('bundled'),
    };
  }

  private reportNoInterpreter(tried: readonly Failure[]): void {
    const attempts = tried.map(({ path, origin, problem }) => `${path} (${origin}) ${problem}`);
    this.log.warn(['No Python interpreter can run the server. Tried:', ...attempts].join('\n  '));
    const detail = attempts.length > 0 ? `Tried: ${attempts.join('; ')}.` : 'None was found.';
    const message = `idiomatic needs Python 3.11 or newer to run its server. ${detail}`;
    void window.showErrorMessage(message, 'Open Setting', 'Show Logs').then(async (choice) => {
      if (choice === 'Open Setting') {
        await commands.executeCommand('workbench.action.openSettings', 'idiomatic.interpreter');
      } else if (choice === 'Show Logs') {
        this.log.show();
      }
    });
  }
}
