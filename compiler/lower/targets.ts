/** What a jump may aim at or has to cross among the statements that are taken apart. */
import type { Variable } from "../ir.ts";

export type Target =
  | {
      readonly kind: "loop";
      readonly label: string;
      readonly names: readonly string[];
      /** `continue` leaves this labelled block instead: something has to happen before the next iteration. */
      readonly bodyLabel: string | null;
    }
  | { readonly kind: "switch"; readonly label: string; readonly names: readonly string[] }
  | { readonly kind: "label"; readonly label: string; readonly names: readonly string[] }
  | { readonly kind: "close"; readonly iteration: Variable }
  | {
      readonly kind: "finally";
      readonly label: string;
      readonly completion: Variable;
      readonly value: Variable;
      readonly exits: Map<string, Jump>;
    };

export type Jump =
  | { readonly kind: "return" }
  | { readonly kind: "break" | "continue"; readonly target: Extract<Target, { label: string }> };
