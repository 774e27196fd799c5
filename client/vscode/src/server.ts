import { existsSync } from 'node:fs';
import * as path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { commands, type ExtensionContext, type LogOutputChannel, window } from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';

import { candidates } from './candidates';
import { createClient } from './client';
import { type Failure, findInterpreter, type Interpreter, type Requirements } from './interpreter';
import { type LaunchSettings, launchSettings } from './settings';

/** What the running process was started with. */
interface Launch {
  readonly settings: LaunchSettings;
  readonly interpreter: Interpreter;
}

/** The one server of this window: started, restarted and stopped here, each after the one before has ended. */
export class Server {
  private running: LanguageClient | undefined;
  private launch: Launch | undefined;
  private pending: Promise<void> = Promise.resolve();

  constructor(
    private readonly context: ExtensionContext,
    private readonly log: LogOutputChannel,
  ) {}

  /** The connection, as long as somebody listens at its other end. */
  get client(): LanguageClient | undefined {
    return this.running?.isRunning() ? this.running : undefined;
  }

  /** Starts, restarts or stops the server if the settings, the trust or the interpreters ask for another than now runs. */
  update(): Promise<void> {
    return this.enqueue(async () => {
      const wanted = await this.find();
      if (!isDeepStrictEqual(wanted, this.launch)) {
        await this.end();
        await this.begin(wanted);
      }
    });
  }

  restart(): Promise<void> {
    return this.enqueue(async () => {
      await this.end();
      await this.begin(await this.find());
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

  private async find(): Promise<Launch | undefined> {
    const settings = launchSettings();
    if (!settings.enable) {
      this.log.info('Not running: idiomatic.enable is false.');
      return undefined;
    }
    const search = await findInterpreter(candidates(settings.interpreter), this.requirements(settings));
    if ('tried' in search) {
      this.reportNoInterpreter(search.tried);
      return undefined;
    }
    return { settings, interpreter: search.found };
  }

  private async begin(launch: Launch | undefined): Promise<void> {
    if (!launch) {
      return;
    }
    const { interpreter, settings } = launch;
    const { path, version, origin } = interpreter;
    this.log.info(`Starting the server with Python ${version}, ${path} (${origin}), ${settings.importStrategy}.`);
    this.launch = launch;
    this.running = createClient(interpreter, this.requirements(settings), settings.args, this.log, () => {
      this.offerRestart('The idiomatic server crashed several times and is not started again.');
    });
    try {
      await this.running.start();
    } catch {
      // The client has logged why.
      this.offerRestart('The idiomatic server could not be started.');
    }
  }

  private async end(): Promise<void> {
    const client = this.running;
    this.running = undefined;
    this.launch = undefined;
    const process = client?.serverProcess;
    if (client?.isRunning()) {
      try {
        await client.dispose();
        return;
      } catch (error) {
        this.log.warn(`The server did not shut down as asked: ${String(error)}`);
      }
    }
    // What failed to start, or to stop, may still be there.
    process?.kill();
  }

  private requirements({ importStrategy }: LaunchSettings): Requirements {
    const bundled = this.context.asAbsolutePath('bundled');
    // The package for all platforms brings no server of its own.
    const hasServer = existsSync(path.join(bundled, 'libs'));
    return { importStrategy: hasServer ? importStrategy : 'fromEnvironment', bundled };
  }

  private offerRestart(message: string): void {
    void window.showErrorMessage(message, 'Restart', 'Show Logs').then(async (choice) => {
      if (choice === 'Restart') {
        await this.restart();
      } else if (choice === 'Show Logs') {
        this.log.show();
      }
    });
  }

  private reportNoInterpreter(tried: readonly Failure[]): void {
    const attempts = tried.map(({ path, origin, problem }) => `${path} (${origin}) ${problem}`);
    this.log.warn(['No Python interpreter can run the server. Tried:', ...attempts].join('\n  '));
    const detail = attempts.length > 0 ? `Tried: ${attempts.join('; ')}.` : 'None was found.';
    const message = `idiomatic needs Python 3.11 or newer to run its server. ${detail}`;
    void window.showErrorMessage(message, 'Open Setting', 'Show Logs').then(async (choice) => {
      if (choice === 'Open Setting') {
        await commands.executeCommand('workbench.action.openSettings', '@id:idiomatic.interpreter');
      } else if (choice === 'Show Logs') {
        this.log.show();
      }
    });
  }
}
