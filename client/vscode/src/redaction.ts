/** What a text for others must not give away: folders, by the name that stands for each. */
export type Folders = readonly (readonly [folder: string, name: string])[];

/**
 * Lines of a log without what belongs to its writer: no code, and paths that do not say whose they are.
 *
 * Of a traceback stay its places and the kind of the exception: the message of an exception may quote what it is about.
 */
export function redacted(lines: readonly string[], folders: Folders): string[] {
  return lines.flatMap((message) => {
    const [first = '', ...rest] = message.split(/\r?\n/);
    const traceback = rest.some((line) => line.startsWith('Traceback'));
    const places = rest.filter((line) => /^\s+File ".*", line \d+/.test(line)).map((line) => line.trim().replace(/".*[\\/]/, '"…/'));
    const kind = traceback ? (/^([\w.]+)(?=:|$)/.exec(rest.at(-1) ?? '')?.[1] ?? '') : '';
    return [first, ...places, kind].filter((line) => line !== '').map((line) => withoutCode(withoutFolders(line, folders)));
  });
}

/** A text with names in the place of folders, the longest first. */
export function withoutFolders(text: string, folders: Folders): string {
  return [...folders]
    .filter(([folder]) => folder !== '')
    .sort(([one], [other]) => other.length - one.length)
    .reduce((rest, [folder, name]) => rest.replaceAll(folder, name), text);
}

// Messages put what is somebody's own between quotes: a name, a piece of a line.
function withoutCode(line: string): string {
  return line.replace(/`[^`]*`|'[^']{12,}'/g, '`…`');
}
