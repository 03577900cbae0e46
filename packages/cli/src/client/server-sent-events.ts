/** One event of a stream; a comment or a `retry` alone is none. */
export interface ServerSentEvent {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/** Reads `text/event-stream` as our service writes it: lines that end with a line feed, one `data` for each event. */
export async function* serverSentEvents(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<ServerSentEvent, void, void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    const blocks = rest.split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const event = eventOf(block);
      if (event.data !== "") yield event;
    }
  }
}

function eventOf(block: string): ServerSentEvent {
  const fields = { id: "", event: "message", data: "" };
  for (const line of block.split("\n")) {
    const at = line.indexOf(": ");
    const value = line.slice(at + 2);
    switch (line.slice(0, at)) {
      case "id":
        fields.id = value;
        break;
      case "event":
        fields.event = value;
        break;
      case "data":
        fields.data = value;
    }
  }
  return fields;
}
