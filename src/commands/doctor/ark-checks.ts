/** What the doctor asks Ark, a free call per key: can it be reached, is the key good, is the clock right. */
import type { UpstreamConfig } from "../../config/config.ts";
import { maskSecret } from "../../config/masked.ts";
import { isPlanBaseUrl } from "../../config/resolve-config.ts";
import type { Environment } from "../../config/substitution.ts";
import type { Phrase } from "../../core/language.ts";
import type { Timeouts } from "../../core/timeouts.ts";
import { PRODUCT, VERSION } from "../../core/version.ts";
import { upstreamKinds } from "../../upstreams/index.ts";
import type { Upstream } from "../../upstreams/upstream.ts";
import { type Asked, askModels } from "./ask-models.ts";
import { type Finding, finding } from "./finding.ts";
import { type ArkList, readArkList } from "./model-list.ts";

/** Beyond this, signatures and temporary keys fail, and logs cannot be laid side by side. */
const CLOCK_OFF_MS_MAX = 60_000;

export type ArkReport = {
  readonly findings: readonly Finding[];
  /** What Ark says it has; null where it did not say. */
  readonly list: ArkList | null;
};

type Answer = Extract<Asked, { kind: "answered" }>;
type Break = Extract<Asked, { kind: "broke" }>;

const checkSpelling: Phrase = {
  en: "check the spelling of base_url (ARK_BASE_URL) and the machine's DNS",
  zh: "请检查 base_url（ARK_BASE_URL）的拼写与本机 DNS",
};
const checkFirewall: Phrase = {
  en: "check the firewall, and HTTPS_PROXY where one must be used",
  zh: "请检查防火墙；若需代理请设置 HTTPS_PROXY",
};
const checkTls: Phrase = {
  en: "check whether something between here and Ark speaks plain HTTP or cuts TLS",
  zh: "请检查中间设备是否只支持明文 HTTP 或拦截 TLS",
};
const tryLater: Phrase = { en: "try again later", zh: "请稍后重试" };

/** The phase that broke, by its name, and what to do about it. */
function breakPhrases({ fault }: Break, host: string): { readonly text: Phrase; readonly advice: Phrase } {
  switch (fault) {
    case "name":
      return {
        text: { en: `DNS: ${host} has no address`, zh: `DNS：${host} 没有地址` },
        advice: checkSpelling,
      };
    case "name_timeout":
      return {
        text: { en: `DNS: no answer for ${host}`, zh: `DNS：查询 ${host} 超时` },
        advice: checkSpelling,
      };
    case "connect":
      return {
        text: { en: `TCP: ${host} refuses connections`, zh: `TCP：${host} 拒绝连接` },
        advice: checkFirewall,
      };
    case "connect_timeout":
      return {
        text: { en: `TCP: no connection to ${host}`, zh: `TCP：连接 ${host} 超时` },
        advice: checkFirewall,
      };
    case "tls":
      return {
        text: { en: `TLS: the handshake with ${host} broke`, zh: `TLS：与 ${host} 握手失败` },
        advice: checkTls,
      };
    case "tls_timeout":
      return {
        text: { en: `TLS: no handshake with ${host}`, zh: `TLS：与 ${host} 握手超时` },
        advice: checkTls,
      };
    case "certificate":
      return {
        text: { en: `TLS: the certificate of ${host} is not trusted`, zh: `TLS：${host} 的证书不受信任` },
        advice: {
          en: "where a company proxy signs, name its certificate in NODE_EXTRA_CA_CERTS",
          zh: "若由公司代理签发，请用 NODE_EXTRA_CA_CERTS 指定其证书",
        },
      };
    case "reset":
    case "protocol":
      return {
        text: { en: `HTTP: ${host} broke off or does not speak HTTP`, zh: `HTTP：${host} 中断或不是 HTTP` },
        advice: checkSpelling,
      };
    case "silent":
    case "aborted":
      return {
        text: {
          en: `HTTP: ${host} took the request and did not answer`,
          zh: `HTTP：${host} 收到请求但没有回应`,
        },
        advice: tryLater,
      };
    case "too_large":
      return {
        text: { en: `HTTP: ${host} answers without end`, zh: `HTTP：${host} 的回应过大` },
        advice: checkSpelling,
      };
  }
}

/** Whether the answer is one of Ark's, whatever it says: its list, or its error envelope. */
function isArks(answer: Answer): boolean {
  try {
    const value: unknown = JSON.parse(answer.body.toString("utf8"));
    if (typeof value !== "object" || value === null) return false;
    return "data" in value || ("error" in value && typeof value.error === "object");
  } catch {
    return false;
  }
}

function reachOf(asked: Asked, upstream: UpstreamConfig): Finding {
  const { hostname, protocol } = new URL(upstream.baseUrl);
  if (asked.kind === "broke") {
    const { text, advice } = breakPhrases(asked, hostname);
    return finding("reach", "failed", text, advice);
  }
  const phases = protocol === "https:" ? "DNS, TCP, TLS" : "DNS, TCP";
  const took = `${Math.round(asked.tookMs)} ms`;
  // A plan's base has no list of models, and says so with an empty 404.
  if (isArks(asked) || (isPlanBaseUrl(upstream.baseUrl) && asked.status === 404)) {
    const text = {
      en: `${hostname} can be reached (${phases}, HTTP ${asked.status} in ${took})`,
      zh: `${hostname} 可以访问（${phases}，HTTP ${asked.status}，${took}）`,
    };
    return finding("reach", "ok", text);
  }
  const text = {
    en: `${hostname} answers HTTP ${asked.status}, but not as Ark does`,
    zh: `${hostname} 返回 HTTP ${asked.status}，但不像方舟的回应`,
  };
  return finding("reach", asked.status >= 500 ? "warning" : "failed", text, {
    en: "base_url is https://ark.cn-beijing.volces.com/api/v3 unless you know better",
    zh: "base_url 通常为 https://ark.cn-beijing.volces.com/api/v3",
  });
}

const takeAKey: Phrase = {
  en: "take one from https://console.volcengine.com/ark; a plan's key is good at the plan's base_url only",
  zh: "请在 https://console.volcengine.com/ark 获取；套餐密钥只能用于套餐地址",
};

function keyOf(answer: Answer, key: string | null, list: ArkList | null): Finding {
  if (key === null) {
    return finding(
      "key",
      "skipped",
      {
        en: "the gateway holds no Ark key: each caller brings one",
        zh: "网关不持有方舟密钥：由调用方各自携带",
      },
      {
        en: "to check yours: ARK_API_KEY=... volcano-proxy doctor",
        zh: "检查密钥：ARK_API_KEY=... volcano-proxy doctor",
      },
    );
  }
  const name = maskSecret(key);
  if (answer.status === 200 && list !== null) {
    const text = {
      en: `Ark takes the key ${name} and lists ${list.size} models`,
      zh: `方舟接受密钥 ${name}，并列出 ${list.size} 个模型`,
    };
    return finding("key", "ok", text);
  }
  if (answer.status === 401) {
    return finding(
      "key",
      "failed",
      { en: `Ark refuses the key ${name}`, zh: `方舟拒绝密钥 ${name}` },
      takeAKey,
    );
  }
  if (answer.status === 403) {
    const text = { en: `the key ${name} is known but not allowed here`, zh: `密钥 ${name} 有效但无权访问` };
    return finding("key", "failed", text, {
      en: "look for overdue bills, and for models, projects or addresses the key is bound to",
      zh: "请检查是否欠费，以及密钥绑定的模型、项目与 IP",
    });
  }
  const text = {
    en: `the key ${name} could not be checked: GET /models answered ${answer.status}`,
    zh: `无法检查密钥 ${name}：GET /models 返回 ${answer.status}`,
  };
  return finding("key", "skipped", text);
}

function clockOf(answer: Answer, wallMs: number): Finding {
  if (answer.dateMs === null) {
    return finding("clock", "skipped", {
      en: "the answer had no date to compare with",
      zh: "回应中没有可比较的日期",
    });
  }
  const offMs = wallMs - answer.tookMs / 2 - answer.dateMs;
  const seconds = Math.round(Math.abs(offMs) / 1_000);
  const state = Math.abs(offMs) > CLOCK_OFF_MS_MAX ? "failed" : "ok";
  const side = offMs > 0 ? { en: "ahead of", zh: "快" } : { en: "behind", zh: "慢" };
  const text = {
    en: `the clock is ${seconds} s ${side.en} Ark's`,
    zh: `本机时钟比方舟${side.zh} ${seconds} 秒`,
  };
  return finding("clock", state, text, state === "ok" ? null : { en: "turn on NTP", zh: "请启用 NTP 校时" });
}

export type AskSettings = {
  readonly environment: Environment;
  readonly timeouts: Timeouts;
  readonly answerMs: number;
  readonly wallMs: () => number;
};

type Unusable = { readonly kind: "unusable"; readonly message: string };

function openUpstream(
  config: UpstreamConfig,
  key: string | null,
  environment: Environment,
): Upstream | Unusable {
  try {
    return upstreamKinds[config.kind]({
      name: config.name,
      baseUrl: config.baseUrl,
      anthropicBaseUrl: config.anthropicBaseUrl,
      apiKeys: key === null ? [] : [key],
      environment,
      userAgent: `${PRODUCT}/${VERSION}`,
    });
  } catch (error) {
    return { kind: "unusable", message: error instanceof Error ? error.message : "the upstream is refused" };
  }
}

async function askWith(
  config: UpstreamConfig,
  key: string | null,
  settings: AskSettings,
): Promise<Asked | Unusable> {
  const upstream = openUpstream(config, key, settings.environment);
  if ("kind" in upstream) return upstream;
  try {
    return await askModels(upstream, settings.timeouts, settings.answerMs);
  } finally {
    await upstream.close();
  }
}

/** Asks once per key; once without one, where the gateway holds none. */
export async function checkArk(upstream: UpstreamConfig, settings: AskSettings): Promise<ArkReport> {
  const keys: readonly (string | null)[] = upstream.apiKeys.length > 0 ? upstream.apiKeys : [null];
  const findings: Finding[] = [];
  let list: ArkList | null = null;
  for (const [index, key] of keys.entries()) {
    const asked = await askWith(upstream, key, settings);
    if (asked.kind === "unusable") {
      // The message names the variable that is wrong, such as HTTPS_PROXY, and what to write.
      findings.push(finding("reach", "failed", { en: asked.message, zh: asked.message }));
      break;
    }
    if (index === 0) findings.push(reachOf(asked, upstream));
    if (asked.kind === "broke") break;
    const answered = asked.status === 200 ? readArkList(asked.body) : null;
    list ??= answered;
    findings.push(keyOf(asked, key, answered));
    if (index === 0) findings.push(clockOf(asked, settings.wallMs()));
  }
  return { findings, list };
}
