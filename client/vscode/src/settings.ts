import { homedir } from 'node:os';
import { type ConfigurationChangeEvent, workspace, type WorkspaceFolder } from 'vscode';

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

export function affectsLaunch(event: ConfigurationChangeEvent): boolean {
  return LAUNCH.some((name) => event.affectsConfiguration(`${SECTION}.${name}`));
}

export function launchSettings(): LaunchSettings {
  const configuration = workspace.getConfiguration(SECTION);
  const folder = workspace.workspaceFolders?.[0];
  return {
    enable: configuration.get('enable', true),
    interpreter: resolveVariables(configuration.get('interpreter', '').trim(), folder),
    importStrategy: configuration.get<ImportStrategy>('importStrategy', 'useBundled'),
    args: configuration.get<string[]>('args', []).map((argument) => resolveVariables(argument, folder)),
  };
}

/** All settings as the server is given them at its start. */
export function serverSettings(): unknown {
  // A configuration object is a proxy with methods of its own; only its data can be sent.
  return JSON.parse(JSON.stringify(workspace.getConfiguration(SECTION)));
}

function resolveVariables(value: string, folder: WorkspaceFolder | undefined): string {
  return value
    .replace(/^~(?=$|[\\/])/, homedir())
    .replace(/\$\{(workspaceFolder|userHome|env:([^}]+))\}/g, (whole, name: string, variable?: string) => {
      switch (name) {
        case 'workspaceFolder':
          return folder?.uri.fsPath ?? whole;
        case 'userHome':
          return homedir();
        default:
          return process.env[variable ?? ''] ?? '';
      }
    });
}
