/** The gateway under measurement: this tree's, or another revision's, with every default feature on. */
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { freePort, type Launch, temporaryFolder } from "./target.ts";

export const ROOT = resolve(import.meta.dirname, "..");

/** Where a tree's program is. */
function programOf(root: string): string {
  return join(root, "bin", "volcano-proxy.js");
}

/**
 * `serve` in front of the origin, in a folder of its own, with no configuration but where to listen and whom
 * to ask. Its access log goes to a file, as a service's does.
 */
export async function gatewayLaunch(name: string, root: string, originPort: number): Promise<Launch> {
  const folder = temporaryFolder();
  const port = await freePort();
  const controlPort = await freePort();
  const environment = {
    HOST: "127.0.0.1",
    PORT: String(port),
    CONTROL_HOST: "127.0.0.1",
    CONTROL_PORT: String(controlPort),
    ARK_BASE_URL: `http://127.0.0.1:${originPort}/api/v3`,
    VOLCANO_PROXY_DATA: join(folder, "data"),
    LANG: "C.UTF-8",
  };
  return { name, port, command: process.execPath, args: [programOf(root), "serve"], environment, folder };
}

/** Unpacks a revision into a temporary folder and installs its packages there. Throws on an unknown one. */
export function checkOut(revision: string): string {
  const folder = temporaryFolder();
  const archive = execFileSync("git", ["archive", "--format=tar", `${revision}^{commit}`], {
    cwd: ROOT,
    maxBuffer: 1024 ** 3,
  });
  writeFileSync(join(folder, "tree.tar"), archive);
  execFileSync("tar", ["-xf", "tree.tar"], { cwd: folder });
  if (!existsSync(programOf(folder))) throw new Error(`${revision} has no program to measure`);
  execFileSync("npm", ["ci", "--silent"], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  return folder;
}

/** The commit of this tree, with `+` where the program differs from it. */
export function commitOf(revision: string): string {
  const git = (...args: string[]): string =>
    execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).trim();
  const commit = git("rev-parse", "--short=12", `${revision}^{commit}`);
  if (revision !== "HEAD") return commit;
  return git("status", "--porcelain", "--", "src", "bin", "package-lock.json") === "" ? commit : `${commit}+`;
}
