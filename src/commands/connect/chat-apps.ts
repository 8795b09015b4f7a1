/** The chat applications that `connect` knows: one row each. */
import { stringify } from "yaml";
import { asItIs, type Client, type Field, fromContainer, withVersion } from "./client.ts";
import type { Site, SiteModel } from "./site.ts";

const labels = {
  where: { en: "where", zh: "位置" },
  kind: { en: "type", zh: "类型" },
  url: { en: "API host", zh: "API 地址" },
  endpoint: { en: "API endpoint URL", zh: "API endpoint URL" },
  key: { en: "API key", zh: "API 密钥" },
  model: { en: "model", zh: "模型" },
  window: { en: "context size", zh: "模型上下文长度" },
  output: { en: "upper bound for max tokens", zh: "最大 token 上限" },
  tools: { en: "function calling", zh: "函数调用" },
  images: { en: "vision support", zh: "视觉支持" },
} as const;

const fromAContainer = {
  en: "From a container, the machine itself is host.docker.internal; a gateway on 127.0.0.1 may not be reached from there: start it with HOST=0.0.0.0.",
  zh: "容器内用 host.docker.internal 访问本机；若网关只监听 127.0.0.1，容器可能无法访问：请以 HOST=0.0.0.0 启动。",
} as const;

/** Only where the gateway is on this machine. */
function containerNotes(origin: string) {
  return fromContainer(origin) === origin ? [] : [fromAContainer];
}

const cherryStudio: Client = {
  title: "Cherry Studio",
  baseUrl: asItIs,
  setup: ({ keyText, model }, baseUrl) => ({
    fields: [
      [labels.where, "Settings > Model Provider > Add"],
      // The built-in provider of that name calls Responses only; one that is added calls chat.
      [labels.kind, "OpenAI"],
      [labels.url, baseUrl],
      [labels.key, keyText],
      [labels.model, model.name],
    ],
  }),
};

/** `id=name<window:abilities>`; null for a name that the list's own signs would cut. */
function lobeModel({ name, contextTokens, seesImages }: SiteModel): string | null {
  if (!/^[\w./:-]+$/.test(name)) return null;
  const abilities = [contextTokens ?? 0, "fc", ...(seesImages ? ["vision"] : [])].join(":");
  return contextTokens === null ? `+${name}` : `+${name}=${name}<${abilities}>`;
}

const lobeChat: Client = {
  title: "LobeChat",
  baseUrl: (origin) => withVersion(fromContainer(origin)),
  setup: ({ origin, keyText, model }, baseUrl) => {
    const listed = lobeModel(model);
    return {
      environment: [
        ["OPENAI_PROXY_URL", baseUrl],
        ["OPENAI_API_KEY", keyText],
        ...(listed === null ? [] : [["OPENAI_MODEL_LIST", `-all,${listed}`] as const]),
      ],
      notes: containerNotes(origin),
    };
  },
};

function composeService(site: Site, baseUrl: string): object {
  const isHere = containerNotes(site.origin).length > 0;
  // Compose takes a dollar sign for a variable of its own; two of them are one.
  const plain = (text: string): string => text.replaceAll("$", "$$$$");
  return {
    image: "ghcr.io/open-webui/open-webui:main",
    ports: ["3000:8080"],
    environment: {
      OPENAI_API_BASE_URL: plain(baseUrl),
      OPENAI_API_KEY: plain(site.keyText),
      DEFAULT_MODELS: plain(site.model.name),
      ENABLE_OLLAMA_API: "false",
      ANONYMIZED_TELEMETRY: "false",
      DO_NOT_TRACK: "true",
      SCARF_NO_ANALYTICS: "true",
    },
    ...(isHere ? { extra_hosts: ["host.docker.internal:host-gateway"] } : {}),
    volumes: ["open-webui:/app/backend/data"],
  };
}

const openWebUi: Client = {
  title: "Open WebUI",
  baseUrl: (origin) => withVersion(fromContainer(origin)),
  setup: (site, baseUrl) => {
    const compose = {
      services: { "open-webui": composeService(site, baseUrl) },
      volumes: { "open-webui": {} },
    };
    return {
      snippets: [
        {
          title: { en: "A compose.yaml:", zh: "compose.yaml：" },
          format: "yaml",
          text: stringify(compose, { lineWidth: 0 }),
        },
      ],
      notes: [
        {
          en: "Or in its window: Admin Settings, Connections, OpenAI. What is set there wins over the variables from then on.",
          zh: "也可在界面中设置：管理员设置、外部连接、OpenAI。此后以界面中的设置为准。",
        },
        ...containerNotes(site.origin),
      ],
    };
  },
};

const dify: Client = {
  title: "Dify",
  baseUrl: (origin) => withVersion(fromContainer(origin)),
  setup: ({ origin, keyText, model }, baseUrl) => {
    const { name, contextTokens, outputTokensMax, seesImages } = model;
    const figures: Field[] = [
      ...(contextTokens === null ? [] : [[labels.window, String(contextTokens)] as const]),
      ...(outputTokensMax === null ? [] : [[labels.output, String(outputTokensMax)] as const]),
    ];
    return {
      fields: [
        [labels.where, "Settings > Model Provider > OpenAI-API-compatible"],
        [labels.kind, "LLM"],
        [labels.model, name],
        [labels.key, keyText],
        [labels.endpoint, baseUrl],
        ...figures,
        [labels.tools, "Tool Call"],
        [labels.images, seesImages ? "Support" : "Not Support"],
      ],
      notes: containerNotes(origin),
    };
  },
};

export const chatApps = {
  "cherry-studio": cherryStudio,
  lobechat: lobeChat,
  "open-webui": openWebUi,
  dify,
} as const;
