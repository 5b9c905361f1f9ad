/** Finds databases of ours by the header of their files, without opening them. */
import { closeSync, existsSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { APPLICATION_ID } from "./statements.ts";

/** Where the header has the number that says whose file it is: see "The Database Header" in SQLite's file format. */
const OWNER_AT = 68;
const MAGIC = "SQLite format 3\0";

/**
 * @param folder path of a folder
 * @returns names of the files in it that are databases of coldframe, in order; none when it cannot be read
 */
export function databasesIn(folder: string): readonly string[] {
  try {
    const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
    return files
      .map(({ name }) => name)
      .filter((name) => isOurs(join(folder, name)))
      .sort();
  } catch {
    return [];
  }
}

function isOurs(file: string): boolean {
  const header = Buffer.alloc(OWNER_AT + 4);
  try {
    const open = openSync(file, "r");
    try {
      if (readSync(open, header) < header.length) return false;
    } finally {
      closeSync(open);
    }
  } catch {
    return false;
  }
  if (!header.toString("latin1").startsWith(MAGIC)) return false;
  const owner = header.readUInt32BE(OWNER_AT);
  // A process that was killed may have left the page that says so in the write-ahead log.
  return owner === APPLICATION_ID || (owner === 0 && existsSync(`${file}-wal`));
}
