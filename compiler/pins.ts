/**
 * Pins: names that an author gives to suspend points, so that parked runs find them again whatever becomes of the statement.
 *
 * | source | pinned |
 * |---|---|
 * | a comment `@point approval` before a statement with one `await` | that await |
 * | the same directly before one of several awaits | that one |
 *
 * A pinned point is called so, and its fingerprint is `@approval`: nothing of its statement is in it.
 */
import type * as t from "@babel/types";
import type { Diagnostics } from "./diagnostics.ts";
import type { SuspendPoint } from "./ir.ts";

const PIN = /^[\s*]*@point(?![\w-])[ \t]*(.*?)[\s*]*$/s;
const NAME = /^[\w$.:-]+$/;

export class Pins {
  readonly #diagnostics: Diagnostics;
  /** Comments that have pinned nothing yet. */
  readonly #unused: Set<t.Comment>;

  constructor(comments: readonly t.Comment[], diagnostics: Diagnostics) {
    this.#diagnostics = diagnostics;
    this.#unused = new Set(comments.filter(({ value }) => PIN.test(value)));
  }

  /** The pinned points of one function, and their names. */
  of(points: readonly SuspendPoint[]): ReadonlyMap<SuspendPoint, string> {
    const names = new Map<SuspendPoint, string>();
    if (this.#unused.size === 0) return names;
    const taken = new Set<string>();
    for (const point of points) {
      const own = this.#before(point.node);
      const comment = own ?? this.#before(point.statement);
      if (comment === undefined) continue;
      // Several awaits of one statement share what stands before it: that is told once.
      if (!this.#unused.delete(comment)) continue;
      const [, name = ""] = PIN.exec(comment.value)!;
      const sharing = points.filter(({ statement }) => statement === point.statement);
      if (!NAME.test(name))
        this.#refuse(comment, `"${name}" is no name; use letters, digits, "_", "-", ".", ":".`);
      else if (own === undefined && sharing.length > 1)
        this.#refuse(
          comment,
          `the statement behind it has several awaits; put it directly before one of them.`,
        );
      else if (taken.has(name)) this.#refuse(comment, `another await of this function is called "${name}".`);
      else names.set(point, name);
      taken.add(name);
    }
    return names;
  }

  /** Tells of comments that are before no await. */
  finish(): void {
    for (const comment of this.#unused)
      this.#refuse(comment, "there is no await behind it in a marked function; put it before the statement.");
  }

  #before(node: t.Node): t.Comment | undefined {
    return node.leadingComments?.findLast(({ value }) => PIN.test(value));
  }

  #refuse(comment: t.Comment, advice: string): void {
    this.#diagnostics.error("CF1013", comment.loc as t.SourceLocation | undefined, advice);
  }
}
