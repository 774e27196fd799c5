import { randomUUID } from 'node:crypto';
import { type CancellationToken, commands, ProgressLocation, window } from 'vscode';
import { type LanguageClient, WorkDoneProgress } from 'vscode-languageclient/node';

/** Whoever has a connection to a server, at times. */
export interface Connected {
  readonly client: LanguageClient | undefined;
}

const COMMAND = 'workspace/executeCommand';

/** What a command of the server gives; where there is nothing, the user has been told why. */
export async function execute<T>(server: Connected, command: string, ...args: unknown[]): Promise<T | undefined> {
  const client = running(server);
  return client && reported(client.sendRequest<T>(COMMAND, { command, arguments: args }));
}

/** The same for a command that takes long: the user sees how far it is, and can cancel it. */
export async function executeLong<T>(server: Connected, title: string, command: string, ...args: unknown[]): Promise<T | undefined> {
  const client = running(server);
  if (!client) {
    return undefined;
  }
  const options = { location: ProgressLocation.Notification, title, cancellable: true };
  let result: Promise<T | undefined> = Promise.resolve(undefined);
  await window.withProgress(options, (progress, token) => {
    const workDoneToken = randomUUID();
    const params = { command, arguments: args, workDoneToken };
    let done = 0;
    // What comes after the end, such as a question to the user, is not part of what takes long.
    return new Promise<void>((resolve) => {
      const subscription = client.onProgress(WorkDoneProgress.type, workDoneToken, (value) => {
        if (value.kind === 'end') {
          resolve();
        } else if (value.percentage !== undefined) {
          progress.report({ increment: value.percentage - done, message: `${value.percentage} %` });
          done = value.percentage;
        }
      });
      result = reported(client.sendRequest<T>(COMMAND, params, token), token);
      void result.finally(() => {
        subscription.dispose();
        resolve();
      });
    });
  });
  return result;
}

function running({ client }: Connected): LanguageClient | undefined {
  if (!client) {
    void window.showWarningMessage('The idiomatic server is not running.', 'Show Logs').then(async (choice) => {
      if (choice) {
        await commands.executeCommand('idiomatic.showLogs');
      }
    });
  }
  return client;
}

async function reported<T>(answer: Promise<T>, token?: CancellationToken): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (!token?.isCancellationRequested) {
      void window.showErrorMessage(error instanceof Error ? error.message : String(error));
    }
    return undefined;
  }
}
