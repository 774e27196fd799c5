import { homedir } from 'node:os';
import { type ConfigurationChangeEvent, type Uri, workspace, type WorkspaceFolder } from 'vscode';

import { ruffBeside } from './ruff';
import { resolved, resolvedDeeply, type Surroundings } from './variables';

export const SECTION = 'idiomatic';

export type ImportStrategy = 'useBundled' | 'fromEnvironment';

/** The settings that decide which process is run; the server reads the others itself, while it runs. */
export interface LaunchSettings {
  readonly enable: boolean;
  readonly interpreter: string;
  readonly importStrategy: ImportStrategy;
  readonly args: readonly string[];
}

const LAUNCH: readonly (keyof LaunchSettings)[] = ['enable', 'interpreter', 'importStrategy', 'args'];

/** Whether another process may have to be run; everything else is taken up by the one that runs. */
export function affectsLaunch(event: ConfigurationChangeEvent): boolean {
  return LAUNCH.some((name) => event.affectsConfiguration(`${SECTION}.${name}`));
}

export function launchSettings(): LaunchSettings {
  const configuration = workspace.getConfiguration(SECTION);
  const around = surroundings(workspace.workspaceFolders?.[0]);
  return {
    enable: configuration.get('enable', true),
    interpreter: resolved(configuration.get('interpreter', '').trim(), around),
    importStrategy: configuration.get<ImportStrategy>('importStrategy', 'useBundled'),
    args: configuration.get<string[]>('args', []).map((argument) => resolved(argument, around)),
  };
}

/** All settings as the server is given them at its start. */
export function serverSettings(): unknown {
  // A configuration object is a proxy with methods of its own; only its data can be sent.
  return forServer(JSON.parse(JSON.stringify(workspace.getConfiguration(SECTION))), undefined);
}

/** Settings as the server gets them, which knows nothing of the editor's variables; for a folder, or for all else. */
export function forServer(settings: unknown, scope: Uri | undefined): unknown {
  const folder = scope ? workspace.getWorkspaceFolder(scope) : workspace.workspaceFolders?.[0];
  const plain = resolvedDeeply(settings, surroundings(folder));
  return typeof plain === 'object' && plain !== null ? { ...plain, ruff: ruffBeside(scope) } : plain;
}

/**
 * How long the server, or an interpreter that is asked for its version, may take to answer.
 *
 * It can be set to something else, although no description of the settings says so: for machines on which everything
 * takes minutes, and for tests of what happens then.
 */
export function patience(usualSeconds: number): number {
  return workspace.getConfiguration(SECTION).get('startTimeout', usualSeconds);
}

function surroundings(folder: WorkspaceFolder | undefined): Surroundings {
  return {
    folder: folder?.uri.fsPath,
    folders: new Map(workspace.workspaceFolders?.map(({ name, uri }) => [name, uri.fsPath])),
    home: homedir(),
    environment: process.env,
  };
}
