/** What is known of a client: how it spells the gateway's base URL, and where its settings stand. */
import type { Phrase } from "../../core/language.ts";
import type { FileFormat, Setting } from "./setting.ts";
import type { Site } from "./site.ts";

export type SettingsFile = {
  /** Below the home folder, with slashes; the first of them that exists, else the last. */
  readonly paths: readonly string[];
  /** The variable that names another folder, and how many leading folders of the path it stands for. */
  readonly folderVariable: { readonly name: string; readonly replaces: number } | null;
  readonly format: FileFormat;
  readonly settings: readonly Setting[];
};

/** What is printed to be copied. */
export type Snippet = {
  readonly title: Phrase;
  readonly format: "yaml" | "javascript" | "python";
  readonly text: string;
};

export type Field = readonly [label: Phrase, value: string];

export type Setup = {
  /** What `--write` changes. */
  readonly files: readonly SettingsFile[];
  /** What stands in the environment of the client. */
  readonly environment: readonly (readonly [name: string, value: string])[];
  /** Whether the environment says all that the files would. */
  readonly isEnvironmentEnough: boolean;
  readonly snippets: readonly Snippet[];
  /** What to type into the client's own window. */
  readonly fields: readonly Field[];
  /** The client's own command that keeps its settings; the key is one of its words. */
  readonly command: readonly string[] | null;
  readonly notes: readonly Phrase[];
};

export type Client = {
  readonly title: string;
  /** The gateway's URL as this client wants it. */
  readonly baseUrl: (origin: string) => string;
  readonly setup: (site: Site, baseUrl: string) => Partial<Setup>;
};

/** OpenAI's clients append `/chat/completions` and the like. */
export function withVersion(origin: string): string {
  return `${origin}/v1`;
}

/** Anthropic's clients append `/v1/messages`, and some others `/v1` by themselves. */
export function asItIs(origin: string): string {
  return origin;
}

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** The machine itself, seen from a container on it. */
export function fromContainer(url: string): string {
  const parsed = new URL(url);
  if (!LOOPBACK.has(parsed.hostname)) return url;
  parsed.hostname = "host.docker.internal";
  return parsed.href.replace(/\/$/, "");
}
