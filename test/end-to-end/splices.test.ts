/** What the gateway changes in a body and takes out of a stream: each splice at its byte, and each said. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callChat } from "../support/gateway-call.ts";
import { type RunningGateway, startGateway } from "../support/running-gateway.ts";

const V3 = "ep-20250218170310-pvmdb";
/** One that closes a stream with usage only where it is asked to, and one that always does. */
const QUIET = "doubao-seed-2-0-lite-260215";
const TALKATIVE = "glm-5-2-260617";
/** One that no alias stands for. */
const UNNAMED = "doubao-seed-2-0-lite-260428";

let running: RunningGateway;

beforeAll(async () => {
  const models = {
    strict: { targets: [{ model: QUIET }], repairs: ["-developer_role", "-both_token_limits"] },
    roles: { targets: [{ model: QUIET }], repairs: ["-both_token_limits"] },
    mended: { targets: [{ model: QUIET }] },
  };
  running = await startGateway({ settings: { models } });
});

afterAll(() => running.close());

function sentOn(): string {
  return running.simulator.requests.at(-1)?.body.toString() ?? "";
}

describe("the repair developer_role", () => {
  const body =
    '{"messages":[{"role":"developer","content":"be developer"},\n' +
    '{ "content" : "developer", "role" :"develop\\u0065r"},{"role":"user","content":"hi"}],"model":"mended"}';
  const mended = body
    .replace('"role":"developer"', '"role":"system"')
    .replace('"develop\\u0065r"', '"system"')
    .replace('"mended"', `"${QUIET}"`);

  test("makes every such role system, and nothing else", async () => {
    const answer = await callChat(running, body);
    expect(answer.status).toBe(200);
    expect(sentOn()).toBe(mended);
    expect(answer.changes).toEqual(["model", "developer_role"]);
  });

  test("is not made where it is switched off: Ark then says what it thinks of the role", async () => {
    const answer = await callChat(running, body.replace("mended", "strict"));
    expect(sentOn()).toBe(body.replace("mended", QUIET));
    expect(answer.changes).toEqual(["model"]);
    expect([answer.status, answer.error["code"]]).toEqual([400, "InvalidParameter"]);
    expect(answer.error["message"]).toContain("messages.role");
  });

  test("is in force for names that are passed through, too", async () => {
    const answer = await callChat(running, body.replace("mended", UNNAMED));
    expect(sentOn()).toBe(mended.replace(QUIET, UNNAMED));
    expect(answer.changes).toEqual(["developer_role"]);
  });
});

describe("the repair both_token_limits", () => {
  const rows: readonly (readonly [string, string, string])[] = [
    ['"max_tokens":5,"max_completion_tokens":6', '"max_completion_tokens":6', "comes first"],
    ['"max_completion_tokens":6 ,\n "max_tokens" : 5 ', '"max_completion_tokens":6  ', "comes last"],
  ];
  const start = '{"model":"mended","messages":[{"role":"user","content":"hi"}],';

  test.each(rows)("%s: max_tokens goes", async (limits, left) => {
    const answer = await callChat(running, `${start}${limits}}`);
    expect(answer.status).toBe(200);
    expect(sentOn()).toBe(`${start.replace("mended", QUIET)}${left}}`);
    expect(answer.changes).toEqual(["model", "both_token_limits"]);
  });

  test.each(['"max_tokens":5', '"max_completion_tokens":6', '"max_tokens":null,"max_completion_tokens":6'])(
    "%s is left as it is",
    async (limits) => {
      const answer = await callChat(running, `${start}${limits}}`);
      expect(sentOn()).toBe(`${start.replace("mended", QUIET)}${limits}}`);
      expect(answer.changes).toEqual(["model"]);
    },
  );

  test("is not made where it is switched off: Ark refuses both", async () => {
    for (const alias of ["strict", "roles"]) {
      const body = `${start.replace("mended", alias)}"max_tokens":5,"max_completion_tokens":6}`;
      const answer = await callChat(running, body);
      expect(sentOn()).toBe(body.replace(alias, QUIET));
      expect(answer.changes).toEqual(["model"]);
      expect(answer.status).toBe(400);
    }
  });
});

describe("include_usage", () => {
  const start = `{"model":"${QUIET}","messages":[{"role":"user","content":"hi"}],"stream":true`;
  const FORCED = '"stream_options":{"include_usage":true}';

  const asked: readonly (readonly [string, string])[] = [
    ["}", `,${FORCED}}`],
    [',"stream_options":null}', `,${FORCED}}`],
    [',"stream_options":{}}', `,${FORCED}}`],
    [',"stream_options":{"include_usage":false}}', `,${FORCED}}`],
    [
      ',"stream_options":{ "chunk_include_usage":false}}',
      ',"stream_options":{"include_usage":true, "chunk_include_usage":false}}',
    ],
  ];
  test.each(asked)("%s is forced towards Ark, and the chunk stays here", async (end, expected) => {
    const answer = await callChat(running, start + end);
    expect(answer.status).toBe(200);
    expect(sentOn()).toBe(start + expected);
    expect(answer.changes).toEqual(["include_usage"]);
    expect(answer.text).not.toContain('"choices":[]');
    expect(answer.text).not.toContain("prompt_tokens");
    expect(answer.text.endsWith("data: [DONE]\n\n")).toBe(true);
    const settled = running.ledger.rows().at(-1)?.settled;
    expect(settled).toMatchObject({ state: "settled", provenance: "upstream_final" });
    expect(settled?.usage?.outputTokens).toBe(running.simulator.bill.at(-1)?.completionTokens);
  });

  test.each([QUIET, TALKATIVE])("a client that asked for it has the chunk of %s", async (model) => {
    const body = `${start.replace(QUIET, model)},${FORCED}}`;
    const answer = await callChat(running, body);
    expect(sentOn()).toBe(body);
    expect(answer.changes).toEqual([]);
    const events = answer.text.split("\n\n");
    expect(events.filter((event) => event.includes('"choices":[]'))).toHaveLength(1);
    expect(events.at(-3)).toContain('"choices":[]');
    const { usage } = JSON.parse(events.at(-3)?.slice("data: ".length) ?? "");
    expect(usage.completion_tokens).toBe(running.simulator.bill.at(-1)?.completionTokens);
  });

  test("the chunk that a model sends unasked is taken out alike", async () => {
    const answer = await callChat(running, `${start.replace(QUIET, TALKATIVE)}}`);
    expect(answer.status).toBe(200);
    expect(answer.text).not.toContain('"choices":[]');
    expect(running.ledger.rows().at(-1)?.settled?.provenance).toBe("upstream_final");
  });

  test("a whole answer is asked for as it was, and its usage stays in it", async () => {
    const body = start.replace("true", "false").concat("}");
    const answer = await callChat(running, body);
    expect(sentOn()).toBe(body);
    expect(answer.changes).toEqual([]);
    const { usage } = JSON.parse(answer.text);
    expect(running.ledger.rows().at(-1)?.settled?.usage).toMatchObject({
      inputTokens: usage.prompt_tokens,
      outputTokens: usage.completion_tokens,
    });
  });
});

test("all splices at once, in one body", async () => {
  const body =
    '{"max_tokens":9, "stream":true,"messages":[{"role":"developer","content":"x"},' +
    '{"role":"user","content":"hi"}],"max_completion_tokens":8,"model":"deepseek-v3"}';
  const answer = await callChat(running, body);
  expect(sentOn()).toBe(
    '{ "stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"system","content":"x"},' +
      `{"role":"user","content":"hi"}],"max_completion_tokens":8,"model":"${V3}"}`,
  );
  expect(answer.changes).toEqual(["model", "include_usage", "developer_role", "both_token_limits"]);
  expect(answer.status).toBe(200);
});
