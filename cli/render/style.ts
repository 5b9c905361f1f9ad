/** Colours and bold type, for terminals only: https://no-color.org is respected, pipes and files get plain text. */

export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly mark: (text: string) => string;
}

const none = (text: string) => text;

export const plain: Style = { bold: none, dim: none, good: none, bad: none, mark: none };

const sequence = (open: number, close: number) => (text: string) =>
  text === "" ? "" : `\u001b[${open}m${text}\u001b[${close}m`;

const coloured: Style = {
  bold: sequence(1, 22),
  dim: sequence(2, 22),
  good: sequence(32, 39),
  bad: sequence(31, 39),
  mark: sequence(33, 39),
};

/**
 * @param stream where the text goes
 * @param env `NO_COLOR` (not empty) and `TERM=dumb` turn colours off
 */
export function styleFor(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): Style {
  const refused = (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb";
  return stream.isTTY === true && !refused ? coloured : plain;
}
