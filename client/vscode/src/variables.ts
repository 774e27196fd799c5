import * as path from 'node:path';

/** What the variables in settings stand for. */
export interface Surroundings {
  /** The folder that `${workspaceFolder}` means, if one is open. */
  readonly folder: string | undefined;
  /** The folders that are open, by name. */
  readonly folders: ReadonlyMap<string, string>;
  readonly home: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A setting with its variables and a leading `~` replaced; what stands for nothing here stays as it is written. */
export function resolved(value: string, { folder, folders, home, environment }: Surroundings): string {
  return value
    .replace(/^~(?=$|[\\/])/, () => home)
    .replace(/\$\{(\w+)(?::([^}]*))?\}/g, (whole, name: string, argument?: string) => {
      switch (name) {
        case 'workspaceFolder':
          return (argument === undefined ? folder : folders.get(argument)) ?? whole;
        case 'workspaceFolderBasename':
          return folder === undefined ? whole : path.basename(folder);
        case 'userHome':
          return home;
        case 'env':
          // A variable that is not set is empty, as everywhere in the editor.
          return argument === undefined ? whole : (environment[argument] ?? '');
        default:
          return whole;
      }
    });
}

/** A value of the settings with all strings in it resolved, at any depth; the names of members stay. */
export function resolvedDeeply(value: unknown, surroundings: Surroundings): unknown {
  if (typeof value === 'string') {
    return resolved(value, surroundings);
  }
  if (Array.isArray(value)) {
    return value.map((item) => resolvedDeeply(item, surroundings));
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, resolvedDeeply(member, surroundings)]));
  }
  return value;
}
