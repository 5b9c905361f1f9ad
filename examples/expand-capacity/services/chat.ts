/** Chat: shows a question to a person, and calls back over HTTP when the person has answered. */
import { type StandIn, type StandInOptions, standIn } from "../../stand-in.ts";

export interface Chat extends StandIn {
  /** Questions nobody has answered yet, oldest first. */
  readonly open: readonly Question[];
  /** What the person does: the answer is POSTed to the callback as `{ key, answer }`. */
  answer(question: Question, answer: boolean): Promise<void>;
}

export interface Question {
  readonly question: string;
  readonly key: string;
}

export async function chat(
  options: Omit<StandInOptions, "operations"> & { callback: string; onAsk?: (question: Question) => void },
): Promise<Chat> {
  const open: Question[] = [];
  const service = await standIn({
    ...options,
    operations: {
      ask: (question: Question) => {
        open.push(question);
        options.onAsk?.(question);
      },
    },
  });
  return {
    ...service,
    open,
    async answer(question, answer) {
      open.splice(open.indexOf(question), 1);
      const response = await fetch(options.callback, {
        method: "POST",
        body: JSON.stringify({ key: question.key, answer }),
      });
      if (!response.ok) throw new Error(`the callback was refused: ${await response.text()}`);
    },
  };
}
