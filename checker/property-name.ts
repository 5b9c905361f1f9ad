/** A name as TypeScript writes it before a colon. */
export const propertyName = (name: string): string =>
  /^[\p{L}$_][\p{L}\p{N}$_]*$/u.test(name) ? name : JSON.stringify(name);

/** Of a private field `#total`, which TypeScript calls `__#1@#total`. */
export const fieldName = ({ name }: { readonly name: string }): string => name.replace(/^__#\d+@/, "");
