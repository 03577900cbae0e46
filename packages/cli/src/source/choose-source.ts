import { Option } from "@commander-js/extra-typings";
import { ApiClient } from "../client/api-client.ts";
import { fileSource } from "./file-source.ts";
import type { HistorySource } from "./history-source.ts";
import { serviceSource } from "./service-source.ts";

/** `--file`: look into an export instead of asking a service. */
export const exportFile = () =>
  new Option("--file <export>", "look into this export instead of asking a service");

/** Where a command looks. */
export function sourceOf(options: {
  readonly file?: string | undefined;
  readonly server: string;
}): HistorySource {
  return options.file === undefined ? serviceSource(new ApiClient(options.server)) : fileSource(options.file);
}
