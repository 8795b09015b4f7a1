/** Keys of two owners, whatever they are and have done: neither sees a row, a key or an id of the other's. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { newRequestId } from "../../src/core/ids.ts";
import type { KeyWithSecret } from "../../src/keys/key-desk.ts";
import { LedgerStore } from "../../src/ledger/store/ledger-store.ts";
import { openReports } from "../../src/ledger/store/open-reports.ts";
import { AdminControl, type Answer, jsonOf } from "../support/admin-control.ts";
import { NOON } from "../support/attempt-rows.ts";
import { newFolder, opened, settled, start } from "../unit/ledger/store/records.ts";

type Person = {
  readonly owner: "ana" | "bob" | null;
  readonly isRevoked: boolean;
  readonly rows: readonly { readonly isOpen: boolean }[];
};
type Question = { readonly keys: readonly number[] | null; readonly limit: number; readonly asker: number };

const person = fc.record<Person>({
  owner: fc.constantFrom("ana", "bob", null),
  isRevoked: fc.boolean(),
  rows: fc.array(fc.record({ isOpen: fc.boolean() }), { maxLength: 4 }),
});
const question = fc.record<Question>({
  keys: fc.option(fc.array(fc.nat(), { minLength: 1, maxLength: 4 })),
  limit: fc.integer({ min: 1, max: 5 }),
  asker: fc.nat(),
});

/** A key, its rows, and every text that only those who may see it may be told. */
type Known = KeyWithSecret & {
  readonly person: Person;
  readonly requestIds: readonly string[];
  readonly marks: readonly string[];
};

async function worldOf(
  people: readonly Person[],
): Promise<{ control: AdminControl; known: readonly Known[] }> {
  const folder = newFolder();
  const store = LedgerStore.open(folder);
  const control = await new AdminControl({ reports: openReportsOf(folder, store) }).listen();
  const known: Known[] = [];
  for (const [index, one] of people.entries()) {
    const mark = `mark${index}x`;
    const { owner } = one;
    const made = await control.makeKey({ name: `name-${mark}`, owner, tags: [`tag-${mark}`] });
    const requestIds = one.rows.map(() => String(newRequestId(NOON + index)));
    const records = one.rows.flatMap(({ isOpen }, at) => {
      const id = requestIds[at] ?? "";
      const row = { openedAtWallMs: NOON + index, keyId: made.record.id, alias: `model-${mark}` };
      return isOpen ? [opened(id, row)] : [opened(id, row), settled(id)];
    });
    if (records.length > 0) store.apply(records, start);
    if (one.isRevoked) await control.desk.revoke(made.record.id, "test");
    known.push({
      ...made,
      person: one,
      requestIds,
      marks: [mark, made.record.id, ...requestIds],
    });
  }
  store.close();
  return { control, known };
}

/** The file is there once the store has made it; rows that are applied later are read, too. */
function openReportsOf(folder: string, store: LedgerStore): ReturnType<typeof openReports> {
  store.apply([], start);
  return openReports(folder);
}

function isSeenBy(asker: Known, other: Known): boolean {
  const { owner } = asker.person;
  return asker === other || (owner !== null && owner === other.person.owner);
}

/** All pages of a list, as one text. */
async function listed(control: AdminControl, key: string, path: string): Promise<string> {
  let text = "";
  for (let cursor: string | null = ""; cursor !== null; ) {
    const answer = await control.ask(`GET ${path}${cursor === "" ? "" : `&cursor=${cursor}`}`, { key });
    expect(answer.status).toBe(200);
    text += answer.text;
    cursor = jsonOf<{ next_cursor: string | null }>(answer).next_cursor;
  }
  return text;
}

function told({ status, text }: Answer): unknown {
  return [status, text];
}

async function askAll(
  control: AdminControl,
  known: readonly Known[],
  { keys, limit, asker }: Question,
): Promise<void> {
  const askers = known.filter(({ person }) => !person.isRevoked);
  const one = askers[asker % askers.length];
  if (one === undefined) return;
  const ids = keys?.map((index) => known[index % known.length]?.record.id ?? "");
  const filter = ids === undefined ? "" : `&key=${ids.join(",")}`;
  const wanted = known.filter((other) => isSeenBy(one, other) && (ids?.includes(other.record.id) ?? true));
  const ask = (path: string): Promise<Answer> => control.ask(`GET ${path}`, { key: one.secret });
  const keysTold = await listed(control, one.secret, `/admin/keys?limit=${limit}`);
  const rowsTold = await listed(control, one.secret, `/admin/requests?limit=${limit}${filter}`);
  const usage = await ask(`/admin/usage?by=key,model&from=2026-08-27&to=2026-08-27${filter}`);
  const models = await ask("/admin/models");
  const texts = [keysTold, rowsTold, usage.text, models.text];
  for (const other of known) {
    const { id } = other.record;
    const [key, missingKey] = [await ask(`/admin/keys/${id}`), await ask("/admin/keys/key_missing")];
    for (const requestId of other.requestIds) {
      const [row, missing] = [
        await ask(`/admin/requests/${requestId}`),
        await ask("/admin/requests/req_missing"),
      ];
      if (isSeenBy(one, other))
        expect(jsonOf(row)).toMatchObject({ request_id: requestId, attempts: [{ key: id }] });
      else expect(told(row)).toEqual(told(missing));
    }
    if (isSeenBy(one, other)) {
      expect([key.status, keysTold.includes(id)]).toEqual([200, true]);
    } else {
      expect(told(key)).toEqual(told(missingKey));
      const foreign = await ask(`/admin/keys?limit=1&cursor=${id}`);
      expect(told(foreign)).toEqual(told(await ask("/admin/keys?limit=1&cursor=key_missing")));
      for (const mark of other.marks) expect(texts.filter((text) => text.includes(mark))).toEqual([]);
    }
  }
  const own = wanted.flatMap(({ requestIds }) => requestIds);
  for (const requestId of own) expect(rowsTold).toContain(requestId);
  const settledRows = wanted.flatMap(({ person }) => person.rows.filter(({ isOpen }) => !isOpen));
  expect(jsonOf<{ totals: { attempts: number } }>(usage).totals.attempts).toBe(settledRows.length);
}

test("each route that an owner may use is one of those that are asked below", async () => {
  const control = await new AdminControl().listen();
  const { paths } = jsonOf<{ paths: Record<string, Record<string, { "x-roles": string[] }>> }>(
    await control.ask("GET /openapi.json"),
  );
  const owners = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, route]) =>
      route["x-roles"].includes("owner") ? [`${method} ${path}`] : [],
    ),
  );
  expect(owners.sort()).toEqual([
    "get /admin/keys",
    "get /admin/keys/{id}",
    "get /admin/models",
    "get /admin/requests",
    "get /admin/requests/{id}",
    "get /admin/usage",
  ]);
});

test("an owner is told of all that is his own, and of nothing else", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(person, { minLength: 2, maxLength: 8 }),
      fc.array(question, { minLength: 1, maxLength: 4 }),
      async (people, questions) => {
        const { control, known } = await worldOf(people);
        for (const one of questions) await askAll(control, known, one);
        await control.options.reports.close();
        expect(control.faults).toEqual([]);
      },
    ),
    { numRuns: 25 },
  );
}, 30_000);

test("an owner of more keys than one query names still sees the rows of each", async () => {
  const people = Array.from(
    { length: 150 },
    (): Person => ({ owner: "ana", isRevoked: false, rows: [{ isOpen: false }] }),
  );
  const { control, known } = await worldOf(people);
  const [first] = known;
  const rows = await listed(control, first?.secret ?? "", "/admin/requests?limit=100");
  for (const { requestIds } of known) expect(rows).toContain(requestIds[0]);
  await control.options.reports.close();
});
