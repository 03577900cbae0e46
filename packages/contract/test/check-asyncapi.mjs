// Prints what the AsyncAPI parser says of the document on standard input: {addresses, diagnostics}. A process of its own,
// because the parser's dependencies do not load under the test runner's resolve conditions.
import { text } from "node:stream/consumers";
import { Parser } from "@asyncapi/parser";

const { document, diagnostics } = await new Parser().parse(await text(process.stdin));
const channels = document === undefined ? [] : document.channels().all();
console.log(
  JSON.stringify({
    addresses: channels.map((channel) => channel.address()),
    diagnostics: diagnostics.map(({ message, path }) => `${path.join(".")}: ${message}`),
  }),
);
