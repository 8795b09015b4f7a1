/** Whatever a LiteLLM file lists, what is written for it reads without a problem and shows no secret. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { readLiteLlm } from "../../src/commands/litellm/litellm-file.ts";
import { ourYaml } from "../../src/commands/litellm/our-yaml.ts";
import { takeOver } from "../../src/commands/litellm/take-over.ts";
import { readConfigBytes } from "../../src/config/read-config.ts";
import { propertyRuns, propertyTimeoutMs } from "../support/property-runs.ts";

const SHARE = 0.01;
const BYTES_SHARE = 0.02;
const SECRET = "Zq9-secret";
const ARK = "https://ark.cn-beijing.volces.com/api/v3";

const environment = {
  ARK_URL: ARK,
  ELSEWHERE: "https://api.example/v1",
  TEAM_A: "key-a",
  ARK_API_KEY: "key",
  OPENAI_API_KEY: "key",
  ...Object.fromEntries(Array.from({ length: 60 }, (_, count) => [`ARK_API_KEY_${count}`, "key"])),
};

/** Names as people give them, and texts that mean something to YAML, to references or to terminals. */
const word = fc.oneof(
  fc.constantFrom(
    "deepseek-r1",
    "deepseek-v3",
    "gpt-4*",
    "fast",
    "true",
    "null",
    "1",
    "1e5",
    "- a",
    "a: b",
    "# a",
  ),
  fc.constantFrom(
    `\${HOME}`,
    `$\${X}`,
    "a,b",
    "[a]",
    "{a",
    "'",
    '"',
    "\\",
    "a\nb: c",
    "\u2028x",
    "\u0085",
    "豆包",
    "__proto__",
  ),
  fc.string({ maxLength: 20 }),
  fc.string({ unit: "binary", maxLength: 10 }),
);
const plainName = fc.constantFrom("deepseek-r1", "gpt-4*", "fast");
const model = fc.oneof(
  word.map((text) => `volcengine/${text}`),
  word.map((text) => `openai/${text}`),
  word,
  fc.constantFrom(
    "volcengine/ep-1",
    "volcengine/doubao-seed-2-0-lite-260428",
    "azure/x",
    "volcengine/*",
    "/",
    "",
  ),
);
const number = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.constantFrom("100", "0", "1e-6", "", null, true, 1e-6, 3, 60),
);
const base = fc.oneof(
  fc.constantFrom(ARK, `${ARK}/`, `${ARK}/chat/completions`, "os.environ/ARK_URL", "os.environ/ELSEWHERE"),
  fc.constantFrom(
    `https://u:${SECRET}@ark.example`,
    `http://h/\${x}`,
    "os.environ/NOT_SET",
    "https://h.example/a:b",
  ),
  word,
);
const key = fc.oneof(
  fc.constantFrom("os.environ/TEAM_A", "os.environ/ARK_API_KEY", `os.environ/${SECRET}`, SECRET),
  fc.nat(5).map((count) => `${SECRET}-${count}`),
);

const anything = fc.anything({ maxDepth: 1, withDate: false });
const deployment = fc.record(
  {
    model_name: fc.oneof({ weight: 9, arbitrary: fc.oneof(plainName, word) }, anything),
    litellm_params: fc.record(
      {
        model,
        api_base: base,
        api_key: key,
        custom_llm_provider: fc.constantFrom("volcengine", "openai", "azure"),
        rpm: number,
        tpm: number,
        max_parallel_requests: number,
        input_cost_per_token: number,
        output_cost_per_token: number,
        timeout: number,
      },
      { requiredKeys: [] },
    ),
    model_info: fc.record(
      {
        mode: fc.constantFrom("chat", "embedding", "a\nb"),
        base_model: fc.oneof(model, fc.constant("glm-5-2-260617")),
      },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);

const litellm = fc.record(
  {
    model_list: fc.array(fc.oneof({ weight: 20, arbitrary: deployment }, anything), { maxLength: 6 }),
    router_settings: fc.record(
      {
        model_group_alias: fc.dictionary(word, fc.oneof(plainName, fc.record({ model: plainName }), word), {
          maxKeys: 3,
        }),
        timeout: number,
      },
      { requiredKeys: [] },
    ),
    general_settings: fc.record(
      { master_key: fc.constant(SECRET), global_max_parallel_requests: number },
      { requiredKeys: [] },
    ),
    litellm_settings: fc.dictionary(word, fc.constant(SECRET), { maxKeys: 2 }),
  },
  { requiredKeys: ["model_list"] },
);

test(
  "random model lists give a file that is read without a problem",
  () => {
    const seen = { models: 0, aliases: 0, left: 0, upstreams: 0 };
    const property = fc.property(litellm, fc.constantFrom("en", "zh"), (file, language) => {
      const reading = readLiteLlm(stringify(file));
      if (reading.kind !== "ok") expect.fail(JSON.stringify(reading));
      const imported = takeOver(reading.file, environment);
      const yaml = ourYaml(imported, language as "en" | "zh");
      expect(yaml).not.toContain(SECRET);
      const source = { environment: { ...environment, NOT_SET: ARK }, flags: {}, workingFolder: "/" };
      const result = readConfigBytes(source, "volcano-proxy.yaml", Buffer.from(yaml));
      if (result.kind === "broken") expect.fail(JSON.stringify({ yaml, problems: result.problems }));
      const { auth, models } = result.config;
      expect(auth.mode).toBe("keys");
      // Every name that is served, and where it goes, is one of the list's; every entry is told of.
      const served = models.map(({ alias, targets: [target] }) => [alias, target?.upstream, target?.model]);
      const wanted = imported.models.map(({ alias, upstream, model: id }) => [alias, upstream.name, id]);
      expect(served.map(String).sort()).toEqual(wanted.map(String).sort());
      const taken = imported.models.filter(({ aliasOf }) => aliasOf === null).length;
      const told = imported.left.filter(({ reason }) => reason.kind !== "no-such-name").length;
      expect(taken + told).toBeGreaterThanOrEqual(
        reading.file.deployments.length - reading.file.aliases.size,
      );
      for (const line of yaml.split(/[\n\r\u0085\u2028\u2029]/)) {
        expect(line).toMatch(/^(?:$|\s*#|\s*"(?:[^"\\]|\\.)*":$|\s*[a-z0-9_-]+:(?: .*)?$)/);
      }
      seen.models += taken;
      seen.aliases += imported.models.length - taken;
      seen.left += imported.left.length;
      seen.upstreams += imported.upstreams.length;
    });
    const runs = propertyRuns(SHARE);
    fc.assert(property, runs);
    if (runs.numRuns >= 200)
      for (const count of Object.values(seen)) expect(count).toBeGreaterThan(runs.numRuns / 200);
  },
  propertyTimeoutMs(SHARE),
);

test(
  "whatever the bytes are, they are a list or a reason why not",
  () => {
    const fragments = fc.constantFrom(
      ..."{}[]:,-&*!|>'\"%@`#?~\n\t ",
      "<<: *a",
      "&a ",
      "*a",
      "model_list:\n",
      "- ",
      "!!set {a}",
    );
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(fragments, { maxLength: 40 }).map((all) => all.join("")),
    );
    fc.assert(
      fc.property(text, (bytes) => {
        const reading = readLiteLlm(bytes);
        if (reading.kind === "ok") ourYaml(takeOver(reading.file, {}), "en");
        else expect(["not-yaml", "no-model-list"]).toContain(reading.kind);
      }),
      propertyRuns(BYTES_SHARE),
    );
  },
  propertyTimeoutMs(BYTES_SHARE),
);
