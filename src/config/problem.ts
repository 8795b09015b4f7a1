/** What can be wrong with a configuration: a closed list of reasons, each told in both languages. */
import type { Language, Phrase } from "../core/language.ts";

export type Reason =
  | { readonly kind: "yaml"; readonly detail: string; readonly nearSubstitution: boolean }
  | { readonly kind: "not-utf8" }
  | { readonly kind: "too-large"; readonly bytesMax: number }
  | { readonly kind: "too-deep" }
  | { readonly kind: "too-many-values" }
  | { readonly kind: "empty-file" }
  | { readonly kind: "not-found" }
  | { readonly kind: "not-a-file" }
  | { readonly kind: "unreadable"; readonly code: string }
  | { readonly kind: "name-not-text" }
  | { readonly kind: "set-twice"; readonly name: string }
  | { readonly kind: "blank" }
  | { readonly kind: "variable-unset"; readonly name: string }
  | { readonly kind: "substitution-malformed" }
  | {
      readonly kind: "unknown-setting";
      readonly name: string;
      readonly nearest: string | null;
      readonly known: readonly string[];
    }
  | { readonly kind: "expected"; readonly expects: Phrase }
  | { readonly kind: "missing"; readonly expects: Phrase }
  | { readonly kind: "unusable-name"; readonly expects: Phrase }
  | {
      readonly kind: "unknown-upstream";
      readonly name: string;
      readonly nearest: string | null;
      readonly known: readonly string[];
    }
  | { readonly kind: "no-upstream" }
  | { readonly kind: "no-target" }
  | { readonly kind: "nothing-to-remove"; readonly name: string; readonly nearest: string | null }
  | {
      readonly kind: "unknown-default-model";
      readonly name: string;
      readonly nearest: string | null;
      readonly known: readonly string[];
    }
  | { readonly kind: "price-unknown"; readonly name: string; readonly nearest: string | null }
  | { readonly kind: "host-with-key"; readonly host: string }
  | { readonly kind: "upstream-without-key"; readonly name: string }
  | { readonly kind: "own-keys-only"; readonly name: string }
  | { readonly kind: "budget-unpriced" }
  | { readonly kind: "same-keys" }
  | { readonly kind: "same-port"; readonly port: number }
  | { readonly kind: "plan-base-url" }
  | { readonly kind: "key-in-the-clear" }
  | { readonly kind: "control-open"; readonly host: string }
  | { readonly kind: "retiring-model"; readonly model: string };

/** One fault, or one warning, with the place where the user can mend it. */
export type Problem = {
  /** The file's path; `environment` or `command line` where the value came from there. */
  readonly file: string;
  /** From 1; null where the problem has no place in a file. */
  readonly line: number | null;
  readonly column: number | null;
  /** The setting (`models.fast.targets[0]`), the variable, or the flag; empty for a whole file. */
  readonly path: string;
  /** English, for logs; `reasonText` says the same in either language. */
  readonly message: string;
  readonly reason: Reason;
};

export type Place = Pick<Problem, "file" | "line" | "column" | "path">;

export const FROM_ENVIRONMENT = "environment";
export const FROM_COMMAND_LINE = "command line";

export function problemAt(place: Place, reason: Reason): Problem {
  return {
    file: place.file,
    line: place.line,
    column: place.column,
    path: place.path,
    message: reasonText(reason, "en"),
    reason,
  };
}

/**
 * Where the problem is, as compilers write it: `volcano-proxy.yaml:3:5`, or where else the value came from.
 */
export function placeText(problem: Problem): string {
  return problem.line === null ? problem.file : `${problem.file}:${problem.line}:${problem.column ?? 1}`;
}

function suggestion(nearest: string | null, known: readonly string[]): Phrase {
  if (nearest !== null) {
    return { en: `; the nearest known name is \`${nearest}\``, zh: `；最接近的名称是 \`${nearest}\`` };
  }
  if (known.length === 0) return { en: "", zh: "" };
  const names = known.slice(0, 20).join(", ");
  return { en: `; known here: ${names}`, zh: `；此处可用：${names}` };
}

const quoteHint: Phrase = {
  en: `; inside [] or {} put quotes around \${NAME}`,
  zh: `；在 [] 或 {} 中请给 \${NAME} 加引号`,
};

type Phrases = {
  readonly [Kind in Reason["kind"]]: (reason: Extract<Reason, { readonly kind: Kind }>) => Phrase;
};

const phrases: Phrases = {
  yaml: (reason) => ({
    en: `YAML: ${reason.detail}${reason.nearSubstitution ? quoteHint.en : ""}`,
    zh: `YAML 语法：${reason.detail}${reason.nearSubstitution ? quoteHint.zh : ""}`,
  }),
  "not-utf8": () => ({
    en: "this line is not UTF-8; save the file as UTF-8",
    zh: "此行不是 UTF-8，请把文件存为 UTF-8",
  }),
  "too-large": (reason) => ({
    en: `the configuration is larger than ${reason.bytesMax} bytes`,
    zh: `配置超过 ${reason.bytesMax} 字节`,
  }),
  "too-deep": () => ({ en: "nested too deeply", zh: "嵌套过深" }),
  "too-many-values": () => ({
    en: "too many values; YAML aliases may multiply them",
    zh: "值过多（YAML 别名会使其倍增）",
  }),
  "empty-file": () => ({
    en: "the file is empty; is it still being written?",
    zh: "文件为空，是否仍在写入？",
  }),
  "not-found": () => ({
    en: "there is no such file; check --config and VOLCANO_PROXY_CONFIG",
    zh: "文件不存在，请检查 --config 与 VOLCANO_PROXY_CONFIG",
  }),
  "not-a-file": () => ({ en: "this is not a regular file", zh: "这不是普通文件" }),
  unreadable: (reason) => ({
    en: `the file cannot be read (${reason.code}); check its owner and permissions`,
    zh: `无法读取文件（${reason.code}），请检查属主与权限`,
  }),
  "name-not-text": () => ({ en: "the name of a setting must be text", zh: "设置项的名称必须是文本" }),
  "set-twice": (reason) => ({
    en: `\`${reason.name}\` is set twice; keep one`,
    zh: `\`${reason.name}\` 重复设置，请只保留一个`,
  }),
  blank: () => ({ en: "no value follows; give one, or remove the line", zh: "缺少值，请填写或删除此行" }),
  "variable-unset": (reason) => ({
    en: `the environment variable ${reason.name} is not set; set it, or write \${${reason.name}:-default}`,
    zh: `环境变量 ${reason.name} 未设置，请设置它，或写成 \${${reason.name}:-默认值}`,
  }),
  "substitution-malformed": () => ({
    en: `write \${NAME} or \${NAME:-default}; for the characters themselves write $\${`,
    zh: `请写成 \${NAME} 或 \${NAME:-默认值}；若要原样字符请写 $\${`,
  }),
  "plan-base-url": () => ({
    en: "a plan's base URL: outside AI coding tools Ark may suspend the account; pay-as-you-go is /api/v3",
    zh: "套餐地址：在 AI 编程工具之外使用可能导致账号停用；按量付费请用 /api/v3",
  }),
  "key-in-the-clear": () => ({
    en: "http sends the Ark key unencrypted over the network; use https",
    zh: "http 会在网络上明文发送方舟密钥，请使用 https",
  }),
  "control-open": (reason) => ({
    en: `the control plane listens on ${reason.host}: whoever reaches it reads the metrics`,
    zh: `控制面监听 ${reason.host}：能访问到它的人都可读取指标`,
  }),
  "retiring-model": (reason) => ({
    en: `Ark is retiring ${reason.model}; \`models\` names a successor`,
    zh: `方舟即将下线 ${reason.model}，\`models\` 命令会列出后继模型`,
  }),
  "unknown-setting": (reason) => {
    const hint = suggestion(reason.nearest, reason.known);
    return {
      en: `unknown setting \`${reason.name}\`${hint.en}`,
      zh: `未知设置项 \`${reason.name}\`${hint.zh}`,
    };
  },
  expected: (reason) => ({ en: `expected ${reason.expects.en}`, zh: `应为${reason.expects.zh}` }),
  missing: (reason) => ({
    en: `missing; expected ${reason.expects.en}`,
    zh: `缺失；应为${reason.expects.zh}`,
  }),
  "unusable-name": (reason) => ({
    en: `the name must be ${reason.expects.en}`,
    zh: `名称应为${reason.expects.zh}`,
  }),
  "unknown-upstream": (reason) => {
    const hint = suggestion(reason.nearest, reason.known);
    return {
      en: `no upstream is called \`${reason.name}\`${hint.en}`,
      zh: `没有名为 \`${reason.name}\` 的上游${hint.zh}`,
    };
  },
  "no-upstream": () => ({
    en: "there must be at least one upstream; remove `upstreams` for the default one",
    zh: "至少需要一个上游；删除 `upstreams` 即使用默认上游",
  }),
  "no-target": () => ({
    en: "there is no target; write `alias: ep-...` or give `targets`",
    zh: "缺少目标；请写 `别名: ep-...` 或给出 `targets`",
  }),
  "nothing-to-remove": (reason) => {
    const hint = suggestion(reason.nearest, []);
    return {
      en: `null removes an alias of the default table, and \`${reason.name}\` is not in it${hint.en}`,
      zh: `null 用于移除默认表中的别名，而 \`${reason.name}\` 不在其中${hint.zh}`,
    };
  },
  "unknown-default-model": (reason) => {
    const hint = suggestion(reason.nearest, reason.known);
    return {
      en: `the default model \`${reason.name}\` is no alias of models (null: unknown names answer 404)${hint.en}`,
      zh: `默认模型 \`${reason.name}\` 不是 models 中的别名（null 表示未知名称返回 404）${hint.zh}`,
    };
  },
  "price-unknown": (reason) => {
    const hint = suggestion(reason.nearest, []);
    return {
      en: `no list price is known of \`${reason.name}\`${hint.en}; or write \`input\` and \`output\` in CNY`,
      zh: `没有 \`${reason.name}\` 的标价${hint.zh}；也可直接写 \`input\` 与 \`output\`（人民币）`,
    };
  },
  "host-with-key": (reason) => ({
    en: [
      `the gateway holds an Ark key, and anybody who reaches ${reason.host} could spend it`,
      "set auth.mode to keys, use 127.0.0.1, or hold no key and let each caller bring one",
    ].join("; "),
    zh: [
      `网关持有方舟密钥，任何能访问 ${reason.host} 的人都可花费它`,
      "请将 auth.mode 设为 keys，或改用 127.0.0.1，或由调用方各自携带密钥",
    ].join("；"),
  }),
  "upstream-without-key": (reason) => ({
    en: [
      `auth.mode is keys, and the upstream \`${reason.name}\` has no api_keys: a key of the gateway's never goes to Ark`,
      "give it api_keys, or set auth.mode to both or passthrough",
    ].join("; "),
    zh: [
      `auth.mode 为 keys，而上游 \`${reason.name}\` 没有 api_keys：网关自己的密钥绝不会发给方舟`,
      "请为其设置 api_keys，或将 auth.mode 设为 both 或 passthrough",
    ].join("；"),
  }),
  "own-keys-only": (reason) => ({
    en: `the upstream \`${reason.name}\` has no api_keys: it serves only callers with an Ark key of their own`,
    zh: `上游 \`${reason.name}\` 没有 api_keys：只能服务自带方舟密钥的调用方`,
  }),
  "budget-unpriced": () => ({
    en: "the price is not known, so calls under a budget in CNY are refused; give figures, or the id of an Ark model",
    zh: "价格未知，受人民币预算约束的调用会被拒绝；请填写价格，或方舟模型的 ID",
  }),
  "same-keys": () => ({
    en: "this is the admin key, and would open everything; choose another one for reading",
    zh: "这就是管理密钥，可打开一切；只读密钥请另选",
  }),
  "same-port": (reason) => ({
    en: `the data plane and the control plane cannot share port ${reason.port}; choose another control.port`,
    zh: `数据面与控制面不能共用端口 ${reason.port}，请更换 control.port`,
  }),
};

/** The reason as one line of text, without its place. */
export function reasonText(reason: Reason, language: Language): string {
  const phraseOf = phrases[reason.kind] as (reason: Reason) => Phrase;
  return phraseOf(reason)[language];
}
