import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as path from 'node:path';

import type { ImportStrategy } from './settings';

/** A place where a Python interpreter may be. */
export interface Candidate {
  readonly path: string;
  /** Where the path comes from, in the words of the message that lists what was tried. */
  readonly origin: string;
}

/** An interpreter that can run the server. */
export interface Interpreter extends Candidate {
  readonly version: string;
}

/** A candidate that cannot run the server. */
export interface Failure extends Candidate {
  readonly problem: string;
}

export interface Requirements {
  readonly importStrategy: ImportStrategy;
  /** The extension's folder `bundled`. */
  readonly bundled: string;
  /** How many seconds an interpreter may take to say which version it is. */
  readonly patience: number;
}

export type Search = { readonly found: Interpreter } | { readonly tried: readonly Failure[] };

interface Report {
  version: [number, number, number];
  server: boolean;
}

const MINIMUM: readonly [number, number] = [3, 11];

/** The first candidate that can run the server, or why none can. */
export async function findInterpreter(candidates: AsyncIterable<Candidate>, requirements: Requirements): Promise<Search> {
  const tried: Failure[] = [];
  for await (const candidate of candidates) {
    if (tried.some((failure) => failure.path === candidate.path)) {
      continue;
    }
    const result = await probe(candidate, requirements);
    if (!('problem' in result)) {
      return { found: result };
    }
    tried.push(result);
  }
  return { tried };
}

/** The command line of the server: the interpreter's arguments, then the server's. */
export function serverCommand({ importStrategy, bundled }: Requirements): string[] {
  // Neither form looks into the working directory, PYTHONPATH or, for the bundled server, the environment's packages:
  // a `typing.py` or `attrs` of the user's must never be imported in place of ours.
  return importStrategy === 'useBundled'
    ? ['-I', '-S', '-X', 'utf8', path.join(bundled, 'launch.py'), 'server']
    : ['-E', '-P', '-X', 'utf8', '-m', 'idiomatic', 'server'];
}

/** The environment for any Python process that is started here, and for what it starts in turn. */
export function pythonEnvironment(): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = { ...process.env, PYTHONSAFEPATH: '1' };
  for (const name of ['PYTHONPATH', 'PYTHONHOME', 'PYTHONSTARTUP', 'PYTHONINSPECT']) {
    Reflect.deleteProperty(environment, name);
  }
  return environment;
}

/** Runs a candidate to see whether it can run the server. */
export async function probe(candidate: Candidate, requirements: Requirements): Promise<Interpreter | Failure> {
  const { importStrategy, bundled, patience } = requirements;
  const failure = (problem: string): Failure => ({ ...candidate, problem });
  if (!existsSync(candidate.path)) {
    return failure('does not exist');
  }
  const isolation = importStrategy === 'useBundled' ? ['-E', '-S'] : ['-E'];
  let report: Report;
  try {
    report = await run(candidate.path, [...isolation, path.join(bundled, 'probe.py'), importStrategy], bundled, patience);
  } catch (error) {
    return failure(error instanceof Error ? error.message : String(error));
  }
  const version = report.version.join('.');
  const [major, minor] = report.version;
  if (major !== MINIMUM[0] || minor < MINIMUM[1]) {
    return failure(`is Python ${version}, too old`);
  }
  if (!report.server) {
    return failure(
      importStrategy === 'useBundled'
        ? `is Python ${version}, for which the extension has no server`
        : `is Python ${version}, in which idiomatic is not installed`,
    );
  }
  return { ...candidate, version };
}

function run(command: string, args: readonly string[], cwd: string, patience: number): Promise<Report> {
  return new Promise((resolve, reject) => {
    const options = {
      cwd,
      env: pythonEnvironment(),
      timeout: patience * 1000,
      killSignal: 'SIGKILL',
      windowsHide: true,
    } as const;
    execFile(command, args, options, (error, stdout, stderr) => {
      if (error?.killed) {
        reject(new Error(`did not answer within ${patience} seconds`));
        return;
      }
      try {
        resolve(reportIn(stdout));
      } catch {
        const reason = (stderr || stdout).trim().split(/\r?\n/).at(-1) ?? '';
        reject(new Error(`cannot be run${reason && `: ${reason}`}`));
      }
    });
  });
}

function reportIn(output: string): Report {
  const report = JSON.parse(output) as Partial<Report> | null;
  if (!Array.isArray(report?.version) || typeof report.server !== 'boolean') {
    throw new TypeError('not what the probe writes');
  }
  return report as Report;
}
