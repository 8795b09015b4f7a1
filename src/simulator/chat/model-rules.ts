/** What one model refuses that another takes (ark-api 4.6, 4.8, 14.3). */

import { ArkRefusal } from "../error-envelope.ts";
import type { ChatModel } from "../models/model-table.ts";
import type { Entry } from "../models/registry.ts";
import type { ChatRequest } from "./chat-request.ts";

function refuse(text: string, param = ""): never {
  throw new ArkRefusal("InvalidParameter", text, param);
}

function checkThinking(request: ChatRequest, model: ChatModel): void {
  const { thinking, effort } = request;
  const wantsOff = thinking === "disabled" && !model.thinkingCanBeOff;
  const wantsAuto = thinking === "auto" && !model.thinkingCanBeAuto;
  if (wantsOff || wantsAuto) {
    refuse(`The parameter \`thinking.type\` \`${thinking}\` is not supported by this model.`);
  }
  if (effort === "none" && !model.thinkingCanBeOff) {
    refuse("The parameter `reasoning_effort` `none` is not supported by this model.");
  }
}

function checkResponseFormat(request: ChatRequest, model: ChatModel): void {
  const format = request.responseFormat;
  if (format === "text") return;
  const supported = format === "json_object" ? model.jsonObject : model.jsonSchema;
  if (!supported) {
    refuse(`\`response_format.type\` \`${format}\` is not supported by this model.`, "response_format.type");
  }
  if (format === "json_object" && !request.messages.prompt.toLowerCase().includes("json")) {
    refuse(
      "`response_format.type` `json_object` needs the word json in the messages.",
      "response_format.type",
    );
  }
}

/** Throws ArkRefusal where the request asks for what the model, or the entry, has not. */
export function checkAgainstModel(request: ChatRequest, model: ChatModel, entry: Entry): void {
  if (entry !== "standard" && request.serviceTier === "fast") {
    refuse("The fast tier is not available for the coding plan.", "service_tier");
  }
  checkThinking(request, model);
  checkResponseFormat(request, model);
  if (request.tools.length > 0 && !model.tools) refuse("`tools` is not supported by this model.", "tools");
  if (request.messages.hasImages && !model.inputs.includes("image")) {
    refuse("`messages.content.type` `image_url` is not supported by this model.");
  }
  if (request.promptTokens > model.inputTokensMax) {
    const text = `The input has ${request.promptTokens} tokens; this model takes ${model.inputTokensMax}.`;
    throw new ArkRefusal("OutofContextError", text);
  }
}
