import { homedir } from 'node:os';
import * as path from 'node:path';

/** Whether a file is in a folder, or is it. */
export function isBelow(file: string, folder: string): boolean {
  const relative = path.relative(folder, file);
  return !/^\.\.($|[\\/])/.test(relative) && !path.isAbsolute(relative);
}

/** A path as people write it: `~` for their home. */
export function short(file: string): string {
  return isBelow(file, homedir()) ? path.join('~', path.relative(homedir(), file)) : file;
}
