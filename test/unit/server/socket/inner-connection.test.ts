/** Proves that a connection inside the process behaves as one between two machines does. */
import { describe, expect, test } from "vitest";
import { innerConnection } from "../../../../src/server/socket/inner-connection.ts";

const closed = (socket: { on(event: "close", heard: () => void): unknown }) =>
  new Promise<void>((resolve) => socket.on("close", resolve));

describe("the two ends", () => {
  test("each reads what the other writes, and its end", async () => {
    const { client, server } = innerConnection("192.0.2.7");
    expect([server.remoteAddress, client.remoteAddress]).toEqual(["192.0.2.7", undefined]);
    client.write("ask");
    client.end("ing");
    const heard: string[] = [];
    for await (const piece of server) heard.push(String(piece));
    expect(heard.join("")).toBe("asking");
    expect([server.bytesRead, client.bytesWritten]).toEqual([6, 6]);
  });

  test("a write waits until the other end is read, and counts as unread until then", async () => {
    const { client, server } = innerConnection(undefined);
    let written = 0;
    const piece = Buffer.alloc(16_384);
    while (server.write(piece, () => written++));
    const offered = server.bytesWritten;
    expect(offered).toBeGreaterThan(piece.length);
    await new Promise(setImmediate);
    const taken = server.bytesWritten - server.writableLength;
    expect(taken).toBeLessThan(offered);
    client.resume();
    await new Promise<void>((resolve) => server.write("last", () => resolve()));
    expect(server.bytesWritten - server.writableLength).toBe(offered + 4);
    expect(client.bytesRead).toBe(offered + 4);
  });

  test("an end that has said all leaves the other what is unread", async () => {
    const { client, server } = innerConnection(undefined);
    server.end("answer");
    await new Promise((resolve) => server.on("finish", resolve));
    server.destroy();
    await closed(server);
    const heard: string[] = [];
    for await (const piece of client) heard.push(String(piece));
    expect(heard).toEqual(["answer"]);
  });

  test.each(["destroy", "resetAndDestroy"] as const)(
    "an end that breaks off (%s) takes the other along",
    async (act) => {
      const { client, server } = innerConnection(undefined);
      client.write("half");
      const ends = closed(client);
      server[act]();
      await ends;
      expect(client.readableEnded).toBe(false);
    },
  );

  test("a write that nobody will read fails", async () => {
    const { client, server } = innerConnection(undefined);
    const failed = new Promise<Error>((resolve) => client.on("error", resolve));
    client.write(Buffer.alloc(200_000));
    client.write("behind it");
    await new Promise<void>((resolve) => server.end(resolve));
    server.destroy();
    expect((await failed).message).toContain("closed");
    const late = innerConnection(undefined);
    late.server.destroy();
    await closed(late.client);
    expect(late.client.writable).toBe(false);
  });
});
