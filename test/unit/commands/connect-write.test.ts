/** Proves `connect --write`: what it puts into a client's files, what it keeps, when it writes nothing. */
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { parseEnv } from "node:util";
import { parse as parseToml } from "smol-toml";
import { beforeEach, describe, expect, test } from "vitest";
import { newLocalToken, writeControlFile } from "../../../src/app/control-file.ts";
import { connectPhrases } from "../../../src/commands/connect/connect-phrases.ts";
import { writeSettings } from "../../../src/commands/connect/write-file.ts";
import { run } from "../../../src/main.ts";
import { newShellBesideControl } from "../../support/key-commands.ts";
import { surroundings, temporaryFolder } from "./recorded-run.ts";

const LITE = "doubao-seed-2-0-lite-260428";

let home = "";

beforeEach(() => {
  home = temporaryFolder();
});

type Told = { readonly exitCode: number; readonly out: string; readonly told: string };

async function write(words: readonly string[], environment: Record<string, string> = {}): Promise<Told> {
  const around = surroundings({ HOME: home, ...environment });
  const exitCode = await run(["connect", ...words, "--write"], around);
  return { exitCode, out: around.standardOutput.text, told: around.standardError.text };
}

function put(path: string, text: string): string {
  const file = join(home, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const read = (path: string): string => readFileSync(join(home, path), "utf8");
const backupsOf = (path: string): readonly string[] =>
  readdirSync(dirname(join(home, path))).filter((name) => name.endsWith(".bak"));

describe("Claude Code", () => {
  const FILE = ".claude/settings.json";

  test("a new file, for its owner alone, with nothing to back up; the same again changes nothing", async () => {
    const first = await write(["claude-code", "--model", LITE, "--key", "sk-vp-mine"]);
    expect(first).toEqual({ exitCode: 0, out: `Written: ${join(home, FILE)}\n`, told: "" });
    expect(JSON.parse(read(FILE)).env).toMatchObject({
      ANTHROPIC_AUTH_TOKEN: "sk-vp-mine",
      ANTHROPIC_MODEL: LITE,
    });
    expect(statSync(join(home, FILE)).mode & 0o777).toBe(0o600);
    const again = await write(["claude-code", "--model", LITE, "--key", "sk-vp-mine"]);
    expect(again.out).toBe(`Nothing to change: ${join(home, FILE)}\n`);
    expect(backupsOf(FILE)).toEqual([]);
  });

  test("keeps what is there, in its indentation, and a copy of it beside", async () => {
    const before =
      '{\n\t"hooks": {"Stop": []},\n\t"env": {"DISABLE_TELEMETRY": "0", "A": "1"},\n\t"big": 12345678901234567890\n}\n';
    chmodSync(put(FILE, before), 0o640);
    const { exitCode, out } = await write(["claude-code", "--model", LITE, "--key", "k"]);
    expect(exitCode).toBe(0);
    const text = read(FILE);
    const settings = JSON.parse(text);
    expect(settings.hooks).toEqual({ Stop: [] });
    // A matter of taste, which was settled.
    expect(settings.env).toMatchObject({ DISABLE_TELEMETRY: "0", A: "1", DISABLE_ERROR_REPORTING: "1" });
    expect(text).toContain('\n\t"big": 12345678901234567890\n');
    expect(statSync(join(home, FILE)).mode & 0o777).toBe(0o640);
    const [backup = ""] = backupsOf(FILE);
    expect(readFileSync(join(home, ".claude", backup), "utf8")).toBe(before);
    expect(out).toContain(`As it was before: ${join(home, ".claude", backup)}\n`);
  });

  test("two changes leave two copies", async () => {
    put(FILE, "{}\n");
    for (const key of ["one", "two"]) await write(["claude-code", "--model", LITE, "--key", key]);
    expect(backupsOf(FILE)).toHaveLength(2);
  });

  test("without a key none is written, nor is one taken away; it is told how to set it", async () => {
    put(FILE, '{"env":{"ANTHROPIC_AUTH_TOKEN":"theirs"}}');
    const { exitCode, told } = await write(["claude-code", "--model", LITE]);
    expect(exitCode).toBe(0);
    expect(told).toContain("export ANTHROPIC_AUTH_TOKEN=YOUR_ARK_KEY");
    expect(JSON.parse(read(FILE)).env.ANTHROPIC_AUTH_TOKEN).toBe("theirs");
  });

  test.each([
    ["has comments", '{\n  // mine\n  "env": {}\n}\n', "comments would be lost"],
    ["is a list", "[]", "no plain JSON object"],
    ["is broken", "{", "no plain JSON object"],
    ["says one thing twice", '{"env":{"A":"1"},"env":{"B":"2"}}', "says the same name twice"],
    ["has something else in the place", '{"env":"x"}', "in the place of env.ANTHROPIC_BASE_URL"],
  ])(
    "a file that %s is left as it is, and what was to be written is printed",
    async (_what, text, reason) => {
      put(FILE, text);
      const { exitCode, told } = await write(["claude-code", "--model", LITE, "--key", "k"]);
      expect([exitCode, read(FILE), backupsOf(FILE)]).toEqual([1, text, []]);
      expect(told).toContain(reason);
      expect(told).toContain('"ANTHROPIC_BASE_URL": "http://127.0.0.1:5000"');
    },
  );

  test("a link stays a link, and the file behind it is changed", async () => {
    const real = put("dotfiles/claude.json", "{}\n");
    mkdirSync(join(home, ".claude"));
    symlinkSync(real, join(home, FILE));
    expect((await write(["claude-code", "--model", LITE, "--key", "k"])).exitCode).toBe(0);
    expect(lstatSync(join(home, FILE)).isSymbolicLink()).toBe(true);
    expect(readFileSync(real, "utf8")).toContain("ANTHROPIC_MODEL");
  });

  test("a link to nothing stays", async () => {
    mkdirSync(join(home, ".claude"));
    symlinkSync(join(home, "dotfiles/claude.json"), join(home, FILE));
    const { exitCode, told } = await write(["claude-code", "--model", LITE, "--key", "k"]);
    expect([exitCode, told]).toEqual([
      1,
      expect.stringContaining("it is a link to a file that is not there"),
    ]);
    expect(lstatSync(join(home, FILE)).isSymbolicLink()).toBe(true);
    expect(readdirSync(join(home, ".claude"))).toEqual(["settings.json"]);
  });

  test("a file that a key is put into is shut to others; without a key its mode stays, whatever the umask", async () => {
    const modeOf = (path: string) => statSync(join(home, path)).mode & 0o777;
    const mask = process.umask(0o027);
    try {
      chmodSync(put(FILE, "{}"), 0o664);
      await write(["claude-code", "--model", LITE]);
      expect(modeOf(FILE)).toBe(0o664);
      await write(["claude-code", "--model", LITE, "--key", "k"]);
      expect(modeOf(FILE)).toBe(0o660);
      const OPENCODE = ".config/opencode/opencode.json";
      chmodSync(put(OPENCODE, "{}"), 0o644);
      await write(["opencode", "--model", LITE]);
      expect(modeOf(OPENCODE)).toBe(0o644);
      await write(["opencode", "--model", LITE, "--key", "k"]);
      expect(modeOf(OPENCODE)).toBe(0o640);
    } finally {
      process.umask(mask);
    }
  });

  test.runIf(process.getuid?.() === 0)(
    "another owner's file stays theirs, when root changes it",
    async () => {
      chownSync(put(FILE, "{}"), 1_234, 2_345);
      expect((await write(["claude-code", "--model", LITE, "--key", "k"])).exitCode).toBe(0);
      const { uid, gid } = statSync(join(home, FILE));
      expect([uid, gid]).toEqual([1_234, 2_345]);
    },
  );

  test("a byte order mark stays, and the file is read without it", async () => {
    put(FILE, '\uFEFF{"env":{"A":"1"}}');
    expect((await write(["claude-code", "--model", LITE])).exitCode).toBe(0);
    expect(read(FILE).startsWith("\uFEFF{\n")).toBe(true);
    expect(JSON.parse(read(FILE).slice(1)).env).toMatchObject({ A: "1", ANTHROPIC_MODEL: LITE });
    expect((await write(["claude-code", "--model", LITE])).out).toContain("Nothing to change");
  });

  test("the folder that CLAUDE_CONFIG_DIR names", async () => {
    await write(["claude-code", "--model", LITE], { CLAUDE_CONFIG_DIR: join(home, "other") });
    expect(existsSync(join(home, "other/settings.json"))).toBe(true);
    expect(existsSync(join(home, ".claude"))).toBe(false);
  });

  test("what the file system refuses is told", async () => {
    mkdirSync(join(home, FILE), { recursive: true });
    expect((await write(["claude-code", "--model", LITE])).told).toContain("it is no file");
    put(".codex", "");
    const { exitCode, told } = await write(["codex", "--model", LITE]);
    expect([exitCode, told]).toEqual([1, expect.stringMatching(/was left as it is: (?:ENOTDIR|EEXIST)\./)]);
  });

  test("a file larger than a mebibyte is not touched", async () => {
    const most = `{"a":"${"x".repeat(1_048_576 - 8)}"}`;
    put(FILE, most);
    expect((await write(["claude-code", "--model", LITE])).exitCode).toBe(0);
    put(FILE, `${most} `);
    expect((await write(["claude-code", "--model", LITE])).told).toContain("larger than 1 MiB");
  });

  test("without a home folder nothing is written", async () => {
    const { exitCode, told } = await write(["claude-code", "--model", LITE], { HOME: "" });
    expect([exitCode, told]).toEqual([1, "There is no home folder: HOME is not set.\n"]);
  });
});

describe("Codex", () => {
  const FILE = ".codex/config.toml";
  const BEFORE = [
    "# mine",
    'model = "gpt-5" # the old one',
    'approval_policy = "on-request"',
    "",
    "# what may be run",
    "[sandbox_workspace_write]",
    "network_access = true",
    "",
    "[analytics]",
    "enabled = true",
    "",
  ].join("\n");

  test("changes lines, adds a table, keeps every comment, and puts the key into .env", async () => {
    put(FILE, BEFORE);
    put(".codex/.env", "# keys\nOTHER=1\n");
    expect((await write(["codex", "--model", LITE, "--key", "sk-vp-mine"])).exitCode).toBe(0);
    const text = read(FILE);
    for (const line of BEFORE.split("\n").filter((line) => !line.startsWith("model =")))
      expect(text).toContain(line);
    expect(text).toContain(`model = "${LITE}" # the old one\n`);
    expect(parseToml(text)).toMatchObject({
      model_provider: "volcano-proxy",
      analytics: { enabled: true },
      feedback: { enabled: false },
      sandbox_workspace_write: { network_access: true },
    });
    expect(parseEnv(read(".codex/.env"))).toEqual({ OTHER: "1", VOLCANO_PROXY_API_KEY: "sk-vp-mine" });
    expect(read(".codex/.env")).toContain("# keys\n");
  });

  test("another model and another gateway change our own table in its place", async () => {
    await write(["codex", "--model", LITE]);
    const table = read(FILE).indexOf("[model_providers.volcano-proxy]");
    await write(["codex", "--model", "deepseek-v4-pro-ga-260813", "--url", "https://ark.example.com"]);
    expect(read(FILE).indexOf("[model_providers.volcano-proxy]")).toBeGreaterThan(0);
    expect(read(FILE).split("[model_providers.").length).toBe(2);
    expect(parseToml(read(FILE))).toMatchObject({
      model: "deepseek-v4-pro-ga-260813",
      model_context_window: 1_048_576,
      model_providers: { "volcano-proxy": { base_url: "https://ark.example.com/v1" } },
    });
    expect(table).toBeGreaterThan(0);
  });

  test.each([
    ["is an inline table", "model_providers = { mine = { name = 'x' } }\n"],
    ["goes on over several lines", 'model = """\ngpt"""\n'],
    ["looks like a table inside a text", 'note = """\n[model_providers.volcano-proxy]\nname = "x"\n"""\n'],
    ["is no TOML", "model = \n"],
  ])("what %s is left as it is", async (_what, text) => {
    put(FILE, text);
    const { exitCode, told } = await write(["codex", "--model", LITE]);
    expect([exitCode, read(FILE)]).toEqual([1, text]);
    expect(told).toContain("[model_providers.volcano-proxy]");
  });
});

describe("what no editor here wrote", () => {
  test.each([
    ["GBK", [0xd6, 0xd0, 0xce, 0xc4]],
    ["half a character", [0xe4, 0xb8]],
  ])("a file that is not UTF-8 is left as it is: %s", async (_what, bytes) => {
    const FILE = ".codex/config.toml";
    const before = Buffer.concat([Buffer.from("# "), Buffer.from(bytes), Buffer.from('\nmodel = "gpt-5"\n')]);
    writeFileSync(put(FILE, ""), before);
    const { exitCode, told } = await write(["codex", "--model", LITE]);
    expect([exitCode, told]).toEqual([1, expect.stringContaining("it is not UTF-8")]);
    expect(readFileSync(join(home, FILE))).toEqual(before);
    expect(backupsOf(FILE)).toEqual([]);
  });

  test("nor is one in UTF-16, to which a line of a .env would be added", async () => {
    const before = Buffer.from("\uFEFFA=1\r\n", "utf16le");
    writeFileSync(put(".codex/.env", ""), before);
    const { exitCode, told } = await write(["codex", "--model", LITE, "--key", "k"]);
    expect([exitCode, told]).toEqual([1, expect.stringContaining("it is not UTF-8")]);
    expect(readFileSync(join(home, ".codex/.env"))).toEqual(before);
  });

  test("what somebody else writes between our reading and our writing is not lost", () => {
    const file = put(".codex/.env", "A=1\n");
    const setting = {
      path: ["K"],
      // Asked for behind the reading.
      get value() {
        writeFileSync(file, "A=2\n");
        return "v";
      },
    };
    expect(writeSettings(file, "dotenv", [setting], 0)).toEqual({
      kind: "refused",
      reason: connectPhrases.changedMeanwhile,
    });
    expect(readFileSync(file, "utf8")).toBe("A=2\n");
    expect(readdirSync(dirname(file))).toEqual([".env"]);
    expect(writeSettings(file, "dotenv", [{ path: ["K"], value: "v" }], 0).kind).toBe("written");
  });
});

describe("opencode and Qwen Code", () => {
  test("the file that wins is the one that is changed", async () => {
    put(".config/opencode/opencode.jsonc", "{}");
    await write(["opencode", "--model", LITE, "--key", "k"]);
    expect(existsSync(join(home, ".config/opencode/opencode.json"))).toBe(false);
    expect(JSON.parse(read(".config/opencode/opencode.jsonc")).model).toBe(`volcano-proxy/${LITE}`);
  });

  test("opencode's other providers and models stay", async () => {
    put(
      ".config/opencode/opencode.json",
      '{"provider":{"a":{"npm":"x"},"volcano-proxy":{"models":{"old":{}}}}}',
    );
    await write(["opencode", "--model", LITE], { XDG_CONFIG_HOME: "" });
    const { provider } = JSON.parse(read(".config/opencode/opencode.json"));
    expect(Object.keys(provider)).toEqual(["a", "volcano-proxy"]);
    expect(Object.keys(provider["volcano-proxy"].models)).toEqual(["old", LITE]);
  });

  test("Qwen Code's other models stay, and ours stands once", async () => {
    const FILE = ".qwen/settings.json";
    put(FILE, '{"modelProviders":{"openai":[{"id":"qwen3","envKey":"A"}]}}');
    await write(["qwen-code", "--model", LITE, "--url", "http://a:1", "--key", "k"]);
    await write(["qwen-code", "--model", LITE, "--url", "http://b:2", "--key", "k"]);
    const { modelProviders, model } = JSON.parse(read(FILE));
    expect(modelProviders.openai.map(({ id, baseUrl }: Record<string, string>) => [id, baseUrl])).toEqual([
      ["qwen3", undefined],
      [LITE, "http://b:2/v1"],
    ]);
    expect(model.name).toBe(LITE);
    expect(parseEnv(read(".qwen/.env"))).toEqual({ VOLCANO_PROXY_API_KEY: "k" });
  });
});

describe("Cline, and clients without a file", () => {
  function program(script: string): Record<string, string> {
    const file = put("bin/cline", `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
    return { PATH: `${join(home, "bin")}:${process.env["PATH"]}` };
  }

  test("its own command is run, and told where it fails", async () => {
    const environment = program('printf "%s\\n" "$@" > "$HOME/words"');
    expect(await write(["cline", "--model", LITE, "--key", "k"], environment)).toEqual({
      exitCode: 0,
      out: "Done by cline.\n",
      told: "",
    });
    expect(read("words").split("\n")).toEqual([
      "auth",
      "-p",
      "openai",
      "-k",
      "k",
      "-m",
      LITE,
      "-b",
      "http://127.0.0.1:5000/v1",
      "",
    ]);
    const failed = await write(["cline", "--model", LITE, "--key", "k"], program("exit 3"));
    expect([failed.exitCode, failed.told]).toEqual([1, expect.stringContaining("did not do it (exit 3)")]);
    const missing = await write(["cline", "--model", LITE, "--key", "k"], { PATH: join(home, "none") });
    expect([missing.exitCode, missing.told]).toEqual([1, expect.stringContaining("did not do it (ENOENT)")]);
    expect(missing.told).toContain("cline auth -p openai -k k");
  });

  test("Cline's command needs the key", async () => {
    expect(await write(["cline", "--model", LITE], program("exit 0"))).toMatchObject({
      exitCode: 1,
      told: "cline keeps the key with its settings: give it with --key.\n",
    });
  });

  test.each(["cherry-studio", "lobechat", "open-webui", "dify", "openai", "anthropic"])(
    "%s is done by hand",
    async (client) => {
      const { exitCode, told } = await write([client]);
      expect([exitCode, told]).toEqual([1, expect.stringContaining("do it by hand")]);
      expect(readdirSync(home)).toEqual([]);
    },
  );
});

test("--json says what became of each file", async () => {
  put(".qwen/settings.json", "// mine\n{}");
  const { exitCode, out } = await write(["qwen-code", "--model", LITE, "--key", "k", "--json"]);
  expect(exitCode).toBe(1);
  expect(JSON.parse(out)).toEqual({
    client: "qwen-code",
    has_key: true,
    files: [
      {
        path: join(home, ".qwen/settings.json"),
        outcome: "refused",
        backup: null,
        reason: "it is no plain JSON object (comments would be lost)",
      },
      { path: join(home, ".qwen/.env"), outcome: "written", backup: null, reason: null },
    ],
  });
});

describe("where the gateway is", () => {
  test("the one that runs says it, whatever the configuration says now", async () => {
    const shell = await newShellBesideControl();
    const { exitCode, out } = await shell.run(["connect", "openai"], { PORT: "6001" });
    expect(exitCode).toBe(0);
    // The configuration of the control server that stands for a gateway has the default port.
    expect(out).toContain("http://127.0.0.1:5000/v1");
  });

  test("a gateway that was killed is not in the way", async () => {
    const around = surroundings({ HOME: home, PORT: "6001" });
    mkdirSync(join(around.workingFolder, "data"));
    writeControlFile(join(around.workingFolder, "data"), {
      url: "http://127.0.0.1:1",
      token: newLocalToken(),
    });
    expect(await run(["connect", "openai"], around)).toBe(0);
    expect(around.standardOutput.text).toContain("http://127.0.0.1:6001/v1");
  });
});
