// What a person sees while the demo runs.
import { styleText } from "node:util";

const started = performance.now();

function elapsed(): string {
  return `${((performance.now() - started) / 1000).toFixed(1).padStart(5)} s`;
}

export const say = {
  title: (text: string) => console.log(`\n${styleText("bold", text)}`),
  step: (text: string) => console.log(`${styleText("dim", elapsed())}  ${text}`),
  device: (deviceId: string, text: string) =>
    console.log(`${styleText("dim", elapsed())}  ${styleText("cyan", deviceId)}  ${text}`),
  check: (ok: boolean, text: string) =>
    console.log(`  ${ok ? styleText("green", "✓") : styleText("red", "✗")} ${text}`),
  line: (text = "") => console.log(text),
};
