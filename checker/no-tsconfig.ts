/** CF3203: there is nothing that says how types are to be read. */
import { ColdframeError } from "../runtime/errors.ts";

/** @param advice what to do about it */
export const noTsconfig = (path: string, advice: string): ColdframeError =>
  new ColdframeError(
    "CF3203",
    `there is no "${path}", and types are read as TypeScript is told to in it. ${advice}`,
  );
