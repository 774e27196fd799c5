import { commands, window } from 'vscode';

import type { Failure } from './interpreter';
import type { Log } from './log';
import type { Server } from './server';
import type { Problem } from './state';

/** How many of the interpreters that were tried are named in a message; the log names all of them. */
const NAMED = 2;

/** Tells the user what keeps the server from running, with what can be done; the same only once in a row. */
export function reportProblems(server: Server, log: Log): { dispose(): void } {
  let told = '';
  return server.onDidChangeState((state) => {
    if (state.kind === 'running' || state.kind === 'off') {
      told = '';
    }
    if (state.kind !== 'failed') {
      return;
    }
    const { problem } = state;
    const message = describe(problem);
    if (message !== told) {
      told = message;
      log.warn(problem.kind === 'noInterpreter' ? [message, ...problem.tried.map(attempt)].join('\n  ') : message);
      void window.showErrorMessage(message, ...remedies(problem)).then((choice) => (choice ? REMEDIES[choice] : undefined)?.());
    }
  });
}

/** What is wrong, in a sentence or two. */
export function describe(problem: Problem): string {
  switch (problem.kind) {
    case 'noInterpreter':
      return `idiomatic needs Python 3.11 or newer to run its server. ${summary(problem.tried)}`;
    case 'notStarted':
      return `The idiomatic server could not be started with ${problem.interpreter.path}: ${problem.reason}`;
    case 'crashed':
      return `The idiomatic server crashed ${problem.times} times within three minutes and is not started again.`;
  }
}

/** The same in a few words. */
export function brief(problem: Problem): string {
  switch (problem.kind) {
    case 'noInterpreter':
      return 'no Python 3.11 or newer';
    case 'notStarted':
      return 'could not be started';
    case 'crashed':
      return `crashed ${problem.times} times`;
  }
}

function summary(tried: readonly Failure[]): string {
  const more = tried.length - NAMED;
  const named = (more === 1 ? tried : tried.slice(0, NAMED)).map(attempt).join('; ');
  switch (true) {
    case tried.length === 0:
      return 'No Python was found.';
    case more > 1:
      return `Tried: ${named}; and ${more} more.`;
    default:
      return `Tried: ${named}.`;
  }
}

function attempt({ path, origin, problem }: Failure): string {
  return `${path} (${origin}) ${problem}`;
}

const REMEDIES: Record<string, () => unknown> = {
  'Choose Interpreter…': () => commands.executeCommand('idiomatic.selectInterpreter'),
  Restart: () => commands.executeCommand('idiomatic.restartServer'),
  'Report Issue…': () => commands.executeCommand('idiomatic.reportIssue'),
  'Show Logs': () => commands.executeCommand('idiomatic.showLogs'),
};

function remedies(problem: Problem): string[] {
  switch (problem.kind) {
    case 'noInterpreter':
      return ['Choose Interpreter…', 'Show Logs'];
    case 'notStarted':
      return ['Restart', 'Choose Interpreter…', 'Show Logs'];
    case 'crashed':
      return ['Restart', 'Report Issue…', 'Show Logs'];
  }
}
