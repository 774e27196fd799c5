import { createInterface } from 'node:readline';
import { type LogOutputChannel, window } from 'vscode';
import { LanguageClient, type LanguageClientOptions, RevealOutputChannelOn, TransportKind } from 'vscode-languageclient/node';

import { type Interpreter, pythonEnvironment, type Requirements, serverCommand } from './interpreter';
import { SECTION, serverSettings } from './settings';

/** A language client for a server that the given interpreter runs. */
export function createClient(
  interpreter: Interpreter,
  requirements: Requirements,
  args: readonly string[],
  log: LogOutputChannel,
): LanguageClient {
  const options: LanguageClientOptions = {
    documentSelector: [
      { scheme: 'file', language: 'python' },
      { scheme: 'untitled', language: 'python' },
      // For what is wrong with a configuration, shown where it is written.
      { scheme: 'file', pattern: '**/{pyproject,idiomatic}.toml' },
    ],
    // Deprecated for servers that ask for each setting; ours has one configuration a folder and is told when it changes.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    synchronize: { configurationSection: SECTION },
    initializationOptions: serverSettings,
    diagnosticCollectionName: SECTION,
    outputChannel: log,
    traceOutputChannel: log,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
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
  return new Client(SECTION, 'idiomatic', executable, options);
}

class Client extends LanguageClient {
  // The inherited notification contains the stack of the error, which belongs in the log.
  override error(message: string, data?: unknown, showNotification?: boolean | 'force'): void {
    super.error(message, data, false);
    if (showNotification === 'force') {
      void window.showErrorMessage(message, 'Show Logs').then((choice) => {
        if (choice) {
          this.outputChannel.show();
        }
      });
    }
  }
}
