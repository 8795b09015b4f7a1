/** Starts a thread of the ledger from its file, which is compiled where this one is. */
import { Worker } from "node:worker_threads";

const EXTENSION = import.meta.url.endsWith(".ts") ? ".ts" : ".js";

/** @param file beside this one, without its extension, such as `thread/ledger-thread` */
export function startThread(file: string, workerData: object): Worker {
  return new Worker(new URL(`./${file}${EXTENSION}`, import.meta.url), {
    workerData,
    name: file.slice(file.lastIndexOf("/") + 1),
    // SQLite is a module of Node's that is still called experimental.
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
}
