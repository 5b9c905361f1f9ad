/** Mappings of a source map, version 3 (ECMA-426), written in the order of the output: base-64 digits of differences. */

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

export class Mappings {
  text = "";
  readonly names: string[] = [];
  readonly #indexes = new Map<string, number>();
  #line = 1;
  #column = 0;
  #sourceLine = 1;
  #sourceColumn = 0;
  #name = 0;
  #first = true;

  /**
   * What stands at `line` and `column` of the output comes from `sourceLine` and `sourceColumn`. Lines count from 1, columns from 0.
   * @param name the author's name of what is called otherwise in the output
   */
  add(line: number, column: number, sourceLine: number, sourceColumn: number, name: string | null): void {
    if (line !== this.#line) {
      this.text += ";".repeat(line - this.#line);
      this.#line = line;
      this.#column = 0;
      this.#first = true;
    } else if (!this.#first) {
      // The outermost of several nodes that begin here has been told.
      if (column === this.#column && name === null) return;
    }
    let segment = this.#first ? "" : ",";
    segment += digits(column - this.#column);
    segment += "A";
    segment += digits(sourceLine - this.#sourceLine);
    segment += digits(sourceColumn - this.#sourceColumn);
    if (name !== null) segment += digits(this.#indexOf(name));
    this.text += segment;
    this.#first = false;
    this.#column = column;
    this.#sourceLine = sourceLine;
    this.#sourceColumn = sourceColumn;
  }

  /** The difference to the last name that was mentioned. */
  #indexOf(name: string): number {
    let index = this.#indexes.get(name);
    if (index === undefined) {
      index = this.names.length;
      this.#indexes.set(name, index);
      this.names.push(name);
    }
    const difference = index - this.#name;
    this.#name = index;
    return difference;
  }
}

/** Variable-length quantity: five bits a digit, the sixth says that more follow; the sign is the lowest bit. */
function digits(value: number): string {
  let rest = value < 0 ? (-value << 1) | 1 : value << 1;
  if (rest < 32) return DIGITS[rest]!;
  let text = "";
  do {
    const digit = rest & 31;
    rest >>>= 5;
    text += DIGITS[rest > 0 ? digit | 32 : digit]!;
  } while (rest > 0);
  return text;
}
