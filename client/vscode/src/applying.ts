import { Uri, workspace } from 'vscode';
import {
  type ApplyWorkspaceEditParams,
  type ApplyWorkspaceEditRequest,
  type ApplyWorkspaceEditResult,
  CancellationToken,
  ResponseError,
  type TextDocumentEdit,
  type WorkspaceEdit,
} from 'vscode-languageclient/node';

const ANNOUNCEMENT = 'confirm';

/** Makes an edit for the server; what a refactoring changes is saved, unless it was changed before. */
export async function applyEdit(
  params: ApplyWorkspaceEditParams,
  next: ApplyWorkspaceEditRequest.HandlerSignature,
): Promise<ApplyWorkspaceEditResult | ResponseError> {
  const unsaved = new Set(workspace.textDocuments.filter(({ isDirty }) => isDirty).map(({ uri }) => uri.toString()));
  const result = await next(confirmedAtOnce(params), CancellationToken.None);
  const saves = params.metadata?.isRefactoring === true && workspace.getConfiguration('files').get('refactoring.autoSave') !== false;
  if (saves && !(result instanceof ResponseError) && result.applied) {
    // The editor itself does so only for edits of several files.
    const changed = new Set(edited(params.edit).map((uri) => Uri.parse(uri).toString()));
    const own = workspace.textDocuments.filter(({ uri }) => changed.has(uri.toString()) && !unsaved.has(uri.toString()));
    await Promise.all(own.filter(({ isDirty }) => isDirty).map((document) => document.save()));
  }
  return result;
}

function edited({ documentChanges = [] }: WorkspaceEdit): string[] {
  return documentChanges.flatMap((change) => ('textDocument' in change ? [change.textDocument.uri] : []));
}

/**
 * An edit that has to be confirmed, as the refactor preview shows it best.
 *
 * The preview opens if anything is to be confirmed, and leaves whatever is unticked: to confirm a hundred files would
 * take as many clicks. So all is ticked but one edit that changes nothing, and that says what to do.
 */
function confirmedAtOnce(params: ApplyWorkspaceEditParams): ApplyWorkspaceEditParams {
  const { changeAnnotations: annotations = {}, documentChanges: changes } = params.edit;
  const first = changes?.find((change): change is TextDocumentEdit => 'textDocument' in change);
  if (!changes || !first || !Object.values(annotations).some(({ needsConfirmation }) => needsConfirmation)) {
    return params;
  }
  const start = { line: 0, character: 0 };
  const announcement = {
    textDocument: first.textDocument,
    edits: [{ range: { start, end: start }, newText: '', annotationId: ANNOUNCEMENT }],
  };
  const edit: WorkspaceEdit = {
    ...params.edit,
    documentChanges: [announcement, ...changes],
    changeAnnotations: {
      [ANNOUNCEMENT]: { label: 'Nothing is changed before you press Apply', needsConfirmation: true },
      ...Object.fromEntries(Object.entries(annotations).map(([id, each]) => [id, { ...each, needsConfirmation: false }])),
    },
  };
  return { ...params, edit };
}
