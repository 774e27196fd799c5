import { commands, window } from 'vscode';

import { fixWorkspace } from './fix';
import { type Connected, executeLong } from './request';

const OPEN_PROBLEMS = 'Open Problems';
const FIX_ALL = 'Fix All Safe…';

interface Scanned {
  readonly findings: number;
  readonly safe: number;
  readonly message: string;
}

/** Scans of the workspace, of which there is one at a time: who wants another one meanwhile gets that. */
export class Scan {
  private running: Promise<void> | undefined;

  constructor(private readonly server: Connected) {}

  run(): Promise<void> {
    this.running ??= this.scan().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  private async scan(): Promise<void> {
    const client = this.server.client;
    const found = await executeLong<Scanned>(this.server, 'idiomatic: Scanning the workspace', 'idiomatic.server.scan', true);
    if (found) {
      void this.offer(found);
    } else if (client) {
      void window.showInformationMessage('The scan was cancelled.');
    }
  }

  // Nobody has to answer; the next scan can begin meanwhile.
  private async offer({ findings, safe, message }: Scanned): Promise<void> {
    const offered = [...(findings > 0 ? [OPEN_PROBLEMS] : []), ...(safe > 0 ? [FIX_ALL] : [])];
    switch (await window.showInformationMessage(message, ...offered)) {
      case OPEN_PROBLEMS:
        await commands.executeCommand('workbench.actions.view.problems');
        break;
      case FIX_ALL:
        await fixWorkspace(this.server);
        break;
    }
  }
}
