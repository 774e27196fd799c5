import type { Failure, Interpreter } from './interpreter';

/** What keeps the server from running. */
export type Problem =
  | { readonly kind: 'noInterpreter'; readonly tried: readonly Failure[] }
  | { readonly kind: 'notStarted'; readonly interpreter: Interpreter; readonly reason: string }
  | { readonly kind: 'crashed'; readonly interpreter: Interpreter; readonly times: number };

/** What the server of this window is doing. */
export type State =
  | { readonly kind: 'off'; readonly reason: string }
  | { readonly kind: 'starting'; readonly interpreter?: Interpreter }
  | { readonly kind: 'running'; readonly interpreter: Interpreter }
  | { readonly kind: 'failed'; readonly problem: Problem };
