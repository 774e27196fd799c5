import { commands } from 'vscode';

import type { Connected } from './request';
import { pickRule } from './rules';

/** Opens the page of a rule that the user picks. */
export async function explainRule(server: Connected): Promise<void> {
  const rule = await pickRule(server, 'Explain which rule?');
  if (rule !== undefined) {
    await commands.executeCommand('idiomatic.openRule', rule);
  }
}
