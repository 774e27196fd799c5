import { Disposable, type Event, extensions, type Uri } from 'vscode';

// What is used of the interface that the extension `ms-python.python` exports.
interface PythonExtension {
  readonly ready: Promise<void>;
  readonly environments: {
    readonly onDidChangeActiveEnvironmentPath: Event<unknown>;
    getActiveEnvironmentPath(resource?: Uri): EnvironmentPath;
    resolveEnvironment(environment: EnvironmentPath): Promise<Environment | undefined>;
  };
}

interface EnvironmentPath {
  readonly id: string;
  readonly path: string;
}

interface Environment {
  readonly executable: { readonly uri: Uri | undefined };
}

/** The interpreter that the user chose in the Python extension, if that is installed. */
export async function activeEnvironment(resource: Uri | undefined): Promise<string | undefined> {
  try {
    const python = await pythonExtension();
    if (!python) {
      return undefined;
    }
    const chosen = python.environments.getActiveEnvironmentPath(resource);
    const environment = await python.environments.resolveEnvironment(chosen);
    return environment?.executable.uri?.fsPath;
  } catch {
    // Another extension that fails to start is its own report; the search goes on without it.
    return undefined;
  }
}

/** Calls back when the user chooses another interpreter in the Python extension. */
export function onDidChangeEnvironment(listener: () => unknown): Disposable {
  let subscription: Disposable | undefined;
  let disposed = false;
  void pythonExtension().then(
    (python) => {
      if (!disposed) {
        subscription = python?.environments.onDidChangeActiveEnvironmentPath(listener);
      }
    },
    () => undefined,
  );
  return new Disposable(() => {
    disposed = true;
    subscription?.dispose();
  });
}

async function pythonExtension(): Promise<PythonExtension | undefined> {
  const python = await extensions.getExtension<PythonExtension>('ms-python.python')?.activate();
  await python?.ready;
  return python;
}
