/** `coldframe retry`, `resolve`, `reject`: what a person decides about a step that is held. */
import type { Engine } from "../../runtime/index.ts";
import type { Page } from "../page.ts";
import { parsePayload } from "../parse-payload.ts";
import { waitOption } from "../wait-option.ts";
import { withEngine } from "../with-engine.ts";

interface Decision {
  readonly name: string;
  readonly summary: string;
  readonly value?: { readonly name: string; readonly description: string };
  readonly example: string;
  carryOut(engine: Engine, run: string, value: string, options: { readonly wait?: number }): Promise<void>;
  readonly said: string;
}

function pageOf({ name, summary, value, example, carryOut, said }: Decision): Page {
  return {
    name,
    summary,
    args: {
      run: { type: "positional", description: "id of the run, as coldframe runs shows it", required: true },
      ...(value === undefined
        ? {}
        : { [value.name]: { type: "positional", description: value.description, required: true } }),
      wait: { type: "string", valueHint: "id", description: "which step, when several of the run are held" },
    },
    examples: [example],
    notes: ['A step is held when it has failed for good and was made with onFailure: "hold".'],
    async run(invocation, terminal) {
      const { run, wait } = invocation.values as Record<string, string>;
      const given = value === undefined ? "" : (invocation.values[value.name] as string);
      await withEngine(invocation, terminal, async (engine) => {
        await carryOut(engine, run!, given, waitOption(wait));
        terminal.print(invocation.json ? JSON.stringify({ id: run, decided: name }) : `${run} ${said}`);
      });
    },
  };
}

export const retry: Page = pageOf({
  name: "retry",
  summary: "try a held step again",
  example: "coldframe retry order-7",
  carryOut: (engine, run, _, options) => engine.retry(run, options),
  said: "tries the step again",
});

export const resolve: Page = pageOf({
  name: "resolve",
  summary: "give a held step its result",
  value: { name: "value", description: "what the await evaluates to, as JSON" },
  example: `coldframe resolve order-7 '{"receipt": 12}'`,
  carryOut: (engine, run, value, options) => engine.resolve(run, parsePayload(value), options),
  said: "goes on with this result",
});

export const reject: Page = pageOf({
  name: "reject",
  summary: "throw an error at the await of a held step",
  value: { name: "message", description: "of the error" },
  example: 'coldframe reject order-7 "the card is stolen"',
  carryOut(engine, run, message, options) {
    const error = new Error(message);
    // Where in this program it was made is of no interest in the run.
    error.stack = String(error);
    return engine.reject(run, error, options);
  },
  said: "goes on with this error",
});
