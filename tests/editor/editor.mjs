// A real VS Code (code-server) with the packaged extension, in a fresh profile, driven through Chromium.
//
// environment, set by test_editor.py: CODE_SERVER, CHROMIUM, CLIENT (the extension's sources), VSIX, ARTIFACTS, and
// PYTHON, which runs the server
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { chromium } from 'playwright-core';

const { CODE_SERVER, CHROMIUM, CLIENT, VSIX, PYTHON, ARTIFACTS } = process.env;

export const EXTENSION = 'idiomatic.idiomatic';

const TIMEOUT_MS = 60_000;

const SETTINGS = {
  'idiomatic.interpreter': PYTHON,
  'telemetry.telemetryLevel': 'off',
  'chat.disableAIFeatures': true,
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.colorTheme': 'Default Light Modern',
  'extensions.ignoreRecommendations': true,
  'files.autoSave': 'off',
  'git.enabled': false,
  'editor.minimap.enabled': false,
  'editor.wordBasedSuggestions': 'off',
  'editor.hover.delay': 100,
};

export async function poll(what, attempt, timeout = TIMEOUT_MS) {
  const end = Date.now() + timeout;
  for (;;) {
    const value = await attempt();
    if (value) {
      return value;
    }
    if (Date.now() > end) {
      throw new Error(`timed out: ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Makes tests of an editor that is there when they run, each with a picture of how it ended. */
export function steps(editor) {
  return (title, run) =>
    test(title, async () => {
      try {
        await run();
      } finally {
        await editor().screenshot(title);
        await editor().press('Escape', 'Escape');
      }
    });
}

export class Editor {
  /**
   * Starts the editor on a workspace of `files` (name to text) and shows the file `open`. With `folders`, names of
   * folders among them, these are the workspace, described in the file `team.code-workspace`.
   * With `suite`, a module's path, the page runs its tests in the extension host instead of showing a file.
   */
  static async start(name, options) {
    const editor = new Editor(name);
    try {
      await editor.#start(options);
      return editor;
    } catch (error) {
      await editor.screenshot('start failed');
      await editor.close();
      throw error;
    }
  }

  constructor(name) {
    this.name = name;
    this.artifacts = path.join(ARTIFACTS, name);
    this.home = mkdtempSync(path.join(tmpdir(), `idiomatic-${name}-`));
    this.data = path.join(this.home, 'data');
    this.workspace = path.join(this.home, 'workspace');
    this.changes = {};
    this.lines = [];
    this.shots = 0;
    // Where it is looked for what is seen: `.notebookOverlay` in a notebook.
    this.area = '.editor-instance';
  }

  async #start({
    files,
    open,
    folders,
    suite,
    settings = {},
    workspaceSettings,
    keybindings = [],
    environment = () => ({}),
    extensions = [],
    trusted = true,
    scale = 1,
  }) {
    rmSync(this.artifacts, { recursive: true, force: true });
    mkdirSync(this.artifacts, { recursive: true });
    this.write(files);
    if (folders) {
      this.team = this.path('team.code-workspace');
      this.setFolders(folders);
    }
    if (workspaceSettings) {
      this.configure(workspaceSettings(this.workspace));
    }
    const user = path.join(this.data, 'User');
    mkdirSync(user, { recursive: true });
    writeFileSync(path.join(user, 'settings.json'), JSON.stringify({ ...SETTINGS, ...settings }));
    writeFileSync(path.join(user, 'keybindings.json'), JSON.stringify(keybindings));
    // An empty configuration of our own, so that none from the home directory is read or written.
    const config = path.join(this.home, 'config.yaml');
    writeFileSync(config, '');
    const options = ['--config', config, '--user-data-dir', this.data, '--extensions-dir', path.join(this.home, 'extensions')];

    const packages = [...(suite ? [] : [VSIX]), ...extensions.map((folder) => this.#pack(folder))];
    for (const file of packages) {
      run(CODE_SERVER, [...options, '--install-extension', file]);
    }

    this.port = await freePort();
    const log = openSync(path.join(this.artifacts, 'code-server.log'), 'w');
    this.process = spawn(CODE_SERVER, [
      ...options, '--bind-addr', `127.0.0.1:${this.port}`, '--auth', 'none', '--disable-telemetry', '--disable-update-check',
      ...(trusted ? ['--disable-workspace-trust'] : []), '--disable-getting-started-override', '--disable-proxy',
    ], { stdio: ['ignore', log, log], env: { ...process.env, VSCODE_IPC_HOOK_CLI: '', ...environment(this.workspace) } });
    await poll('code-server answers', () => fetch(`http://127.0.0.1:${this.port}/healthz`).then((reply) => reply.ok, () => false));

    this.browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    });
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 800 }, deviceScaleFactor: scale });
    this.page = await context.newPage();
    this.page.setDefaultTimeout(TIMEOUT_MS);
    if (suite) {
      await this.#runSuite(suite);
    } else {
      await this.page.goto(this.#address([['openFile', this.#remote(this.path(open))]]));
      await this.page.waitForSelector('.monaco-workbench');
      await this.page.waitForSelector('.monaco-editor .view-line');
    }
  }

  /** Makes a package of an extension in a folder beside this file. */
  #pack(folder) {
    const file = path.join(this.home, `${folder}.vsix`);
    const vsce = path.join(CLIENT, 'node_modules', '@vscode', 'vsce', 'vsce');
    const options = ['--no-dependencies', '--allow-missing-repository', '--skip-license', '--out', file];
    run(process.execPath, [vsce, 'package', ...options], path.join(import.meta.dirname, folder));
    return file;
  }

  async #runSuite(suite) {
    await this.page.addInitScript(enableSmokeTestDriver);
    await this.page.exposeFunction('codeAutomationLog', (_type, [line]) => this.lines.push(String(line)));
    this.exit = new Promise((resolve) => {
      void this.page.exposeFunction('codeAutomationExit', resolve);
    });
    const payload = [
      ['extensionDevelopmentPath', this.#remote(CLIENT)],
      ['extensionTestsPath', this.#remote(suite)],
      ['skipWelcome', 'true'],
    ];
    await this.page.goto(this.#address(payload));
  }

  #address(payload) {
    const opened = this.team ? { workspace: this.team } : { folder: this.workspace };
    const query = new URLSearchParams({ ...opened, payload: JSON.stringify(payload) });
    return `http://127.0.0.1:${this.port}/?${query}`;
  }

  #remote(file) {
    return `vscode-remote://127.0.0.1:${this.port}${file}`;
  }

  path(file) {
    return path.join(this.workspace, file);
  }

  write(files) {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(path.dirname(this.path(file)), { recursive: true });
      writeFileSync(this.path(file), text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
    }
  }

  /** Makes these folders the workspace; the running editor opens and closes them. */
  setFolders(folders) {
    writeFileSync(this.team, JSON.stringify({ folders: folders.map((folder) => ({ path: folder })) }));
  }

  /** Adds to the settings of the workspace, which the running editor takes up. */
  configure(settings) {
    Object.assign(this.changes, settings);
    this.write({ '.vscode/settings.json': JSON.stringify(this.changes) });
  }

  async close() {
    this.keepLogs();
    await this.browser?.close();
    if (this.process && this.process.exitCode === null) {
      const gone = new Promise((resolve) => this.process.once('exit', resolve));
      this.process.kill('SIGTERM');
      await gone;
    }
    rmSync(this.home, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  async screenshot(title) {
    this.shots += 1;
    const file = `${String(this.shots).padStart(2, '0')}-${title.replaceAll(/[^a-z0-9]+/gi, '-').toLowerCase()}.png`;
    mkdirSync(this.artifacts, { recursive: true });
    await this.page?.screenshot({ path: path.join(this.artifacts, file) }).catch(() => undefined);
  }

  // ---- logs

  log(pattern) {
    const directory = path.join(this.data, 'logs');
    return readdirSync(directory, { recursive: true })
      .filter((file) => pattern.test(file))
      .sort()
      .map((file) => readFileSync(path.join(directory, file), 'utf8'))
      .join('');
  }

  /** What the extension host wrote, and what the extension and its server did. */
  logs() {
    return { host: this.log(/remoteexthost\.log$/), extension: this.log(/exthost\d+[/\\]idiomatic\.idiomatic[/\\].*\.log$/) };
  }

  keepLogs() {
    try {
      const { host, extension } = this.logs();
      writeFileSync(path.join(this.artifacts, 'extension-host.log'), host);
      writeFileSync(path.join(this.artifacts, 'idiomatic.log'), extension);
    } catch {
      // The editor may have ended before it wrote any.
    }
  }

  /** The process ids of the language servers that run below this editor. */
  servers() {
    const { stdout } = spawnSync('ps', ['-A', '-ww', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' });
    const processes = stdout.trim().split('\n').map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line)?.slice(1) ?? []);
    const parents = new Map(processes.map(([pid, parent]) => [pid, parent]));
    const isOurs = (pid) => pid !== undefined && (pid === String(this.process.pid) || isOurs(parents.get(pid)));
    return processes.filter(([pid, , args]) => / server --stdio$/.test(args ?? '') && isOurs(pid)).map(([pid]) => Number(pid));
  }

  // ---- keyboard and mouse

  async press(...keys) {
    for (const key of keys) {
      await this.page.keyboard.press(key);
    }
  }

  async command(title) {
    const input = this.page.locator('.quick-input-widget input').first();
    const row = this.page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first();
    // A list that was opened before the command was there does not get it any more.
    await poll(`the command ${title}`, async () => {
      await this.press('F1');
      await input.waitFor();
      await input.fill(`>${title}`);
      return row.waitFor({ timeout: 5_000 }).then(() => true, () => this.press('Escape'));
    });
    await this.press('Enter');
  }

  async open(file) {
    await this.press('Control+p');
    const input = this.page.locator('.quick-input-widget input').first();
    await input.waitFor();
    await input.fill(file);
    // Other files may have this one's name in theirs, and be listed above it.
    const name = new RegExp(`^${path.basename(file).replaceAll('.', '\\.')}$`);
    await this.page.locator('.quick-input-list .monaco-list-row .label-name').filter({ hasText: name }).first().click();
    await this.page.locator(`.tab.active[data-resource-name="${path.basename(file)}"]`).waitFor();
    await this.page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
    await this.page.locator('.monaco-editor.focused, .monaco-editor .focused').first().waitFor({ state: 'attached' });
  }

  async goto(line, column) {
    await this.press('Control+g');
    const input = this.page.locator('.quick-input-widget input').first();
    await input.waitFor();
    await input.fill(`:${line}:${column}`);
    await this.press('Enter');
    await this.page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
  }

  async type(text) {
    await this.page.keyboard.type(text);
  }

  read(file) {
    return readFileSync(this.path(file), 'utf8');
  }

  /** Saves the file in the active editor and waits until its text on disk is as wanted. */
  async save(file, wanted) {
    await this.press('Control+s');
    const fits = () => (typeof wanted === 'string' ? this.read(file) === wanted : wanted.test(this.read(file)));
    await poll(`${file} on disk`, fits, 10_000).catch((error) => {
      throw new Error(`${error.message}; it is\n${this.read(file)}`);
    });
  }

  // ---- what is seen

  get squiggles() {
    return this.page.locator(`${this.area} .cdr[class*="squiggly-"]`);
  }

  /** Waits until exactly this many places are underlined. */
  async underlined(count) {
    await poll(`${count} underlined places`, async () => (await this.squiggles.count()) === count);
  }

  /** The underlined texts, from where the underlines are drawn. */
  async underlinedTexts() {
    return this.page.evaluate((area) => {
      const lines = [...document.querySelectorAll(`${area} .view-lines .view-line`)].map((line) => {
        const span = line.querySelector('span');
        return { top: line.getBoundingClientRect().top, box: span.getBoundingClientRect(), text: line.textContent.replaceAll('\u00a0', ' ') };
      });
      return [...document.querySelectorAll(`${area} .cdr[class*="squiggly-"]`)].map((mark) => {
        const place = mark.getBoundingClientRect();
        const line = lines.find(({ top }) => Math.abs(top - place.top) < 4);
        const width = line.box.width / line.text.length;
        const start = Math.round((place.left - line.box.left) / width);
        return line.text.slice(start, start + Math.round(place.width / width));
      });
    }, this.area);
  }

  /** Points at a text and gives what the hover says once that contains `wanted`. */
  async hover(text, wanted) {
    await this.page.locator(`${this.area} .view-line > span > span`, { hasText: text }).first().hover();
    const hover = this.page.locator('.monaco-hover:visible', { hasText: wanted });
    await hover.first().waitFor();
    return hover.first().innerText();
  }

  /** Opens the menu of quick fixes at the cursor and gives the row with this title. */
  quickFixes(title) {
    return this.menu('Control+.', this.page.locator('.action-widget .monaco-list-row.action', { hasText: title }).first());
  }

  /** Presses a key until the menu that it opens has what is wanted. */
  async menu(key, wanted) {
    // Underlines that are still those of the file before, or a slow editor, let the key come too early.
    await poll(`${key} shows ${wanted}`, async () => {
      await this.press('Escape', key);
      return wanted.waitFor({ timeout: 3_000 }).then(() => true, () => false);
    });
    return wanted;
  }

  async notification(text) {
    const toast = this.page.locator('.notification-toast', { hasText: text });
    await toast.first().waitFor();
    return toast.first();
  }
}

function run(command, args, cwd) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`);
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

// Runs in the page, before the workbench reads its configuration there. A workbench that was built for release runs
// tests in the extension host only with this on, and code-server has no option for it.
function enableSmokeTestDriver() {
  document.addEventListener('readystatechange', () => {
    const meta = document.getElementById('vscode-workbench-web-configuration');
    if (meta && document.readyState === 'interactive') {
      const configuration = JSON.parse(meta.getAttribute('data-settings'));
      configuration.developmentOptions = { ...configuration.developmentOptions, enableSmokeTestDriver: true };
      meta.setAttribute('data-settings', JSON.stringify(configuration));
    }
  });
}
