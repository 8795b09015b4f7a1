/**
 * `demo`: the simulated Ark with the gateway before it, and a first call so that something is seen at once.
 */
import { Gateway } from "../app.ts";
import { readConfigBytes } from "../config/read-config.ts";
import { createSimulator } from "../simulator/index.ts";
import type { EventLog } from "../telemetry/event-log.ts";
import { showFirstCall } from "./demo-call.ts";
import { exitCodes, type Invocation } from "./invocation.ts";
import { nextFreePort, untilSignalled, urlOf } from "./listening.ts";
import { demoPhrases } from "./running-messages.ts";
import { displayWidth, paintFor } from "./text-layout.ts";

const HOST = "127.0.0.1";
const GATEWAY_PORT = 5_000;
const SIMULATOR_PORT = 5_100;
const SILENT: EventLog = { debug() {}, info() {}, warn() {}, error() {} };

export async function demo(invocation: Invocation): Promise<number> {
  const { language, standardOutput: output } = invocation;
  // The pace of a thinking model, sped up so that nobody has to wait.
  const simulator = createSimulator({ firstTokenDelayMs: 400, chunkIntervalMs: 30 });
  const ark = await simulator.listen(await nextFreePort(HOST, SIMULATOR_PORT), HOST);
  const wanted = invocation.flags.port ?? portIn(invocation.environment["PORT"]);
  const port = await nextFreePort(HOST, wanted);
  const controlPort = await nextFreePort(HOST, port + 1);
  const gateway = new Gateway({
    config: demoConfig(ark.url, port, controlPort),
    log: SILENT,
    accessLog: null,
    environment: {},
  });
  const { data, control } = await gateway.listen();
  if (port !== wanted) output.write(`${demoPhrases.portMoved(wanted, port)[language]}\n`);
  printPlaces(invocation, ark.url, urlOf(data), `${urlOf(control)}/metrics`);
  await showFirstCall(invocation, urlOf(data));
  output.write(`\n${demoPhrases.stop[language]}\n`);
  await untilSignalled();
  await gateway.stop({ lagMs: 0, deadlineMs: 0 });
  await simulator.close();
  return exitCodes.ok;
}

function portIn(text: string | undefined): number {
  const port = Number(text);
  return text !== undefined && Number.isInteger(port) && port > 0 && port < 65_536 ? port : GATEWAY_PORT;
}

/** Nothing of the user's own configuration counts here: no real key may meet the simulator. */
function demoConfig(baseUrl: string, port: number, controlPort: number) {
  const settings = { server: { host: HOST, port }, control: { port: controlPort } };
  const source = { environment: { ARK_BASE_URL: baseUrl }, flags: {}, workingFolder: "." };
  const reading = readConfigBytes(source, "demo", Buffer.from(JSON.stringify(settings)));
  if (reading.kind === "ok") return reading.config;
  throw new TypeError(reading.problems.map(({ message }) => message).join("; "));
}

function printPlaces(invocation: Invocation, arkUrl: string, url: string, metricsUrl: string): void {
  const { language, standardOutput: output, environment } = invocation;
  const paint = paintFor(output, environment);
  const rows = [
    [demoPhrases.simulator[language], arkUrl, demoPhrases.anyKey[language]],
    [demoPhrases.gateway[language], `${url}/v1`, demoPhrases.clients[language]],
    [demoPhrases.metrics[language], metricsUrl, demoPhrases.figures[language]],
  ] as const;
  const wide = Math.max(...rows.map(([name]) => displayWidth(name)));
  const wideUrl = Math.max(...rows.map(([, place]) => place.length));
  output.write("\n");
  for (const [name, place, about] of rows) {
    const padding = " ".repeat(wide - displayWidth(name));
    output.write(`  ${name}${padding}  ${paint("bold", place.padEnd(wideUrl))}  ${paint("dim", about)}\n`);
  }
  output.write(`\n${demoPhrases.paste[language]}\n\n${curlLine(url, demoPhrases.question[language])}\n`);
}

function curlLine(url: string, question: string): string {
  const body = JSON.stringify({
    model: "deepseek-r1",
    stream: true,
    messages: [{ role: "user", content: question }],
  });
  return [
    `  curl -N ${url}/v1/chat/completions \\`,
    "    -H 'authorization: Bearer any-key' -H 'content-type: application/json' \\",
    `    -d '${body}'`,
  ].join("\n");
}
