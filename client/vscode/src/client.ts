import { createInterface } from 'node:readline';
import type { LogOutputChannel } from 'vscode';
import {
  LanguageClient,
  type LanguageClientOptions,
  type Middleware,
  RevealOutputChannelOn,
  State,
  TransportKind,
} from 'vscode-languageclient/node';

import { type Interpreter, pythonEnvironment, type Requirements, serverCommand } from './interpreter';
import { Restarts } from './restarts';
import { SECTION, serverSettings } from './settings';

const NOTEBOOKS = ['jupyter-notebook', 'interactive'];

/** What a client is made for. */
export interface ClientOptions {
  readonly interpreter: Interpreter;
  readonly requirements: Requirements;
  /** More arguments for the server. */
  readonly args: readonly string[];
  readonly log: LogOutputChannel;
  readonly middleware: Middleware;
  /** Is called with the number of crashes after which the server is not started again. */
  readonly onGivenUp: (crashes: number) => void;
}

/** The connection to a server that an interpreter runs. */
export class Client extends LanguageClient {
  /** The last line on standard error: a server that does not come to its log says there what is wrong. */
  lastWords = '';

  constructor(
    { interpreter, requirements, args, log, middleware }: ClientOptions,
    private readonly restarts: Restarts,
  ) {
    const options: LanguageClientOptions = {
      documentSelector: [
        { scheme: 'file', language: 'python' },
        { scheme: 'untitled', language: 'python' },
        // The cells of notebooks, which the server is told of as soon as it says that it wants them.
        ...NOTEBOOKS.map((notebook) => ({ notebook, language: 'python' })),
        // For what is wrong with a configuration, shown where it is written.
        { scheme: 'file', pattern: '**/{pyproject,idiomatic}.toml' },
        // For templates.
        { scheme: 'file', pattern: '**/.pre-commit-config.yaml' },
      ],
      // Only the first word: the server asks for the settings of each folder, and to be told when they change.
      initializationOptions: serverSettings,
      initializationFailedHandler: () => false,
      errorHandler: restarts,
      diagnosticCollectionName: SECTION,
      outputChannel: log,
      traceOutputChannel: log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      middleware,
      stdioOptions: {
        stdout: () => undefined,
        // The server logs through the protocol; what arrives here is from Python itself or a library.
        stderr: (stream) => {
          createInterface({ input: stream }).on('line', (line) => {
            this.lastWords = line.trim() || this.lastWords;
            log.warn(line);
          });
        },
      },
    };
    const executable = {
      command: interpreter.path,
      args: [...serverCommand(requirements), ...args],
      transport: TransportKind.stdio,
      // Not the workspace: Python, and Windows when it looks for a program, may search the working directory.
      options: { cwd: requirements.bundled, env: pythonEnvironment() },
    };
    super(SECTION, 'idiomatic', executable, options);
    this.onDidChangeState(({ newState }) => {
      restarts.hasRun ||= newState === State.Running;
    });
  }

  // The inherited notification shows the stack of the error. What the user has to know is said in `problems.ts`.
  override error(message: string, data?: unknown): void {
    super.error(message, data instanceof Error ? data.message : data, false);
  }

  // Inherited, it only complains about a server that never got to run.
  override async stop(timeout?: number): Promise<void> {
    if (this.isRunning()) {
      await super.stop(timeout);
    } else {
      this.serverProcess?.kill('SIGKILL');
    }
  }

  /** Ends the server, in whatever state it is; it is not started again. */
  async end(): Promise<void> {
    this.restarts.isRetired = true;
    const process = this.serverProcess;
    if (this.isRunning()) {
      try {
        await this.dispose();
        return;
      } catch (error) {
        this.warn(`The server did not shut down as asked: ${String(error)}`);
      }
    }
    // What failed to start, or to stop, may still be there, and need not listen to anything.
    process?.kill('SIGKILL');
  }
}

/** A client for a server that an interpreter runs; it is started by `start`, and by itself after a crash. */
export function createClient(options: ClientOptions): Client {
  return new Client(options, new Restarts(options.onGivenUp));
}
