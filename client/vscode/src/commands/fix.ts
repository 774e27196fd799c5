import { window } from 'vscode';

import { type Connected, execute, executeLong } from './request';

/** Makes all safe fixes of the active file; the server says what there is to say. */
export async function fixFile(server: Connected): Promise<void> {
  const document = window.activeTextEditor?.document;
  if (document) {
    await execute(server, 'idiomatic.server.fixAll', server.client?.code2ProtocolConverter.asUri(document.uri));
  }
}

/** Makes those safe fixes of all files that the user confirms in the refactor preview. */
export async function fixWorkspace(server: Connected): Promise<void> {
  await executeLong(server, 'idiomatic: Fixing the workspace', 'idiomatic.server.fixWorkspace');
}
