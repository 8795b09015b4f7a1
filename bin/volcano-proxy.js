#!/usr/bin/env node
// The door to the program. It is written so that a very old Node can still read it, and say what is wrong.

const NEEDED = [22, 19];

const version = process.versions.node.split(".").map(Number);
const isTooOld = version[0] < NEEDED[0] || (version[0] === NEEDED[0] && version[1] < NEEDED[1]);

function refuse() {
  const isChinese = /^zh/i.test(process.env.LC_ALL || process.env.LANG || "");
  console.error(
    isChinese
      ? `volcano-proxy 需要 Node ${NEEDED.join(".")} 或更新版本，当前为 ${process.version}；在克隆的仓库中请用 npm start。`
      : `volcano-proxy needs Node ${NEEDED.join(".")} or newer, and this is ${process.version}; in a clone, use npm start.`,
  );
  process.exitCode = 1;
}

async function start() {
  const nodeModule = await import("node:module");
  // Compiled code is kept between starts, which makes them quicker.
  nodeModule.enableCompileCache();
  const { existsSync } = await import("node:fs");
  const built = new URL("../dist/main.js", import.meta.url);
  const source = new URL("../src/main.ts", import.meta.url);
  // A clone runs its sources, whatever an earlier build has left; the published package has none.
  const { main } = await import((existsSync(source) ? source : built).href);
  await main();
}

if (isTooOld) {
  refuse();
} else {
  start().catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
}
