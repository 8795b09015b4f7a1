/** The thread that reads reports for a running gateway, one question at a time, so that no stream waits. */
import { parentPort, workerData } from "node:worker_threads";
import { asGatewayError } from "../../core/errors.ts";
import { LedgerReader } from "./ledger-reader.ts";
import type { ReportsAnswer, ReportsFailure, ReportsQuestion, ReportsThreadData } from "./reports-message.ts";

const { folder } = workerData as ReportsThreadData;

/** The file is opened for each question: none is held open, and one that was put back is found. */
function answerTo(question: ReportsQuestion): ReportsAnswer | ReportsFailure {
  let reader: LedgerReader | null = null;
  try {
    reader = LedgerReader.open(folder);
    return reader.answer(question);
  } catch (thrown) {
    const { code, message } = asGatewayError(thrown);
    return { kind: "failed", code, message };
  } finally {
    reader?.close();
  }
}

parentPort?.on("message", (question: ReportsQuestion) => {
  parentPort?.postMessage(answerTo(question));
});
