import { createInterface } from 'node:readline';
import type { LogOutputChannel } from 'vscode';
import {
  CloseAction,
  type CloseHandlerResult,
  ErrorAction,
  type ErrorHandler,
  type ErrorHandlerResult,
  LanguageClient,
  type LanguageClientOptions,
  RevealOutputChannelOn,
  State,
  TransportKind,
} from 'vscode-languageclient/node';

import { applyEdit } from './applying';
import { type Interpreter, pythonEnvironment, type Requirements, serverCommand } from './interpreter';
import { SECTION, serverSettings } from './settings';

const NOTEBOOKS = ['jupyter-notebook', 'interactive'];
const RESTARTS = 5;
const RESTARTS_WITHIN_MS = 3 * 60_000;

/** A language client for a server that the given interpreter runs; `onGivenUp` is called when it crashes too often. */
export function createClient(
  interpreter: Interpreter,
  requirements: Requirements,
  args: readonly string[],
  log: LogOutputChannel,
  onGivenUp: () => void,
): LanguageClient {
  const crashes = new Crashes(onGivenUp);
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
    errorHandler: crashes,
    diagnosticCollectionName: SECTION,
    outputChannel: log,
    traceOutputChannel: log,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    middleware: { workspace: { handleApplyEdit: applyEdit } },
    stdioOptions: {
      stdout: () => undefined,
      // The server logs through the protocol; what arrives here is from Python itself or a library.
      stderr: (stream) => {
        createInterface({ input: stream }).on('line', (line) => {
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
  const client = new Client(SECTION, 'idiomatic', executable, options);
  client.onDidChangeState(({ newState }) => {
    crashes.started ||= newState === State.Running;
  });
  return client;
}

class Client extends LanguageClient {
  // The inherited notification shows the stack of the error. What the user has to know is said in `server.ts`.
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

/** Restarts a server that crashes, unless it never ran or crashes time and again. */
class Crashes implements ErrorHandler {
  started = false;
  private times: number[] = [];

  constructor(private readonly onGivenUp: () => void) {}

  error(_error: Error, _message: unknown, count: number | undefined): ErrorHandlerResult {
    return { action: (count ?? 0) <= 3 ? ErrorAction.Continue : ErrorAction.Shutdown };
  }

  closed(): CloseHandlerResult {
    if (!this.started) {
      return { action: CloseAction.DoNotRestart, message: 'The server ended before it answered.', handled: true };
    }
    const now = Date.now();
    this.times = [...this.times.filter((time) => now - time < RESTARTS_WITHIN_MS), now];
    if (this.times.length <= RESTARTS) {
      return { action: CloseAction.Restart, message: 'The server ended unexpectedly and is started again.', handled: true };
    }
    this.onGivenUp();
    return {
      action: CloseAction.DoNotRestart,
      message: `The server ended ${this.times.length} times within three minutes.`,
      handled: true,
    };
  }
}
