/** Programs that come from Debian's packages: found where they are, installed where they are not. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

/**
 * The first of the places that is there. Installs the package where none is and this is root; else throws,
 * saying how.
 */
export function programPath(packageName: string, places: readonly string[]): string {
  const find = (): string | undefined => places.find((path) => existsSync(path));
  const found = find();
  if (found !== undefined) return found;
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    process.stderr.write(`installing ${packageName} with apt-get\n`);
    // RUNLEVEL=1 keeps a package from starting a server of its own.
    const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
    const aptGet = (...args: string[]): void => {
      execFileSync("apt-get", ["-q", ...args], { env: environment, stdio: ["ignore", "ignore", "inherit"] });
    };
    aptGet("update");
    aptGet("install", "-y", "--no-install-recommends", packageName);
  }
  const installed = find();
  if (installed !== undefined) return installed;
  throw new Error(
    `${packageName} is needed: run \`sudo apt-get install ${packageName}\`, then run this again`,
  );
}
