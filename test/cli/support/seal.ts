/** How the databases of the tests of `--seal` are sealed. */
import type { Store } from "coldframe";
import { aesGcm, gzip, sealed } from "coldframe/seal";

const keys = { k1: new Uint8Array(32).fill(1) };

export const seal = (store: Store): Store => sealed(store, [gzip(), aesGcm({ keys, current: "k1" })]);
