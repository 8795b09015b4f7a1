/** What the doctor can say of the aliases' targets without a call that costs tokens. */
import type { ModelConfig } from "../../config/config.ts";
import { type Finding, finding } from "./finding.ts";
import type { ArkList } from "./model-list.ts";

function exampleFinding(alias: string, model: string): Finding {
  return finding(
    "endpoint",
    "warning",
    {
      en: `${alias} leads to ${model}, somebody's example: Ark answers 404 unless it is yours`,
      zh: `${alias} 指向 ${model}，这是他人账号的示例：除非归您所有，方舟会返回 404`,
    },
    {
      en: `set yours: VOLCANO_PROXY_MODELS=${alias}=ep-...`,
      zh: `请设置自己的：VOLCANO_PROXY_MODELS=${alias}=ep-...`,
    },
  );
}

function endpointFinding(alias: string, model: string): Finding {
  return finding("endpoint", "skipped", {
    en: `${alias} leads to ${model}: only a call would tell whether it is open, and would cost tokens`,
    zh: `${alias} 指向 ${model}：只有实际调用才能确认是否可用，而调用会消耗 token`,
  });
}

function listedFinding(alias: string, model: string, status: string | null): Finding {
  const successor = {
    en: "`volcano-proxy models` names successors",
    zh: "`volcano-proxy models` 会列出后继模型",
  };
  const leads = { en: `${alias} leads to ${model}`, zh: `${alias} 指向 ${model}` };
  switch (status) {
    case "Shutdown":
      return finding(
        "endpoint",
        "failed",
        { en: `${leads.en}, which Ark has shut down`, zh: `${leads.zh}，方舟已将其下线` },
        successor,
      );
    case "Retiring":
      return finding(
        "endpoint",
        "warning",
        { en: `${leads.en}, which Ark is retiring`, zh: `${leads.zh}，方舟即将将其下线` },
        successor,
      );
    default:
      return finding("endpoint", "ok", { en: `${leads.en}, which Ark lists`, zh: `${leads.zh}，方舟已列出` });
  }
}

/** One line per alias. The list is null where Ark did not give it. */
export function checkEndpoint({ alias, targets, isExample }: ModelConfig, list: ArkList | null): Finding {
  const model = targets[0]?.model ?? "";
  if (isExample) return exampleFinding(alias, model);
  if (model.startsWith("ep-") || list === null) return endpointFinding(alias, model);
  if (list.has(model)) return listedFinding(alias, model, list.get(model) ?? null);
  return finding(
    "endpoint",
    "warning",
    {
      en: `${alias} leads to ${model}, which Ark does not list`,
      zh: `${alias} 指向 ${model}，方舟未列出该模型`,
    },
    {
      en: "check its spelling, and whether your account has opened it",
      zh: "请检查拼写，以及账号是否已开通",
    },
  );
}
