import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { DeviceId } from "@upgrade-ledger/contract";

import { devicePermissions } from "../connection/device-permissions.ts";
import { parseJsonObject } from "../json.ts";
import { isErrorCode } from "./secrets.ts";

/** A device as the server's configuration knows it. */
export interface DeviceUser {
  readonly deviceId: string;
  /** The public user NKey, `U…`. */
  readonly publicKey: string;
}

const PUBLIC_USER_KEY = /^U[A-Z2-7]{55}$/;

/**
 * The devices of the DEVICES account, kept in a folder that the configuration includes:
 * `devices.json` is the list, `devices.conf` what the server reads. Both are replaced whole.
 */
export class DeviceUsers {
  readonly #folder: string;
  readonly #keys = new Map<string, string>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Opens the list in `folder`, and makes an empty one where there is none. */
  static async open(folder: string): Promise<DeviceUsers> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const users = new DeviceUsers(folder);
    const file = join(folder, "devices.json");
    try {
      for (const [deviceId, publicKey] of Object.entries(
        parseJsonObject(await readFile(file, "utf8"), file),
      )) {
        if (typeof publicKey !== "string") throw new Error(`${file}: the key of ${deviceId} is not text`);
        users.set({ deviceId, publicKey });
      }
    } catch (error) {
      if (!isErrorCode(error, "ENOENT")) throw error;
    }
    await users.save();
    return users;
  }

  /**
   * Adds a device or replaces its key; answers whether that changed anything. Call {@link save} afterwards.
   * @throws Error when id or key are malformed: both go into the server's configuration.
   */
  set(device: DeviceUser): boolean {
    if (!DeviceId.safeParse(device.deviceId).success) {
      throw new Error(
        `"${device.deviceId}" is not a device id: one RFC 1123 label (a-z, 0-9, "-", at most 63)`,
      );
    }
    if (!PUBLIC_USER_KEY.test(device.publicKey)) {
      throw new Error(`The key of ${device.deviceId} is not a public user NKey (U and 55 letters or digits)`);
    }
    if (this.#keys.get(device.deviceId) === device.publicKey) return false;
    this.#keys.set(device.deviceId, device.publicKey);
    return true;
  }

  /** Removes a device; answers whether it was there. Call {@link save} afterwards. */
  remove(deviceId: string): boolean {
    return this.#keys.delete(deviceId);
  }

  get size(): number {
    return this.#keys.size;
  }

  /** Writes both files. */
  async save(): Promise<void> {
    await replaceFile(
      join(this.#folder, "devices.json"),
      `${JSON.stringify(Object.fromEntries(this.#keys), null, 1)}\n`,
    );
    await replaceFile(join(this.#folder, "devices.conf"), this.#configuration());
  }

  #configuration(): string {
    const users = [...this.#keys].map(([deviceId, nkey]) => {
      const { publish, subscribe } = devicePermissions(deviceId);
      return `  ${JSON.stringify({ nkey, permissions: { publish, subscribe } })}`;
    });
    return `# Generated from devices.json. Do not edit.\nusers: [\n${users.join("\n")}\n]\n`;
  }
}

async function replaceFile(file: string, content: string): Promise<void> {
  const draft = `${file}.new`;
  await writeFile(draft, content, { mode: 0o600, flush: true });
  await rename(draft, file);
}
