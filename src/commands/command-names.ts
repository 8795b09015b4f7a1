/** The names of the commands: one word, or two, such as `keys create`. */

/** In the order in which help lists them. */
export const commandNames = [
  "serve",
  "demo",
  "simulate",
  "check",
  "models",
  "keys create",
  "keys list",
  "keys show",
  "keys revoke",
  "keys rotate",
  "import litellm",
  "usage",
  "reconcile",
  "connect",
  "doctor",
] as const;
export type CommandName = (typeof commandNames)[number];

type FirstWord<Name extends string> = Name extends `${infer First} ${string}` ? First : never;
/** The first word of commands that have two, such as `keys`. */
export type CommandGroup = FirstWord<CommandName>;

/** What help can be had on. */
export type HelpTopic = CommandName | CommandGroup;

export const commandGroups: readonly CommandGroup[] = [
  ...new Set(
    commandNames.flatMap((name) => (name.includes(" ") ? [name.split(" ")[0] as CommandGroup] : [])),
  ),
];

/** The commands that begin with this word. */
export function commandsOf(group: CommandGroup): readonly CommandName[] {
  return commandNames.filter((name) => name.startsWith(`${group} `));
}

export type Named =
  | { readonly kind: "command"; readonly command: CommandName; readonly rest: readonly string[] }
  /** `keys` alone. */
  | { readonly kind: "group"; readonly group: CommandGroup }
  /** Within a group, where its first word is right. */
  | { readonly kind: "unknown"; readonly name: string; readonly group: CommandGroup | null };

/** The command that the words begin with, and what follows; `serve` where there are none. */
export function commandOf(words: readonly string[]): Named {
  const [first = "serve", second, ...rest] = words;
  const command = commandNames.find((name) => name === first);
  if (command !== undefined) return { kind: "command", command, rest: words.slice(1) };
  const group = commandGroups.find((name) => name === first);
  if (group === undefined) return { kind: "unknown", name: first, group: null };
  if (second === undefined) return { kind: "group", group };
  const both = commandNames.find((name) => name === `${first} ${second}`);
  if (both !== undefined) return { kind: "command", command: both, rest };
  return { kind: "unknown", name: `${first} ${second}`, group };
}
