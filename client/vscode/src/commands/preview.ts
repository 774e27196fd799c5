import { type Disposable, EventEmitter, TabInputText, type TextDocumentContentProvider, Uri, ViewColumn, window, workspace } from 'vscode';

const SCHEME = 'idiomatic-preview';

/** A read-only text beside the editor, for as long as something is being chosen. */
export class Preview implements Disposable, TextDocumentContentProvider {
  private readonly changes = new EventEmitter<Uri>();
  readonly onDidChange = this.changes.event;
  private readonly registration = workspace.registerTextDocumentContentProvider(SCHEME, this);
  private text = '';
  private uri: Uri | undefined;

  provideTextDocumentContent(): string {
    return this.text;
  }

  /** Shows a text, in the place of the one before; the focus stays where it is. */
  async show(text: string, extension: string): Promise<void> {
    this.text = text;
    const uri = Uri.from({ scheme: SCHEME, path: `/Preview${extension}` });
    this.changes.fire(uri);
    if (this.uri?.path !== uri.path) {
      this.uri = uri;
      const document = await workspace.openTextDocument(uri);
      await window.showTextDocument(document, { viewColumn: ViewColumn.Beside, preserveFocus: true, preview: true });
    }
  }

  /** Closes it, wherever it is. */
  async close(): Promise<void> {
    this.uri = undefined;
    const tabs = window.tabGroups.all.flatMap((group) => group.tabs);
    await window.tabGroups.close(tabs.filter(({ input }) => input instanceof TabInputText && input.uri.scheme === SCHEME));
  }

  dispose(): void {
    this.registration.dispose();
    this.changes.dispose();
  }
}
