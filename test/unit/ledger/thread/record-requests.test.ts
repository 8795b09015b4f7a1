/** Records on their way to the ledger's thread: a bound on how many, and on how long each waits. */
import { describe, expect, test } from "vitest";
import type { RecordMessage } from "../../../../src/ledger/thread/messages.ts";
import { RECORDS_MAX, RecordRequests } from "../../../../src/ledger/thread/record-requests.ts";

const record = { kind: "key", id: "key_1", body: "{}" };
const entry = { atWallMs: 1, actor: "admin", action: "key.create", subject: "key_1", detail: {} };

function requests(withinMs?: number) {
  const posted: RecordMessage[] = [];
  return { posted, requests: new RecordRequests((message) => posted.push(message), withinMs) };
}

describe("records on their way", () => {
  test(`are ${RECORDS_MAX} at most, and one more is refused; an answer makes room`, async () => {
    const { posted, requests: on } = requests();
    const first = on.keep(record, entry);
    const others = Array.from({ length: RECORDS_MAX - 1 }, () => on.keep(record, entry));
    await expect(on.keep(record, entry)).rejects.toMatchObject({ code: "ledger_unavailable" });
    expect(posted).toHaveLength(RECORDS_MAX);
    on.hear(1, null);
    await first;
    const next = on.keep(record, entry);
    on.hear(RECORDS_MAX + 1, "The disk is full.");
    await expect(next).rejects.toThrow("The disk is full. Nothing was changed. Try again shortly.");
    on.end();
    for (const other of others) await expect(other).rejects.toThrow("closed");
  });

  test("are asked for again in their order, those that were answered aside", async () => {
    const { posted, requests: on } = requests();
    const kept = ["a", "b", "c"].map((id) => on.keep({ ...record, id }, entry));
    on.hear(2, null);
    posted.length = 0;
    on.repost();
    expect(posted.map(({ id, record: { id: name } }) => [id, name])).toEqual([
      [1, "a"],
      [3, "c"],
    ]);
    for (const { id } of posted) on.hear(id, null);
    // Heard twice, as it was asked for twice.
    on.hear(1, "too late");
    await Promise.all(kept);
  });

  test("are refused after their time, and the thread is told to keep none that comes late", async () => {
    const { posted, requests: on } = requests(50);
    const late = on.keep(record, entry);
    await expect(late).rejects.toMatchObject({ code: "ledger_unavailable" });
    expect(posted[0]?.untilMs).toBeLessThan(Number(process.hrtime.bigint() / 1_000_000n));
  });
});
