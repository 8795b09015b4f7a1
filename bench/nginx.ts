/** The yardstick: Debian's nginx as a plain reverse proxy, one worker, HTTP/1.1 kept alive, no buffering. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { programPath } from "./debian-package.ts";
import { freePort, type Launch, temporaryFolder } from "./target.ts";

const PLACES = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/local/bin/nginx", "/usr/bin/nginx"];

/** Where nginx is. Installs Debian's package where it is absent and this is root; else throws, saying how. */
export function nginxPath(): string {
  return programPath("nginx", PLACES);
}

/** For example `nginx/1.22.1`. */
export function nginxVersion(path: string): string {
  return execFileSync("sh", ["-c", '"$0" -v 2>&1', path], { encoding: "utf8" }).replace(/^.*: /, "").trim();
}

function configuration(folder: string, port: number, originPort: number): string {
  return `
daemon off;
worker_processes 1;
worker_rlimit_nofile 8192;
${process.getuid?.() === 0 ? "user root;" : ""}
pid ${folder}/nginx.pid;
error_log ${folder}/error.log error;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  keepalive_requests 1000000000;
  keepalive_timeout 60s;
  upstream origin {
    server 127.0.0.1:${originPort};
    keepalive 1024;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }
  }
}
`;
}

/** nginx in front of the origin, with all its files in a temporary folder. */
export async function nginxLaunch(path: string, originPort: number): Promise<Launch> {
  const folder = temporaryFolder();
  const port = await freePort();
  const configurationPath = join(folder, "nginx.conf");
  writeFileSync(configurationPath, configuration(folder, port, originPort));
  const args = ["-p", folder, "-c", configurationPath, "-e", join(folder, "error.log")];
  return { name: "nginx", port, command: path, args, environment: {}, folder };
}
