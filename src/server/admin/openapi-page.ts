/** The OpenAPI document as one small page of HTML, without a script and without any other file. */
import { createHash } from "node:crypto";
import type { OpenApiDocument } from "./openapi-document.ts";

export type DocumentPage = { readonly html: string; readonly contentSecurityPolicy: string };

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
h2 { border-top: 1px solid #8886; font: 600 16px ui-monospace, monospace; padding-top: 1rem; }
table { border-collapse: collapse; width: 100%; }
td, th { border-bottom: 1px solid #8883; padding: .25rem .75rem .25rem 0; }
td, th { text-align: left; vertical-align: top; }
.roles { opacity: .7; }
@media (prefers-color-scheme: dark) { body { background: #111; color: #ddd; } }
`;

const methods = ["get", "post", "patch", "put", "delete"] as const;

type Json = { readonly [member: string]: unknown };

/** The text as HTML that shows it, whatever is in it. */
function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

function objectOf(value: unknown): Json {
  return typeof value === "object" && value !== null ? (value as Json) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** A schema in a few words: its type, what it may be, or the name it is kept under. */
function typeOf(schema: Json): string {
  const reference = textOf(schema["$ref"]);
  if (reference !== "") return reference.slice(reference.lastIndexOf("/") + 1);
  const allowed = listOf(schema["enum"]);
  if (allowed.length > 0) return allowed.map(String).join(" | ");
  const options = [...listOf(schema["anyOf"]), ...listOf(schema["oneOf"])].map((one) =>
    typeOf(objectOf(one)),
  );
  if (options.length > 0) return options.join(" or ");
  const types = [schema["type"]].flat().map(textOf);
  const items = (): string => `list of ${typeOf(objectOf(schema["items"]))}`;
  return types.map((type) => (type === "array" ? items() : type)).join(" or ");
}

type Row = {
  readonly name: string;
  readonly where: string;
  readonly required: boolean;
  readonly schema: Json;
  readonly description: string;
};

function parameterRows(operation: Json): Row[] {
  return listOf(operation["parameters"]).map((value) => {
    const parameter = objectOf(value);
    const schema = objectOf(parameter["schema"]);
    return {
      name: textOf(parameter["name"]),
      where: textOf(parameter["in"]),
      required: parameter["required"] === true,
      schema,
      description: textOf(parameter["description"]) || textOf(schema["description"]),
    };
  });
}

function bodyRows(operation: Json): Row[] {
  const content = objectOf(objectOf(operation["requestBody"])["content"]);
  return memberRows(objectOf(objectOf(content["application/json"])["schema"]), "");
}

/** The members of a body, and theirs, each by its path. */
function memberRows(schema: Json, path: string): Row[] {
  const required = listOf(schema["required"]);
  return Object.entries(objectOf(schema["properties"])).flatMap(([name, value]) => {
    const member = objectOf(value);
    const description = textOf(member["description"]);
    const isRequired = required.includes(name);
    const row = { name: path + name, where: "body", required: isRequired, schema: member, description };
    return [row, ...memberRows(member, `${path}${name}.`)];
  });
}

function tableOf(rows: readonly Row[]): string {
  if (rows.length === 0) return "";
  const lines = rows.map(({ name, where, required, schema, description }) => {
    const cells = [`${where}${required ? ", required" : ""}`, typeOf(schema), description].map(escaped);
    return `<tr><td><code>${escaped(name)}</code></td><td>${cells.join("</td><td>")}</td></tr>`;
  });
  return `<table><tr><th>name</th><th>in</th><th>type</th><th></th></tr>${lines.join("")}</table>`;
}

function sectionOf(method: string, path: string, operation: Json): string {
  const roles = listOf(operation["x-roles"]).map(String).join(", ");
  return (
    `<section><h2>${escaped(method.toUpperCase())} ${escaped(path)}</h2>` +
    `<p>${escaped(textOf(operation["summary"]))} <span class="roles">(${escaped(roles)})</span></p>` +
    `${tableOf([...parameterRows(operation), ...bodyRows(operation)])}</section>`
  );
}

/** The page, and the policy under which a browser shows it: its one style, by its hash, and nothing else. */
export function documentPage({ info, paths }: OpenApiDocument): DocumentPage {
  const sections = Object.entries(paths ?? {}).flatMap(([path, item]) => {
    const operations = objectOf(item);
    return methods.flatMap((method) =>
      operations[method] === undefined ? [] : [sectionOf(method, path, objectOf(operations[method]))],
    );
  });
  const title = escaped(info.title);
  const html =
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>` +
    `<meta name="viewport" content="width=device-width"><style>${STYLE}</style></head><body>` +
    `<h1>${title} ${escaped(info.version)}</h1><p>${escaped(info.description ?? "")}</p>` +
    `<p><a href="/openapi.json">openapi.json</a></p>${sections.join("")}</body></html>\n`;
  const hash = createHash("sha256").update(STYLE).digest("base64");
  const contentSecurityPolicy =
    `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; ` +
    "frame-ancestors 'none'";
  return { html, contentSecurityPolicy };
}
