/** Every flag of the command line: what it takes, which commands have it, and how its value is read. */
import { CONCURRENT_MAX, REQUESTS_PER_MINUTE_MAX } from "../config/limit-settings.ts";
import { TOKENS_MAX } from "../core/usage.ts";
import type { CommandName } from "./command-names.ts";

type FlagKind =
  | { readonly takes: "text"; readonly word: string }
  | { readonly takes: "number"; readonly word: string; readonly least: number; readonly most: number }
  | { readonly takes: "nothing" };

const port = { takes: "number", word: "PORT", least: 0, most: 65_535 } as const;
const numberUpTo = (most: number) => ({ takes: "number", word: "NUMBER", least: 1, most }) as const;
const nothing = { takes: "nothing" } as const;

export const flagKinds = {
  port,
  host: { takes: "text", word: "HOST" },
  "control-port": port,
  config: { takes: "text", word: "FILE" },
  scenario: { takes: "text", word: "FILE" },
  seed: { takes: "number", word: "NUMBER", least: 0, most: 4_294_967_295 },
  by: { takes: "text", word: "GROUPS" },
  from: { takes: "text", word: "DAY" },
  to: { takes: "text", word: "DAY" },
  key: { takes: "text", word: "NAMES" },
  model: { takes: "text", word: "NAMES" },
  columns: { takes: "text", word: "MAP" },
  name: { takes: "text", word: "NAME" },
  owner: { takes: "text", word: "OWNER" },
  models: { takes: "text", word: "PATTERNS" },
  budget: { takes: "text", word: "BUDGETS" },
  "requests-per-minute": numberUpTo(REQUESTS_PER_MINUTE_MAX),
  "tokens-per-minute": numberUpTo(TOKENS_MAX),
  concurrent: numberUpTo(CONCURRENT_MAX),
  expires: { takes: "text", word: "TIME" },
  tags: { takes: "text", word: "TAGS" },
  overlap: { takes: "text", word: "TIME" },
  url: { takes: "text", word: "URL" },
  write: nothing,
  json: nothing,
  csv: nothing,
} as const satisfies Readonly<Record<string, FlagKind>>;

export type FlagName = keyof typeof flagKinds;
export const flagNames = Object.keys(flagKinds) as readonly FlagName[];

type ValueOf<Kind extends FlagKind> = Kind extends { takes: "text" }
  ? string
  : Kind extends { takes: "number" }
    ? number
    : boolean;

type CamelCase<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

/** What the command line gave, checked; undefined where it gave nothing. */
export type Flags = {
  readonly [Name in FlagName as CamelCase<Name>]?: ValueOf<(typeof flagKinds)[Name]>;
};

/** The flags of each command, in the order in which help lists them. */
export const flagsOf: { readonly [command in CommandName]: readonly FlagName[] } = {
  serve: ["port", "host", "control-port", "config"],
  demo: ["port"],
  simulate: ["port", "scenario", "seed"],
  check: ["config", "json"],
  models: ["config", "json"],
  "keys create": [
    "name",
    "owner",
    "models",
    "budget",
    "requests-per-minute",
    "tokens-per-minute",
    "concurrent",
    "expires",
    "tags",
    "config",
    "json",
  ],
  "keys list": ["config", "json"],
  "keys show": ["config", "json"],
  "keys revoke": ["config", "json"],
  "keys rotate": ["overlap", "config", "json"],
  "import litellm": [],
  usage: ["by", "from", "to", "key", "model", "config", "json", "csv"],
  reconcile: ["columns", "from", "to", "config", "json", "csv"],
  connect: ["model", "key", "url", "write", "config", "json"],
  doctor: ["config", "json"],
};

/** Without these a command can do nothing. */
export const neededFlagsOf: { readonly [command in CommandName]?: readonly FlagName[] } = {
  "keys create": ["name"],
};

/** What a command wants beside its flags, as help shows it. */
export type Operand = "FILE" | "ID" | "CLIENT";

export const operandOf: { readonly [command in CommandName]?: Operand } = {
  "import litellm": "FILE",
  reconcile: "FILE",
  "keys show": "ID",
  "keys revoke": "ID",
  "keys rotate": "ID",
  connect: "CLIENT",
};

/** Words for the values of flags that mean something else to a command than to the others. */
const ownWords: { readonly [command in CommandName]?: { readonly [flag in FlagName]?: string } } = {
  connect: { model: "NAME", key: "KEY" },
};

export function isFlag(name: string): name is FlagName {
  return Object.hasOwn(flagKinds, name);
}

/** The flag with its value, as it is typed. */
export function flagShape(name: FlagName, command: CommandName): string {
  const kind: FlagKind = flagKinds[name];
  return kind.takes === "nothing" ? `--${name}` : `--${name} ${ownWords[command]?.[name] ?? kind.word}`;
}

export type FlagReading =
  | { readonly kind: "ok"; readonly value: string | number | boolean }
  | { readonly kind: "not-a-number"; readonly least: number; readonly most: number };

/** @param value as it was typed; not looked at where the flag takes none */
export function readFlag(name: FlagName, value: string): FlagReading {
  const kind: FlagKind = flagKinds[name];
  switch (kind.takes) {
    case "nothing":
      return { kind: "ok", value: true };
    case "text":
      return { kind: "ok", value };
    case "number": {
      const { least, most } = kind;
      const number = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
      return number >= least && number <= most
        ? { kind: "ok", value: number }
        : { kind: "not-a-number", least, most };
    }
  }
}

/** What a flag is called among the `Flags`: `control-port` is `controlPort`. */
export function propertyOf(name: FlagName): string {
  return name.replaceAll(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}
