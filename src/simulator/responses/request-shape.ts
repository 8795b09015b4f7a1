/**
 * What Ark's decoder knows in a Responses request (ark-api 5.1, 5.3, 5.4). `prompt_cache_key` and
 * `reasoning.summary` are in Ark's own pages or types here and there, but were refused when probed.
 */
import { any, list, object, type Shape, tagged } from "./strict-shape.ts";

const pixelLimit = object(["min_pixels", "max_pixels"]);

const part = tagged("content", {
  input_text: object(["type", "text"], {
    translation_options: object(["source_language", "target_language"]),
  }),
  input_image: object(["type", "image_url", "file_id", "detail"], { image_pixel_limit: pixelLimit }),
  input_video: object(["type", "video_url", "file_id", "fps"]),
  input_audio: object(["type", "audio_url", "file_id"]),
  input_file: object(["type", "file_id", "file_data", "filename", "file_url"]),
  output_text: object(["type", "text", "annotations"]),
});

const textPart = object(["type", "text"]);
const message = object(["type", "role", "id", "status", "partial"], { content: list(part) });

/** Items of tools that Ark runs itself come back as they went out. */
const builtInItem = any;

const item = tagged(
  "input item",
  {
    message,
    function_call: object(["type", "id", "arguments", "call_id", "name", "status"]),
    function_call_output: object(["type", "id", "call_id", "status"], { output: list(part) }),
    reasoning: object(["type", "id", "status", "encrypted_content"], {
      summary: list(textPart),
      content: list(textPart),
    }),
    item_reference: object(["type", "id"]),
    mcp_list_tools: builtInItem,
    mcp_approval_request: builtInItem,
    mcp_approval_response: builtInItem,
    mcp_call: builtInItem,
    web_search_call: builtInItem,
    image_process: builtInItem,
    knowledge_search_call: builtInItem,
    doubao_app_call: builtInItem,
    transcription: builtInItem,
  },
  message,
);

const userLocation = object(["type", "country", "region", "city"]);
const onOrOff = object(["type"]);

const tool = tagged("tool", {
  function: object(["type", "name", "description", "parameters", "strict"]),
  web_search: object(["type", "limit", "max_keyword", "sources"], { user_location: userLocation }),
  image_process: object(["type"], { point: onOrOff, grounding: onOrOff, zoom: onOrOff, rotate: onOrOff }),
  mcp: object([
    "type",
    "server_label",
    "server_url",
    "server_description",
    "headers",
    "require_approval",
    "allowed_tools",
  ]),
  knowledge_search: object([
    "type",
    "knowledge_resource_id",
    "description",
    "limit",
    "max_keyword",
    "doc_filter",
    "dense_weight",
    "ranking_options",
  ]),
  doubao_app: object(["type", "feature"], { user_location: userLocation }),
});

const edit = tagged("context edit", {
  clear_thinking: object(["type", "keep"]),
  clear_tool_uses: object(["type", "trigger", "keep", "exclude_tools", "clear_tool_input"]),
});

export const requestShape: Shape = object(
  [
    "model",
    "instructions",
    "previous_response_id",
    "store",
    "expire_at",
    "max_output_tokens",
    "temperature",
    "top_p",
    "parallel_tool_calls",
    "max_tool_calls",
    "include",
    "stream",
    "service_tier",
    "safety_identifier",
  ],
  {
    input: list(item),
    tools: list(tool),
    tool_choice: object(["type", "name", "server_label"]),
    text: object([], { format: object(["type", "name", "schema", "description", "strict"]) }),
    thinking: object(["type"]),
    reasoning: object(["effort"]),
    caching: object(["type", "prefix"]),
    context_management: object([], { edits: list(edit) }),
    session: object(["id"]),
  },
);
