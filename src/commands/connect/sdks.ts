/** The SDKs of OpenAI and Anthropic: what their environment holds, and a first call in two languages. */
import { asItIs, type Client, type Snippet, withVersion } from "./client.ts";

const QUESTION = "Hello!";

const titles = {
  node: { en: "Node:", zh: "Node：" },
  python: { en: "Python:", zh: "Python：" },
} as const;

function snippets(javascript: readonly string[], python: readonly string[]): readonly Snippet[] {
  return [
    { title: titles.node, format: "javascript", text: `${javascript.join("\n")}\n` },
    { title: titles.python, format: "python", text: `${python.join("\n")}\n` },
  ];
}

// A JSON text is a literal of both languages, whatever stands in it.
const openai: Client = {
  title: "OpenAI SDK",
  baseUrl: withVersion,
  setup: ({ keyText, model }, baseUrl) => {
    const name = JSON.stringify(model.name);
    return {
      environment: [
        ["OPENAI_BASE_URL", baseUrl],
        ["OPENAI_API_KEY", keyText],
      ],
      snippets: snippets(
        [
          'import OpenAI from "openai";',
          "",
          "const client = new OpenAI(); // reads OPENAI_BASE_URL and OPENAI_API_KEY",
          "const answer = await client.chat.completions.create({",
          `  model: ${name},`,
          `  messages: [{ role: "user", content: ${JSON.stringify(QUESTION)} }],`,
          "});",
          "console.log(answer.choices[0].message.content);",
        ],
        [
          "from openai import OpenAI",
          "",
          "client = OpenAI()  # reads OPENAI_BASE_URL and OPENAI_API_KEY",
          "answer = client.chat.completions.create(",
          `    model=${name},`,
          `    messages=[{"role": "user", "content": ${JSON.stringify(QUESTION)}}],`,
          ")",
          "print(answer.choices[0].message.content)",
        ],
      ),
    };
  },
};

const anthropic: Client = {
  title: "Anthropic SDK",
  baseUrl: asItIs,
  setup: ({ keyText, model }, baseUrl) => {
    const name = JSON.stringify(model.name);
    const question = JSON.stringify(QUESTION);
    return {
      environment: [
        ["ANTHROPIC_BASE_URL", baseUrl],
        ["ANTHROPIC_API_KEY", keyText],
      ],
      snippets: snippets(
        [
          'import Anthropic from "@anthropic-ai/sdk";',
          "",
          "const client = new Anthropic(); // reads ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY",
          "const answer = await client.messages.create({",
          `  model: ${name},`,
          "  max_tokens: 4096,",
          `  messages: [{ role: "user", content: ${question} }],`,
          "});",
          'console.log(answer.content.find((block) => block.type === "text")?.text);',
        ],
        [
          "from anthropic import Anthropic",
          "",
          "client = Anthropic()  # reads ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY",
          "answer = client.messages.create(",
          `    model=${name},`,
          "    max_tokens=4096,",
          `    messages=[{"role": "user", "content": ${question}}],`,
          ")",
          'print(next(block.text for block in answer.content if block.type == "text"))',
        ],
      ),
    };
  },
};

export const sdks = { openai, anthropic } as const;
