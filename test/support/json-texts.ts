/** Generates JSON texts in every spelling that the grammar has, and damages them. */
import type { Choices } from "./choices.ts";

const WHITE_SPACE = ["", "", "", "", " ", "\n", "\t", "\r\n  "];

const NUMBERS = [
  "0",
  "1",
  "-0",
  "0.7",
  "12345678901234567890",
  "1e400",
  "-1.5E-7",
  "1E+2",
  "3.0",
  "1e-400",
  "123456789012345678901234567890.5",
];

const FRAGMENTS = [
  "a",
  "developer",
  '\\"model\\":\\"x\\"',
  '\\"',
  "\\\\",
  "\\/",
  "\\b\\f\\n\\r\\t",
  "\\u0041",
  "\\ud83d\\ude00",
  "\\uD800",
  "\\udfff\\ud800",
  "\\u0000",
  "é",
  "模型",
  "😀",
  "\u2028",
  "\x7f",
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "data: [DONE]",
  "the quick brown fox jumps over the lazy dog",
];

/** Keys that no reader takes for a member that the gateway acts on, at the top of a body. */
const ODD_KEYS = [
  "temperature",
  "",
  "__proto__",
  "constructor",
  "models",
  "mode",
  "mod el",
  "m",
  "message",
  "max_token",
  "max_tokens_",
  "max-tokens",
  "stream_option",
  "stream.",
  "Streams",
  "\\u0074op_p",
  "model\\u0001x",
  "模型",
  "😀",
  "\\ud800",
  "0",
  "user",
  " x ",
];

/** Keys that mean something elsewhere: at the top, or in a message. */
const NESTED_KEYS = [
  "model",
  "stream",
  "role",
  "messages",
  "max_tokens",
  "include_usage",
  "Model",
  "mod\\u0065l",
];

export function whiteSpace(choices: Choices): string {
  return choices.pick(WHITE_SPACE);
}

export function stringText(choices: Choices): string {
  let text = "";
  for (let count = choices.below(4); count > 0; count--) text += choices.pick(FRAGMENTS);
  return `"${text}"`;
}

export function oddKey(choices: Choices): string {
  return `"${choices.pick(ODD_KEYS)}"`;
}

/** Any value, at most `depth` containers deep. */
export function valueText(choices: Choices, depth: number): string {
  switch (choices.below(depth > 0 ? 6 : 4)) {
    case 0:
      return choices.pick(["null", "true", "false"]);
    case 1:
      return choices.pick(NUMBERS);
    case 4:
      return list(choices, "[", "]", () => valueText(choices, depth - 1));
    case 5:
      return list(choices, "{", "}", () => {
        const key = choices.oneIn(2) ? `"${choices.pick(NESTED_KEYS)}"` : oddKey(choices);
        return `${key}${whiteSpace(choices)}:${whiteSpace(choices)}${valueText(choices, depth - 1)}`;
      });
    default:
      return stringText(choices);
  }
}

function list(choices: Choices, open: string, close: string, item: () => string): string {
  const items: string[] = [];
  for (let count = choices.below(4); count > 0; count--) {
    items.push(whiteSpace(choices) + item() + whiteSpace(choices));
  }
  return open + (items.length === 0 ? whiteSpace(choices) : items.join(",")) + close;
}

const DAMAGE = [
  ...['"', "\\", "{", "}", "[", "]", ",", ":", "0", "-", ".", "e", "t", "nul", " ", "\t", "\0", "\x1f"],
  ...["\\u12", '"model":1,', ",,", "//", "'", "\u00a0", "\ufeff", "NaN"],
  "[".repeat(40),
  "]".repeat(40),
  '{"a":'.repeat(33),
  "}".repeat(33),
].map((text) => Buffer.from(text));
DAMAGE.push(Buffer.from([0xff]), Buffer.from([0xc3]), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from([0x80]));

/** The bytes with up to three wounds: something put in, taken out, replaced, repeated or cut off. */
export function damage(choices: Choices, bytes: Buffer): Buffer {
  let damaged = bytes;
  for (let count = choices.below(4); count > 0; count--) {
    const start = choices.below(damaged.length + 1);
    const end = Math.min(damaged.length, start + choices.below(12));
    const before = damaged.subarray(0, start);
    const span = damaged.subarray(start, end);
    const after = damaged.subarray(end);
    switch (choices.below(5)) {
      case 0:
        damaged = Buffer.concat([before, choices.pick(DAMAGE), span, after]);
        break;
      case 1:
        damaged = Buffer.concat([before, after]);
        break;
      case 2:
        damaged = Buffer.concat([before, choices.pick(DAMAGE), after]);
        break;
      case 3:
        damaged = Buffer.concat([before, span, span, after]);
        break;
      default:
        damaged = before;
    }
  }
  return damaged;
}
