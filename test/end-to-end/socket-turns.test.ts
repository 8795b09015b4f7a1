/** What a WebSocket remembers of its turns, and what the next one is made of. */
import { describe, expect, test } from "vitest";
import {
  answerOk,
  beginStream,
  connect,
  finished,
  message,
  openStand,
  writeEvent,
} from "../support/socket-stand.ts";

const USER = { type: "message", role: "user", content: "one" };
const MORE = { type: "message", role: "user", content: "two" };

describe("turns", () => {
  test("the next one brings what is new: the rest is put before it, and the id is not sent", async () => {
    const stand = await openStand();
    const client = await connect(stand);
    client.create({ model: "m", store: false, input: "one" });
    await client.frame("response.completed");
    client.create({ model: "m", store: false, previous_response_id: "resp_0", input: [MORE], stream: false });
    await client.frame("response.completed", 2);
    client.create({ previous_response_id: "resp_1", model: "m", store: false, input: null });
    await client.frame("response.completed", 3);
    client.create({ previous_response_id: "resp_2", model: "m", store: false });
    await client.frame("response.completed", 4);
    const first = [USER, message("answer 0")];
    const second = [...first, MORE, message("answer 1")];
    expect(stand.posted.map(({ body }) => body)).toEqual([
      { stream: true, model: "m", store: false, input: "one" },
      { stream: true, model: "m", store: false, input: [...first, MORE] },
      { stream: true, model: "m", store: false, input: second },
      { stream: true, model: "m", store: false, input: [...second, message("answer 2")] },
    ]);
  });

  test("an id that is not the last one's goes on as it is, and so does one that is stored", async () => {
    const stand = await openStand({
      answer: ({ response }, index) => {
        beginStream(response);
        writeEvent(response, finished(`resp_${index}`, [message(`answer ${index}`)], { store: index === 1 }));
        response.end();
      },
    });
    const client = await connect(stand);
    for (const [turn, id] of ["resp_far", "resp_0", "resp_0", "resp_1", "resp_3"].entries()) {
      client.create({ model: "m", previous_response_id: id, input: [MORE] });
      await client.frame("response.completed", turn + 1);
    }
    const bodies = stand.posted.map(({ body: { previous_response_id: id, input } }) => ({ id, input }));
    expect(bodies).toEqual([
      { id: "resp_far", input: [MORE] },
      // What its own base was, it goes on from.
      { id: "resp_far", input: [MORE, message("answer 0"), MORE] },
      // The lane is at a stored one by now.
      { id: "resp_0", input: [MORE] },
      { id: "resp_1", input: [MORE] },
      { id: "resp_1", input: [MORE, message("answer 3"), MORE] },
    ]);
  });

  test("an error leaves the lane where it was, and so does an incomplete stream; another lane may fork", async () => {
    const stand = await openStand({
      answer: (posted, index) => {
        if (index !== 1) return answerOk(posted, index);
        posted.response.writeHead(503, { "content-type": "application/json" });
        posted.response.end('{"error":{"message":"m","type":"server_error","code":"overloaded"}}');
      },
    });
    const client = await connect(stand);
    client.create({ stream_id: "a", model: "m", input: "one" });
    await client.frame("response.completed");
    client.create({ stream_id: "a", model: "m", previous_response_id: "resp_0", input: [MORE] });
    await client.frame("error");
    client.create({ stream_id: "a", model: "m", previous_response_id: "resp_0", input: [MORE] });
    await client.frame("response.completed", 2);
    client.create({ stream_id: "b", model: "m", previous_response_id: "resp_2", input: [] });
    await client.frame("response.completed", 3);
    const second = [USER, message("answer 0"), MORE];
    expect(stand.posted[2]?.body).toEqual({ stream: true, model: "m", input: second });
    expect(stand.posted[3]?.body).toEqual({
      stream: true,
      model: "m",
      input: [...second, message("answer 2")],
    });
  });

  test("another lane may fork from a turn as soon as its end is told", async () => {
    const stand = await openStand({
      answer: (posted, index) => {
        if (index !== 0) return answerOk(posted, index);
        // Told to its end, and not over yet.
        beginStream(posted.response);
        writeEvent(posted.response, finished("resp_0", [message("answer 0")], { store: false }));
      },
    });
    const client = await connect(stand);
    client.create({ stream_id: "a", model: "m", input: "one" });
    await client.frame("response.completed");
    client.create({ stream_id: "b", model: "m", previous_response_id: "resp_0", input: [MORE] });
    await client.frame("response.completed", 2);
    expect(stand.posted[1]?.body).toEqual({
      stream: true,
      model: "m",
      input: [USER, message("answer 0"), MORE],
    });
  });

  test("an input that takes no items is left to its door", async () => {
    const stand = await openStand();
    const client = await connect(stand);
    client.create({ model: "m", input: "one" });
    await client.frame("response.completed");
    client.create({ model: "m", previous_response_id: "resp_0", input: 7 });
    await client.frame("response.completed", 2);
    expect(stand.posted[1]?.body).toEqual({
      stream: true,
      model: "m",
      previous_response_id: "resp_0",
      input: 7,
    });
  });

  test("a warm-up asks no model, and the next goes on from it", async () => {
    const stand = await openStand();
    const client = await connect(stand);
    client.create({ generate: false, model: "m", stream_id: "main", input: [USER], tools: [], store: false });
    const { response } = await client.frame("response.completed");
    expect(client.types).toEqual(["response.created", "response.in_progress", "response.completed"]);
    const { id } = response as { id: string };
    expect(id).toMatch(/^resp_vp[0-9a-f]{32}$/);
    expect(response).toMatchObject({
      object: "response",
      status: "completed",
      model: "m",
      output: [],
      created_at: 1_795_000_000,
      usage: { input_tokens: 0, output_tokens: 0, total_tokens: 0 },
    });
    expect(client.frames.map((frame) => [frame["sequence_number"], frame["stream_id"]])).toEqual([
      [0, "main"],
      [1, "main"],
      [2, "main"],
    ]);
    expect(stand.posted).toEqual([]);
    client.create({ model: "m", stream_id: "main", previous_response_id: id, input: [MORE], generate: true });
    await client.frame("response.completed", 2);
    expect(stand.posted[0]?.body).toEqual({ stream: true, model: "m", input: [USER, MORE] });
    await client.until(() => stand.bodies.held === 0, "the messages to be let go");
  });

  test("what does not fit is not remembered, at n + 1 bytes; what fits is, at n", async () => {
    for (const [memoryBytesMax, input] of [
      [11 + JSON.stringify(message("answer 0")).length, [1234, message("answer 0")]],
      [10 + JSON.stringify(message("answer 0")).length, null],
    ] as const) {
      const stand = await openStand({ memoryBytesMax });
      const client = await connect(stand);
      client.create({ model: "m", input: [1234] });
      await client.frame("response.completed");
      await client.until(() => stand.bodies.held === 0, "the turn's end");
      expect(stand.sockets.bytesRemembered).toBe(input === null ? 0 : memoryBytesMax);
      client.create({ model: "m", input: [], previous_response_id: "resp_0" });
      await client.frame("response.completed", 2);
      const id = input === null ? "resp_0" : undefined;
      expect(stand.posted[1]?.body).toEqual(
        id === undefined
          ? { stream: true, model: "m", input }
          : { stream: true, model: "m", input: [], previous_response_id: id },
      );
      client.webSocket.close();
      await client.until(() => stand.sockets.count === 0, "its end");
      expect(stand.sockets.bytesRemembered).toBe(0);
    }
  });
});
