import * as path from 'node:path';
import {
  type Command,
  Disposable,
  type DocumentSelector,
  languages,
  LanguageStatusSeverity,
  type LanguageStatusItem,
  type TextDocument,
  Uri,
  window,
} from 'vscode';

import { short } from './paths';
import { brief } from './problems';
import type { Server } from './server';
import type { State } from './state';

// Where it is asked for, and where it is sent when it is another one.
const STATUS = 'idiomatic/status';
const SOON_MS = 100;

const SHOWN_FOR: DocumentSelector = [{ language: 'python' }, { pattern: '**/{pyproject,idiomatic}.toml' }];

/** What the server says of itself and of one file. */
export interface ServerStatus {
  readonly version: string;
  /** The oldest Python that the file has to run on. */
  readonly target: string | null;
  /** The address of the configuration file that counts for the file. */
  readonly configuration: string | null;
  /** Whether all files of the workspace are being looked at. */
  readonly isScanning: boolean;
}

/** Shows what the server is doing, among what the editor shows of a language. */
export function showStatus(server: Server): Disposable {
  const items = new Items();
  let status: ServerStatus | undefined;
  let timer: NodeJS.Timeout | undefined;
  let listened: unknown;
  const show = (): void => {
    items.show(server.state, status);
  };
  const ask = async (): Promise<void> => {
    const { client } = server;
    if (!client) {
      return;
    }
    if (client !== listened) {
      listened = client;
      client.onNotification(STATUS, (news: ServerStatus) => {
        status = news;
        show();
      });
    }
    try {
      const document = window.activeTextEditor?.document;
      const about = document && languages.match(SHOWN_FOR, document) > 0 ? { textDocument: identified(document) } : {};
      status = await client.sendRequest<ServerStatus>(STATUS, about);
    } catch {
      // The server of an environment may be older than this question.
      status = undefined;
    }
    show();
  };
  const askSoon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void ask(), SOON_MS);
  };
  show();
  return Disposable.from(
    items,
    server.onDidChangeState(({ kind }) => {
      if (kind !== 'running') {
        status = undefined;
      }
      show();
      askSoon();
    }),
    window.onDidChangeActiveTextEditor((editor) => {
      if (editor) {
        askSoon();
      }
    }),
    new Disposable(() => {
      clearTimeout(timer);
    }),
  );
}

function identified({ uri }: TextDocument): { uri: string } {
  return { uri: uri.toString() };
}

class Items implements Disposable {
  private readonly server = item('idiomatic', 'idiomatic');
  private target: LanguageStatusItem | undefined;
  private interpreter: LanguageStatusItem | undefined;

  show(state: State, status: ServerStatus | undefined): void {
    Object.assign(this.server, face(state, status));
    if (state.kind === 'running' && status?.target) {
      this.target ??= item('idiomatic.target', 'idiomatic: target version');
      const origin = status.configuration ? `configured in ${path.basename(Uri.parse(status.configuration).path)}` : '';
      const command = { title: 'Open Configuration', command: 'idiomatic.openConfiguration' };
      Object.assign(this.target, { text: `For Python ${status.target} and newer`, detail: origin, command });
    } else {
      this.target?.dispose();
      this.target = undefined;
    }
    if (state.kind === 'running') {
      const { path: file, version } = state.interpreter;
      this.interpreter ??= item('idiomatic.interpreter', 'idiomatic: interpreter');
      const command = { title: 'Choose…', command: 'idiomatic.selectInterpreter', tooltip: file };
      Object.assign(this.interpreter, { text: `Run by Python ${version}`, detail: short(file), command });
    } else {
      this.interpreter?.dispose();
      this.interpreter = undefined;
    }
  }

  dispose(): void {
    this.server.dispose();
    this.target?.dispose();
    this.interpreter?.dispose();
  }
}

type Face = Pick<LanguageStatusItem, 'text' | 'detail' | 'severity' | 'busy' | 'command'>;

const LOGS: Command = { title: 'Show Logs', command: 'idiomatic.showLogs' };

function face(state: State, status: ServerStatus | undefined): Face {
  switch (state.kind) {
    case 'off': {
      const command: Command = { title: 'Open Setting', command: 'workbench.action.openSettings', arguments: ['@id:idiomatic.enable'] };
      return { text: 'idiomatic: off', detail: state.reason, severity: LanguageStatusSeverity.Information, busy: false, command };
    }
    case 'starting':
      return { text: 'idiomatic: starting', detail: '', severity: LanguageStatusSeverity.Information, busy: true, command: LOGS };
    case 'running': {
      const detail = status?.isScanning ? 'looking at all files' : 'running';
      const text = `idiomatic ${status?.version ?? ''}`.trimEnd();
      return { text, detail, severity: LanguageStatusSeverity.Information, busy: status?.isScanning ?? false, command: LOGS };
    }
    case 'failed': {
      const { problem } = state;
      const command: Command =
        problem.kind === 'noInterpreter'
          ? { title: 'Choose Interpreter…', command: 'idiomatic.selectInterpreter' }
          : { title: 'Restart', command: 'idiomatic.restartServer' };
      const severity = LanguageStatusSeverity.Error;
      return { text: 'idiomatic: not running', detail: brief(problem), severity, busy: false, command };
    }
  }
}

function item(id: string, name: string): LanguageStatusItem {
  const made = languages.createLanguageStatusItem(id, SHOWN_FOR);
  made.name = name;
  return made;
}
