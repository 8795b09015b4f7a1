/** A port of loopback where connecting neither succeeds nor fails: its queue is full and nobody accepts. */
import { connect, type Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { onTestFinished } from "vitest";

/** Listens with the shortest queue, tells its port, and stops its own event loop. */
const listening = `
  const { createServer } = require("node:net");
  const { parentPort, workerData } = require("node:worker_threads");
  const server = createServer();
  server.listen({ ...workerData, backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
  });
`;

const QUEUE_MAX = 16;
const ANSWER_MS_MAX = 200;

function connectsSoon(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ANSWER_MS_MAX);
    socket.once("connect", () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

/** The port, until the test is over. Needs Linux, where a full queue makes a connection wait. */
export async function openDeafListener(host = "127.0.0.1", wantedPort = 0): Promise<number> {
  const worker = new Worker(listening, { eval: true, workerData: { host, port: wantedPort } });
  const sockets: Socket[] = [];
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await worker.terminate();
  });
  const port = await new Promise<number>((resolve) => worker.once("message", resolve));
  for (let count = 0; count < QUEUE_MAX; count++) {
    const socket = connect({ host, port });
    socket.on("error", () => {});
    sockets.push(socket);
    if (!(await connectsSoon(socket))) return port;
  }
  throw new Error("the queue of the deaf listener does not fill up");
}
