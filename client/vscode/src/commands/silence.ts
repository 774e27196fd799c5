import { type Connected, execute } from './request';
import { activeUri, pickRule } from './rules';

/** Silences a rule that the user picks in the configuration of the active file's project. */
export async function silenceRule(server: Connected): Promise<void> {
  const uri = activeUri(server) ?? null;
  const rule = await pickRule(server, 'Silence which rule in this project?');
  if (rule !== undefined) {
    await execute(server, 'idiomatic.server.silence', rule, uri);
  }
}
