/** The keys of a running gateway, by its admin API. */
import { request } from "undici";
import { z } from "zod";
import { budgetPeriods } from "../../core/limits.ts";
import { type KeyDraftJson, type KeyJson, keySchema } from "../../server/admin/key-schemas.ts";
import { keyPhrases } from "./key-messages.ts";
import { type IssuedKey, type KeyDetail, type KeyService, KeysUnavailable } from "./key-service.ts";

/** Where a control plane is, and what opens its admin API. */
export type ControlPlane = { readonly url: string; readonly bearer: string };

const ANSWER_MS = 10_000;
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;
const KEYS_PER_PAGE = 500;
/** More keys than any gateway has; a list without an end is a defect of whoever sends it. */
const PAGES_MAX = 10_000;

type Answer = { readonly status: number; readonly body: unknown };

const usedSchema = z.record(z.enum(budgetPeriods), z.object({ tokens: z.int(), cost_cny: z.number() }));
const pageSchema = z.object({ keys: z.array(keySchema), next_cursor: z.string().nullable() });
type Page = z.infer<typeof pageSchema>;
const detailSchema = keySchema.extend({ used: usedSchema });
const issuedSchema = keySchema.extend({ key: z.string() });
const errorSchema = z.object({ error: z.object({ message: z.string() }) });

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error("The answer has no end.");
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}

async function ask(
  { url, bearer }: ControlPlane,
  method: "GET" | "POST",
  path: string,
  body?: object,
): Promise<Answer> {
  try {
    const answer = await request(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${bearer}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    return { status: answer.statusCode, body: JSON.parse(await textOf(answer.body)) };
  } catch (cause) {
    throw new KeysUnavailable(keyPhrases.noAnswer(url), cause);
  }
}

/** What the gateway said, in its own words; a phrase of ours where it said nothing that can be read. */
function refusalOf(url: string, { status, body }: Answer): KeysUnavailable {
  const told = errorSchema.safeParse(body);
  return new KeysUnavailable(
    told.success ? keyPhrases.refused(url, told.data.error.message) : keyPhrases.notOurs(url, status),
  );
}

/** @throws KeysUnavailable where the answer is another one than the schema's */
function read<Value>(url: string, answer: Answer, schema: z.ZodType<Value>): Value {
  if (answer.status < 200 || answer.status > 299) throw refusalOf(url, answer);
  const reading = schema.safeParse(answer.body);
  if (!reading.success) throw new KeysUnavailable(keyPhrases.notOurs(url, answer.status), reading.error);
  return reading.data;
}

export class GatewayKeys implements KeyService {
  readonly isRunning = true;
  readonly #control: ControlPlane;

  constructor(control: ControlPlane) {
    this.#control = control;
  }

  get place(): string {
    return this.#control.url;
  }

  /** @throws KeysUnavailable: nobody answers there, or not to this key */
  async check(): Promise<void> {
    await this.#page(1, null);
  }

  async list(): Promise<readonly KeyJson[]> {
    const keys: KeyJson[] = [];
    let cursor: string | null = null;
    for (let pages = 0; pages < PAGES_MAX; pages++) {
      const page: Page = await this.#page(KEYS_PER_PAGE, cursor);
      keys.push(...page.keys);
      cursor = page.next_cursor;
      if (cursor === null) return keys;
    }
    throw new KeysUnavailable(keyPhrases.noAnswer(this.place));
  }

  async show(id: string): Promise<KeyDetail | null> {
    const answer = await ask(this.#control, "GET", pathOf(id));
    return answer.status === 404 ? null : read(this.place, answer, detailSchema);
  }

  async create(draft: KeyDraftJson): Promise<IssuedKey> {
    return this.#issued(await ask(this.#control, "POST", "/admin/keys", draft));
  }

  async revoke(id: string): Promise<KeyJson | null> {
    const answer = await ask(this.#control, "POST", `${pathOf(id)}/revoke`, {});
    return answer.status === 404 ? null : read(this.place, answer, keySchema);
  }

  async rotate(id: string, overlapSeconds: number): Promise<IssuedKey | null> {
    const answer = await ask(this.#control, "POST", `${pathOf(id)}/rotate`, {
      overlap_seconds: overlapSeconds,
    });
    return answer.status === 404 ? null : this.#issued(answer);
  }

  close(): void {
    // The connections of undici's pool keep no process running.
  }

  async #page(keysMax: number, cursor: string | null): Promise<Page> {
    const query = new URLSearchParams({ limit: String(keysMax), ...(cursor === null ? {} : { cursor }) });
    return read(this.place, await ask(this.#control, "GET", `/admin/keys?${query}`), pageSchema);
  }

  #issued(answer: Answer): IssuedKey {
    const { key: secret, ...key } = read(this.place, answer, issuedSchema);
    return { key, secret };
  }
}

function pathOf(id: string): string {
  return `/admin/keys/${encodeURIComponent(id)}`;
}
