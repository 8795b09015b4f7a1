/** `doctor`: looks for what could be in the way, and says what to do, one line each. */
import type { Config } from "../config/config.ts";
import { placeText, reasonText } from "../config/problem.ts";
import { type ConfigReading, readConfig } from "../config/read-config.ts";
import type { Phrase } from "../core/language.ts";
import { checkAccess } from "./doctor/access-check.ts";
import { checkArk } from "./doctor/ark-checks.ts";
import { checkEndpoint } from "./doctor/endpoint-checks.ts";
import { type Finding, finding, type State } from "./doctor/finding.ts";
import { checkDisk, checkPort } from "./doctor/host-checks.ts";
import type { ArkList } from "./doctor/model-list.ts";
import { exitCodes, type Invocation } from "./invocation.ts";
import { type Colour, displayWidth, paintFor } from "./text-layout.ts";

export type DoctorSettings = {
  /** For Ark to answer, connecting included. */
  readonly answerMs: number;
  readonly wallMs: () => number;
};

const standardSettings: DoctorSettings = { answerMs: 15_000, wallMs: Date.now };

const labels: { readonly [state in State]: Phrase & { readonly colour: Colour } } = {
  ok: { en: "ok", zh: "正常", colour: "green" },
  warning: { en: "warning", zh: "警告", colour: "yellow" },
  failed: { en: "FAILED", zh: "失败", colour: "red" },
  skipped: { en: "skipped", zh: "跳过", colour: "dim" },
};
const LABEL_WIDTH = 9;

function configurationFindings(reading: ConfigReading): readonly Finding[] {
  const told = reading.kind === "ok" ? reading.warnings : reading.problems;
  const state = reading.kind === "ok" ? "warning" : "failed";
  const lines = told.map((problem) => {
    const at = [placeText(problem), problem.path].filter((part) => part !== "").join(": ");
    return finding("configuration", state, {
      en: `${at}: ${reasonText(problem.reason, "en")}`,
      zh: `${at}：${reasonText(problem.reason, "zh")}`,
    });
  });
  if (reading.kind === "broken") return lines;
  const text: Phrase =
    reading.file === null
      ? { en: "no configuration file: the defaults are in force", zh: "没有配置文件，使用默认值" }
      : { en: `${reading.file} can be read`, zh: `${reading.file} 可以读取` };
  return [finding("configuration", "ok", text), ...lines];
}

async function examine(
  invocation: Invocation,
  config: Config,
  settings: DoctorSettings,
  report: (finding: Finding) => void,
): Promise<void> {
  const { environment } = invocation;
  report(await checkPort(config.server.host, config.server.port, "--port"));
  report(await checkPort(config.control.host, config.control.port, "--control-port"));
  report(await checkDisk(config.ledger.folder));
  report(checkAccess(config, settings.wallMs()));
  const lists = new Map<string, ArkList | null>();
  for (const upstream of config.upstreams) {
    const ask = { environment, timeouts: config.timeouts, ...settings };
    const { findings, list } = await checkArk(upstream, ask);
    for (const found of findings) report(found);
    lists.set(upstream.name, list);
  }
  for (const model of config.models) {
    report(checkEndpoint(model, lists.get(model.targets[0]?.upstream ?? "") ?? null));
  }
}

/** Prints findings as they come on a terminal or in a pipe; as one document for programs. */
function printer(invocation: Invocation): (finding: Finding) => void {
  const { standardOutput: output, language, environment } = invocation;
  const paint = paintFor(output, environment);
  return ({ state, text, advice }) => {
    const label = labels[state][language];
    const mark = paint(labels[state].colour, label) + " ".repeat(LABEL_WIDTH - displayWidth(label));
    const join = language === "zh" ? "；" : "; ";
    output.write(`${mark}${text[language]}${advice === null ? "" : join + advice[language]}\n`);
  };
}

export async function doctor(
  invocation: Invocation,
  settings: DoctorSettings = standardSettings,
): Promise<number> {
  const { language, flags, standardOutput } = invocation;
  const found: Finding[] = [];
  const print = flags.json === true ? null : printer(invocation);
  const report = (one: Finding): void => {
    found.push(one);
    print?.(one);
  };
  const reading = readConfig(invocation);
  for (const one of configurationFindings(reading)) report(one);
  if (reading.kind === "ok") await examine(invocation, reading.config, settings, report);
  const isWell = found.every(({ state }) => state !== "failed");
  if (flags.json === true) {
    const findings = found.map(({ check, state, text, advice }) => ({
      check,
      state,
      text: text[language],
      advice: advice === null ? null : advice[language],
    }));
    standardOutput.write(`${JSON.stringify({ ok: isWell, findings }, null, 2)}\n`);
  }
  return isWell ? exitCodes.ok : exitCodes.failed;
}
