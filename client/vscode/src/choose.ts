import * as path from 'node:path';
import { commands, ConfigurationTarget, type QuickPickItem, QuickPickItemKind, ThemeIcon, Uri, window, workspace } from 'vscode';

import { choices, isInWorkspace } from './candidates';
import { type Candidate, type Failure, type Interpreter, probe } from './interpreter';
import { short } from './paths';
import { pythonIn, WINDOWS } from './places';
import { hasPythonExtension } from './python_extension';
import type { Server } from './server';
import { launchSettings, SECTION } from './settings';

const AT_A_TIME = 4;
const SETTING = 'interpreter';

interface Item extends QuickPickItem {
  /** What happens when it is chosen; one without stays where it is. */
  readonly choose?: () => Promise<void>;
}

/** Lets the user choose what runs the server, from what there is on this machine. */
export async function chooseInterpreter(server: Server): Promise<void> {
  const pick = window.createQuickPick<Item>();
  pick.title = 'The Python that runs the idiomatic server';
  pick.placeholder = 'Python 3.11 or newer; your code is not run by it, and may be for another version';
  pick.matchOnDescription = true;
  pick.matchOnDetail = true;
  const found: (Interpreter | Failure)[] = [];
  const show = (): void => {
    const active = pick.activeItems[0]?.label;
    pick.items = itemsOf(server, found);
    const again = pick.items.find(({ label }) => label === active);
    pick.activeItems = again ? [again] : pick.activeItems;
  };
  show();
  pick.busy = true;
  const closed = new AbortController();
  const isOpen = (): boolean => !closed.signal.aborted;
  pick.onDidHide(() => {
    closed.abort();
    pick.dispose();
  });
  pick.onDidAccept(async () => {
    const [item] = pick.selectedItems;
    if (item?.choose) {
      pick.hide();
      await item.choose();
    }
  });
  pick.show();
  const queue = choices(launchSettings().interpreter);
  let count = 0;
  const take = async (): Promise<void> => {
    for (let next = await queue.next(); next.done !== true && isOpen(); next = await queue.next()) {
      const place = count++;
      found[place] = await probe(next.value, server.requirements());
      if (isOpen()) {
        show();
      }
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, take));
  if (isOpen()) {
    pick.busy = false;
  }
}

// Those that are still being asked are gaps in the list.
function itemsOf(server: Server, found: readonly (Interpreter | Failure)[]): Item[] {
  const fits = found.filter((each): each is Interpreter => !('problem' in each));
  const unfit = found.filter((each): each is Failure => 'problem' in each);
  const { state } = server;
  const current = state.kind === 'running' ? state.interpreter.path : undefined;
  const items: Item[] = [
    { label: 'Browse…', iconPath: new ThemeIcon('folder-opened'), alwaysShow: true, choose: () => browse(server) },
  ];
  if (hasPythonExtension()) {
    const label = 'Use the Python extension’s choice';
    items.push({ label, iconPath: new ThemeIcon('extensions'), alwaysShow: true, choose: () => write(server, undefined) });
  } else if (launchSettings().interpreter) {
    const label = 'Find one automatically';
    items.push({ label, iconPath: new ThemeIcon('search'), alwaysShow: true, choose: () => write(server, undefined) });
  }
  if (fits.length > 0) {
    items.push({ label: 'Can run the server', kind: QuickPickItemKind.Separator });
  }
  for (const { path: file, version, origin } of fits) {
    items.push({
      label: `Python ${version}`,
      description: short(file),
      detail: file === current ? `${origin}, runs the server now` : origin,
      iconPath: new ThemeIcon(file === current ? 'check' : 'circle-outline'),
      choose: () => write(server, file),
    });
  }
  if (unfit.length > 0) {
    items.push({ label: 'Cannot', kind: QuickPickItemKind.Separator });
  }
  for (const { path: file, origin, problem } of unfit) {
    items.push({ label: short(file), description: origin, detail: problem, iconPath: new ThemeIcon('circle-slash') });
  }
  return items;
}

async function browse(server: Server): Promise<void> {
  const [folder] = workspace.workspaceFolders ?? [];
  const [chosen] =
    (await window.showOpenDialog({
      title: 'The Python that runs the idiomatic server',
      openLabel: 'Use',
      canSelectMany: false,
      ...(WINDOWS ? { filters: { Programs: ['exe'] } } : {}),
      ...(folder ? { defaultUri: Uri.file(path.dirname(pythonIn(path.join(folder.uri.fsPath, '.venv')))) } : {}),
    })) ?? [];
  if (!chosen) {
    return;
  }
  const candidate: Candidate = { path: chosen.fsPath, origin: 'chosen by you' };
  const found = await probe(candidate, server.requirements());
  if (!('problem' in found)) {
    await write(server, found.path);
  } else if ((await window.showErrorMessage(`${found.path} ${found.problem}.`, 'Choose Another…')) !== undefined) {
    await chooseInterpreter(server);
  }
}

/** Writes the setting to where it counts: the workspace if it is set there or the file belongs to it, else the user. */
async function write(server: Server, file: string | undefined): Promise<void> {
  const configuration = workspace.getConfiguration(SECTION);
  const set = configuration.inspect<string>(SETTING);
  const [folder] = workspace.workspaceFolders ?? [];
  const belongs = file !== undefined && isInWorkspace(file) && workspace.workspaceFolders?.length === 1;
  const target =
    folder && (set?.workspaceValue !== undefined || belongs) ? ConfigurationTarget.Workspace : ConfigurationTarget.Global;
  // Not where this checkout happens to be: the setting may be shared.
  const value = belongs && folder ? `\${workspaceFolder}/${path.relative(folder.uri.fsPath, file).replaceAll('\\', '/')}` : file;
  try {
    await configuration.update(SETTING, value, target);
    await server.update();
  } catch (error) {
    const message = `The setting idiomatic.interpreter could not be written: ${error instanceof Error ? error.message : String(error)}`;
    if ((await window.showErrorMessage(message, 'Open Setting')) !== undefined) {
      await commands.executeCommand('workbench.action.openSettings', '@id:idiomatic.interpreter');
    }
  }
}
