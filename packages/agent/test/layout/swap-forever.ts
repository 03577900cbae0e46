// Swaps between two versions until it is killed: what layout/crash.test.ts kills.
import { createLayout } from "../../src/layout/layout.ts";

const layout = createLayout({ prefix: process.argv[2] ?? "" });
process.stdout.write("swapping\n");
for (;;) {
  await layout.swap("0.1.2");
  await layout.swap("0.1.1");
}
