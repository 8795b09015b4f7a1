/**
 * The judge of the matrix: what the client saw, the log's line, Ark's bill and the rows of the file, call by
 * call.
 */
import type { BillLine } from "../../../src/simulator/bill.ts";
import type { StoredRow } from "../storage/ledger-rows.ts";
import type { MatrixCall } from "./calls.ts";
import type { Seen } from "./conducts.ts";
import { isVerbatim } from "./doors.ts";
import { costByHand, pricedModels } from "./prices.ts";
import type { RowPattern, Scene } from "./scene.ts";

/** A row as the file has it; durations in milliseconds. */
export type FullRow = StoredRow & {
  readonly alias: string;
  readonly key_id: string;
  readonly upstream: string;
  readonly upstream_model: string;
  readonly stream: number;
  readonly status: number | null;
  readonly error_code: string | null;
  readonly opened_at: number;
  readonly queue_ms: number;
  readonly connect_ms: number | null;
  readonly first_byte_ms: number | null;
  readonly total_ms: number | null;
};

export type LogLine = Record<string, unknown>;

/** All that is known of one call. */
export type Evidence = {
  readonly call: MatrixCall;
  readonly seen: Seen;
  readonly lines: readonly LogLine[];
  readonly bill: readonly BillLine[];
  readonly rows: readonly FullRow[];
};

/** Past this no model of the matrix goes. */
const OUTPUT_TOKENS_MOST = 393_216;
const LEFT =
  /^(failed C[BCQ] none|failed C[HFS] (estimated|counted)|partial C[BHFS] (none|estimated|counted|upstream_final))$/;

export function nameOf({ id, door, scene, shape, model, upstream, conduct, step }: MatrixCall): string {
  const acts = `${JSON.stringify(step)} ${JSON.stringify(conduct)}`;
  return `${id} (${scene.name}, ${door}, ${shape} of ${model} at ${upstream}) ${acts}`;
}

/** What is wrong with a call; nothing where all is well. */
export function judge(evidence: Evidence): string[] {
  const { call, lines } = evidence;
  const [line] = lines;
  const wrong: string[] = [];
  if (lines.length > 1) wrong.push(`${lines.length} lines`);
  if (line === undefined) return mayHaveNoLine(evidence) ? [] : [`${nameOf(call)}: no line in the log`];
  wrong.push(...judgeRows(evidence, line), ...judgeView(evidence, line));
  return wrong.map((what) => `${nameOf(call)}: ${what}`);
}

/** A client that reset its connection at once may never have been heard. */
function mayHaveNoLine({ call, rows, bill }: Evidence): boolean {
  return call.conduct.kind.startsWith("leaves-") && rows.length === 0 && bill.length === 0;
}

function judgeRows({ call, seen, rows, bill }: Evidence, line: LogLine): string[] {
  const wrong: string[] = [];
  const attempts = rows.filter(({ attempt_id: id }) => !id.endsWith(".0"));
  const sent = rows.filter(({ connect_ms: ms }) => ms !== null);
  if (attempts.length !== line["attempts"]) {
    wrong.push(`${attempts.length} rows for ${line["attempts"]} attempts`);
  }
  const { outcome } = line;
  if (rows.length === 0 && outcome !== "refused") wrong.push(`let in, ended ${outcome}, and has no row`);
  if (rows.length > 0 && call.misasked !== null && seen.leftAtMs === null)
    wrong.push("refused, and has a row");
  if (bill.length > sent.length) wrong.push(`Ark bills ${bill.length} attempts, ${sent.length} are in rows`);
  if (sent.length > 1) wrong.push(`sent ${sent.length} times`);
  for (const row of rows) wrong.push(...judgeRow(call, row));
  const [row] = sent;
  const [billed] = bill;
  if (row !== undefined && billed !== undefined) wrong.push(...judgeFigures(call, row, billed));
  const last = rows.at(-1);
  if (last !== undefined && call.misasked === null) wrong.push(...judgeEnding(call, seen, last));
  return wrong;
}

/** What must hold of a row by itself. */
function judgeRow(call: MatrixCall, row: FullRow): string[] {
  const wrong: string[] = [];
  const { provenance, cost_micro_yuan: cost, input_tokens: input, output_tokens: output, state } = row;
  if (!["settled", "partial", "failed"].includes(state)) wrong.push(`a row is ${state}`);
  for (const ms of [row.queue_ms, row.connect_ms, row.first_byte_ms, row.total_ms]) {
    if (ms !== null && !(ms >= 0 && ms < 60_000)) wrong.push(`a duration of ${ms} ms`);
  }
  if (row.client_request_id !== call.id) wrong.push(`a row of ${row.client_request_id}`);
  if (provenance === "none") {
    return input === null && output === null && cost === 0
      ? wrong
      : [...wrong, "used nothing, and has figures"];
  }
  if (input === null || output === null) return [...wrong, `${provenance}, without figures`];
  const tokens = { input, cached: row.cached_input_tokens ?? 0, output };
  const expected = costByHand(call.model, tokens);
  if (cost !== expected) wrong.push(`costs ${cost}, by hand ${expected}`);
  if (provenance !== "counted" && provenance !== "estimated") return wrong;
  if (input === 0) wrong.push("an estimate without input");
  const isBound =
    call.bound !== null && (call.bound.withThoughts || pricedModels[call.model]?.thinks === false);
  const most = isBound ? (call.bound?.tokens ?? 0) : OUTPUT_TOKENS_MOST;
  if (output > most) wrong.push(`counts ${output} tokens, allowed were ${most}`);
  return wrong;
}

function judgeFigures(call: MatrixCall, row: FullRow, line: BillLine): string[] {
  // Ark's Messages do not tell thoughts apart.
  const thoughts = call.door === "messages" && isVerbatim(call) ? 0 : line.reasoningTokens;
  const own = [row.input_tokens, row.cached_input_tokens, row.output_tokens, row.reasoning_tokens].join("/");
  const arks = [line.promptTokens, line.cachedTokens, line.completionTokens, thoughts].join("/");
  switch (row.provenance) {
    case "none":
      return line.promptTokens + line.completionTokens === 0 ? [] : [`taken for free, and Ark bills ${arks}`];
    case "upstream_final":
      return own === arks ? [] : [`has ${own}, Ark bills ${arks}`];
    case "upstream_partial":
      return (row.output_tokens ?? 0) <= line.completionTokens ? [] : [`has ${own}, Ark bills ${arks}`];
    default:
      return [];
  }
}

function judgeEnding(call: MatrixCall, seen: Seen, row: FullRow): string[] {
  const { scene, upstream } = call;
  const said = `${row.state} ${row.cause} ${row.provenance}`;
  if (patternFor(scene, call).test(said)) return [];
  // A connection that broke under the call before anything of it was sent.
  if (upstream === "cutting" && said === "failed UC none") return [];
  const hasLeft = seen.leftAtMs !== null || seen.ending === "reset";
  return hasLeft && LEFT.test(said) ? [] : [`its row says: ${said}`];
}

function patternFor(scene: Scene, call: MatrixCall): RowPattern {
  const own = call.door === "chat" ? null : scene[call.door]?.[isVerbatim(call) ? "verbatim" : "translated"];
  return own?.[call.shape] ?? scene[call.shape];
}

/** I6: a stream's client can always tell a whole answer from a broken one. */
function judgeView({ call, seen }: Evidence, line: LogLine): string[] {
  const { outcome } = line;
  if (seen.leftAtMs !== null) return [];
  if (seen.status === null) return seen.ending === "open" ? ["neither an answer nor an end"] : [];
  if (seen.flaw !== null && seen.isComplete) return [`a flaw in its answer: ${seen.flaw}`];
  if (!seen.isComplete) return seen.isDone ? ["[DONE], and then a break"] : [];
  if (!seen.isStream) return [];
  const ends = (seen.isDone ? 1 : 0) + seen.errorFrames;
  const isTheirs = call.scene.name === "error event" || call.scene.name === "an error of Ark's";
  if (ends !== 1) return [`${seen.isDone ? "[DONE]" : "no [DONE]"} and ${seen.errorFrames} error frames`];
  if (seen.isDone !== (outcome === "ok")) return [`the log says ${outcome}`];
  return seen.isDone || seen.ending === "fin" || isTheirs ? [] : ["an error, and the connection goes on"];
}
