import type { LogOutputChannel } from 'vscode';

const KEPT = 200;
const REMEMBERED = new Set<string | symbol>(['info', 'warn', 'error']);

/** A log of which the last messages can be read again, except for those that are only there for debugging. */
export interface Log extends LogOutputChannel {
  readonly recent: readonly string[];
}

/** A log that remembers what was written to it. */
export function remembering(channel: LogOutputChannel): Log {
  const recent: string[] = [];
  const remember = (level: string, message: unknown): void => {
    recent.push(`[${level}] ${message instanceof Error ? `${message.name}: ${message.message}` : String(message)}`);
    recent.splice(0, recent.length - KEPT);
  };
  // Whatever else an editor's channel can do, it still can: the language client asks for more than is in the interface.
  return new Proxy({} as Log, {
    get(_, name) {
      if (name === 'recent') {
        return recent;
      }
      const member: unknown = Reflect.get(channel, name, channel);
      if (typeof member !== 'function') {
        return member;
      }
      return (...args: unknown[]): unknown => {
        if (REMEMBERED.has(name)) {
          remember(String(name), args[0]);
        }
        return Reflect.apply(member, channel, args);
      };
    },
  });
}
