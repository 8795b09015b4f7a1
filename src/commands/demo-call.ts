/** The call that `demo` makes by itself: streams one answer through the gateway onto the terminal. */
import { request } from "undici";
import type { Invocation } from "./invocation.ts";
import { demoPhrases } from "./running-messages.ts";
import { paintFor } from "./text-layout.ts";

/** The headers of the gateway's that tell most. */
const SHOWN_HEADERS = ["x-request-id", "x-volcano-model", "x-volcano-target", "x-volcano-changes"] as const;

type Delta = { readonly content?: string; readonly reasoning_content?: string };
type Chunk = {
  readonly choices?: readonly { readonly delta: Delta }[];
  readonly error?: { readonly message: string };
};

/** Prints reasoning and answer as they come, and what the headers said; never throws. */
export async function showFirstCall(invocation: Invocation, url: string): Promise<void> {
  const { language, standardOutput: output } = invocation;
  output.write(`\n${demoPhrases.firstCall[language]}\n`);
  try {
    await stream(invocation, url);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    output.write(`\n${demoPhrases.failed(reason)[language]}\n`);
  }
}

async function stream({ language, environment, standardOutput: output }: Invocation, url: string) {
  const paint = paintFor(output, environment);
  const startedMs = performance.now();
  const answer = await request(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: "Bearer any-key", "content-type": "application/json" },
    body: JSON.stringify({
      model: "deepseek-r1",
      stream: true,
      messages: [{ role: "user", content: demoPhrases.question[language] }],
    }),
  });
  let firstMs = 0;
  let part: keyof Delta | null = null;
  for await (const chunk of chunksOf(answer.body)) {
    if (firstMs === 0) firstMs = performance.now();
    if (chunk.error !== undefined) throw new Error(chunk.error.message);
    const delta = chunk.choices?.[0]?.delta ?? {};
    for (const name of ["reasoning_content", "content"] as const) {
      const text = delta[name];
      if (text === undefined || text === "") continue;
      if (part !== name) {
        const title = name === "content" ? demoPhrases.answer : demoPhrases.thinking;
        output.write(`\n  ${paint("bold", title[language])}  `);
      }
      part = name;
      output.write(name === "content" ? text : paint("dim", text));
    }
  }
  const endedMs = performance.now();
  const outcome = demoPhrases.outcome(
    answer.statusCode,
    Math.round(firstMs - startedMs),
    Math.round(endedMs - startedMs),
  );
  output.write(`\n\n  ${paint("green", outcome[language])}\n`);
  for (const name of SHOWN_HEADERS) {
    output.write(`  ${paint("dim", `${name}: ${String(answer.headers[name] ?? "")}`)}\n`);
  }
}

/** The chunks of a chat stream, up to [DONE]. */
async function* chunksOf(body: AsyncIterable<Buffer>): AsyncGenerator<Chunk> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of body) {
    text += decoder.decode(piece, { stream: true });
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const event = text.slice(0, end);
      text = text.slice(end + 2);
      if (event === "data: [DONE]") return;
      if (event.startsWith("data: ")) yield JSON.parse(event.slice("data: ".length));
    }
  }
}
