/** The files that a project's configuration can be in. */
export const OWN_FILE = 'idiomatic.toml';
export const SHARED_FILE = 'pyproject.toml';

// Every key in it is commented out: it says what can be decided, and decides nothing.
const KEYS = `\
# What counts for idiomatic in this project, in the editor, on the command line and in CI.
# Each line shows what holds without it.
# select = ["ALL"]         # the rules, or families of them, to look for
# ignore = []              # those not to look for
# severity = {}            # by rule: "error", "warning", "information", "hint" or "off"
# target-version = "3.11"  # the oldest Python the code has to run on; else what requires-python says
# exclude = []             # files that are not looked at, as in a .gitignore
# templates = "templates"  # a folder with templates of your own
`;

/** A configuration to begin with. */
export const START: Readonly<Record<string, string>> = {
  [OWN_FILE]: KEYS,
  [SHARED_FILE]: `[tool.idiomatic]\n${KEYS}`,
};

/** The line, from 0, on which a `pyproject.toml` begins to say something about idiomatic; -1: it says nothing. */
export function tableLine(text: string): number {
  return text.split(/\r?\n/).findIndex((line) => /^\s*\[{0,2}\s*tool\s*\.\s*(["']?)idiomatic\1\s*[.\]=]/.test(line));
}
