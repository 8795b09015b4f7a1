/** Writes what is generated: the JSON Schema of the configuration, its page in docs/, the clients' page. */
import { writeFileSync } from "node:fs";
import { configJsonSchemaText, SCHEMA_FILE } from "../src/config/json-schema.ts";
import { clientsPage } from "./clients-page.ts";
import { configurationPage } from "./configuration-page.ts";

const root = new URL("../", import.meta.url);
writeFileSync(new URL(SCHEMA_FILE, root), configJsonSchemaText());
writeFileSync(new URL("docs/configuration.md", root), configurationPage());
writeFileSync(new URL("docs/clients.md", root), clientsPage());
