import { type Diagnostic, Uri } from 'vscode';
import type { Middleware } from 'vscode-languageclient/node';

import { applyEdit } from './applying';
import type { Client } from './client';
import { linked } from './rule_page';
import { forServer } from './settings';
import { noteFix } from './walkthrough';

/** What is done with messages on their way between the editor and the server. */
export function middleware(client: () => Client | undefined): Middleware {
  const withLinks = (diagnostics: Diagnostic[]): Diagnostic[] => linked(diagnostics, client());
  return {
    handleDiagnostics(uri, diagnostics, next) {
      next(uri, withLinks(diagnostics));
    },
    async provideDiagnostics(document, previousResultId, token, next) {
      const report = await next(document, previousResultId, token);
      if (report && 'items' in report) {
        withLinks(report.items);
      }
      return report;
    },
    provideWorkspaceDiagnostics(resultIds, token, report, next) {
      return next(resultIds, token, (chunk) => {
        chunk?.items.forEach((item) => 'items' in item && withLinks(item.items));
        report(chunk);
      });
    },
    async resolveCodeAction(action, token, next) {
      const resolved = await next(action, token);
      // An action is resolved when it has been chosen.
      if (resolved?.edit) {
        noteFix();
      }
      return resolved;
    },
    workspace: {
      handleApplyEdit: applyEdit,
      async configuration(params, token, next) {
        const answers = await next(params, token);
        if (!Array.isArray(answers)) {
          return answers;
        }
        return answers.map((answer: unknown, index) => {
          const scope = params.items[index]?.scopeUri;
          return forServer(answer, scope === undefined ? undefined : Uri.parse(scope));
        });
      },
    },
  };
}
