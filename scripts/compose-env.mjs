// Writes .env with random passwords for docker-compose.yml, once: an existing file is left alone.
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";

import { projectPath } from "./setup/project.mjs";

const names = ["OPERATOR", "API", "PROVISIONING", "SYSTEM", "CLUSTER"];
// A letter first: the server would read a value of digits alone as a number.
const lines = names.map((name) => `UPGRADE_LEDGER_NATS_${name}_PASSWORD=p${randomBytes(24).toString("hex")}`);
try {
  writeFileSync(projectPath(".env"), `${lines.join("\n")}\n`, { mode: 0o600, flag: "wx" });
  console.log("Wrote .env with new passwords.");
} catch (error) {
  if (error.code !== "EEXIST") throw error;
  console.log(".env exists; it is left as it is.");
}
