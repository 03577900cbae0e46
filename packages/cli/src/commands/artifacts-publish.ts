import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { ArtifactAccepted, StoredContent } from "@upgrade-ledger/api/schema";
import { BareVersion } from "@upgrade-ledger/contract";
import type { ApiClient } from "../client/api-client.ts";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { clientCommand, clientOf, examples } from "./client-command.ts";

/** `artifacts publish` */
export function artifactsPublish() {
  return clientCommand("publish")
    .description("Publish a signed agent binary: fleet-agent-v<version>, with its .minisig beside it")
    .argument("<file>", "the binary")
    .option("--platform <platform>", "any, linux-x64, linux-arm64…", "any")
    .option("--url <url>", "where devices fetch it from; default: upload it into the service's object store")
    .option("--version-name <version>", "its version, if the file's name does not say it")
    .option("--reason <text>", "why, for the ledger", "")
    .addHelpText(
      "after",
      examples(
        "artifacts publish fleet-agent-v0.1.2",
        "artifacts publish fleet-agent-v0.1.2 --url https://files.example.org/fleet-agent-v0.1.2",
      ),
    )
    .action(async (file, options) => {
      const { api, printer } = clientOf(options);
      const version = versionOf(file, options.versionName);
      const local = await measure(file);
      const signature = await readSignature(file);
      const url = options.url ?? (await upload(api, file, version, options.platform, local));
      const accepted = await api.ask(ArtifactAccepted, `/v1/artifacts/${encodeURIComponent(version)}`, {
        method: "PUT",
        body: { platform: options.platform, url, signature, reason: options.reason, ...local },
      });
      printer.one(
        accepted,
        () => `${version} for ${options.platform} is published: ${url} (ledger ${accepted.ledger_seq})\n`,
      );
    });
}

interface Measured {
  readonly sha256: string;
  readonly size_bytes: number;
}

function versionOf(file: string, named: string | undefined): string {
  const text = named ?? /^fleet-agent-v(.+)$/.exec(basename(file))?.[1];
  const version = BareVersion.safeParse(text);
  if (version.success) return version.data;
  throw new CliError(
    text === undefined ? `${basename(file)} does not say its version` : `${text} is not a SemVer 2.0 version`,
    { exitCode: EXIT.usage, hint: "name the file fleet-agent-v<version>, or give --version-name" },
  );
}

async function measure(file: string): Promise<Measured> {
  const hash = createHash("sha256");
  let size = 0;
  try {
    for await (const chunk of createReadStream(file)) {
      if (!(chunk instanceof Buffer)) continue;
      hash.update(chunk);
      size += chunk.length;
    }
  } catch (error) {
    throw new CliError(`${file} cannot be read (${error instanceof Error ? error.message : String(error)})`, {
      cause: error,
      exitCode: EXIT.notFound,
    });
  }
  if (size === 0) throw new CliError(`${file} is empty`);
  return { sha256: hash.digest("hex"), size_bytes: size };
}

async function readSignature(file: string): Promise<string> {
  try {
    return await readFile(`${file}.minisig`, "utf8");
  } catch (error) {
    throw new CliError(`${file}.minisig cannot be read: a device installs nothing unsigned`, {
      cause: error,
      exitCode: EXIT.notFound,
      hint: `sign it with: minisign -S -H -m ${file} -t "file:${basename(file)}"`,
    });
  }
}

async function upload(
  api: ApiClient,
  file: string,
  version: string,
  platform: string,
  local: Measured,
): Promise<string> {
  const { size } = await stat(file);
  const body: ReadableStream<Uint8Array> = Readable.toWeb(createReadStream(file));
  const path = `/v1/artifacts/${encodeURIComponent(version)}/content`;
  const stored = await api.upload(StoredContent, path, { platform, sha256: local.sha256 }, body, size);
  return stored.url;
}
