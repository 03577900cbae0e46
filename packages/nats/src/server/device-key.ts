import { createUser } from "@nats-io/nkeys";

/** A device's identity: the user NKey with which it connects and signs. */
export interface DeviceKey {
  /** `U…`; goes into the server's configuration. */
  readonly publicKey: string;
  /** `SU…`; stays on the device. */
  readonly seed: string;
}

/** Makes a new NKey for a device. */
export function newDeviceKey(): DeviceKey {
  const pair = createUser();
  return { publicKey: pair.getPublicKey(), seed: new TextDecoder().decode(pair.getSeed()) };
}
