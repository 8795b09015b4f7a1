/** The scanner: what it finds, where, what it refuses and where, and that nothing in a body can hurt it. */
import { describe, expect, test } from "vitest";
import { wantedNames } from "../../../src/wire/json-key.ts";
import { type JsonMember, scanDocument, scanObject } from "../../../src/wire/json-scan.ts";
import { DEPTH_MAX, JsonSyntaxError } from "../../../src/wire/json-value.ts";

const wanted = wantedNames(["model", "stream", "messages"]);

function scan(text: string | Buffer): JsonMember[] {
  return scanDocument(Buffer.from(text), wanted);
}

function refusal(text: string | Buffer): string {
  try {
    scan(text);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return `${error.offset}: ${error.reason}`;
    throw error;
  }
  return "accepted";
}

describe("what is found", () => {
  test("a member with its spans and its kind", () => {
    const text = ' { "a" : 1 , "model" : "x y" }\n';
    expect(scan(text)).toEqual([
      {
        name: "model",
        spelling: "exact",
        keyStart: text.indexOf('"model"'),
        keyEnd: text.indexOf('"model"') + 7,
        valueStart: text.indexOf('"x y"'),
        valueEnd: text.indexOf('"x y"') + 5,
        kind: "string",
      },
    ]);
  });

  test.each([
    ['{"model":{}}', "object"],
    ['{"model":[ ]}', "array"],
    ['{"model":"\\""}', "string"],
    ['{"model":-0.5e+9}', "number"],
    ['{"model":7}', "number"],
    ['{"model":true}', "true"],
    ['{"model":false}', "false"],
    ['{"model":null}', "null"],
  ])("the kind in %s", (text, kind) => {
    const [member] = scan(text);
    expect(member?.kind).toBe(kind);
    expect(text.slice(member?.valueStart, member?.valueEnd)).toBe(text.slice(9, -1));
  });

  test("members in the order of their keys, and none from inside other members", () => {
    const text = '{"stream":1,"x":{"model":1,"messages":[{"stream":2}]},"model":"m","y":[{"model":3}]}';
    expect(scan(text).map((member) => member.name)).toEqual(["stream", "model"]);
  });

  test("offsets are bytes, not characters", () => {
    const bytes = Buffer.from('{"模型":"😀é","model":"豆包"}');
    const [member] = scanDocument(bytes, wanted);
    expect(bytes.toString("utf8", member?.valueStart, member?.valueEnd)).toBe('"豆包"');
  });

  test("one more member than there are names, however often they repeat", () => {
    const text = `{${Array.from({ length: 50 }, () => '"model":1').join(",")}}`;
    expect(scan(text)).toHaveLength(4);
    expect(scan('{"model":1,"model":2,"model":3}')).toHaveLength(3);
  });

  test("an object inside a larger text", () => {
    const bytes = Buffer.from('[{"model":1}]');
    expect(scanObject(bytes, 1, bytes.length - 1, wanted)).toHaveLength(1);
    expect(() => scanObject(bytes, 1, bytes.length, wanted)).toThrow(
      "expected nothing after the object at byte 12",
    );
  });

  test.each(["{}", " { } ", '{"a":{},"b":[],"c":[[],{}]}'])("nothing in %s", (text) => {
    expect(scan(text)).toEqual([]);
  });
});

describe("what is refused, and where", () => {
  test.each([
    ["", "0: the text ends before an object"],
    [" \n\t\r", "4: the text ends before an object"],
    ["[]", "0: expected an object"],
    ['"model"', "0: expected an object"],
    [" 1", "1: expected an object"],
    ["\ufeff{}", "0: the text begins with a byte order mark"],
    ["{", "1: expected the quoted name of a member"],
    ["{,}", "1: expected the quoted name of a member"],
    ["{a:1}", "1: expected the quoted name of a member"],
    ["{'a':1}", "1: expected the quoted name of a member"],
    ['{"a"}', "4: expected a colon after the name of a member"],
    ['{"a"', "4: the text ends before a colon after the name of a member"],
    ['{"a":}', "5: expected a value"],
    ['{"a":', "5: the text ends before a value"],
    ['{"a":1', "6: expected a comma or the end of the object"],
    ['{"a":1,}', "7: expected the quoted name of a member"],
    ['{"a":1 "b":2}', "7: expected a comma or the end of the object"],
    ['{"a":1}{}', "7: expected nothing after the object"],
    ['{"a":1}\0', "7: expected nothing after the object"],
    ['{"a":[1}', "7: expected a comma or the end of an array"],
    ['{"a":[1,]}', "8: expected a value"],
    ['{"a":{"b":1]}', "11: expected a comma or the end of an object"],
    ['{"a":{"b":1', "11: the text ends before a comma or the end of an object"],
    ['{"a":{"b":1,}}', "12: expected the quoted name of a member"],
    ['{"a":tru}', "5: expected a value"],
    ['{"a":True}', "5: expected a value"],
    ['{"a":nul', "5: expected a value"],
    ['{"a":NaN}', "5: expected a value"],
    ['{"a":-Infinity}', "6: expected a digit"],
    ['{"a":01}', "6: expected a comma or the end of the object"],
    ['{"a":+1}', "5: expected a value"],
    ['{"a":.5}', "5: expected a value"],
    ['{"a":1.}', "7: expected a digit"],
    ['{"a":1e}', "7: expected a digit"],
    ['{"a":1e+', "8: the text ends before a digit"],
    ['{"a":-}', "6: expected a digit"],
    ['{"a":0x1}', "6: expected a comma or the end of the object"],
    ['{"a":"b', "5: the text ends inside the string that begins"],
    ['{"a":"b\\', '8: the text ends before one of "\\/bfnrtu after a backslash'],
    ['{"a":"\\x"}', '7: expected one of "\\/bfnrtu after a backslash'],
    ['{"a":"\\u12g4"}', "10: expected four hexadecimal digits after \\u"],
    ['{"a":"\\u12', "10: the text ends before four hexadecimal digits after \\u"],
    ['{"a":"\n"}', "6: unescaped control character in a string"],
    ['{"a":"0123456789\x1f"}', "16: unescaped control character in a string"],
    ['{"a\x00b":1}', "3: unescaped control character in a string"],
    ['{"a":1\x0c}', "6: expected a comma or the end of the object"],
    ['{"a":1\u00a0}', "6: expected a comma or the end of the object"],
    ['{"a":1 // b\n}', "7: expected a comma or the end of the object"],
  ])("%j", (text, expected) => {
    expect(refusal(text)).toBe(expected);
  });

  const broken: readonly [string, number[]][] = [
    ["a lone continuation", [0x80]],
    ["a cut sequence", [0xe4, 0xbd]],
    ["an overlong slash", [0xc0, 0xaf]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["beyond U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
    ["many continuations", [0x80, 0x80, 0x80, 0x80, 0x80, 0x80]],
    ["a byte that UTF-8 has not", [0xff]],
  ];
  test.each(broken)("text that is not UTF-8, at any place: %s", (_name, bytes) => {
    for (const before of [0, 1, 7, 8, 100, 1_000, 4_099]) {
      for (const after of [0, 1, 20, 900]) {
        const text = Buffer.concat([
          Buffer.from(`{"a":"${"é".repeat(before)}`),
          Buffer.from(bytes),
          Buffer.from(`${"汉".repeat(after)}"}`),
        ]);
        expect(refusal(text)).toBe(`${6 + before * 2}: the text is not UTF-8`);
      }
    }
  });

  test("a text cut short at any byte, with or without more bytes behind it in memory", () => {
    const text = '{"a":[1.5e-3,true,{"b":"0123456789\\u00e9\\n","c":null}],"model":"0123456789abcdef"}';
    const whole = Buffer.from(text);
    for (let end = 0; end < whole.length; end++) {
      const alone = refusal(text.slice(0, end));
      expect(alone).not.toBe("accepted");
      expect(() => scanObject(whole, 0, end, wanted)).toThrow(
        alone.replace(/^(\d+): (.*)$/, "$2 at byte $1"),
      );
    }
    expect(refusal(text)).toBe("accepted");
  });

  test("UTF-16 and UTF-32, with and without a mark", () => {
    for (const text of ["\ufeff{}", "{}", '{"model":"x"}']) {
      expect(refusal(Buffer.from(text, "utf16le"))).not.toBe("accepted");
      expect(refusal(Buffer.from(text, "utf16le").swap16())).not.toBe("accepted");
    }
    expect(refusal(Buffer.from([0x7b, 0, 0, 0, 0x7d, 0, 0, 0]))).not.toBe("accepted");
  });
});

describe("depth", () => {
  const arrays = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
  const objects = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
  const mixed = (depth: number) => {
    let text = "0";
    for (let level = 0; level < depth; level++)
      text = level % 2 === 0 ? `[1,${text}]` : `{"a":${text},"b":[]}`;
    return text;
  };

  test.each([
    ["arrays", arrays],
    ["objects", objects],
    ["both", mixed],
  ])("%s: 64 levels pass, 65 are refused, the top object being the first", (_name, nested) => {
    expect(refusal(`{"x":${nested(DEPTH_MAX - 1)}}`)).toBe("accepted");
    expect(refusal(`{"x":${nested(DEPTH_MAX)}}`)).toContain("nested more than 64 deep");
    expect(refusal(`{"model":${nested(DEPTH_MAX)}}`)).toContain("nested more than 64 deep");
  });

  test("siblings do not add up", () => {
    expect(refusal(`{"x":[${Array.from({ length: 200 }, () => arrays(DEPTH_MAX - 2)).join(",")}]}`)).toBe(
      "accepted",
    );
  });

  test("five million levels are refused at the sixty-fifth", () => {
    const text = Buffer.concat([Buffer.from('{"x":'), Buffer.alloc(5_000_000, "[")]);
    expect(refusal(text)).toBe("68: nested more than 64 deep");
  });
});

describe("sizes", () => {
  /** Times are bounds against running away, many times what they are on a slow machine. */
  function timedScan(bytes: Buffer): { members: JsonMember[]; elapsedMs: number } {
    const startedMs = performance.now();
    const members = scanDocument(bytes, wanted);
    return { members, elapsedMs: performance.now() - startedMs };
  }

  test("a string of 50 MB", () => {
    const bytes = Buffer.concat([
      Buffer.from('{"model":"m","x":"'),
      Buffer.alloc(50_000_000, "a"),
      Buffer.from('","stream":true}'),
    ]);
    const { members, elapsedMs } = timedScan(bytes);
    expect(members.map((member) => member.name)).toEqual(["model", "stream"]);
    expect(elapsedMs).toBeLessThan(1_000);
  });

  test("a million keys, index keys and escaped keys among them, cost no memory", () => {
    const text = Array.from({ length: 1_000_000 }, (_, index) =>
      index % 3 === 0 ? `"${index}":0` : index % 3 === 1 ? `"k${index}":0` : `"m\\u006f${index}":0`,
    ).join(",");
    const bytes = Buffer.from(`{"model":"m",${text},"stream":true}`);
    timedScan(bytes);
    const before = process.memoryUsage().heapUsed;
    const { members, elapsedMs } = timedScan(bytes);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(4_000_000);
    expect(members.map((member) => member.name)).toEqual(["model", "stream"]);
    expect(elapsedMs).toBeLessThan(1_500);
  });

  test("a million times the same wanted key", () => {
    const bytes = Buffer.from(`{${'"model":1,'.repeat(1_000_000)}"model":1}`);
    const { members, elapsedMs } = timedScan(bytes);
    expect(members).toHaveLength(4);
    expect(elapsedMs).toBeLessThan(1_500);
  });
});
