import { CloseAction, type CloseHandlerResult, ErrorAction, type ErrorHandler, type ErrorHandlerResult } from 'vscode-languageclient/node';

const RESTARTS = 5;
const RESTARTS_WITHIN_MS = 3 * 60_000;

/** Starts a server again that crashes, unless it never ran, is not wanted any more, or crashes time and again. */
export class Restarts implements ErrorHandler {
  /** Whether the server has answered since it was asked for. */
  hasRun = false;
  /** Whether it is to end. */
  isRetired = false;
  private times: number[] = [];

  /** `onGivenUp` is called with the number of crashes after which the server is not started again. */
  constructor(private readonly onGivenUp: (crashes: number) => void) {}

  error(_error: Error, _message: unknown, count: number | undefined): ErrorHandlerResult {
    return { action: (count ?? 0) <= 3 ? ErrorAction.Continue : ErrorAction.Shutdown, handled: true };
  }

  closed(): CloseHandlerResult {
    if (this.isRetired) {
      return { action: CloseAction.DoNotRestart, message: 'The server was ended.', handled: true };
    }
    if (!this.hasRun) {
      return { action: CloseAction.DoNotRestart, message: 'The server ended before it answered.', handled: true };
    }
    const now = Date.now();
    this.times = [...this.times.filter((time) => now - time < RESTARTS_WITHIN_MS), now];
    const crashes = this.times.length;
    if (crashes <= RESTARTS) {
      const message = `The server ended unexpectedly and is started again (${crashes} of ${RESTARTS} times in three minutes).`;
      return { action: CloseAction.Restart, message, handled: true };
    }
    this.onGivenUp(crashes);
    return { action: CloseAction.DoNotRestart, message: `The server ended ${crashes} times within three minutes.`, handled: true };
  }
}
