/**
 * Keys by id. What is sealed names the id of its key, so that keys can be changed: old ones still open, the current one
 * seals. The bytes begin with the id's length in one byte, then the id in UTF-8.
 */
import { ColdframeError } from "../../runtime/errors.ts";
import { fromBase64 } from "../../runtime/snapshot/index.ts";
import { type Bytes, changed, concat, wrongOption } from "./seal.ts";

/** Bytes, their base64, or a key of WebCrypto. */
export type Key = Uint8Array | string | CryptoKey;

export interface KeyOptions {
  /** Keys by id, or a function that gets them, as from a key service; it is asked once for each id that it knows. */
  readonly keys: Readonly<Record<string, Key>> | ((id: string) => Key | undefined | Promise<Key | undefined>);
  /** Id of the key that seals. The others only open. */
  readonly current: string;
}

/** What one kind of seal does with a key. */
export interface KeyUse {
  /** Of the function in messages: `aesGcm()`. */
  readonly owner: string;
  readonly algorithm: AesKeyAlgorithm | HmacImportParams | { readonly name: string };
  readonly usages: readonly KeyUsage[];
  /** Whether a key may have so many bytes. */
  readonly fits: (length: number) => boolean;
  readonly expected: string;
}

const LONGEST_ID = 255;

export class KeyRing {
  readonly #options: KeyOptions;
  readonly #use: KeyUse;
  readonly #imported = new Map<string, CryptoKey>();
  /** What stands before the bytes that the current key seals. */
  readonly prefix: Bytes;

  /** @throws ColdframeError CF2301 */
  constructor(options: KeyOptions, use: KeyUse) {
    const { keys, current } = options;
    this.#options = options;
    this.#use = use;
    if (typeof current !== "string" || current === "")
      throw wrongOption(use.owner, "current", "the id of a key");
    const id = new TextEncoder().encode(current);
    if (id.length > LONGEST_ID)
      throw wrongOption(use.owner, "current", `an id of at most ${LONGEST_ID} bytes`);
    if (typeof keys !== "function") {
      if (typeof keys !== "object" || keys === null)
        throw wrongOption(use.owner, "keys", "keys by id, or a function that gets one");
      if (!Object.hasOwn(keys, current))
        throw wrongOption(
          use.owner,
          "current",
          `one of the keys: ${Object.keys(keys).join(", ") || "there are none"}`,
        );
      for (const [name, key] of Object.entries(keys)) if (!isCryptoKey(key)) this.#bytes(name, key);
    }
    this.prefix = concat(Uint8Array.of(id.length), id);
  }

  current(): Promise<CryptoKey> {
    return this.#key(this.#options.current);
  }

  /**
   * The key that sealed these bytes, and where what it sealed begins.
   * @throws ColdframeError CF2202, CF2203
   */
  async of(bytes: Bytes): Promise<{ readonly key: CryptoKey; readonly prefix: Bytes; readonly rest: Bytes }> {
    const end = 1 + (bytes[0] ?? 0);
    if (bytes.length < end) throw changed("it is too short");
    const id = new TextDecoder().decode(bytes.subarray(1, end));
    return { key: await this.#key(id), prefix: bytes.subarray(0, end), rest: bytes.subarray(end) };
  }

  async #key(id: string): Promise<CryptoKey> {
    const known = this.#imported.get(id);
    if (known !== undefined) return known;
    const key = await this.#get(id);
    if (key === undefined) {
      throw new ColdframeError(
        "CF2202",
        `${this.#use.owner} has no key "${id}". Add it to "keys": keys that no longer seal have to stay there to open`,
      );
    }
    const { algorithm, usages } = this.#use;
    const imported = isCryptoKey(key)
      ? key
      : await crypto.subtle.importKey("raw", this.#bytes(id, key), algorithm, false, [...usages]);
    this.#imported.set(id, imported);
    return imported;
  }

  async #get(id: string): Promise<Key | undefined> {
    const { keys } = this.#options;
    if (typeof keys !== "function") return Object.hasOwn(keys, id) ? keys[id] : undefined;
    try {
      return await keys(id);
    } catch (error) {
      throw new ColdframeError(
        "CF2202",
        `the key "${id}" cannot be had: ${(error as Error)?.message ?? error}`,
        {
          cause: error,
        },
      );
    }
  }

  #bytes(id: string, key: Exclude<Key, CryptoKey>): Bytes {
    const { owner, fits, expected } = this.#use;
    let bytes: Bytes | null = null;
    if (key instanceof Uint8Array) bytes = new Uint8Array(key);
    else if (typeof key === "string") bytes = parse(key);
    if (bytes === null || !fits(bytes.length)) throw wrongOption(owner, `keys.${id}`, expected);
    return bytes;
  }
}

function parse(text: string): Bytes | null {
  try {
    return fromBase64(text.trim());
  } catch {
    return null;
  }
}

function isCryptoKey(key: unknown): key is CryptoKey {
  return Object.prototype.toString.call(key) === "[object CryptoKey]";
}
