// `npm run generate`: writes packages/contract/generated/ from the zod schemas, and nothing else into it.
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { generatedFiles } from "./files.ts";

const folder = fileURLToPath(new URL("../../generated/", import.meta.url));
const files = generatedFiles();

await rm(folder, { recursive: true, force: true });
for (const [path, content] of files) {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}
console.log(`${files.size} files written to packages/contract/generated`);
