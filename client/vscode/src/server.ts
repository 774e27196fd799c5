import { existsSync } from 'node:fs';
import * as path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { EventEmitter, type ExtensionContext } from 'vscode';
import { State as ClientState } from 'vscode-languageclient/node';

import { candidates } from './candidates';
import { type Client, createClient } from './client';
import { type Failure, findInterpreter, type Interpreter, type Requirements } from './interpreter';
import type { Log } from './log';
import { middleware } from './middleware';
import { type LaunchSettings, launchSettings, patience } from './settings';
import type { Problem, State } from './state';

const START_SECONDS = 30;
const PROBE_SECONDS = 15;

/** What the running process was started with. */
interface Launch {
  readonly settings: LaunchSettings;
  readonly interpreter: Interpreter;
}

/** The one server of this window: started, restarted and stopped here, each after the one before has ended. */
export class Server {
  private readonly changes = new EventEmitter<State>();
  readonly onDidChangeState = this.changes.event;
  private current: State = { kind: 'off', reason: 'It was not started yet.' };
  private running: Client | undefined;
  private launch: Launch | undefined;
  private pending: Promise<void> = Promise.resolve();

  constructor(
    private readonly context: ExtensionContext,
    private readonly log: Log,
  ) {}

  get state(): State {
    return this.current;
  }

  /** The connection, as long as somebody listens at its other end. */
  get client(): Client | undefined {
    return this.running?.isRunning() ? this.running : undefined;
  }

  /** Starts, restarts or stops the server if the settings, the trust or the interpreters ask for another than now runs. */
  update(): Promise<void> {
    return this.enqueue(async () => {
      const wanted = await this.wanted();
      if (this.current.kind === 'failed' || !isDeepStrictEqual(wanted, this.launch)) {
        await this.end();
        await this.begin(wanted);
      }
    });
  }

  /** Looks again for what was missing: something has changed outside of the editor. */
  repair(): Promise<void> {
    return this.enqueue(async () => {
      if (this.current.kind === 'failed' && this.current.problem.kind === 'noInterpreter') {
        const found = await this.search(launchSettings());
        if ('launch' in found) {
          await this.begin(found.launch);
        }
      }
    });
  }

  restart(): Promise<void> {
    return this.enqueue(async () => {
      await this.end();
      await this.begin(await this.wanted());
    });
  }

  stop(): Promise<void> {
    return this.enqueue(async () => {
      await this.end();
      this.become({ kind: 'off', reason: 'It was stopped.' });
    });
  }

  /** What a candidate has to be able to do to run the server. */
  requirements({ importStrategy }: LaunchSettings = launchSettings()): Requirements {
    const bundled = this.context.asAbsolutePath('bundled');
    // The package for all platforms brings no server of its own.
    const hasServer = existsSync(path.join(bundled, 'libs'));
    return { importStrategy: hasServer ? importStrategy : 'fromEnvironment', bundled, patience: patience(PROBE_SECONDS) };
  }

  private enqueue(step: () => Promise<void>): Promise<void> {
    this.pending = this.pending.then(step).catch((error: unknown) => {
      this.log.error(error instanceof Error ? error : String(error));
    });
    return this.pending;
  }

  private become(state: State): void {
    if (!isDeepStrictEqual(state, this.current)) {
      this.current = state;
      this.changes.fire(state);
    }
  }

  private fail(problem: Problem): void {
    this.become({ kind: 'failed', problem });
  }

  /** What is to run; where that is nothing, the state says why. */
  private async wanted(): Promise<Launch | undefined> {
    const settings = launchSettings();
    if (!settings.enable) {
      this.become({ kind: 'off', reason: 'The setting idiomatic.enable is false.' });
      return undefined;
    }
    if (!this.running) {
      this.become({ kind: 'starting' });
    }
    const found = await this.search(settings);
    if ('tried' in found) {
      this.fail({ kind: 'noInterpreter', tried: found.tried });
      return undefined;
    }
    return found.launch;
  }

  private async search(settings: LaunchSettings): Promise<{ launch: Launch } | { tried: readonly Failure[] }> {
    const search = await findInterpreter(candidates(settings.interpreter), this.requirements(settings));
    return 'tried' in search ? search : { launch: { settings, interpreter: search.found } };
  }

  private async begin(launch: Launch | undefined): Promise<void> {
    if (!launch) {
      return;
    }
    const { interpreter, settings } = launch;
    const { path: file, version, origin } = interpreter;
    const { importStrategy } = this.requirements(settings);
    this.log.info(`Starting the server with Python ${version}, ${file} (${origin}), ${importStrategy}.`);
    this.become({ kind: 'starting', interpreter });
    this.launch = launch;
    const client = createClient({
      interpreter,
      requirements: this.requirements(settings),
      args: settings.args,
      log: this.log,
      middleware: middleware(() => this.client),
      onGivenUp: (times) => {
        this.fail({ kind: 'crashed', interpreter, times });
      },
    });
    this.running = client;
    const started = performance.now();
    const first = this.follow(client, interpreter);
    // How it ended is heard as a state, at the first start as after a crash; the client has logged why.
    client.start().catch(() => undefined);
    await first;
    if (client.isRunning()) {
      const { name = 'It', version: own = '' } = client.initializeResult?.serverInfo ?? {};
      this.log.info(`${name} ${own} answered after ${Math.round(performance.now() - started)} ms.`);
    }
  }

  /** Watches a client's starts, none of which may take longer than is bearable; gives when the first one is over. */
  private follow(client: Client, interpreter: Interpreter): Promise<void> {
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      let starts = 0;
      const isLost = (reason: string): void => {
        void client.end();
        this.fail({ kind: 'notStarted', interpreter, reason });
      };
      client.onDidChangeState(({ newState }) => {
        clearTimeout(timer);
        if (this.running !== client) {
          resolve();
          return;
        }
        switch (newState) {
          case ClientState.Starting: {
            starts += 1;
            const seconds = patience(START_SECONDS);
            timer = setTimeout(() => {
              isLost(`it did not answer within ${seconds} seconds`);
              resolve();
            }, seconds * 1000);
            this.become({ kind: 'starting', interpreter });
            return;
          }
          case ClientState.Running:
            this.become({ kind: 'running', interpreter });
            break;
          case ClientState.StartFailed:
            if (starts > 1 && this.current.kind !== 'failed') {
              // What ran it before a crash may be gone; there may be another.
              void this.restart();
            } else if (this.current.kind !== 'failed') {
              isLost(client.lastWords || 'it ended before it answered');
            }
            break;
          case ClientState.Stopped:
            break;
        }
        resolve();
      });
    });
  }

  private async end(): Promise<void> {
    const client = this.running;
    this.running = undefined;
    this.launch = undefined;
    await client?.end();
  }
}
