import { Disposable, type Event, extensions, type Uri } from 'vscode';

const ID = 'ms-python.python';

// What is used of the interface that the extension `ms-python.python` exports.
interface PythonExtension {
  readonly ready: Promise<void>;
  readonly environments: {
    readonly known: readonly Environment[];
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

/** Whether the user has the Python extension, so that an interpreter can be chosen in it. */
export function hasPythonExtension(): boolean {
  return extensions.getExtension(ID) !== undefined;
}

/** The interpreter that the user chose in the Python extension, if that is installed. */
export function activeEnvironment(resource: Uri | undefined): Promise<string | undefined> {
  return asked(async ({ environments }) => {
    const environment = await environments.resolveEnvironment(environments.getActiveEnvironmentPath(resource));
    return environment?.executable.uri?.fsPath;
  }, undefined);
}

/** The interpreters that the Python extension has found so far. */
export function knownEnvironments(): Promise<readonly string[]> {
  return asked(({ environments }) => environments.known.flatMap(({ executable: { uri } }) => (uri ? [uri.fsPath] : [])), []);
}

/** Calls back when the user chooses another interpreter in the Python extension, and when that extension arrives. */
export function onDidChangeEnvironment(listener: () => unknown): Disposable {
  let subscription: Disposable | undefined;
  let isSubscribed = false;
  let isDisposed = false;
  const subscribe = async (): Promise<void> => {
    if (isSubscribed || !hasPythonExtension()) {
      return;
    }
    isSubscribed = true;
    await asked((python) => {
      if (!isDisposed) {
        subscription = python.environments.onDidChangeActiveEnvironmentPath(listener);
      }
    }, undefined);
  };
  void subscribe();
  const arrivals = extensions.onDidChange(async () => {
    if (!isSubscribed && hasPythonExtension()) {
      await subscribe();
      listener();
    }
  });
  return new Disposable(() => {
    isDisposed = true;
    arrivals.dispose();
    subscription?.dispose();
  });
}

async function asked<T>(ask: (python: PythonExtension) => T | Promise<T>, otherwise: T): Promise<T> {
  try {
    const python = await extensions.getExtension<PythonExtension>(ID)?.activate();
    await python?.ready;
    return python ? await ask(python) : otherwise;
  } catch {
    // Another extension that fails is its own report; the search goes on without it.
    return otherwise;
  }
}
